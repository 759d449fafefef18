"""Every round trip: where it was, what it earned, how long it lasted; all of it of the trades that match a filter."""

import math

import dash_bootstrap_components as dbc
import pandas as pd
from dash import html
from dash.development.base_component import Component

from quant.frames import of_instrument
from webapp import formats
from webapp.dashboard import paths
from webapp.dashboard.components import trade_filters
from webapp.dashboard.components.cards import empty_state, icon, metric_card, panel
from webapp.dashboard.components.charts import chart
from webapp.dashboard.components.grid import GridColumn, Row, grid
from webapp.dashboard.components.results import Metrics
from webapp.dashboard.figures.palette import Theme
from webapp.dashboard.figures.trades import (
    MOST_MARKED,
    excursions,
    holding_periods,
    price_with_trades,
    return_distribution,
)
from webapp.services.analyses import AnalysisView
from webapp.services.results import ResultView
from webapp.services.trade_lists import TradeFilter, TradeList, choose, reasons

FRAMES = ("trades", "prices")

PRICE = "analysis-trades-price"
INSTRUMENT = "analysis-trades-instrument"
BODY = "analysis-trades-body"
LIST = "analysis-trades-list"
PAGE = "analysis-trades-page"
ROWS = "analysis-trades-rows"
FILE = "analysis-trades-file"

PAGE_SIZE = 1000
_BARS_AROUND = 5  # before the first and after the last trade of chosen dates

_COLUMNS = (
    GridColumn("number", "#", "count"),
    GridColumn("symbol", "Symbol"),
    GridColumn("direction", "Side", grows=1),
    GridColumn("earned", "Return, %", "percent", "Result over the money put in, after all costs", is_signed=True),
    GridColumn("entry", "Entry", "date", "Day of the first fill", grows=1),
    GridColumn("exit", "Exit", "date", "Day of the last fill", grows=1),
    GridColumn("left", "Left by", grows=1),
    GridColumn("bars", "Bars", "count", "Bars at whose close the position was held"),
    GridColumn("shares", "Shares", "count", "Most shares held"),
    GridColumn("entry_price", "Entry price", "price", "Mean price of the fills that opened the position"),
    GridColumn("exit_price", "Exit price", "price", "Mean price of the fills that closed it"),
    GridColumn("result", "Result", "money", "Gain or loss in money, after all costs", is_signed=True),
    GridColumn("costs", "Costs", "money", "Commission, slippage and borrowing fees, already in the result"),
    GridColumn("worst", "Worst, %", "percent", "Deepest the price went against the position"),
    GridColumn("best", "Best, %", "percent", "Furthest the price went for the position"),
)


def content(view: AnalysisView, result: ResultView, theme: Theme) -> Component:
    """Return the tab, with every trade."""
    trades = result.frames["trades"]
    symbols = view.summary.symbols
    if trades.empty:
        sentence = "Nothing was traded: no prediction reached the threshold at which a position is opened."
        return html.Section(empty_state("pause-circle", sentence), className="panel")
    found = TradeList(result, choose(trades, TradeFilter()), len(trades))
    return html.Div(
        [
            trade_filters.filter_bar(symbols),
            html.Div(body(symbols, found, TradeFilter(), theme), id=BODY, className="stack"),
            panel(
                "Trades",
                html.Div(listed(symbols, found), id=LIST),
                note=html.Div(
                    [
                        html.Span("Returns and results after all costs.", className="me-auto"),
                        trade_filters.order_select(),
                        html.A(
                            [icon("download"), " CSV"],
                            id=FILE,
                            href=paths.trades(view.id),
                            download="",
                            className="btn btn-secondary btn-sm",
                            title="Every trade that matches, however many",
                        ),
                    ],
                    className="d-flex flex-wrap gap-2 align-items-center no-print",
                ),
                flush=True,
            ),
        ],
        className="stack",
    )


def body(symbols: tuple[str, ...], found: TradeList, wanted: TradeFilter, theme: Theme) -> list[Component]:
    """Return figures and charts of the trades that match."""
    if found.trades.empty:
        sentence = f"None of the {formats.count(found.n_all)} trades matches. Take away a filter, or clear them all."
        return [html.Section(empty_state("funnel", sentence), className="panel")]
    chosen = wanted.instrument
    places = tuple(range(len(symbols))) if chosen is None else (chosen,)
    return [
        html.Div(_cards(Metrics(found.result), found, wanted), className="metric-row"),
        panel(
            "Trades on the price",
            html.Div(price_chart(found, places[0], wanted, theme), id=PRICE),
            note=html.Div(
                [
                    _choice(symbols, places),
                    html.Span("marked at the mean price of their fills; adjusted for splits and dividends"),
                ],
                className="d-flex flex-wrap gap-2 align-items-center",
            ),
        ),
        html.Div(_distributions(found.trades, theme), className="grid-3"),
    ]


def price_chart(found: TradeList, instrument: int, wanted: TradeFilter, theme: Theme) -> Component:
    """Return one instrument's price with the trades in it that match; of chosen dates, those bars alone."""
    trades = found.trades[found.trades["instrument"] == instrument]
    symbol = str(found.result.facts["data"]["instruments"][instrument]["symbol"])
    prices = _of_dates(of_instrument(found.result.frames["prices"], instrument), trades, wanted)
    figure = price_with_trades(prices, trades, theme=theme, symbol=symbol)
    drawn = chart("analysis-trades-chart", figure, label=f"Close of {symbol}, with entries and exits", ranges=True)
    if len(trades) <= MOST_MARKED:
        return drawn
    words = (
        f"{formats.count(len(trades))} trades: of those that would lie over each other one is marked. Choose dates to "
        "see each."
    )
    return html.Div([drawn, html.P(words, className="small muted mb-0")])


def listed(symbols: tuple[str, ...], found: TradeList) -> list[Component]:
    """Return the first page of the trades that match, and the choice of others if they do not fit one."""
    n_found, n_pages = len(found.trades), max(1, math.ceil(len(found.trades) / PAGE_SIZE))
    every = (
        f"{formats.count(n_found)} of {formats.count(found.n_all)} trades"
        if n_found < found.n_all
        else (f"All {formats.count(n_found)} trades" if n_found != 1 else "The only trade")
    )
    options = [
        {
            "label": f"{formats.count(page * PAGE_SIZE + 1)} to {formats.count(min(n_found, (page + 1) * PAGE_SIZE))}",
            "value": str(page),
        }
        for page in range(n_pages)
    ]
    pages = html.Div(
        [
            html.Label("Lines", htmlFor=PAGE, className="small muted"),
            dbc.Select(id=PAGE, options=options, value="0", size="sm"),
            html.Span("Headings do not sort a part: choose the order above.", className="small muted"),
        ],
        className="d-flex flex-wrap gap-2 align-items-center no-print",
        hidden=n_pages == 1,
    )
    return [
        html.Div([html.Span(every, className="small muted"), pages], className="list-pages", role="status"),
        html.Div(trade_page(symbols, found, 0), id=ROWS),
    ]


def trade_page(symbols: tuple[str, ...], found: TradeList, page: int) -> Component:
    """Return a page of the list; where it is the only one, its headings sort and filter in the browser."""
    columns = _COLUMNS if len(symbols) > 1 else [each for each in _COLUMNS if each.field != "symbol"]
    nothing = empty_state("funnel", "No trade matches.", small=True)
    shown = found.trades.iloc[page * PAGE_SIZE : (page + 1) * PAGE_SIZE]
    return grid(
        "analysis-trades-grid",
        columns,
        _rows(shown, symbols),
        label="Trades",
        empty=nothing,
        sorts=len(found.trades) <= PAGE_SIZE,
    )


def _of_dates(prices: pd.DataFrame, trades: pd.DataFrame, wanted: TradeFilter) -> pd.DataFrame:
    """Return the bars of chosen dates, to the end of the last trade; all of them where no dates are chosen."""
    if trades.empty or (wanted.first is None and wanted.last is None):
        return prices
    first = prices.index[0] if wanted.first is None else trades["entry_at"].min()
    is_held = bool(trades["is_open"].any()) or wanted.last is None
    last = prices.index[-1] if is_held else trades["exit_at"].max()
    start = max(0, int(prices.index.searchsorted(first)) - _BARS_AROUND)
    return prices.iloc[start : int(prices.index.searchsorted(last)) + _BARS_AROUND + 1]


def _rows(trades: pd.DataFrame, symbols: tuple[str, ...]) -> list[Row]:
    left = reasons(trades)
    return [
        {
            "id": each["number"],
            "number": each["number"],
            "symbol": symbols[int(each["instrument"])],
            "direction": str(each["direction"]),
            "entry": formats.date(each["entry_at"]),
            "exit": "open" if each["is_open"] else formats.date(each["exit_at"]),
            "left": "–" if reason == "open" else trade_filters.LEFT_BY[reason],
            "bars": int(each["bars_held"]),
            "shares": each["max_shares"],
            "entry_price": each["entry_price"],
            "exit_price": each["exit_price"],
            "earned": each["return_on_entry_value"],
            "result": each["pnl"],
            "costs": each["costs"],
            "worst": each["max_adverse_excursion"],
            "best": each["max_favourable_excursion"],
        }
        for each, reason in zip(trades.to_dict("records"), left, strict=True)
    ]


def _cards(metrics: Metrics, found: TradeList, wanted: TradeFilter) -> list[Component]:
    trades = found.trades
    returns = trades["return_on_entry_value"]
    won = float((trades["pnl"] > 0).mean())
    n_short = int((trades["direction"] == "short").sum())
    aside = [f"{formats.count(n_short)} short" if n_short else "all long"]
    if wanted.is_used:
        aside.insert(0, f"of {formats.count(found.n_all)}")
    return [
        metric_card("Trades", formats.count(len(trades)), aside=", ".join(aside)),
        metric_card("Won", formats.percent(won), aside=f"{int((trades['pnl'] > 0).sum())} of {len(trades)}"),
        metric_card(
            "Mean return",
            formats.percent(returns.mean(), 2, signed=True),
            aside=f"median {formats.percent(returns.median(), 2, signed=True)}",
            tone=formats.sign_class(returns.mean()),
        ),
        metric_card(
            "Mean holding", f"{trades['bars_held'].mean():.1f} bars", aside=f"longest {int(trades['bars_held'].max())}"
        ),
        metric_card("Costs", formats.money(trades["costs"].sum()), aside="commission, slippage, fees"),
        # The time in the market is that of all trades: what matched is told by its result instead.
        metric_card(
            "Result",
            formats.number(trades["pnl"].sum(), 0, signed=True),
            aside="of these, after all costs",
            tone=formats.sign_class(trades["pnl"].sum()),
        )
        if wanted.is_used
        else metrics.card("time_in_market"),
    ]


def _distributions(trades: pd.DataFrame, theme: Theme) -> list[Component]:
    returns = return_distribution(trades["return_on_entry_value"].to_numpy(), theme=theme)
    held = holding_periods(trades["bars_held"].to_numpy(), theme=theme)
    return [
        panel("Returns of trades", chart("analysis-trades-returns", returns, label="How many trades earned how much")),
        panel("Holding periods", chart("analysis-trades-held", held, label="How many trades lasted how long")),
        panel(
            "Excursions",
            chart("analysis-trades-excursions", excursions(trades, theme=theme), label="How far prices went in trades"),
            note="dots gained, crosses lost; a cross high up gave back what it had",
        ),
    ]


def _choice(symbols: tuple[str, ...], places: tuple[int, ...]) -> Component:
    options = [{"label": symbols[place], "value": str(place)} for place in places]
    return html.Div(
        [
            html.Label("Instrument", htmlFor=INSTRUMENT, className="visually-hidden"),
            dbc.Select(id=INSTRUMENT, options=options, value=str(places[0]), size="sm", style={"maxWidth": "140px"}),
        ],
        hidden=len(places) == 1,
    )

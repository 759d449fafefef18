"""Every round trip: where it was, what it earned, how long it lasted."""

import dash_bootstrap_components as dbc
import pandas as pd
from dash import html
from dash.development.base_component import Component

from quant.frames import of_instrument
from webapp import formats
from webapp.dashboard.components.cards import empty_state, metric_card, panel
from webapp.dashboard.components.charts import chart
from webapp.dashboard.components.grid import GridColumn, Row, grid
from webapp.dashboard.components.results import Metrics
from webapp.dashboard.figures.palette import Theme
from webapp.dashboard.figures.trades import excursions, holding_periods, price_with_trades, return_distribution
from webapp.services.analyses import AnalysisView
from webapp.services.results import ResultView

FRAMES = ("trades", "prices")

PRICE = "analysis-trades-price"
INSTRUMENT = "analysis-trades-instrument"

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

_LEFT_BY = {
    "signal": "Signal",
    "stop_loss": "Stop-loss",
    "take_profit": "Take-profit",
    "trailing_stop": "Trailing stop",
    "margin_call": "Margin call",
    "open": "–",
}


def content(view: AnalysisView, result: ResultView, theme: Theme) -> Component:
    """Return the tab."""
    trades = result.frames["trades"]
    symbols = view.summary.symbols
    if trades.empty:
        sentence = "Nothing was traded: no prediction reached the threshold at which a position is opened."
        return html.Section(empty_state("pause-circle", sentence), className="panel")
    price = html.Div(price_chart(result, 0, theme), id=PRICE)
    return html.Div(
        [
            html.Div(_cards(Metrics(result), trades), className="metric-row"),
            panel("Trades on the price", price, note=_choice(symbols)),
            html.Div(_distributions(trades, theme), className="grid-3"),
            panel(
                "All trades",
                trade_grid(trades, symbols),
                note="Returns and results after all costs. Click a heading to sort.",
                flush=True,
            ),
        ],
        className="stack",
    )


def price_chart(result: ResultView, instrument: int, theme: Theme) -> Component:
    """Return one instrument's price with its trades."""
    trades = result.frames["trades"]
    symbol = str(result.facts["data"]["instruments"][instrument]["symbol"])
    figure = price_with_trades(
        of_instrument(result.frames["prices"], instrument),
        trades[trades["instrument"] == instrument],
        theme=theme,
        symbol=symbol,
    )
    return chart(
        "analysis-trades-chart", figure, label=f"Close of {symbol} as traded, with entries and exits", ranges=True
    )


def trade_grid(trades: pd.DataFrame, symbols: tuple[str, ...]) -> Component:
    """Return all trades in a table that sorts and filters in the browser."""
    columns = _COLUMNS if len(symbols) > 1 else [each for each in _COLUMNS if each.field != "symbol"]
    nothing = empty_state("pause-circle", "Nothing was traded.", small=True)
    return grid("analysis-trades-grid", columns, _rows(trades, symbols), label="All trades", empty=nothing)


def _rows(trades: pd.DataFrame, symbols: tuple[str, ...]) -> list[Row]:
    return [
        {
            "id": number,
            "number": number,
            "symbol": symbols[int(each["instrument"])],
            "direction": str(each["direction"]),
            "entry": formats.date(each["entry_at"]),
            "exit": "open" if each["is_open"] else formats.date(each["exit_at"]),
            "left": _LEFT_BY[each.get("exit_reason", "signal")],  # older answers know signals only
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
        for number, each in enumerate(trades.to_dict("records"), start=1)
    ]


def _cards(metrics: Metrics, trades: pd.DataFrame) -> list[Component]:
    returns = trades["return_on_entry_value"]
    won = float((trades["pnl"] > 0).mean())
    n_short = int((trades["direction"] == "short").sum())
    return [
        metric_card("Trades", formats.count(len(trades)), aside=f"{n_short} short" if n_short else "all long"),
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
        metrics.card("time_in_market"),
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


def _choice(symbols: tuple[str, ...]) -> Component:
    options = [{"label": symbol, "value": str(place)} for place, symbol in enumerate(symbols)]
    return html.Div(
        [
            html.Label("Instrument", htmlFor=INSTRUMENT, className="visually-hidden"),
            dbc.Select(id=INSTRUMENT, options=options, value="0", size="sm", style={"maxWidth": "140px"}),
        ],
        hidden=len(symbols) == 1,
    )

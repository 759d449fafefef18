"""Every round trip: where it was, what it earned, how long it lasted."""

from collections.abc import Mapping
from typing import Any

import dash_ag_grid as dag
import dash_bootstrap_components as dbc
import pandas as pd
from dash import html
from dash.development.base_component import Component

from quant.frames import of_instrument
from webapp.dashboard import formats
from webapp.dashboard.components.cards import empty_state, metric_card, panel
from webapp.dashboard.components.charts import chart
from webapp.dashboard.components.results import Metrics
from webapp.dashboard.figures.palette import Theme
from webapp.dashboard.figures.trades import holding_periods, price_with_trades, return_distribution
from webapp.services.analyses import AnalysisView
from webapp.services.results import ResultView

FRAMES = ("trades", "prices")

PRICE = "analysis-trades-price"
INSTRUMENT = "analysis-trades-instrument"

_ROW_HEIGHT = 32
_MOST_ROWS = 16


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
            html.Div(_distributions(trades, theme), className="grid-2"),
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
    n_shown = min(len(trades), _MOST_ROWS)
    grid: Component = dag.AgGrid(
        id="analysis-trades-grid",
        columnDefs=_columns(several=len(symbols) > 1),
        rowData=_rows(trades, symbols),
        defaultColDef={"sortable": True, "filter": True, "resizable": True, "suppressHeaderMenuButton": True},
        dashGridOptions={"animateRows": False, "rowHeight": _ROW_HEIGHT, "headerHeight": 34, "tooltipShowDelay": 300},
        columnSize="autoSize",
        style={"height": f"{36 + _ROW_HEIGHT * n_shown + 18}px", "width": "100%"},
    )
    return grid


def _columns(*, several: bool) -> list[dict[str, Any]]:
    def numeric(field: str, title: str, kind: str, tooltip: str, *, is_signed: bool = False) -> dict[str, Any]:
        column = {
            "field": field,
            "headerName": title,
            "type": "rightAligned",
            "filter": "agNumberColumnFilter",
            "valueFormatter": {"function": f"assay{kind}(params.value)"},
            "headerTooltip": tooltip,
        }
        if is_signed:
            column["cellClassRules"] = {"is-gain": "params.value > 0", "is-loss": "params.value < 0"}
        return column

    symbol = [{"field": "symbol", "headerName": "Symbol", "pinned": "left"}] if several else []
    return [
        {"field": "number", "headerName": "#", "type": "rightAligned", "filter": False, "pinned": "left"},
        *symbol,
        {"field": "direction", "headerName": "Side", "flex": 1, "minWidth": 80},
        {"field": "entry", "headerName": "Entry", "flex": 1, "minWidth": 104, "headerTooltip": "Day of the first fill"},
        {"field": "exit", "headerName": "Exit", "flex": 1, "minWidth": 104, "headerTooltip": "Day of the last fill"},
        numeric("bars", "Bars", "Whole", "Bars at whose close the position was held"),
        numeric("shares", "Shares", "Whole", "Most shares held"),
        numeric("entry_price", "Entry price", "Price", "Mean price of the fills that opened the position"),
        numeric("exit_price", "Exit price", "Price", "Mean price of the fills that closed it"),
        numeric("earned", "Return, %", "Percent", "Result over the money put in, after all costs", is_signed=True),
        numeric("result", "Result", "Money", "Gain or loss in money, after all costs", is_signed=True),
        numeric("costs", "Costs", "Money", "Commission, slippage and borrowing fees, already in the result"),
        numeric("worst", "Worst, %", "Percent", "Deepest the price went against the position"),
        numeric("best", "Best, %", "Percent", "Furthest the price went for the position"),
    ]


def _rows(trades: pd.DataFrame, symbols: tuple[str, ...]) -> list[Mapping[str, Any]]:
    return [
        {
            "number": number,
            "symbol": symbols[int(each["instrument"])],
            "direction": str(each["direction"]),
            "entry": formats.date(each["entry_at"]),
            "exit": "open" if each["is_open"] else formats.date(each["exit_at"]),
            "bars": int(each["bars_held"]),
            "shares": _number(each["max_shares"]),
            "entry_price": _number(each["entry_price"]),
            "exit_price": _number(each["exit_price"]),
            "earned": _number(each["return_on_entry_value"]),
            "result": _number(each["pnl"]),
            "costs": _number(each["costs"]),
            "worst": _number(each["max_adverse_excursion"]),
            "best": _number(each["max_favourable_excursion"]),
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


def _number(value: Any) -> float | None:
    return None if pd.isna(value) else float(value)

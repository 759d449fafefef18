"""Beside the chart: what the pinned analysis says of the instrument, and what it would put at risk."""

from collections.abc import Sequence

from dash import dcc, html
from dash.development.base_component import Component

from quant.risk.definitions import DEFINITIONS
from webapp import formats
from webapp.dashboard import paths
from webapp.dashboard.components.attributes import data
from webapp.dashboard.components.cards import empty_state, icon, panel
from webapp.dashboard.components.results import model_title, written
from webapp.services.outlooks import Outlook, Pinnable, Position, Prediction

SIGNALS = {
    1: ("Long", "arrow-up-right", "is-gain"),
    0: ("Flat", "dash-lg", "muted"),
    -1: ("Short", "arrow-down-right", "is-loss"),
}

_FORECASTS = {
    "probability": "probability of a rise",
    "probability_down": "probability of a fall",
    "predicted_return": "predicted return",
}
_MODEL = ("sharpe_ratio", "total_return", "hit_rate", "n_trades")
_RISK = ("annualised_volatility", "value_at_risk", "expected_shortfall", "beta")


def panels(
    outlook: Outlook | None, pins: Sequence[Pinnable], *, may_run: bool, capital: float, is_lost: bool = False
) -> list[Component]:
    """Return the analysis panel and the risk panel, or one that says how to get there, or that a pin leads nowhere."""
    if is_lost:
        sentence = (
            "The analysis that was pinned here is not shared with you any more, or it is gone. "
            "Choose another one under Pinned analysis."
        )
        return [panel("Pinned analysis", empty_state("eye-slash", sentence, small=True))]
    if outlook is None:
        return [panel("Pinned analysis", _nothing(pins, may_run=may_run))]
    return [_analysis(outlook), _risk(outlook, capital)]


def _nothing(pins: Sequence[Pinnable], *, may_run: bool) -> Component:
    if pins:
        button = html.Button(
            [icon("pin-angle"), f"Pin “{pins[0].title}”"],
            type="button",
            className="btn btn-primary text-wrap",
            **data(pin=pins[0].id),
        )
        return empty_state(
            "pin-angle", "Pin an analysis to see its newest prediction, its trades and its risk.", button, small=True
        )
    link = dcc.Link([icon("plus-lg"), "New analysis"], href=paths.new_analysis(), className="btn btn-primary")
    sentence = "No analysis of this instrument has been answered yet. Its prediction and risk will stand here."
    return empty_state("clipboard-data", sentence, link if may_run else None, small=True)


def _analysis(outlook: Outlook) -> Component:
    word, icon_name, tone = SIGNALS[outlook.prediction.signal]
    return panel(
        "Newest prediction",
        html.Div(
            [
                html.Div([icon(icon_name), word], className=f"signal {tone}"),
                html.Div(_forecast(outlook)),
            ],
            className="outlook-head",
        ),
        _age(outlook),
        _pairs([*_interval(outlook.prediction), *_named(outlook, _MODEL)]),
        html.P(outlook.verdict, className="small muted outlook-verdict") if outlook.verdict else None,
        note=[
            dcc.Link([model_title(outlook.model), " · ", outlook.title], href=paths.analysis(outlook.analysis_id)),
            *([" · imported, computed elsewhere"] if outlook.is_imported else []),
        ],
    )


def _forecast(outlook: Outlook) -> list[Component]:
    lines: list[Component] = []
    for name, value in outlook.prediction.forecast.items():
        lines += [
            html.Div(formats.percent(value, signed=name == "predicted_return"), className="metric-value"),
            html.Div(_FORECASTS[name], className="metric-aside"),
        ]
    return lines


def _age(outlook: Outlook) -> Component:
    prediction = outlook.prediction
    made: list[Component | str] = [
        "Made at the close of ",
        html.Time(formats.date(prediction.as_of), title=formats.moment(prediction.as_of)),
        ", ",
    ]
    by = "by the final model." if prediction.is_final else "out of sample, by the last walk-forward model."
    said: list[Component | str] = [*made, by]
    if not outlook.n_bars_since:
        return html.P(said, className="small muted")
    newer = formats.plural(outlook.n_bars_since, "newer bar")
    return html.P(
        [icon("clock-history"), " ", *said, f" There are {newer}, of which it knows nothing."],
        className="small is-warning",
    )


def _risk(outlook: Outlook, capital: float) -> Component:
    position = outlook.position
    return panel(
        "Risk",
        html.Div(
            [
                html.Div(_size(position), className="metric-value"),
                html.Div(_size_words(position, capital), className="metric-aside"),
            ]
        ),
        _pairs(
            [
                (
                    "Drawdown now",
                    formats.percent(outlook.drawdown),
                    "Below the peak, at the end of the out-of-sample curve.",
                ),
                ("Deepest drawdown", formats.percent(outlook.worst_drawdown), DEFINITIONS["max_drawdown"].definition),
                *_named(outlook, _RISK),
            ]
        ),
    )


def _interval(prediction: Prediction) -> list[tuple[str, str, str]]:
    if prediction.interval is None or prediction.level is None:
        return []
    low, high = (formats.percent(bound, signed=True) for bound in prediction.interval)
    share = formats.percent(prediction.level, 0)
    meaning = f"Between these returns lay {share} of the outcomes of earlier predictions."
    return [(f"Interval, {share}", f"{low} to {high}", meaning)]


def _named(outlook: Outlook, names: Sequence[str]) -> list[tuple[str, str, str]]:
    return [
        (
            DEFINITIONS[name].title,
            written(outlook.metrics[name][0], DEFINITIONS[name].unit),
            DEFINITIONS[name].definition,
        )
        for name in names
        if name in outlook.metrics
    ]


def _size(position: Position) -> str:
    if not position.shares:
        return "No position"
    return f"{formats.number(position.shares, 0)} shares"


def _size_words(position: Position, capital: float) -> str:
    at = f"at the close of {position.closed_on}, {formats.number(position.close, 2)}"
    if not position.weight:
        full = formats.percent(position.full_weight)
        return f"Flat. A long one would take {full} of {formats.money(capital)}, {at}."
    share = formats.percent(abs(position.weight))
    return f"{formats.money(abs(position.value))} of {formats.money(capital)}: {share} by the analysis's sizing, {at}."


def _pairs(lines: Sequence[tuple[str, str, str]]) -> Component:
    return html.Dl(
        [
            html.Div([html.Dt(name, title=meaning), html.Dd(value, className="tabular")])
            for name, value, meaning in lines
        ],
        className="pairs",
    )

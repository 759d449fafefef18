"""What the final model says about the last bar of each instrument, and about newer ones."""

import datetime
from collections.abc import Mapping
from typing import Any

from dash import html
from dash.development.base_component import Component

from webapp import formats
from webapp.dashboard import paths
from webapp.dashboard.components.cards import icon, panel
from webapp.dashboard.components.tables import Column, data_table
from webapp.services.analyses import AnalysisView
from webapp.services.results import RULE, ResultView

_FORECASTS = {
    "probability": "Probability",
    "probability_down": "Probability of a fall",
    "predicted_return": "Predicted return",
}
# Of predicted quantiles: what stands between each pair, and the pair that was moved by what earlier ones missed.
_BANDS = (
    ("Half of returns", ("quantile_25", "quantile_75"), ("conformal_25", "conformal_75")),
    ("Four fifths of returns", ("quantile_10", "quantile_90"), ("conformal_10", "conformal_90")),
)
_BAND_HELP = "Between predicted quantiles, moved by what earlier bands missed, once enough outcomes are known"
_UNCERTAINTY_HELP = (
    "Of classes how evenly the prediction is spread over them: 0 % is certain of one, 100 % says nothing. Of a return "
    "half of its interval"
)
_SIGNALS = {1: "Long", 0: "Flat", -1: "Short"}


def latest_prediction(view: AnalysisView, result: ResultView) -> Component:
    """Return what the final model says about the last bar of each instrument, and a button that asks about newer."""
    latest = result.facts["latest"]
    if latest["task"] == RULE:
        return _latest_of_rule(latest)
    as_of = formats.moment(datetime.datetime.fromisoformat(latest["as_of"]))
    note = (
        f"of the bar that closed {as_of}, by a final model of all {latest['n_train']:,} labels known before it; "
        f"the return is that of the next {formats.plural(latest['horizon_bars'], 'bar')} at most"
    )
    parts = [_table(latest), *([_kept(view)] if result.has_model else [])]
    return panel("Latest prediction", *parts, note=note)


def newest_prediction(said: Mapping[str, Any]) -> list[Component]:
    """Return what the kept model says about the newest bar, and on what it rests."""
    as_of, fitted_at = (formats.moment(datetime.datetime.fromisoformat(said[name])) for name in ("as_of", "fitted_at"))
    since = formats.plural(said["n_bars_since"], "bar")
    words = (
        f"Of the bar that closed {as_of}, {since} after the last one that the model was made with ({fitted_at}). It "
        "has learned nothing since; to let it learn, run the analysis again."
    )
    sentences = [words]
    if said["left_out"]:
        sentences.append(f"Without this bar, and left out: {', '.join(said['left_out'])}.")
    if not said["is_as_before"]:
        sentences.append(
            "Bars from before have been revised since: of the bar that it spoke about then, the model says something "
            "else today."
        )
    return [_table(said), html.P(" ".join(sentences), className="small muted mt-2")]


def no_newest(error: Exception) -> list[Component]:
    """Return why nothing is said about a newer bar."""
    return [html.P(str(error), className="small muted mt-2")]


def _kept(view: AnalysisView) -> Component:
    """Return the file of the model that was kept, and for its owner a button that asks about the newest bar."""
    link = html.A([icon("download"), " Model"], href=paths.model(view.id), download="", className="small")
    if not view.summary.is_own:  # the button reads prices, which may be theirs alone
        return html.Div(link, className="mt-3 no-print")
    button = html.Button(
        [icon("skip-forward"), "Predict the newest bar"],
        id="analysis-newest",
        type="button",
        className="btn btn-secondary btn-sm",
        title="By the model that was kept, without a run",
        n_clicks=0,
    )
    return html.Div(
        [
            html.Div([button, link], className="document-buttons align-items-center mt-3 no-print"),
            html.Div([], id="analysis-newest-said", className="mt-2", role="status"),
        ]
    )


def _table(latest: Mapping[str, Any]) -> Component:
    columns = [
        Column("Instrument", is_number=False),
        Column("Close"),
        *(Column(_FORECASTS[name]) for name in _FORECASTS if name in latest["predictions"][0]),
        *(Column(title, help_text=_BAND_HELP) for title, _, _ in _bands(latest["predictions"][0])),
        Column(f"{formats.percent(latest['level'], 0)} interval of the return"),
        *([Column("Uncertainty", help_text=_UNCERTAINTY_HELP)] if "uncertainty" in latest["predictions"][0] else []),
        Column("Signal", is_number=False),
    ]
    return data_table(columns, [_said(each) for each in latest["predictions"]])


def _latest_of_rule(latest: Mapping[str, Any]) -> Component:
    as_of = formats.moment(datetime.datetime.fromisoformat(latest["as_of"]))
    columns = [Column("Instrument", is_number=False), Column("Close"), Column("Signal", is_number=False)]
    rows: list[list[Component | str]] = [
        [said["symbol"], formats.number(said["close"]), _SIGNALS[said["signal"]]] for said in latest["predictions"]
    ]
    return panel("Latest signal", data_table(columns, rows), note=f"of the rule, at the bar that closed {as_of}")


def _said(said: Mapping[str, Any]) -> list[Component | str]:
    values = [formats.percent(said[name], signed=name == "predicted_return") for name in _FORECASTS if name in said]
    bands = [_band(said, between, moved) for _, between, moved in _bands(said)]
    interval = _span(said["lower"], said["upper"]) or "too few outcomes yet"
    unsure = [formats.percent(said["uncertainty"])] if "uncertainty" in said else []  # older answers have none
    return [said["symbol"], formats.number(said["close"]), *values, *bands, interval, *unsure, _SIGNALS[said["signal"]]]


def _bands(said: Mapping[str, Any]) -> list[tuple[str, tuple[str, str], tuple[str, str]]]:
    """Return the bands of a model that predicts quantiles; of others none."""
    return [each for each in _BANDS if each[1][0] in said]


def _band(said: Mapping[str, Any], between: tuple[str, str], moved: tuple[str, str]) -> Component | str:
    """Return a band as it was moved by what earlier ones missed, and under it as the model said it."""
    own, better = (_span(*(said.get(name) for name in names)) for names in (between, moved))
    if not better:  # too few outcomes, or an answer from before bands were moved
        return own
    return html.Div([better, html.Div(f"model: {own}", className="muted small")])


def _span(lower: float | None, upper: float | None) -> str:
    """Return two bounds in words; nothing if one is unknown."""
    if lower is None or upper is None:
        return ""
    return f"{formats.percent(lower, signed=True)} to {formats.percent(upper, signed=True)}"

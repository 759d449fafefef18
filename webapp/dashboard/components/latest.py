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
    parts = [_table(latest), _newer(view)] if view.summary.is_own else [_table(latest)]
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


def _newer(view: AnalysisView) -> Component:
    """Return the button that asks about the newest bar, where the answer will stand, and the model's file."""
    button = html.Button(
        [icon("skip-forward"), "Predict the newest bar"],
        id="analysis-newest",
        type="button",
        className="btn btn-secondary btn-sm",
        title="By the model that was kept, without a run",
        n_clicks=0,
    )
    link = html.A([icon("download"), " Model"], href=paths.model(view.id), download="", className="small")
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
        Column(f"{formats.percent(latest['level'], 0)} interval of the return"),
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
    lower, upper = said["lower"], said["upper"]
    interval = "too few outcomes yet"
    if lower is not None and upper is not None:
        interval = f"{formats.percent(lower, signed=True)} to {formats.percent(upper, signed=True)}"
    return [said["symbol"], formats.number(said["close"]), *values, interval, _SIGNALS[said["signal"]]]

"""What the chosen model does with its features: the parts of an answer that are looked at on request."""

import numpy as np
import pandas as pd
from dash import html
from dash.development.base_component import Component

from quant.catalog import in_a_sentence
from quant.validation.scores import Score
from webapp.dashboard import formats
from webapp.dashboard.components.cards import empty_state, panel
from webapp.dashboard.components.charts import chart
from webapp.dashboard.figures import explanation as figures
from webapp.dashboard.figures.palette import Theme
from webapp.reports.words import MIDDLES, boundary_in_words
from webapp.services.results import ResultView

FRAMES = ("partial_dependence", "decision_boundary", "shap", "single_feature", "clusters", "learning_curve")

_MOST_CURVES = 12


def explanation(result: ResultView, score: Score, theme: Theme) -> list[Component]:
    """Return a panel for each part that the question asked for."""
    draw = {"shap": _shap, "single_feature": _alone, "clusters": _groups, "learning_curve": _learning_curve}
    panels = [make(result, score, theme) for name, make in draw.items() if name in result.frames]
    pair = [html.Div(panels, className="grid-2")] if panels else []
    return [*_dependence(result, theme), *_boundary(result, theme), *pair]


def _dependence(result: ResultView, theme: Theme) -> list[Component]:
    frame = result.frames.get("partial_dependence")
    if frame is None:
        return []
    reach = frame.groupby("feature", sort=False)["mean"].agg(np.ptp).sort_values(ascending=False, kind="stable")
    shown = list(reach.index[:_MOST_CURVES])
    drawn = frame[frame["feature"].isin(shown)]
    low, high = float(drawn["lower"].min()), float(drawn["upper"].max())
    margin = 0.05 * (high - low) or 0.01
    is_share = result.facts["latest"]["task"] != "regression"
    said = "probability of label 1" if is_share else "predicted return"
    sentence = (
        f"The {said} by the final model when one feature is set to a value and the others are left as they were in "
        "training; all have the same scale. In the shade lie eight of ten bars: where it is wide, the feature works "
        "through others. It describes the model, not the market."
    )
    if len(reach) > len(shown):
        sentence += f" Shown are the {len(shown)} features of {len(reach)} that move it most."
    cells = [
        html.Div(
            [
                html.P(name, className="small mb-1"),
                chart(
                    f"analysis-dependence-{place}",
                    figures.dependence(
                        drawn[drawn["feature"] == name],
                        theme=theme,
                        is_share=is_share,
                        span=(low - margin, high + margin),
                    ),
                    label=f"Predictions by {name}",
                ),
            ]
        )
        for place, name in enumerate(shown)
    ]
    body = html.Div(cells, className="grid-3")
    return [panel("Partial dependence", html.P(sentence, className="small muted"), body)]


def _boundary(result: ResultView, theme: Theme) -> list[Component]:
    """Return the map of what the final model says over two features."""
    frame, title = result.frames.get("decision_boundary"), "Decision boundary"
    if frame is None:
        return []
    if frame.empty or np.ptp(frame["x"]) == 0.0 or np.ptp(frame["y"]) == 0.0:
        sentence = "One of the two features is never known, or never changes: there is no map of it."
        return [panel(title, empty_state("map", sentence, small=True))]
    task = result.facts["latest"]["task"]
    middle, is_share = MIDDLES[task], task != "regression"
    figure = figures.boundary(frame, theme=theme, is_share=is_share, middle=middle)
    picture = chart(
        "analysis-boundary", figure, label=f"Predictions by {frame['across'].iloc[0]} and {frame['up'].iloc[0]}"
    )
    return [panel(title, html.P(boundary_in_words(frame, task), className="small muted"), picture)]


def _shap(result: ResultView, _score: Score, theme: Theme) -> Component:
    frame, title = result.frames["shap"], "What features add (SHAP)"
    is_share = result.facts["latest"]["task"] != "regression"
    unit = "in log odds" if is_share else "as a return"
    sentence = (
        f"How far each feature moves a prediction of the final model from the average one, {unit}: mean and standard "
        "deviation of its size over training bars. In green, higher values raise predictions; in red, they lower them. "
        "It describes the model, not the market."
    )
    figure = figures.shap(frame, theme=theme, unit=unit)
    picture = chart("analysis-shap", figure, label="Mean size of what each feature adds to predictions")
    return panel(title, html.P(sentence, className="small muted"), picture)


def _alone(result: ResultView, score: Score, theme: Theme) -> Component:
    frame, title = result.frames["single_feature"], "Each feature alone (SFI)"
    if frame["mean"].isna().all():
        return panel(title, empty_state("bar-chart-steps", "The model does not fit on one feature alone.", small=True))
    together = result.facts["chosen"]["score"]
    sentence = (
        f"{score.title} of the model with one feature alone, mean and standard deviation over the purged folds; "
        f"dotted: with all features. Without skill it would be {score.no_skill}.{_unknown(frame)}"
    )
    figure = figures.single_features(frame, theme=theme, score_title=score.title, together=together)
    picture = chart("analysis-single-features", figure, label=f"{score.title} of each feature alone")
    return panel(title, html.P(sentence, className="small muted"), picture)


def _unknown(frame: pd.DataFrame) -> str:
    n_unknown = int(frame["mean"].isna().sum())
    return "" if not n_unknown else f" {formats.plural(n_unknown, 'feature')} could not be scored."


def _groups(result: ResultView, score: Score, theme: Theme) -> Component:
    frame, title = result.frames["clusters"], "Groups of similar features (clustered MDA)"
    if frame["mean"].isna().all():
        sentence = "It could not be measured: no test window held different outcomes."
        return panel(title, empty_state("bar-chart-steps", sentence, small=True))
    n_features = int(frame["n_features"].sum())
    sentence = (
        f"{formats.plural(n_features, 'feature')} in {formats.plural(len(frame), 'group')}, by their correlation in "
        f"the first training window. How much {in_a_sentence(score.title)} is lost on test bars when a whole group is "
        "shuffled, so that none stands in for another; at or below zero the group did not help."
    )
    figure = figures.groups(frame, theme=theme)
    picture = chart("analysis-clusters", figure, label="Importance of each group of features out of sample")
    return panel(title, html.P(sentence, className="small muted"), picture)


def _learning_curve(result: ResultView, score: Score, theme: Theme) -> Component:
    frame, title = result.frames["learning_curve"], "Learning curve"
    known = frame.dropna(subset=["mean"])
    if known.empty:
        sentence = "It could not be measured: the model does not fit on so few bars."
        return panel(title, empty_state("graph-up", sentence, small=True))
    figure = figures.learning_curve(known, theme=theme, score_title=score.title)
    picture = chart("analysis-learning-curve", figure, label=f"{score.title} by the length of the training")
    return panel(title, html.P(learning_in_words(known, score), className="small muted"), picture)


def learning_in_words(known: pd.DataFrame, score: Score) -> str:
    """Return whether longer training helped, and how much better the model does on what it was trained on."""
    sign = 1.0 if score.higher_is_better else -1.0
    first, last = known.iloc[0], known.iloc[-1]
    gain = sign * float(last["mean"] - first["mean"])
    error = float(np.nan_to_num(last["std"])) / np.sqrt(max(1, int(last["n_folds"])))
    if len(known) > 1 and gain > 2.0 * error:
        change = "More training bars helped"
    elif len(known) > 1 and gain < -2.0 * error:
        change = "More training bars did harm: older bars teach something else"
    else:
        change = "More training bars made no difference that stands out"
    gap = sign * float(last["training_mean"] - last["mean"])
    said = f"{formats.number(abs(gap), 3)} {'better' if gap > 0 else 'worse'}"
    return (
        f"{change}. With {formats.count(int(last['n_bars']))} bars {in_a_sentence(score.title)} is {said} on bars of "
        "the training than on later ones. Each length is the latest bars before the same test windows; mean and "
        "standard deviation over them."
    )

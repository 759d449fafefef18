"""Which model was chosen and why, and how well its predictions came true on bars that it had not seen."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from dash import html
from dash.development.base_component import Component

from quant.catalog import in_a_sentence
from quant.validation.by_class import class_report
from quant.validation.scores import SCORES, Score
from webapp import formats
from webapp.dashboard.components.bands import FRAMES as BANDS
from webapp.dashboard.components.bands import bands
from webapp.dashboard.components.cards import check_line, empty_state, panel
from webapp.dashboard.components.charts import chart
from webapp.dashboard.components.choice import compared
from webapp.dashboard.components.explanation import FRAMES as EXPLAINED
from webapp.dashboard.components.explanation import explanation
from webapp.dashboard.components.results import is_of_rule
from webapp.dashboard.components.sweep import FRAME as SWEEP
from webapp.dashboard.components.sweep import sweep_panels
from webapp.dashboard.components.tables import Column, data_table
from webapp.dashboard.figures import model as figures
from webapp.dashboard.figures.palette import Theme
from webapp.reports.model_words import choice_in_words, score_text
from webapp.reports.words import TITLES
from webapp.services.analyses import AnalysisView
from webapp.services.results import ResultView, chosen_models

FRAMES = (
    "candidates",
    "cv_scores",
    "fold_scores",
    "roc",
    "calibration",
    "confusion",
    "forecast_bins",
    *BANDS,
    "importance",
    *EXPLAINED,
    SWEEP,
)

_INTERVAL_HELP = (
    "Student's t over the walk-forward folds, as if they were independent: in markets that change it is too narrow"
)
_MOST_LINES = 6
_MOST_TRIALS = 12


def content(view: AnalysisView, result: ResultView, theme: Theme) -> Component:
    """Return the tab."""
    if SWEEP in result.frames:
        return html.Div(sweep_panels(result, theme), className="stack")
    if is_of_rule(result):
        sentence = f"{result.facts['chosen']['title']} is a rule of prices alone: nothing was learned or predicted."
        return panel("Model", empty_state("rulers", sentence))
    score = SCORES[result.facts["chosen"]["score_name"]]
    return html.Div(
        [
            panel("What was chosen", _choice(result, score), note=_weighed(view)),
            html.Div([_purged_folds(result, score, theme), _walk_forward(result, score, theme)], className="grid-2"),
            html.Div(_quality(result, theme), className="grid-3"),
            *bands(result, theme),
            _importance(result, score, theme),
            *explanation(result, score, theme),
            _trials(view, result, score, theme),
        ],
        className="stack",
    )


def _choice(result: ResultView, score: Score) -> Component:
    chosen = result.facts["chosen"]
    lines = [check_line(is_good, text) for is_good, text in choice_in_words(result, score)]
    parameters = " · ".join(f"{name} {formats.plain(value)}" for name, value in chosen["parameters"].items())
    scores = result.facts["scores"]
    intervals = result.facts.get("score_intervals") or {}  # older answers have none
    rows = [
        [
            each.title,
            score_text(scores.get(name)),
            *([_interval_text(intervals[name])] if intervals else []),
            each.no_skill,
            "higher" if each.higher_is_better else "lower",
        ]
        for name, each in SCORES.items()
        if name in scores
    ]
    columns = [
        Column("Out-of-sample score", is_number=False),
        Column("Value"),
        *([Column("Mean of folds, 95 %", help_text=_INTERVAL_HELP)] if intervals else []),
        Column("Without skill", is_number=False),
        Column("Better", is_number=False),
    ]
    return html.Div(
        [
            html.Div(
                [
                    html.Ul(lines, className="check-list"),
                    html.P(["Parameters: ", parameters], className="small muted mt-3"),
                ]
            ),
            data_table(columns, rows),
        ],
        className="grid-2",
    )


def _interval_text(found: Mapping[str, Any]) -> str:
    """Return between which bounds the mean over the folds lies, in words."""
    if found["lower"] is None:
        return "too few folds"
    return f"{score_text(found['lower'])} to {score_text(found['upper'])}"


def _weighed(view: AnalysisView) -> str:
    """Return by what rows weigh in scores, if they do."""
    by = view.spec.get("weights", {}).get("by", "equal")  # older questions have no weights
    return "" if by == "equal" else f"rows weigh by {by} in scores, as they do in learning"


def _purged_folds(result: ResultView, score: Score, theme: Theme) -> Component:
    trials, scores = result.frames["candidates"], result.frames["cv_scores"]
    shown = _shown_trials(trials, result.facts["chosen"]["number"], result.facts["chosen"]["kind"])
    target = result.facts["chosen"]["target"]
    by_trial = scores.pivot_table(index="number", columns="fold", values="score", dropna=False)
    series = [
        (title, list(by_trial.loc[trial["number"]])) for title, trial in zip(trial_titles(shown), shown, strict=True)
    ]
    labels = [f"fold {int(fold) + 1}" for fold in by_trial.columns]
    figure = figures.scores_by_fold(
        labels,
        series,
        theme=theme,
        score_title=score.title,
        target=target,
        name="purged-folds",
    )
    note = "on each purged fold of the training span" + (
        "" if target is None else f"; dotted: the target of {target:g}"
    )
    picture = chart("analysis-purged-folds", figure, label=f"{score.title} on each fold")
    return panel("Choosing the model", picture, *compared(result, score), note=note)


def _walk_forward(result: ResultView, score: Score, theme: Theme) -> Component:
    folds = result.frames["fold_scores"]
    labels = [formats.date(each)[:7] for each in folds["test_start"]]
    chosen = chosen_models(result.facts)
    titles = dict.fromkeys(chosen.get(number, chosen[None])["title"] for number in folds["fold"])
    figure = figures.scores_by_fold(
        labels,
        [(" or ".join(titles), list(folds[score.name]))],
        theme=theme,
        score_title=score.title,
        name="walk-forward",
    )
    note = f"{formats.plural(len(folds), 'model')}, each on the bars after its training"
    return panel(
        "Walking forward", chart("analysis-walk-forward", figure, label=f"{score.title} in each window"), note=note
    )


def _quality(result: ResultView, theme: Theme) -> list[Component]:
    if "forecast_bins" in result.frames:
        return _forecasts(result, theme)
    roc, bins, counts = result.frames["roc"], result.frames["calibration"], result.frames["confusion"]
    names = _class_names(counts)
    each = "each class against the others; " if "class" in roc else ""
    panels = []
    if len(roc):
        figure = figures.roc(roc, theme=theme, names=names)
        note = f"{each}area {score_text(result.facts['scores']['roc_auc'])}; the dotted line is guessing"
        panels.append(panel("ROC", chart("analysis-roc", figure, label="Found against false alarms"), note=note))
    if len(bins):
        figure = figures.calibration(bins, theme=theme, names=names)
        note = "on the dotted line a probability means what it says"
        picture = chart("analysis-calibration", figure, label="Predicted against observed")
        panels.append(panel("Calibration", picture, *_calibration_error(result), note=note))
    note = "the most probable class, against what came"
    found = html.Div(_class_table(counts, names), className="mt-3")
    return [*panels, panel("Confusion", confusion_table(counts), found, note=note)]


def _calibration_error(result: ResultView) -> list[Component]:
    """Return how far probabilities are from what came, beside what chance makes of it; nothing in older answers."""
    facts, brier = result.facts.get("calibration"), result.facts["scores"].get("brier")
    if facts is None or brier is None:
        return []
    error, by_chance = facts["expected_error"], facts["expected_error_by_chance"]
    sentence = (
        f"On average a probability is {formats.percent(error)} from how often it came true (expected calibration "
        f"error); chance alone makes at least {formats.percent(by_chance)} of it with so many bars. "
        f"Brier score {formats.number(brier, 3)}."
    )
    return [html.P(sentence, className="small muted")]


def _class_names(confusion: pd.DataFrame) -> dict[int, str]:
    if -1 in set(confusion["actual"]):
        return {1: "Up", 0: "Neither", -1: "Down"}
    return {1: "Label 1", 0: "Label 0"}


def _class_table(confusion: pd.DataFrame, names: Mapping[int, str]) -> Component:
    """Return how well each class was found."""
    columns = [
        Column("Class", is_number=False),
        Column("Precision", help_text="Of the bars that were said to be of the class, the share that were"),
        Column("Recall", help_text="Of the bars of the class, the share that were said to be"),
        Column("F1", help_text="The harmonic mean of precision and recall"),
    ]
    rows = [
        [names[int(row["class"])], *(formats.percent(row[name], 0) for name in ("precision", "recall", "f1"))]
        for row in class_report(confusion).to_dict("records")
    ]
    return data_table(columns, rows)


def _forecasts(result: ResultView, theme: Theme) -> list[Component]:
    """Return how predicted returns came true."""
    bins = result.frames["forecast_bins"]
    if not len(bins):
        return []
    figure = figures.forecast_bins(bins, theme=theme)
    note = "each point a tenth of the bars; on the dotted line a prediction means what it says"
    picture = chart("analysis-forecasts", figure, label="Predicted return against what came")
    return [panel("Predicted against what came", picture, note=note)]


def confusion_table(confusion: pd.DataFrame) -> Component:
    """Return what was predicted against what came true, with shares of each row."""
    counts = confusion.pivot_table(index="actual", columns="predicted", values="n_rows", aggfunc="sum")
    names = _class_names(confusion)
    classes = list(names)
    counts = counts.reindex(index=classes, columns=classes, fill_value=0)
    rows: list[list[Component | str]] = []
    for actual in classes:
        row = [float(n) for n in counts.loc[actual].to_numpy(dtype=np.float64)]
        total = sum(row)
        cells = [_count_cell(n, n / total if total else float("nan")) for n in row]
        rows.append([names[actual], *cells, formats.count(total)])
    columns = [
        Column("What came", is_number=False),
        *(Column(f"Said {in_a_sentence(names[predicted])}") for predicted in classes),
        Column("Bars"),
    ]
    return data_table(columns, rows)


def _importance(result: ResultView, score: Score, theme: Theme) -> Component:
    importance = result.frames.get("importance")
    title = "Feature importance"
    if importance is None:
        sentence = "Feature importance was switched off in the question."
        return panel(title, empty_state("bar-chart-steps", sentence, small=True))
    if "n_folds" not in importance:  # an answer from before spreads were kept
        importance = importance.assign(n_folds=0, impurity_std=np.nan, impurity_measure="importance in training")
    outside = _importance_outside(importance, score, theme)
    inside = _importance_inside(importance, theme)
    panels = [panel(f"{title}, out of sample (MDA)", *outside), panel(f"{title}, in training (MDI)", *inside)]
    return html.Div(panels, className="grid-2")


def _importance_outside(importance: pd.DataFrame, score: Score, theme: Theme) -> list[Component]:
    """Return what the score loses without each feature, on bars that the models had not seen."""
    if importance["mean"].notna().sum() == 0:
        sentence = "It could not be measured: no test window held different outcomes."
        return [empty_state("bar-chart-steps", sentence, small=True)]
    lost = in_a_sentence(score.title)
    sentence = (
        f"How much {lost} is lost on the test bars of each fold when one feature is shuffled; at or below zero it did "
        f"not help. Mean and standard deviation over {formats.plural(int(importance['n_folds'].iloc[0]), 'fold')}."
    )
    figure = figures.feature_importance(importance, theme=theme)
    return [
        html.P(sentence, className="small muted"),
        chart("analysis-importance", figure, label="Importance of each feature out of sample"),
    ]


def _importance_inside(importance: pd.DataFrame, theme: Theme) -> list[Component]:
    """Return how much the models lean on each feature, as seen in training."""
    if importance["impurity"].notna().sum() == 0:
        sentence = (
            "The model leans on bars, on other models, or on combinations of features, or folds chose models of "
            "different kinds: there is no such number."
        )
        return [empty_state("bar-chart-steps", sentence, small=True)]
    measure = str(importance["impurity_measure"].iloc[0])
    measure = measure[:1].upper() + measure[1:]
    sentence = (
        f"{measure}, mean and standard deviation over the folds. It says what the models used, not whether it helped."
    )
    figure = figures.impurity_importance(importance, theme=theme, title=measure)
    return [
        html.P(sentence, className="small muted"),
        chart("analysis-impurity", figure, label="Importance of each feature in training"),
    ]


def _trials(view: AnalysisView, result: ResultView, score: Score, theme: Theme) -> Component:
    trials = result.frames["candidates"]
    parts: list[Component] = []
    if result.facts["tuning"]["started"]:
        figure = figures.trial_scores(
            trials.assign(
                number=np.arange(1, len(trials) + 1), model=[TITLES.get(name, name) for name in trials["model"]]
            ),
            theme=theme,
            score_title=score.title,
            target=view.spec["validation"]["target"],
            higher_is_better=score.higher_is_better,
        )
        parts.append(chart("analysis-trials", figure, label=f"{score.title} of each trial in order"))
    table = _trial_table(trials, score)
    if len(trials) > _MOST_TRIALS:
        table = html.Details([html.Summary(f"All {len(trials)} trials"), table], className="fold")
    note = "everything that was tried on these prices here; each is in the ledger for ever"
    return panel("Trials", *parts, table, note=note)


def _trial_table(trials: pd.DataFrame, score: Score) -> Component:
    columns = [
        Column("#"),
        Column("Kind", is_number=False),
        Column("Model", is_number=False),
        Column("Parameters", is_number=False),
        Column(score.title),
        Column("Sharpe, a bar", help_text="Of trading the purged predictions without costs; no claim of profit"),
    ]
    rows = [
        [
            str(number),
            str(trial["kind"]),
            TITLES.get(trial["model"], str(trial["model"])),
            _parameters(trial["parameters"]),
            score_text(trial["score"]),
            formats.number(trial["sharpe_ratio"], 3),
        ]
        for number, trial in enumerate(trials.to_dict("records"), start=1)
    ]
    return data_table(columns, rows)


def _shown_trials(trials: pd.DataFrame, number: int, kind: str) -> list[dict[Any, Any]]:
    """Return the chosen trial and the candidates, few enough to be told apart in a chart."""
    rows = trials.to_dict("records")
    chosen = [row for row in rows if row["kind"] == kind][number : number + 1]  # numbers count within a kind
    others = [row for row in rows if row["kind"] == "candidate" and row not in chosen]
    return [*chosen, *others][:_MOST_LINES]


def trial_titles(trials: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return what trials are called in a chart: those of one kind of model by the parameters in which they differ."""
    titles = [_trial_title(trial) for trial in trials]
    parameters = [json.loads(trial["parameters"]) for trial in trials]
    alike = [[own for own, title in zip(parameters, titles, strict=True) if title == each] for each in titles]
    differing = [
        [name for name in own if len({str(other.get(name)) for other in others}) > 1]
        for own, others in zip(parameters, alike, strict=True)
    ]
    return [
        f"{title} ({', '.join(f'{name} {_said(own[name])}' for name in names)})" if names else title
        for title, own, names in zip(titles, parameters, differing, strict=True)
    ]


def _trial_title(trial: Mapping[str, Any]) -> str:
    title = TITLES.get(trial["model"], str(trial["model"]))
    return f"{title}, tuned" if trial["kind"] == "tuning" else title


def _parameters(text: str) -> str:
    return ", ".join(f"{name} {_said(value)}" for name, value in json.loads(text).items())


def _said(value: Any) -> str:
    """Return a parameter in few digits, or the word that it is."""
    return formats.plain(value) if isinstance(value, bool | str) else f"{value:.4g}"


def _count_cell(n: float, share: float) -> Component:
    return html.Span([formats.count(n), html.Span(f" {formats.percent(share, 0)}", className="muted")])

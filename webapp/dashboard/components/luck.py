"""What luck explains of an answer: how many trials it took, what choosing is worth, and what chance does."""

import numpy as np
from dash import html
from dash.development.base_component import Component
from numpy.typing import NDArray

from quant.catalog import in_a_sentence
from quant.validation.scores import SCORES
from webapp import formats
from webapp.dashboard.components.cards import empty_state, facts, panel
from webapp.dashboard.components.charts import chart
from webapp.dashboard.figures import honesty as figures
from webapp.dashboard.figures.palette import Figure, Theme
from webapp.reports.words import chance_in_words, chance_runs_in_words, choice_in_words, paths_in_words
from webapp.services.results import ResultView

FRAMES = ("overfitting", "null_test", "paths", "chance_runs")

_OLDER = "This answer is older than this test: run it again."


def panels(result: ResultView, theme: Theme) -> list[Component]:
    """Return one panel about the trials, one about the choice among them and one about the order of returns."""
    return [
        panel("Luck", _trials(result)),
        panel("Overfitting by choosing", *_choice(result, theme), note="PBO, the probability of backtest overfitting"),
        panel("Chance alone", *_chance(result, theme), note="the same signals on returns in another order"),
    ]


def paths_panel(result: ResultView, theme: Theme) -> Component:
    """Return one panel about the model on many paths through the same history."""
    return panel("Many paths", *_paths(result, theme), note="CPCV, combinatorial purged cross-validation: never traded")


def chance_runs_panel(result: ResultView, theme: Theme) -> Component:
    """Return one panel about choosing and walking forward where there is nothing to find."""
    return panel("The whole way, by chance", *_chance_runs(result, theme), note="outcomes of other bars, in blocks")


def _trials(result: ResultView) -> Component:
    luck = result.facts["honesty"]["luck"]
    effective = luck.get("n_effective_trials")  # None in answers from before it was measured
    return html.Div(
        [
            html.P(
                f"{formats.plural(luck['n_trials'], 'trial was', 'trials were')} made for this answer, and "
                f"{formats.plural(result.n_ledger_trials, 'trial')} by anyone on these prices so far. The best of many "
                "tries looks good by luck; the deflated Sharpe ratio asks how likely this one is better than that."
            ),
            facts(
                [
                    ("Deflated Sharpe ratio", formats.p_value(luck["deflated_sharpe_ratio"])),
                    (
                        f"The same, counting {formats.plural(result.n_ledger_trials, 'trial')}",
                        formats.p_value(result.deflated_by_ledger),
                    ),
                    *(
                        []
                        if result.n_ledger_independent is None
                        else [
                            (
                                f"Of those, counting {formats.number(result.n_ledger_independent, 1)} independent ones",
                                formats.p_value(result.deflated_by_independent),
                            )
                        ]
                    ),
                    ("Independent trials this answer's amount to", formats.number(effective, 1)),
                    ("Deflated by these only", formats.p_value(luck.get("deflated_by_effective"))),
                    ("Probabilistic, one trial", formats.p_value(luck["probabilistic_sharpe_ratio"])),
                    ("Sharpe ratio, a bar", formats.number(luck["sharpe_ratio"], 4)),
                    ("Best of the trials by luck", formats.number(luck["expected_best_sharpe"], 4)),
                    ("Bars measured", formats.count(luck["n_returns"])),
                    ("Bars needed at 95 %", formats.count(luck["minimum_track_record_length"])),
                    ("Skewness", formats.ratio(luck["skewness"])),
                    ("Kurtosis, normal is 3", formats.ratio(luck["raw_kurtosis"])),
                ]
            ),
            html.P(
                "Bailey and López de Prado 2014, Journal of Portfolio Management 40(5).", className="muted small mt-3"
            ),
        ]
    )


def _choice(result: ResultView, theme: Theme) -> list[Component]:
    honesty = result.facts["honesty"]
    if "overfitting" not in honesty:
        return [empty_state("shuffle", _OLDER, small=True)]
    found = honesty["overfitting"]
    if found is None:
        n_later = (honesty.get("nested") or {}).get("n_later_trials", 0)
        n_trials = formats.plural(honesty["luck"]["n_trials"] - n_later, "trial")
        sentence = f"{n_trials} cannot be ranked against each other in a way that says much; it takes five."
        return [empty_state("shuffle", sentence, small=True)]
    figure = figures.choice_logits(result.frames["overfitting"], theme=theme)
    return [
        html.P(choice_in_words(found, result.facts.get("sweep"))),
        chart("analysis-choice", figure, label="Rank out of sample of the trial that was best in sample"),
        facts(
            [
                ("Probability of overfitting", formats.p_value(found["probability"])),
                ("Probability of loss", formats.p_value(found["probability_of_loss"])),
                ("Slope, later over earlier Sharpe ratio", formats.ratio(found["slope"], signed=True)),
                ("Its R²", formats.ratio(found["r_squared"])),
            ]
        ),
        html.P(
            "Bailey, Borwein, López de Prado and Zhu 2017, Journal of Computational Finance 20(4).",
            className="muted small mt-3",
        ),
    ]


def _paths(result: ResultView, theme: Theme) -> list[Component]:
    found = result.facts["honesty"].get("paths")
    if found is None:
        sentence = (
            "A rule of prices alone learns nothing, so there is nothing to leave out: it has one path."
            if not result.facts["honesty"]["purge"]
            else "The traded curve is one path through history. Ask for groups of paths, in New analysis under "
            "Overfitting, to see how the same model does on others."
        )
        return [empty_state("signpost-split", sentence, small=True)]
    choice = found["overfitting"]
    by_paths = [("Probability of overfitting, by paths", formats.p_value(choice["probability"]))] if choice else []
    # Answers from before it was said have none.
    seen = (
        [("Of all bars, seen by the choice", formats.percent(found["share_seen"], 0))] if "share_seen" in found else []
    )
    walked = result.frames["paths"]
    return [
        html.P(paths_in_words(found), className="measure"),
        html.Div(
            [
                chart("analysis-paths", figures.path_fan(walked, theme=theme), label="Growth on each path"),
                chart(
                    "analysis-path-sharpes",
                    figures.path_distribution(
                        found["sharpe_ratios"], result.facts["honesty"]["luck"]["sharpe_ratio"], theme=theme
                    ),
                    label="Sharpe ratios of the paths",
                ),
            ],
            className="grid-2",
        ),
        facts(
            [
                ("Median Sharpe ratio, a bar", formats.number(found["median"], 4)),
                ("Paths", formats.count(found["n_paths"])),
                ("Bars", formats.count(found["n_bars"])),
                *seen,
                *by_paths,
            ]
        ),
        html.P(
            "Without costs, of models that have seen bars on both sides. López de Prado 2018, Advances in Financial "
            "Machine Learning, chapter 12.",
            className="muted small mt-3",
        ),
    ]


def _chance_runs(result: ResultView, theme: Theme) -> list[Component]:
    found = result.facts["honesty"].get("chance_runs")
    if found is None:
        sentence = (
            "A rule of prices alone chooses no model: Chance alone above is all that there is to repeat."
            if not result.facts["honesty"]["purge"]
            else "The choice of the model is part of what luck can do. Ask for chance runs, in New analysis under "
            "Overfitting, to repeat it where there is nothing to find."
        )
        return [empty_state("dice-5", sentence, small=True)]
    drawn = result.frames["chance_runs"]
    title = in_a_sentence(SCORES[found["score_name"]].title)
    pictures = [
        chart(f"analysis-chance-{name}", figure, label=f"{said} of the chance runs")
        for name, said, column, observed in (
            ("score", SCORES[found["score_name"]].title, "score", found["score"]),
            ("sharpe", "Sharpe ratio, a bar", "sharpe_ratio", found["sharpe_ratio"]),
        )
        if (figure := _of_runs(drawn[column].to_numpy(), observed, said, theme)) is not None
    ]
    return [
        html.P(chance_runs_in_words(found, title), className="measure"),
        html.Div(pictures, className="grid-2"),
        facts(
            [
                ("Runs", formats.count(found["n_runs"])),
                ("Of them without a model that fits", formats.count(found["n_failed"])),
                ("Order of the outcomes", found["order"]),
                ("Bars of a block, about", formats.number(found["mean_block_bars"], 0)),
            ]
        ),
        html.P(
            "Without costs. Ojala and Garriga 2010, JMLR 11; White 2000, Econometrica 68(5).",
            className="muted small mt-3",
        ),
    ]


def _of_runs(drawn: NDArray[np.float64], observed: float | None, said: str, theme: Theme) -> Figure | None:
    if not np.isfinite(drawn).any():
        return None
    return figures.chance_distribution(drawn, observed, theme=theme, title=said)


def _chance(result: ResultView, theme: Theme) -> list[Component]:
    honesty = result.facts["honesty"]
    if "null_test" not in honesty:
        return [empty_state("dice-5", _OLDER, small=True)]
    found = honesty["null_test"]
    if found is None:
        sentence = "It was switched off in the question, or too few bars were traded."
        return [empty_state("dice-5", sentence, small=True)]
    if found["p_value"] is None:
        return [empty_state("dice-5", chance_in_words(found), small=True)]
    drawn = result.frames["null_test"]["sharpe_ratio"].to_numpy()
    figure = figures.null_distribution(drawn, found["sharpe_ratio"], theme=theme)
    return [
        html.P(chance_in_words(found)),
        chart("analysis-chance", figure, label="Sharpe ratios on returns in another order"),
        html.P("Without costs. Politis and Romano 1994, JASA 89(428).", className="muted small mt-3"),
    ]

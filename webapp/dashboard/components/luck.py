"""What luck explains of an answer: how many trials it took, what choosing is worth, and what chance does."""

from collections.abc import Mapping
from typing import Any

from dash import html
from dash.development.base_component import Component

from webapp import formats
from webapp.dashboard.components.cards import empty_state, facts, panel
from webapp.dashboard.components.charts import chart
from webapp.dashboard.figures import honesty as figures
from webapp.dashboard.figures.palette import Theme
from webapp.services.results import ResultView

FRAMES = ("overfitting", "null_test")

_CHANCE = 0.5  # choosing blindly, the chosen one is in the lower half every second time
_LITTLE = 0.05
_OLDER = "This answer is older than this test: run it again."


def panels(result: ResultView, theme: Theme) -> list[Component]:
    """Return one panel about the trials, one about the choice among them and one about the order of returns."""
    return [
        panel("Luck", _trials(result)),
        panel("Overfitting by choosing", *_choice(result, theme), note="PBO, the probability of backtest overfitting"),
        panel("Chance alone", *_chance(result, theme), note="the same signals on returns in another order"),
    ]


def choice_in_words(found: Mapping[str, Any]) -> str:
    """Return what the probability of backtest overfitting says, in one plain sentence."""
    share = formats.percent(found["probability"], 0)
    meaning = (
        "the choice carried over to bars that it had not seen"
        if found["probability"] < _LITTLE
        else "choosing was better than taking any"
        if found["probability"] < _CHANCE
        else "choosing by the past was no better than taking any"
    )
    return (
        f"The best of {found['n_trials']:,} trials on one half of the training span was no better than the middle one "
        f"on the other half in {share} of {found['n_combinations']:,} ways to halve it: {meaning}."
    )


def chance_in_words(found: Mapping[str, Any]) -> str:
    """Return what the null test says, in one plain sentence."""
    if found["p_value"] is None:
        return "Nothing was held, so there is nothing that chance could do as well."
    chance = f"{found['p_value']:.3f}" if found["p_value"] < _LITTLE else f"{found['p_value']:.2f}"
    verdict = (
        "the signals came at better times than chance" if found["p_value"] <= _LITTLE else "chance does this easily"
    )
    return (
        f"With the traded returns in another order, in blocks of about {found['mean_block_bars']:.0f} bars, the same "
        f"signals earned as much for their risk with a probability of {chance} "
        f"({found['n_resamples']:,} resamples): {verdict}."
    )


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
                    ("Independent trials they amount to", formats.number(effective, 1)),
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
        n_trials = formats.plural(honesty["luck"]["n_trials"], "trial")
        sentence = f"{n_trials} cannot be ranked against each other in a way that says much; it takes five."
        return [empty_state("shuffle", sentence, small=True)]
    figure = figures.choice_logits(result.frames["overfitting"], theme=theme)
    return [
        html.P(choice_in_words(found)),
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

"""The verdict: what a careful colleague would say about a run, in a sentence or two."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

# A run is called distinguishable from luck from this deflated Sharpe ratio on: a curve without any skill would pass one
# time in twenty.
CONFIDENT = 0.95


@dataclass(frozen=True)
class Evidence:
    """What the verdict rests on. Ratios are annualised, returns are totals; None is unknown.

    `audit_failure` is the first finding of the look-ahead audit in words, or None if there is none; `is_audited` says
    whether it ran. `n_trials` are those of this question; `n_signals` counts the bars with a signal to hold something.
    `is_rule` says that nothing was learned, so that the curve is of the whole range. `chance_score` is what the shares
    of the classes alone get, where that, and no target, is what the score missed. `n_combinations` are those of a
    sweep, and `chosen_until` the last close that the choice among them saw, None if it saw all.
    """

    n_signals: int
    n_trades: int
    n_trials: int
    ruined_at: str | None
    total_return: float | None
    benchmark_return: float | None
    sharpe_ratio: float | None
    benchmark_sharpe_ratio: float | None
    deflated_sharpe_ratio: float | None
    score_title: str
    score: float | None
    target: float | None
    target_met: bool | None
    is_audited: bool
    audit_failure: str | None
    is_rule: bool = False
    n_combinations: int = 0
    chosen_until: str | None = None
    chance_score: float | None = None


def verdict(evidence: Evidence) -> Mapping[str, Any]:
    """Say whether to believe a run.

    Parameters
    ----------
    evidence : Evidence
        What was measured.

    Returns
    -------
    dict
        `level`: `not_credible`, `ruined`, `no_trades`, `luck`, `behind_benchmark` or `promising`; `text`: the verdict
        in words; `is_credible`: whether the audit passed, None if it did not run.
    """
    level, text = _judge(evidence)
    remarks = [text]
    if evidence.chance_score is not None:
        remarks.append(
            f"The best model is at the validation target, but its {evidence.score_title} is no better than the "
            f"{evidence.chance_score:.3f} of a forecast that knows the shares of the classes only."
        )
    elif evidence.target_met is False and evidence.target is not None:
        best = "no score" if evidence.score is None else f"the best reached {evidence.score:.3f}"
        remarks.append(
            f"No model met the validation target of {evidence.target:g} for the {evidence.score_title}; {best}."
        )
    if not evidence.is_audited:
        remarks.append("The run was not audited for look-ahead.")
    if evidence.chosen_until is not None:
        remarks.append(
            f"The best of {_count(evidence.n_combinations, 'combination')} was chosen on bars up to "
            f"{evidence.chosen_until[:10]}; the curve is of the bars after them."
        )
    elif evidence.n_combinations:
        remarks.append(
            f"The curve is of the bars on which it was chosen as the best of "
            f"{_count(evidence.n_combinations, 'combination')}: only the deflated Sharpe ratio allows for that."
        )
    elif evidence.is_rule:
        remarks.append(
            "The curve covers the whole range: a rule has no bars that it was kept from, and whoever chose it may have "
            "seen them all."
        )
    is_credible = None if not evidence.is_audited else evidence.audit_failure is None
    return {"level": level, "text": " ".join(remarks), "is_credible": is_credible}


def _judge(evidence: Evidence) -> tuple[str, str]:
    if evidence.audit_failure is not None:
        return "not_credible", f"Not credible: {evidence.audit_failure}"
    if evidence.ruined_at is not None:
        return "ruined", f"The account was ruined on {evidence.ruined_at[:10]}: its equity fell to zero or below."
    if evidence.n_trades == 0:
        return "no_trades", f"Nothing was traded: {_why_nothing_was_traded(evidence)}"
    return _judge_curve(evidence)


def _judge_curve(evidence: Evidence) -> tuple[str, str]:
    deflated = evidence.deflated_sharpe_ratio
    shown = "unknown" if deflated is None else f"{deflated:.2f}"
    found = f"deflated Sharpe {shown} after {_count(evidence.n_trials, 'trial')} of this question"
    if deflated is None or deflated < CONFIDENT:
        return "luck", f"Not distinguishable from luck: {found}."
    if _is_at_most(evidence.total_return, evidence.benchmark_return):
        return "behind_benchmark", f"Unlikely to be luck ({found}), but holding the benchmark earned more."
    if _is_at_most(evidence.sharpe_ratio, evidence.benchmark_sharpe_ratio):
        text = f"Unlikely to be luck ({found}), but it earned no more for its risk than holding the benchmark."
        return "behind_benchmark", text
    return "promising", f"Worth a closer look: {found}, ahead of the benchmark in return and for its risk."


def _why_nothing_was_traded(evidence: Evidence) -> str:
    if evidence.n_signals == 0:
        return "the rule gave no signal." if evidence.is_rule else "no prediction crossed an entry threshold."
    return (
        "signals came, but none could be filled: too little money for a whole share, a size of zero, or only at the "
        "last bar."
    )


def _is_at_most(own: float | None, other: float | None) -> bool:
    return own is not None and other is not None and own <= other


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number:,} {noun}s"

"""What a question will cost, in fits of models."""

import datetime
from collections.abc import Mapping
from dataclasses import dataclass
from math import comb

from quant.spec import AnalysisSpec
from quant.strategies.combinations import combine
from quant.strategies.sweep_catalog import MOST_COMBINATIONS
from quant.validation.selection import LEAST_TRIALS
from webapp.formats import plural


@dataclass(frozen=True)
class Coverage:
    """Which sessions of an instrument there are, and how many bars."""

    first_session: datetime.date
    last_session: datetime.date
    n_bars: int


@dataclass(frozen=True)
class RuleEstimate:
    """On how many bars a rule is traded, and how many combinations of it are tried; no sweep: none.

    `n_chosen_by` counts the bars before those of the curve that the choice among them sees; 0: the same.
    """

    n_combinations: int
    n_bars: int
    n_chosen_by: int
    n_curve: int
    warm_up: int

    def in_words(self) -> list[str]:
        """Return the estimate as short sentences."""
        if not self.n_curve:
            few = f"{plural(self.n_bars, 'bar')} are too few for a rule that waits for {self.warm_up:,}."
            return [few]
        lines = [f"The first {plural(self.warm_up, 'bar')} of each instrument warm up."] if self.warm_up else []
        if self.n_combinations:
            tried = plural(self.n_combinations, "combination")
            lines.insert(0, f"{tried} of at most {MOST_COMBINATIONS:,}, each of them a trial in the ledger.")
            lines.append(
                f"Chosen on {plural(self.n_chosen_by, 'bar')}, and looked at on the {self.n_curve:,} after them."
                if self.n_chosen_by
                else f"Chosen and looked at on the same {plural(self.n_curve, 'bar')}."
            )
        else:
            lines.append(f"{plural(self.n_curve, 'bar')} traded, of {self.n_bars:,}; nothing is fitted.")
        return lines


@dataclass(frozen=True)
class Estimate:
    """How many models a question fits.

    `n_bars` is the most any instrument has in the asked span; `n_traded_bars` is what remains after warm-up and the
    first training window, zero if nothing does. `slowest` is the feature that has to warm up longest.
    """

    n_bars: int
    n_traded_bars: int
    n_judging_fits: int
    n_walk_forward_fits: int
    most_tuning_fits: int
    n_audit_fits: int
    n_path_fits: int
    n_chance_fits: int
    warm_up: int
    slowest: str

    @property
    def n_fits(self) -> int:
        """Fits that are made in any case."""
        always = self.n_judging_fits + self.n_walk_forward_fits + 1 + self.n_audit_fits  # one: the final model
        return always + self.n_path_fits + self.n_chance_fits

    def in_words(self) -> list[str]:
        """Return the estimate as short sentences."""
        if not self.n_traded_bars:
            too_few = (
                f"{plural(self.n_bars, 'bar')} are too few: nothing is left to trade after the warm-up and the first "
                "training window. Shorten the training window or choose more sessions."
            )
            return [too_few]
        parts = [
            f"{self.n_judging_fits:,} to choose the model",
            f"{self.n_walk_forward_fits:,} walking forward",
            "1 for the latest prediction",
            f"{self.n_audit_fits} for the audit",
            *([f"{self.n_path_fits:,} for paths"] if self.n_path_fits else []),
            *([f"{self.n_chance_fits:,} for chance runs"] if self.n_chance_fits else []),
        ]
        lines = [f"{plural(self.n_fits, 'fit')} in any case: {', '.join(parts)}."]
        if self.most_tuning_fits:
            lines.append(
                f"Up to {plural(self.most_tuning_fits, 'more fit', 'more fits')} if no model meets the target."
            )
        lines.append(
            f"The first {plural(self.warm_up, 'bar')} of each instrument warm up, the longest for {self.slowest}."
        )
        lines.append(f"{plural(self.n_traded_bars, 'bar')} traded out of sample, of {self.n_bars:,}.")
        return lines


def estimate(spec: AnalysisSpec, coverage: Mapping[str, Coverage]) -> Estimate | RuleEstimate | None:
    """Return what a question will cost, or None if no instrument's sessions are known.

    Parameters
    ----------
    spec : AnalysisSpec
        The question.
    coverage : mapping of str to Coverage
        Sessions by symbol.

    Returns
    -------
    Estimate, RuleEstimate or None
        Days inside the asked dates are counted by their share of the covered ones; longer bars by how many they aim at.
    """
    known = [coverage[each.symbol] for each in spec.instruments if each.symbol in coverage]
    if not known:
        return None
    n_days = max(_bars_between(each, spec.start, spec.end) for each in known)
    n_bars = n_days // spec.bars.days_of_one
    if spec.rule is not None:
        return _of_rule(spec, n_bars)
    validation = spec.validation
    remaining = n_bars - spec.warm_up - validation.train_bars
    n_traded = max(0, remaining)
    n_walks = -(-n_traded // validation.test_bars)
    tunes = spec.tuning.enabled and validation.target is not None
    # Where each fold chooses anew, so does the final model. A chance run repeats all of choosing and walking forward.
    n_judging = len(spec.models) * validation.n_folds * (n_walks + 1 if validation.nested else 1)
    asked = spec.overfitting
    n_walkers = len(spec.models) if len(spec.models) >= LEAST_TRIALS else 1
    return Estimate(
        n_bars=n_bars,
        n_traded_bars=n_traded,
        n_judging_fits=n_judging,
        n_walk_forward_fits=n_walks,
        most_tuning_fits=spec.tuning.n_trials * validation.n_folds * (n_walks + 1 if validation.nested else 1)
        if tunes
        else 0,
        n_path_fits=n_walkers * comb(asked.path_groups, asked.path_test_groups) if asked.path_groups else 0,
        n_chance_fits=asked.n_chance_runs * (n_judging + n_walks),
        warm_up=spec.warm_up,
        slowest=max(spec.features, key=lambda feature: feature.settled_after).title,
        n_audit_fits=min(spec.audit.n_cuts, n_traded) if spec.audit.enabled else 0,
    )


def _of_rule(spec: AnalysisSpec, n_bars: int) -> RuleEstimate:
    n_left = max(0, n_bars - spec.warm_up)
    n_held_out = int(spec.sweep.held_out * n_left) if spec.rule is not None and spec.sweep.is_used else 0
    return RuleEstimate(
        n_combinations=len(combine(spec.rule, spec.sweep.axes)) if spec.rule is not None and spec.sweep.is_used else 0,
        n_bars=n_bars,
        n_chosen_by=n_left - n_held_out if n_held_out else 0,
        n_curve=n_held_out or n_left,
        warm_up=spec.warm_up,
    )


def _bars_between(covered: Coverage, start: datetime.date | None, end: datetime.date | None) -> int:
    first = max(start or covered.first_session, covered.first_session)
    last = min(end or covered.last_session, covered.last_session)
    span = (covered.last_session - covered.first_session).days + 1
    asked = (last - first).days + 1
    return max(0, round(covered.n_bars * asked / span)) if asked > 0 else 0

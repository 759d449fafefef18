"""Which combination of a rule's numbers: all are measured, in chunks that others may help with, and the best is chosen.

The choice sees the first part of the bars only, unless the question holds none out. What it sees is the same whoever
computes which chunk: chunks are cut by the question and its prices alone.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from quant.backtest.alignment import Bars, align
from quant.backtest.engine import run_backtest
from quant.backtest.quick_account import MEASURES
from quant.backtest.trades import trades_from_fills
from quant.calendars import counted_periods_per_year
from quant.errors import NotEnoughData
from quant.frames import Prices
from quant.preparation import CleanPrices, bars_asked
from quant.result import TriedModel
from quant.returns import RETURN_ROUNDING, per_period_rate
from quant.spec import AnalysisSpec
from quant.stages import Json, Peers, StageOutput, StageStore, Step, obtain, stage_key
from quant.strategies.combinations import Combinations, combine
from quant.strategies.sweep_catalog import SweepSpec
from quant.sweeping import LEAST_BARS, sweep_rule, why_not_quick
from quant.trading import decide_by_rule
from quant.validation.likeness import weekly_shape
from quant.watcher import Watcher

KIND = "sweep"  # of the trials
SAMPLE = 100  # combinations whose returns are kept, to see how alike they are
STAGE_VERSION = 2
# A chunk takes about a second: bars of all its combinations, or whole accounts.
_QUICK_BARS, _WHOLE_ACCOUNTS = 200_000_000, 256


@dataclass(frozen=True)
class BestRule:
    """What a sweep found.

    Attributes
    ----------
    spec : AnalysisSpec
        The question with the best combination as its rule, and no sweep.
    start : Timestamp
        The close from which on its curve runs.
    trials : list of TriedModel
        All combinations, in their order.
    best : TriedModel
        The best of them.
    frame : DataFrame of shape (n_combinations, n_axes + 6)
        Numbers of each combination by name, then its measures, as `quant.sweeping.sweep_rule` defines them.
    facts : dict of str to JSON
        `axes` (of each `parameter` and `values`), `n_combinations`, `choose_by`, `best` (its numbers by name) and
        `measures`, `n_bars`, `first_at` and `last_at` of the bars that the choice saw, `held_out` (whether the curve is
        of others), `n_sampled` (combinations of which overfitting and the effective number of trials are told) and
        `slowly_because`, in words, None if it was compiled.
    """

    spec: AnalysisSpec
    start: pd.Timestamp
    trials: list[TriedModel]
    best: TriedModel
    frame: pd.DataFrame
    facts: Mapping[str, Json]


@dataclass(frozen=True)
class RuleChoice:
    """A sweep of one question.

    Attributes
    ----------
    spec : AnalysisSpec
        The question, which has a rule and a sweep with axes.
    clean : CleanPrices
        Its prices.
    periods_per_year : float
        Bars a year.
    keys : mapping of str to str
        That of the prices.
    n_jobs : int
        Threads that measure side by side.
    """

    spec: AnalysisSpec
    clean: CleanPrices
    periods_per_year: float
    keys: Mapping[str, str]
    n_jobs: int = 1

    def choose(self, store: StageStore, peers: Peers, watcher: Watcher) -> BestRule:
        """Measure all combinations and choose the best.

        Parameters
        ----------
        store : StageStore
            Where chunks are kept.
        peers : Peers
            Who else may be computing some.
        watcher : Watcher
            Who is told.

        Returns
        -------
        BestRule
            The best by the measure of the question; of equals the first.

        Raises
        ------
        NotEnoughData
            If the slowest combination, or what is held out, leaves too few bars.
        """
        combinations, steps = self.combinations, self.steps()
        watcher.at("tune", 0.0, f"Trying {len(combinations):,} combinations of {type(combinations.rule).title!r}.")
        measured = []
        try:
            for number, step in enumerate(steps):
                # Each time anew: whether help is worth it is known once a chunk has been timed.
                peers.offer({later.key: later.kind for later in steps[number + 1 :]})
                measured.append(obtain(store, peers, step, *steps[number + 1 :]).frames["measures"])
                watcher.at("tune", (number + 1) / len(steps))
        finally:
            peers.withdraw()
        return self._best(pd.concat(measured, ignore_index=True))

    def steps(self) -> list[Step]:
        """Return the chunks as stages."""
        n_each = _WHOLE_ACCOUNTS if self.slowly_because else max(1, _QUICK_BARS // len(self._bars.timestamps))
        begins = range(0, len(self.combinations), n_each)
        return [self._step(slice(begin, min(begin + n_each, len(self.combinations)))) for begin in begins]

    @cached_property
    def combinations(self) -> Combinations:
        """What is tried."""
        if self.spec.rule is None:
            raise TypeError(f"Expected a question of a rule; found {type(self.spec.strategy).__name__}.")
        return combine(self.spec.rule, self.spec.sweep.axes)

    @cached_property
    def _warm_up(self) -> int:
        return self.combinations.warm_up

    @cached_property
    def slowly_because(self) -> str | None:
        """Why combinations run as whole accounts instead of compiled together; None if they do not."""
        return why_not_quick(self.combinations, self.spec.backtest, len(self.clean.raw))

    @cached_property
    def last(self) -> pd.Timestamp:
        """The last close that the choice sees."""
        first = self._warm_up
        indexes = [prices.index[first:].to_numpy(dtype="datetime64[us]") for prices in self.clean.adjusted.values()]
        moments = np.unique(np.concatenate(indexes))
        n_seen = len(moments) - int(self.spec.sweep.held_out * len(moments))
        if min(n_seen, len(moments) - n_seen if self.spec.sweep.held_out else n_seen) < LEAST_BARS:
            raise NotEnoughData(
                f"Expected at least {LEAST_BARS} bars to choose by and as many held out, after the {first} that the "
                f"slowest combination waits for; found {n_seen} and {len(moments) - n_seen}. Use a longer history or "
                "shorter windows."
            )
        return pd.Timestamp(moments[n_seen - 1], tz="UTC")

    @cached_property
    def _seen(self) -> tuple[dict[int, Prices], dict[int, Prices]]:
        """Raw and adjusted prices up to the last close that the choice sees."""
        raw, adjusted = (
            {place: prices.loc[: self.last] for place, prices in each.items()}
            for each in (self.clean.raw, self.clean.adjusted)
        )
        return raw, adjusted

    @cached_property
    def _bars(self) -> Bars:
        return align(self._seen[0])

    @cached_property
    def _risk_free(self) -> float:
        counted = self.spec.bars.interval is None  # then only what the choice sees may be
        a_year = counted_periods_per_year(self._seen[1][0].index) if counted else self.periods_per_year
        return per_period_rate(self.spec.risk.risk_free_annual, a_year)

    def _step(self, part: slice) -> Step:
        spec = self.spec
        asked = {
            "instruments": [f"{item.source}:{item.symbol}" for item in spec.instruments],
            "cleaning": spec.cleaning.model_dump(mode="json"),
            "span": [str(spec.start), str(spec.end)],
            "rule": [type(self.combinations.rule).version, spec.strategy.model_dump(mode="json")],
            "sweep": spec.sweep.model_dump(mode="json", exclude={"choose_by"}),
            "account": [spec.backtest.model_dump(mode="json"), spec.allocation.model_dump(mode="json")],
            "risk_free_annual": spec.risk.risk_free_annual,
            "chunk": [part.start, part.stop],
            **bars_asked(spec),
        }
        key = stage_key("sweep", version=STAGE_VERSION, spec=asked, inputs={"prices": self.keys["prices"]})
        size = len(self._bars.timestamps).bit_length()
        how = "whole" if self.slowly_because else "quick"
        return Step(key, f"sweep {how} {size}", lambda: StageOutput({"measures": self.measure(part)}))

    def measure(self, part: slice) -> pd.DataFrame:
        """Return the measures of some combinations, on the bars that the choice sees."""
        if self.slowly_because is not None:
            rows = [self.account(number)[0] for number in range(len(self.combinations))[part]]
            return pd.DataFrame(rows, columns=list(MEASURES))
        raw, adjusted = self._seen
        return sweep_rule(
            self.combinations,
            raw[0],
            adjusted[0],
            self.spec.backtest,
            periods_per_year=self.periods_per_year,
            risk_free=self._risk_free,
            part=part,
            n_threads=self.n_jobs,
        )

    def account(self, number: int) -> tuple[list[float], pd.Series]:
        """Return the measures and the returns of a combination's whole account, on the bars that the choice sees."""
        decisions = decide_by_rule(self._alone(number), self._seen[1], self.periods_per_year)
        outcome = run_backtest(self._bars, decisions, self.spec.backtest)
        equity = outcome.equity.iloc[1:]
        excess = (equity["return"] - self._risk_free).dropna()
        deviation = excess.std(ddof=1)
        curve = outcome.equity["equity"]
        held = equity["exposure"].dropna() > 0.0
        measures = [
            excess.mean() / deviation if deviation > RETURN_ROUNDING else np.nan,
            curve.iloc[-1] / self.spec.backtest.initial_cash - 1.0,
            (curve / curve.cummax() - 1.0).min(),
            len(trades_from_fills(outcome)),
            equity["turnover"].sum(),
            held.mean(),
        ]
        return [float(measure) for measure in measures], equity["return"]

    def _alone(self, number: int) -> AnalysisSpec:
        """Return the question of one combination."""
        return self.spec.model_copy(update={"strategy": self.combinations.entry(number), "sweep": SweepSpec()})

    def _best(self, measures: pd.DataFrame) -> BestRule:
        spec, combinations = self.spec, self.combinations
        scores = measures[spec.sweep.choose_by].to_numpy()
        chosen = int(np.argmax(np.where(np.isnan(scores), -np.inf, scores)))
        sampled = sorted({*np.linspace(0, len(combinations) - 1, SAMPLE).astype(int).tolist(), chosen})
        earned = {number: np.nan_to_num(self.account(number)[1].to_numpy()) for number in sampled}
        trials = [self._trial(number, scores[number], measures, earned) for number in range(len(combinations))]
        numbers = {
            name: [combinations.parameters(number)[name] for number in range(len(combinations))]
            for name in combinations.names
        }
        is_held_out = spec.sweep.held_out > 0.0
        first = self._bars.timestamps[self._first_row]
        facts: dict[str, Json] = {
            "axes": [
                {"parameter": axis.parameter, "values": sorted(set(numbers[axis.parameter]))}
                for axis in spec.sweep.axes
            ],
            "n_combinations": len(combinations),
            "choose_by": spec.sweep.choose_by,
            "best": combinations.parameters(chosen),
            "measures": {name: _known(measures[name].iloc[chosen]) for name in MEASURES},
            "n_bars": len(earned[chosen]) + 1,
            "first_at": first.isoformat(),
            "last_at": self.last.isoformat(),
            "held_out": is_held_out,
            "n_sampled": len(sampled),
            "slowly_because": self.slowly_because,
        }
        start = self.last if is_held_out else first
        frame = pd.DataFrame(numbers).join(measures)
        return BestRule(self._alone(chosen), start, trials, trials[chosen], frame, facts)

    @cached_property
    def _first_row(self) -> int:
        """The row of the first bar at which any instrument may be acted upon."""
        first = min(prices.index[self._warm_up] for prices in self._seen[1].values())
        return int(self._bars.timestamps.searchsorted(first))

    def _trial(self, number: int, score: float, measures: pd.DataFrame, earned: Mapping[int, np.ndarray]) -> TriedModel:
        returns = earned.get(number)
        rule, waits = self.combinations.rule, {"wait_bars": self._warm_up}
        asked = rule.model_dump(mode="json", exclude={"name"}) | self.combinations.parameters(number) | waits
        return TriedModel(
            number=number,
            kind=KIND,
            model=rule.name,  # type: ignore[attr-defined]  # every entry has a name
            parameters=asked,
            score_name=self.spec.sweep.choose_by,
            score=_known(score),
            fold_scores=(),
            sharpe_ratio=_known(measures["sharpe_ratio"].iloc[number]),
            earned=returns,
            weeks=None if returns is None else weekly_shape(self._bars.timestamps[self._first_row + 1 :], returns),
        )


def _known(value: float) -> float | None:
    return None if np.isnan(value) else float(value)

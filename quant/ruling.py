"""A question about a rule of prices alone, from clean prices to the answer.

There is nothing to learn, so there is no training span and no fold: the curve is that of the whole range, from the
first bar at which the rule may be acted upon. Nobody says which of these bars whoever chose the rule had seen; the
verdict says so. If numbers of the rule are varied, the best combination is chosen first, on bars before the curve.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from quant import report
from quant.audit import BARS, REMOVED, REPLACED, Pair, bar_pairs, compare, evenly, trading_on, until, with_later
from quant.backtest.engine import run_backtest
from quant.errors import NotEnoughData
from quant.luck import Finding, resample
from quant.preparation import CleanPrices, Instrument, clean_prices, next_bar_returns
from quant.result import AnalysisResult, TriedModel
from quant.rule_choice import RuleChoice
from quant.spec import AnalysisSpec
from quant.stages import Json, Peers, StageStore
from quant.trading import Book, decide_by_rule, trade
from quant.validation.likeness import weekly_shape
from quant.validation.overfitting import return_moments
from quant.watcher import Watcher

LEAST_BARS = 3  # two returns, without which nothing has a deviation
_PARTS = ("signals", "account")


@dataclass(frozen=True)
class Ground:
    """What a rule is asked about."""

    instruments: Sequence[Instrument]
    clean: CleanPrices
    periods_per_year: float
    keys: Mapping[str, str]
    store: StageStore
    peers: Peers
    n_jobs: int = 1

    def choice(self, spec: AnalysisSpec) -> RuleChoice:
        """Return the sweep of the question."""
        return RuleChoice(spec, self.clean, self.periods_per_year, self.keys, self.n_jobs)


def answer_by_rule(spec: AnalysisSpec, ground: Ground, watcher: Watcher) -> AnalysisResult:
    """Answer a question of a rule alone.

    Parameters
    ----------
    spec : AnalysisSpec
        The question, which has a `rule`.
    ground : Ground
        Instruments and clean prices.
    watcher : Watcher
        Who is told about progress, and of the trial.

    Returns
    -------
    AnalysisResult
        As of a question with a model, without what only a model has.

    Raises
    ------
    NotEnoughData
        If the rule needs more bars than there are.

    Notes
    -----
    Timing: the signal at `t` uses prices up to the close of `t` and is filled at the next open.
    """
    clean, q = ground.clean, ground.periods_per_year
    found = ground.choice(spec).choose(ground.store, ground.peers, watcher) if spec.sweep.is_used else None
    alone, start = (spec, None) if found is None else (found.spec, found.start)
    watcher.at("strategy", 0.0)
    decisions = _decided(alone, clean, q, start)
    watcher.at("backtest", 0.0)
    book = trade(alone, clean, decisions)
    watcher.at("risk", 0.0)
    trials = [_trial(spec, book)] if found is None else found.trials
    watcher.tried(trials)
    null = resample(spec, decisions["signal"], next_bar_returns(clean.adjusted))
    audit = audit_rule(alone, ground, decisions, book.equity, watcher) if spec.audit.enabled else None
    watcher.at("report", 0.0)
    return report.assemble(
        report.Material(
            spec=spec,
            instruments=ground.instruments,
            clean=clean,
            labels=decisions,
            folds=(),
            purged_folds=(),
            chance_score=None,
            trials=trials,
            best=trials[0] if found is None else found.best,
            tuning={"started": False, "n_trials": 0, "target_met_before": None, "target_met": None},
            judged=_judged(spec, clean, decisions),
            decisions=decisions,
            book=book,
            importance=None,
            explained={},
            certificates={},
            audit=audit,
            null=null,
            asked={},
            periods_per_year=q,
            stage_keys=ground.keys,
            swept=Finding() if found is None else Finding(dict(found.facts), {"sweep": found.frame}),
        )
    )


def audit_rule(
    spec: AnalysisSpec, ground: Ground, decisions: pd.DataFrame, equity: pd.DataFrame, watcher: Watcher
) -> Mapping[str, Json]:
    """Repeat signals and account on history that is cut off, and on history that went on otherwise, and compare.

    Parameters
    ----------
    spec : AnalysisSpec
        The question.
    ground : Ground
        What it was asked about.
    decisions, equity : DataFrame
        What the run decided, and its account.
    watcher : Watcher
        Who is told.

    Returns
    -------
    dict
        JSON facts, as `quant.audit.look_ahead_audit` returns them. Everything is repeated both ways at each cut.

    Notes
    -----
    Timing: equality is of bits. A cut before which an instrument of the question has not begun is left out.
    """
    bars = decisions.index.unique("timestamp").sort_values()
    begun = max(prices.index[0] for prices in ground.clean.raw.values())
    inside = bars[(bars > begun)][:-1]
    cuts = list(evenly(inside, spec.audit.n_cuts + 2)[1:-1] if len(inside) > spec.audit.n_cuts + 1 else inside)
    compared = dict.fromkeys((BARS, *_PARTS) if spec.bars.gathers else _PARTS, 0)
    differences = []
    for number, cut in enumerate(cuts, start=1):
        for later in (REMOVED, REPLACED):
            history = {place: with_later(item, cut, later, spec.seed) for place, item in enumerate(ground.instruments)}
            clean = clean_prices(spec, history, is_repeat=True, known_until=cut)
            pairs = bar_pairs(spec, ground.clean, clean, cut)
            if not any(compare(*pair, cut) for pair in pairs):  # or all that follows would be of other rows
                pairs += _decided_again(spec, ground, clean, decisions, equity, cut)
            for part, expected, repeated in pairs:
                compared[part] += int(repeated.size)
                differences += compare(part, expected, repeated, cut, later)
        watcher.at("audit", number / len(cuts))
    return {
        "passed": not differences,
        "cuts": [cut.isoformat() for cut in cuts],
        "n_replaced": len(cuts),
        "n_signal_cuts": 0,
        "compared": compared,
        "differences": [{**vars(difference), "in_words": difference.in_words()} for difference in differences],
    }


def _decided_again(
    spec: AnalysisSpec,
    ground: Ground,
    clean: CleanPrices,
    decisions: pd.DataFrame,
    equity: pd.DataFrame,
    cut: pd.Timestamp,
) -> list[Pair]:
    """Return what the run decided and had up to the cut, and what it decides and has by another history."""
    found = decide_by_rule(spec, clean.adjusted, ground.periods_per_year).loc[decisions.index[0][0] :]
    account = run_backtest(clean.raw, found, spec.backtest, trading_on=trading_on(ground.clean, cut)).equity
    return [
        ("signals", until(decisions, cut, clean.raw), until(found, cut, clean.raw)),
        ("account", equity.loc[:cut], account.loc[:cut]),
    ]


def _decided(
    spec: AnalysisSpec, clean: CleanPrices, periods_per_year: float, start: pd.Timestamp | None
) -> pd.DataFrame:
    decisions = decide_by_rule(spec, clean.adjusted, periods_per_year)
    if start is not None:
        decisions = decisions.loc[start:]
    n_bars = len(decisions.index.unique("timestamp"))
    if n_bars < LEAST_BARS:
        longest = max(map(len, clean.adjusted.values()))
        raise NotEnoughData(
            f"Expected at least {LEAST_BARS} bars after the {spec.warm_up} that the rule waits for; found {n_bars} "
            f"of {longest}. Use a longer history or shorter windows."
        )
    return decisions


def _trial(spec: AnalysisSpec, book: Book) -> TriedModel:
    rule = spec.rule
    returns = book.equity["return"].to_numpy(dtype=np.float64)[1:]
    earned = np.nan_to_num(returns)  # after ruin there is nothing left to earn anything
    sharpe = return_moments(earned).sharpe
    known = None if np.isnan(sharpe) else float(sharpe)
    return TriedModel(
        number=0,
        kind="rule",
        model=rule.name,  # type: ignore[union-attr]  # every entry has a name
        parameters=rule.model_dump(mode="json", exclude={"name"}),  # type: ignore[union-attr]  # asked of rules only
        score_name="sharpe_ratio",
        score=known,
        fold_scores=(),
        sharpe_ratio=known,
        earned=earned,
        weeks=weekly_shape(pd.DatetimeIndex(book.equity.index[1:]), earned),
    )


def _judged(spec: AnalysisSpec, clean: CleanPrices, decisions: pd.DataFrame) -> report.Judged:
    """Return what there is to say beside the account: what to do next, and the prices of the curve."""
    nothing = pd.DataFrame(index=decisions.index)
    return report.Judged(
        predictions=nothing,
        intervals=nothing,
        outcomes=nothing,
        frames={
            "fold_scores": pd.DataFrame({"fold": pd.Series(dtype="int64"), "test_start": pd.Series(dtype="int64")}),
            "prices": report.prices_since(clean, decisions.index[0][0]),
        },
        facts={
            "scores": {},
            "score_intervals": {},
            "calibration": None,
            "intervals": None,
            "latest": _latest(spec, clean, decisions),
        },
    )


def _latest(spec: AnalysisSpec, clean: CleanPrices, decisions: pd.DataFrame) -> dict[str, Json]:
    """Return what the rule says at the last bar of each instrument that has it."""
    as_of = decisions.index[-1][0]
    last = decisions.loc[[as_of]]
    return {
        "as_of": as_of.isoformat(),
        "task": "rule",
        "horizon_bars": None,
        "level": None,
        "n_train": 0,
        "train_start": None,
        "train_end": None,
        "last_label_end": None,
        "predictions": [
            {
                "instrument": int(instrument),
                "symbol": spec.instruments[int(instrument)].symbol,
                "close": float(clean.raw[int(instrument)]["close"].iloc[-1]),
                "lower": None,
                "upper": None,
                "signal": int(signal),
            }
            for instrument, signal in zip(last.index.get_level_values("instrument"), last["signal"], strict=True)
        ],
    }

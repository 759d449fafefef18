"""The look-ahead audit: the run is repeated with another future, or with none, and must say the same up to the cut.

At several bars of the traded span everything after the bar is removed from the raw prices, and once more replaced by
other bars (`quant.scrambling`). Cleaning, longer bars, features, labels and the split are computed again from both, and
from one of them, in turns, also the model of the fold that was then in use (its scaler included), intervals, signals,
weights and the account: always by the functions that the run used. Whatever differs, by a single bit, used what came
later.

Removing finds what looks for bars that are not there; replacing finds what notices that they are missing, and behaves.

Signals are steps: one that peeks at the next bar shows it at few bars. So signals and weights, which cost little, are
repeated at many more: where they change, and evenly in between.

What is not repeated: the choice of the model, which sees training rows only (the purge certificate shows it), and folds
between the cuts.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from quant.backtest.engine import run_backtest
from quant.fitting import fit_folds
from quant.frames import Features, Labels, Predictions, Prices, known_at, to_panel
from quant.models.catalog import ModelEntry
from quant.preparation import (
    CleanPrices,
    Instrument,
    bar_returns,
    clean_prices,
    features_panel,
    labels_panel,
    samples,
    traded_folds,
    with_sides,
)
from quant.scrambling import scrambled_after
from quant.spec import AnalysisSpec
from quant.trading import decide
from quant.validation.intervals import prediction_intervals
from quant.validation.splits import Fold

REMOVED, REPLACED = "removed", "replaced"
BARS = "bars"  # a part of what is compared, if they were gathered from days
PARTS = ("features", "labels", "split", "predictions", "intervals", "signals", "account")
MOST_SIGNAL_CUTS = 256  # half a second for one instrument


@dataclass(frozen=True)
class Run:
    """What is audited: the inputs of a run and what it made of them."""

    spec: AnalysisSpec
    instruments: Sequence[Instrument]
    features: Features
    labels: Labels
    folds: Sequence[Fold]
    models: Mapping[int, ModelEntry]
    predictions: Predictions
    intervals: pd.DataFrame
    decisions: pd.DataFrame
    equity: pd.DataFrame
    periods_per_year: float


@dataclass(frozen=True)
class Difference:
    """A value that changed when later bars were removed or replaced: `later` says which."""

    part: str
    column: str
    first_bar: str
    cut: str
    n_values: int
    later: str = REMOVED

    def in_words(self) -> str:
        """Return one sentence for the verdict."""
        return f"{self.column} ({self.part}) at {self.first_bar[:10]} used what came after {self.cut[:10]}."


def look_ahead_audit(run: Run, *, on_cut: Callable[[int, int], None] | None = None) -> Mapping[str, Any]:
    """Repeat a run on shortened history, and on history that went on otherwise, and compare.

    Parameters
    ----------
    run : Run
        The run.
    on_cut : callable, default=None
        `on_cut(n_done, n_cuts)`, called after each cut, and with all done while signals are repeated: for progress, and
        for cancelling by raising.

    Returns
    -------
    dict
        JSON facts: `passed`; `cuts`, the timestamps; `n_replaced`, at how many of them all was repeated with other
        later bars, and not without any; `n_signal_cuts`, at how many more bars signals were repeated; `compared`, the
        number of values compared of each part; and `differences`, one a part, column, cut and kind of repeat: `part`,
        `column`, `first_bar`, `cut`, `n_values`, `later` (`removed` or `replaced`), `in_words`.

    Notes
    -----
    Timing: equality is of bits, so that a difference of one rounding, which a full-sample mean makes, is seen.
    """
    cuts = cut_bars(run)
    compared = dict.fromkeys((BARS, *PARTS) if run.spec.bars.gathers else PARTS, 0)
    differences: list[Difference] = []
    sampled = samples(run.spec, run.features, run.labels)[1]
    clean = clean_prices(run.spec, dict(enumerate(run.instruments)), is_repeat=True)
    for number, cut in enumerate(cuts, start=1):
        for later in (REMOVED, REPLACED):
            is_whole = later == (REMOVED if number % 2 else REPLACED)
            for part, expected, found in _repeat(run, clean, sampled, cut, later, is_whole=is_whole):
                compared[part] += int(found.size)
                differences += compare(part, expected, found, cut, later)
        if on_cut is not None:
            on_cut(number, len(cuts))
    signal_cuts = signal_cut_bars(run)
    for cut, expected, found in _repeat_signals(run, clean, signal_cuts):
        compared["signals"] += int(found.size)
        differences += compare("signals", expected, found, cut)
        if on_cut is not None:
            on_cut(len(cuts), len(cuts))
    return {
        "passed": not differences,
        "cuts": [cut.isoformat() for cut in cuts],
        "n_replaced": len(cuts) // 2,
        "n_signal_cuts": len(signal_cuts),
        "compared": compared,
        "differences": [{**vars(difference), "in_words": difference.in_words()} for difference in differences],
    }


def cut_bars(run: Run) -> list[pd.Timestamp]:
    """Return the bars at which history is cut off: evenly spread over the traded span, and well inside its folds.

    At the first bar of a fold there would be little to compare; at its last, a model that was fitted on its own test
    rows would look honest. The last bar of the traded span is left out: nothing comes after it.
    """
    fold_of = run.predictions["fold"].groupby(level="timestamp").first()
    places = (np.arange(run.spec.audit.n_cuts) + 0.5) / run.spec.audit.n_cuts * len(fold_of)
    chosen = fold_of.to_numpy()[places.astype(int)]
    cuts: set[pd.Timestamp] = set()
    for number, n_cuts in zip(*np.unique(chosen, return_counts=True), strict=True):
        bars = fold_of.index[fold_of == number]
        cuts.update(bars[((np.arange(n_cuts) + 1) / (n_cuts + 1) * len(bars)).astype(int)])
    return sorted(cuts - {fold_of.index[-1]})


def signal_cut_bars(run: Run) -> list[pd.Timestamp]:
    """Return bars after which signals are repeated: up to half where a signal changes, the rest evenly; no last bar.

    A signal that is tomorrow's changes at `t` because of `t + 1`: cut off after `t`, it cannot. One that is smoothed
    from both sides differs at bars at which nothing changes.
    """
    signal = run.decisions["signal"]
    bars = signal.index.unique("timestamp").sort_values()[:-1]
    is_change = signal.groupby(level="instrument").diff().fillna(0.0) != 0.0
    changes = bars.intersection(signal.index[is_change].unique("timestamp"))
    chosen = evenly(changes, MOST_SIGNAL_CUTS // 2)
    return list(chosen.union(evenly(bars, MOST_SIGNAL_CUTS - len(chosen))))


def evenly(bars: "pd.Index[Any]", n_most: int) -> "pd.Index[Any]":
    """Return all bars, or `n_most` of them in equal steps."""
    return bars[np.unique(np.linspace(0, len(bars) - 1, min(len(bars), n_most)).astype(int))]


def _repeat_signals(
    run: Run, clean: CleanPrices, cuts: Sequence[pd.Timestamp]
) -> Iterator[tuple[pd.Timestamp, pd.DataFrame, pd.DataFrame]]:
    """Give what the run decided up to each cut, and what it decides of the predictions and prices up to the cut."""
    adjusted = clean.adjusted
    n_predicted, n_decided = (_n_until(panel, cuts) for panel in (run.predictions, run.decisions))
    for place, cut in enumerate(cuts):
        known = {instrument: prices.loc[:cut] for instrument, prices in adjusted.items()}
        found = decide(run.spec, run.predictions.iloc[: n_predicted[place]], known, run.periods_per_year)
        yield cut, run.decisions.iloc[: n_decided[place]], found


Pair: TypeAlias = tuple[str, pd.DataFrame, pd.DataFrame]


@dataclass(frozen=True)
class _History:
    """What is known at a cut, cleaned."""

    instruments: Mapping[int, Instrument]  # those that are old enough
    young: Mapping[int, Instrument]
    clean: CleanPrices


@dataclass(frozen=True)
class _Repeated(_History):
    """A run's beginnings, repeated with it."""

    features: Features
    labels: Labels
    fold: Fold


def trading_on(whole: CleanPrices, cut: pd.Timestamp) -> list[int]:
    """Return the instruments that have bars after a cut: a halt at the cut is no delisting, as everybody knew then."""
    return [place for place, prices in whole.raw.items() if prices.index[-1] > cut]


def _repeat(
    run: Run, whole: CleanPrices, sampled: Labels, cut: pd.Timestamp, later: str, *, is_whole: bool
) -> list[Pair]:
    """Return, for each part, what the run says up to the cut and what another history says.

    Parts from the predictions on, which need a fit, are there if `is_whole`. If the bars are others, nothing else is:
    it would be of other rows. An instrument that is too young at the cut to have a sample is left out of both, if later
    bars are removed.
    """
    spec = run.spec
    history = {place: with_later(item, cut, later, spec.seed) for place, item in enumerate(run.instruments)}
    n_bars = until(run.features, cut, history).groupby(level="instrument").size()
    young = {place for place in history if later == REMOVED and n_bars.get(place, 0) <= spec.warm_up}
    old = {place: item for place, item in history.items() if place not in young}
    clean = clean_prices(spec, old, is_repeat=True, known_until=cut)
    pairs = bar_pairs(spec, whole, clean, cut)
    if any(compare(part, expected, found, cut) for part, expected, found in pairs):
        return pairs
    young_ones = {place: history[place] for place in young}
    repeated, begun = _begin(run, sampled, _History(old, young_ones, clean), cut)
    return [*pairs, *begun, *(_go_on(run, repeated, cut, trading_on(whole, cut)) if is_whole else ())]


def bar_pairs(spec: AnalysisSpec, whole: CleanPrices, repeated: CleanPrices, cut: pd.Timestamp) -> list[Pair]:
    """Return the bars that were gathered, of the whole history and of another, up to the cut; nothing of days."""
    if not spec.bars.gathers:
        return []
    panels = []
    for clean in (whole, repeated):
        frames = {
            place: pd.concat({"raw": clean.raw[place], "adjusted": clean.adjusted[place]}, axis="columns").drop(
                columns="session", level=1
            )
            for place in repeated.raw
        }
        for frame in frames.values():
            frame.columns = [" ".join(pair) for pair in frame.columns]
        panels.append(until(to_panel(frames), cut, repeated.raw))
    return [(BARS, panels[0], panels[1])]


def _begin(run: Run, sampled: Labels, history: _History, cut: pd.Timestamp) -> tuple[_Repeated, list[Pair]]:
    """Repeat features, labels and the split."""
    spec, old, clean = run.spec, history.instruments, history.clean
    features = features_panel(spec, clean.adjusted, is_cut=True)
    labels = _labels(spec, clean.adjusted)
    pairs = [
        ("features", until(run.features, cut, old), until(features, cut, old)),
        ("labels", _known_by(until(run.labels, cut, old), cut), _known_by(until(labels, cut, old), cut)),
    ]
    features, labels = samples(spec, features, labels)
    fold = [fold for fold in traded_folds(spec, labels) if fold.test_span[0] <= cut][-1]
    pairs.append(("split", _rows(sampled, run.folds[fold.number].train), _rows(labels, fold.train)))
    return _Repeated(old, history.young, clean, features, labels, fold), pairs


def with_later(item: Instrument, cut: pd.Timestamp, later: str, seed: int) -> Instrument:
    """Return an instrument whose bars after the cut are removed, or replaced by others."""
    return replace(item, prices=item.prices.loc[:cut] if later == REMOVED else scrambled_after(item.prices, cut, seed))


def _go_on(run: Run, repeated: _Repeated, cut: pd.Timestamp, listed: Collection[int]) -> list[Pair]:
    """Repeat predictions of the fold then in use, intervals, signals, weights and the account."""
    spec, old, clean, fold = run.spec, repeated.instruments, repeated.clean, repeated.fold
    bars = bar_returns(clean.adjusted)
    predictions, _ = fit_folds(spec, run.models[fold.number], repeated.features, repeated.labels, [fold], bars=bars)
    known = until(predictions, cut, old)
    pairs = [("predictions", run.predictions.loc[known.index], known)]
    before = until(run.predictions[run.predictions["fold"] < fold.number], cut, old)
    so_far = pd.concat([before, predictions])
    intervals = until(prediction_intervals(so_far, repeated.labels, spec.intervals), cut, old)
    pairs.append(("intervals", run.intervals.loc[intervals.index], intervals))
    nothing: dict[int, Prices] = {place: item.prices.iloc[:0] for place, item in repeated.young.items()}
    decisions = decide(spec, so_far, {**clean.adjusted, **nothing}, run.periods_per_year)
    pairs.append(("signals", until(run.decisions, cut, old), until(decisions, cut, old)))
    if not nothing:  # the whole account cannot be repeated without all of its instruments
        equity = run_backtest(clean.raw, decisions, spec.backtest, trading_on=listed).equity
        pairs.append(("account", run.equity.loc[:cut], equity.loc[:cut]))
    return pairs


def _labels(spec: AnalysisSpec, adjusted: Mapping[int, Prices]) -> Labels:
    """Return the labels; of an instrument with no more bars than the horizon, all are unknown."""
    known = {place: prices for place, prices in adjusted.items() if len(prices) > spec.label.horizon_bars}
    labels = labels_panel(spec, known)
    young = [place for place in adjusted if place not in known]
    if not young:
        return labels
    rows = to_panel({place: adjusted[place][["close"]] for place in adjusted}).index
    return with_sides(spec, labels.reindex(rows), adjusted)


def until(panel: pd.DataFrame, cut: pd.Timestamp, instruments: Collection[int]) -> pd.DataFrame:
    """Return the rows of some instruments up to the cut."""
    known = panel.iloc[: _n_until(panel, [cut])[0]]
    if set(known.index.levels[1]) <= set(instruments):  # type: ignore[attr-defined]  # a panel has levels
        return known
    return known[known.index.get_level_values("instrument").isin(list(instruments))]


def _n_until(panel: pd.DataFrame, cuts: Sequence[pd.Timestamp]) -> NDArray[np.intp]:
    """Return how many rows a panel, which is sorted by time, has up to each cut."""
    stamps = pd.DatetimeIndex(panel.index.get_level_values("timestamp"))
    own, wanted = (index.as_unit("us").asi8 for index in (stamps, pd.DatetimeIndex(list(cuts))))
    return np.searchsorted(own, wanted, side="right")


def _known_by(labels: Labels, cut: pd.Timestamp) -> Labels:
    return labels[["label", "outcome"]][(known_at(labels) <= cut).to_numpy()]


def _rows(labels: Labels, positions: Any) -> pd.DataFrame:
    """Return which rows a fold trains on, as a frame that can be compared."""
    return pd.DataFrame({"training_row": 1.0}, index=labels.index[positions])


def compare(
    part: str, expected: pd.DataFrame, found: pd.DataFrame, cut: pd.Timestamp, later: str = REMOVED
) -> list[Difference]:
    """Return the columns that differ by a bit, with the first bar of each."""
    if not expected.index.equals(found.index):
        missing = expected.index.symmetric_difference(found.index)
        return [Difference(part, "rows", _bar(missing[0]), cut.isoformat(), len(missing), later)]
    one, other = (
        np.column_stack([frame[column].to_numpy(np.float64) for column in expected.columns])
        for frame in (expected, found)
    )
    changed = ~((one == other) | (np.isnan(one) & np.isnan(other)))
    return [
        Difference(
            part,
            str(expected.columns[int(column)]),
            _bar(expected.index[int(np.argmax(changed[:, column]))]),
            cut.isoformat(),
            int(changed[:, column].sum()),
            later,
        )
        for column in np.flatnonzero(changed.any(axis=0))
    ]


def _bar(row: Any) -> str:
    """Return the timestamp of a row of a panel or of an account."""
    timestamp: pd.Timestamp = row[0] if isinstance(row, tuple) else row
    return timestamp.isoformat()

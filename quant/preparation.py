"""From raw prices to what a model sees and what it should have seen: clean, adjust, features, labels.

The look-ahead audit calls the same functions on shortened history, so what is audited is what ran.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from quant.bars.day_catalog import DayBarsEntry
from quant.calendars import counted_periods_per_year, periods_per_year
from quant.catalog import in_a_sentence
from quant.data.adjustment import forward_adjusted
from quant.data.catalog import InstrumentSpec
from quant.data.cleaning import clean
from quant.data.findings import Finding
from quant.data.provider import PriceQuery, create_provider
from quant.data.snapshot import to_prices
from quant.errors import InvalidSpec, NotEnoughData
from quant.features.compute import beside, compute_features
from quant.features.needs import check_bars, check_needs
from quant.frames import Features, Labels, Prices, known_at, to_panel
from quant.labels.events import cusum_events
from quant.labels.meta import primary_side
from quant.rules import rule_sides
from quant.spec import AnalysisSpec
from quant.validation.splits import Fold, walk_forward

LEAST_TRADED_BARS = 3  # two returns, without which nothing has a deviation


@dataclass(frozen=True)
class Instrument:
    """One instrument of a question with its raw prices.

    Attributes
    ----------
    spec : InstrumentSpec
        What was asked for.
    prices : DataFrame of shape (n_bars, 8)
        Raw price frame, see `quant.frames`.
    calendar : str
        Name of its exchange calendar.
    currency : str
        Of its prices and cash.
    """

    spec: InstrumentSpec
    prices: Prices
    calendar: str
    currency: str


@dataclass(frozen=True)
class CleanPrices:
    """Clean prices by the instrument's position in the spec: raw, causally adjusted, and what was found.

    They are the bars that the question asks for; `n_days` is how many days of the source they were gathered from, and
    empty if the bars are those.
    """

    raw: Mapping[int, Prices]
    adjusted: Mapping[int, Prices]
    findings: Mapping[int, Sequence[Finding]]
    n_days: Mapping[int, int] = field(default_factory=dict)


def fetch_instruments(spec: AnalysisSpec) -> list[Instrument]:
    """Ask each instrument's source for its prices: for notebooks and scripts, which have no store of prices.

    Parameters
    ----------
    spec : AnalysisSpec
        The question.

    Returns
    -------
    list of Instrument
        In the order of `spec.instruments`, with all bars that the source has.

    Raises
    ------
    SymbolNotFound
        If a source does not know a symbol.
    ProviderUnavailable
        If a source does not answer.
    """
    instruments = []
    for item in spec.instruments:
        delivered = create_provider(item.source).fetch(PriceQuery(item.symbol, spec.interval))
        instruments.append(Instrument(item, to_prices(delivered), delivered.calendar, delivered.currency))
    return instruments


def account_periods_per_year(
    spec: AnalysisSpec, instruments: Sequence[Instrument], bars: Mapping[int, Prices]
) -> float:
    """Return how many bars a year has, which must be the same for all instruments of one account.

    Parameters
    ----------
    spec : AnalysisSpec
        The question.
    instruments : sequence of Instrument
        What it is about.
    bars : mapping of int to DataFrame
        Clean prices by position; looked at only if the bars end by what was traded.

    Returns
    -------
    float
        Declared by the calendar, or, of bars that no calendar knows, counted: see `quant.calendars`.

    Raises
    ------
    InvalidSpec
        If the instruments trade on different calendars.
    NotEnoughData
        If bars have to be counted, and there are not two.

    Notes
    -----
    Timing: what was counted is known at the last bar only. Measures are made with it and nothing that is traded:
    `quant.bars.day_catalog` refuses what would.
    """
    calendars = sorted({instrument.calendar for instrument in instruments})
    if len(calendars) > 1:
        raise InvalidSpec(
            f"Expected instruments that trade on one calendar; found {' and '.join(calendars)}, whose years have "
            "different numbers of bars. Ask about them one by one.",
            field="instruments",
        )
    if spec.bars.interval is None:
        return counted_periods_per_year(next(iter(bars.values())).index)
    return periods_per_year(calendars[0], spec.bars.interval)


def clean_prices(
    spec: AnalysisSpec,
    instruments: Mapping[int, Instrument],
    *,
    is_repeat: bool = False,
    known_until: pd.Timestamp | None = None,
) -> CleanPrices:
    """Restrict to the asked sessions, clean, adjust forward, and gather the bars that are asked for.

    Parameters
    ----------
    spec : AnalysisSpec
        The question.
    instruments : mapping of int to Instrument
        By their position in `spec.instruments`, each with at least one bar.
    is_repeat : bool, default=False
        Whether they were reported on before, as `quant.data.cleaning.clean` takes it.
    known_until : Timestamp, optional
        Up to when is known what there was; by default up to the last bar of any instrument.

    Returns
    -------
    CleanPrices
        Raw and adjusted frames by position.

    Raises
    ------
    NotEnoughData
        If an instrument has no bar in the asked sessions, no whole one of those that are asked for, or no volume by
        which they would end.
    InvalidPrices
        If prices contradict themselves.

    Notes
    -----
    Timing: the adjusted prices at `t` use actions with an ex-date up to `t` only. Bars that are gathered are known at
    their timestamp, see `quant.bars.days`; one that is not over is left out.
    """
    raw: dict[int, Prices] = {}
    findings: dict[int, Sequence[Finding]] = {}
    for position, instrument in instruments.items():
        prices = between(instrument.prices, spec)
        if prices.empty:
            first, last = (instrument.prices["session"].iloc[place].date() for place in (0, -1))
            raise NotEnoughData(
                f"{instrument.spec.symbol} has no bars between {spec.start or first} and {spec.end or last}; "
                f"its bars run from {first} to {last}. Ask for other dates."
            )
        raw[position], findings[position] = clean(prices, spec.cleaning, instrument.calendar, is_repeat=is_repeat)
    adjusted = {position: forward_adjusted(prices) for position, prices in raw.items()}
    if not spec.bars.gathers:
        return CleanPrices(raw, adjusted, findings)
    last = max(prices.index[-1] for prices in raw.values())
    until = last if known_until is None else max(last, known_until)
    n_days = {position: len(prices) for position, prices in raw.items()}
    for position, instrument in instruments.items():
        if not is_repeat:
            _check_volume(spec.bars, raw[position], instrument.spec.symbol)
        raw[position], adjusted[position] = _gathered(
            spec.bars, raw[position], adjusted[position], instrument, known_until=until
        )
    return CleanPrices(raw, adjusted, findings, n_days)


def _gathered(
    bars: DayBarsEntry, raw: Prices, adjusted: Prices, instrument: Instrument, *, known_until: pd.Timestamp
) -> tuple[Prices, Prices]:
    """Return raw and adjusted prices of longer bars."""
    from quant.bars.days import Days, gather_days  # noqa: PLC0415  # imports numba, which the doors do without

    days = Days(raw, adjusted, instrument.calendar, known_until)
    gathered = gather_days(days, type(bars).load()(days, **bars.parameters()))
    if gathered[0].empty:
        raise NotEnoughData(
            f"{instrument.spec.symbol} has not one of the {in_a_sentence(bars.title)} that were asked for in "
            f"{len(raw):,} days. Ask for a longer history, or for shorter bars."
        )
    return gathered


def _check_volume(bars: DayBarsEntry, raw: Prices, symbol: str) -> None:
    """Say of which instrument nothing is known by which its bars would end."""
    if bars.counts_volume and not (raw["volume"] > 0.0).any():
        raise NotEnoughData(
            f"{bars.title}: expected days with volume of {symbol}; found none, it is zero at all {len(raw):,} of them. "
            "Ask for weekly or monthly bars, or leave the instrument out."
        )


def bars_asked(spec: AnalysisSpec) -> dict[str, object]:
    """Return what the key of a stage that is made of longer bars says of them; nothing of days."""
    if not spec.bars.gathers:
        return {}
    return {"bars": [type(spec.bars).version, spec.bars.model_dump(mode="json")]}


def between(prices: Prices, spec: AnalysisSpec) -> Prices:
    """Return the bars of the sessions that were asked for, both ends included."""
    inside = pd.Series(data=True, index=prices.index)
    if spec.start:
        inside &= prices["session"] >= pd.Timestamp(spec.start)
    if spec.end:
        inside &= prices["session"] <= pd.Timestamp(spec.end)
    return prices[inside]


def features_panel(spec: AnalysisSpec, adjusted: Mapping[int, Prices], *, is_cut: bool = False) -> Features:
    """Compute all features of all instruments, once it is known that each has what they need.

    Raises
    ------
    NotEnoughData
        If an instrument, which is named, has no more bars than the longest warm-up, or lacks what a feature needs;
        the latter not if later bars were removed (`is_cut`). If it is older than another that a feature of it needs.

    Notes
    -----
    Timing: that of `compute_features`; closes of other instruments are those known at the close of the bar.
    """
    seen = {position: _with_others(spec, position, adjusted) for position in adjusted}
    for position, prices in seen.items():
        (check_bars if is_cut else check_needs)(prices, spec.features, spec.instruments[position].symbol)
    return to_panel(
        {position: compute_features(prices, spec.features, is_cut=True) for position, prices in seen.items()}
    )


def _with_others(spec: AnalysisSpec, position: int, adjusted: Mapping[int, Prices]) -> Prices:
    """Return the prices of an instrument with the closes of those that its features name beside them."""
    prices = adjusted[position]
    others: dict[str, Prices] = {}
    for feature in spec.features:
        for symbol in feature.others:
            place = spec.position_of(symbol)
            others[symbol] = adjusted[place]
            first, needed = (frame["session"].iloc[0].date() for frame in (adjusted[place], prices))
            if adjusted[place].index[0] > prices.index[0]:
                other, own = (spec.instruments[each].symbol for each in (place, position))
                raise NotEnoughData(
                    f"{feature.title}: expected bars of {other} from the first of {own} on; found them from {first} "
                    f"on, and those of {own} from {needed}. Ask from {first} on, or leave out the feature."
                )
    return beside(prices, others)


def labels_panel(spec: AnalysisSpec, adjusted: Mapping[int, Prices]) -> Labels:
    """Compute the labels of all instruments; bars that are no events have none.

    Raises
    ------
    NotEnoughData
        If an instrument has no more bars than the label's horizon.
    """
    label = type(spec.label).load()
    asked = spec.label.parameters()
    labels = to_panel(
        {
            position: label(prices, **asked)
            if spec.followed is None
            else label(prices, **asked, side=rule_sides(prices, spec.followed).to_numpy())
            for position, prices in adjusted.items()
        }
    )
    if spec.events.at == "cusum":
        options = spec.events.model_dump(exclude={"at"})
        events = {
            position: pd.DataFrame({"is_event": cusum_events(prices, **options)}, index=prices.index)
            for position, prices in adjusted.items()
        }
        labels = labels.where(to_panel(events)["is_event"])
    return with_sides(spec, labels, adjusted)


def with_sides(spec: AnalysisSpec, labels: Labels, adjusted: Mapping[int, Prices]) -> Labels:
    """Return the labels with the side that was taken at every bar, if the label has one.

    Parameters
    ----------
    spec : AnalysisSpec
        The question.
    labels : DataFrame of shape (n_rows, n_columns)
        Labels panel of all bars of `adjusted`.
    adjusted : mapping of int to DataFrame
        Adjusted prices by position.

    Returns
    -------
    DataFrame of shape (n_rows, n_columns)
        With `side`, or as it was.

    Notes
    -----
    Timing: the side at `t` is known at the close of `t`, whatever becomes of the label.
    """
    if not type(spec.label).has_side:
        return labels
    rule = {name: value for name, value in spec.label.parameters().items() if name in {"rule", "fast", "slow"}}
    sides = {
        position: (
            primary_side(prices, **rule) if spec.followed is None else rule_sides(prices, spec.followed)
        ).to_frame()
        for position, prices in adjusted.items()
    }
    return labels.assign(side=to_panel(sides)["side"])


def samples(spec: AnalysisSpec, features: Features, labels: Labels) -> tuple[Features, Labels]:
    """Leave out each instrument's warm-up, by its declared length.

    Rows are dropped by count, never by looking for NaN in a merged frame, which would hide a feature that is unknown
    for another reason.

    Returns
    -------
    tuple of two DataFrames with equal index
        Features and labels from the first bar at which every feature is known.
    """
    is_warm = features.groupby(level="instrument", sort=False).cumcount() >= spec.warm_up
    return features[is_warm], labels[is_warm]


def traded_folds(spec: AnalysisSpec, labels: Labels) -> list[Fold]:
    """Split into the walk-forward folds, whose predictions are traded.

    Raises
    ------
    NotEnoughData
        If there are not more bars than the first training window, or a fold has no row to train on.

    Notes
    -----
    Timing: a fold trains on labels that could be learned from before its block, see `quant.frames.known_at`.
    """
    return walk_forward(labels.assign(label_end=known_at(labels)), spec.validation)


def folds_to_measure(spec: AnalysisSpec, labels: Labels) -> list[Fold]:
    """Return the walk-forward folds, or say at once that they are too few to measure anything.

    Raises
    ------
    NotEnoughData
        If fewer than three bars are traded, or as `traded_folds`.
    """
    folds = traded_folds(spec, labels)
    n_bars = len(labels.index[np.concatenate([fold.test for fold in folds])].unique("timestamp"))
    if n_bars < LEAST_TRADED_BARS:
        raise NotEnoughData(
            f"Expected at least {LEAST_TRADED_BARS} bars after the first training window; found {n_bars}. "
            "Use a longer history or a shorter training window."
        )
    return folds


def label_gap(spec: AnalysisSpec) -> int:
    """Return how many rows in the order of time may have labels that overlap: as `quant.models.build` asks for it."""
    return spec.label.horizon_bars * len(spec.instruments)


def bar_returns(adjusted: Mapping[int, Prices]) -> pd.Series:
    """Return the log return of each bar, from the close before to its own: what weights attribute to labels.

    Returns
    -------
    Series of shape (n_rows,)
        Panel; the first of each instrument is NaN.

    Notes
    -----
    Timing: the value at `t` is known at the close of `t`.
    """
    frames = {
        position: pd.DataFrame({"bar_return": np.log(prices["close"]).diff()}) for position, prices in adjusted.items()
    }
    return to_panel(frames)["bar_return"]


def next_bar_returns(adjusted: Mapping[int, Prices]) -> pd.Series:
    """Return what holding for one bar would have earned: from the next open to the one after.

    Returns
    -------
    Series of shape (n_rows,)
        Panel of simple returns; the last two of each instrument are NaN.

    Notes
    -----
    Timing: the value at `t` is an outcome, known at the open of the second bar after `t`.
    """
    frames = {
        position: (prices["open"].shift(-2) / prices["open"].shift(-1) - 1.0).to_frame("outcome")
        for position, prices in adjusted.items()
    }
    return to_panel(frames)["outcome"]

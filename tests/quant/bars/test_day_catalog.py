"""What every kind of bars of a question must do; an entry that is added to the catalogue is tested here by being there.

That a whole run of each has no look-ahead, `tests.quant.test_gathered_bars` tests.
"""

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from quant.bars.day_catalog import (
    DAY_BARS,
    BarsSpec,
    DailyBars,
    DayImbalance,
    DayRuns,
    EqualDays,
    EqualValue,
    EqualVolume,
    MonthlyBars,
    WeeklyBars,
    stored_bars,
)
from quant.bars.days import gather_days
from quant.data.adjustment import forward_adjusted
from quant.frames import check_prices
from quant.scrambling import scrambled_after
from tests.quant.bars.days import days_of, raw_days

SPECS = [
    *(kind() for kind in DAY_BARS),
    EqualDays(n_days=3),
    EqualVolume(threshold=200_000.0),
    EqualVolume(estimate="expanding"),
    EqualValue(threshold=5e6),
    EqualValue(estimate="expanding", n_days=3),
    *(DayImbalance(measure=each, bound=3.0) for each in ("ticks", "volume")),
    *(DayRuns(measure=each, n_days=2) for each in ("ticks", "volume")),
]
every_kind = pytest.mark.parametrize("spec", SPECS, ids=repr)
SEEDS = st.integers(0, 2**32 - 2)


def made(spec, raw, known_until=None):
    days = days_of(raw, known_until)
    return gather_days(days, type(spec).load()(days, **spec.parameters()))


@every_kind
@settings(max_examples=12)
@given(seed=SEEDS, n_days=st.integers(1, 250), share=st.floats(0.0, 1.0))
def test_a_finished_bar_is_the_same_whatever_comes_later(spec, seed, n_days, share):
    raw = raw_days(n_days, seed)
    whole = made(spec, raw)
    cut = raw.index[int(share * (n_days - 1))]
    for early in (raw.loc[:cut], scrambled_after(raw, cut, seed)):
        for found, expected in zip(made(spec, early), whole, strict=True):
            known = expected.loc[:cut]
            pd.testing.assert_frame_equal(found.loc[:cut], known, check_exact=True, check_freq=False)


@every_kind
@settings(max_examples=12)
@given(seed=SEEDS, n_days=st.integers(1, 250))
def test_bars_hold_each_day_once_and_are_sound(spec, seed, n_days):
    raw = raw_days(n_days, seed)
    days = days_of(raw)
    spans = type(spec).load()(days, **spec.parameters())
    bars, adjusted = gather_days(days, spans)
    assert (spans.begins[1:] == spans.ends[:-1]).all()
    assert (spans.begins < spans.ends).all()
    if not len(bars):
        return
    check_prices(bars)
    check_prices(adjusted)
    assert bars.index.equals(adjusted.index)
    inside = slice(spans.begins[0], spans.ends[-1])
    # What was traded is kept, in shares of one day; prices are those of the days.
    np.testing.assert_allclose(adjusted["volume"].sum(), days.adjusted["volume"].iloc[inside].sum(), rtol=1e-12)
    np.testing.assert_array_equal(adjusted["close"], days.adjusted["close"].to_numpy()[spans.ends - 1])
    np.testing.assert_array_equal(adjusted["open"], days.adjusted["open"].to_numpy()[spans.begins])
    np.testing.assert_array_equal(bars["close"], raw["close"].to_numpy()[spans.ends - 1])
    assert (bars.index >= raw.index[spans.ends - 1]).all()
    if len(raw) > spans.ends[-1]:
        assert bars.index[-1] <= raw.index[spans.ends[-1]]  # known before the next day closes


@every_kind
@settings(max_examples=12)
@given(seed=SEEDS)
def test_holding_earns_the_same_through_bars_as_through_days(spec, seed):
    raw = raw_days(200, seed)
    days = days_of(raw)
    spans = type(spec).load()(days, **spec.parameters())
    bars, _ = gather_days(days, spans)
    if len(bars) < 2:
        return

    def worth(prices, first):
        """Return what a share bought at the open of a bar is worth at each close, with dividends reinvested."""
        held = prices["split_factor"] * (1.0 + prices["dividend"] / prices["open"])
        held.iloc[: first + 1] = 1.0
        return (np.cumprod(held) * prices["close"] / prices["open"].iloc[first]).to_numpy()

    first = 1
    through_bars = worth(bars, first)[first:]
    through_days = worth(raw, int(spans.begins[first]))[spans.ends[first:] - 1]
    np.testing.assert_allclose(through_bars, through_days, rtol=1e-12)


@every_kind
@settings(max_examples=12)
@given(seed=SEEDS)
def test_splits_change_nothing(spec, seed):
    raw = raw_days(150, seed, actions=False)
    split = raw.copy()
    split.iloc[70:, 1:5] /= 2.0
    split.iloc[70:, 5] *= 2.0
    split.iloc[70, split.columns.get_loc("split_factor")] = 2.0
    (plain, adjusted), (bars, again) = made(spec, raw), made(spec, split)
    pd.testing.assert_frame_equal(again, adjusted, check_exact=True)
    assert bars["split_factor"].prod() in {1.0, 2.0}
    held = np.cumprod(bars["split_factor"])
    np.testing.assert_array_equal(bars["close"] * held, plain["close"])
    np.testing.assert_array_equal(bars["volume"] / held, plain["volume"])
    np.testing.assert_array_equal(bars["open"] * held, plain["open"])


@every_kind
def test_days_without_volume_are_no_error(spec):
    raw = raw_days(100, seed=3).assign(volume=0.0)
    bars, _ = made(spec, raw)
    assert (bars["volume"] == 0.0).all()


@every_kind
def test_the_same_days_make_the_same_bars(spec):
    raw = raw_days(100, seed=5)
    for one, other in zip(made(spec, raw), made(spec, raw), strict=True):
        pd.testing.assert_frame_equal(one, other, check_exact=True)


@pytest.mark.parametrize("kind", DAY_BARS, ids=lambda kind: kind.model_fields["name"].default)
def test_an_entry_survives_json_and_refuses_what_it_does_not_know(kind):
    read = TypeAdapter(BarsSpec)
    assert read.validate_json(kind().model_dump_json()) == kind()
    with pytest.raises(ValidationError, match="extra"):
        kind(colour="red")
    for name, field in kind.model_fields.items():
        if field.annotation in {int, float, float | None}:
            with pytest.raises(ValidationError, match="greater than"):
                kind(**{name: -1})


def test_seconds_are_refused_by_name():
    with pytest.raises(ValidationError, match="time bars of seconds ask for trades"):
        TypeAdapter(BarsSpec).validate_python({"name": "time", "seconds": 60})


def test_only_bars_of_the_calendar_know_how_many_a_year_has():
    assert {kind.model_fields["name"].default: kind.interval for kind in DAY_BARS if kind.interval} == {
        "daily": "1d",
        "weekly": "1w",
        "monthly": "1mo",
    }
    assert [kind for kind in DAY_BARS if not kind.gathers] == [DailyBars]


def test_volume_is_asked_for_by_those_that_count_it():
    counting = {type(spec) for spec in SPECS if spec.counts_volume}
    assert counting == {EqualVolume, EqualValue, DayImbalance, DayRuns}
    assert not DayRuns(measure="ticks").counts_volume
    assert not DayImbalance(measure="ticks").counts_volume


@pytest.mark.parametrize("spec", [kind() for kind in DAY_BARS if kind.interval is None], ids=repr)
def test_bars_of_activity_refuse_what_they_cannot_have(spec):
    spec.check(1, "fixed_fraction", [])
    with pytest.raises(ValueError, match=r"found 2 instruments\. Ask about them one by one"):
        spec.check(2, "fixed_fraction", [])
    with pytest.raises(ValueError, match="which are counted afterwards"):
        spec.check(1, "volatility_target", [])


def test_features_that_gather_days_ask_for_days():
    for spec in (WeeklyBars(), MonthlyBars(), EqualDays()):
        with pytest.raises(ValueError, match=r"^Higher interval: asks for daily bars"):
            spec.check(1, "fixed_fraction", ["Higher interval", "Higher interval"])
    DailyBars().check(3, "volatility_target", ["Higher interval"])
    WeeklyBars().check(3, "volatility_target", [])


def test_the_catalogue_does_not_load_the_compiler():
    code = "import sys, quant.bars.day_catalog; sys.exit('numba' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_adjusted_prices_are_those_of_the_days():
    raw = raw_days(60, seed=8)
    _, adjusted = made(DailyBars(), raw)
    pd.testing.assert_frame_equal(adjusted, forward_adjusted(raw), check_exact=True, check_freq=False)


def test_a_stored_question_without_bars_had_days():
    assert stored_bars(None) == DailyBars()
    assert stored_bars({"name": "dollar", "n_days": 7}) == EqualValue(n_days=7)

"""What every feature must do; an entry that is added to the catalogue is tested here by being there."""

import re
import subprocess
import sys
from typing import get_args

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from quant.catalog import describe
from quant.data.adjustment import forward_adjusted
from quant.errors import InvalidPrices
from quant.features.catalog import FEATURES, FeatureSpec, Lag
from quant.features.compute import compute_features
from quant.frames import MARKET_COLUMNS, check_prices
from tests.quant.features.generated import (
    entries,
    garbled,
    name_of,
    other_closes,
    price_walk,
    price_walks,
    with_others,
)

EXAMPLES = 12  # of each property and each feature
SEEDS = st.integers(0, 2**32 - 1)
PRICES = ["open", "high", "low", "close"]

every_feature = pytest.mark.parametrize("kind", FEATURES, ids=name_of)


@given(price_walks(0, 300))
def test_the_generated_prices_are_sound(prices):
    check_prices(prices)


def compute(spec, prices):
    return spec.load()(prices, **spec.parameters())


def draw_spec_and_prices(data, kind):
    spec = data.draw(entries(kind))
    return spec, with_others(spec, data.draw(price_walks(spec.warm_up + 1, spec.warm_up + 150)))


@every_feature
@settings(max_examples=EXAMPLES)
@given(data=st.data())
def test_cutting_off_the_future_changes_no_bit(kind, data):
    spec, prices = draw_spec_and_prices(data, kind)
    cut = data.draw(st.integers(0, len(prices)))
    pd.testing.assert_frame_equal(compute(spec, prices.iloc[:cut]), compute(spec, prices).iloc[:cut], check_exact=True)


@every_feature
@settings(max_examples=EXAMPLES)
@given(data=st.data())
def test_another_future_changes_no_bit(kind, data):
    spec, prices = draw_spec_and_prices(data, kind)
    cut = data.draw(st.integers(0, len(prices)))
    other = garbled(prices, slice(cut, None), data.draw(SEEDS))
    pd.testing.assert_frame_equal(compute(spec, other).iloc[:cut], compute(spec, prices).iloc[:cut], check_exact=True)


@every_feature
@settings(max_examples=EXAMPLES)
@given(data=st.data())
def test_warm_up_is_as_declared_and_everything_after_it_is_known(kind, data):
    spec, prices = draw_spec_and_prices(data, kind)
    features = compute(spec, prices)
    assert features.iloc[: spec.warm_up].isna().all(axis=None)
    assert np.isfinite(features.iloc[spec.warm_up :]).all(axis=None)


@every_feature
@settings(max_examples=EXAMPLES)
@given(data=st.data())
def test_frame_is_as_declared_and_the_prices_are_untouched(kind, data):
    spec, prices = draw_spec_and_prices(data, kind)
    before = prices.copy()
    features = compute(spec, prices)
    assert tuple(features.columns) == spec.columns
    assert (features.dtypes == np.float64).all()
    pd.testing.assert_index_equal(features.index, prices.index, exact=True)
    assert features.index.is_monotonic_increasing
    features.iloc[:, :] = 0.0
    pd.testing.assert_frame_equal(prices, before, check_exact=True)


@every_feature
@settings(max_examples=EXAMPLES)
@given(data=st.data(), price_power=st.integers(-20, 20), volume_power=st.integers(-20, 20))
def test_doubling_all_prices_changes_no_bit(kind, data, price_power, volume_power):
    spec, prices = draw_spec_and_prices(data, kind)
    scaled = prices.assign(**prices[PRICES] * 2.0**price_power, volume=prices["volume"] * 2.0**volume_power)
    scaled = scaled.assign(**prices[other_closes(prices)] * 2.0**volume_power)
    pd.testing.assert_frame_equal(compute(spec, scaled), compute(spec, prices), check_exact=True)


@every_feature
@settings(max_examples=EXAMPLES)
@given(data=st.data(), price_factor=st.floats(1e-3, 1e3), volume_factor=st.floats(1e-3, 1e3))
def test_scale_of_prices_and_volume_does_not_matter(kind, data, price_factor, volume_factor):
    spec, prices = draw_spec_and_prices(data, kind)
    scaled = prices.assign(**prices[PRICES] * price_factor, volume=prices["volume"] * volume_factor)
    scaled = scaled.assign(**prices[other_closes(prices)] * volume_factor)
    pd.testing.assert_frame_equal(compute(spec, scaled), compute(spec, prices), rtol=1e-7, atol=1e-9)


@every_feature
@settings(max_examples=EXAMPLES)
@given(data=st.data())
def test_unknown_bar_is_felt_for_one_warm_up_and_no_longer(kind, data):
    spec = data.draw(entries(kind))
    prices = with_others(spec, data.draw(price_walks(spec.warm_up + 2, 2 * spec.warm_up + 150)))
    unknown = data.draw(st.integers(0, len(prices) - 1))
    broken = prices.copy()
    broken.iloc[unknown, [broken.columns.get_loc(name) for name in MARKET_COLUMNS]] = np.nan
    features, undisturbed = compute(spec, broken), compute(spec, prices)
    begun_anew = compute(spec, prices.iloc[unknown + 1 :])

    pd.testing.assert_frame_equal(features.iloc[:unknown], undisturbed.iloc[:unknown], check_exact=True)
    if not spec.needs:  # the calendar knows nothing of prices
        pd.testing.assert_frame_equal(features, undisturbed, check_exact=True)
        return
    if kind is not Lag:  # which says what was before
        assert features.iloc[unknown].isna().all()
    meanwhile = features.iloc[unknown + 1 : unknown + 1 + spec.warm_up]
    pd.testing.assert_frame_equal(
        meanwhile, undisturbed.loc[meanwhile.index].where(meanwhile.notna()), check_exact=True
    )
    after = slice(unknown + 1 + spec.warm_up, None)
    pd.testing.assert_frame_equal(features.iloc[after], begun_anew.iloc[spec.warm_up :], check_exact=True)


@every_feature
def test_one_bar_and_none_give_a_frame_of_unknown_values(kind):
    spec = kind()
    prices = with_others(spec, price_walk(1, seed=5))
    for n_bars in (0, 1):
        features = compute(spec, prices.iloc[:n_bars])
        assert features.shape == (n_bars, len(spec.columns))
        assert features.isna().all(axis=None) == bool(spec.warm_up or not n_bars)


@every_feature
def test_a_price_that_never_moves_gives_values_that_are_known(kind):
    spec = kind()
    prices = with_others(spec, price_walk(spec.warm_up + 30, seed=6))
    still = prices.assign(**dict.fromkeys(PRICES, 7.7))
    for volume in (prices["volume"], 0.0):
        for others in (still[other_closes(still)], dict.fromkeys(other_closes(still), 5.5)):
            features = compute(spec, still.assign(volume=volume, **others))
            assert np.isfinite(features.iloc[spec.warm_up :]).all(axis=None)


@every_feature
def test_bars_without_volume_give_values_that_are_known(kind):
    spec = kind()
    prices = with_others(spec, price_walk(spec.warm_up + 300, seed=7))
    prices.iloc[100:200, prices.columns.get_loc("volume")] = 0.0
    assert np.isfinite(compute(spec, prices).iloc[spec.warm_up :]).all(axis=None)


@every_feature
def test_nothing_known_gives_nothing_known(kind):
    spec = kind()
    unknown = with_others(spec, price_walk(spec.warm_up + 10, seed=7)).assign(**dict.fromkeys(MARKET_COLUMNS, np.nan))
    assert compute(spec, unknown).isna().all(axis=None) == bool(spec.needs)


@every_feature
def test_infinite_numbers_are_refused(kind):
    spec = kind()
    for column in spec.needs:
        prices = with_others(spec, price_walk(spec.warm_up + 10, seed=7))
        prices.iloc[3, prices.columns.get_loc(column)] = np.inf
        with pytest.raises(InvalidPrices, match=f"infinite {column} at"):
            compute_features(prices, [spec])


@every_feature
def test_extremes_of_the_bounds_work(kind):
    prices = price_walk(700, seed=3)
    for bound in ("ge", "le"):
        values = {
            name: getattr(limit, bound)
            for name, field in kind.model_fields.items()
            for limit in field.metadata
            if hasattr(limit, bound)
        }
        spec = kind(**values)
        assert compute(spec, with_others(spec, prices)).iloc[spec.warm_up :].notna().all(axis=None)


@every_feature
def test_frame_can_be_changed_without_changing_the_next(kind):
    prices = with_others(kind(), price_walk(200, seed=4))
    features = compute(kind(), prices)
    features.columns.name = "mine"
    assert compute(kind(), prices).columns.name is None


@every_feature
def test_an_entry_survives_json_and_refuses_what_it_does_not_know(kind):
    assert kind.model_validate_json(kind().model_dump_json()) == kind()
    with pytest.raises(ValidationError, match="extra"):
        kind(colour="red")


@every_feature
def test_parameters_out_of_bounds_are_refused(kind):
    for name in kind().parameters():
        with pytest.raises(ValidationError, match=r"Input should be|Input tag|valid dictionary"):
            kind(**{name: -1})


def test_no_two_features_have_a_column_in_common():
    columns = [column for kind in FEATURES for column in kind().columns]
    assert len(columns) == len(set(columns))


@every_feature
def test_a_feature_is_made_of_what_it_says_it_needs_and_of_nothing_else(kind):
    spec = kind()
    prices = with_others(spec, price_walk(700, seed=8))
    before = compute(spec, prices)
    unused = [column for column in MARKET_COLUMNS if column not in spec.needs]
    noise = prices.assign(**dict.fromkeys(unused, np.nan))
    pd.testing.assert_frame_equal(compute(spec, noise), before, check_exact=True)
    for column in spec.needs:
        assert not compute(spec, prices.assign(**{column: np.nan})).equals(before)


def test_every_feature_can_be_asked_for():
    union, _discriminator = get_args(FeatureSpec)
    assert set(get_args(union)) == set(FEATURES)
    assert len({name_of(kind) for kind in FEATURES}) == len(FEATURES)
    assert [entry["title"] for entry in describe(FEATURES)] == [kind.title for kind in FEATURES]


@every_feature
def test_once_settled_a_feature_no_longer_depends_on_where_history_begins(kind, prices):
    """Of recursive features the seed never vanishes: it may still count a twentieth of the usual."""
    spec = kind()
    adjusted = with_others(spec, forward_adjusted(prices))
    whole = compute(spec, adjusted)
    spread = whole.std()
    for start in range(200, 1700, 50):
        late = compute(spec, adjusted.iloc[start:])
        settled = start + spec.settled_after
        assert ((late.iloc[spec.settled_after] - whole.iloc[settled]).abs() / spread).max() < 0.05


def test_the_catalogue_does_not_load_the_compiler():
    code = "import sys, quant.features.catalog; sys.exit('numba' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_what_the_field_expects_is_there_by_name():
    expected = """
        sma ema wma macd adx aroon ichimoku regression
        rsi stochastic williams_r cci return tsi mfi
        bollinger atr keltner donchian volatility parkinson garman_klass rogers_satchell yang_zhang ewma_volatility
        obv accumulation cmf vwap amihud relative_volume
        hurst dfa higuchi katz box_dimension
        fractional_difference
        shannon_entropy plug_in_entropy lempel_ziv kontoyiannis permutation_entropy
        cusum_break sadf
        day_of_week month_of_year days_to_month_end turn_of_month
        beta correlation spread price_ratio
        higher_interval lag rolling
    """
    assert set(re.findall(r"\w+", expected)) - {name_of(kind) for kind in FEATURES} == set()

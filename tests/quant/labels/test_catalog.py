"""What every label must do; an entry that is added to the catalogue is tested here by being there."""

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from quant.catalog import describe
from quant.errors import InvalidPrices, NotEnoughData
from quant.frames import CLASSES, TIMESTAMP_DTYPE, known_at
from quant.labels.catalog import LABELS, LabelEntry
from tests.quant.features.generated import entries, garbled, name_of, price_walk, price_walks

SEEDS = st.integers(0, 2**32 - 1)

every_label = pytest.mark.parametrize("kind", LABELS, ids=name_of)


def label(spec, prices):
    return spec.load()(prices, **spec.parameters())


def draw_spec_and_prices(data, kind):
    spec = data.draw(entries(kind).filter(lambda spec: getattr(spec, "rule", None) != "strategy"))  # has no side alone
    before = unlabelled_before(spec)
    return spec, data.draw(price_walks(before + spec.horizon_bars + 1, before + spec.horizon_bars + 150))


def unlabelled_before(spec):
    """How many first bars have no label, because what sets its size is not known yet."""
    return max(spec.looks_back_bars - 1, 0)


def draw_labelled_bar(data, labels):
    known = np.flatnonzero(labels["label"].notna())
    assume(len(known))
    t = int(known[data.draw(st.integers(0, len(known) - 1))])
    return t, labels.index.get_loc(labels["label_end"].iloc[t])


@every_label
@settings(max_examples=50)
@given(data=st.data())
def test_a_label_rests_on_the_bars_after_its_own_up_to_its_end(kind, data):
    spec, prices = draw_spec_and_prices(data, kind)
    labels = label(spec, prices)
    t, end = draw_labelled_bar(data, labels)
    changed = garbled(prices, slice(end + 1, None), data.draw(SEEDS))
    changed = garbled(changed, slice(None, max(t + 1 - spec.looks_back_bars, 0)), data.draw(SEEDS))
    pd.testing.assert_series_equal(label(spec, changed).iloc[t], labels.iloc[t], check_exact=True)


@every_label
@settings(max_examples=50)
@given(data=st.data())
def test_a_label_is_known_when_it_says_so_and_not_before(kind, data):
    spec, prices = draw_spec_and_prices(data, kind)
    labels = label(spec, prices)
    t, end = draw_labelled_bar(data, labels)
    known = labels.index.get_loc(known_at(labels).iloc[t])
    assert end <= known
    if known >= spec.horizon_bars:
        pd.testing.assert_series_equal(label(spec, prices.iloc[: known + 1]).iloc[t], labels.iloc[t], check_exact=True)
    if known > spec.horizon_bars:
        assert label(spec, prices.iloc[:known]).iloc[t].isna().all()


@every_label
@settings(max_examples=50)
@given(data=st.data())
def test_labels_end_after_their_bar_within_the_declared_horizon(kind, data):
    spec, prices = draw_spec_and_prices(data, kind)
    labels = label(spec, prices)
    known = labels.iloc[: -spec.horizon_bars]
    is_known = known["label"].notna().to_numpy()
    ends = labels.index.get_indexer(pd.DatetimeIndex(known["label_end"]))
    n_bars = (ends - np.arange(len(known)))[is_known]
    assert ((n_bars >= 1) & (n_bars <= spec.horizon_bars)).all()


@every_label
@settings(max_examples=50)
@given(data=st.data())
def test_frame_is_as_declared(kind, data):
    spec, prices = draw_spec_and_prices(data, kind)
    before = prices.copy()
    labels = label(spec, prices)
    assert list(labels.columns)[:3] == ["label", "label_end", "outcome"]
    assert list(labels.columns)[3:] in ([], ["known_at"])
    assert list(labels.dtypes) == [np.float64, TIMESTAMP_DTYPE, np.float64, TIMESTAMP_DTYPE][: labels.shape[1]]
    pd.testing.assert_index_equal(labels.index, prices.index, exact=True)
    assert labels.iloc[-spec.horizon_bars :].isna().all(axis=None)
    is_whole = labels.notna().all(axis=1)
    assert (is_whole | labels.isna().all(axis=1)).all()
    assert not is_whole.iloc[: unlabelled_before(spec)].any()
    if not unlabelled_before(spec):
        assert is_whole.iloc[: -spec.horizon_bars].all()
    classes = CLASSES[spec.task]
    assert set(labels["label"].dropna()) <= set(classes) if classes else labels["label"].equals(labels["outcome"])
    pd.testing.assert_frame_equal(prices, before, check_exact=True)


@every_label
@settings(max_examples=50)
@given(data=st.data(), power=st.integers(-20, 20))
def test_scale_of_prices_does_not_matter(kind, data, power):
    spec, prices = draw_spec_and_prices(data, kind)
    scaled = prices.assign(**prices[["open", "high", "low", "close"]] * 2.0**power)
    pd.testing.assert_frame_equal(label(spec, scaled), label(spec, prices), check_exact=True)


@every_label
@settings(max_examples=50)
@given(data=st.data())
def test_too_few_bars_are_refused(kind, data):
    spec = data.draw(entries(kind).filter(lambda spec: getattr(spec, "rule", None) != "strategy"))
    prices = data.draw(price_walks(0, spec.horizon_bars))
    with pytest.raises(NotEnoughData, match=f"more than {spec.horizon_bars} bars .* found {len(prices)}"):
        label(spec, prices)


PRICES = ["open", "high", "low", "close"]


@every_label
def test_a_price_that_never_moves_and_bars_without_volume_give_labels_or_none_and_no_noise(kind):
    spec = kind()
    prices = price_walk(unlabelled_before(spec) + spec.horizon_bars + 200, seed=1)
    still = label(spec, prices.assign(**dict.fromkeys(PRICES, 7.7)))
    assert (still["outcome"].dropna() == 0.0).all()
    assert (still["label"].dropna() == 0.0).all()
    assert still["label"].notna().any() or spec.looks_back_bars > 1  # barriers of no volatility are nowhere
    pd.testing.assert_frame_equal(label(spec, prices.assign(volume=0.0)), label(spec, prices), check_exact=True)


@every_label
def test_nothing_known_gives_nothing_known(kind):
    spec = kind()
    prices = price_walk(unlabelled_before(spec) + spec.horizon_bars + 50, seed=2)
    assert label(spec, prices.assign(**dict.fromkeys(PRICES, np.nan))).isna().all(axis=None)


@every_label
def test_infinite_prices_of_which_a_label_is_made_are_refused(kind):
    spec = kind()
    prices = price_walk(unlabelled_before(spec) + spec.horizon_bars + 50, seed=3)
    expected = label(spec, prices)
    made_of = [column for column in PRICES if not label(spec, prices.assign(**{column: np.nan})).equals(expected)]
    assert "open" in made_of
    for column in made_of:
        broken = prices.copy()
        broken.iloc[-20, broken.columns.get_loc(column)] = np.inf
        with pytest.raises(InvalidPrices, match=f"infinite {column} at"):
            label(spec, broken)


@every_label
def test_an_entry_survives_json_and_refuses_what_it_does_not_know(kind):
    assert kind.model_validate_json(kind().model_dump_json()) == kind()
    with pytest.raises(ValidationError, match="extra"):
        kind(colour="red")


def test_names_differ_and_describe_themselves():
    assert len({name_of(kind) for kind in LABELS}) == len(LABELS)
    assert [entry["title"] for entry in describe(LABELS)] == [kind.title for kind in LABELS]


def test_an_entry_must_declare_its_horizon():
    with pytest.raises(TypeError, match="LabelEntry does not declare its horizon"):
        _ = LabelEntry().horizon_bars


def test_the_catalogue_loads_no_frames():
    code = "import sys, quant.labels.catalog; sys.exit('pandas' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0

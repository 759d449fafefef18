import numpy as np
import pandas as pd
import pytest

from quant.errors import InvalidSpec, NotEnoughData
from quant.labels.forward_return import forward_return
from tests.quant.features.generated import price_walk

OPENS = [10.0, 20.0, 22.0, 11.0, 33.0, 33.0]


def with_opens(opens):
    return price_walk(len(opens), seed=1).assign(open=opens)


def test_known_answers():
    prices = with_opens(OPENS)
    labels = forward_return(prices, horizon=2, threshold=0.5)
    # Bar 0 is acted on at open 1 (20) and ends at open 3 (11); bar 1: 22 -> 33, not above one half; bar 2: 11 -> 33.
    np.testing.assert_allclose(labels["outcome"], [-0.45, 0.5, 2.0, np.nan, np.nan, np.nan])
    np.testing.assert_array_equal(labels["label"], [0.0, 0.0, 1.0, np.nan, np.nan, np.nan])
    assert labels["label_end"].iloc[:3].tolist() == prices.index[3:].tolist()
    assert labels["label_end"].iloc[3:].isna().all()


def test_no_close_enters():
    prices = with_opens(OPENS)
    without = prices.assign(close=np.nan, high=np.nan, low=np.nan, volume=np.nan)
    pd.testing.assert_frame_equal(
        forward_return(without, horizon=1, threshold=0.0), forward_return(prices, horizon=1, threshold=0.0)
    )


def test_equal_to_the_threshold_is_not_above_it():
    labels = forward_return(with_opens([9.0, 10.0, 10.0, 15.0]), horizon=1, threshold=0.0)
    assert labels["label"].iloc[:2].tolist() == [0.0, 1.0]


def test_threshold_below_zero():
    labels = forward_return(with_opens([9.0, 100.0, 91.0, 80.0]), horizon=1, threshold=-0.1)
    assert labels["label"].iloc[:2].tolist() == [1.0, 0.0]


def test_unknown_opens_leave_label_and_end_unknown():
    labels = forward_return(with_opens([10.0, 20.0, np.nan, 11.0, 33.0, 33.0]), horizon=2, threshold=0.0)
    is_unknown = [False, True, False, True, True, True]
    for column in labels:
        assert labels[column].isna().tolist() == is_unknown


def test_one_bar_more_than_the_horizon_reaches():
    labels = forward_return(with_opens(OPENS), horizon=4, threshold=0.0)
    assert labels["outcome"].notna().tolist() == [True] + [False] * 5
    with pytest.raises(NotEnoughData, match="more than 6 bars to label a return over 5 bars; found 6"):
        forward_return(with_opens(OPENS), horizon=5, threshold=0.0)


def test_a_return_over_no_bars_is_refused():
    with pytest.raises(InvalidSpec, match="horizon to be at least 1; found 0"):
        forward_return(with_opens(OPENS), horizon=0, threshold=0.0)

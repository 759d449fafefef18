import numpy as np
import pandas as pd
import pytest

from webapp.dashboard.figures.books import MOST_BANDS, THE_OTHERS, stacked_shares

DAYS = pd.date_range("2024-01-02 21:00", periods=30, freq="B", tz="UTC", name="timestamp")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_bands_stand_on_one_another_in_the_order_of_the_accounts(theme):
    shares = pd.DataFrame({"a": 0.25, "b": 0.75}, index=DAYS)
    drawn = stacked_shares(shares, ["GOOG", "MSFT"], theme=theme)
    assert [trace["name"] for trace in drawn["data"]] == ["GOOG", "MSFT"]
    assert {trace["stackgroup"] for trace in drawn["data"]} == {"shares"}
    assert len({trace["fillcolor"] for trace in drawn["data"]}) == 2
    assert drawn["layout"]["yaxis"]["range"] == [0, 1]


def test_the_smallest_of_many_stand_together():
    values = np.arange(1, 21) / 210
    shares = pd.DataFrame({str(place): values[place] for place in range(20)}, index=DAYS)
    names = [
        trace["name"] for trace in stacked_shares(shares, [f"n{place}" for place in range(20)], theme="light")["data"]
    ]
    assert names == [*(f"n{place}" for place in range(20 - MOST_BANDS + 1, 20)), THE_OTHERS]

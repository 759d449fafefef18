import calendar

import numpy as np
import pandas as pd

from quant.features.seasons import day_of_week, days_to_month_end, month_of_year, turn_of_month
from tests.quant.features.generated import price_walk

PRICES = price_walk(800, seed=1)  # every day from January 2001 on
DAYS = [day.date() for day in PRICES["session"]]


def test_days_of_the_week_stand_on_a_circle():
    found = day_of_week(PRICES)
    angles = np.arctan2(found["day_of_week_sin"], found["day_of_week_cos"]) % (2 * np.pi)
    np.testing.assert_allclose(angles * 7 / (2 * np.pi), [day.weekday() for day in DAYS], atol=1e-12)


def test_months_stand_on_a_circle():
    found = month_of_year(PRICES)
    angles = np.arctan2(found["month_of_year_sin"], found["month_of_year_cos"]) % (2 * np.pi)
    np.testing.assert_allclose(angles * 12 / (2 * np.pi), [day.month - 1 for day in DAYS], atol=1e-12)


def test_days_to_the_end_of_the_month():
    expected = [calendar.monthrange(day.year, day.month)[1] - day.day for day in DAYS]
    assert days_to_month_end(PRICES)["days_to_month_end"].tolist() == expected


def test_the_turn_of_a_month_by_hand():
    # April 2002 ended on a Tuesday; May began on a Wednesday.
    days = pd.date_range("2002-04-26", "2002-05-08")
    prices = PRICES.iloc[: len(days)].assign(session=days.as_unit("us").to_numpy())
    found = turn_of_month(prices, before=1, after=3)["turn_of_month_1_3"]
    turning = [day.strftime("%d.%m.") for day, turns in zip(days, found, strict=True) if turns]
    assert turning == ["30.04.", "01.05.", "02.05.", "03.05."]


def test_the_date_is_that_of_the_exchange():
    # Closes at 21:00 in UTC, of the same date here; of another where the sun rises earlier.
    late = PRICES.assign(session=(PRICES["session"] + pd.Timedelta(days=1)).to_numpy())
    assert not day_of_week(late).equals(day_of_week(PRICES))

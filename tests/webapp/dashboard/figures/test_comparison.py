import pandas as pd

from webapp.dashboard.figures.comparison import compared_curves


def test_ten_curves_differ_in_colour_or_dash_and_the_first_is_the_boldest():
    index = pd.date_range("2024-01-02 21:00", periods=30, freq="B", tz="UTC", name="timestamp")
    curves = pd.DataFrame({place: [1.0 + place * day / 100 for day in range(30)] for place in range(10)}, index=index)

    drawn = compared_curves(curves, [f"name {place}" for place in range(10)], theme="dark")

    lines = [trace["line"] for trace in drawn["data"]]
    assert len({(line["color"], line["dash"]) for line in lines}) == 10
    assert len({line["dash"] for line in lines[:5]}) == 5
    assert [line["width"] > 1.5 for line in lines] == [True, *[False] * 9]
    assert [trace["name"] for trace in drawn["data"]][9] == "name 9"


def test_of_many_curves_the_first_stands_out():
    index = pd.date_range("2024-01-02 21:00", periods=30, freq="B", tz="UTC", name="timestamp")
    curves = pd.DataFrame({place: [1.0 + place * day / 100 for day in range(30)] for place in range(100)}, index=index)

    drawn = compared_curves(curves, [f"name {place}" for place in range(100)], theme="light")["data"]

    assert {trace["line"]["width"] for trace in drawn[1:]} == {1}
    assert (drawn[0]["line"]["width"], drawn[0]["opacity"], drawn[50]["opacity"]) == (2, 1.0, 0.5)

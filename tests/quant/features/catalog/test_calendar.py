from quant.features.catalog import DayOfWeek, DaysToMonthEnd, MonthOfYear, TurnOfMonth


def test_a_date_needs_nothing_and_is_known_from_the_first_bar_on():
    for kind in (DayOfWeek, DaysToMonthEnd, MonthOfYear, TurnOfMonth):
        assert kind().needs == ()
        assert kind().warm_up == 0


def test_columns_without_parameters_are_names():
    assert DayOfWeek().columns == ("day_of_week_sin", "day_of_week_cos")
    assert TurnOfMonth().columns == ("turn_of_month_1_3",)

from quant.features.catalog import HigherInterval


def test_warm_up_is_that_of_the_longest_periods():
    assert HigherInterval(window=4).warm_up == 42
    assert HigherInterval(window=4, measure="sma", interval="1mo").warm_up == 155
    assert HigherInterval(measure="rsi").settling > 0 == HigherInterval(measure="sma").settling
    assert HigherInterval().columns == ("higher_interval_1w_return_4",)

from quant.features.catalog import AverageTrueRange, BollingerBands, Volatility


def test_what_is_made_of_ranges_needs_them():
    assert AverageTrueRange().needs == ("high", "low", "close")
    assert BollingerBands().needs == Volatility().needs == ("close",)

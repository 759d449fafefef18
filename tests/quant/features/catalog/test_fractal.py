from quant.features.catalog import BoxDimension, HiguchiDimension, HurstExponent


def test_what_is_made_of_returns_needs_a_bar_more():
    assert HurstExponent(window=100).warm_up == 100
    assert HiguchiDimension(window=100).warm_up == BoxDimension(window=100).warm_up == 99

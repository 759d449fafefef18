from quant.features.catalog import RelativeVolume


def test_relative_volume_needs_volume_alone():
    assert RelativeVolume().needs == ("volume",)
    assert RelativeVolume(window=20).warm_up == 19

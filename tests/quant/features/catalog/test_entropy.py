from quant.features.catalog import PermutationEntropy, PlugInEntropy


def test_columns_name_the_encoding_too():
    assert PlugInEntropy(encoding="sign").columns == ("plug_in_entropy_100_sign_3",)
    assert (PlugInEntropy().warm_up, PermutationEntropy().warm_up) == (100, 99)

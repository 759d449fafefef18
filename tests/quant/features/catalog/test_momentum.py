from quant.features.catalog import RelativeStrengthIndex, Return


def test_warm_up_counts_changes_not_closes():
    assert Return(window=7).warm_up == 7
    assert RelativeStrengthIndex(window=14).warm_up == 14
    assert RelativeStrengthIndex(window=14).settling > 14

from quant.models import catalog
from quant.models.trees_catalog import HistogramBoosting, HistogramBoostingRegression, XgBoost, XgBoostRegression


def test_models_of_returns_have_the_parameters_of_those_of_classes():
    for of_classes, of_returns in ((HistogramBoosting, HistogramBoostingRegression), (XgBoost, XgBoostRegression)):
        assert of_returns in catalog.MODELS
        assert of_returns().parameters() == of_classes().parameters()
        assert (of_classes.learns, of_returns.learns) == ("classes", "numbers")

from quant.spec import AnalysisSpec
from tests.webapp.api.answered import QUESTION
from webapp.reports import question


def test_a_question_in_words():
    first, second, third, fourth = question.in_words(AnalysisSpec.model_validate(QUESTION), "2006-02-16", "2007-12-31")

    assert first.startswith("Would a model have made money on GOOG, traded on daily bars from 2006-02-16 to 2007-12-31")
    assert "logistic regression" in second
    assert "return and RSI" in second
    assert "how likely the price rises: forward return, horizon 3" in second
    assert "anew every 120 bars" in third
    assert "5 basis points" in fourth


def test_every_part_is_told_with_its_parameters():
    told = dict(question.details(AnalysisSpec.model_validate(QUESTION).resolved()))

    assert "enter above 0.58" in told["Strategy"]
    assert "costs (commission bps 5" in told["Backtest"]
    assert "train bars 300" in told["Validation"]


def test_many_names_are_counted():
    instruments = [{"symbol": f"S{n}"} for n in range(9)]
    first = question.in_words(AnalysisSpec.model_validate({**QUESTION, "instruments": instruments}), "a", "b")[0]

    assert "S0, S1, S2, S3, S4, S5 and 3 more" in first

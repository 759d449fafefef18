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


def test_orders_that_lie_and_what_the_market_costs_are_told_where_they_are_asked_for():
    backtest = {
        "entry": {"order": "stop_limit", "distance": 0.02, "valid_bars": 3},
        "liquidity": {"half_spread_bps": 2, "impact_bps": 100, "max_volume_share": 0.1},
        "interest": {"cash_annual": 0.02, "debt_annual": 0.05},
    }
    account = question.in_words(AnalysisSpec.model_validate({**QUESTION, "backtest": backtest}), "a", "b")[-1]

    assert "by a stop limit order, 2.0 % from it, that lies for 3 bars" in account.replace("\u00a0", " ")
    for told in ("half a spread of 2 basis", "an impact of 100", "10.0 % of a bar's volume", "cash earns 2.0 %"):
        assert told in account.replace("\u00a0", " ")


def test_longer_bars_are_named_with_what_was_asked_of_them():
    def first(bars):
        return question.in_words(AnalysisSpec.model_validate({**QUESTION, "bars": bars}), "a", "b")[0]

    assert "traded on weekly bars from a to b" in first({"name": "weekly"})
    assert "traded on dollar bars (days 7, estimate ewma, span 20) from a to b" in first(
        {"name": "dollar", "n_days": 7}
    )

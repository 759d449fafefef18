import pytest
from pydantic import ValidationError

from quant.features.catalog import Beta, Lag, Spread
from quant.features.catalog.cross_asset import closes_of
from quant.spec import AnalysisSpec

PAIR = [{"symbol": "GOOG"}, {"symbol": "IBM"}]


def test_the_other_instrument_stands_in_the_name_of_the_column():
    assert Beta(against="IBM", window=20).columns == ("beta_IBM_20",)
    assert Spread(window=20).columns == ("spread_first_20",)


def test_it_needs_both_closes_and_so_does_what_is_made_of_it():
    beta = Beta(against="IBM")
    assert beta.needs == ("close", closes_of("IBM"))
    assert Lag(of=beta).needs == beta.needs
    assert Lag(of=beta).others == ("IBM",)


def test_a_symbol_is_one_of_the_question():
    spec = AnalysisSpec.model_validate({"instruments": PAIR, "features": [{"name": "beta", "against": "IBM"}]})
    assert [spec.position_of(symbol) for symbol in ("GOOG", "IBM", "")] == [0, 1, 0]


@pytest.mark.parametrize(
    ("instruments", "against", "message"),
    [
        (PAIR, "MSFT", "'Beta' asks for one instrument of the question, against 'MSFT'; found GOOG, IBM"),
        (PAIR[:1], "", "'Beta' asks for a second instrument; found GOOG alone"),
        ([*PAIR, {"symbol": "IBM", "source": "yahoo"}], "IBM", "found more than one of that symbol"),
    ],
)
def test_what_is_not_there_is_refused_by_name(instruments, against, message):
    feature = {"name": "beta", "against": against}
    for asked in (feature, {"name": "lag", "of": feature}):
        with pytest.raises(ValidationError, match=message.replace("'Beta'", "'(Beta|Lag)'")):
            AnalysisSpec.model_validate({"instruments": instruments, "features": [asked]})

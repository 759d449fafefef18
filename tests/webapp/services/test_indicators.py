import pytest

from webapp.errors import InvalidInput
from webapp.services import indicators


@pytest.mark.parametrize(
    "texts",
    [["nothing"], ["sma:window=1"], ["sma:window=x"], ["rsi:foo=3"], ["rsi", "rsi:window=14"], ["rsi"] * 7, ["a" * 99]],
)
def test_what_is_no_indicator_is_refused_with_what_is_expected(texts):
    with pytest.raises(InvalidInput) as caught:
        indicators.parse_indicators(texts)

    assert "indicators" in caught.value.fields


def test_an_indicator_is_written_as_it_is_read():
    for entry in indicators.parse_indicators(["bollinger:width=2.5", "macd", "lempel_ziv:encoding=sign"]):
        assert indicators.parse_indicator(indicators.write_indicator(entry)) == entry


def test_every_indicator_that_is_offered_can_be_written_and_has_a_title():
    for kind in indicators.INDICATORS:
        assert indicators.parse_indicator(indicators.write_indicator(kind())) == kind()
        assert indicators.title_of(kind())


def test_what_needs_a_second_instrument_is_no_indicator():
    with pytest.raises(InvalidInput, match="Expected an indicator such as"):
        indicators.parse_indicator("beta")

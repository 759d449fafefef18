import pytest
from pydantic import ValidationError

from quant.data.catalog import CleaningSpec, InstrumentSpec
from quant.data.provider import PROVIDERS


@pytest.mark.parametrize("symbol", ["GOOG", "BRK.B", "BTC/USD", "^GSPC", "EURUSD=X", "RDS-A"])
def test_symbols_of_all_markets_are_accepted(symbol):
    assert InstrumentSpec(symbol=symbol).symbol == symbol


@pytest.mark.parametrize("symbol", ["", "A" * 33, "GO OG", "GOOG;", "<b>", "GOOG\n"])
def test_what_is_no_symbol_is_refused(symbol):
    with pytest.raises(ValidationError):
        InstrumentSpec(symbol=symbol)


def test_every_source_of_the_contract_but_uploads_can_be_created():
    sources = InstrumentSpec.model_fields["source"].annotation.__args__
    assert set(sources) == {*PROVIDERS, "upload"}, "what was uploaded is in the store, and nobody is asked for it"


@pytest.mark.parametrize("sessions", [0, 251])
def test_the_longest_hole_has_bounds(sessions):
    with pytest.raises(ValidationError):
        CleaningSpec(max_gap_sessions=sessions)

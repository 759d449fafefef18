import subprocess
import sys

import pytest
from pydantic import ValidationError

from quant.risk.catalog import RiskSpec


def test_round_trip_through_json():
    spec = RiskSpec(risk_free_annual=0.02, confidence=0.99, rolling_window=60)
    assert RiskSpec.model_validate_json(spec.model_dump_json()) == spec


@pytest.mark.parametrize("wrong", [{"confidence": 95}, {"rolling_window": 5}, {"risk_free_annual": 5}, {"alpha": 0.05}])
def test_per_cent_and_unknown_fields_are_refused(wrong):
    with pytest.raises(ValidationError):
        RiskSpec.model_validate(wrong)


def test_definitions_load_no_compiler():
    """The web process reads definitions; numba in it would cost half a second and a thread pool."""
    code = "import sys, quant.risk.definitions, quant.risk.catalog; sys.exit('numba' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False, timeout=60).returncode == 0

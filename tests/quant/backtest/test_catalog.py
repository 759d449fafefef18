import subprocess
import sys

import pytest
from pydantic import ValidationError

from quant.backtest.catalog import BacktestSpec, FixedFraction, Kelly, VolatilityTarget


@pytest.mark.parametrize("sizing", [FixedFraction(fraction=0.5), VolatilityTarget(window=20), Kelly(part=0.25)])
def test_round_trip_through_json(sizing):
    spec = BacktestSpec(sizing=sizing, whole_shares=False)
    assert BacktestSpec.model_validate_json(spec.model_dump_json()) == spec


@pytest.mark.parametrize(
    "wrong",
    [
        {"initial_cash": 0},
        {"sizing": {"name": "martingale"}},
        {"sizing": {"name": "fixed_fraction", "window": 5}},
        {"costs": {"slippage_bps": -1}},
        {"leverage": 2},
    ],
)
def test_impossible_values_and_unknown_fields_are_refused(wrong):
    with pytest.raises(ValidationError):
        BacktestSpec.model_validate(wrong)


def test_the_question_loads_no_compiler():
    code = "import sys, quant.spec; sys.exit('numba' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False, timeout=60).returncode == 0

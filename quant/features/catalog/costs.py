"""What features cost: measured, and kept beside the catalogue.

`costs.json` is written by

    .venv/bin/python -m tests.quant.features.catalog.test_costs

which takes processor time of every entry with its usual parameters.
"""

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path

UNIT = "sma"  # the entry that all others are held against
FILE = Path(__file__).with_name("costs.json")


@cache
def measured_costs() -> Mapping[str, float]:
    """Return by the name of each feature how many moving averages take as long, both with their usual parameters."""
    costs: dict[str, float] = json.loads(FILE.read_text(encoding="utf-8"))["moving_averages"]
    return costs

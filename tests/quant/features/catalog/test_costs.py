"""Costs of features are measured: here is how, and that what is kept is about what this machine finds too."""

import json
import sys
import time

import pandas as pd

from quant.features.catalog import FEATURES, HurstExponent, Lag, SimpleMovingAverage
from quant.features.catalog.costs import FILE, UNIT, measured_costs
from tests.quant.features.generated import name_of, price_walk, with_others

N_BARS = 50_000
N_ROUNDS = 5
APART = 8.0  # another machine, or another load, may find so many times more or less
CHEAP = 12.0  # moving averages; below, building a frame takes as long as what is in it


def seconds_of(n_bars, n_rounds):
    """Return the least processor time that each feature took."""
    prices = price_walk(n_bars, seed=1)
    hours = pd.date_range("1980-01-01", periods=n_bars, freq="h", tz="UTC", unit="us", name="timestamp")
    prices = prices.assign(session=hours.tz_localize(None).normalize()).set_axis(hours, axis="index")
    seconds = {}
    for kind in FEATURES:
        spec = kind()
        compute, own, parameters = spec.load(), with_others(spec, prices), spec.parameters()
        times = []
        for _ in range(n_rounds):
            begun = time.process_time()
            compute(own, **parameters)
            times.append(time.process_time() - begun)
        seconds[name_of(kind)] = min(times)
    return seconds


def in_averages(seconds):
    return {name: max(each / seconds[UNIT], 0.1) for name, each in seconds.items()}


def test_every_feature_has_a_cost_and_nothing_else_has():
    assert set(measured_costs()) == {name_of(kind) for kind in FEATURES}
    assert measured_costs()[UNIT] == SimpleMovingAverage().cost == 1.0


def test_costs_are_about_what_this_machine_finds():
    found = in_averages(seconds_of(20_000, 2))
    apart = {
        name: (kept, round(found[name], 1))
        for name, kept in measured_costs().items()
        if not max(kept, CHEAP) / APART <= max(found[name], CHEAP) <= max(kept, CHEAP) * APART
    }
    assert apart == {}


def test_a_transform_costs_what_it_is_made_of_too():
    assert Lag(of=HurstExponent()).cost > HurstExponent().cost > 10.0


if __name__ == "__main__":
    measured = seconds_of(N_BARS, N_ROUNDS)
    costs = {name: float(f"{each:.2g}") for name, each in sorted(in_averages(measured).items())}
    nanoseconds = float(f"{measured[UNIT] / N_BARS * 1e9:.2g}")
    kept = {"nanoseconds_of_one_a_bar": nanoseconds, "n_bars": N_BARS, "moving_averages": costs}
    FILE.write_text(json.dumps(kept, indent=2) + "\n", encoding="utf-8")
    sys.exit()

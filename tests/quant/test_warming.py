import subprocess
import sys

import pytest

from quant import warming

PROGRAM = """
from quant import warming
from quant.backtest.orders import simulate_orders
from quant.backtest.simulation import simulate
kernels = simulate, simulate_orders
assert not any(kernel.signatures for kernel in kernels)
warming.warm_up(from_the_end={from_the_end})
assert all(kernel.signatures for kernel in kernels)
"""


@pytest.mark.parametrize("from_the_end", [False, True])
def test_whatever_comes_first_everything_is_compiled_at_the_end(from_the_end):
    subprocess.run([sys.executable, "-c", PROGRAM.format(from_the_end=from_the_end)], check=True, timeout=300)


def test_of_two_processes_one_begins_at_the_end(monkeypatch):
    done = []
    monkeypatch.setattr(warming, "_STEPS", tuple(lambda n=n: done.append(n) for n in range(3)))
    warming.warm_up()
    warming.warm_up(from_the_end=True)
    assert done == [0, 1, 2, 2, 1, 0]

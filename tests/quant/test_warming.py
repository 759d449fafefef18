from quant import warming
from quant.backtest.orders import simulate_orders
from quant.backtest.simulation import simulate


def test_whatever_comes_first_everything_is_compiled_at_the_end():
    for from_the_end in (False, True):
        warming.warm_up(from_the_end=from_the_end)
        assert simulate.signatures
        assert simulate_orders.signatures


def test_of_two_processes_one_begins_at_the_end(monkeypatch):
    done = []
    monkeypatch.setattr(warming, "_STEPS", tuple(lambda n=n: done.append(n) for n in range(3)))
    warming.warm_up()
    warming.warm_up(from_the_end=True)
    assert done == [0, 1, 2, 2, 1, 0]

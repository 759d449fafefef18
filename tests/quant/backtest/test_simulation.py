"""The kernel's own corners; its rules are tested through the engine."""

import numpy as np

from quant.backtest.costs import CostRates
from quant.backtest.journal import empty_journal, in_full
from quant.backtest.simulation import (
    DECIDED_ROW,
    FILL_DECIDED_ROW,
    FILL_INSTRUMENT,
    FILL_ROW,
    FILL_SHARES,
    HELD,
    LAST_PRICE,
    ORDER,
    PRICE,
    SHARES,
    TARGET_WEIGHT,
    Decisions,
    Rules,
    empty_account,
    simulate,
)

FREE = Rules(whole_shares=False, rebalance_threshold=0.0, rates=CostRates(0.0, 0.0, 0.0, 0.0, 0.0))


DAY = 86_400_000_000


def written(close, weights, rules=FREE):
    close = np.asarray(close, dtype=float)
    opens = np.concatenate([close[:1], close[:-1]])
    fields = np.stack([np.zeros_like(close), opens, close, np.ones_like(close)])
    market = np.full((4, len(close) + 1, close.shape[1]), np.nan)[:, :-1]  # the layout of `Bars.values`
    market[:] = fields
    weights = np.asarray(weights, dtype=float)
    rows, instruments = np.nonzero(np.isfinite(weights))
    decisions = Decisions(rows, instruments, weights[rows, instruments])
    journal = empty_journal(*close.shape, len(rows))
    stamps, actions = np.arange(len(close)) * DAY, np.empty(0, dtype=np.int64)
    outcome = simulate(market, close, stamps, actions, decisions, 1000.0, rules, *journal)
    return outcome, journal, close


def run(close, weights, rules=FREE):
    (n_fills, ruined_row, n_entries), journal, close = written(close, weights, rules)
    return (n_fills, ruined_row), in_full(journal, n_entries, close)


def test_an_empty_account_holds_and_orders_nothing():
    account = empty_account(3, 2, 4)
    assert np.isnan(account.book[[LAST_PRICE, ORDER]]).all()
    assert account.book[HELD].tolist() == [0.0, 0.0]
    assert account.fills.shape == (6, 6)
    assert account.ledger.shape == (4, 3, 2)


def test_there_is_room_for_a_fill_of_every_decision_and_of_ruin():
    rng = np.random.default_rng(1)
    close = 10 * np.cumprod(np.exp(rng.normal(0, 0.2, (200, 3))), axis=0)
    weights = np.where(rng.random((200, 3)) < 0.5, 4.0, -4.0)
    (n_fills, ruined_row), account = run(close, weights)
    assert 0 < n_fills <= len(account.fills)
    assert ruined_row > 0
    fills = account.fills[:n_fills]
    assert (fills[:, FILL_ROW] > fills[:, FILL_DECIDED_ROW]).all()
    assert (np.diff(fills[:, FILL_ROW]) >= 0).all()
    assert len(np.unique(fills[:, [FILL_ROW, FILL_INSTRUMENT]], axis=0)) == n_fills
    assert (account.book[HELD] == 0).all()


def test_the_order_that_is_left_tells_what_and_since_when():
    (n_fills, ruined_row), account = run([[10.0], [10.0]], [[0.5], [0.2]])
    assert (n_fills, ruined_row) == (1, -1)
    assert account.fills[0, FILL_SHARES] == 50.0
    assert account.book[ORDER, 0] == 20.0
    assert account.book[DECIDED_ROW, 0] == 1.0


def test_same_input_same_bits():
    rng = np.random.default_rng(2)
    close = 10 * np.cumprod(np.exp(rng.normal(0, 0.02, (300, 2))), axis=0)
    weights = rng.random((300, 2)) / 2
    first, second = run(close, weights)[1], run(close, weights)[1]
    for a, b in zip(first, second, strict=True):
        np.testing.assert_array_equal(a, b)


def test_what_nobody_decides_on_is_marked_and_can_still_ruin():
    nan = np.nan
    close = [[10.0, 5.0], [10.0, 5.0], [11.0, nan], [12.0, nan], [20.0, 5.0], [24.0, 6.0], [25.0, 6.0], [26.0, 6.0]]
    weights = np.full((8, 2), nan)
    weights[0] = [-0.9, 0.1]  # 90 shares sold short, 20 held, 1800 in cash
    (n_fills, ruined_row), account = run(close, weights)

    assert ruined_row == 5
    assert n_fills == 4
    assert account.ledger[1, :, 1].tolist() == [5.0, 5.0, 5.0, 5.0, 5.0, 6.0, 6.0, 6.0]
    assert account.ledger[0, :, 0].tolist() == [0.0, -90.0, -90.0, -90.0, -90.0, -90.0, 0.0, 0.0]
    assert account.cash[:6].tolist() == [1000.0, 1800.0, 1800.0, 1800.0, 1800.0, 1800.0]


def test_only_bars_in_which_something_happens_are_written_down():
    nan = np.nan
    close = [[10.0], [11.0], [12.0], [nan], [13.0], [14.0]]
    (_, _, n_entries), journal, close = written(close, [[0.5], [nan], [nan], [nan], [0.0], [nan]])

    assert journal.rows[:n_entries].tolist() == [0, 1, 4, 5]  # decided, filled, decided, filled
    account = in_full(journal, n_entries, close)
    assert account.ledger[PRICE, :, 0].tolist() == [10.0, 11.0, 12.0, 12.0, 13.0, 14.0]
    assert account.ledger[SHARES, :, 0].tolist() == [0.0, 50.0, 50.0, 50.0, 50.0, 0.0]
    assert account.cash.tolist() == [1000.0, 500.0, 500.0, 500.0, 500.0, 1150.0]
    held = account.ledger[SHARES, :, 0] * account.ledger[PRICE, :, 0]
    np.testing.assert_array_equal(journal.levels, account.cash + held)


def test_a_weight_that_orders_nothing_is_no_event_and_is_kept():
    close = [[10.0], [11.0], [12.0], [13.0], [14.0], [15.0]]
    weights = [[0.5], [0.5], [0.5], [0.5], [0.0], [0.0]]
    (_, _, n_entries), journal, _ = written(close, weights, FREE._replace(rebalance_threshold=0.2))

    assert journal.rows[:n_entries].tolist() == [0, 1, 4, 5]  # decided, filled, decided, filled
    assert journal.levels.tolist() == [1000.0, 1050.0, 1100.0, 1150.0, 1200.0, 1200.0]
    assert journal.book[TARGET_WEIGHT, 0] == 0.0
    assert journal.book[LAST_PRICE, 0] == 15.0


def test_weights_that_order_nothing_are_followed_by_what_happens_without_one():
    nan = np.nan
    close = [[10.0], [11.0], [12.0], [13.0], [14.0], [15.0], [16.0]]
    weights = [[0.5], [nan], [0.5], [0.5], [nan], [0.0], [nan]]
    (n_fills, _, n_entries), journal, _ = written(close, weights)
    assert n_fills == 4
    assert journal.rows[:n_entries].tolist() == [0, 1, 2, 3, 4, 5, 6]

    (n_fills, _, n_entries), journal, _ = written(close, weights, FREE._replace(rebalance_threshold=0.2))
    assert n_fills == 2
    assert journal.rows[:n_entries].tolist() == [0, 1, 4, 5, 6]
    assert journal.levels.tolist() == [1000.0, 1050.0, 1100.0, 1150.0, 1200.0, 1250.0, 1250.0]

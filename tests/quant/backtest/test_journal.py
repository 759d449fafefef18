"""What is written out of a journal by hand; what a simulation writes into one stands in its own tests."""

import numpy as np

from quant.backtest.journal import Journal, empty_journal, in_full
from quant.backtest.simulation import BORROW_FEES, DIVIDENDS, HELD, ORDER, PRICE, SHARES, Account


def journal_of(n_bars, entries):
    """Return a journal of one instrument; each entry: row, cash, shares, price, dividends and fees."""
    journal = empty_journal(n_bars, 1, 3)
    for place, (row, cash, *held) in enumerate(entries):
        journal.rows[place], journal.cash[place] = row, cash
        journal.ledger[:, place, 0] = held
    return journal


def test_an_empty_journal_has_room_for_an_entry_a_bar_and_an_empty_book():
    journal = empty_journal(5, 2, 3)
    assert [len(each) for each in (journal.levels, journal.rows, journal.cash)] == [5, 5, 5]
    assert journal.ledger.shape == (4, 5, 2)
    assert journal.fills.shape == (5, 6)
    assert journal.book[HELD].tolist() == [0.0, 0.0]
    assert np.isnan(journal.book[ORDER]).all()


def test_a_bar_without_an_entry_is_as_after_the_entry_before_at_its_own_close():
    journal = journal_of(5, [(0, 100.0, 0.0, 10.0, 0.0, 0.0), (2, 40.0, 5.0, 12.0, 3.0, 1.0)])
    account = in_full(journal, 2, np.array([[10.0], [11.0], [12.0], [np.nan], [14.0]]))

    assert account.cash.tolist() == [100.0, 100.0, 40.0, 40.0, 40.0]
    assert account.ledger[SHARES, :, 0].tolist() == [0.0, 0.0, 5.0, 5.0, 5.0]
    assert account.ledger[PRICE, :, 0].tolist() == [10.0, 11.0, 12.0, 12.0, 14.0]  # the last known
    assert account.ledger[DIVIDENDS, :, 0].tolist() == [0.0, 0.0, 3.0, 0.0, 0.0]  # of its own bar alone
    assert account.ledger[BORROW_FEES, :, 0].tolist() == [0.0, 0.0, 1.0, 0.0, 0.0]


def test_a_journal_with_an_entry_for_every_bar_is_the_account():
    journal = journal_of(2, [(0, 100.0, 0.0, 10.0, 0.0, 0.0), (1, 40.0, 5.0, 12.0, 0.0, 0.0)])
    account = in_full(journal, 2, np.array([[10.0], [12.0]]))
    assert isinstance(journal, Journal)
    assert isinstance(account, Account)
    assert account.ledger is journal.ledger

"""What a compiled account writes down of the bars in which something happens, and the account after every bar."""

from typing import Any, NamedTuple

import numpy as np
from numba import njit

from quant.backtest.simulation import PRICE, SHARES, Account, empty_account

FloatArray = np.ndarray[Any, np.dtype[np.float64]]
IntArray = np.ndarray[Any, np.dtype[np.int64]]


class Journal(NamedTuple):
    """What the simulation writes: equity after every bar, and the account after each bar in which something happens.

    In most bars nothing happens but that positions have another value. `rows` are the bars of the entries; the arrays
    have room for an entry a bar, and what is never written takes no memory.
    """

    levels: FloatArray  # of shape (n_bars,)
    rows: IntArray
    cash: FloatArray
    ledger: FloatArray
    fills: FloatArray
    book: FloatArray


def empty_journal(n_bars: int, n_instruments: int, n_decisions: int) -> Journal:
    """Return a journal to be written."""
    account = empty_account(1, n_instruments, n_decisions)
    return Journal(
        levels=np.empty(n_bars),
        rows=np.empty(n_bars, dtype=np.int64),
        cash=np.empty(n_bars),
        ledger=np.empty((4, n_bars, n_instruments)),
        fills=account.fills,
        book=account.book,
    )


def in_full(journal: Journal, n_entries: int, closes: FloatArray) -> Account:
    """Return the account after every bar: of one without an entry, as after the entry before, at its own prices."""
    if n_entries == len(journal.rows):
        return Account(journal.cash, journal.ledger, journal.fills, journal.book)
    account = Account(np.empty_like(journal.cash), np.zeros_like(journal.ledger), journal.fills, journal.book)
    _write_out(journal.rows[:n_entries], journal.cash, journal.ledger, closes, account.cash, account.ledger)
    return account


@njit(cache=True, nogil=True, error_model="numpy")
def _write_out(
    rows: IntArray,
    cash: FloatArray,
    entries: FloatArray,
    closes: FloatArray,
    cash_after: FloatArray,
    ledger: FloatArray,
) -> None:
    for entry in range(len(rows)):
        begin, end = rows[entry], rows[entry + 1] if entry + 1 < len(rows) else len(cash_after)
        cash_after[begin:end] = cash[entry]
        for i in range(ledger.shape[2]):
            for plane in range(ledger.shape[0]):
                ledger[plane, begin, i] = entries[plane, entry, i]
            held, price = entries[SHARES, entry, i], entries[PRICE, entry, i]
            for row in range(begin + 1, end):
                close = closes[row, i]
                price = price if np.isnan(close) else close
                ledger[SHARES, row, i], ledger[PRICE, row, i] = held, price

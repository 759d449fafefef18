"""Counts are part of the transaction in which something happens, and add up whoever counts."""

import threading

import pytest

from webapp.services import meters


def counted(database):
    with database.read() as session:
        return meters.read(session)


def test_counts_add_up_over_transactions(database):
    for seconds in (1.5, 2.0):
        with database.write() as session:
            meters.count(session, "stage", "train", amount=seconds)
            meters.count(session, "stage", "train", amount=0.5)
            meters.count(session, "failed", "analysis", "time_limit")

    found = counted(database)
    assert found == {"stage": [(("train",), 4, 4.5)], "failed": [(("analysis", "time_limit"), 2, 0.0)]}


def test_what_is_rolled_back_has_not_happened(database):
    def break_off():
        with database.write() as session:
            meters.count(session, "failed", "analysis", "x")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        break_off()
    with database.write() as session:
        with session.begin_nested():
            meters.count(session, "failed", "analysis", "y")
        meters.count(session, "failed", "analysis", "y")

    assert counted(database) == {"failed": [(("analysis", "y"), 2, 0.0)]}


def test_many_who_count_at_once_wait_for_nobody_for_long_and_lose_nothing(database):
    names = [f"stage-{number}" for number in range(6)]

    def work(order):
        for _ in range(5):
            with database.write() as session:
                for name in order:
                    meters.count(session, "stage", name, amount=1.0)

    threads = [threading.Thread(target=work, args=(order,)) for order in (names, names[::-1], names[3:] + names[:3])]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = {labels[0]: (n, total) for labels, n, total in counted(database)["stage"]}
    assert found == dict.fromkeys(names, (15, 15.0))

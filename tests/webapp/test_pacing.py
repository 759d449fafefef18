"""The token bucket: what it lets through at once, what it makes wait, shared by processes and alone."""

import threading
import time

import pytest

from tests import servers
from webapp.pacing import TokenBucket


def bucket(url="", **values):
    waits = []
    made = TokenBucket(url, "yahoo", **{"per_minute": 60, "burst": 3, "sleep": waits.append, **values})
    return made, waits


def test_what_was_saved_up_comes_at_once_and_then_each_waits_for_its_turn():
    own, waits = bucket()
    found = [own.take() for _ in range(6)]

    assert found[:3] == [0, 0, 0]
    assert found[3:] == pytest.approx([1, 2, 3], abs=0.1), "nobody slept, so the debt grows"
    assert waits == found[3:]


def test_tokens_come_back():
    own, _ = bucket(per_minute=6000, burst=1)
    own.take()
    time.sleep(0.05)

    assert own.take() == 0


@pytest.mark.broker
def test_all_processes_share_one_bucket(valkey):
    first, _ = bucket(valkey.url)
    second, _ = bucket(valkey.url)
    found = [each.take() for each in (first, second, first, second, first)]

    assert found[:3] == [0, 0, 0]
    assert found[3:] == pytest.approx([1, 2], abs=0.2)


@pytest.mark.broker
def test_no_token_is_taken_twice_at_the_same_moment(valkey):
    found = []
    threads = [threading.Thread(target=lambda: found.append(bucket(valkey.url, burst=4)[0].take())) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=10)

    assert sorted(found)[:4] == [0] * 4
    assert sorted(found)[4:] == pytest.approx([1, 2, 3, 4], abs=0.5)


def test_while_redis_is_away_this_process_counts_alone(caplog):
    lonely, _ = bucket(f"redis://127.0.0.1:{servers.free_port()}/0", burst=1)
    began = time.monotonic()

    assert lonely.take() == 0
    assert lonely.take() == pytest.approx(1, abs=0.2)
    assert time.monotonic() - began < 3
    assert "Redis is away" in caplog.text

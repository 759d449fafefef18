"""Who is told how a run fares, where nobody listens."""

from quant.watcher import Silent


def test_who_is_silent_takes_no_note():
    silent = Silent()

    assert [silent.at("train", 0.5, "Half."), silent.tried([]), silent.tuned(3)] == [None, None, None]

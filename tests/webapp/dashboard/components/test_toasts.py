from tests.webapp.dashboard import reading
from webapp.dashboard.components import toasts


def test_errors_wait_to_be_read_and_good_news_leave_by_themselves():
    assert not hasattr(toasts.toast("Title", "Text"), "duration")
    first, second = toasts.done("Saved."), toasts.done("Saved.")
    assert reading.text(first) == "Saved."
    assert "toast-done" in first.className
    assert first.key != second.key, "the same news twice are two messages"


def test_what_was_done_is_told_in_the_live_region(monkeypatch):
    told = {}
    monkeypatch.setattr(toasts, "set_props", told.__setitem__)
    toasts.tell("The token opens nothing any more.")
    assert reading.text(told[toasts.TOASTS]["children"]) == "The token opens nothing any more."

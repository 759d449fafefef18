import datetime

from tests.factories import NOW
from webapp.dashboard.components import times


def test_ago_has_the_instant_on_hover_and_for_the_browser():
    shown = times.ago(NOW, NOW + datetime.timedelta(minutes=2))

    assert shown.children.replace("\u00a0", " ") == "2 min ago"
    assert shown.title == "2026-01-02 03:04:05 UTC"
    assert shown.dateTime == "2026-01-02T03:04:05+00:00"
    assert shown.to_plotly_json()["props"]["data-ago"] == "true"


def test_never_is_a_dash():
    assert times.ago(None, NOW).children == "–"


def test_a_clock_shows_the_time_of_day_in_utc():
    here = NOW.astimezone(datetime.timezone(datetime.timedelta(hours=5)))

    assert times.clock(here).children == "03:04:05"


def test_now_is_aware():
    assert times.now().tzinfo is datetime.UTC

"""Tables about prices: what a row says of freshness, quality, and requests under way."""

import dataclasses
import datetime

import pytest

from quant.data.findings import Finding
from tests.webapp.dashboard import reading
from webapp.dashboard.components import instruments as tables
from webapp.services.acquisitions import AcquisitionView
from webapp.services.coverage import Freshness, RevisionEntry
from webapp.services.prices import InstrumentView
from webapp.services.workflow import Status

DAY, NOW = datetime.date(2026, 11, 24), datetime.datetime(2026, 11, 25, 12, tzinfo=datetime.UTC)
ITEM = InstrumentView(
    id="a" * 16, symbol="AAPL", name="Apple", asset_class="equity", currency="USD", exchange="XNYS", source="yahoo",
    interval="1d", is_own=False, actions_implied=False, revision=2, n_bars=10, first_session=DAY, last_session=DAY,
    updated_at=NOW, quality={},
)  # fmt: skip
REQUEST = AcquisitionView(
    id="b" * 16, kind="fetch", source="yahoo", symbol="AAPL", interval="1d", extent="newest", status=Status.QUEUED,
    progress=0.0, attempt=0, waits_until=None, waits_for="It waits.", error_code=None, error_message=None, message=None,
    instrument_id=None, revision=None, n_bars=None, n_added=None, n_restated=None, n_withdrawn=None, submitted_at=NOW,
    started_at=None, finished_at=None,
)  # fmt: skip


def row(n_behind=0, *, can=True, requests=(), may_fetch=True, **changes):
    item = dataclasses.replace(ITEM, **changes)
    (found,) = tables.instrument_rows([item], [Freshness(DAY, n_behind, can)], requests, may_fetch=may_fetch)
    return found


@pytest.mark.parametrize(
    ("n_behind", "can", "word"),
    [(0, True, "Up to date"), (1, True, "1 behind"), (1200, True, "1,200 behind"), (9, False, "Ends 2026"),
     (None, True, "No bars")],
)  # fmt: skip
def test_a_row_says_how_fresh_it_is(n_behind, can, word):
    assert row(n_behind, can=can)["fresh"]["text"] == word


def test_who_may_refresh_has_a_button_unless_it_is_under_way():
    assert row()[tables.REFRESH]["text"] == "Refresh"
    assert row(may_fetch=False)[tables.REFRESH] is None
    assert row(can=False)[tables.REFRESH] is None
    busy = row(requests=[dataclasses.replace(REQUEST, status=Status.RUNNING, progress=0.6)])
    assert busy[tables.REFRESH] is None
    assert (busy["fresh"]["text"], busy["fresh"]["share"]) == ("Running", 60)
    ended = row(requests=[dataclasses.replace(REQUEST, status=Status.FAILED)])
    assert ended["fresh"]["text"] == "Up to date"


@pytest.mark.parametrize(
    ("quality", "words"),
    [({}, "Clean"), ({"info": 2}, "2\u00a0notes"), ({"warning": 1, "info": 2}, "1\u00a0warning"),
     ({"error": 3, "warning": 1}, "3\u00a0errors")],
)  # fmt: skip
def test_the_worst_kind_of_finding_is_named(quality, words):
    assert tables.findings_badge(quality)["text"] == words


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, "It waits."),
        ({"error_message": "No answer."}, "No answer. It waits."),
        ({"status": Status.RUNNING}, "The source is being asked."),
        ({"status": Status.CANCELLED, "message": "x"}, "Nothing of it was kept."),
        ({"status": Status.FAILED, "error_message": "Unknown."}, "Unknown."),
        ({"status": Status.SUCCEEDED, "message": "10 bars new."}, "10 bars new."),
    ],
)
def test_a_request_says_what_came_of_it(changes, words):
    assert tables.request_in_words(dataclasses.replace(REQUEST, **changes)) == words


def test_only_what_has_not_ended_can_be_cancelled():
    rows = tables.request_rows([REQUEST, dataclasses.replace(REQUEST, status=Status.FAILED)], may_fetch=True)

    assert [bool(each[tables.CANCEL]) for each in rows] == [True, False]


def test_findings_and_vintages_are_read_whole():
    days = tuple(DAY + datetime.timedelta(days=n) for n in range(8))
    text = reading.text(tables.findings_table([Finding("x", "error", "Expected better.", 8, (), days)]))
    for word in ("Error", "8", "Expected better.", "2026-11-24", "and 2 more"):
        assert word in text

    text = reading.text(tables.revisions_table([RevisionEntry(2, NOW, "fetched", 10, DAY, DAY, {}, 3, 1)]))
    for word in ("2", "fetched", "10", "3", "2026-11-24 to 2026-11-24", "2026-11-25"):
        assert word in text

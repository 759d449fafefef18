import datetime

import pytest

from tests import factories
from webapp.errors import PermissionDenied
from webapp.permissions import Actor, Role
from webapp.services import acquisitions, documents, job_lists, shares
from webapp.services.job_lists import list_jobs
from webapp.tables import Analysis, Share

LATER = factories.NOW + datetime.timedelta(minutes=5)


@pytest.fixture
def mine(session):
    return factories.create_actor(session)


@pytest.fixture
def full(session, mine):
    """A queue: one running, two waiting, one failed, one fetch, all mine; one of somebody else's waits before mine."""
    other = factories.create_actor(session)
    factories.create_analysis(session, other, title="secret")
    over = {"started_at": factories.NOW, "finished_at": LATER}
    for title, values in {
        "running": {"status": "running", "progress": 0.5, "stage": "train", "started_at": factories.NOW, "worker": "w"},
        "first": {},
        "second": {"submitted_at": LATER},
        "failed": {"status": "failed", "error_code": "internal", **over},
    }.items():
        factories.create_analysis(session, mine, title=title, **values)
    acquisitions.submit_fetch(session, mine, source="yahoo", symbol="MSFT")
    return other


def test_running_ones_come_first_then_what_waits_by_its_place(session, mine, full):
    found = list_jobs(session, mine)

    assert [job.title for job in found.active] == ["running", "MSFT from yahoo", "first", "second"]
    assert [job.position for job in found.active] == [None, None, 2, 3]
    assert [job.title for job in found.finished] == ["failed"]
    assert (found.active[0].stage, found.active[0].worker) == ("train", "w")
    assert found.active[0].eta_seconds > 0
    assert {job.kind for job in found.active} == {"analysis", "fetch"}


def test_others_jobs_have_an_owner_and_a_kind_and_no_more_for_administrators_only(session, mine, full):
    admin = factories.create_actor(session, "admin")
    found = list_jobs(session, admin, everybody=True)

    assert len(found.active) == 5
    assert {(job.id, job.title) for job in (*found.active, *found.finished)} == {("", "")}
    assert full.name in {job.owner for job in found.active}
    with pytest.raises(PermissionDenied):
        list_jobs(session, mine, everybody=True)
    with pytest.raises(PermissionDenied):
        list_jobs(session, Actor(mine.user_id, "x", Role.ADMIN, frozenset()))


@pytest.mark.databases("sqlite")
def test_a_long_list_takes_as_many_questions_as_a_short_one(session, mine, count_queries):
    def ask():
        with count_queries(session) as statements:
            list_jobs(session, mine)
        return len(statements)

    factories.create_analysis(session, mine)
    short = ask()
    for _ in range(20):
        factories.create_analysis(session, mine)

    assert ask() == short <= 12


@pytest.mark.databases("sqlite")
def test_history_is_limited_to_the_newest(session, mine):
    for minute in range(4):
        at = factories.NOW + datetime.timedelta(minutes=minute)
        factories.create_analysis(session, mine, title=str(minute), status="cancelled", submitted_at=at, finished_at=at)

    assert [job.title for job in list_jobs(session, mine, limit=2).finished] == ["3", "2"]


def test_pages_miss_nothing_and_repeat_nothing_of_either_kind(session, mine):
    for minute in (0, 1, 1, 2, 3):
        at = factories.NOW + datetime.timedelta(minutes=minute)
        over = {"submitted_at": at, "finished_at": at}
        factories.create_analysis(session, mine, title="x", status="failed", **over)
        factories.create_acquisition(session, mine, symbol="x", status="succeeded", **over)
    factories.create_analysis(session, factories.create_actor(session), status="failed")
    everything = list_jobs(session, mine).finished

    seen, cursor = [], ""
    while cursor is not None:
        page = list_jobs(session, mine, limit=3, cursor=cursor)
        assert len(page.finished) == 3 or page.next is None
        seen += page.finished
        cursor = page.next
    assert seen == list(everything)
    assert len({job.id for job in seen}) == 10
    assert [job.submitted_at for job in seen] == sorted((job.submitted_at for job in seen), reverse=True)
    assert list_jobs(session, mine, limit=10).next is None


@pytest.mark.databases("sqlite")
def test_time_that_remains_is_unknown_until_enough_is_done(session, mine):
    factories.create_analysis(session, mine, status="running", progress=0.01, started_at=factories.NOW)

    assert job_lists.list_jobs(session, mine).active[0].eta_seconds is None
    session.query(Analysis).one().progress = 0.5
    assert job_lists.list_jobs(session, mine).active[0].eta_seconds > 0


def test_documents_are_jobs_of_whoever_asked(session, mine):
    done = factories.create_analysis(session, mine, title="Mine", status="succeeded", result_key="k" * 64)
    for kind in ("html", "pdf"):
        documents.ask(session, mine, done.public_id, kind)
    documents.cancel(session, mine, done.public_id, "pdf")
    found = list_jobs(session, mine)

    [report] = found.active
    assert (report.kind, report.id, report.title) == ("report", done.public_id, "Report of Mine")
    assert report.waits_for == "it waits for a data worker"
    assert [(job.kind, job.status) for job in found.finished] == [
        ("tear_sheet", "cancelled"),
        ("analysis", "succeeded"),
    ]


def test_a_document_of_what_one_may_no_longer_read_has_no_title(session, mine):
    user = factories.create_user(session)
    reader = factories.actor_of(user)
    done = factories.create_analysis(session, mine, title="secret", status="succeeded", result_key="k" * 64)
    shares.share_with_user(session, mine, done.public_id, email=user.email)
    documents.ask(session, reader, done.public_id, "html")
    assert list_jobs(session, reader).active[0].title == "Report of secret"
    session.query(Share).delete()

    [job] = list_jobs(session, reader).active
    assert (job.title, job.id, job.kind) == ("", "", "report")

"""Lists and polls find their rows by indexes, on both databases, so that they stay quick with very many rows."""

import datetime
import re
from collections.abc import Callable

import pytest
from sqlalchemy import event, text

from tests import crowds, factories
from webapp.db import Database
from webapp.services import (
    acquisitions,
    analyses,
    groups,
    invitations,
    job_lists,
    listing,
    outlooks,
    prices,
    quotas,
    shares,
    study_boards,
    study_views,
    templates,
    tokens,
    trail,
    uploads,
    users,
    watching,
)
from webapp.services import jobs as job_services
from webapp.services.listing import Archived, Filters, Members, Scope, Sort
from webapp.services.workflow import Status

# Tables that grow with every analysis. What a whole index holds may be walked through, to count; rows may not.
# The trail of audit is left out: it is read from its newest row on, which SQLite calls a scan.
_LARGE = "analyses|analysis_log|analysis_tags|artifacts|backtests|trades|performance_metrics|trials|models|features"
_SCANS = {
    "sqlite": re.compile(rf"SCAN ({_LARGE})\b(?!.* USING (COVERING )?INDEX)"),
    "postgresql": re.compile(rf"Seq Scan on ({_LARGE})\b"),
}


def all_own(session, actor, _id):
    """Ask for one's own in each order, narrowed by each filter."""
    narrowed = [
        *({}, {"status": (Status.QUEUED, Status.RUNNING)}, {"text": "question 59"}, {"is_credible": True}),
        *({"tag": "momentum"}, {"archived": Archived.ONLY}, {"archived": Archived.ALSO}, {"members": Members.ONLY}),
    ]
    for filters in narrowed:
        for sort in Sort:
            listing.search(session, actor, Filters(**filters), sort=sort, limit=500)
    listing.list_tags(session, actor)


def all_shared(session, actor, _id):
    """Ask for what others share in each order, and narrowed."""
    for sort in Sort:
        listing.search(session, actor, Filters(scope=Scope.SHARED), sort=sort)
    for filters in ({"status": (Status.FAILED,)}, {"text": "question 59"}, {"is_credible": True}):
        listing.search(session, actor, Filters(scope=Scope.SHARED, **filters))


def all_of_everybody(session, actor, _id):
    """Ask for everybody's in each order that there is, and narrowed; second pages, too."""
    for sort in (Sort.NEWEST, Sort.OLDEST, Sort.STATUS):
        page = listing.search(session, actor, Filters(scope=Scope.ALL), sort=sort, limit=10)
        listing.search(session, actor, Filters(scope=Scope.ALL), sort=sort, cursor=page.next)
    listing.search(session, actor, Filters(scope=Scope.ALL, text="user"))


def all_of_a_study(session, actor, _id):
    """Ask for all that the pages of studies show."""
    study_id = study_views.list_studies(session, actor, limit=500).items[0].id
    study_views.get(session, actor, study_id)
    study_views.list_members(session, actor, study_id, status=[Status.FAILED])
    page = study_views.list_members(session, actor, study_id, limit=2)
    study_views.list_members(session, actor, study_id, cursor=page.next)
    study_boards.leaderboard(session, actor, study_id)


def all_of_the_trail(session, actor, _id):
    """Ask for the trail of one person, of one action and of a day."""
    user_id = users.search_users(session, actor).items[1].id
    day = datetime.date(2024, 1, 1)
    for narrowed in ({"user_id": user_id}, {"action": "session"}, {"start": day, "end": day}):
        trail.read_trail(session, actor, **narrowed)


def all_beside(session, actor, analysis_id):
    """Ask for the small lists that stand beside what grows, and which must not walk through it."""
    shares.list_shares(session, actor, analysis_id)
    watching.look_at(session, actor, analysis_id)
    prices.list_instruments(session, actor)
    acquisitions.list_recent(session, actor)
    uploads.list_uploads(session, actor)
    templates.list_templates(session, actor)
    groups.list_groups(session, actor)
    invitations.list_invitations(session, actor)
    tokens.list_tokens(session, actor)
    series_id = prices.list_instruments(session, actor).items[0].id
    outlooks.list_pinnable(session, actor, series_id)
    quotas.get_own(session, actor)


ASKED: dict[str, Callable] = {
    "own, each filter in each order": all_own,
    "shared, each filter and each order": all_shared,
    "everybody's, each filter and each order": all_of_everybody,
    "studies and their members": all_of_a_study,
    "trail, narrowed": all_of_the_trail,
    "what stands beside": all_beside,
    "own": lambda session, actor, _id: listing.search(session, actor, Filters()),
    "own that failed": lambda session, actor, _id: listing.search(session, actor, Filters(status=(Status.FAILED,))),
    "own by title": lambda session, actor, _id: listing.search(session, actor, Filters(), sort=Sort.TITLE),
    "own by status": lambda session, actor, _id: listing.search(session, actor, Filters(), sort=Sort.STATUS),
    "own with a tag": lambda session, actor, _id: listing.search(session, actor, Filters(tag="momentum")),
    "own by text": lambda session, actor, _id: listing.search(session, actor, Filters(text="question 59")),
    "shared": lambda session, actor, _id: listing.search(session, actor, Filters(scope=Scope.SHARED)),
    "everybody's": lambda session, actor, _id: listing.search(session, actor, Filters(scope=Scope.ALL)),
    "jobs": lambda session, actor, _id: job_lists.list_jobs(session, actor),
    "everybody's jobs": lambda session, actor, _id: job_lists.list_jobs(session, actor, everybody=True),
    "one": analyses.get,
    "log": analyses.read_log,
    "limits": lambda session, actor, _id: quotas.check(session, actor),
    "trail": lambda session, actor, _id: trail.read_trail(session, actor),
    "claim": lambda session, _actor, _id: job_services.claim_next(
        session, worker="a:1:1", pid=1, lease_seconds=20, max_attempts=3
    ),
    "sweep": lambda session, _actor, _id: job_services.sweep(session),
}


@pytest.mark.parametrize("what", ASKED)
def test_no_list_reads_a_large_table_from_end_to_end(what, crowded):
    database, actor, analysis_id = crowded
    with database.write() as session:
        statements = _statements(session, lambda: ASKED[what](session, actor, analysis_id))
        plans = [_plan(session, statement, parameters) for statement, parameters in statements]

    assert plans
    scans = _SCANS[database.engine.dialect.name]
    assert [plan for plan in plans if scans.search(plan)] == []


def test_what_carries_a_tag_is_found_by_it_and_no_list_is_walked_to_look_for_tags(crowded):
    database, actor, analysis_id = crowded
    with database.write() as session:
        statements = _statements(session, lambda: ASKED["own with a tag"](session, actor, analysis_id))
        plans = [_plan(session, statement, parameters) for statement, parameters in statements]

    tagged = [plan for plan in plans if re.search("MATERIALIZE tagged|CTE tagged", plan)]
    assert len(tagged) == 2  # to count, and to list
    assert all("ix_analysis_tags_owner" in plan for plan in tagged)


def test_no_list_reads_the_question(crowded):
    database, actor, analysis_id = crowded
    lists = ("own", "shared", "everybody's", "jobs", "everybody's jobs")
    asked = [*(ASKED[what] for what in lists), all_of_a_study]
    with database.write() as session:
        statements = _statements(session, lambda: [each(session, actor, analysis_id) for each in asked])

    assert len(statements) > 20
    assert [
        statement for statement, _ in statements if re.search(r"analyses\.spec\b", statement.split(" FROM ")[0])
    ] == []


@pytest.mark.databases("sqlite")
@pytest.mark.parametrize("what", ["own", "own by text", "everybody's"])
def test_what_is_listed_first_is_found_without_sorting_all(what, crowded):
    database, actor, analysis_id = crowded
    with database.write() as session:
        statements = _statements(session, lambda: ASKED[what](session, actor, analysis_id))
        plans = [_plan(session, statement, parameters) for statement, parameters in statements]

    assert any("ORDER BY" in statement for statement, _ in statements)
    assert [plan for plan in plans if "TEMP B-TREE FOR ORDER BY" in plan] == []


def test_a_search_without_an_index_is_found_out(crowded):
    database, _actor, _id = crowded
    with database.write() as session:
        plan = _plan(session, "SELECT title FROM analyses WHERE verdict = 'x'", ())

    assert _SCANS[database.engine.dialect.name].search(plan)


@pytest.fixture
def crowded(database: Database):
    with database.write() as session:
        actor, analysis_id = crowds.fill(session, n_analyses=600, n_trades_each=2, n_users=5)
        factories.create_series(session)
        session.execute(text("ANALYZE"))
    return database, actor, analysis_id


def _statements(session, call):
    """Return the questions that a call asks of the database, with their parameters."""
    found = []

    def note(_connection, _cursor, statement, parameters, *_rest):
        if statement.lstrip().startswith(("SELECT", "WITH")) and " FROM " in statement.replace("\n", " "):
            found.append((statement, parameters))

    event.listen(session.get_bind().engine, "before_cursor_execute", note)
    try:
        call()
    finally:
        event.remove(session.get_bind().engine, "before_cursor_execute", note)
    return found


def _plan(session, statement, parameters):
    connection = session.connection()
    if connection.dialect.name == "sqlite":
        return "\n".join(row[3] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters))
    connection.exec_driver_sql("SET LOCAL enable_seqscan = off")  # small tables are read whole whenever that is allowed
    plan = "\n".join(row[0] for row in connection.exec_driver_sql(f"EXPLAIN {statement}", parameters))
    connection.exec_driver_sql("SET LOCAL enable_seqscan = on")
    return plan

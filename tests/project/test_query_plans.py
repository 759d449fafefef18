"""Lists and polls find their rows by indexes, on both databases, so that they stay quick with very many rows."""

import re
from collections.abc import Callable

import pytest
from sqlalchemy import event, text

from tests import crowds
from webapp.db import Database
from webapp.services import analyses, job_lists, listing, quotas, trail
from webapp.services import jobs as job_services
from webapp.services.listing import Filters, Scope, Sort
from webapp.services.workflow import Status

# Tables that grow with every analysis. What a whole index holds may be walked through, to count; rows may not.
# The trail of audit is left out: it is read from its newest row on, which SQLite calls a scan.
_LARGE = "analyses|analysis_log|artifacts|backtests|trades|performance_metrics|trials|models|features"
_SCANS = {
    "sqlite": re.compile(rf"SCAN ({_LARGE})\b(?!.* USING (COVERING )?INDEX)"),
    "postgresql": re.compile(rf"Seq Scan on ({_LARGE})\b"),
}

ASKED: dict[str, Callable] = {
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

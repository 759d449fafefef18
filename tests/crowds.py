"""A database as it is after years of a busy team: many rows, made from a few, to see whether lists stay quick."""

import datetime
from typing import Any

from sqlalchemy import Integer, Select, and_, cast, func, insert, literal, select
from sqlalchemy.orm import Session

from tests import factories
from webapp.db import Base
from webapp.permissions import Actor
from webapp.tables import (
    Analysis,
    AnalysisTag,
    Artifact,
    AuditEvent,
    Backtest,
    LogLine,
    Security,
    Share,
    TradeRow,
    User,
)

_PART = 5_000  # rows of one statement
_RARE = {1: "failed", 2: "cancelled", 3: "queued", 4: "running"}  # one in a hundred each; all others have succeeded


def fill(session: Session, *, n_analyses: int, n_trades_each: int, n_users: int = 50) -> tuple[Actor, str]:
    """Add many analyses with their trades, log, artifacts and tags, and a trail of audit.

    Parameters
    ----------
    session : Session
        A writing transaction on an empty database.
    n_analyses : int
        Half of them belong to one person; the rest is spread over the others.
    n_trades_each : int
        Trades of each.
    n_users : int, default=50
        People; the busy one is an administrator.

    Returns
    -------
    tuple of (Actor, str)
        The busy person, and the public id of an analysis of theirs that runs.
    """
    busy = factories.create_user(session, role="admin")
    others = [factories.create_user(session) for _ in range(n_users - 1)]
    security = factories.create_security(session)
    first = factories.create_analysis(session, busy, status="running", worker="a:1:1", worker_pid=1)
    values = {column.name: getattr(first, column.key) for column in Analysis.__table__.columns if column.name != "id"}
    for begin in range(0, n_analyses, _PART):
        session.execute(
            insert(Analysis),
            [_analysis(values, number, busy, others) for number in range(begin, min(begin + _PART, n_analyses))],
        )
    _add_for_each_analysis(session, busy, n_trades_each)
    _add_trades(session, security, n_trades_each)
    session.execute(
        insert(AuditEvent),
        [
            {
                "at": factories.NOW + datetime.timedelta(seconds=number),
                "user_id": others[number % len(others)].id,
                "action": "analysis.submitted" if number % 3 else "session.opened",
                "subject": f"{number:016x}",
                "address": "127.0.0.1",
                "details": {},
            }
            for number in range(n_analyses)
        ],
    )
    session.flush()
    return factories.actor_of(busy), first.public_id


def _analysis(values: dict[str, Any], number: int, busy: User, others: list[User]) -> dict[str, Any]:
    status = _RARE.get(number % 100, "succeeded")
    submitted = factories.NOW + datetime.timedelta(seconds=number)
    is_over = status not in {"queued", "running"}
    return {
        **values,
        "public_id": f"crowd{number:011x}",
        "owner_id": busy.id if number % 2 else others[number // 2 % len(others)].id,
        "title": f"Question {number}",
        "keywords": f"question {number} goog xgboost",
        "status": status,
        "submitted_at": submitted,
        "started_at": None if status == "queued" else submitted,
        "finished_at": submitted + datetime.timedelta(seconds=9) if is_over else None,
        "worker": None if status == "queued" else values["worker"],
        "worker_pid": None if status == "queued" else values["worker_pid"],
        "verdict": "It would have lost money." if status == "succeeded" else None,
        "is_credible": status == "succeeded" or None,
        "error_code": "not_enough_data" if status == "failed" else None,
        "progress": 1.0 if is_over else 0.0,
    }


def _add_for_each_analysis(session: Session, busy: User, n_trades_each: int) -> None:
    """Add what hangs on the analyses; the database multiplies, which is far quicker than sending rows."""
    moment = literal(factories.NOW, Analysis.submitted_at.type)
    lines = _numbers(3)
    _insert(
        session,
        LogLine,
        analysis_id=Analysis.id,
        attempt=1,
        at=Analysis.submitted_at,
        level="info",
        stage="train",
        message="One more line.",
        times=lines,
    )
    kinds = _numbers(5)
    _insert(
        session,
        Artifact,
        analysis_id=Analysis.id,
        name=literal("stage-").concat(cast(kinds.c.number, LogLine.message.type)),
        key="0" * 64,
        n_bytes=1000,
        created_at=moment,
        times=kinds,
    )
    _insert(session, AnalysisTag, analysis_id=Analysis.id, name="momentum", where=Analysis.id % 50 == 0)
    _insert(
        session,
        Backtest,
        analysis_id=Analysis.id,
        name="headline",
        initial_cash=1e5,
        final_equity=1.1e5,
        start_at=moment,
        end_at=moment,
        n_trades=n_trades_each,
    )
    _insert(
        session,
        Share,
        public_id=literal("share").concat(func.substr(Analysis.public_id, 6)),
        analysis_id=Analysis.id,
        user_id=busy.id,
        created_at=moment,
        where=and_(Analysis.owner_id != busy.id, Analysis.id % 100 == 0),
    )


def _add_trades(session: Session, security: Security, n_trades_each: int) -> None:
    moment = literal(factories.NOW, Analysis.submitted_at.type)
    trades = _numbers(n_trades_each)
    _insert(
        session,
        TradeRow,
        backtest_id=Backtest.id,
        number=trades.c.number,
        security_id=security.id,
        direction="long",
        entry_at=moment,
        exit_at=moment,
        shares=10.0,
        entry_price=100.0,
        exit_price=101.0,
        profit=10.0,
        return_fraction=0.01,
        costs=0.1,
        n_bars=5,
        best_excursion=0.02,
        worst_excursion=-0.01,
        times=trades,
    )


def _numbers(n: int) -> Any:
    """Return a table of the numbers from 1 to n."""
    numbers = select(literal(1, Integer).label("number")).cte(recursive=True)
    return numbers.union_all(select(numbers.c.number + 1).where(numbers.c.number < n))


def _insert(session: Session, table: type[Base], *, times: Any = None, where: Any = None, **values: Any) -> None:
    """Insert a row of `table` for each row that the expressions among the values are of, or several of them."""
    expressions = [
        value if hasattr(value, "label") else literal(value, table.__table__.c[name].type)
        for name, value in values.items()
    ]
    rows: Select[Any] = select(*expressions)
    if times is not None:
        parent = Backtest if table is TradeRow else Analysis
        rows = rows.select_from(parent).join(times, literal(value=True))
    if where is not None:
        rows = rows.where(where)
    session.execute(insert(table).from_select(list(values), rows))

"""A database as it is after years of a busy team: many rows, made from a few, to see whether lists stay quick."""

import datetime
from typing import Any

from sqlalchemy import Integer, Select, and_, case, cast, func, insert, literal, select
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
    PerformanceMetric,
    Security,
    Share,
    StorageUse,
    TradeRow,
    User,
)

_PART = 5_000  # rows of one statement
_STUDIES = 20
_SHARE_OF_A_STUDY = 100  # so many times all analyses are its members
_LUCK = {
    "sharpe_ratio": 0.02,
    "n_returns": 1000,
    "skewness": -0.1,
    "raw_kurtosis": 4.0,
    "trial_variance": 0.0001,
    "n_trials": 8,
}
_MEASURES = {1: "sharpe_ratio", 2: "total_return", 3: "max_drawdown", 4: "n_trades"}
_RARE = {1: "failed", 2: "cancelled", 3: "queued", 4: "running"}  # one in a hundred each; all others have succeeded


def fill(session: Session, *, n_analyses: int, n_trades_each: int, n_users: int = 50) -> tuple[Actor, str]:
    """Add many analyses with their trades, log, artifacts and tags, studies of them, and a trail of audit.

    Parameters
    ----------
    session : Session
        A writing transaction on an empty database.
    n_analyses : int
        Half of them belong to one person, two fifths of these to studies; the rest is spread over the others.
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
    study_ids = _add_studies(session, busy, n_analyses // _SHARE_OF_A_STUDY)
    values = {column.name: getattr(first, column.key) for column in Analysis.__table__.columns if column.name != "id"}
    for begin in range(0, n_analyses, _PART):
        session.execute(
            insert(Analysis),
            [
                _analysis(values, number, busy, others, study_ids)
                for number in range(begin, min(begin + _PART, n_analyses))
            ],
        )
    _add_for_each_analysis(session, busy, n_trades_each)
    _add_shares(session, busy, others[0])
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


def _add_studies(session: Session, busy: User, n_members: int) -> list[int]:
    """Add studies of ten horizons and as many targets as it takes; their members come with the other analyses."""
    axes = [
        {"path": "label.horizon", "values": list(range(1, 11))},
        {"path": "validation.target", "values": [number / 1000 for number in range(-(-n_members // 10))]},
    ]
    given = {"axes": axes, "n_members": n_members}
    return [factories.create_study(session, busy, **given).id for _ in range(_STUDIES)]


def _analysis(
    values: dict[str, Any], number: int, busy: User, others: list[User], study_ids: list[int]
) -> dict[str, Any]:
    is_busy, place = number % 2 == 1, number // 2
    is_member = is_busy and place % 5 < 2
    member = place // 5 * 2 + place % 5
    status = _RARE.get(number % 100, "succeeded")
    submitted = factories.NOW + datetime.timedelta(seconds=number)
    is_over = status not in {"queued", "running"}
    return {
        **values,
        "public_id": f"crowd{number:011x}",
        "owner_id": busy.id if is_busy else others[place % len(others)].id,
        "study_id": study_ids[member % len(study_ids)] if is_member else None,
        "study_number": member // len(study_ids) if is_member else None,
        "priority": 10 if is_member else 0,
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
    tagged = {"momentum": Analysis.id % 25 == 0, "of others": and_(Analysis.id % 25 == 1, Analysis.owner_id != busy.id)}
    for name, which in tagged.items():
        _insert(
            session, AnalysisTag, analysis_id=Analysis.id, owner_id=Analysis.owner_id, name=literal(name), where=which
        )
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
        luck=literal(_LUCK, Backtest.luck.type),
    )
    session.add(StorageUse(user_id=busy.id, n_bytes=1000))
    measures = _numbers(len(_MEASURES))
    _insert(
        session,
        PerformanceMetric,
        backtest_id=Backtest.id,
        name=case(_MEASURES, value=measures.c.number),
        segment="out_of_sample",
        period="all",
        value=cast(Backtest.analysis_id % 97, PerformanceMetric.value.type) / 50,
        times=measures,
    )


def _add_shares(session: Session, busy: User, other: User) -> None:
    """Share some analyses of others with the busy person, and more with somebody else."""
    moment = literal(factories.NOW, Analysis.submitted_at.type)
    shared = {busy.id: Analysis.id % 100 == 0, other.id: Analysis.id % 10 == 3}
    for user_id, which in shared.items():
        _insert(
            session,
            Share,
            public_id=literal("share").concat(func.substr(Analysis.public_id, 6)),
            analysis_id=Analysis.id,
            user_id=user_id,
            created_at=moment,
            where=and_(which, Analysis.owner_id != user_id),
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
        parent = Backtest if table in {TradeRow, PerformanceMetric} else Analysis
        rows = rows.select_from(parent).join(times, literal(value=True))
    if where is not None:
        rows = rows.where(where)
    session.execute(insert(table).from_select(list(values), rows))

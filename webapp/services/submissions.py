"""How questions come into the queue, and are taken out of it: one, a re-run, or all that belong to a study."""

import datetime
import logging
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, insert, update
from sqlalchemy.orm import Session

from quant.catalog import in_a_sentence
from quant.spec import AnalysisSpec
from webapp.db import database_now
from webapp.errors import InvalidInput
from webapp.logs import mention
from webapp.services.workflow import Status
from webapp.tables import Analysis

_log = logging.getLogger(__name__)

MOST_CHARACTERS = 120
MEMBER_PRIORITY = 10  # of what belongs to a study: what somebody waits for goes first


@dataclass(frozen=True)
class Question:
    """A question to be answered: resolved, checked, with its hash; `study_number` is its place in a study's grid.

    A re-run says of which analysis, and repeats its snapshot and its pins.
    """

    spec: Mapping[str, Any]
    spec_hash: str
    title: str
    study_number: int | None = None
    parent_id: int | None = None
    snapshot_id: int | None = None
    pins: Mapping[str, Any] = field(default_factory=dict)


def put_into_queue(
    session: Session, owner_id: int, questions: Iterable[Question], *, study_id: int | None = None
) -> list[str]:
    """Put questions into the queue. Who may ask, and whether there are prices, has been found out before.

    Parameters
    ----------
    session : Session
        A writing transaction.
    owner_id : int
        Key of who asks, and will own the analyses.
    questions : iterable of Question
        What is asked.
    study_id : int, optional
        Key of the study that they belong to; they then give way to what belongs to none.

    Returns
    -------
    list of str
        Public ids of the analyses, in the same order.
    """
    now = database_now(session)
    rows = [
        {
            "public_id": secrets.token_hex(8),
            "owner_id": owner_id,
            "parent_id": question.parent_id,
            "study_id": study_id,
            "study_number": question.study_number,
            "title": question.title,
            "keywords": keywords_of(question.title, question.spec),
            "symbols": symbols_of(question.spec),
            "spec": dict(question.spec),
            "spec_version": question.spec["spec_version"],
            "spec_hash": question.spec_hash,
            "snapshot_id": question.snapshot_id,
            "pins": dict(question.pins),
            "status": Status.QUEUED,
            "priority": 0 if study_id is None else MEMBER_PRIORITY,
            "submitted_at": now,
            "stage_seconds": {},
            "versions": {},
        }
        for question in questions
    ]
    session.execute(insert(Analysis), rows)  # one statement, however many they are
    if len(rows) == 1:
        mention(analysis=rows[0]["public_id"])
    _log.info("Analyses were submitted." if len(rows) > 1 else "An analysis was submitted.", extra={"count": len(rows)})
    return [row["public_id"] for row in rows]


def withdraw(session: Session, which: ColumnElement[bool], now: datetime.datetime) -> tuple[int, int]:
    """Cancel analyses: at once what is queued, and ask the worker of what runs to stop.

    Parameters
    ----------
    session : Session
        A writing transaction.
    which : ColumnElement
        Condition on `analyses`; what is final or asked to stop already is left alone.
    now : datetime
        The database's moment.

    Returns
    -------
    tuple of (int, int)
        How many were cancelled, and how many will stop.
    """
    left = session.execute(
        update(Analysis)
        .where(which, Analysis.status == Status.QUEUED)
        .values(status=Status.CANCELLED, cancel_requested_at=now, finished_at=now)
    )
    asked = session.execute(
        update(Analysis)
        .where(which, Analysis.status == Status.RUNNING, Analysis.cancel_requested_at.is_(None))
        .values(cancel_requested_at=now)
    )
    return left.rowcount, asked.rowcount  # type: ignore[attr-defined]  # an UPDATE has a row count


def clean_title(title: str) -> str:
    """Return a title without needless blanks.

    Raises
    ------
    InvalidInput
        If it is too long, or has control characters.
    """
    title = " ".join(title.split())
    if len(title) > MOST_CHARACTERS:
        raise InvalidInput(
            "The title is too long.",
            fields={"title": f"expected at most {MOST_CHARACTERS} characters; found {len(title)}"},
        )
    if not title.isprintable():  # a NUL, for one, cannot be stored in every database
        raise InvalidInput("The title has control characters.", fields={"title": "expected printable characters"})
    return title


def default_title(spec: AnalysisSpec) -> str:
    """Return what a question is called that nobody has named: its symbols, and its models or its rule."""
    symbols = [instrument.symbol for instrument in spec.instruments]
    shown = ", ".join(symbols[:3]) + (f" and {len(symbols) - 3} more" if len(symbols) > 3 else "")  # noqa: PLR2004
    asked = spec.models if spec.rule is None else (spec.rule,)
    return f"{shown}: {', '.join(in_a_sentence(each.title) for each in asked)}"[:MOST_CHARACTERS]


def keywords_of(title: str, spec: Mapping[str, Any]) -> str:
    """Return what an analysis is found by: its title, symbols and models, in lower case.

    An index holds it, and PostgreSQL's take no more than 2,700 bytes: the longest title, the most instruments and
    models, and the longest symbols make 1,600.
    """
    words = [*symbols_of(spec), *(each["name"] for each in spec["models"])]
    return " ".join([title, *words]).lower()


def symbols_of(spec: Mapping[str, Any]) -> list[str]:
    """Return the symbols that a question is about."""
    return [each["symbol"] for each in spec["instruments"]]

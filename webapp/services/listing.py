"""Finding analyses: one's own, those shared with one, and that others exist, for administrators; what owners note.

What an administrator sees of other people's analyses is metadata: whose, how far, when, how large, and the code of a
failure. Title, instruments, verdict, tags and credibility are content, and are not even searched.
"""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, bindparam, delete, func, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from webapp.db import database_now
from webapp.errors import InvalidInput
from webapp.permissions import Actor, Permission, require
from webapp.services import audit, paging
from webapp.services.access import find_owned, is_shared_with
from webapp.services.analyses import AnalysisPage, AnalysisSummary, to_summary
from webapp.services.paging import Order
from webapp.services.submissions import clean_title, keywords_of
from webapp.services.workflow import Status
from webapp.tables import Analysis, AnalysisTag, Artifact, User

MOST_TAGS = 10
LONGEST_TAG = 32


class Scope(StrEnum):
    """Whose analyses are listed."""

    MINE = "mine"
    SHARED = "shared"
    ALL = "all"


class Sort(StrEnum):
    """What a list is sorted by."""

    NEWEST = "newest"
    OLDEST = "oldest"
    TITLE = "title"
    STATUS = "status"


class Archived(StrEnum):
    """Whether what its owner has archived is listed."""

    NO = "no"
    ONLY = "only"
    ALSO = "also"


class Members(StrEnum):
    """Whether what belongs to a study is listed."""

    NO = "no"
    ONLY = "only"
    ALSO = "also"


_ORDERS: dict[Sort, tuple[Order, ...]] = {
    Sort.NEWEST: (Order(Analysis.submitted_at, descending=True), Order(Analysis.id, descending=True)),
    Sort.OLDEST: (Order(Analysis.submitted_at), Order(Analysis.id)),
    Sort.TITLE: (Order(Analysis.title), Order(Analysis.id, descending=True)),
    Sort.STATUS: (Order(Analysis.status), Order(Analysis.id, descending=True)),
}


# What is read of a row that is shown: its question, which is by far the most, is not.
_METADATA = (
    Analysis.public_id, Analysis.owner_id, Analysis.status, Analysis.progress, Analysis.stage, Analysis.error_code,
    Analysis.submitted_at, Analysis.started_at, Analysis.finished_at,
)  # fmt: skip
_CONTENT = (
    *_METADATA,
    Analysis.title,
    Analysis.symbols,
    Analysis.verdict,
    Analysis.is_credible,
    Analysis.archived_at,
    Analysis.imported_at,
)


@dataclass(frozen=True)
class Filters:
    """Which analyses are wanted; what is left out does not matter.

    `text` is part of the title, a symbol or a model, in any case; among everybody's, of the owner's name. `members` is
    about what belongs to a study; of what others share, all is listed.
    """

    scope: Scope = Scope.MINE
    status: tuple[Status, ...] = ()
    text: str = ""
    is_credible: bool | None = None
    tag: str = ""
    archived: Archived = Archived.NO
    members: Members = Members.NO


def search(  # each says one thing about the list, and most have a default
    session: Session,
    actor: Actor,
    filters: Filters,
    *,
    sort: Sort = Sort.NEWEST,
    limit: int = 50,
    offset: int = 0,
    cursor: str = "",
) -> AnalysisPage:
    """Return a page of the analyses that match.

    Parameters
    ----------
    session : Session
        A transaction; reading is enough.
    actor : Actor
        Who asks.
    filters : Filters
        Which ones.
    sort : Sort, default=Sort.NEWEST
        In which order.
    limit : int, default=50
        At most this many, 1 to 500.
    offset : int, default=0
        Leave out the first ones.
    cursor : str, default=""
        The `next` of the page before; empty: the first page.

    Returns
    -------
    AnalysisPage
        The page and the total that matches. Of everybody's analyses it has the metadata only.

    Raises
    ------
    PermissionDenied
        If the actor may not read analyses, or wants everybody's and may not manage users.
    InvalidInput
        If everybody's are wanted by what is content, or the cursor is none of this list.
    """
    require(actor, Permission.ANALYSES_READ)
    query = select(Analysis.id)
    if filters.scope is Scope.ALL:
        require(actor, Permission.USERS_MANAGE)
        query = _among_everybody(query, filters, sort)
    else:
        query = _among_readable(session, actor, query, filters)
    if filters.status:
        query = query.where(Analysis.status.in_(filters.status))
    if filters.scope is not Scope.SHARED and filters.members is not Members.ALSO:
        belongs = filters.members is Members.ONLY
        query = query.where(Analysis.study_id.is_not(None) if belongs else Analysis.study_id.is_(None))
    total = session.scalar(query.with_only_columns(func.count(Analysis.id), maintain_column_froms=True)) or 0
    limit, offset = max(1, min(limit, paging.MOST)), max(0, offset)
    # First the keys alone, which indexes hold with all that is filtered by; rows are read of what is shown.
    keys, following = paging.fetch_page(session, query.offset(offset), _ORDERS[sort], cursor=cursor, limit=limit)
    items = _metadata(session, actor, keys) if filters.scope is Scope.ALL else _contents(session, actor, keys)
    return AnalysisPage(tuple(items), total, limit, offset, following)


def note(  # each is one thing that an owner may note
    session: Session,
    actor: Actor,
    analysis_id: str,
    *,
    title: str | None = None,
    tags: Sequence[str] | None = None,
    archived: bool | None = None,
    address: str = "",
) -> AnalysisSummary:
    """Change what an owner notes on an analysis; the question and the answer stay as they are.

    Parameters
    ----------
    session : Session
        A writing transaction.
    actor : Actor
        The owner.
    analysis_id : str
        Public id.
    title : str, optional
        What to call it, 1 to 120 characters; None: as it is.
    tags : sequence of str, optional
        All its tags, at most 10 of at most 32 characters; kept in lower case. None: as they are.
    archived : bool, optional
        Whether lists leave it out. Its trials count as before. None: as it is.
    address : str, default=""
        Network address of the request, for the audit trail.

    Returns
    -------
    AnalysisSummary
        The analysis afterwards.

    Raises
    ------
    PermissionDenied
        If the actor may not run analyses.
    NotFound
        If the actor owns no such analysis.
    InvalidInput
        If title or tags do not fit; `fields` says what was expected.
    """
    require(actor, Permission.ANALYSES_RUN)
    row = find_owned(session, actor, analysis_id)
    changed: dict[str, Any] = {}
    if title is not None and (cleaned := _title(title)) != row.title:
        changed["title"], row.title = {"from": row.title, "to": cleaned}, cleaned
        row.keywords = keywords_of(cleaned, row.spec)
    if tags is not None and (wanted := _tags(tags)) != (before := _tags_of(session, [row.id])[row.id]):
        session.execute(delete(AnalysisTag).where(AnalysisTag.analysis_id == row.id))
        session.add_all(AnalysisTag(analysis_id=row.id, owner_id=row.owner_id, name=name) for name in wanted)
        changed["tags"] = {"from": before, "to": wanted}
    if archived is not None and archived != (row.archived_at is not None):
        row.archived_at = database_now(session) if archived else None
        changed["archived"] = archived
    session.flush()
    if changed:
        audit.record(
            session, action="analysis.noted", subject=row.public_id, actor=actor, address=address, details=changed
        )
    return to_summary(row, actor.name, actor, _tags_of(session, [row.id])[row.id])


def list_tags(session: Session, actor: Actor) -> list[str]:
    """Return the tags on the actor's own analyses, by name."""
    require(actor, Permission.ANALYSES_READ)
    query = select(AnalysisTag.name).where(AnalysisTag.owner_id == actor.user_id).distinct()
    query = query.order_by(AnalysisTag.name)
    return list(session.scalars(query))


def _among_readable(session: Session, actor: Actor, query: Select[int], filters: Filters) -> Select[int]:
    if filters.scope is Scope.MINE:
        query = query.where(Analysis.owner_id == actor.user_id)
        if filters.archived is not Archived.ALSO:
            is_archived = filters.archived is Archived.ONLY
            query = query.where(Analysis.archived_at.is_not(None) if is_archived else Analysis.archived_at.is_(None))
    else:
        query = query.where(Analysis.owner_id != actor.user_id, is_shared_with(actor.user_id, database_now(session)))
    if filters.text:
        query = query.where(Analysis.keywords.contains(filters.text.lower(), autoescape=True))
    if filters.is_credible is not None:
        query = query.where(Analysis.is_credible.is_(filters.is_credible))
    if filters.tag:
        query = query.where(Analysis.id.in_(_tagged(actor, filters.tag)))
    return query


def _tagged(actor: Actor, tag: str) -> Select[int]:
    """Select what the actor has put a tag on. Found first: PostgreSQL would rather walk the list and look for tags."""
    own = select(AnalysisTag.analysis_id).where(AnalysisTag.owner_id == actor.user_id, AnalysisTag.name == tag.lower())
    return select(own.cte("tagged").prefix_with("MATERIALIZED").c.analysis_id)


def _among_everybody(query: Select[int], filters: Filters, sort: Sort) -> Select[int]:
    refused = {"is_credible": filters.is_credible is not None, "tag": bool(filters.tag), "sort": sort is Sort.TITLE}
    if fields := [name for name, is_asked in refused.items() if is_asked]:
        message = "expected nothing: among everybody's analyses, what they contain is not looked at"
        raise InvalidInput(
            "Other people's analyses are listed by metadata only.", fields=dict.fromkeys(fields, message)
        )
    if filters.text:
        query = query.join(User, User.id == Analysis.owner_id).where(
            func.lower(User.name).contains(filters.text.lower(), autoescape=True)
        )
    return query


def _contents(session: Session, actor: Actor, keys: Sequence[int]) -> list[AnalysisSummary]:
    rows = _read(session, keys, _CONTENT)
    # Tags are the owner's own notes: readers do not see them.
    tags = _tags_of(session, [row.id for row in rows if row.owner_id == actor.user_id])
    return [to_summary(row, row.owner, actor, tags[row.id]) for row in rows]


def _metadata(session: Session, actor: Actor, keys: Sequence[int]) -> list[AnalysisSummary]:
    found = session.execute(
        select(Artifact.analysis_id, func.sum(Artifact.n_bytes))
        .where(_is_one_of(Artifact.analysis_id, keys))
        .group_by(Artifact.analysis_id)
    )
    sizes = {analysis_id: int(n_bytes) for analysis_id, n_bytes in found}
    return [
        AnalysisSummary(
            id=row.public_id,
            title="",
            owner=row.owner,
            symbols=(),
            status=Status(row.status),
            progress=row.progress,
            stage=row.stage,
            verdict=None,
            is_credible=None,
            error_code=row.error_code,
            submitted_at=row.submitted_at,
            started_at=row.started_at,
            finished_at=row.finished_at,
            is_own=row.owner_id == actor.user_id,
            n_bytes=sizes.get(row.id, 0),
        )
        for row in _read(session, keys, _METADATA)
    ]


def _read(session: Session, keys: Sequence[int], columns: Sequence[Any]) -> list[Row[Any]]:
    """Return these columns of these keys, in their order, each with its owner's name as `owner`."""
    if not keys:
        return []
    query = select(Analysis.id, *columns, User.name.label("owner")).join(User, User.id == Analysis.owner_id)
    found = {row.id: row for row in session.execute(query.where(_is_one_of(Analysis.id, keys)))}
    return [found[key] for key in keys if key in found]


def _is_one_of(column: InstrumentedAttribute[int], keys: Collection[int]) -> ColumnElement[bool]:
    """Compare with numbers that stand in the statement: 500 parameters cost more than the rows that they find."""
    return column.in_(bindparam("keys", keys, expanding=True, literal_execute=True))


def _tags_of(session: Session, analysis_ids: Collection[int]) -> defaultdict[int, list[str]]:
    tags: defaultdict[int, list[str]] = defaultdict(list)
    if analysis_ids:
        found = session.execute(
            select(AnalysisTag.analysis_id, AnalysisTag.name).where(_is_one_of(AnalysisTag.analysis_id, analysis_ids))
        )
        for analysis_id, name in sorted(found, key=lambda tag: tag.name):  # SQLite would walk through all tags by name
            tags[analysis_id].append(name)
    return tags


def _title(title: str) -> str:
    cleaned = clean_title(title)
    if not cleaned:
        raise InvalidInput("The title is empty.", fields={"title": "expected 1 to 120 characters; found none"})
    return cleaned


def _tags(tags: Sequence[str]) -> list[str]:
    cleaned = sorted({" ".join(tag.split()).lower() for tag in tags} - {""})
    wrong = [tag for tag in cleaned if len(tag) > LONGEST_TAG or not tag.isprintable() or "," in tag]
    if len(cleaned) > MOST_TAGS or wrong:
        message = f"expected at most {MOST_TAGS} tags of at most {LONGEST_TAG} printable characters without commas"
        raise InvalidInput("The tags do not fit.", fields={"tags": f"{message}; found {len(cleaned)}"})
    return cleaned

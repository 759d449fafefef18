"""Judging a file with what its owner says about it. It takes time, so it happens outside of writing transactions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError
from sqlalchemy import select
from sqlalchemy.orm import Session

from quant.data.files.layout import LayoutChoices
from quant.data.files.verdicts import check_decisions
from quant.errors import UnreadableFile
from webapp.errors import Conflict, InvalidInput, NotFound
from webapp.permissions import Actor, Permission, require
from webapp.services import upload_views
from webapp.storage import FileStore
from webapp.tables import Upload

if TYPE_CHECKING:
    from quant.data.files.examination import Examination

_LEAST_REASON, _LONGEST_REASON = 3, 1000


@dataclass(frozen=True)
class Decision:
    """What a person decides about a kind of finding, and why; None takes back what was decided before."""

    code: str
    decision: str | None
    reason: str


@dataclass(frozen=True, eq=False)
class Prepared:
    """A file, judged with what its owner says now; to be written down while its version is still this one."""

    version: int
    choices: Mapping[str, Any]
    decisions: tuple[Decision, ...]
    examination: "Examination"


def examine(
    files: FileStore,
    content_hash: str,
    choices: Mapping[str, Any] | None = None,
    decided: Mapping[str, str] | None = None,
) -> "Examination":
    """Read a file and judge it.

    Parameters
    ----------
    files : FileStore
        Where it lies.
    content_hash : str
        Of its bytes.
    choices : mapping, optional
        What its owner said about the layout; see `quant.data.files.layout.LayoutChoices`.
    decided : mapping of str to str, optional
        What was decided about findings, by code.

    Returns
    -------
    Examination
        What the gate says.

    Raises
    ------
    UnreadableFile
        If there is no table in it.
    InvalidSpec
        If a choice or decision is not possible for this file.
    InvalidInput
        If a choice is none that can be made.
    """
    from quant.data.files.apart import judge  # noqa: PLC0415  # only who brings a file waits for it

    try:
        layout = LayoutChoices.model_validate(choices or {})
    except ValidationError as error:
        fields = {".".join(map(str, each["loc"])): each["msg"].removeprefix("Value error, ") for each in error.errors()}
        raise InvalidInput("What is said about the layout has mistakes; each is named.", fields=fields) from error
    try:
        with files.local(content_hash) as path:
            return judge(path, layout, decided)
    except FileNotFoundError as error:
        message = "Expected the file as it was uploaded; found it gone from the server's folder. Upload it again."
        raise UnreadableFile(message, reason="missing_file") from error


def prepare(
    session: Session, files: FileStore, actor: Actor, upload_id: str, *, layout: Mapping[str, Any] | None = None,
    decisions: Sequence[Decision] = (),
) -> Prepared:  # fmt: skip
    """Judge a file again, with what its owner says about it now.

    Parameters
    ----------
    session : Session
        A transaction; reading is enough.
    files : FileStore
        Where the file lies.
    actor : Actor
        Who asks; must own it.
    upload_id : str
        Public id.
    layout : mapping, optional
        Choices about the layout that change; None takes one back.
    decisions : sequence of Decision, optional
        What is decided now.

    Returns
    -------
    Prepared
        For `change` or `store`.

    Raises
    ------
    PermissionDenied
        If the actor may not change prices.
    NotFound
        If the actor has no such upload.
    Conflict
        If it is stored already: its rows are not judged again.
    InvalidInput
        If a decision has no reason.
    UnreadableFile
        If there is no table in the file when it is read like this.
    InvalidSpec
        If a choice or decision is not possible for this file.
    """
    require(actor, Permission.PRICES_WRITE)
    row = owned_by(session, actor, upload_id)
    refuse_if_stored(row)
    choices = {**row.choices, **(layout or {})}
    choices = {name: value for name, value in choices.items() if value is not None}
    for each in decisions:
        _check_reason(each)
    said = {**decided(session, row), **{each.code: each.decision for each in decisions}}
    wanted = check_decisions({code: decision for code, decision in said.items() if decision is not None})
    return Prepared(row.version, choices, tuple(decisions), examine(files, row.content_hash, choices, wanted))


def decided(session: Session, row: Upload) -> dict[str, str]:
    """Return the newest decision of each code, without those that were taken back."""
    found: dict[str, str | None] = {each.code: each.decision for each in upload_views.decisions_of(session, row)}
    return {code: decision for code, decision in found.items() if decision is not None}


def owned_by(session: Session, actor: Actor, upload_id: str) -> Upload:
    """Return the upload, or NotFound in the same words whether it is another's or does not exist."""
    query = select(Upload).where(Upload.public_id == upload_id, Upload.owner_id == actor.user_id)
    row = session.scalars(query).one_or_none()
    if row is None:
        raise NotFound("There is no such upload.")
    return row


def refuse_if_stored(row: Upload) -> None:
    """Refuse to change what is stored already."""
    if row.status == "stored":
        raise Conflict("Expected an upload that is not stored yet; this one is. Upload the file again to change it.")


def _check_reason(decision: Decision) -> None:
    reason = decision.reason.strip()
    if not _LEAST_REASON <= len(reason) <= _LONGEST_REASON:
        raise InvalidInput(
            "A decision needs its reason: it is kept with the file.",
            fields={"reason": f"expected {_LEAST_REASON} to {_LONGEST_REASON} characters; found {len(reason)}"},
        )

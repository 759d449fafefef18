"""Whether a re-run gave the same answer as the analysis that it repeats, and if not, what differs."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from sqlalchemy.orm import Session

from webapp.errors import Conflict, NotFound
from webapp.permissions import Actor
from webapp.services import analyses, results
from webapp.services.results import ResultView
from webapp.storage import FrameStore

MOST_DIFFERENCES = 200


@dataclass(frozen=True)
class Difference:
    """One thing that differs: where (`library`, `fact` or `table`), what, and how it was before and is now."""

    kind: str
    name: str
    before: str
    after: str


@dataclass(frozen=True)
class Comparison:
    """A re-run held against the analysis that it repeats; `differences` are at most 200, `n_differences` all."""

    parent_id: str
    is_same: bool
    n_differences: int
    differences: tuple[Difference, ...]


def compare_with_parent(session: Session, store: FrameStore, actor: Actor, analysis_id: str) -> Comparison | None:
    """Compare the answer of a re-run, part by part, with that of the analysis that it repeats.

    Parameters
    ----------
    session : Session
        A transaction; reading is enough.
    store : FrameStore
        Where answers are kept.
    actor : Actor
        Who asks; must be allowed to read both.
    analysis_id : str
        Public id of the re-run.

    Returns
    -------
    Comparison or None
        None if it repeats nothing that the actor may read, or one of the two has no answer in the store.

    Raises
    ------
    NotFound
        If there is no such analysis that the actor may see.
    """
    view = analyses.get(session, actor, analysis_id)
    if view.parent_id is None:
        return None
    try:
        after = results.load(session, store, actor, analysis_id)
        before = results.load(session, store, actor, view.parent_id)
    except (Conflict, NotFound):  # one of them did not succeed, or its files are gone: nothing to compare
        return None
    if before.result_hash == after.result_hash:
        return Comparison(view.parent_id, is_same=True, n_differences=0, differences=())
    found = list(differences(before, after))
    return Comparison(
        view.parent_id, is_same=False, n_differences=len(found), differences=tuple(found[:MOST_DIFFERENCES])
    )


def differences(before: ResultView, after: ResultView) -> Iterator[Difference]:
    """Yield what differs between two answers: libraries, facts, and columns of tables.

    Parameters
    ----------
    before, after : ResultView
        Two answers with all of their frames.

    Yields
    ------
    Difference
        Libraries first, for they are the usual reason; then facts by their dotted path; then tables by column, with
        how many values differ and by how much.
    """
    for name in sorted({*before.versions, *after.versions}):
        one, other = before.versions.get(name, "none"), after.versions.get(name, "none")
        if one != other:
            yield Difference("library", name, one, other)
    yield from _facts("", before.facts, after.facts)
    for name in sorted({*before.frames, *after.frames}):
        if name not in before.frames or name not in after.frames:
            there = {True: "there", False: "not there"}
            yield Difference("table", name, there[name in before.frames], there[name in after.frames])
        else:
            yield from _frames(name, before.frames[name], after.frames[name])


def _facts(path: str, one: Any, other: Any) -> Iterator[Difference]:
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        for key in sorted({*one, *other}):
            yield from _facts(f"{path}.{key}" if path else str(key), one.get(key), other.get(key))
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        for place, (left, right) in enumerate(zip(one, other, strict=True)):
            yield from _facts(f"{path}.{place}", left, right)
    elif one != other:
        yield Difference("fact", path, _short(one), _short(other))


def _frames(name: str, one: pd.DataFrame, other: pd.DataFrame) -> Iterator[Difference]:
    one, other = one.reset_index(), other.reset_index()
    if list(one.columns) != list(other.columns) or len(one) != len(other):
        yield Difference("table", name, _shape(one), _shape(other))
        return
    for column in one.columns:
        left, right = one[column], other[column]
        changed = ~((left == right) | (left.isna() & right.isna())).to_numpy(dtype=bool)
        if not changed.any():
            continue
        place = int(np.argmax(changed))
        text = f"{int(changed.sum())} of {len(one)} rows differ"
        if pd.api.types.is_float_dtype(left) and pd.api.types.is_float_dtype(right):
            text += f", by at most {float((left - right).abs().max()):.3g}"
        yield Difference(
            "table",
            f"{name}.{column}",
            f"row {place + 1}: {_short(left.iloc[place])}",
            f"{_short(right.iloc[place])}; {text}",
        )


def _shape(frame: pd.DataFrame) -> str:
    return f"{len(frame)} rows of {len(frame.columns)} columns"


def _short(value: Any) -> str:
    text = repr(float(value)) if isinstance(value, np.floating) else str(value)
    longest = 60
    return text if len(text) <= longest else f"{text[: longest - 1]}…"

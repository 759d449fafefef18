"""Writing a bundle, a frame at a time: none is held beside another, and the archive is never held whole."""

import hashlib
import io
import json
import zipfile
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from webapp.arrow import to_table
from webapp.bundles.manifest import ANSWER, MANIFEST, METRICS, MOST_BYTES, QUESTION, Manifest, whole_of
from webapp.errors import Conflict

_CHUNK_BYTES = 1024**2
_N_DIGITS = 64
_ROOM = 1024**2  # for manifest and directory
_MOMENT = (1980, 1, 1, 0, 0, 0)  # of members: the same content makes the same bytes


def write(
    path: Path,
    about: Mapping[str, Any],
    question: Mapping[str, Any],
    facts: Mapping[str, Any],
    frames: Iterable[tuple[str, Callable[[], pd.DataFrame]]],
) -> None:
    """Write a bundle.

    Parameters
    ----------
    path : Path
        Where it will lie.
    about : mapping
        What the manifest says beside its members.
    question : mapping
        The resolved question.
    facts : mapping
        The facts of the answer.
    frames : iterable of (str, callable)
        Names of its frames, and what reads each.

    Raises
    ------
    Conflict
        If it would be larger than a bundle may be that somebody imports.
    """
    members: dict[str, dict[str, Any]] = {}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:

        def add(name: str, content: bytes | memoryview) -> None:
            members[name] = {"sha256": hashlib.sha256(content).hexdigest(), "n_bytes": len(content)}
            if sum(each["n_bytes"] for each in members.values()) > MOST_BYTES - _ROOM:
                raise Conflict(
                    f"Expected an answer that fits into a bundle of {MOST_BYTES >> 20} MiB; this one takes more. Take "
                    "its tables away one by one instead."
                )
            archive.writestr(zipfile.ZipInfo(name, _MOMENT), content)

        add(QUESTION, _json(question))
        add(METRICS, _json(facts["metrics"]))
        add(ANSWER, _json({name: value for name, value in facts.items() if name != "metrics"}))
        for name, read in frames:
            add(f"frames/{name}.parquet", _parquet(read()))
        archive.writestr(zipfile.ZipInfo(MANIFEST, _MOMENT), _json(_manifest({**about, "members": members})))
        archive.comment = bytes(_N_DIGITS)  # the place of the hash of all that comes before it
    _seal(path)


def _manifest(rest: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a manifest says, with the hash of all of it, as who reads it will find it."""
    draft = Manifest.model_validate({**rest, "whole": "0" * _N_DIGITS})
    said = draft.model_dump(mode="json", exclude={"whole"})
    return {**said, "whole": whole_of(said)}


def _seal(path: Path) -> None:
    digest = digest_of(path, path.stat().st_size - _N_DIGITS)
    with path.open("r+b") as file:
        file.seek(-_N_DIGITS, io.SEEK_END)
        file.write(digest.encode())


def digest_of(path: Path, n_bytes: int) -> str:
    """Return the SHA-256 of the first bytes of a file."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while n_bytes > 0 and (piece := file.read(min(n_bytes, _CHUNK_BYTES))):
            digest.update(piece)
            n_bytes -= len(piece)
    return digest.hexdigest()


def _json(value: Any) -> bytes:
    return json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False).encode()


def _parquet(frame: pd.DataFrame) -> memoryview:
    stream = pa.BufferOutputStream()
    pq.write_table(to_table(frame), stream, compression="zstd", write_statistics=False)
    return memoryview(stream.getvalue())

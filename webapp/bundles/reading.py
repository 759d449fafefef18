"""Reading a bundle that somebody brings. Nothing that it says is believed before it was compared.

What can be judged without unfolding anything is judged first: names, sizes, hashes. Frames are read last, and the
answer's own hash is computed again from all that was read.
"""

import hashlib
import json
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import ValidationError

from quant.errors import InvalidSpec, UnreadableFile
from quant.result import AnalysisResult
from quant.spec import AnalysisSpec, read_stored
from webapp.arrow import read_frame
from webapp.bundles import facts as facts_
from webapp.bundles import frames as frames_
from webapp.bundles.manifest import (
    ANSWER,
    FORMAT,
    FRAME,
    MANIFEST,
    METRICS,
    MOST_BYTES,
    MOST_MEMBERS,
    QUESTION,
    VERSION,
    Manifest,
)
from webapp.bundles.writing import digest_of
from webapp.errors import lists_too_long

_MOST_JSON_BYTES = 16 * 1024**2
_N_DIGITS = 64
_TEXTS = (QUESTION, METRICS, ANSWER)
_ENCRYPTED = 0x1


@dataclass(frozen=True)
class Bundle:
    """What a bundle holds, compared with all that it says of itself."""

    manifest: Manifest
    spec: AnalysisSpec
    facts: Mapping[str, Any]
    frames: Mapping[str, pd.DataFrame]


def read(path: Path, *, is_judged: bool = False) -> Bundle:
    """Read a bundle.

    Parameters
    ----------
    path : Path
        The file.
    is_judged : bool, default=False
        Whether the same bytes were read before, apart, and found sound: then nothing is compared again.

    Returns
    -------
    Bundle
        What it holds.

    Raises
    ------
    UnreadableFile
        If it is none, anything in it was changed, or it holds what no answer holds; `reason` says which.
    """
    with _opened(path) as archive:
        manifest = _manifest(archive)
        if not is_judged:
            _compare(archive, manifest, path)
        spec = _question(archive, manifest)
        facts = {**_object(archive, ANSWER), "metrics": _parsed(archive, METRICS)}
        for fault in facts_.faults_of(facts, spec):
            _unfit(ANSWER, fault)
        frames = {name: _frame(archive, name) for name in _frame_names(archive)}
    _whole_answer(manifest, facts, frames, is_judged=is_judged)
    return Bundle(manifest, spec, facts, frames)


def _opened(path: Path) -> zipfile.ZipFile:
    """Open the archive; what could unfold, hide or escape is refused before a member is read."""
    n_bytes = path.stat().st_size
    if n_bytes > MOST_BYTES:
        _refuse("too_large", f"Expected a bundle of at most {MOST_BYTES >> 20} MiB; found {n_bytes >> 20}.")
    try:
        archive = zipfile.ZipFile(path)
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        _refuse(
            "not_a_bundle",
            "Expected a bundle that Assay exported, a zip archive; found no such file, or one whose directory was "
            f"changed ({error}).",
        )
    found = archive.infolist()
    names = [each.filename for each in found]
    if MANIFEST not in names:
        archive.close()
        _refuse("not_a_bundle", f"Expected a bundle that Assay exported, with {MANIFEST} in it; found none.")
    unknown = [each for each in names if each not in {*_TEXTS, MANIFEST} and not FRAME.fullmatch(each)]
    if unknown or len(set(names)) < len(names) or len(names) > MOST_MEMBERS:
        archive.close()
        which = f"{unknown[0][:80]!r}" if unknown else "the same twice, or too many"
        _refuse("not_a_bundle", f"Expected only members that a bundle has; found {which}.")
    packed = [each for each in found if each.compress_type != zipfile.ZIP_STORED or each.flag_bits & _ENCRYPTED]
    if packed or sum(each.file_size for each in found) > n_bytes:
        archive.close()
        which = packed[0].filename if packed else "more in it than its size"
        _refuse("not_a_bundle", f"Expected members that are neither compressed nor encrypted; found {which}.")
    return archive


def _manifest(archive: zipfile.ZipFile) -> Manifest:
    said = _object(archive, MANIFEST)
    if (said.get("format"), said.get("version")) != (FORMAT, VERSION):
        _refuse(
            "not_a_bundle",
            f"Expected {FORMAT} of version {VERSION}; found {str(said.get('format'))[:40]} of version "
            f"{str(said.get('version'))[:10]}. A later program may have made it: upgrade this one.",
        )
    try:
        manifest = Manifest.model_validate_json(json.dumps(said))
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        _unfit(MANIFEST, f"{'.'.join(map(str, first['loc']))[:80]}: {first['msg'].lower()}")
    if not manifest.says_whole():
        _changed(MANIFEST)
    return manifest


def _compare(archive: zipfile.ZipFile, manifest: Manifest, path: Path) -> None:
    """Compare every member with its hash, and then the file with its own."""
    there = {name for name in archive.namelist() if name != MANIFEST}
    for name in sorted(there ^ set(manifest.members)):
        where = "the archive and not in its manifest" if name in there else "its manifest and not in the archive"
        _refuse("changed", f"Expected the members that {MANIFEST} names; found {name} in {where}.")
    for name in sorted(set(_TEXTS) - there):
        _unfit(name, "expected it in a bundle; it is missing")
    for name, member in manifest.members.items():
        content = _bytes(archive, name)
        if len(content) != member.n_bytes or hashlib.sha256(content).hexdigest() != member.sha256:
            _changed(name)
    if archive.comment.decode("latin-1") != digest_of(path, path.stat().st_size - _N_DIGITS):
        _changed("the archive's own directory")


def _question(archive: zipfile.ZipFile, manifest: Manifest) -> AnalysisSpec:
    said = _object(archive, QUESTION)
    if lists_too_long(said):
        _unfit(QUESTION, "expected shorter lists")
    try:
        spec = read_stored(said)
    except (InvalidSpec, ValidationError, KeyError, TypeError) as error:
        _unfit(QUESTION, f"expected a question that this program can read; {str(error)[:300]}")
    if spec.hash() != manifest.question_hash:
        _unfit(QUESTION, f"expected the question {manifest.question_hash[:12]}; found {spec.hash()[:12]}")
    if len(manifest.prices) != len(spec.instruments):
        _unfit(MANIFEST, "prices: expected those of each instrument of the question")
    return spec


def _frame_names(archive: zipfile.ZipFile) -> list[str]:
    found = [match.group(1) for name in archive.namelist() if (match := FRAME.fullmatch(name))]
    for name in frames_.ALWAYS:
        if name not in found:
            _unfit(f"frames/{name}.parquet", "expected it in a bundle; it is missing")
    return found


def _frame(archive: zipfile.ZipFile, name: str) -> pd.DataFrame:
    member = f"frames/{name}.parquet"
    try:
        file = pq.ParquetFile(pa.BufferReader(_bytes(archive, member)))
        for fault in frames_.faults_of_schema(file.schema_arrow, file.metadata.num_rows):
            _unfit(member, fault)
        frame = read_frame(file)
    except MemoryError:  # Arrow's is one of its other errors, too
        raise
    except (pa.ArrowException, OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        _unfit(member, f"expected a table in Parquet; {str(error)[:200]}")
    for fault in frames_.faults_of_frame(name, frame):
        _unfit(member, fault)
    return frame


def _whole_answer(
    manifest: Manifest, facts: Mapping[str, Any], frames: Mapping[str, pd.DataFrame], *, is_judged: bool
) -> None:
    if facts["data"]["snapshot_hash"] != manifest.snapshot_hash:
        _unfit(ANSWER, "data.snapshot_hash: expected that of the manifest; found another")
    if is_judged:
        return
    memory = sum(int(frame.memory_usage(index=True, deep=True).sum()) for frame in frames.values())
    if memory > frames_.MOST_MEMORY_BYTES:
        _refuse(
            "too_large",
            f"Expected frames that unfold to at most {frames_.MOST_MEMORY_BYTES >> 20} MiB; found {memory >> 20}.",
        )
    try:
        found = AnalysisResult(frames=frames, facts=facts).hash()
    except (TypeError, ValueError) as error:
        _unfit("the answer", f"expected one that has a hash; {str(error)[:200]}")
    if found != manifest.result_hash:
        _unfit("the answer", f"expected the result hash {manifest.result_hash[:12]}; found {found[:12]}")


def _object(archive: zipfile.ZipFile, name: str) -> dict[str, Any]:
    value = _parsed(archive, name)
    if not isinstance(value, dict):
        _unfit(name, "expected an object of JSON")
    return value


def _parsed(archive: zipfile.ZipFile, name: str) -> Any:
    content = _bytes(archive, name, most=_MOST_JSON_BYTES)
    try:
        return json.loads(content, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        _unfit(name, f"expected JSON; {str(error)[:200]}")


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")


def _bytes(archive: zipfile.ZipFile, name: str, *, most: int = MOST_BYTES) -> bytes:
    try:
        if archive.getinfo(name).file_size > most:
            _unfit(name, f"expected at most {most >> 20} MiB")
        return archive.read(name)
    except KeyError:
        _unfit(name, "expected it in a bundle; it is missing")
    except (zipfile.BadZipFile, OSError, EOFError, NotImplementedError, RuntimeError, ValueError):
        _changed(name)


def _changed(name: str) -> NoReturn:
    _refuse(
        "changed",
        f"Expected the bundle as it was exported; {name} was changed since, or damaged on the way. Export it again.",
    )


def _unfit(name: str, fault: str) -> NoReturn:
    _refuse("unfit", f"This bundle cannot be imported. {name}: {fault}.")


def _refuse(reason: str, message: str) -> NoReturn:
    raise UnreadableFile(message, reason=reason)

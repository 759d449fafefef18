"""A bundle of a really answered question, written once a test process, and ways to change it."""

import functools
import hashlib
import io
import json
import zipfile
from pathlib import Path

from quant.spec import AnalysisSpec
from tests.webapp.api.answered import QUESTION, answer
from webapp.bundles.manifest import ANSWER, MANIFEST, whole_of
from webapp.bundles.writing import digest_of, write

MADE_AT = "2026-01-02T03:04:05Z"


def about(**changes):
    """Return what the manifest says beside its members."""
    spec, found = AnalysisSpec.model_validate(QUESTION), answer()
    said = {
        "made_at": MADE_AT,
        "analysis": {"id": "0123456789abcdef", "title": "Google", "submitted_at": MADE_AT, "finished_at": MADE_AT},
        "question_hash": spec.hash(),
        "result_hash": found.hash(),
        "snapshot_hash": found.facts["data"]["snapshot_hash"],
        "pins": {"n_tuning_trials": 3},
        "versions": dict(found.versions),
        "prices": [
            {"symbol": "GOOG", "source": "sample", "calendar": "XNYS", "currency": "USD", "revision": 1,
             "content_hash": "c" * 64}
        ],
    }  # fmt: skip
    return {**said, **changes}


@functools.cache
def content():
    """Return the bytes of a sound bundle."""
    return pack()


def pack(question=None, facts=None, frames=None, **changes):
    """Return the bytes of a bundle whose hashes agree, whatever is in it."""
    found = answer()
    resolved = AnalysisSpec.model_validate(QUESTION).resolved()
    path = Path(functools.cache(_folder)()) / "bundle.zip"
    tables = found.frames if frames is None else frames
    write(
        path, about(**changes), question or resolved, facts or found.facts,
        [(name, lambda name=name: tables[name]) for name in tables],
    )  # fmt: skip
    return path.read_bytes()


def _folder():
    import tempfile  # noqa: PLC0415  # tests alone

    return tempfile.mkdtemp(prefix="assay-test-bundle-")


def members(data=None):
    """Return the members of a bundle by name."""
    with zipfile.ZipFile(io.BytesIO(data or content())) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def zipped(path, parts, compression=zipfile.ZIP_STORED, comment=None):
    """Write an archive of these members, sealed like a bundle."""
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, data in parts.items():
            archive.writestr(name, data)
        archive.comment = bytes(64)
    data = bytearray(path.read_bytes())
    data[-64:] = comment or digest_of(path, len(data) - 64).encode()
    path.write_bytes(data)
    return path


def resealed(parts):
    """Return members with a manifest whose hashes are true of them: what a forger would send."""
    manifest = json.loads(parts[MANIFEST])
    manifest["members"] = {
        name: {"sha256": hashlib.sha256(data).hexdigest(), "n_bytes": len(data)}
        for name, data in parts.items() if name != MANIFEST
    }  # fmt: skip
    rest = {name: value for name, value in manifest.items() if name != "whole"}
    return {**parts, MANIFEST: json.dumps({**rest, "whole": whole_of(rest)}).encode()}


def with_facts(**changes):
    """Return members with other facts, and hashes that are true of them."""
    parts = members()
    facts = {**json.loads(parts[ANSWER]), **changes}
    return resealed({**parts, ANSWER: json.dumps(facts).encode()})

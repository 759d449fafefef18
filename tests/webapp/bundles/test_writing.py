import hashlib
import json

import pytest

from tests.webapp.api.answered import answer
from tests.webapp.bundles import packed
from webapp.bundles import writing
from webapp.bundles.manifest import ANSWER, MANIFEST, METRICS
from webapp.errors import Conflict


def test_it_holds_question_metrics_facts_and_every_frame():
    parts = packed.members()

    assert {f"frames/{name}.parquet" for name in answer().frames} < set(parts)
    assert json.loads(parts[METRICS]) == answer().facts["metrics"]
    assert "metrics" not in json.loads(parts[ANSWER])
    hashes = {name: each["sha256"] for name, each in json.loads(parts[MANIFEST])["members"].items()}
    assert hashes == {name: hashlib.sha256(data).hexdigest() for name, data in parts.items() if name != MANIFEST}


def test_the_same_answer_makes_the_same_bytes():
    assert packed.pack() == packed.content()
    data = packed.content()
    assert data[-64:].decode() == hashlib.sha256(data[:-64]).hexdigest()


def test_what_nobody_could_import_is_not_exported(monkeypatch):
    monkeypatch.setattr(writing, "MOST_BYTES", writing._ROOM + 10_000)

    with pytest.raises(Conflict, match="one by one"):
        packed.pack()

"""A bundle is read as it was written, and not at all if anything in it is another."""

import io
import json
import zipfile

import numpy as np
import pandas as pd
import pytest

from quant.errors import UnreadableFile
from tests.webapp.api.answered import answer
from tests.webapp.bundles import packed
from webapp.bundles import frames, reading
from webapp.bundles.manifest import ANSWER, MANIFEST, METRICS, QUESTION


@pytest.fixture
def path(tmp_path):
    return tmp_path / "bundle.zip"


def refused(path, reason):
    with pytest.raises(UnreadableFile) as caught:
        reading.read(path)
    assert caught.value.reason == reason
    return str(caught.value)


def test_what_was_written_is_read(path):
    path.write_bytes(packed.content())
    found = reading.read(path)

    assert found.facts == answer().facts
    assert list(found.frames) == list(answer().frames)
    for name, frame in answer().frames.items():
        pd.testing.assert_frame_equal(found.frames[name], frame)
    assert found.manifest.result_hash == answer().hash()


def test_a_changed_byte_of_any_member_is_found_and_named(path):
    sound = packed.content()
    with zipfile.ZipFile(io.BytesIO(sound)) as archive:
        members = archive.infolist()
    for info in members:
        data = bytearray(sound)
        data[info.header_offset + 30 + len(info.filename) + info.file_size // 2] ^= 1
        path.write_bytes(data)

        assert f"{info.filename} was changed" in refused(path, "changed")


def test_no_byte_of_the_file_can_be_changed(path):
    sound = packed.content()
    for place in [*np.random.default_rng(1).integers(0, len(sound), 40), *range(len(sound) - 90, len(sound), 5)]:
        data = bytearray(sound)
        data[place] ^= 0x10
        path.write_bytes(data)
        with pytest.raises(UnreadableFile):
            reading.read(path)


@pytest.mark.parametrize("name", [QUESTION, METRICS, ANSWER, "frames/trades.parquet"])
def test_a_hash_that_was_changed_along_is_caught_by_the_others(path, name):
    parts = packed.members()
    if name.endswith("parquet"):
        fewer = {**answer().frames, "trades": answer().frames["trades"].head(2)}
        parts[name] = packed.members(packed.pack(frames=fewer))[name]
    else:
        said = json.loads(parts[name])
        if name == METRICS:
            said[0]["value"] = 9.0
        else:
            said["seed"] = 123
        parts[name] = json.dumps(said).encode()
    packed.zipped(path, packed.resealed(parts))

    refused(path, "unfit")


def test_members_that_are_missing_or_too_many_are_named(path):
    parts = packed.members()
    left = {name: data for name, data in parts.items() if name != "frames/equity.parquet"}
    assert "frames/equity.parquet" in refused(packed.zipped(path, left), "changed")
    assert "frames/equity.parquet" in refused(packed.zipped(path, packed.resealed(left)), "unfit")
    assert "frames/more.parquet" in refused(packed.zipped(path, {**parts, "frames/more.parquet": b"x"}), "changed")


@pytest.mark.parametrize("name", ["../evil.json", "/etc/passwd", "frames/../../x.parquet", "final.pickle"])
def test_names_that_lead_elsewhere_are_refused(path, name):
    assert repr(name) in refused(packed.zipped(path, {**packed.members(), name: b"x"}), "not_a_bundle")


def test_nothing_may_unfold(path):
    packed.zipped(path, {**packed.members(), ANSWER: bytes(10_000_000)}, compression=zipfile.ZIP_DEFLATED)
    assert "compressed" in refused(path, "not_a_bundle")

    path.write_bytes(b"no archive")
    refused(path, "not_a_bundle")
    packed.zipped(path, {"other.txt": b"x"})
    refused(path, "not_a_bundle")
    with path.open("wb") as file:
        file.truncate(reading.MOST_BYTES + 1)
    refused(path, "too_large")


@pytest.mark.parametrize("text", [b"[" * 100_000, b'{"seed": NaN}', b"[]", b"\xff", b"{}"])
def test_what_is_no_answer_is_refused(path, text):
    packed.zipped(path, packed.resealed({**packed.members(), ANSWER: text}))

    assert ANSWER in refused(path, "unfit")


def test_a_later_form_says_to_upgrade(path):
    parts = packed.members()
    manifest = {**json.loads(parts[MANIFEST]), "version": 2}
    packed.zipped(path, {**parts, MANIFEST: json.dumps(manifest).encode()})

    assert "upgrade this one" in refused(path, "not_a_bundle")


def test_frames_that_unfold_to_too_much_are_refused(path, monkeypatch):
    path.write_bytes(packed.content())
    monkeypatch.setattr(frames, "MOST_MEMORY_BYTES", 1000)

    assert "unfold" in refused(path, "too_large")


def test_the_question_must_be_one_that_can_be_asked(path):
    parts = packed.members()
    said = {**json.loads(parts[QUESTION]), "models": []}
    packed.zipped(path, packed.resealed({**parts, QUESTION: json.dumps(said).encode()}))

    assert QUESTION in refused(path, "unfit")

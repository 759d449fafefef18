import pytest
from pydantic import ValidationError

from tests.webapp.bundles import packed
from webapp.bundles.manifest import FRAME, Manifest, whole_of


def manifest(**changes):
    members = {"question.json": {"sha256": "a" * 64, "n_bytes": 3}}
    return Manifest.model_validate({**packed.about(), "members": members, "whole": "0" * 64, **changes})


def test_its_own_hash_is_of_all_the_rest():
    said = manifest()
    assert not said.says_whole()
    whole = whole_of(said.model_dump(mode="json", exclude={"whole"}))

    assert manifest(whole=whole).says_whole()
    assert not manifest(whole=whole, result_hash="b" * 64).says_whole()


@pytest.mark.parametrize(
    "changes",
    [
        {"unknown": 1}, {"version": 2}, {"result_hash": "B" * 64}, {"pins": {"n_tuning_trials": 1.5}},
        {"members": {"question.json": {"sha256": "a" * 64, "n_bytes": -1}}}, {"versions": {"numpy": "2\n"}},
    ],
)  # fmt: skip
def test_nothing_else_is_taken_for_one(changes):
    with pytest.raises(ValidationError):
        manifest(**changes)


@pytest.mark.parametrize("name", ["frames/../x.parquet", "frames/a/b.parquet", "/frames/a.parquet", "frames/A.parquet"])
def test_no_member_leads_elsewhere(name):
    assert FRAME.fullmatch(name) is None

import dataclasses
import json

from quant.spec import AnalysisSpec
from tests.webapp.dashboard import reading
from webapp.dashboard.components.tabs import reproduce


def test_all_that_decides_the_answer_is_there(view, result, spec):
    words = reading.text(reproduce.content(view(), result, "light"))

    assert spec.hash() in words
    assert result.facts["data"]["snapshot_hash"] in words
    assert result.result_hash in words
    assert str(spec.seed) in words
    for name, version in result.versions.items():
        assert f"{name} {version}" in words


def test_the_question_can_be_copied_and_asked_again(view, result, spec):
    tree = reproduce.content(view(), result, "light")

    shown = reading.text(reading.by_id(tree, reproduce._SPEC))
    assert AnalysisSpec.model_validate(json.loads(shown)) == spec
    assert any(reading.attribute(each, "data-copy") == reproduce._SPEC for each in reading.of_type(tree, "Button"))


def test_a_first_run_is_compared_with_nothing(view, result):
    assert "Same result hash" not in reading.text(reproduce.content(view(), result, "light"))


def test_a_re_run_that_agrees_says_yes(view, result):
    tree = reproduce.content(view(parent_id="parent", parent_result_hash=result.result_hash), result, "light")

    assert "Same result hash: yes" in reading.text(tree)
    assert reading.of_type(tree, "Link")[0].href == "/app/analyses/parent?tab=reproduce"


def test_a_re_run_that_differs_says_no(view, result):
    tree = reproduce.content(view(parent_id="parent", parent_result_hash="0" * 64), result, "light")

    assert "Same result hash: no" in reading.text(tree)


def test_a_re_run_of_something_without_an_answer_says_so(view, result):
    assert "has no result to compare with" in reading.text(reproduce.content(view(parent_id="parent"), result, "light"))


def test_it_reads_no_frames(view, result):
    assert reproduce.FRAMES == ()
    assert reading.text(reproduce.content(view(), dataclasses.replace(result, frames={}), "light"))

import copy

import pytest

from quant.bars.day_catalog import WeeklyBars
from quant.spec import AnalysisSpec
from tests.webapp.api.answered import QUESTION, answer
from webapp.bundles import facts

SPEC = AnalysisSpec.model_validate(QUESTION)


def changed(path, value):
    found = copy.deepcopy(dict(answer().facts))
    *parts, last = path.split(".")
    inner = found
    for part in parts:
        inner = inner[int(part) if part.isdigit() else part]
    inner[last] = value
    return found


def test_those_of_a_real_answer_are_sound():
    assert facts.faults_of(answer().facts, SPEC) == []


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("verdict.text", "a\x00b"), ("verdict.is_credible", "yes"), ("metrics", []), ("metrics.0.value", "high"),
        ("honesty.luck", None), ("data.snapshot_hash", "short"), ("data.instruments.0.symbol", "MSFT"),
        ("spec_hash", "0" * 64), ("seed", "7"),
    ],
)  # fmt: skip
def test_what_is_not_is_named(path, value):
    [fault] = facts.faults_of(changed(path, value), SPEC)

    assert path.split(".", maxsplit=1)[0] in fault


def test_what_is_nested_without_end_or_too_much_is_refused(monkeypatch):
    deep = []
    for _ in range(60):
        deep = [deep]
    assert "deep" in facts.faults_of(changed("tuning", {"x": deep}), SPEC)[0]
    monkeypatch.setattr(facts, "MOST_FACTS", 100)
    assert "at most 100 facts" in facts.faults_of(answer().facts, SPEC)[0]


def test_bars_that_were_gathered_are_told_of_and_days_are_not():
    bars = {"name": "weekly", "title": "Weekly bars", "a_year": 52.0, "counted": False}
    weekly = SPEC.model_copy(update={"bars": WeeklyBars()})
    told = {**changed("data.bars", bars), "spec_hash": weekly.hash()}
    told["data"]["instruments"][0]["n_days"] = 800

    assert facts.faults_of(told, weekly) == []
    [fault] = facts.faults_of({**changed("data.bars", bars), "spec_hash": weekly.hash()}, weekly)
    assert fault.startswith("data.bars: expected what the question's bars were gathered from")
    assert facts.faults_of(changed("data.bars", bars), SPEC) == [fault]

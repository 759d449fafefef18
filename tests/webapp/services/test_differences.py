"""What differs between an answer and its repetition."""

import dataclasses

import pytest

from quant.spec import AnalysisSpec
from tests import factories
from tests.webapp.services.test_results import RESULT, actor, store  # noqa: F401  # fixtures
from webapp.errors import NotFound
from webapp.services import analyses, differences, jobs, results
from webapp.services.results import ResultView
from webapp.tables import Artifact


def view_of(result):
    return ResultView("x", result.frames, result.facts, result.hash(), result.versions, 0)


def changed(**changes):
    return view_of(dataclasses.replace(RESULT, **changes))


def test_equal_answers_have_no_difference():
    assert list(differences.differences(view_of(RESULT), view_of(RESULT))) == []


def test_libraries_facts_and_tables_are_told_apart():
    equity = RESULT.frames["equity"].assign(equity=[100.0, 101.0, 98.5])
    frames = {**RESULT.frames, "equity": equity, "trades": RESULT.frames["trades"].iloc[:1]}
    del frames["monthly_returns"]
    facts = {**RESULT.facts, "seed": 2, "metrics": [{**RESULT.facts["metrics"][0], "value": 0.25}]}

    found = list(differences.differences(view_of(RESULT), changed(frames=frames, facts=facts, versions={"numpy": "3"})))

    assert [(each.kind, each.name) for each in found] == [
        ("library", "numpy"),
        ("fact", "metrics.0.value"),
        ("fact", "seed"),
        ("table", "equity.equity"),
        ("table", "monthly_returns"),
        ("table", "trades"),
    ]
    assert (found[1].before, found[1].after) == ("0.5", "0.25")
    assert found[3].before == "row 3: 99.0"
    assert "1 of 3 rows differ, by at most 0.5" in found[3].after
    assert (found[4].before, found[4].after) == ("there", "not there")
    assert found[5].after == f"1 rows of {RESULT.frames['trades'].shape[1] + 1} columns"  # the index is one, too


def answer(session, store, result):  # noqa: F811  # a fixture
    claim = jobs.claim_next(session, worker="w", pid=1, lease_seconds=20, max_attempts=5)
    stored = results.store_result(store, claim, result)
    results.save(session, claim, result, stored, series_ids=(factories.create_series(session).id,))
    session.flush()
    session.expire_all()
    return claim.public_id


@pytest.fixture
def parent(session, store, actor):  # noqa: F811  # fixtures
    factories.create_analysis(session, actor, spec=AnalysisSpec(instruments=[{"symbol": "GOOG"}]).resolved())
    return answer(session, store, RESULT)


@pytest.mark.parametrize("seed", [1, 2])
def test_a_rerun_is_held_against_what_it_repeats(session, store, actor, parent, seed):  # noqa: F811  # fixtures
    assert differences.compare_with_parent(session, store, actor, parent) is None
    analyses.rerun(session, actor, parent)
    rerun = answer(session, store, dataclasses.replace(RESULT, facts={**RESULT.facts, "seed": seed}))

    comparison = differences.compare_with_parent(session, store, actor, rerun)

    assert (comparison.parent_id, comparison.is_same) == (parent, seed == 1)
    assert [each.name for each in comparison.differences] == ([] if seed == 1 else ["seed"])
    with pytest.raises(NotFound):
        differences.compare_with_parent(session, store, factories.create_actor(session), rerun)


def test_an_answer_that_is_gone_is_compared_with_nothing(session, store, actor, parent):  # noqa: F811  # fixtures
    analyses.rerun(session, actor, parent)
    rerun = answer(session, store, dataclasses.replace(RESULT, facts={**RESULT.facts, "seed": 3}))
    store.remove(session.query(Artifact).filter_by(name="result").first().key)
    assert differences.compare_with_parent(session, store, actor, rerun) is None

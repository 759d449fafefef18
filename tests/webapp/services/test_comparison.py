import math

import pandas as pd
import pytest

from quant.analysis import run_analysis
from quant.preparation import fetch_instruments
from quant.spec import AnalysisSpec
from tests import factories
from tests.webapp.api.answered import QUESTION, answer
from webapp.errors import Conflict, InvalidInput, NotFound
from webapp.services import analyses, comparison, jobs, results, shares
from webapp.services.comparison import differing, flatten
from webapp.tables import PriceSeries, User

pytestmark = pytest.mark.databases("sqlite")

OTHER = {**QUESTION, "strategy": {"enter_above": 0.5, "exit_below": 0.48}, "seed": 7}


@pytest.fixture(scope="module")
def other_answer():
    return run_analysis(AnalysisSpec.model_validate(OTHER), fetch_instruments)


@pytest.fixture
def owner(session, store):
    factories.create_prices(session, store, factories.delivery("GOOG", "2004-08-19", "2007-12-31"))
    return factories.create_actor(session)


@pytest.fixture
def finish(session, store, owner):
    """`finish(answer, question)` is the id of an analysis of the owner with that answer."""

    def finish(found, question=QUESTION, title="Mine"):
        public_id = analyses.submit(session, owner, AnalysisSpec.model_validate(question), title=title)
        claim = jobs.claim_next(session, worker="test", pid=1, lease_seconds=60.0, max_attempts=1)
        stored = results.store_result(store, claim, found)
        results.save(session, claim, found, stored, series_ids=(session.query(PriceSeries).one().id,))
        return public_id

    return finish


def test_two_analyses_side_by_side(session, store, owner, finish, other_answer):
    first, second = finish(answer()), finish(other_answer, OTHER, "Other")
    found = comparison.compare(session, store, owner, [first, second])

    assert [each.title for each in found.analyses] == ["Mine", "Other"]
    assert {each.path: each.by_analysis for each in found.parameters} == {
        "strategy.enter_above": (0.58, 0.5),
        "strategy.exit_below": (0.56, 0.48),
        "strategy.cover_above": (0.56, AnalysisSpec.model_validate(OTHER).strategy.cover_above),
        "seed": (answer().facts["seed"], 7),
    }
    equity = answer().frames["equity"]
    assert len(found.curves) == len(equity)
    assert found.curves[0].iloc[0] == found.curves[1].iloc[0] == 1.0
    assert found.curves[0].iloc[-1] == pytest.approx(equity["equity"].iloc[-1] / equity["equity"].iloc[0])
    sharpe = next(line for line in found.metrics if line.name == "sharpe_ratio")
    values = {each["name"]: each["value"] for each in other_answer.facts["metrics"]}
    assert sharpe.by_analysis[1] == values["sharpe_ratio"]
    assert sharpe.best == (sharpe.by_analysis.index(max(sharpe.by_analysis)),)

    [pair] = found.pairs
    assert pair.test.second == pytest.approx(sharpe.by_analysis[0], rel=0.02)
    assert pair.test.first == pytest.approx(sharpe.by_analysis[1], rel=0.02)
    assert 0.0 < pair.test.p_value <= 1.0
    assert pair.resampled.n_resamples == 1000
    assert pair.resampled.lower < pair.test.difference < pair.resampled.upper
    assert pair.p_value == pair.resampled.p_value, "there is one pair"
    assert pair.p_value == pytest.approx(pair.test.p_value, abs=0.15)
    assert not pair.is_same_answer
    assert {cause.kind: cause.differs for cause in pair.causes} == {
        "parameters": True,
        "data": False,
        "seed": True,
        "library": False,
        "code": None,
    }


def test_a_re_run_is_the_same_to_the_last_bit(session, store, owner, finish):
    found = comparison.compare(session, store, owner, [finish(answer()), finish(answer())])

    assert found.parameters == ()
    [pair] = found.pairs
    assert pair.is_same_answer
    assert [cause.differs for cause in pair.causes] == [False] * 5
    assert pair.test.difference == 0.0
    assert math.isnan(pair.test.p_value)
    assert math.isnan(pair.p_value)
    assert all(line.best == () for line in found.metrics)


def test_what_else_can_change_a_number(session, store, owner, finish, monkeypatch):
    first, second, third = finish(answer()), finish(answer()), finish(answer())
    rows = {row.public_id: row for row in session.query(analyses.Analysis)}
    rows[second].versions = {**rows[second].versions, "numpy": "1.0"}
    rows[second].result_hash = rows[third].result_hash = "0" * 64
    session.flush()
    by_library, by_code = comparison.compare(session, store, owner, [first, second, third]).pairs

    library = next(cause for cause in by_library.causes if cause.kind == "library")
    assert library.differs
    assert library.details[0].startswith("numpy ")
    assert library.details[0].endswith("→ 1.0")
    assert {cause.kind for cause in by_code.causes if cause.differs} == {"code"}


def test_what_cannot_be_compared_is_refused(session, store, owner, finish):
    first = finish(answer())
    waiting = factories.create_analysis(session, owner, title="Waiting").public_id
    for ids in ([], [first], [first, first], [first, *[f"{n:016x}" for n in range(100)]]):
        with pytest.raises(InvalidInput) as caught:
            comparison.compare(session, store, owner, ids)
        assert list(caught.value.fields) == ["ids"]
    with pytest.raises(Conflict, match="“Waiting” is queued"):
        comparison.compare(session, store, owner, [first, waiting])


def test_only_what_one_may_read_is_compared(session, store, owner, finish):
    first, second = finish(answer()), finish(answer())
    user = factories.create_user(session)
    reader = factories.actor_of(user)
    shares.share_with_user(session, owner, first, email=session.get_one(User, user.id).email)
    with pytest.raises(NotFound):
        comparison.compare(session, store, reader, [first, second])

    shares.share_with_user(session, owner, second, email=user.email)
    assert len(comparison.compare(session, store, reader, [first, second]).analyses) == 2


def test_without_common_bars_there_are_no_curves():
    one = pd.DataFrame({"return": [0.1]}, index=pd.DatetimeIndex(["2020-01-02"], tz="UTC", name="timestamp"))
    other = one.set_axis(pd.DatetimeIndex(["2021-01-04"], tz="UTC", name="timestamp"))
    answers = [type("Answer", (), {"frames": {"equity": frame}}) for frame in (one, other)]

    returns = comparison._common_returns(answers)
    assert comparison._curves(returns).empty
    assert comparison._whole_curves(answers, returns.index).empty


def test_each_curve_is_drawn_on_its_own_bars_and_all_meet_at_the_first_common_one():
    days = pd.DatetimeIndex(["2020-01-02", "2020-01-03", "2020-01-06", "2020-01-07"], tz="UTC", name="timestamp")
    long = pd.DataFrame({"return": [float("nan"), 0.5, 0.2, 0.1]}, index=days)
    late = pd.DataFrame({"return": [float("nan"), 1.0]}, index=days[[1, 3]])
    early = pd.DataFrame({"return": [float("nan"), 0.25]}, index=days[:2])
    answers = [type("Answer", (), {"frames": {"equity": frame}}) for frame in (long, late, early)]
    curves = comparison._whole_curves(answers, comparison._common_returns(answers).index)

    assert curves[0].tolist() == pytest.approx([1 / 1.5, 1.0, 1.2, 1.32])
    assert curves[1].tolist() == pytest.approx([float("nan"), 1.0, 1.0, 2.0], nan_ok=True)
    assert curves[2].tolist() == pytest.approx([0.8, 1.0, float("nan"), float("nan")], nan_ok=True)


def test_lists_are_told_by_the_names_of_their_entries():
    features = {"features": [{"name": "rsi", "window": 14}, {"name": "rsi", "window": 5}, {"name": "macd"}]}
    other = {"features": [{"name": "macd"}, {"name": "rsi", "window": 14}]}

    assert flatten({"a": {"b": [1, 2]}, "c": []}) == {"a.b": [1, 2], "c": []}
    assert [(each.path, each.by_analysis) for each in differing([flatten(features), flatten(other)])] == [
        ("features.rsi 5.name", ("rsi", None)),
        ("features.rsi 5.window", (5, None)),
    ]


WEEKLY = {
    **QUESTION,
    "bars": {"name": "weekly"},
    "features": QUESTION["features"][:1],
    "validation": {**QUESTION["validation"], "train_bars": 100},
}


@pytest.fixture(scope="module")
def weekly_answer():
    return run_analysis(AnalysisSpec.model_validate(WEEKLY), fetch_instruments)


def test_other_bars_are_compared_between_closes_that_both_have(session, store, owner, finish, weekly_answer):
    days, weeks = finish(answer()), finish(weekly_answer, WEEKLY, "Weekly")
    found = comparison.compare(session, store, owner, [days, weeks])

    daily, weekly = answer().frames["equity"], weekly_answer.frames["equity"]
    common = daily.index.intersection(weekly.index)
    assert found.curves.index.equals(common)
    for place, own in enumerate((daily, weekly)):  # each one's own wealth at these closes, whatever lies between
        wealth = own["equity"].loc[common] / own["equity"].loc[common[0]]
        assert found.curves[place].tolist() == pytest.approx(wealth.tolist(), rel=1e-9)
    assert [each.path for each in found.parameters if each.path.startswith("bars")] == ["bars.name"]


def test_the_same_weeks_are_compared_week_by_week(session, store, owner, finish, weekly_answer):
    other = {**WEEKLY, "seed": 7}
    again = run_analysis(AnalysisSpec.model_validate(other), fetch_instruments)
    found = comparison.compare(session, store, owner, [finish(weekly_answer, WEEKLY), finish(again, other)])

    assert found.curves.index.equals(weekly_answer.frames["equity"].index)
    sharpe = next(each["value"] for each in weekly_answer.facts["metrics"] if each["name"] == "sharpe_ratio")
    assert found.pairs[0].test.second == pytest.approx(sharpe, rel=0.02)  # a year has 52 of them

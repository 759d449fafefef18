"""Members of a study held together: who is chosen by validation alone, who is left out and why, and what is said."""

import dataclasses

import numpy as np
import pandas as pd
import pytest

from quant.portfolio.catalog import BooksSpec
from quant.stages import StageOutput
from tests import factories
from webapp.errors import Conflict, InvalidInput, NotFound, PermissionDenied
from webapp.services import study_portfolios, trials
from webapp.services.trials import Ground, TrialEntry
from webapp.tables import Analysis

AXES = [{"path": "instruments", "values": ["GOOG", "MSFT", "IBM"]}, {"path": "label.horizon", "values": [1, 5]}]
SPEC = BooksSpec(method="risk_parity", window=40, rebalance_bars=20)
DAYS = pd.date_range("2020-01-01 21:00", periods=300, freq="B", tz="UTC", name="timestamp")


def give_answer(session, store, study, number, *, score, days=DAYS, calendar="XNYS", is_credible=True, bars=None):
    """Give a member an answer: an equity curve that is better the worse its validation score."""
    row = session.query(Analysis).filter_by(study_id=study.id, study_number=number).one()
    drawn = np.random.default_rng(number).normal(0.0005, 0.01, len(days))
    equity = pd.DataFrame({"equity": 1e5 * np.cumprod(1 + drawn)}, index=days)
    luck = {"sharpe_ratio": 0.05, "trial_variance": 0.002}
    market = {"calendar": calendar, "currency": "USD"}
    facts = {"data": {"instruments": [market]}, "honesty": {"luck": luck}}
    key = f"{study.id:032d}{number:032d}"
    store.put(key, StageOutput({"equity": equity}, facts))
    row.status, row.result_key, row.is_credible, row.title = "succeeded", key, is_credible, f"member {number}"
    row.spec = {"risk": {"risk_free_annual": 0.0}, **({} if bars is None else {"bars": bars})}
    if score is not None:
        ground = Ground((), "1d", factories.NOW.date(), factories.NOW.date())
        entries = [TrialEntry("candidate", each, "svm", {}, "roc_auc", score - each, 0.01) for each in range(2)]
        trials.record(session, owner_id=row.owner_id, analysis_id=row.id, ground=ground, entries=entries)
    session.flush()
    return row


@pytest.fixture
def actor(session):
    return factories.create_actor(session)


@pytest.fixture
def study(session, actor, store):
    """Three instruments by two horizons; one member failed, all others have answers."""
    failed = {"status": "failed", "error_code": "model_error", "error_message": "Did not fit."}
    study = factories.create_study(session, actor, {}, {}, {}, {}, {}, failed, axes=AXES)
    for number, score in enumerate((0.51, 0.55, 0.6, 0.52, None)):
        give_answer(session, store, study, number, score=score)
    return study


def hold(session, store, actor, study, **changes):
    return study_portfolios.hold(session, store, actor, study.public_id, **{"spec": SPEC, **changes})


def test_the_best_on_validation_of_each_instrument_is_held_and_every_other_has_its_reason(session, store, actor, study):
    found = hold(session, store, actor, study)

    assert [each.title for each in found.members] == ["member 1", "member 2", "member 4"]
    assert [each.score for each in found.members] == [0.55, 0.6, None]
    assert {each.title: each.why for each in found.left_out if "member" in each.title} == {
        "member 0": "“member 1”, of the same instruments, was at least as good on validation folds: area under the ROC "
        "curve 0.550 against 0.510.",
        "member 3": "“member 2”, of the same instruments, was at least as good on validation folds: area under the ROC "
        "curve 0.600 against 0.520.",
    }
    assert [each.why for each in found.left_out][-1] == "It failed: Did not fit."
    assert (found.n_trials, found.n_independent) == (8, 8.0)
    assert sum(each.mean_share for each in found.members) == pytest.approx(1)
    assert list(found.combined.curves) == ["together", "equal", *(each.id for each in found.members)]
    assert len(found.combined.curves) == 260
    assert found.overfitting is not None
    assert (found.overfitting["n_trials"], found.n_asked, found.n_succeeded) == (5, 5, 5)


def test_what_was_earned_has_no_part_in_the_choice(session, store, actor, study):
    chosen = [each.id for each in hold(session, store, actor, study).members]
    for number in (0, 3):  # those that are not held earn twice as much from now on
        row = session.query(Analysis).filter_by(study_id=study.id, study_number=number).one()
        output = store.get(row.result_key)
        rich = output.frames["equity"] * np.linspace(1, 100, 300)[:, np.newaxis]
        row.result_key = f"{number:064d}"
        store.put(row.result_key, StageOutput({"equity": rich}, output.facts))
    session.flush()
    assert [each.id for each in hold(session, store, actor, study).members] == chosen


def test_those_that_are_named_are_held_and_no_others(session, store, actor, study):
    ids = {each.title: each.public_id for each in session.query(Analysis).filter_by(study_id=study.id)}
    found = hold(session, store, actor, study, members=[ids["member 0"], ids["member 3"]])
    assert [each.title for each in found.members] == ["member 0", "member 3"]
    assert found.left_out[0].why == "It was not among those that you chose."
    alone = hold(session, store, actor, study, members=[ids["member 0"]])
    np.testing.assert_allclose(alone.combined.curves["together"], alone.combined.curves[ids["member 0"]])
    assert len(study_portfolios.in_words(alone)) == 3
    failed = session.query(Analysis).filter_by(study_id=study.id, study_number=5).one().public_id
    for wrong, why in ((failed, "It failed: Did not fit."), ("0" * 16, "none of this study")):
        with pytest.raises(InvalidInput, match=why):
            hold(session, store, actor, study, members=[wrong])


def test_another_calendar_another_range_lookahead_and_lost_files_are_left_out_by_name(session, store, actor):
    study = factories.create_study(session, actor, {}, {}, {}, {}, {}, {"status": "cancelled"}, {}, axes=[
        {"path": "instruments", "values": list("ABCDEFG")},
    ])  # fmt: skip
    give_answer(session, store, study, 0, score=0.5)
    give_answer(session, store, study, 1, score=0.5, calendar="24/7")
    give_answer(session, store, study, 2, score=0.5, days=DAYS[280:] + pd.Timedelta(days=300))
    give_answer(session, store, study, 3, score=0.5, is_credible=False)
    give_answer(session, store, study, 4, score=0.5).result_key = "gone"
    session.flush()
    found = hold(session, store, actor, study)
    assert [each.title for each in found.members] == ["member 0"]
    reasons = [each.why for each in found.left_out]
    assert "24/7, daily, USD (calendar, bars, currency), most of the others of XNYS, daily, USD" in reasons[0]
    assert reasons[1].startswith("It was traded from 2021-11-")
    assert "shares 0 bars with the longest" in reasons[1]
    assert reasons[2:] == [
        "The audit found look-ahead: what it earned is not to be believed.",
        "Its files are gone from the store; run it again.",
        "It was cancelled.",
        "It has not ended yet.",
    ]
    assert found.overfitting is None


def test_a_member_that_begins_later_trims_the_others(session, store, actor):
    study = factories.create_study(session, actor, {}, {}, axes=[{"path": "instruments", "values": ["A", "B"]}])
    give_answer(session, store, study, 0, score=0.5)
    give_answer(session, store, study, 1, score=0.5, days=DAYS[100:])
    found = hold(session, store, actor, study)
    assert found.combined.curves.index[0] == DAYS[140]
    assert [each.n_bars for each in found.members] == [300, 200]
    assert found.left_out == ()


@pytest.mark.parametrize(
    ("bars", "per_year"),
    [
        ({"name": "daily"}, 252),
        ({"name": "weekly"}, 52),
        ({"name": "tick", "n_days": 2}, 299 * 365.25 / (DAYS[-1] - DAYS[0]).days),
    ],
)
def test_a_year_has_as_many_bars_as_the_question_made(session, store, actor, bars, per_year):
    study = factories.create_study(session, actor, {}, {}, axes=[{"path": "instruments", "values": ["A", "B"]}])
    give_answer(session, store, study, 0, score=0.5, bars=bars)
    give_answer(session, store, study, 1, score=0.5, bars={"name": "monthly"})
    found = hold(session, store, actor, study)
    assert f"of XNYS, {bars['name']}" in found.left_out[0].why
    changes = found.combined.curves["together"].pct_change(fill_method=None).iloc[1:]
    volatility = changes.std() * per_year**0.5
    assert found.combined.measures["together"].volatility == pytest.approx(volatility, rel=1e-9)


def test_sentences_say_what_it_is_worth(session, store, actor, study):
    found = hold(session, store, actor, study)
    span, equal, best, luck, choice = study_portfolios.in_words(found)
    assert span.startswith("3 members on the 260 bars from 2020-02-26 to 2021-02-23")
    assert "that of equal shares" in equal
    assert "nobody could know before" in best
    assert "Deflated by all 8 trials of the study" in luck
    assert "The best of 5 members on one half of 299 bars" in choice
    equally = hold(session, store, actor, study, spec=SPEC.model_copy(update={"method": "equal"}))
    assert len(study_portfolios.in_words(equally)) == 4


def test_without_members_that_can_be_held_nothing_is_made_up(session, store, actor, study):
    empty = factories.create_study(session, actor, {}, {"status": "failed"})
    with pytest.raises(Conflict, match="there is none yet"):
        hold(session, store, actor, empty)
    with pytest.raises(InvalidInput, match="at least 1020 bars"):
        hold(session, store, actor, study, spec=BooksSpec(window=1000))
    gone = factories.create_study(session, actor, {})
    give_answer(session, store, gone, 0, score=None).result_key = "gone"
    session.flush()
    with pytest.raises(Conflict, match="files of all members are gone"):
        hold(session, store, actor, gone)


def test_only_its_owner_may(session, store, actor, study):
    with pytest.raises(NotFound):
        hold(session, store, factories.create_actor(session), study)
    with pytest.raises(PermissionDenied):
        hold(session, store, dataclasses.replace(actor, scopes=frozenset()), study)

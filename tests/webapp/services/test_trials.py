import dataclasses
import datetime

import pytest
from sqlalchemy import update

from tests import factories
from webapp.services import trials
from webapp.services.trials import Ground, TrialEntry
from webapp.tables import Trial


def entry(number=0, **changes):
    values = {"kind": "tuning", "model": "xgboost", "parameters": {"max_depth": 3}, "score_name": "roc_auc"}
    return TrialEntry(**{**values, "number": number, "score": 0.5 + number / 100, "sharpe_ratio": 0.01, **changes})


@pytest.fixture
def ground(session):
    series = factories.create_series(session)
    return Ground((series.id,), "1d", datetime.date(2005, 1, 3), datetime.date(2010, 12, 31))


def record(session, ground, entries, analysis_id=1, owner_id=1):
    return trials.record(session, owner_id=owner_id, analysis_id=analysis_id, ground=ground, entries=entries)


def test_trials_are_chained_and_checked(session, ground):
    assert record(session, ground, [entry(0), entry(1)]) == 2
    assert record(session, ground, [entry(0)], analysis_id=2) == 1

    assert trials.check(session) == trials.LedgerCheck(3, None)
    assert trials.count(session, ground) == 3


def test_the_same_trial_made_again_by_a_resumed_attempt_counts_once(session, ground):
    record(session, ground, [entry(0), entry(1)])
    assert record(session, ground, [entry(0), entry(1), entry(2)]) == 1
    assert trials.count(session, ground) == 3


@pytest.mark.parametrize(
    "change", [{"score": 0.9}, {"model": "random_forest"}, {"parameters": {"max_depth": 9}}, {"analysis_id": 77}]
)
def test_a_changed_row_breaks_the_chain(session, ground, change):
    record(session, ground, [entry(0), entry(1), entry(2)])
    ids = [row.id for row in session.query(Trial).order_by(Trial.id)]
    session.execute(update(Trial).where(Trial.id == ids[1]).values(**change))
    session.expire_all()

    assert trials.check(session).broken_at == ids[1]


def test_a_removed_row_breaks_the_chain(session, ground):
    record(session, ground, [entry(0), entry(1), entry(2)])
    rows = session.query(Trial).order_by(Trial.id).all()
    last = rows[2].id
    session.query(trials.TrialSeries).filter_by(trial_id=rows[1].id).delete()
    session.delete(rows[1])
    session.flush()

    assert trials.check(session).broken_at == last


def test_anonymising_the_owner_keeps_chain_and_count(session, ground):
    record(session, ground, [entry(0)])
    session.execute(update(Trial).values(owner_id=None))
    session.expire_all()

    assert trials.check(session).broken_at is None
    assert trials.count(session, ground) == 1


def test_only_overlapping_spans_of_the_same_series_and_interval_count(session, ground):
    record(session, ground, [entry(0)])
    other = factories.create_series(session)

    after = dataclasses.replace(ground, first_session=datetime.date(2011, 1, 1), last_session=datetime.date(2012, 1, 1))
    touching = dataclasses.replace(ground, first_session=datetime.date(2010, 12, 31))
    assert trials.count(session, touching) == 1
    assert trials.count(session, after) == 0
    assert trials.count(session, dataclasses.replace(ground, interval="1h")) == 0
    assert trials.count(session, dataclasses.replace(ground, series_ids=(other.id,))) == 0
    assert trials.count(session, dataclasses.replace(ground, series_ids=(other.id, *ground.series_ids))) == 1


def test_an_unscored_trial_is_counted_too(session, ground):
    record(session, ground, [entry(0, score=None, sharpe_ratio=None)])
    assert trials.count(session, ground) == 1

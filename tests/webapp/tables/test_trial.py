"""The ledger: what the database itself guarantees."""

import datetime

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from tests import factories
from webapp.tables import Trial, TrialSeries


def trial(analysis_id=1, number=1, **values):
    defaults = {
        "owner_id": 1,
        "kind": "candidate",
        "interval": "1d",
        "first_session": datetime.date(2010, 1, 4),
        "last_session": datetime.date(2012, 1, 4),
        "model": "xgboost",
        "parameters": {},
        "score_name": "log_loss",
        "created_at": factories.NOW,
        "previous_hash": f"{number - 1:064}",
        "hash": f"{number:064}",
    }
    return Trial(analysis_id=analysis_id, number=number, **{**defaults, **values})


def refused(session, row):
    with pytest.raises(IntegrityError), session.begin_nested():
        session.add(row)


@pytest.fixture
def first(session):
    row = trial()
    session.add(row)
    session.flush()
    return row


def test_a_trial_that_is_made_again_is_not_counted_twice(session, first):
    refused(session, trial(previous_hash="a" * 64, hash="b" * 64))


def test_the_chain_cannot_fork(session, first):
    refused(session, trial(number=2, previous_hash=first.previous_hash))


def test_two_trials_never_share_a_hash(session, first):
    refused(session, trial(number=2, hash=first.hash))


def test_it_outlives_the_analysis_and_its_owner(session):
    owner = factories.create_user(session)
    analysis = factories.create_analysis(session, owner)
    session.add(trial(analysis.id, owner_id=owner.id))
    session.flush()
    session.delete(analysis)
    session.flush()
    session.delete(owner)
    session.flush()
    assert session.scalar(select(func.count()).select_from(Trial)) == 1


def test_prices_that_a_trial_looked_at_cannot_be_deleted(session, first):
    series = factories.create_series(session)
    session.add(TrialSeries(trial_id=first.id, series_id=series.id))
    session.flush()
    session.delete(series)
    with pytest.raises(IntegrityError):
        session.flush()

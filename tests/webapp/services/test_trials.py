import dataclasses
import datetime

import numpy as np
import pandas as pd
import pytest
from sqlalchemy import select, update

from quant.stages import hash_json
from quant.validation.likeness import weekly_shape
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


def test_thousands_are_chained_in_order_and_looked_up_by_series(session, ground):
    assert record(session, ground, [entry(number) for number in range(2_500)]) == 2_500
    assert trials.check(session) == trials.LedgerCheck(2_500, None)
    assert trials.count(session, ground) == 2_500
    numbers = session.scalars(select(Trial.number).order_by(Trial.id)).all()
    assert numbers == list(range(2_500))


def test_the_same_trial_made_again_by_a_resumed_attempt_counts_once(session, ground):
    record(session, ground, [entry(0), entry(1)])
    assert record(session, ground, [entry(0), entry(1), entry(2)]) == 1
    assert trials.count(session, ground) == 3


@pytest.mark.parametrize(
    "change",
    [
        {"score": 0.9},
        {"weeks": b"other"},
        {"model": "random_forest"},
        {"parameters": {"max_depth": 9}},
        {"analysis_id": 77},
    ],
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


def test_trials_that_earned_alike_amount_to_fewer_independent_ones(session, ground):
    stamps = pd.date_range("2005-01-03 21:00", periods=300, freq="B", tz="UTC", unit="us")
    one, other = (np.random.default_rng(seed).normal(size=300) for seed in (1, 2))
    record(session, ground, [entry(number, weeks=weekly_shape(stamps, one)) for number in range(4)])
    assert trials.count_independent(session, ground) == pytest.approx(1.0, abs=0.01)

    record(
        session, ground, [entry(9, weeks=weekly_shape(stamps, other)), entry(10)]
    )  # one from before there were weeks
    assert trials.count(session, ground) == 6
    assert 3.0 < trials.count_independent(session, ground) < 6.0
    assert trials.count_independent(session, dataclasses.replace(ground, interval="1h")) == 0.0
    assert trials.check(session) == trials.LedgerCheck(6, None)


def test_rows_from_before_there_were_weeks_keep_their_hash(session, ground):
    """The hash of a row without weeks is that which the ledger gave it before it had any."""
    record(session, ground, [entry(0)])
    row = session.query(Trial).one()
    hashed = {
        "previous": row.previous_hash, "analysis": 1, "kind": "tuning", "number": 0, "series": list(ground.series_ids),
        "interval": "1d", "span": ["2005-01-03", "2010-12-31"], "model": "xgboost", "parameters": {"max_depth": 3},
        "score_name": "roc_auc", "score": 0.5, "sharpe_ratio": 0.01, "created_at": row.created_at.isoformat(),
    }  # fmt: skip
    assert row.hash == hash_json(hashed)


def test_an_unscored_trial_is_counted_too(session, ground):
    record(session, ground, [entry(0, score=None, sharpe_ratio=None)])
    assert trials.count(session, ground) == 1

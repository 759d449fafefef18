"""Models, features, backtests, trades and metrics: what the database itself guarantees."""

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from tests import factories
from webapp.tables import Backtest, FittedModel, PerformanceMetric, TradeRow, UsedFeature

NOW = factories.NOW


def model(analysis_id):
    times = dict.fromkeys(("train_start", "train_end", "test_start", "test_end"), NOW)
    return FittedModel(
        analysis_id=analysis_id, fold=0, name="xgboost", parameters={}, seed=1, n_train=1, n_test=1, scores={}, **times
    )


def feature(analysis_id):
    return UsedFeature(
        analysis_id=analysis_id,
        name="return",
        column_name="return_1",
        parameters={"window": 1},
        category="trend",
        interval="1d",
        importance=None,
        artifact_key="0" * 64,
        calculated_at=NOW,
    )


def backtest(analysis_id):
    return Backtest(
        analysis_id=analysis_id,
        name="headline",
        initial_cash=1e6,
        final_equity=1.1e6,
        start_at=NOW,
        end_at=NOW,
        n_trades=1,
    )


def trade(backtest_id, security_id):
    numbers = dict.fromkeys(
        ("shares", "entry_price", "profit", "return_fraction", "costs", "best_excursion", "worst_excursion"), 0.1
    )
    return TradeRow(
        backtest_id=backtest_id,
        number=1,
        security_id=security_id,
        direction="long",
        entry_at=NOW,
        exit_at=None,
        exit_price=None,
        n_bars=1,
        **numbers,
    )


def metric(backtest_id, **values):
    defaults = {"name": "sharpe_ratio", "segment": "out_of_sample", "period": "all", "value": None}
    return PerformanceMetric(backtest_id=backtest_id, **{**defaults, **values})


@pytest.fixture
def analysis(session):
    return factories.create_analysis(session, factories.create_user(session))


@pytest.fixture
def answered(session, analysis):
    """An analysis with one row in each table of answers."""
    run = backtest(analysis.id)
    session.add_all([model(analysis.id), feature(analysis.id), run])
    session.flush()
    session.add_all([trade(run.id, factories.create_security(session).id), metric(run.id)])
    session.flush()
    return analysis, run


@pytest.mark.parametrize("make", [model, feature, backtest])
def test_an_analysis_has_each_of_its_answers_once(session, answered, make):
    """A worker that lost its analysis cannot answer it a second time."""
    with pytest.raises(IntegrityError), session.begin_nested():
        session.add(make(answered[0].id))


def test_a_backtest_has_each_trade_and_metric_once(session, answered):
    _, run = answered
    security = factories.create_security(session).id
    for row in (trade(run.id, security), metric(run.id)):
        with pytest.raises(IntegrityError), session.begin_nested():
            session.add(row)
    session.add_all([metric(run.id, period="2008-10"), metric(run.id, segment="in_sample")])
    session.flush()


def test_what_is_unknown_stays_unknown(session, answered):
    assert session.scalars(select(PerformanceMetric.value)).one() is None
    assert session.scalars(select(UsedFeature.importance)).one() is None
    assert session.scalars(select(TradeRow.exit_at)).one() is None


def test_a_number_keeps_every_digit(session, answered):
    session.scalars(select(TradeRow)).one().profit = 0.1 + 0.2
    session.flush()
    session.expire_all()
    assert session.scalars(select(TradeRow.profit)).one() == 0.1 + 0.2


def test_every_answer_goes_with_its_analysis(session, answered):
    session.delete(answered[0])
    session.flush()
    for table in (FittedModel, UsedFeature, Backtest, TradeRow, PerformanceMetric):
        assert session.scalar(select(func.count()).select_from(table)) == 0

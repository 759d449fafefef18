"""A small question about real prices, really answered, and its answer saved as a worker does."""

import functools

from quant.analysis import run_analysis
from quant.preparation import fetch_instruments
from quant.spec import AnalysisSpec
from tests import factories
from webapp.auth.session import parts_of
from webapp.services import analyses, jobs, prices, results
from webapp.tables import PriceSeries

# Answered in a second or so.
QUESTION = {
    "instruments": [{"symbol": "GOOG"}],
    "end": "2007-12-31",
    "features": [{"name": "return", "window": 5}, {"name": "rsi"}],
    "label": {"name": "forward_return", "horizon": 3},
    "models": [{"name": "logistic"}],
    "validation": {"train_bars": 300, "test_bars": 120, "n_folds": 3, "target": None},
    "strategy": {"enter_above": 0.58, "exit_below": 0.56, "cover_above": 0.56},  # a few trades, the last still open
    "audit": {"n_cuts": 2},
}


@functools.cache
def answer():
    """Return the answer to `QUESTION`, computed once a test process."""
    return run_analysis(AnalysisSpec.model_validate(QUESTION), fetch_instruments)


def load_google(app, database):
    """Bring the bars that `QUESTION` is about into the raw store, and return their public id."""
    delivered = factories.delivery("GOOG", "2004-08-19", "2007-12-31")
    with database.write() as session:
        return factories.create_prices(session, parts_of(app).store, delivered).public_id


def finish(app, database, actor):
    """Submit `QUESTION` for somebody and save its answer; return the public id."""
    store = parts_of(app).store
    with database.write() as session:
        public_id = analyses.submit(session, actor, AnalysisSpec.model_validate(QUESTION), title="Mine")
    with database.write() as session:
        claim = jobs.claim_next(session, worker="test", pid=1, lease_seconds=60.0, max_attempts=1)
        snapshot_id = prices.pin_for(session, store, actor.user_id, AnalysisSpec.model_validate(QUESTION))
        jobs.pin(session, claim, snapshot_id=snapshot_id)
    assert claim.public_id == public_id
    stored = results.store_result(store, claim, answer())
    with database.write() as session:
        series = session.query(PriceSeries).one()
        results.save(session, claim, answer(), stored, series_ids=(series.id,))
    return public_id

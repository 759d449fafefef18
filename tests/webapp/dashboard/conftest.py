"""A real answer to a small real question, and views around it: pages are tested with numbers that were computed."""

import contextlib
import datetime
import json

import pytest
from flask import g
from sqlalchemy import select

from quant.analysis import run_analysis
from quant.errors import QuantError
from quant.preparation import fetch_instruments
from quant.spec import AnalysisSpec
from quant.stages import StageOutput
from tests import factories
from tests.factories import NOW
from tests.webapp.dashboard import reading
from webapp.auth.session import parts_of
from webapp.dashboard.components import toasts
from webapp.errors import AppError
from webapp.services import analyses, jobs, prices, results
from webapp.services.analyses import AnalysisSummary, AnalysisView
from webapp.services.results import ResultView
from webapp.services.workflow import Status
from webapp.storage import FrameStore
from webapp.tables import PriceSeries

SPEC = {
    "instruments": [{"symbol": "GOOG"}, {"symbol": "IBM"}],
    "start": "2004-10-01",
    "end": "2006-12-29",
    "features": [{"name": "return", "window": 1}, {"name": "return", "window": 5}, {"name": "rsi"}],
    "models": [{"name": "logistic"}, {"name": "random_forest", "n_trees": 10}],
    "validation": {"train_bars": 200, "test_bars": 50, "n_folds": 3, "target": 0.9},
    "tuning": {"n_trials": 3},
    "strategy": {"direction": "long_short", "enter_above": 0.5, "exit_below": 0.5, "short_below": 0.48},
    "risk": {"rolling_window": 20},
    "audit": {"n_cuts": 2},
    "overfitting": {"path_groups": 4, "n_chance_runs": 3},
}


@pytest.fixture(scope="session")
def spec():
    return AnalysisSpec.model_validate(SPEC)


@pytest.fixture(scope="session")
def answer(spec):
    """The answer of the research chain: two instruments, long and short, a missed target, tuning, audit."""
    return run_analysis(spec, fetch_instruments)


@pytest.fixture(scope="session")
def result(answer, tmp_path_factory):
    """The answer as doors read it: its frames went through the store, its facts through JSON."""
    store = FrameStore(tmp_path_factory.mktemp("frames"))
    store.put("key", StageOutput(answer.frames, answer.facts))
    output = store.get("key")
    return ResultView("a1b2c3", output.frames, output.facts, answer.hash(), answer.versions, 7, has_model=True)


@pytest.fixture(scope="session")
def codes():
    """Every code that an analysis can have failed with: those of our errors, and those of the jobs themselves."""

    def tree(error):
        return {error.code}.union(*(tree(each) for each in error.__subclasses__()))

    return (
        tree(QuantError)
        | tree(AppError)
        | {"time_limit", "memory_limit", "worker_lost", "storage_unavailable", "internal"}
    )


@pytest.fixture
def summary():
    """`summary(status=..., ...)`: an analysis as the list shows it."""

    def summary(**changes):
        values = {
            "id": "a1b2c3",
            "title": "GOOG and IBM",
            "owner": "Ada",
            "symbols": ("GOOG", "IBM"),
            "status": Status.SUCCEEDED,
            "progress": 1.0,
            "stage": None,
            "verdict": "Not distinguishable from luck.",
            "is_credible": True,
            "error_code": None,
            "submitted_at": NOW,
            "started_at": NOW,
            "finished_at": NOW + datetime.timedelta(seconds=75),
        }
        return AnalysisSummary(**{**values, **changes})

    return summary


@pytest.fixture
def view(summary, spec, result):
    """`view(status=..., worker=..., ...)`: an analysis as its page shows it; names of the summary go there."""

    def view(**changes):
        of_summary = {name: changes.pop(name) for name in list(changes) if name in AnalysisSummary.__dataclass_fields__}
        values = {
            "summary": summary(**of_summary),
            "spec": json.loads(spec.model_dump_json()),
            "spec_hash": spec.hash(),
            "attempt": 1,
            "worker": None,
            "stage_fraction": 0.0,
            "stage_seconds": {},
            "elapsed_seconds": 75.0,
            "eta_seconds": None,
            "queue_position": None,
            "waits_for": None,
            "cancel_requested": False,
            "error_message": None,
            "result_hash": result.result_hash,
            "parent_id": None,
            "parent_result_hash": None,
            "study_id": None,
            "versions": {},
        }
        return AnalysisView(**{**values, **changes})

    return view


@pytest.fixture
def told(monkeypatch):
    """The sentences that were told beside the page; outside of a browser there is no page to put them in."""
    sentences = []
    monkeypatch.setattr(toasts, "set_props", lambda _id, props: sentences.append(reading.text(props["children"])))
    return sentences


@pytest.fixture
def acting(app, database, told):
    """`with acting("researcher") as actor:` runs a page's functions in a request of a new user of that role."""

    @contextlib.contextmanager
    def acting(role="researcher", *, actor=None, path="/app/", **headers):
        if actor is None:
            with database.write() as session:
                actor = factories.create_actor(session, role=role)
        with app.test_request_context(path, headers=headers):
            g.actor = actor
            yield actor

    return acting


@pytest.fixture
def sample(app, database):
    """Prices in the application's own store: all of Google's, and a few days of IBM's and Microsoft's."""
    with database.write() as session:
        for delivered in (
            factories.delivery("GOOG", "2004-08-19", "2013-03-01"),
            factories.delivery("IBM", "2005-01-03", "2005-01-31"),
            factories.delivery("MSFT"),
        ):
            factories.create_prices(session, parts_of(app).store, delivered)


@pytest.fixture
def finished(app, database, sample, answer, spec):
    """`finished(actor)` gives an actor an analysis with the real answer, saved as a worker saves it; returns its id."""

    def finished(actor):
        with database.write() as session:
            public_id = analyses.submit(session, actor, spec, title="GOOG and IBM")
            claim = jobs.claim_next(session, worker="test", pid=1, lease_seconds=60, max_attempts=3)
            snapshot_id = prices.pin_for(session, parts_of(app).store, actor.user_id, spec)
            jobs.pin(session, claim, snapshot_id=snapshot_id)
        stored = results.store_result(parts_of(app).store, claim, answer)
        with database.write() as session:
            found = [prices.search_instruments(session, actor, symbol=each.symbol)[0] for each in spec.instruments]
            ids = [each.id for each in found]
            series = tuple(session.scalars(select(PriceSeries.id).where(PriceSeries.public_id.in_(ids))))
            results.save(session, claim, answer, stored, series_ids=series)
        return public_id

    return finished

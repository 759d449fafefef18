"""A model that was kept is asked about newer bars by its owner, and taken away by whoever may read."""

import functools
import hashlib

import pytest

from quant.analysis import run_analysis
from quant.errors import ModelError, NotEnoughData
from quant.preparation import fetch_instruments
from quant.spec import AnalysisSpec
from quant.stages import MemoryStore
from tests import factories
from tests.webapp.api.answered import QUESTION, finish, load_google
from webapp.auth.session import parts_of
from webapp.errors import Conflict, NotFound, PermissionDenied, TooManyRequests
from webapp.services import final_models, shares
from webapp.tables import Artifact

pytestmark = pytest.mark.databases("sqlite")


@functools.cache
def kept():
    """Return the output of the stage that keeps the model of the small question, computed once a process."""
    store = MemoryStore()
    result = run_analysis(AnalysisSpec.model_validate(QUESTION), fetch_instruments, store=store)
    return result, store.get(result.stage_keys["final"])


def keep(app, *, is_kept=True):
    """Put the model into the store, which tests share, or take it away."""
    result, output = kept()
    store, key = parts_of(app).store, result.stage_keys["final"]
    store.remove(key)
    if is_kept:
        store.put(key, output)


@pytest.fixture
def actor(database):
    with database.write() as session:
        return factories.create_actor(session)


@pytest.fixture
def google(app, database):
    return load_google(app, database)


@pytest.fixture
def answered(app, database, google, actor):
    """An answer whose model was kept, as a worker leaves it."""
    keep(app)
    return finish(app, database, actor)


@pytest.fixture
def ask(app, database):
    def ask(actor, analysis_id):
        with database.read() as session:
            return final_models.predict_newest(session, parts_of(app).store, actor, analysis_id)

    return ask


def add_bars(app, database, *, owner_id=None):
    with database.write() as session:
        delivered = factories.delivery("GOOG", "2004-08-19", "2008-01-31")
        factories.create_prices(session, parts_of(app).store, delivered, owner_id=owner_id)


def test_newer_bars_are_predicted_without_a_run(app, database, answered, actor, ask):
    add_bars(app, database)
    said = ask(actor, answered)

    assert said["as_of"] == "2008-01-31T21:00:00+00:00"
    assert said["n_bars_since"] == 21
    assert said["is_as_before"]
    (each,) = said["predictions"]
    assert 0 < each["probability"] < 1
    assert each["close"] == pytest.approx(564.30)


def test_without_newer_bars_it_says_so(answered, actor, ask):
    with pytest.raises(NotEnoughData, match=r"bars end there\. Fetch newer prices first"):
        ask(actor, answered)


def test_another_series_of_the_same_name_is_refused(app, database, answered, actor, ask):
    add_bars(app, database, owner_id=actor.user_id)  # one's own goes before the shared one
    with pytest.raises(Conflict, match="Expected the series of GOOG that the model learned from"):
        ask(actor, answered)


def test_only_its_owner_may_ask_and_readers_may_take_it_away(app, database, answered, actor, ask):
    store = parts_of(app).store
    with database.write() as session:
        user = factories.create_user(session)
        reader, viewer = factories.actor_of(user), factories.create_actor(session, "viewer")
        shares.share_with_user(session, actor, answered, email=user.email)
    with database.read() as session:
        found = final_models.read_model(session, store, reader, answered)
        assert hashlib.sha256(found.data).hexdigest() == found.digest
        assert found.filename == f"assay-{answered}-model.skops"
        with pytest.raises(NotFound, match="There is no such analysis"):
            final_models.read_model(session, store, viewer, answered)
    with pytest.raises(NotFound, match="There is no such analysis"):
        ask(reader, answered)
    with pytest.raises(PermissionDenied):
        ask(viewer, answered)


def test_an_answer_without_a_model_says_what_to_do(app, database, google, actor, ask):
    keep(app, is_kept=False)
    older = finish(app, database, actor)
    with pytest.raises(Conflict, match="from before models were kept"):
        ask(actor, older)
    with database.write() as session:
        waiting = factories.create_analysis(session, actor).public_id
    with pytest.raises(Conflict, match="this one is queued"):
        ask(actor, waiting)


def test_a_model_that_was_changed_in_the_store_is_not_read(app, database, answered, actor, ask):
    add_bars(app, database)
    store = parts_of(app).store
    with database.read() as session:
        key = session.query(Artifact).filter_by(name="final").one().key
    output = store.get(key)
    words = output.frames["model"].copy()
    words.loc[len(words) // 2, "words"] ^= 1
    store.remove(key)
    store.put(key, type(output)({**output.frames, "model": words}, output.facts))
    with pytest.raises(ModelError, match="damaged or another's"):
        ask(actor, answered)


def restore(app, database, **facts):
    """Put the model back with other facts."""
    store = parts_of(app).store
    with database.read() as session:
        key = session.query(Artifact).filter_by(name="final").one().key
    output = store.get(key)
    store.remove(key)
    store.put(key, type(output)(output.frames, {**output.facts, **facts}))


def test_a_model_of_features_that_are_computed_otherwise_by_now_is_not_asked(app, database, answered, actor, ask):
    add_bars(app, database)
    restore(app, database, made_by={"features": [0], "libraries": {}})
    with pytest.raises(Conflict, match="computes them otherwise"):
        ask(actor, answered)


def test_a_page_reads_no_model_that_is_too_large(app, database, answered, actor, ask):
    restore(app, database, n_bytes=30 * 1024**2)
    with pytest.raises(Conflict, match="at most 20 MiB to be asked on a page; this one takes 30"):
        ask(actor, answered)


def test_one_newer_bar_is_predicted_at_a_time(app, database, answered, actor, ask, monkeypatch):
    add_bars(app, database)
    read, refused = final_models.snapshots.read_newest, []

    def ask_again(*arguments):
        with pytest.raises(TooManyRequests, match="Try again in a moment"):
            ask(actor, answered)
        refused.append(True)
        return read(*arguments)

    monkeypatch.setattr(final_models.snapshots, "read_newest", ask_again)
    assert ask(actor, answered)["n_bars_since"] > 0
    monkeypatch.undo()
    assert ask(actor, answered)["n_bars_since"] > 0
    assert refused == [True]

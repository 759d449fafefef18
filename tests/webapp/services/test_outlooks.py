import dataclasses

import numpy as np
import pytest

from quant.preparation import clean_prices, fetch_instruments
from quant.spec import AnalysisSpec
from tests import factories
from tests.webapp.api.answered import QUESTION, answer, finish, load_google
from webapp.auth.session import parts_of
from webapp.errors import Conflict, InvalidInput, NotFound
from webapp.services import charts, groups, outlooks, results, shares
from webapp.tables import Analysis, PriceSeries, User

pytestmark = pytest.mark.databases("sqlite")


@pytest.fixture
def actor(database):
    with database.write() as session:
        return factories.create_actor(session)


@pytest.fixture
def google(app, database):
    return load_google(app, database)


@pytest.fixture
def answered(app, database, google, actor):
    return finish(app, database, actor)


@pytest.fixture
def outlook(app, database, google, answered, actor):
    """`outlook(capital=...)`: what the answered analysis says about Google."""

    def outlook(**wanted):
        with database.read() as session:
            return outlooks.read_outlook(session, parts_of(app).store, actor, google, answered, **wanted)

    return outlook


def test_the_newest_prediction_comes_with_how_the_strategy_has_done(outlook):
    shown = outlook()

    assert shown.prediction == outlooks.newest_prediction(answer(), 0)
    assert shown.metrics["sharpe_ratio"][0] == pytest.approx(
        next(each["value"] for each in answer().facts["metrics"] if each["name"] == "sharpe_ratio")
    )
    assert shown.worst_drawdown == answer().frames["equity"]["drawdown"].min()
    assert len(shown.trades) == len(answer().frames["trades"])


def test_the_model_is_that_of_the_newest_prediction_where_folds_chose_for_themselves(outlook, monkeypatch):
    honest = results.load

    def load(*arguments, **options):
        found = honest(*arguments, **options)
        folds = [{"fold": 0, "model": "logistic"}, {"fold": 1, "model": "svm"}]
        honesty = {**found.facts["honesty"], "nested": {"folds": folds}}
        return dataclasses.replace(found, facts={**found.facts, "honesty": honesty})

    assert outlook().model == answer().facts["chosen"]["model"]
    monkeypatch.setattr(results, "load", load)
    assert outlook().model == "svm"


def test_the_last_walk_forward_prediction_speaks_where_no_final_model_does():
    facts = {name: fact for name, fact in answer().facts.items() if name != "latest"}
    newest = answer().frames["predictions"].iloc[-1]
    found = outlooks.newest_prediction(dataclasses.replace(answer(), facts=facts), 0)

    assert found.as_of == answer().frames["predictions"].index[-1][0]
    assert found.forecast == {"probability": newest["probability"]}
    assert (found.signal, found.is_final, found.interval) == (newest["signal"], False, None)


@pytest.mark.parametrize(("upper", "interval"), [(0.05, (-0.03, 0.05)), (None, None)])
def test_the_final_model_goes_before_it(upper, interval):
    said = {"instrument": 0, "probability": 0.6, "lower": -0.03, "upper": upper, "signal": 1}
    latest = {"as_of": factories.NOW.isoformat(), "task": "two_way", "level": 0.8, "predictions": [said]}
    facts = {**answer().facts, "latest": latest}
    found = outlooks.newest_prediction(dataclasses.replace(answer(), facts=facts), 0)

    assert (found.as_of, found.is_final, found.level) == (factories.NOW, True, 0.8)
    assert (found.forecast, found.interval, found.signal) == ({"probability": 0.6}, interval, 1)


def test_newer_bars_are_counted(app, database, outlook):
    before = outlook().n_bars_since
    with database.write() as session:
        factories.create_prices(session, parts_of(app).store, factories.delivery("GOOG", "2007-12-03", "2008-01-31"))

    assert outlook().n_bars_since == before + 21


def test_the_position_is_sized_as_the_analysis_does_in_whole_shares_at_the_close(outlook):
    position = outlook(capital=50_000).position

    assert position.full_weight == 1.0  # all of it, by the question's sizing
    assert position.weight == outlook().prediction.signal
    assert position.close == pytest.approx(691.48)  # of 2007-12-31, as traded
    assert position.shares == position.weight * int(50_000 / position.close)
    assert position.value == pytest.approx(position.shares * position.close)


def test_only_answered_analyses_of_the_instrument_can_be_pinned(app, database, google, answered, actor):
    with database.write() as session:
        other = factories.create_actor(session)
        msft = factories.create_prices(session, parts_of(app).store).public_id
        factories.create_analysis(session, actor)
    with database.read() as session:
        assert [each.id for each in outlooks.list_pinnable(session, actor, google)] == [answered]
        assert outlooks.list_pinnable(session, actor, msft) == []
        assert outlooks.list_pinnable(session, other, google) == []


def test_what_is_shared_can_be_pinned_as_long_as_it_is(app, database, google, answered, actor):
    store = parts_of(app).store
    with database.write() as session:
        admin = factories.create_actor(session, "admin")
        users = [factories.create_user(session), factories.create_user(session)]
        reader, member = (factories.actor_of(user) for user in users)
        desk = groups.create_group(session, admin, name="Desk")
        emails = [users[1].email, session.get_one(User, actor.user_id).email]
        groups.set_members(session, admin, desk.id, emails=emails)
        share = shares.share_with_user(session, actor, answered, email=users[0].email)
        shares.share_with_group(session, actor, answered, group_id=desk.id)
    for each in (reader, member):
        with database.read() as session:
            (pin,) = outlooks.list_pinnable(session, each, google)
            assert (pin.id, pin.owner) == (answered, actor.name)
            assert outlooks.read_outlook(session, store, each, google, answered).title == pin.title

    with database.write() as session:
        shares.revoke(session, actor, answered, share.id)
    with database.read() as session:
        assert outlooks.list_pinnable(session, reader, google) == []
        with pytest.raises(NotFound):
            outlooks.read_outlook(session, store, reader, google, answered)


def test_a_share_opens_no_prices_that_the_reader_may_not_see(app, database, google, answered, actor):
    store = parts_of(app).store
    with database.write() as session:
        user = factories.create_user(session)
        reader = factories.actor_of(user)
        shares.share_with_user(session, actor, answered, email=user.email)
        session.query(PriceSeries).filter_by(public_id=google).one().owner_id = actor.user_id
    with database.read() as session:
        with pytest.raises(NotFound):
            outlooks.list_pinnable(session, reader, google)
        with pytest.raises(NotFound):
            outlooks.read_outlook(session, store, reader, google, answered)


def test_what_was_not_made_from_the_instrument_says_nothing_about_it(app, database, answered, actor):
    store = parts_of(app).store
    with database.write() as session:
        msft = factories.create_prices(session, store).public_id
        queued = factories.create_analysis(session, actor).public_id
    with database.read() as session:
        with pytest.raises(NotFound):
            outlooks.read_outlook(session, store, actor, msft, answered)
        with pytest.raises(Conflict):
            outlooks.read_outlook(session, store, actor, msft, queued)


@pytest.mark.parametrize("capital", [0.5, 2e12, float("nan")])
def test_a_capital_out_of_bounds_is_refused(outlook, capital):
    with pytest.raises(InvalidInput):
        outlook(capital=capital)


def test_trades_are_marked_at_their_fills_on_the_adjusted_price(app, database, google, answered, actor):
    store = parts_of(app).store
    with database.read() as session:
        view = charts.read_chart(session, store, actor, google, window="all", n_points=1000)
        marks = charts.read_trades(session, store, actor, google, answered)
        months = charts.read_chart(session, store, actor, google, window="all", interval="1mo")
        monthly = charts.read_trades(session, store, actor, google, answered, interval="1mo")

    entries = [mark for mark in marks if mark.kind == "Long entry"]
    assert len(entries) == len(answer().frames["trades"]) > 0
    np.testing.assert_allclose([mark.price for mark in entries], answer().frames["trades"]["entry_price"])  # no split
    assert all(view.low[mark.bar] * 0.99 <= mark.price <= view.high[mark.bar] * 1.01 for mark in entries)
    assert [mark.price for mark in monthly] == [mark.price for mark in marks]
    assert max(mark.bar for mark in monthly) < months.n_bars


@pytest.mark.parametrize(("bars", "n_newer"), [({"name": "weekly"}, 4), ({"name": "tick", "n_days": 10}, 2)])
def test_newer_bars_are_those_of_the_question(app, database, google, answered, actor, bars, n_newer):
    """A month of days is four weeks; a volatility is that of the question's bars."""
    sizing = {"name": "volatility_target", "window": 20} if bars["name"] == "weekly" else {"name": "fixed_fraction"}
    asked = AnalysisSpec.model_validate({**QUESTION, "bars": bars, "backtest": {"sizing": sizing}})
    store = parts_of(app).store

    def outlook():
        with database.write() as session:
            session.query(Analysis).filter_by(public_id=answered).one().spec = asked.resolved()
            return outlooks.read_outlook(session, store, actor, google, answered)

    before = outlook()
    with database.write() as session:
        factories.create_prices(session, store, factories.delivery("GOOG", "2007-12-03", "2008-01-31"))
    after = outlook()

    assert after.n_bars_since - before.n_bars_since == n_newer
    assert after.position.close == pytest.approx(564.30)  # of 2008-01-31, a day inside a week
    if bars["name"] == "weekly":
        raw = fetch_instruments(asked)[0]
        until = dataclasses.replace(raw, prices=raw.prices.loc[:"2008-01-31"])
        weeks = clean_prices(asked.model_copy(update={"end": None}), {0: until}).adjusted[0]["close"]
        volatility = weeks.pct_change().tail(20).std() * 52**0.5
        assert after.position.full_weight == pytest.approx(0.15 / volatility, rel=1e-9)

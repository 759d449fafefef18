import pytest

from tests import factories
from webapp.errors import InvalidInput, PermissionDenied
from webapp.permissions import Actor, Role
from webapp.services.dashboard_choices import DashboardChoices, get_choices, save_choices
from webapp.tables import DashboardChoice


def test_what_was_chosen_is_there_again_and_only_for_oneself(session):
    me, other = factories.create_actor(session), factories.create_actor(session, "viewer")
    first = DashboardChoices(instrument="a1", indicators=("sma:window=50",), pins={"a1": "b2"}, capital=5000)

    assert get_choices(session, me) == DashboardChoices()
    save_choices(session, me, first)
    save_choices(session, other, DashboardChoices(range="5y"))
    assert get_choices(session, me) == first
    save_choices(session, me, first.model_copy(update={"style": "line"}))
    session.expire_all()

    assert get_choices(session, me).style == "line"
    assert get_choices(session, other).range == "5y"


@pytest.mark.databases("sqlite")
def test_an_indicator_that_the_catalogue_no_longer_has_is_left_out(session):
    me = factories.create_actor(session)
    kept = {"indicators": ["gone:window=3", "rsi:window=14"], "unheard_of": 1}
    session.add(DashboardChoice(user_id=me.user_id, choices=kept, updated_at=factories.NOW))
    session.flush()

    assert get_choices(session, me).indicators == ("rsi:window=14",)


@pytest.mark.databases("sqlite")
def test_who_may_not_read_prices_chooses_nothing(session):
    nobody = Actor(factories.create_user(session).id, "x", Role.ADMIN, frozenset())

    with pytest.raises(PermissionDenied):
        get_choices(session, nobody)
    with pytest.raises(PermissionDenied):
        save_choices(session, nobody, DashboardChoices())


def test_what_is_no_indicator_is_no_choice():
    with pytest.raises(InvalidInput):
        DashboardChoices(indicators=("nothing",))

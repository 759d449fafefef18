import base64
import datetime

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from tests import factories
from webapp.errors import InvalidInput
from webapp.services.paging import Order, fetch_page
from webapp.tables import User

NEWEST = (Order(User.created_at, descending=True), Order(User.name), Order(User.id))


def pages(session, order, limit, query=None):
    cursor, found = "", []
    while cursor is not None:
        rows, cursor = fetch_page(session, select(User) if query is None else query, order, cursor=cursor, limit=limit)
        assert len(rows) <= limit
        found.append([row.id for row in rows])
    return found


@pytest.fixture
def people(session):
    """Ten people, with moments and names that several share."""
    return [
        factories.create_user(
            session, name=f"ü{n % 3}", created_at=factories.NOW + datetime.timedelta(microseconds=n % 2)
        )
        for n in range(10)
    ]


@pytest.mark.parametrize("limit", [1, 3, 5, 10, 50])
def test_pages_put_together_are_the_whole_in_order(session, people, limit):
    found = pages(session, NEWEST, limit)

    expected = sorted(people, key=lambda user: (-user.created_at.timestamp(), user.name, user.id))
    assert [each for page in found for each in page] == [user.id for user in expected]
    assert len(found) == -(-10 // limit)


def test_what_was_added_meanwhile_moves_nothing(session, people):
    first, cursor = fetch_page(session, select(User), NEWEST, limit=4)
    factories.create_user(session, created_at=factories.NOW + datetime.timedelta(days=1))
    rest, _ = fetch_page(session, select(User), NEWEST, cursor=cursor, limit=50)

    assert len({user.id for user in [*first, *rest]}) == 10


def test_rows_of_several_columns_stay_as_they_are(session, people):
    rows, _ = fetch_page(session, select(User, User.name), (Order(User.id),), limit=1)

    assert rows == [(people[0], people[0].name)]


def test_an_empty_list_is_one_page(session):
    assert pages(session, NEWEST, 5) == [[]]


@pytest.mark.databases("sqlite")
def test_a_cursor_of_another_order_is_refused(session, people):
    _, cursor = fetch_page(session, select(User), (Order(User.id),), limit=1)
    with pytest.raises(InvalidInput) as caught:
        fetch_page(session, select(User), (Order(User.id, descending=True),), cursor=cursor)
    assert set(caught.value.fields) == {"cursor"}


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    made_up=st.one_of(
        st.text(max_size=40),
        st.lists(st.one_of(st.none(), st.integers(), st.text(), st.floats(), st.booleans()), max_size=5),
    )
)
def test_what_is_made_up_reaches_no_database(session, made_up):
    if isinstance(made_up, list):
        named = ["-created_at,name,id", *made_up]
        made_up = (
            base64.urlsafe_b64encode(orjson.dumps(named, option=orjson.OPT_PASSTHROUGH_DATACLASS, default=str)).decode()
            if all(not isinstance(each, int) or abs(each) < 2**63 for each in made_up)
            else "x"
        )
    if made_up:
        with pytest.raises(InvalidInput):
            fetch_page(session, select(User), NEWEST, cursor=made_up)


@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59", "x", 5])
@pytest.mark.databases("sqlite")
def test_a_moment_beyond_the_calendar_is_none(session, moment):
    cursor = base64.urlsafe_b64encode(orjson.dumps(["-created_at,name,id", moment, "n", 1])).decode().rstrip("=")
    with pytest.raises(InvalidInput):
        fetch_page(session, select(User), NEWEST, cursor=cursor)

import pytest

from tests import factories
from webapp.errors import NotFound
from webapp.services import access, groups, shares
from webapp.tables import Share


@pytest.fixture
def owner(session):
    return factories.create_actor(session)


@pytest.fixture
def row(session, owner):
    return factories.create_analysis(session, owner)


def person(session):
    user = factories.create_user(session)
    return user, factories.actor_of(user)


def test_the_owner_reaches_everything_and_others_nothing(session, owner, row):
    _, other = person(session)

    assert access.find_owned(session, owner, row.public_id) is row
    assert access.find_readable(session, owner, row.public_id) is row
    for find in (access.find_owned, access.find_readable):
        with pytest.raises(NotFound) as of_another:
            find(session, other, row.public_id)
        with pytest.raises(NotFound) as nothing:
            find(session, other, "0" * 16)
        assert str(of_another.value) == str(nothing.value)


def test_who_it_is_shared_with_reads_and_no_more(session, owner, row):
    user, reader = person(session)
    share = shares.share_with_user(session, owner, row.public_id, email=user.email)

    assert access.find_readable(session, reader, row.public_id) is row
    with pytest.raises(NotFound):
        access.find_owned(session, reader, row.public_id)

    shares.revoke(session, owner, row.public_id, share.id)
    assert not access.may_read(session, reader, row)


def test_what_has_run_out_is_over(session, owner, row):
    user, reader = person(session)
    shares.share_with_user(session, owner, row.public_id, email=user.email, expires_in_days=1)
    assert access.may_read(session, reader, row)

    session.query(Share).one().expires_at = factories.NOW.replace(year=2001)
    session.flush()
    assert not access.may_read(session, reader, row)


def test_a_group_reads_while_one_is_in_it(session, owner, row):
    admin = factories.create_actor(session, "admin")
    user, reader = person(session)
    group = groups.create_group(session, admin, name="Desk")
    groups.set_members(session, admin, group.id, emails=[user.email])
    shares.share_with_group(session, admin_as_owner(session, row, admin), row.public_id, group_id=group.id)
    assert access.may_read(session, reader, row)

    groups.set_members(session, admin, group.id, emails=[])
    assert not access.may_read(session, reader, row)


def admin_as_owner(session, row, admin):
    row.owner_id = admin.user_id
    session.flush()
    return admin


def test_one_share_gives_nothing_of_another_analysis(session, owner, row):
    user, reader = person(session)
    other = factories.create_analysis(session, owner)
    shares.share_with_user(session, owner, row.public_id, email=user.email)

    assert not access.may_read(session, reader, other)


def test_the_owner_is_asked_for_by_one_query(session, owner, row, count_queries):
    with count_queries(session) as statements:
        access.find_readable(session, owner, row.public_id)

    assert len(statements) == 1

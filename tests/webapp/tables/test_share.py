"""Shares and groups: what the database itself guarantees."""

import pytest
from sqlalchemy import delete
from sqlalchemy.exc import IntegrityError

from tests import factories
from webapp.tables import Group, GroupMember, Share, ShareOpening

NAMES = iter(f"{number:032x}" for number in range(1000))


@pytest.fixture
def analysis(session):
    return factories.create_analysis(session, factories.create_user(session))


def share(analysis, **values):
    return Share(public_id=next(NAMES), analysis_id=analysis.id, created_at=factories.NOW, **values)


def refused(session, row):
    with pytest.raises(IntegrityError), session.begin_nested():
        session.add(row)


def group(session, name="Desk"):
    row = Group(public_id=next(NAMES), name=name, name_key=name.lower(), created_at=factories.NOW)
    session.add(row)
    session.flush()
    return row


def test_a_share_is_with_exactly_one(session, analysis):
    user = factories.create_user(session)

    refused(session, share(analysis))
    refused(session, share(analysis, user_id=user.id, link_hash="0" * 64))
    refused(session, share(analysis, user_id=user.id, group_id=group(session).id))
    session.add(share(analysis, user_id=user.id))
    session.flush()


def test_nobody_is_given_the_same_twice(session, analysis):
    user, desk = factories.create_user(session), group(session)
    session.add_all([share(analysis, user_id=user.id), share(analysis, group_id=desk.id)])
    session.add_all([share(analysis, link_hash=f"{number:064}") for number in range(2)])
    session.flush()

    refused(session, share(analysis, user_id=user.id))
    refused(session, share(analysis, group_id=desk.id))
    refused(session, share(analysis, link_hash=f"{0:064}"))


def test_no_two_groups_have_one_name(session):
    group(session)
    refused(session, Group(public_id=next(NAMES), name="DESK", name_key="desk", created_at=factories.NOW))


def test_what_is_gone_takes_its_shares_with_it(session, analysis):
    user, desk = factories.create_user(session), group(session)
    link = share(analysis, link_hash="0" * 64)
    session.add_all([share(analysis, group_id=desk.id), GroupMember(group_id=desk.id, user_id=user.id), link])
    session.flush()
    session.add(ShareOpening(share_id=link.id, user_id=user.id, opened_at=factories.NOW))
    session.flush()

    session.execute(delete(Group))
    assert session.query(GroupMember).count() == 0
    assert [row.link_hash for row in session.query(Share)] == ["0" * 64]
    session.execute(delete(Share))
    assert session.query(ShareOpening).count() == 0

import pytest

from tests import factories
from webapp.services import audit, groups, shares, trail, trail_names
from webapp.tables import AuditEvent, User


@pytest.fixture
def admin(session):
    return factories.actor_of(factories.create_user(session, role="admin", name="Boss"))


@pytest.fixture
def ada(session):
    return factories.create_user(session, name="Ada", email="ada@example.org")


def sentences(session, admin):
    session.flush()
    return [item.sentence for item in trail.read_trail(session, admin).items]


def test_ones_own_is_told_by_its_title_and_what_is_anothers_by_whose_it_is(session, admin, ada):
    mine = factories.create_analysis(session, admin, title="Does it pay?").public_id
    theirs = factories.create_analysis(session, factories.actor_of(ada), title="secret").public_id
    for public_id in (mine, theirs, "gone"):
        audit.record(session, action="analysis.cancelled", subject=public_id, actor=admin)

    assert sentences(session, admin) == [
        "Boss cancelled the analysis gone.",
        f"Boss cancelled the analysis {theirs} of Ada.",
        "Boss cancelled the analysis “Does it pay?”.",
    ]
    shares.share_with_user(session, factories.actor_of(ada), theirs, email=session.get_one(User, admin.user_id).email)
    assert "Boss cancelled the analysis “secret”." in sentences(session, admin)


def test_groups_and_who_is_in_them_are_told_by_name(session, admin, ada):
    desk = groups.create_group(session, admin, name="Desk")
    groups.add_member(session, admin, desk.id, email="ada@example.org")

    assert sentences(session, admin)[0] == "Boss set the members of the group Desk (added: Ada)."


def test_of_a_hash_the_beginning_is_enough(session, admin):
    details = {"content_hash": "0123456789abcdef" * 4, "n_bytes": 7}
    audit.record(session, action="upload.created", subject="u1", actor=admin, details=details)

    assert sentences(session, admin) == ["Boss brought the file u1 (content hash: 0123456789ab…; bytes: 7)."]


def test_a_page_asks_a_fixed_number_of_times(session, admin, count_queries):
    for number in range(20):
        for action in ("upload.created", "token.created", "template.created", "prices.fetch_asked", "analysis.rerun"):
            audit.record(session, action=action, subject=f"{action}{number}", actor=admin)
    session.flush()
    rows = session.query(AuditEvent).all()

    with count_queries(session) as statements:
        assert trail_names.names_of(session, admin, rows) == {}
    assert len(statements) <= 9

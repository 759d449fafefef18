from tests import factories
from webapp.services import audit
from webapp.tables import AuditEvent


def test_a_line_says_who_what_and_from_where(session):
    actor = factories.create_actor(session)

    audit.record(
        session, action="token.created", subject="abc", actor=actor, address="127.0.0.1", details={"scopes": ["x"]}
    )

    event = session.query(AuditEvent).one()
    assert (event.user_id, event.action, event.subject) == (actor.user_id, "token.created", "abc")
    assert (event.address, event.details) == ("127.0.0.1", {"scopes": ["x"]})
    assert event.at.tzinfo is not None


def test_the_line_is_part_of_the_transaction(session):
    with session.begin_nested() as savepoint:
        audit.record(session, action="token.created", subject="abc")
        session.flush()
        savepoint.rollback()

    assert session.query(AuditEvent).count() == 0


def test_what_a_stranger_typed_is_cut_and_made_storable(session):
    audit.record(session, action="account.sign_in_refused", subject="a\x00b\ud800" + "c" * 500, address="d" * 500)
    session.flush()

    event = session.query(AuditEvent).one()
    assert event.subject == "a\ufffdb\ufffd" + "c" * 116
    assert len(event.address) == 64

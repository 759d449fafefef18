"""Keys of tables that grow for ever: 64 bits, given by the database."""

import sqlalchemy as sa
from sqlalchemy import inspect, select

from tests import factories
from webapp.tables import AuditEvent
from webapp.tables.keys import BIG_KEY


def _event(**values):
    return AuditEvent(at=factories.NOW, action="test.done", subject="", address="", details={}, **values)


def test_numbers_beyond_32_bits_are_kept_and_go_on(session):
    session.add(_event(id=2**40))
    session.flush()
    if session.get_bind().dialect.name == "postgresql":
        session.execute(sa.text("SELECT setval('audit_events_id_seq', :last)"), {"last": 2**40})
    session.add(_event())
    session.flush()
    assert session.scalars(select(AuditEvent.id).order_by(AuditEvent.id)).all() == [2**40, 2**40 + 1]


def test_it_is_a_big_integer_where_that_makes_a_difference(database, database_kind):
    columns = {column["name"]: column["type"] for column in inspect(database.engine).get_columns("audit_events")}
    expected = sa.BIGINT if database_kind == "postgresql" else sa.INTEGER
    assert isinstance(columns["id"], expected)
    assert BIG_KEY.dialect_impl(database.engine.dialect)

"""Uploads as their owners see them."""

from tests import factories
from webapp.services import upload_views


def test_an_upload_that_is_stored_names_its_instrument(session):
    user = factories.create_user(session)
    series = factories.create_series(session, factories.create_security(session, symbol="ABC", owner_id=user.id))
    stored = factories.create_upload(session, user, status="stored", series_id=series.id, revision=3)
    waiting = factories.create_upload(session, user)

    view = upload_views.view_of(session, stored)
    assert (view.instrument_id, view.symbol, view.revision) == (series.public_id, "ABC", 3)
    assert upload_views.view_of(session, waiting).instrument_id is None
    assert upload_views.decisions_of(session, waiting) == []

import dataclasses

import pytest

from webapp.api import account_schemas
from webapp.services.accounts import UserView
from webapp.services.invitations import InvitationView
from webapp.services.sessions import SessionView


@pytest.mark.parametrize(
    ("model", "view"),
    [
        (account_schemas.User, UserView),
        (account_schemas.Session, SessionView),
        (account_schemas.Invitation, InvitationView),
    ],
    ids=lambda each: each.__name__,
)
def test_what_is_answered_is_what_the_service_tells(model, view):
    assert set(model.model_fields) == {field.name for field in dataclasses.fields(view)}

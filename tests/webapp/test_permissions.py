import pytest

from webapp.errors import PermissionDenied
from webapp.permissions import GRANTS, Actor, Permission, Role, require


def actor(role, scopes=None):
    return Actor(user_id=1, name="Ada", role=role, scopes=scopes)


def test_each_role_includes_the_ones_below_it():
    assert GRANTS[Role.VIEWER] < GRANTS[Role.RESEARCHER] < GRANTS[Role.ADMIN]
    assert GRANTS[Role.ADMIN] == frozenset(Permission)
    assert set(GRANTS) == set(Role)


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("permission", Permission)
def test_without_scopes_the_role_decides(role, permission):
    assert actor(role).may(permission) == (permission in GRANTS[role])


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("permission", Permission)
def test_scopes_narrow_and_never_widen(role, permission):
    assert not actor(role, frozenset()).may(permission)
    assert actor(role, frozenset(Permission)).may(permission) == actor(role).may(permission)
    assert actor(role, frozenset({permission})).may(permission) == (permission in GRANTS[role])


def test_what_is_missing_is_named():
    with pytest.raises(PermissionDenied, match=r"users:manage.*researcher"):
        require(actor(Role.RESEARCHER), Permission.USERS_MANAGE)
    require(actor(Role.ADMIN), Permission.USERS_MANAGE)


def test_an_actor_cannot_be_promoted():
    with pytest.raises(AttributeError):
        actor(Role.VIEWER).role = Role.ADMIN


def test_whose_token_lacks_the_scope_is_not_told_that_the_role_is_wrong():
    narrow = actor(Role.ADMIN, frozenset({Permission.PRICES_READ}))

    with pytest.raises(PermissionDenied, match=r"scope analyses:run.*token carries prices:read") as caught:
        require(narrow, Permission.ANALYSES_RUN)
    assert "administrator" not in str(caught.value)
    with pytest.raises(PermissionDenied, match=r"users:manage.*your role is viewer"):
        require(actor(Role.VIEWER, frozenset(Permission)), Permission.USERS_MANAGE)

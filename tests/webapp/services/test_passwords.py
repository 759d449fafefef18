import argon2
import pytest
from argon2.exceptions import VerifyMismatchError

from tests import factories
from webapp.errors import InvalidInput
from webapp.services import passwords


def test_only_the_right_password_is_right():
    assert passwords.is_right(factories.PASSWORD_HASH, factories.PASSWORD)
    assert not passwords.is_right(factories.PASSWORD_HASH, factories.PASSWORD + " ")
    assert not passwords.is_right(factories.PASSWORD_HASH, "")


def test_a_hash_is_argon2id_and_salted():
    first, second = passwords.hash_password(factories.PASSWORD), passwords.hash_password(factories.PASSWORD)

    assert first.startswith("$argon2id$")
    assert first != second
    assert passwords.is_right(second, factories.PASSWORD)


def test_the_same_letters_are_the_same_password_on_every_keyboard():
    composed, decomposed = "Zürich-1234", "Zu\u0308rich-1234"
    assert composed != decomposed

    assert passwords.is_right(passwords.hash_password(composed), decomposed)


def test_no_password_belongs_to_nobody():
    assert not passwords.is_right(None, factories.PASSWORD)


def test_a_hash_that_cannot_be_read_lets_nobody_in():
    assert not passwords.is_right("", factories.PASSWORD)
    assert not passwords.is_right("x" * 60, factories.PASSWORD)


def test_an_unknown_name_costs_the_same_work():
    nobody = argon2.extract_parameters(passwords._NOBODY)
    somebody = argon2.extract_parameters(passwords.HASHER.hash("x"))

    assert nobody == somebody


@pytest.mark.parametrize("password", ["", "a" * 9, "a" * 1025])
def test_too_short_and_absurdly_long_passwords_are_refused_with_the_numbers(password):
    with pytest.raises(InvalidInput) as caught:
        passwords.check_strength(password)

    assert caught.value.fields["password"] == f"expected 10 to 1,024 characters; found {len(password):,}"


def test_a_very_long_password_is_never_right():
    assert not passwords.is_right(passwords.HASHER.hash("a" * 1024), "a" * 2000)


def test_generated_passwords_are_accepted_and_differ():
    first, second = passwords.generate(), passwords.generate()

    passwords.check_strength(first)
    assert first != second


def test_a_hash_with_other_parameters_is_outdated():
    assert not passwords.is_outdated(factories.PASSWORD_HASH)
    assert passwords.is_outdated(argon2.PasswordHasher(time_cost=1, memory_cost=1024).hash("x"))


def test_the_same_comparison_is_made_for_nobody(monkeypatch):
    compared = []

    class Spy:
        def verify(self, password_hash, password):
            compared.append((password_hash, password))
            raise VerifyMismatchError

    monkeypatch.setattr(passwords, "HASHER", Spy())
    assert not passwords.is_right(None, "a password")
    assert not passwords.is_right(factories.PASSWORD_HASH, "a password")
    assert compared == [(passwords._NOBODY, b"a password"), (factories.PASSWORD_HASH, b"a password")]

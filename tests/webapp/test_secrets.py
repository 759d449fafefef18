import pytest

from webapp.errors import Conflict
from webapp.secrets import TWO_FACTOR, SecretBox

KEY = "only-for-tests-" + "0" * 32


def test_what_was_sealed_opens_again_and_shows_nothing():
    box = SecretBox(KEY, TWO_FACTOR)

    sealed = box.seal("a secret")

    assert SecretBox(KEY, TWO_FACTOR).open(sealed) == "a secret"
    assert "secret" not in sealed
    assert box.seal("a secret") != sealed


@pytest.mark.parametrize("box", [SecretBox(KEY, "another"), SecretBox("x" * 40, TWO_FACTOR)], ids=["purpose", "key"])
def test_another_key_or_purpose_opens_nothing(box):
    with pytest.raises(Conflict, match="not the one it was stored under"):
        box.open(SecretBox(KEY, TWO_FACTOR).seal("a secret"))


@pytest.mark.parametrize("sealed", ["", "nonsense", "gAAAAAB"])
def test_what_was_changed_opens_nothing(sealed):
    with pytest.raises(Conflict):
        SecretBox(KEY, TWO_FACTOR).open(sealed)

import inspect

import pytest

from quant import errors
from quant.errors import DataError, InvalidSpec, ProviderUnavailable, QuantError, RateLimited

ALL = [value for value in vars(errors).values() if inspect.isclass(value) and issubclass(value, QuantError)]


@pytest.mark.parametrize("error", ALL, ids=lambda error: error.__name__)
def test_each_error_has_a_code_of_its_own_and_says_what_it_is(error):
    assert [other for other in ALL if other.code == error.code] == [error]
    assert error.code.isidentifier()
    assert error.code.islower()
    assert error.__doc__


@pytest.mark.parametrize("error", ALL, ids=lambda error: error.__name__)
def test_the_tree_at_the_head_of_the_file_is_the_tree(error):
    (line,) = [
        line
        for line in errors.__doc__.splitlines()
        if line.replace("│", " ").strip(" ├└─").split(" ")[0] == error.__name__
    ]
    depth = len(error.__mro__[: error.__mro__.index(QuantError)])
    assert line.index(error.__name__) == 4 * depth


def test_what_may_help_to_try_again():
    transient = {error for error in ALL if error.is_transient}
    assert transient == {ProviderUnavailable, RateLimited}
    assert all(issubclass(error, DataError) for error in transient)


def test_what_an_error_carries():
    assert RateLimited("wait", retry_after=2.5).retry_after == 2.5
    assert InvalidSpec("no", field="start").field == "start"
    assert InvalidSpec("no").field is None
    assert str(InvalidSpec("no", field="start")) == "no"
    with pytest.raises(ValueError, match="no"):
        raise InvalidSpec("no")

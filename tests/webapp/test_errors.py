import re

from webapp import errors
from webapp.errors import AppError, InvalidInput, TooManyRequests, lists_too_long


def test_every_error_of_the_package_is_drawn_in_its_tree():
    classes = [value for value in vars(errors).values() if isinstance(value, type) and issubclass(value, AppError)]
    for cls in classes:
        assert re.search(rf"^[│ ├└─]*{cls.__name__}\b", errors.__doc__, re.MULTILINE), cls.__name__


def test_errors_carry_what_doors_need():
    assert InvalidInput("x", fields={"title": "too long"}).fields == {"title": "too long"}
    assert InvalidInput("x").fields == {}
    assert TooManyRequests("x", retry_after=3).retry_after == 3


def test_of_many_wrong_fields_the_first_are_named_and_the_rest_counted():
    error = InvalidInput("Wrong.", fields={f"field{n}": "is wrong" for n in range(1_050)})

    assert list(error.fields) == [f"field{n}" for n in range(50)]
    assert str(error) == "Wrong. 1,000 more are not named."
    assert str(InvalidInput("Wrong.", fields=error.fields)) == "Wrong."


def test_lists_that_are_far_too_long_are_named():
    question = {"models": [0] * 1_001, "features": [0] * 1_000, "start": "x" * 2_000}

    assert lists_too_long(question) == ["models"]
    assert lists_too_long([0] * 2_000) == []
    assert lists_too_long(None) == []

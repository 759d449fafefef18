import re

from webapp import errors
from webapp.errors import AppError, InvalidInput, TooManyRequests


def test_every_error_of_the_package_is_drawn_in_its_tree():
    classes = [value for value in vars(errors).values() if isinstance(value, type) and issubclass(value, AppError)]
    for cls in classes:
        assert re.search(rf"^[│ ├└─]*{cls.__name__}\b", errors.__doc__, re.MULTILINE), cls.__name__


def test_errors_carry_what_doors_need():
    assert InvalidInput("x", fields={"title": "too long"}).fields == {"title": "too long"}
    assert InvalidInput("x").fields == {}
    assert TooManyRequests("x", retry_after=3).retry_after == 3

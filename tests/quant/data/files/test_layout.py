"""What a person may say about a file."""

import pytest
from pydantic import ValidationError

from quant.data.files.layout import LayoutChoices, chosen


def test_what_is_said_goes_before_what_is_detected():
    assert chosen(LayoutChoices(decimal=","), decimal=".", calendar="XNYS") == {"decimal": ",", "calendar": "XNYS"}


@pytest.mark.parametrize(
    "choices",
    [{"timezone": "Mars/Olympus"}, {"timezone": "../etc/passwd"}, {"columns": {"date": "x" * 300}},
     {"columns": {"price": "Close"}}, {"decimal": "'"}, {"colour": "red"}],
)  # fmt: skip
def test_what_cannot_be_said_is_refused(choices):
    with pytest.raises(ValidationError):
        LayoutChoices(**choices)


def test_a_zone_is_known_by_its_name():
    assert LayoutChoices(timezone="Europe/Berlin").timezone == "Europe/Berlin"

import pytest

from webapp.dashboard.components.form import words
from webapp.dashboard.components.form.schema import sections


@pytest.mark.parametrize(
    ("name", "called"), [("n_folds", "Folds"), ("slippage_bps", "Slippage"), ("whole_shares", "Whole shares")]
)
def test_names_become_words(name, called):
    assert words.humanised(name) == called


def test_what_is_counted_says_in_what():
    assert words.measured("train_bars") == "Training window, bars"
    assert words.measured("confidence") == "Confidence"


def test_choices_are_called_by_name():
    assert words.choice_of("brier") == "Brier score"
    assert words.choice_of("no_such_choice") == "No such choice"


def test_no_introduction_is_of_a_section_that_is_not_there():
    assert set(words.INTRODUCTIONS) <= {section.name for section in sections()}

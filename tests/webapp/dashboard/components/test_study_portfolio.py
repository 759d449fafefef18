"""The panel says what is held, what it came to, and why nobody else is."""

import numpy as np
import pandas as pd
import pytest
from dash import html

from quant.combining import Trials, combine
from quant.portfolio.catalog import ALLOCATIONS, BooksSpec
from tests.webapp.dashboard import reading
from webapp.dashboard.components.study_portfolio import COSTS, DEFAULTS, METHODS, STEPS, WINDOWS, portfolio
from webapp.services.study_portfolios import HeldMember, LeftOut, StudyPortfolio

DAYS = pd.date_range("2020-01-01 21:00", periods=200, freq="B", tz="UTC", name="timestamp")


def held(n_members, **changes):
    drawn = np.random.default_rng(3).normal(0.0005, 0.01, (200, n_members))
    wealth = {f"id{place}": pd.Series(np.cumprod(1 + drawn[:, place]), DAYS) for place in range(n_members)}
    spec = BooksSpec(method="risk_parity", window=40)
    combined = combine(wealth, spec, Trials(9, 2.5, 0.0), periods_per_year=252)
    members = tuple(
        HeldMember(f"id{place}", f"Member {place}", "roc_auc", 0.52, DAYS[0], DAYS[-1], 200, 0.5, 0.4)
        for place in range(n_members)
    )
    out = tuple(LeftOut(f"o{place}", f"Other {place}", "It failed.") for place in range(6))
    found = {"spec": spec, "members": members, "left_out": out, "combined": combined, "overfitting": None}
    return StudyPortfolio(**{**found, "n_asked": 2, "n_succeeded": 2, "n_trials": 9, "n_independent": 2.5, **changes})


def test_every_method_can_be_chosen_and_what_is_usual_is_among_the_choices():
    assert list(METHODS) == [entry.model_fields["name"].default for entry in ALLOCATIONS]
    assert DEFAULTS.window in WINDOWS
    assert DEFAULTS.rebalance_bars in STEPS
    assert DEFAULTS.cost_bps in COSTS


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_members_together_are_shown_with_sentences_curves_measures_and_reasons(theme):
    page = html.Div(portfolio(held(2), theme))
    words = reading.text(page)
    assert "2 members on the 160 bars" in words
    assert "Deflated by all 9 trials" in words
    assert "Member 1" in words
    assert "0.520" in words
    assert "Left out: 6 members" in words
    assert "Other 0, Other 1, Other 2, Other 3 and 2 more: It failed." in words.replace("  ", " ")
    assert {"study-together", "study-shares"} <= {str(each) for each in reading.ids(page)}


def test_one_member_has_no_shares_to_be_drawn():
    page = html.Div(portfolio(held(1, left_out=()), "light"))
    assert "study-shares" not in {str(each) for each in reading.ids(page)}
    assert "Left out" not in reading.text(page)

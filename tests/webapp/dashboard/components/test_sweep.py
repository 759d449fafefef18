from types import SimpleNamespace

import pandas as pd

from tests.webapp.dashboard import reading
from webapp.dashboard.components.sweep import sweep_panels

FACTS = {
    "axes": [
        {"parameter": "fast", "values": [5, 10]},
        {"parameter": "slow", "values": [20, 30]},
        {"parameter": "wait", "values": [0]},
    ],
    "n_combinations": 4,
    "choose_by": "sharpe_ratio",
    "best": {"fast": 5, "slow": 30},
    "n_bars": 700,
    "first_at": "2001-01-02T21:00:00+00:00",
    "last_at": "2004-05-06T20:00:00+00:00",
    "held_out": True,
    "n_sampled": 3,
    "slowly_because": None,
}
FRAME = pd.DataFrame(
    {
        "fast": [5, 5, 10, 10],
        "slow": [20, 30, 20, 30],
        "sharpe_ratio": [0.01, 0.03, -0.02, float("nan")],
        "total_return": [0.1, 0.5, -0.2, 0.0],
        "max_drawdown": [-0.2, -0.1, -0.4, 0.0],
        "n_trades": [9.0, 7.0, 8.0, 0.0],
        "turnover": [18.0, 14.0, 16.0, 0.0],
        "time_in_market": [0.5, 0.6, 0.4, 0.0],
    }
)
LUCK = {"deflated_sharpe_ratio": 0.41, "deflated_by_effective": 0.52, "n_effective_trials": 2.2, "n_trials": 4}


def result_of(**changes):
    facts = {**FACTS, "axes": FACTS["axes"][:2], **changes}
    return SimpleNamespace(
        facts={"sweep": facts, "honesty": {"luck": LUCK}, "chosen": {"title": "Crossover of averages"}},
        frames={"sweep": FRAME},
    )


def said(result):
    return " ".join(reading.text(panel) for panel in sweep_panels(result, "light"))


def test_the_best_is_named_with_what_the_choice_saw_and_how_it_is_deflated():
    text = said(result_of())
    assert "fast 5, slow 30 had the greatest Sharpe ratio a bar on 700 bars, 2001-01-02 to 2004-05-06" in text
    assert "did not see the bars after" in text
    assert "deflated by all 4, is 0.41, by the independent ones 0.52" in text
    assert "50 % of the combinations have a Sharpe ratio a bar above zero" in text
    assert "even sample of 3" in text


def test_a_choice_on_the_same_bars_says_so_and_so_does_a_slow_one():
    text = said(result_of(held_out=False, slowly_because="the account has exits"))
    assert "looks good on them by luck" in text
    assert "because the account has exits" in text


def test_one_number_is_a_line_and_three_have_a_map_a_pair():
    one = result_of(axes=[{"parameter": "slow", "values": [20, 30]}], best={"slow": 30})
    one.frames["sweep"] = FRAME.iloc[:2]
    assert "by slow" in said(one)
    three = result_of(
        axes=[*FACTS["axes"][:2], {"parameter": "gap", "values": [0]}], best={"fast": 5, "slow": 30, "gap": 0}
    )
    three.frames["sweep"] = FRAME.assign(gap=0)
    text = said(three)
    assert all(f"by {pair}" in text for pair in ("fast and slow", "fast and", "slow and"))


def test_the_best_come_first():
    text = reading.text(sweep_panels(result_of(), "dark")[-1])
    assert text.index("0.030") < text.index("0.010") < text.index("-0.020".replace("-", "\u2212"))

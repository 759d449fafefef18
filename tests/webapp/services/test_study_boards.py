"""Boards: the best first, deflated by all that the study tried, and cheap whatever its size."""

import statistics

import numpy as np
import pandas as pd
import pytest
from sqlalchemy import update

from quant.validation.likeness import weekly_shape
from quant.validation.overfitting import deflated_sharpe_ratio
from tests import factories
from webapp.errors import InvalidInput, NotFound
from webapp.services import study_boards, trials
from webapp.services.study_boards import Measure, Over
from webapp.services.trials import Ground, TrialEntry
from webapp.services.workflow import Status
from webapp.tables import Analysis, Backtest, PerformanceMetric, Trial

AXES = [{"path": "instruments", "values": ["GOOG", "MSFT"]}, {"path": "label.horizon", "values": [1, 5, 9]}]


def found(session, study, number, sharpe, *, is_credible=True, total_return=0.1, n_trials=2):
    """Give a member an answer, and its trials to the ledger."""
    row = session.query(Analysis).filter_by(study_id=study.id, study_number=number).one()
    row.status, row.is_credible, row.verdict, row.progress = "succeeded", is_credible, "A verdict.", 1.0
    luck = {
        "sharpe_ratio": sharpe and sharpe / 252**0.5,
        "n_returns": 1000,
        "skewness": 0.1,
        "raw_kurtosis": 4.0,
        "trial_variance": 0.001,
        "n_trials": n_trials,
    }
    backtest = Backtest(
        analysis_id=row.id, name="headline", initial_cash=1.0, final_equity=1.1, start_at=factories.NOW,
        end_at=factories.NOW, n_trades=7, luck=luck,
    )  # fmt: skip
    session.add(backtest)
    session.flush()
    values = {"sharpe_ratio": sharpe, "total_return": total_return, "max_drawdown": -0.2, "n_trades": 7.0, "beta": 1.0}
    session.add_all(
        PerformanceMetric(backtest_id=backtest.id, name=name, segment="out_of_sample", period=period, value=value)
        for name, value in values.items()
        for period in ("all", "2008-10")
    )
    ground = Ground((), "1d", factories.NOW.date(), factories.NOW.date())
    entries = [TrialEntry("candidate", each, "svm", {}, "roc_auc", 0.5, 0.01) for each in range(n_trials)]
    trials.record(session, owner_id=row.owner_id, analysis_id=row.id, ground=ground, entries=entries)
    session.flush()
    return row


@pytest.fixture
def actor(session):
    return factories.create_actor(session)


@pytest.fixture
def study(session, actor):
    """Two instruments by three horizons: three found, one of them not credible; one failed, one runs, one waits."""
    failed = {"status": "failed", "error_code": "model_error", "error_message": "Did not fit."}
    study = factories.create_study(
        session, actor, {}, {}, {}, failed, {"status": "running", "progress": 0.3}, {}, axes=AXES
    )
    found(session, study, 0, 0.5, total_return=0.9)
    found(session, study, 1, 3.0, is_credible=False)
    found(session, study, 2, 1.5, total_return=0.2, n_trials=3)
    return study


def test_the_best_comes_first_and_what_the_audit_found_out_is_not_ranked(session, actor, study):
    board = study_boards.leaderboard(session, actor, study.public_id)

    assert [(row.number, row.rank, row.status) for row in board.rows] == [
        (2, 1, Status.SUCCEEDED),
        (0, 2, Status.SUCCEEDED),
        (1, None, Status.SUCCEEDED),
        (4, None, Status.RUNNING),
        (5, None, Status.QUEUED),
        (3, None, Status.FAILED),
    ]
    assert board.rows[0].words == ("GOOG", "9")
    assert board.rows[0].measures[Measure.N_TRADES] == 7
    assert (board.rows[-1].error_message, board.rows[-1].measures) == ("Did not fit.", {})
    by_return = study_boards.leaderboard(session, actor, study.public_id, sort=Measure.TOTAL_RETURN)
    assert [row.number for row in by_return.rows[:2]] == [0, 2]


def test_every_sharpe_ratio_is_deflated_by_all_trials_of_the_study(session, actor, study):
    board = study_boards.leaderboard(session, actor, study.public_id)

    sharpes = [each / 252**0.5 for each in (0.5, 3.0, 1.5)]
    mean = sum(sharpes) / 3
    spread = sum((each - mean) ** 2 for each in sharpes) / 2
    assert board.n_trials == 7
    for row in board.rows[:3]:
        value = row.measures[Measure.SHARPE_RATIO] / 252**0.5
        expected = deflated_sharpe_ratio(value, 1000, 0.1, 4.0, trial_variance=max(spread, 0.001), n_trials=7)
        assert row.measures[Measure.DEFLATED] == pytest.approx(expected)
    assert board.rows[0].measures[Measure.DEFLATED] < deflated_sharpe_ratio(
        sharpes[2], 1000, 0.1, 4.0, trial_variance=0.001, n_trials=3
    )
    shown = f"{board.rows[0].measures[Measure.DEFLATED]:.2f}"
    assert board.sentence == (
        "The first is the best of 3 by 7 trials: deflated by all of them, its Sharpe ratio is more than luck with a "
        f"probability of {shown}, so it is not distinguishable from luck. Trials that earned alike are hardly separate "
        f"tries: these amount to 7.0 independent ones, and deflated by those it is {shown}."
    )


def test_trials_that_earned_alike_count_as_the_independent_ones_that_they_amount_to(session, actor, study):
    weeks = weekly_shape(pd.date_range("2020-01-01", periods=300, freq="B"), np.sin(np.arange(300.0)))
    session.execute(update(Trial).values(weeks=weeks))

    board = study_boards.leaderboard(session, actor, study.public_id, sort=Measure.BY_INDEPENDENT)
    assert (board.n_trials, board.n_independent) == (7, pytest.approx(1.0, abs=0.01))
    best = board.rows[0]
    sharpes = [each / 252**0.5 for each in (0.5, 3.0, 1.5)]
    expected = deflated_sharpe_ratio(
        sharpes[2],
        1000,
        0.1,
        4.0,
        trial_variance=max(statistics.variance(sharpes), 0.001),
        n_trials=board.n_independent,
    )
    assert best.measures[Measure.BY_INDEPENDENT] == pytest.approx(expected)
    assert best.measures[Measure.BY_INDEPENDENT] > best.measures[Measure.DEFLATED]
    assert f"these amount to 1.0 independent ones, and deflated by those it is {expected:.2f}." in board.sentence


def test_a_later_try_counts_with_the_one_whose_place_it_has(session, actor, study):
    row = session.query(Analysis).filter_by(study_id=study.id, study_number=2).one()
    row.study_number = None
    factories.create_analysis(session, actor, study_id=study.id, study_number=2)

    board = study_boards.leaderboard(session, actor, study.public_id)
    assert (board.n_trials, board.n_succeeded, len(board.rows)) == (7, 2, 6)


def test_before_anything_has_finished_nothing_is_claimed(session, actor):
    study = factories.create_study(session, actor, {}, {})
    board = study_boards.leaderboard(session, actor, study.public_id)
    assert board.sentence == "Nothing has succeeded yet. The best comes first, deflated by all that was tried."

    found(session, study, 0, None)
    board = study_boards.leaderboard(session, actor, study.public_id)
    assert board.sentence == "Nothing of what has finished can be ranked; 2 trials so far."
    assert board.rows[0].measures[Measure.DEFLATED] is None


def test_a_heat_map_has_a_cell_for_each_pair_of_values(session, actor, study):
    board = study_boards.leaderboard(session, actor, study.public_id)
    heat = study_boards.heat_map(board, "instruments", "label.horizon", measure=Measure.SHARPE_RATIO)

    assert (heat.rows.words, heat.columns.words) == (("GOOG", "MSFT"), ("1", "5", "9"))
    assert [[cell.value for cell in row] for row in heat.cells] == [[0.5, 3.0, 1.5], [None, None, None]]
    assert [(cell.n_succeeded, cell.n_failed) for cell in heat.cells[1]] == [(0, 1), (0, 0), (0, 0)]
    assert study_boards.heat_map(board, measure=Measure.SHARPE_RATIO) == heat
    turned = study_boards.heat_map(board, rows="label.horizon", measure=Measure.SHARPE_RATIO)
    assert turned.columns.path == "instruments"


def test_other_axes_are_summed_up_by_the_median_or_the_best(session, actor):
    axes = [{"path": "seed", "values": [1]}, {"path": "model", "values": ["svm"]}, *AXES[1:]]
    study = factories.create_study(session, actor, {}, {}, {}, axes=axes)
    for number, sharpe in enumerate((0.5, 3.0, 1.0)):
        found(session, study, number, sharpe)
    board = study_boards.leaderboard(session, actor, study.public_id)

    for over, expected in ((Over.MEDIAN, 1.0), (Over.BEST, 3.0)):
        heat = study_boards.heat_map(board, "seed", "model", measure=Measure.SHARPE_RATIO, over=over)
        assert heat.cells[0][0].value == expected


def test_a_combination_that_was_folded_has_no_cell(session, actor):
    study = factories.create_study(session, actor, {}, {}, axes=AXES)
    board = study_boards.leaderboard(session, actor, study.public_id)

    heat = study_boards.heat_map(board, measure=Measure.N_TRADES)
    assert [[cell is None for cell in row] for row in heat.cells] == [[False, False, True], [True] * 3]


@pytest.mark.parametrize("paths", [("instruments", "instruments"), ("seed", "instruments"), ("model", "seed")])
def test_a_heat_map_needs_two_axes_of_the_study(session, actor, study, paths):
    board = study_boards.leaderboard(session, actor, study.public_id)
    with pytest.raises(InvalidInput, match=r"instruments, label\.horizon"):
        study_boards.heat_map(board, *paths, measure=Measure.SHARPE_RATIO)


def test_a_board_takes_few_statements_however_large_the_study(session, actor, study, count_queries):
    with count_queries(session) as statements:
        study_boards.leaderboard(session, actor, study.public_id)
    assert len(statements) == 4


def test_anothers_board_is_not_found(session, study):
    for role in ("researcher", "admin"):
        with pytest.raises(NotFound):
            study_boards.leaderboard(session, factories.create_actor(session, role), study.public_id)

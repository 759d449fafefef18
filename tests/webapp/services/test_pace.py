import datetime

import pytest

from tests import factories
from webapp.services import jobs, pace
from webapp.services.workflow import STAGES, Status
from webapp.tables import Analysis

NOW = factories.NOW


def after(seconds):
    return NOW + datetime.timedelta(seconds=seconds)


def running(**values):
    given = {
        "status": Status.RUNNING, "started_at": NOW, "first_started_at": NOW, "progress_before": 0.0,
        "stage_seconds": {}, "stage": None, "stage_fraction": 0.0, "progress": 0.0, "finished_at": None,
    }  # fmt: skip
    row = Analysis(**{**given, **values})
    if row.stage:
        row.progress = max(row.progress, jobs.progress_of(row.stage, row.stage_fraction))
    return row


def test_nothing_is_said_before_enough_is_done_or_when_it_does_not_run():
    assert pace.eta_seconds(running(), after(10)) is None
    assert pace.eta_seconds(running(stage="acquire", stage_fraction=1.0), after(10)) is None
    assert pace.eta_seconds(running(status=Status.QUEUED, stage="tune"), after(10)) is None


def test_a_usual_run_goes_on_as_long_as_its_stages_say():
    """Ten seconds for every hundredth of a usual run: when training is half done, the rest is known."""
    spent = {name: 1000 * STAGES[name] for name in ("acquire", "clean", "features", "labels", "split")}
    row = running(stage="train", stage_fraction=0.5, stage_seconds={**spent, "train": 125.0})
    passed = sum(spent.values()) + 125.0

    assert pace.eta_seconds(row, after(passed)) == pytest.approx(1000 * sum(STAGES.values()) - passed)


def test_the_rest_of_a_stage_goes_on_as_that_stage_went():
    """Tuning that is ten times as slow as usual is known to be after a tenth of it."""
    spent = {name: 1000 * STAGES[name] for name in list(STAGES)[:6]}
    row = running(stage="tune", stage_fraction=0.1, stage_seconds=spent)
    left = pace.eta_seconds(row, after(sum(spent.values()) + 300.0))

    assert left > 2700.0
    assert left < 2700.0 + 2000.0


def test_what_was_found_in_the_store_does_not_promise_that_the_rest_is_as_quick():
    found = dict.fromkeys(list(STAGES)[:7], 0.01)  # another analysis had trained and tuned the same
    row = running(stage="predict", stage_fraction=0.5, stage_seconds=found)
    left = pace.eta_seconds(row, after(90.07))

    assert left == pytest.approx(90.0 + 1000 * sum(list(STAGES.values())[8:]), rel=0.01)


def test_another_attempt_is_judged_by_what_it_did_itself():
    before = jobs.progress_of("tune", 0.5)
    row = running(
        stage="tune", stage_fraction=0.7, progress_before=before, stage_seconds={"train": 0.02}, started_at=after(1000)
    )
    left = pace.eta_seconds(row, after(1010.02))

    assert left == pytest.approx(10.0 * 1.5 + sum(list(STAGES.values())[7:]) / (0.2 * STAGES["tune"]) * 10.0, rel=0.01)
    assert pace.elapsed_seconds(row, after(1010)) == 1010.0, "since the first attempt: it never falls"


def test_what_fetches_prices_goes_on_at_its_own_speed(session):
    row = factories.create_acquisition(
        session, factories.create_actor(session), status="running", started_at=NOW, progress=0.25
    )

    assert pace.eta_seconds(row, after(10)) == pytest.approx(30.0)
    assert pace.elapsed_seconds(row, after(10)) == 10.0

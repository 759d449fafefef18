"""Stage x fault x database: whatever happens, an analysis goes on within a minute, and ends once, with the same answer.

`make chaos` tries every combination. Elsewhere a sample that is the same each time has each fault once, at a stage of
its own, on one of the databases; `CHAOS=7` takes another sample, the seventh. The analysis is held at the stage when
the fault begins, at a moment of it that chance has chosen, the same each time: no stage is too short to be hit.

The whole matrix runs in several test processes, each with an installation of its own, because a case mostly waits.
`CHAOS_RECORD` names a file that remembers how each case ended; one that has passed by it is not tried again.
"""

import os
import random
import time

import psutil
import pytest

from quant.analysis import run_analysis
from quant.preparation import fetch_instruments
from quant.spec import AnalysisSpec
from tests.chaos.conftest import Installation, Row, passed_before
from tests.chaos.faults import FAULTS
from tests.flows.conftest import wait_until
from tests.quant.conftest import QUICK
from webapp.services import analyses, trials
from webapp.services.workflow import STAGES
from webapp.tables import Analysis, Artifact, Backtest, LogLine, TradeRow, Trial

pytestmark = [pytest.mark.chaos, pytest.mark.broker, pytest.mark.slow, pytest.mark.timeout(600)]

CHAOS = os.environ.get("CHAOS", "21")  # noqa: TID251  # a switch of the test run, not a setting
AT = ("queued", *STAGES)
DATABASES = ("sqlite", "postgresql")
MOVING_WITHIN_SECONDS = 60
ENDED_WITHIN_SECONDS = 240

# Each stage takes a moment, the whole a few seconds.
SPEC = AnalysisSpec.model_validate(
    {
        **QUICK,
        "models": [{"name": "logistic"}, {"name": "random_forest", "n_trees": 60}],
        "validation": {**QUICK["validation"], "target": 0.99},
        "tuning": {"n_trials": 3, "time_budget_seconds": 600},
        "overfitting": {"path_groups": 4, "n_chance_runs": 1},  # stages that are there on request
    }
)


def cases():
    """Return (database, stage, fault) in an order that is the same each time."""
    chance = random.Random(0 if CHAOS == "all" else int(CHAOS))  # noqa: S311  # the same each time
    if CHAOS == "all":
        every = [(database, at, fault) for database in DATABASES for at in AT for fault in FAULTS]
        return chance.sample(every, len(every))
    stages, databases = chance.sample(AT, len(FAULTS)), list(DATABASES) * len(FAULTS)
    databases = databases[int(CHAOS) % len(DATABASES) :]
    sample = [(databases[number], stages[number], fault) for number, fault in enumerate(FAULTS)]
    return sorted(sample, key=lambda case: DATABASES.index(case[0]))


def listed():
    """Yield the cases for pytest, those left out that have passed."""
    passed = passed_before()
    for case in cases():
        name, database = "-".join(case), case[0]
        if name not in passed:
            yield pytest.param(*case, id=name, marks=[pytest.mark.postgres] if database == "postgresql" else [])


def pytest_generate_tests(metafunc):
    if "fault" in metafunc.fixturenames:
        metafunc.parametrize(("installation", "at", "fault"), list(listed()), indirect=["installation"])


@pytest.fixture(scope="module")
def undisturbed():
    """The answer as it is when nothing happens, the trials that it takes, and the moments of each stage."""
    tried, moments = [], {}

    class Listener:
        def at(self, stage, fraction, _message=""):
            moments.setdefault(stage, {})[fraction] = None

        def tried(self, models):
            tried.extend((model.kind, model.number, model.model, model.score) for model in models)

        def tuned(self, n_trials):
            pass

    result = run_analysis(SPEC, fetch_instruments, watcher=Listener())
    return result, tried, {stage: list(fractions) for stage, fractions in moments.items()}


def test_an_analysis_survives(installation: Installation, at, fault, undisturbed, record_property, request):
    chaos, case = installation, request.node.callspec.id
    record_property("case", case)
    *answer, moments = undisturbed
    chaos.wait_whole()
    chaos.forget_stages()
    held = at != "queued" and chaos.hold_at(at, random.Random(case).choice(moments[at]))  # noqa: S311  # see above
    analysis_id = submit(chaos, at, fault)
    if held:
        wait_until(held.exists, seconds=120, what=f"{analysis_id} to be held at {at}")
        wait_until(lambda: chaos.look(analysis_id).stage == at, seconds=10, what=f"{analysis_id} to say so")
    hit = chaos.look(analysis_id)
    assert at == "queued" or (hit.status, hit.stage) == ("running", at)

    FAULTS[fault](chaos, hit)
    chaos.release()
    ended = chaos.look(analysis_id), time.monotonic()
    wait_until(
        lambda: is_moving(chaos, analysis_id, ended[0]), seconds=MOVING_WITHIN_SECONDS, what=f"{analysis_id} to go on"
    )
    record_property("moving_again", round(time.monotonic() - ended[1], 1))
    wait_until(
        lambda: chaos.look(analysis_id).status not in {"queued", "running"},
        seconds=ENDED_WITHIN_SECONDS,
        what=f"the end of {analysis_id}",
    )
    check(chaos, analysis_id, *answer)
    if fault == "web_killed":
        chaos.wait_web()
        found = chaos.ask("GET", f"/analyses/{analysis_id}")
        assert (found.status_code, found.json()["status"]) == (200, "succeeded")
    if fault == "worker_frozen":
        time.sleep(2)  # whoever was frozen has learned by now that it is too late
        check(chaos, analysis_id, *answer)
    chaos.is_sound = True


def submit(chaos: Installation, at: str, fault: str) -> str:
    """Submit, by REST if it is the web server that will be killed: an answered submission must not be lost."""
    if fault == "web_killed":
        answer = chaos.ask("POST", "/analyses", json={"spec": SPEC.model_dump(mode="json")})
        assert answer.status_code in {201, 202}, answer.text
        return answer.json()["id"]
    analysis_id = chaos.submit_silently(SPEC)
    if at != "queued":
        chaos.send()
    return analysis_id


def is_moving(chaos: Installation, analysis_id: str, before: Row) -> bool:
    """Whether an analysis is over, or has gone on since, in a process that works."""
    now = chaos.look(analysis_id)
    if now.status not in {"queued", "running"}:
        return True
    is_changed = (now.attempt, now.stage, now.progress, now.stage_seconds) != (
        before.attempt,
        before.stage,
        before.progress,
        before.stage_seconds,
    )
    return now.status == "running" and is_changed and psutil.pid_exists(now.pid or 0)


def check(chaos: Installation, analysis_id: str, undisturbed, tried) -> None:
    """Expect one end, one answer, the same as ever, and nothing half."""
    row = chaos.look(analysis_id)
    with chaos.database.read() as session:
        analysis = session.get(Analysis, row.id)
        log = [line.message for line in session.query(LogLine).filter_by(analysis_id=row.id)]
        assert row.status == "succeeded", (analysis.error_message, log)
        assert analysis.result_hash == undisturbed.hash()
        assert log.count("Finished.") == 1
        (backtest,) = session.query(Backtest).filter_by(analysis_id=row.id, name="headline")
        assert session.query(TradeRow).filter_by(backtest_id=backtest.id).count() == len(undisturbed.frames["trades"])
        ledger = session.query(Trial.kind, Trial.number, Trial.model, Trial.score).filter_by(analysis_id=row.id)
        assert [tuple(each) for each in ledger.order_by(Trial.id)] == tried
        assert trials.check(session).broken_at is None
        artifacts = session.query(Artifact.name, Artifact.key).filter_by(analysis_id=row.id).all()
        assert analyses.get(session, chaos.actor, analysis_id).result_hash == analysis.result_hash
    keys = [folder.name for folder in chaos.store.root.glob("??/*")]
    outputs = {key: chaos.store.get(key) for key in keys}
    assert {key for key, output in outputs.items() if output is None} == set()  # each whole
    assert {name for name, key in artifacts if key not in outputs} == set()
    assert [key for key, output in outputs.items() if "verdict" in output.facts] == [analysis.result_key]

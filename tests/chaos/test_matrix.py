"""Stage x fault x database: whatever happens, an analysis goes on within a minute, and ends once, with the same answer.

`make chaos` tries every combination. Elsewhere a sample that is the same each time has each fault once, at a stage of
its own, on one of the databases; `CHAOS=7` takes another sample, the seventh. A stage of a few milliseconds cannot be
hit from outside for certain; the fault then hits the one after it, and the report says which.
"""

import os
import random
import time

import psutil
import pytest

from quant.analysis import run_analysis
from quant.preparation import fetch_instruments
from quant.spec import AnalysisSpec
from tests.chaos.conftest import MEASURED, Installation, Measured, Row
from tests.chaos.faults import FAULTS
from tests.flows.conftest import wait_until
from tests.quant.conftest import QUICK
from webapp.services import analyses, trials
from webapp.services.workflow import STAGES
from webapp.tables import Analysis, Artifact, Backtest, LogLine, TradeRow, Trial

pytestmark = [pytest.mark.chaos, pytest.mark.broker, pytest.mark.slow, pytest.mark.timeout(600)]

CHAOS = os.environ.get("CHAOS", "20")  # noqa: TID251  # a switch of the test run, not a setting
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
    }
)


def cases():
    """Return (database, stage, fault) in an order that keeps one installation of each kind running."""
    every = [(database, at, fault) for database in DATABASES for at in AT for fault in FAULTS]
    if CHAOS == "all":
        return every
    chance = random.Random(int(CHAOS))  # noqa: S311  # the same sample each time
    stages, databases = chance.sample(AT, len(FAULTS)), list(DATABASES) * len(FAULTS)
    databases = databases[int(CHAOS) % len(DATABASES) :]
    sample = [(databases[number], stages[number], fault) for number, fault in enumerate(FAULTS)]
    return sorted(sample, key=lambda case: DATABASES.index(case[0]))


def pytest_generate_tests(metafunc):
    if "fault" in metafunc.fixturenames:
        marks = {"postgresql": [pytest.mark.postgres]}
        listed = [pytest.param(*case, id="-".join(case), marks=marks.get(case[0], ())) for case in cases()]
        metafunc.parametrize(("installation", "at", "fault"), listed, indirect=["installation"], scope="module")


@pytest.fixture(scope="module")
def undisturbed():
    """The answer as it is when nothing happens, and the trials that it takes."""
    tried = []

    class Listener:
        def at(self, stage, fraction, message=""):
            pass

        def tried(self, models):
            tried.extend((model.kind, model.number, model.model, model.score) for model in models)

        def tuned(self, n_trials):
            pass

    result = run_analysis(SPEC, fetch_instruments, watcher=Listener())
    return result, tried


def test_an_analysis_survives(installation: Installation, at, fault, undisturbed):
    chaos = installation
    chaos.wait_whole()
    chaos.forget_stages()
    analysis_id = submit(chaos, at, fault)
    hit = wait_for(chaos, analysis_id, at)

    FAULTS[fault](chaos, hit)
    ended = chaos.look(analysis_id), time.monotonic()
    wait_until(
        lambda: is_moving(chaos, analysis_id, ended[0]), seconds=MOVING_WITHIN_SECONDS, what=f"{analysis_id} to go on"
    )
    MEASURED.append(Measured(f"{fault} at {at}", hit.stage or hit.status, time.monotonic() - ended[1]))
    wait_until(
        lambda: chaos.look(analysis_id).status not in {"queued", "running"},
        seconds=ENDED_WITHIN_SECONDS,
        what=f"the end of {analysis_id}",
    )
    check(chaos, analysis_id, *undisturbed)
    if fault == "web_killed":
        chaos.wait_web()
        answer = chaos.ask("GET", f"/analyses/{analysis_id}")
        assert (answer.status_code, answer.json()["status"]) == (200, "succeeded")
    if fault == "worker_frozen":
        time.sleep(2)  # whoever was frozen has learned by now that it is too late
        check(chaos, analysis_id, *undisturbed)


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


def wait_for(chaos: Installation, analysis_id: str, at: str) -> Row:
    """Wait until an analysis is at a stage, or just beyond; return what it looked like then."""
    if at == "queued":
        return chaos.look(analysis_id)
    names = list(STAGES)
    until = time.monotonic() + 120
    while time.monotonic() < until:
        row = chaos.look(analysis_id)
        if row.status == "succeeded" or (row.stage and names.index(row.stage) >= names.index(at)):
            return row
        time.sleep(0.002)
    pytest.fail(f"Waited in vain for {analysis_id} to be at {at}; found {row}.")


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
        (backtest,) = session.query(Backtest).filter_by(analysis_id=row.id)
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

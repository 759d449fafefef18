"""All workers and the web server are replaced, one by one, while a study runs: nothing is lost or repeated."""

import subprocess
import sys
import time
from contextlib import contextmanager

import pytest

from tests import factories
from tests.flows.conftest import ROOT, wait_until
from tests.flows.test_faults import computed
from tests.flows.test_up import Program, is_healthy
from tests.quant.conftest import QUICK
from tests.servers import free_port
from webapp.services import trials
from webapp.tables import Analysis, Backtest, User

pytestmark = [pytest.mark.broker, pytest.mark.slow, pytest.mark.databases("postgresql"), pytest.mark.timeout(900)]

# Some seconds of small fits, each stored as it ends; another label each, so that members share their features only.
LONG = {
    **QUICK,
    "models": [{"name": "random_forest", "n_trees": 200}],
    "validation": {**QUICK["validation"], "test_bars": 30},
    "importance": False,
    "audit": {"enabled": False},
}
HORIZONS = [1, 2, 3, 4]


@contextmanager
def web_server(stage):
    """A web server on a port of its own: its address, until it has been told to stop and has ended well."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    environment = stage.environment() | {"ASSAY_PORT": str(port)}
    process = subprocess.Popen([sys.executable, "-m", "webapp", "web"], cwd=ROOT, env=environment)
    try:
        wait_until(lambda: is_healthy(url), seconds=120, what="the web server to be ready")
        yield url
    finally:
        process.terminate()
        code = process.wait(timeout=30)
    assert code == 0


def test_a_rolling_restart_of_all_programs_loses_nothing_and_computes_nothing_twice(stage):
    seen = []

    def look(program):
        time.sleep(0.2)  # a person may ask 600 times a minute
        seen.append(program.ask("GET", f"/studies/{study_id}"))
        return seen[-1]

    with stage.database.read() as session:
        email = session.get_one(User, stage.actor.user_id).email
    with web_server(stage) as url:
        program = Program(url, email, factories.PASSWORD)
        axes = [{"path": "label.horizon", "values": HORIZONS}]
        study_id = program.ask("POST", "/studies", {"spec": LONG, "axes": axes})["id"]
        first = [stage.start_worker(stop_grace_seconds=1) for _ in range(2)]
        wait_until(lambda: look(program)["progress"] > 0.1, seconds=240, what="the study to be under way")
        first[0].process.terminate()
        first[0].process.wait(timeout=30)
        look(program)

    # The web server is away for a moment, as behind a proxy that has none left; the workers go on.
    stage.start_worker(stop_grace_seconds=1)
    first[1].process.terminate()
    first[1].process.wait(timeout=30)
    stage.start_worker(stop_grace_seconds=1)
    with web_server(stage) as url:
        program = Program(url, email, factories.PASSWORD)
        wait_until(lambda: look(program)["state"] == "finished", seconds=300, what="the study's end")

    assert seen[-1]["counts"]["succeeded"] == len(HORIZONS)
    assert [each["progress"] for each in seen] == sorted(each["progress"] for each in seen)
    assert not any(worker.family() for worker in first), "they are gone, with their children and keepers"
    assert len(computed(stage)) == len(set(computed(stage))) > len(HORIZONS)
    with stage.database.read() as session:
        rows = session.query(Analysis).all()
        assert sum(row.attempt for row in rows) > len(HORIZONS), (
            "something was under way when its worker was told to stop"
        )
        assert {row.error_code for row in rows} == {None}
        assert session.query(Backtest).filter_by(name="headline").count() == len(HORIZONS)
        assert trials.check(session) == trials.LedgerCheck(len(HORIZONS), None)

"""Two worker hosts that share nothing but PostgreSQL, a Redis with a password behind TLS, and a bucket."""

import json
import re
import shutil

import pytest

from quant.analysis import run_analysis
from quant.preparation import fetch_instruments
from quant.spec import AnalysisSpec
from tests.flows.conftest import Stage, wait_until
from tests.quant.conftest import QUICK
from webapp.broker import answers
from webapp.config import Settings
from webapp.logs import bound
from webapp.services import trials
from webapp.services.workflow import Status
from webapp.tables import Analysis, Artifact, Backtest

pytestmark = [pytest.mark.broker, pytest.mark.slow, pytest.mark.databases("postgresql")]

LONG = {
    **QUICK,
    "models": [{"name": "logistic"}, {"name": "random_forest", "n_trees": 200}],
    "validation": {**QUICK["validation"], "test_bars": 30, "target": 0.99},
    "tuning": {"n_trials": 4, "time_budget_seconds": 600},
    "importance": False,
    "audit": {"enabled": False},
}


@pytest.fixture
def team(flows_home, database, database_url, valkey_tls, object_store, tmp_path):
    """An installation whose parts are on machines of their own; its store is the bucket."""
    settings = Settings(
        home=flows_home,
        database_url=database_url,
        redis_url=valkey_tls.url,
        redis_ca_file=str(valkey_tls.ca_file),
        results_url=object_store.url(object_store.create_bucket()),
        results_access_key="the-key-of-the-bucket",
        results_secret_key="the-secret-of-the-bucket",
        secret_key="only-for-tests-" + "0" * 32,
    )
    team = Stage(settings, database, tmp_path)
    yield team
    for worker in team.workers:
        worker.end()


def start_host(team, tmp_path, name, *, is_awaited=True):
    """Start a worker with a home of its own, in which there may be compiled kernels but no results."""
    home = tmp_path / name
    if (team.settings.home / "cache").is_dir():
        shutil.copytree(team.settings.home / "cache", home / "cache")
    return team.start_worker(is_awaited=is_awaited, home=home, lease_seconds=4, heartbeat_seconds=1)


def stages_in(store):
    """Return the keys of what is complete in the bucket, and when it became so."""
    return {
        each.name.split("/")[1]: each.written_at for each in store.place.files() if each.name.endswith("facts.json")
    }


def computed_by(worker):
    """Return the keys of the longer stages that a host says it has computed."""
    lines = [json.loads(line) for line in worker.log.read_text().splitlines() if line.startswith("{")]
    return {line["key"] for line in lines if line["message"] == "Computed a stage."}


class Reads:
    """Which stages have been fetched from the bucket since it was made, by whoever is there."""

    def __init__(self, object_store):
        self._log = object_store.log
        self._before = self._log.stat().st_size

    def keys(self):
        asked = self._log.read_text()[self._before :]
        return set(re.findall(r"GET /bucket-\w+/assay/frames/\w\w/(\w{64})/facts\.json", asked))


def test_hosts_work_together_and_each_reads_what_a_lost_one_has_written(team, object_store, tmp_path):
    spec = AnalysisSpec.model_validate(LONG)
    hosts = {start_host(team, tmp_path, name, is_awaited=False) for name in ("first", "second")}
    for host in hosts:
        host.wait_ready()
    analysis_id = team.submit(spec)
    owner = str(team.wait_stage(analysis_id, "tune").worker)
    (lost,) = (host for host in hosts if f":{host.process.pid}:" in owner)
    (other,) = hosts - {lost}
    wait_until(lambda: computed_by(other), seconds=60, what="a trial that the other host has computed for the owner")
    lost.lose()
    prices = {key for key in stages_in(team.store) if "bars" in team.store.get(key).frames}
    helped, reads = computed_by(other), Reads(object_store)
    left = {key: at for key, at in stages_in(team.store).items() if key not in prices}

    view = team.wait_final(analysis_id)

    answer = run_analysis(spec, fetch_instruments, pinned_n_tuning_trials=4)
    assert (view.status, view.attempt) == (Status.SUCCEEDED, 2), view.error_message
    assert f":{other.process.pid}:" in str(view.worker)
    assert view.result_hash == answer.hash()
    # Every stage that the lost host wrote was read by the other one, and not written again.
    assert helped
    assert len(left.keys() - helped) >= 3
    assert left.keys() - helped <= reads.keys()
    assert left.items() <= stages_in(team.store).items()
    with team.database.read() as session:
        used = {key for (key,) in session.query(Artifact.key)}
        assert left.keys() - helped <= used
        assert session.query(Backtest).filter_by(name="headline").count() == 1
        assert trials.check(session) == trials.LedgerCheck(6, None)

    # And the other way round: the host that is left is lost, and the first comes back.
    written = stages_in(team.store)
    other.lose()
    reads = Reads(object_store)
    back = start_host(team, tmp_path, "back")
    again = team.wait_final(
        team.submit(AnalysisSpec.model_validate({**LONG, "backtest": {"costs": {"commission_bps": 9}}}))
    )
    assert again.status is Status.SUCCEEDED, again.error_message
    with team.database.read() as session:
        mine = session.query(Artifact.key).join(Analysis).filter(Analysis.public_id == again.id)
        shared = {key for (key,) in mine} & (written.keys() - prices)
    assert shared - left.keys(), "what it wrote after the first was lost"
    assert shared <= reads.keys()
    assert computed_by(back).isdisjoint(written)
    assert written.items() <= stages_in(team.store).items()
    for home in ("first", "second", "back"):
        assert not (tmp_path / home / "frames").exists(), "results lie in the bucket only"


def test_logs_name_the_request_and_no_secret_is_in_a_log_or_a_list_of_processes(team, tmp_path, valkey, capfd):
    worker = start_host(team, tmp_path, "only")
    with bound(request_id="asked-at-a-door"):
        analysis_id = team.submit(AnalysisSpec.model_validate({**QUICK, "importance": False}))
    view = team.wait_final(analysis_id)
    assert view.status is Status.SUCCEEDED, view.error_message

    def about():
        lines = [json.loads(line) for line in worker.log.read_text().splitlines() if line.startswith("{")]
        return [line for line in lines if line.get("request_id") == "asked-at-a-door"]

    wait_until(lambda: about()[-1]["message"] == "An analysis is put down.", seconds=30, what="the last word")
    assert about()[0]["message"] == "An analysis begins."
    assert {line["analysis"] for line in about()} == {analysis_id}
    assert all(line["user"] for line in about())

    secrets = [valkey.password, "the-secret-of-the-bucket", team.settings.secret_key.get_secret_value()]
    commands = " ".join(word for process in worker.family() for word in process.cmdline())
    said = worker.log.read_text() + capfd.readouterr().err
    assert [secret for secret in secrets if secret in commands or secret in said] == []
    assert "rediss://:**@" in said, "Celery names its broker, without the password"


def test_a_server_that_another_authority_vouches_for_is_refused(team):
    wrong = team.settings.model_copy(update={"redis_ca_file": ""})
    assert "CERTIFICATE_VERIFY_FAILED" in answers(wrong.resolved_redis_url)
    assert answers(team.settings.resolved_redis_url) == ""

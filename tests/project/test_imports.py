"""What a process loads: web servers carry no science, workers carry no web. Each is asked in a process of its own."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SCIENCE = {"sklearn", "xgboost", "numba", "scipy"}
SOURCES = {"yfinance", "curl_cffi", "bs4"}
WEB = {"flask", "dash", "plotly", "gunicorn"}


def loaded(module: str, home: Path) -> set[str]:
    """Return the top-level packages that importing a module loads."""
    code = f"import {module}, json, sys; print(json.dumps(sorted({{name.split('.')[0] for name in sys.modules}})))"
    settings = {"ASSAY_HOME": str(home), "ASSAY_SECRET_KEY": "k" * 32, "ASSAY_REDIS_URL": "redis://127.0.0.1:1/0"}
    environment = os.environ | settings  # noqa: TID251  # a process's own
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    return set(json.loads(done.stdout.splitlines()[-1]))


def test_a_web_server_loads_no_science(tmp_path):
    packages = loaded("wsgi", tmp_path)

    assert {"flask", "dash", "webapp", "quant"} <= packages, "it is the whole application"
    assert packages & SCIENCE == set()
    assert "tasks" not in packages
    assert packages & SOURCES == set()


@pytest.mark.parametrize("module", ["tasks.analyses", "tasks.acquisitions", "tasks.maintenance", "tasks.keeper"])
def test_a_worker_loads_no_web(module, tmp_path):
    packages = loaded(module, tmp_path)

    assert "celery" in packages
    assert packages & WEB == set()


def test_a_data_worker_loads_what_it_needs_with_its_first_job(tmp_path):
    packages = loaded("tasks.acquisitions", tmp_path)

    assert packages & (SCIENCE | SOURCES | {"numpy", "pandas", "pyarrow"}) == set()


def test_a_keeper_loads_no_frames_either(tmp_path):
    assert loaded("tasks.keeper", tmp_path) & (SCIENCE | {"numpy", "pandas", "pyarrow"}) == set()


def test_the_clock_loads_neither(tmp_path):
    packages = loaded("tasks", tmp_path)

    assert packages & (WEB | SCIENCE) == set()


@pytest.mark.parametrize("module", ["quant.spec", "quant.catalog", "quant.errors"])
def test_the_question_is_asked_without_the_science(module, tmp_path):
    assert loaded(module, tmp_path) & (SCIENCE | WEB | {"sqlalchemy", "celery"}) == set()

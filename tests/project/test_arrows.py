"""The import contracts: kept by the code as it is, and each seen to break on a bad import planted in a copy of it."""

import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("quant", "webapp", "tasks")
UNPLACED = "an empty module that no contract knows"

# Contract, file, and what is written at its end.
PLANTS = [
    ("Packages point one way: tasks -> webapp -> quant", "webapp/errors.py", "import tasks"),
    ("Packages point one way: tasks -> webapp -> quant", "quant/returns.py", "import webapp.errors"),
    ("quant is pure", "quant/risk/catalog.py", "import flask"),
    ("quant is pure", "quant/stages.py", "import sqlalchemy"),
    ("quant: only the pipeline sees several rooms", "quant/features/catalog/entry.py", "import quant.models.catalog"),
    ("quant: only the pipeline sees several rooms", "quant/frames.py", "import quant.calendars"),
    ("quant: only the pipeline sees several rooms", "quant/oracle.py", UNPLACED),
    ("webapp: doors over services over tables", "webapp/services/accounts.py", "import webapp.auth"),
    ("webapp: doors over services over tables", "webapp/cli.py", "import webapp.api"),
    ("webapp: doors over services over tables", "webapp/supervision.py", "import webapp.broker"),
    ("webapp: doors over services over tables", "webapp/anything.py", UNPLACED),
    ("dashboard: pages over parts", "webapp/dashboard/paths.py", "import webapp.dashboard.layout"),
    ("dashboard: pages over parts", "webapp/dashboard/anything.py", UNPLACED),
    ("Only services touch the tables", "webapp/cli.py", "import webapp.tables"),
    ("Services and tables know no web framework and no queue", "webapp/services/accounts.py", "import flask"),
    ("Services and tables know no web framework and no queue", "webapp/tables/account.py", "import flask_sqlalchemy"),
    ("Workers know no doors", "tasks/analyses.py", "import webapp.auth"),
    ("Workers know no doors", "tasks/hands.py", "import dash"),
    ("Doors see the question, not the science", "webapp/api/__init__.py", "import sqlalchemy"),
    ("Doors see the question, not the science", "webapp/dashboard/__init__.py", "import quant.analysis"),
    ("Figures are pure", "webapp/dashboard/figures/__init__.py", "import dash"),
    ("Figures are pure", "webapp/dashboard/figures/__init__.py", "import webapp.services.results"),
    ("Pages are independent", "webapp/dashboard/pages/analyses.py", "import webapp.dashboard.pages.new_analysis"),
    ("No cycles", "webapp/config.py", "import webapp.logs"),
]
# What else has to be there for a plant to close a circle.
COMPANIONS = {("No cycles", "webapp/config.py"): [("webapp/logs.py", "import webapp.config")]}


def contracts() -> list[str]:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())
    return [contract["name"] for contract in settings["tool"]["importlinter"]["contracts"]]


def broken(tree: Path) -> list[str]:
    """Return the names of the contracts that a tree breaks."""
    lint = "from importlinter.cli import lint_imports_command as lint; lint()"
    done = subprocess.run(
        [sys.executable, "-c", lint, "--no-logo", "--no-cache"], cwd=tree, capture_output=True, text=True, check=False
    )
    verdicts = [line for line in done.stdout.splitlines() if line.endswith((" KEPT", " BROKEN"))]
    assert len(verdicts) == len(contracts()), done.stdout + done.stderr
    return [line.removesuffix(" BROKEN") for line in verdicts if line.endswith(" BROKEN")]


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Return a copy of our code and its contracts."""
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    for package in PACKAGES:
        for file in (ROOT / package).rglob("*.py"):
            target = tmp_path / file.relative_to(ROOT)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(file.read_bytes())
    return tmp_path


def test_the_code_keeps_every_contract(tree):
    assert broken(tree) == []


@pytest.mark.parametrize(("contract", "file", "line"), PLANTS, ids=lambda text: text.removeprefix("import "))
def test_a_bad_import_breaks_its_contract(tree, contract, file, line):
    for name, text in [(file, line), *COMPANIONS.get((contract, file), [])]:
        is_new = text == UNPLACED
        assert (tree / name).exists() != is_new, f"Expected {name} to be {'new' if is_new else 'there'}."
        with (tree / name).open("a") as source:
            source.write("" if is_new else f"\n{text}\n")

    assert contract in broken(tree)


def test_every_contract_has_been_seen_to_break():
    assert {contract for contract, _, _ in PLANTS} == set(contracts())

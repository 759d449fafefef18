"""The environment: when it counts as whole, how it is repaired, and what is said when it cannot be made."""

import ast
import fcntl
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from webapp import bootstrap
from webapp.bootstrap import DEVELOP, RUN, CannotInstall, Environment

SOURCE = Path(bootstrap.__file__)


class RecordedEnvironment(Environment):
    """An environment whose Python is not run; `fails` decides which command goes wrong, and how."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.commands: list[str] = []
        self.killed_at = self.failed_at = "never"

    def run(self, arguments: Sequence[str]) -> bool:
        line = " ".join(arguments)
        self.commands.append(line)
        self.log.write_text(f"output of {line}")
        if self.killed_at in line:
            raise KeyboardInterrupt
        return self.failed_at not in line

    def installed(self) -> list[str]:
        """Return which lists were installed since the last look."""
        lines, self.commands = [line for line in self.commands if "-r " in line], []
        return [name for name in (RUN, DEVELOP) for line in lines if f"-r {name}" in line]


@pytest.fixture
def environment(tmp_path, monkeypatch) -> RecordedEnvironment:
    (tmp_path / RUN).write_text("numpy==2.4.6\n")
    (tmp_path / DEVELOP).write_text("pytest==9.2.0\n")

    def create(environment: Environment) -> None:
        shutil.rmtree(environment.folder, ignore_errors=True)
        (environment.folder / "bin").mkdir(parents=True)
        (environment.folder / "pyvenv.cfg").write_text("home = /somewhere\nversion = 3.11.2\n")
        environment.python.symlink_to(sys.executable)

    monkeypatch.setattr(bootstrap, "_create", create)
    return RecordedEnvironment(tmp_path)


def test_an_install_that_is_whole_is_left_alone(environment):
    bootstrap.install(environment, [RUN])

    assert environment.installed() == [RUN]
    bootstrap.install(environment, [RUN])
    assert environment.commands == []


def test_what_developers_need_is_added_to_what_is_there(environment):
    bootstrap.install(environment, [RUN])
    (environment.folder / "kept").touch()
    environment.installed()

    bootstrap.install(environment, [RUN, DEVELOP])

    assert environment.installed() == [DEVELOP]
    assert (environment.folder / "kept").exists()


@pytest.mark.parametrize("change", ["pins", "python", "no python", "no environment"])
def test_an_environment_that_does_not_fit_any_more_is_made_anew(environment, change):
    bootstrap.install(environment, [RUN])
    (environment.folder / "old").touch()
    environment.installed()
    if change == "pins":
        (environment.root / RUN).write_text("numpy==2.4.7\n")
    elif change == "python":
        (environment.folder / "pyvenv.cfg").write_text("home = /somewhere\nversion = 3.12.1\n")
    elif change == "no python":  # the interpreter that it was made from was removed
        environment.python.unlink()
        environment.python.symlink_to("/nowhere/python")
    else:
        shutil.rmtree(environment.folder)

    bootstrap.install(environment, [RUN])

    assert environment.installed() == [RUN]
    assert not (environment.folder / "old").exists()
    assert environment.has(RUN)


def test_a_killed_install_is_made_anew(environment):
    environment.killed_at = f"uv pip install --compile-bytecode --require-hashes --python {environment.python}"
    with pytest.raises(KeyboardInterrupt):
        bootstrap.install(environment, [RUN])
    (environment.folder / "half a package").touch()
    environment.killed_at = "never"
    environment.installed()

    bootstrap.install(environment, [RUN])

    assert environment.installed() == [RUN]
    assert not (environment.folder / "half a package").exists()


def test_a_killed_addition_for_developers_does_not_stop_a_run(environment):
    bootstrap.install(environment, [RUN])
    environment.killed_at = DEVELOP
    with pytest.raises(KeyboardInterrupt):
        bootstrap.install(environment, [RUN, DEVELOP])
    environment.killed_at = "never"
    environment.installed()

    bootstrap.install(environment, [RUN])
    assert environment.installed() == []
    bootstrap.install(environment, [RUN, DEVELOP])
    assert environment.installed() == [RUN, DEVELOP]


@pytest.mark.parametrize("failed_at", ["install --disable-pip-version-check --no-input uv==", "-m uv"])
def test_pip_does_it_where_uv_cannot(environment, failed_at):
    environment.failed_at = failed_at
    bootstrap.install(environment, [RUN])

    assert "-m pip install --disable-pip-version-check --no-input --require-hashes --no-deps -r requirements.txt" in (
        environment.commands
    )
    assert environment.has(RUN)


def test_a_failed_install_says_where_to_look(environment):
    environment.failed_at = " "
    with pytest.raises(CannotInstall, match=r"is a package index within reach\? The end of .*install\.log:\noutput of"):
        bootstrap.install(environment, [RUN])
    assert not environment.has(RUN)


def test_an_old_python_is_refused_by_name():
    with pytest.raises(CannotInstall, match=r"needs Python 3\.11 or newer; .* is 3\.9\. .*make run PYTHON=python3\.11"):
        bootstrap.check_python((3, 9))
    bootstrap.check_python((3, 11))
    bootstrap.check_python((4, 0))


def test_an_old_python_can_read_it():
    tree = ast.parse(SOURCE.read_text(), feature_version=(3, 6))
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    signatures = [part for node in functions for part in (node.returns, *(arg.annotation for arg in node.args.args))]
    imports = [node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)]

    assert functions
    assert all(part is None or isinstance(part, ast.Name | ast.Constant | ast.Subscript) for part in signatures)
    assert not any("[" in ast.unparse(part) and ast.unparse(part)[0].islower() for part in signatures if part)
    assert {name.name.split(".")[0] for node in imports if isinstance(node, ast.Import) for name in node.names} | {
        str(node.module) for node in imports if isinstance(node, ast.ImportFrom)
    } <= sys.stdlib_module_names


def test_a_folder_that_cannot_be_written_is_refused():
    with pytest.raises(
        CannotInstall, match=r"The folder /dev/null cannot be written \(Not a directory\)\. Clone Assay"
    ):
        bootstrap.check_folder(Path("/dev/null"))


def test_a_python_without_venv_is_told_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "ensurepip", None)
    package = f"python{sys.version_info[0]}.{sys.version_info[1]}-venv"
    with pytest.raises(CannotInstall, match=f"sudo apt-get install -y {package}"):
        bootstrap.check_venv()


@pytest.fixture
def checkout(tmp_path, environment) -> Path:
    """Return a checkout that has the script and a whole environment."""
    (tmp_path / "webapp").mkdir()
    shutil.copy(SOURCE, tmp_path / "webapp")
    bootstrap.install(environment, [RUN])
    return tmp_path


def script(checkout: Path) -> list[str]:
    return [sys.executable, "-I", str(checkout / "webapp" / "bootstrap.py")]


def test_the_script_compiles_our_code_even_where_python_is_told_not_to(checkout):
    environment = os.environ | {"PYTHONDONTWRITEBYTECODE": "1"}  # noqa: TID251  # a process's own
    done = subprocess.run(script(checkout), capture_output=True, text=True, env=environment, check=True)

    assert list((checkout / "webapp" / "__pycache__").glob("bootstrap.*.pyc"))
    assert done.stdout == ""
    assert done.stderr == ""


def kernels(checkout: Path) -> set[str]:
    return {path.name for path in (checkout / "quant").rglob("*.nb?")}


def test_kernels_are_forgotten_when_any_of_them_is_written_anew_and_only_then(checkout):
    room = checkout / "quant" / "backtest"
    compiled = room / "__pycache__"
    compiled.mkdir(parents=True)
    (room / "exits.py").write_text("@njit\ndef inlined(): return 1\n")
    (room / "words.py").write_text("TITLE = 'Exits'\n")
    made = {"orders.account-12.py311.nbi", "orders.account-12.py311.1.nbc"}
    for expected, name, change in (
        (set(), "words.py", ""),  # nobody knows what those are of that were there before
        (made, "words.py", "TITLE = 'Ends'\n"),
        (set(), "exits.py", "@njit\ndef inlined(): return 2\n"),
        (made, "exits.py", ""),
    ):
        for kernel in made:
            (compiled / kernel).touch()
        with (room / name).open("a") as code:
            code.write(change)

        subprocess.run(script(checkout), check=True)

        assert kernels(checkout) == expected


def test_two_installs_do_not_meet(checkout):
    held = os.open(checkout, os.O_RDONLY)
    fcntl.flock(held, fcntl.LOCK_EX)
    with subprocess.Popen(script(checkout), stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout.readline() == "Another install works in this folder; waiting for it ...\n"
        assert other.poll() is None
        os.close(held)
        assert other.wait(timeout=20) == 0


def test_the_script_says_in_one_line_what_is_wrong(checkout):
    (checkout / RUN).unlink()
    (checkout / RUN).mkdir()  # stands for whatever nobody thought of
    done = subprocess.run(script(checkout), capture_output=True, text=True, check=False)

    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1
    assert done.stderr.startswith("Making the environment .venv failed: [Errno 21] Is a directory")

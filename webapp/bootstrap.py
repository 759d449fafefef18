"""The environment: makes `.venv` with the pinned requirements, and repairs one that is not whole.

`make` runs this file with whatever `python3` the machine has, before anything is installed. So it uses the standard
library only, and Python 3.6 must be able to read it: an old Python then gets a clear line, not a SyntaxError.

An environment counts as installed when its marks say so. A mark is written last and names the requirements and the
Python it was made with; an install that was killed, or made from other pins, has no valid mark and is made anew.
"""

import argparse
import contextlib
import hashlib
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Iterator, Sequence  # noqa: UP035  # collections.abc cannot be subscripted in Python 3.6

NEEDED_PYTHON = (3, 11)
UV = "uv==0.13.9"
RUN = "requirements.txt"
DEVELOP = "requirements-dev.txt"
OUR_CODE = ("webapp", "tasks", "quant", "migrations", "wsgi.py", "celeryconfig.py")
LOG_LINES_SHOWN = 8


class CannotInstall(Exception):
    """The environment cannot be made; the message is a line that says what to do."""


class Environment:
    """The folder `.venv` of a checkout."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.folder = root / ".venv"
        self.python = self.folder / "bin" / "python"
        self.log = self.folder / "install.log"
        self.unfinished = self.folder / "unfinished"

    def mark(self, requirements: str) -> Path:
        """Return the mark that a complete install of these requirements leaves."""
        return self.folder / f"installed-{requirements}"

    def expected_mark(self, requirements: str) -> str:
        """Return what the mark says if the environment was made from these pins by the Python it has now."""
        pins = hashlib.sha256((self.root / requirements).read_bytes()).hexdigest()
        made_with = [line for line in (self.folder / "pyvenv.cfg").read_text().splitlines() if "version" in line]
        return "\n".join([pins, *made_with])

    def has(self, requirements: str) -> bool:
        """Whether the requirements are installed completely; False for a half-finished or outdated install."""
        try:
            return self.mark(requirements).read_text() == self.expected_mark(requirements) and self.python.exists()
        except FileNotFoundError:  # no mark, or no environment at all
            return False

    def finish(self, requirements: str) -> None:
        """Leave the mark; the rename makes it appear whole or not at all."""
        half = self.folder / "mark"
        half.write_text(self.expected_mark(requirements))
        half.replace(self.mark(requirements))

    def run(self, arguments: Sequence[str]) -> bool:
        """Run the environment's Python, its output in the log; return whether it succeeded."""
        with self.log.open("ab") as log:
            log.write(f"\n$ python {' '.join(arguments)}\n".encode())
            log.flush()
            command = [str(self.python), *arguments]
            return subprocess.run(command, stdout=log, stderr=log, cwd=self.root, check=False).returncode == 0  # noqa: S603  # our own list


def check_python(version: Sequence[int]) -> None:
    """Refuse a Python that is too old for the pinned requirements, and a system that we cannot run on."""
    if tuple(version) < NEEDED_PYTHON:
        needed = ".".join(map(str, NEEDED_PYTHON))
        raise CannotInstall(
            f"Assay needs Python {needed} or newer; {sys.executable} is {version[0]}.{version[1]}. "
            f"Name a newer one: make run PYTHON=python{needed}"
        )
    if os.name != "posix":
        raise CannotInstall("Assay runs on Linux and macOS; on Windows use WSL.")


def check_folder(root: Path) -> None:
    """Refuse a folder in which nothing can be written."""
    probe = root / f".writable-{os.getpid()}"
    try:
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise CannotInstall(
            f"The folder {root} cannot be written ({error.strerror}). Clone Assay into a folder of your own."
        ) from error


def check_venv() -> None:
    """Refuse a Python that came without the means to make environments, as Debian's does."""
    try:
        import ensurepip  # noqa: F401, PLC0415  # asked for here, because it may be missing
        import venv  # noqa: F401, PLC0415
    except ImportError as error:
        package = f"python{sys.version_info[0]}.{sys.version_info[1]}-venv"
        raise CannotInstall(
            f"{sys.executable} cannot make environments. Install what it lacks: sudo apt-get install -y {package}"
        ) from error


def install(environment: Environment, wanted: Sequence[str]) -> None:
    """Make the environment whole, whatever state it is in; `wanted` begins with the run-time requirements."""
    missing = [name for name in wanted if not environment.has(name)]
    if not missing:
        return
    check_folder(environment.root)
    began = time.monotonic()
    if RUN in missing or environment.unfinished.exists():
        # A killed install leaves packages that look whole and are not: nothing that lies there can be trusted.
        missing = list(wanted)
        _create(environment)
    say(f"Installing {' and '.join(missing)}: a minute or two, only now ...")
    environment.unfinished.touch()
    _install_packages(environment, missing)
    for name in missing:
        environment.finish(name)
    environment.unfinished.unlink()
    say(f"Installed in {time.monotonic() - began:.0f} s.")


def _create(environment: Environment) -> None:
    check_venv()
    if environment.folder.exists():
        say("The environment .venv is half-finished or outdated: making it anew.")
        shutil.rmtree(environment.folder)
    command = [sys.executable, "-m", "venv", str(environment.folder)]
    made = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)  # noqa: S603  # our own list
    if made.returncode:
        reason = " ".join(made.stdout.decode(errors="replace").split())
        raise CannotInstall(f"Making the environment .venv failed: {reason}")


def _install_packages(environment: Environment, names: Sequence[str]) -> None:
    # The lists are complete locks. Left to resolve them, an installer would refuse the overrides of `pyproject.toml`.
    lists = ["--no-deps", *(part for name in names for part in ("-r", name))]
    pip = ["-m", "pip", "install", "--disable-pip-version-check", "--no-input"]
    uv = ["-m", "uv", "pip", "install", "--compile-bytecode", "--require-hashes", "--python", str(environment.python)]
    if environment.run([*pip, UV]) and environment.run([*uv, *lists]):
        return
    say("uv could not do it; trying pip, which takes longer ...")
    if not environment.run([*pip, "--require-hashes", *lists]):
        end = "\n".join(environment.log.read_text(errors="replace").splitlines()[-LOG_LINES_SHOWN:])
        raise CannotInstall(
            f"Installing the requirements failed: is a package index within reach? The end of {environment.log}:\n{end}"
        )
    environment.run(["-m", "compileall", "-qq", str(environment.folder / "lib")])


def compile_our_code(environment: Environment) -> None:
    """Compile our own modules: where Python is told to write no bytecode, each start would compile them again.

    It is an economy, not a need: in a checkout that belongs to someone else it fails, and nothing is lost but time. Nor
    are there old kernels where nothing may be written.
    """
    command = [str(environment.python), "-I", "-m", "compileall", "-qq", *OUR_CODE]
    subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=environment.root, check=False)  # noqa: S603  # our own list
    with contextlib.suppress(OSError):
        forget_old_kernels(environment.root)


def kernels_digest(root: Path) -> str:
    """Return the hash of all modules that numba compiles a part of, names included."""
    digest = hashlib.sha256()
    for path in sorted((root / "quant").rglob("*.py")):
        code = path.read_bytes()
        if b"njit" in code or b"@kernel" in code:
            digest.update(b"%s\n%d\n" % (str(path.relative_to(root)).encode(), len(code)))
            digest.update(code)
    return digest.hexdigest()


def forget_old_kernels(root: Path) -> None:
    """Delete what numba compiled from other code than there is.

    Numba itself looks at the file of a kernel only, not at those of the kernels that it took into it: after an upgrade
    in the same folder it would run what is no longer written anywhere.
    """
    digest, mark = kernels_digest(root), root / "quant" / "__pycache__" / "kernels"
    if mark.exists() and mark.read_text() == digest:
        return
    for kind in ("*.nbi", "*.nbc"):
        for path in (root / "quant").rglob(kind):
            path.unlink()
    mark.parent.mkdir(parents=True, exist_ok=True)
    mark.write_text(digest)


@contextlib.contextmanager
def only_one(root: Path) -> Iterator[None]:
    """Hold the checkout's lock, so that two installs never work in one folder."""
    import fcntl  # noqa: PLC0415  # only once we know that this system has it

    folder = os.open(root, os.O_RDONLY)
    try:
        try:
            fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("Another install works in this folder; waiting for it ...")
            fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)


def say(line: str) -> None:
    """Tell the person at the terminal, at once."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main(arguments: Sequence[str]) -> int:
    """Make the environment whole; return the exit code."""
    parser = argparse.ArgumentParser(description="Make the environment .venv from the pinned requirements.")
    parser.add_argument("--develop", action="store_true", help="with what tests and linters need")
    wanted = [RUN, DEVELOP] if parser.parse_args(arguments).develop else [RUN]
    try:
        check_python(sys.version_info[:2])
        environment = Environment(Path(__file__).resolve().parent.parent)
        with only_one(environment.root):
            install(environment, wanted)
            compile_our_code(environment)
    except CannotInstall as error:
        sys.stderr.write(f"{error}\n")
        return 2
    except OSError as error:
        sys.stderr.write(f"Making the environment .venv failed: {error}\n")
        return 2
    except KeyboardInterrupt:
        sys.stderr.write("\nStopped. The next `make run` begins the install again.\n")
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

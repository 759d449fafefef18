"""The container image: what goes into it is enough to run, and what must not go into it does not."""

import contextlib
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from webapp.bootstrap import UV

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def image(tmp_path: Path) -> Path:
    """Return a folder with what .dockerignore lets through."""
    folder = tmp_path / "app"
    folder.mkdir()
    for name in re.findall(r"^!(\S+)$", (ROOT / ".dockerignore").read_text(), re.MULTILINE):
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, folder)
    return folder


def test_what_is_in_the_image_is_enough(image, tmp_path):
    settings = {"ASSAY_HOME": str(tmp_path / "data"), "ASSAY_SECRET_KEY": "k" * 32, "ASSAY_EXAMPLE": "false"}
    (tmp_path / "data").mkdir()
    environment = os.environ | settings  # noqa: TID251  # a process's own
    for arguments in (
        ("-m", "webapp", "migrate"),
        ("-m", "webapp", "seed"),
        ("-m", "webapp", "backup", str(tmp_path / "backup.tar")),
        ("-m", "webapp", "restore", "--force", str(tmp_path / "backup.tar")),
        ("-c", "import wsgi, tasks.analyses, tasks.maintenance, tasks.keeper"),
    ):
        done = subprocess.run(
            [sys.executable, *arguments], cwd=image, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"{arguments}: {done.stderr}"


def test_nothing_else_is_in_the_image(image):
    there = {path.name for path in image.iterdir()}

    assert {"quant", "webapp", "tasks", "migrations"} <= there
    assert not {".git", ".env", "var", "tests", "docs"} & there


def test_everything_of_others_is_named_with_its_licence():
    notice = (ROOT / "NOTICE").read_text()
    brought = sorted((ROOT / "webapp" / "static" / "vendor").iterdir())
    packages = re.findall(r"^([a-z][\w-]*)(?:\[\w+\])?==", (ROOT / "requirements.in").read_text(), re.MULTILINE)

    assert "Apache License" in (ROOT / "LICENSE").read_text()
    assert [folder.name for folder in brought if str(folder.relative_to(ROOT)) not in notice] == []
    assert [folder.name for folder in brought if not (folder / "LICENSE").exists()] == []
    assert [name for name in packages if name.removesuffix("-cpu") not in notice] == []
    assert "quant/data/sample" in notice


def test_the_image_runs_as_nobody_in_particular():
    lines = (ROOT / "Dockerfile").read_text().splitlines()
    users = [line.split()[1] for line in lines if line.startswith("USER ")]

    assert users == ["assay"]
    assert lines.index("USER assay") < lines.index('ENTRYPOINT ["python", "-m", "webapp"]')


def test_every_service_runs_a_program_that_exists():
    services = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]
    ours = {name: service for name, service in services.items() if service["image"] == "assay"}
    words = re.search(r"choices=\(([^)]*)\)", (ROOT / "webapp" / "__main__.py").read_text())[1]

    assert set(ours) == {"web", "worker", "data", "beat", "migrate", "seed"}
    assert all(service["command"] == [name] and f'"{name}"' in words for name, service in ours.items())
    assert "ports" not in services["postgres"]
    assert "ports" not in services["valkey"]


def test_our_services_can_write_nothing_but_their_data():
    services = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]
    for service in services.values():
        if service["image"] == "assay":
            assert service["read_only"] is True
            assert service["cap_drop"] == ["ALL"]
            assert service["tmpfs"] == ["/tmp"]  # noqa: S108  # inside the container
            assert [volume.split(":")[1] for volume in service["volumes"]] == ["/data"]
        assert service["security_opt"] == ["no-new-privileges:true"]


def test_every_service_that_stays_has_a_health_check():
    services = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]
    for name, service in services.items():
        is_watched = not service.get("healthcheck", {}).get("disable") or name in {"migrate", "seed"}
        assert is_watched, name


# --- The install and start lines, run ---------------------------------------------------------------------------------

# What stands for what in the image: a folder of ours for the image's root, and the cache of wheels for the network.
_ANSWER_SECONDS = 120.0
_NOBODY = 10001


def lines_of_dockerfile() -> list[str]:
    """Return the instructions of the Dockerfile, each in one line."""
    text = re.sub(r"^#.*\n", "", (ROOT / "Dockerfile").read_text(), flags=re.MULTILINE)
    return [" ".join(line.split()) for line in text.replace("\\\n", " ").splitlines() if line.strip()]


@pytest.fixture
def root() -> Iterator[Path]:
    """A folder that stands for the root of the image's file system; a user without rights may look into it."""
    with tempfile.TemporaryDirectory(prefix="assay-image-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield folder


def built(root: Path) -> dict[str, str]:
    """Run the Dockerfile's instructions below a folder; return the environment that it sets."""
    environment = {"PATH": f"{Path(sys.executable).parent}:/usr/local/bin:/usr/bin:/bin", "HOME": str(root / "home")}
    environment["UV_CACHE_DIR"] = _uv_cache()
    folder = root
    for instruction, _, rest in (line.partition(" ") for line in lines_of_dockerfile()):
        if instruction == "ENV":
            found = dict(pair.split("=", 1) for pair in rest.split())
            environment |= {
                name: _below(root, value.replace("$PATH", environment["PATH"])) for name, value in found.items()
            }
            environment["UV_LINK_MODE"] = "hardlink"  # a copy is for the image; here it would be a gigabyte for nothing
        elif instruction == "WORKDIR":
            folder = root / rest.lstrip("/")
        elif rest == "requirements.txt .":
            shutil.copy(ROOT / "requirements.txt", folder)
        elif rest == ". .":
            _copy_context(folder)
        elif instruction == "RUN":
            _run(_below(root, rest), folder, environment)
    return environment


def _uv_cache() -> str:
    done = subprocess.run([sys.executable, "-m", "uv", "cache", "dir"], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def _below(root: Path, text: str) -> str:
    return re.sub(r"(?<![\w/.])/(opt|app|data)\b", rf"{root}/\1", text)


def _run(line: str, folder: Path, environment: dict[str, str]) -> None:
    # Left out: making the user, which needs root; uv itself, which is here in the version that the line pins.
    line = re.sub(r"useradd [^&]*&& install -d -o assay -g assay -m 700", "install -d -m 700", line)
    assert f"uv=={UV.removeprefix('uv==')} " in line or "pip install" not in line, "the pin of webapp/bootstrap.py"
    line = re.sub(r"pip install --no-cache-dir uv==\S+ && ", "", line).replace("--no-cache ", "")
    line = line.replace("python -m venv", f"{sys.executable} -m venv")
    done = None
    for offline in ("1", "0"):  # the cache has what `make` has installed; a machine without it asks the registry
        done = subprocess.run(
            ["sh", "-euc", line], cwd=folder, env={**environment, "UV_OFFLINE": offline},
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        if done.returncode == 0:
            return
        shutil.rmtree(folder / "opt", ignore_errors=True)
    pytest.fail(f"{line}: {done.stderr if done else ''}")


def _copy_context(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name in re.findall(r"^!(\S+)$", (ROOT / ".dockerignore").read_text(), re.MULTILINE):
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / name, folder)


def settings_of_compose(root: Path, database_url: str, redis_url: str, port: int) -> dict[str, str]:
    """Return what compose.yaml sets, filled in as a person would in .env, with our servers behind the names."""
    services = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]
    given = {"ASSAY_SECRET_KEY": "k" * 32, "ASSAY_ADMIN_EMAIL": "ada@example.org"}
    filled = {
        name: re.sub(r"\$\{(\w+)[^}]*\}", lambda found: given.get(found[1], ""), str(value))
        for name, value in services["web"]["environment"].items()
    }
    assert filled["ASSAY_DATABASE_URL"].endswith("@postgres/assay")
    assert filled["ASSAY_REDIS_URL"].endswith("@valkey:6379/0")
    ours = {"ASSAY_DATABASE_URL": database_url, "ASSAY_REDIS_URL": redis_url, "ASSAY_PORT": str(port)}
    return {**filled, **ours, "ASSAY_WORKER_PROCESSES": "1", "ASSAY_EXAMPLE": "false", "ASSAY_HOME": str(root / "data")}


@pytest.mark.slow
@pytest.mark.broker
@pytest.mark.postgres
def test_what_the_dockerfile_installs_starts_and_is_healthy(root, postgresql_server, valkey):
    environment = built(root)
    postgresql_server.execute("CREATE DATABASE image")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    environment |= settings_of_compose(root, postgresql_server.url("image"), valkey.url, port)
    run = _as_nobody(root, environment, postgresql_server.folder)
    entry = _json(lines_of_dockerfile(), "ENTRYPOINT")
    services = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]
    for name in ("migrate", "seed"):
        done = subprocess.run([*entry, *services[name]["command"]], **run, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
    assert "Password: " in done.stdout

    checks = {name: services[name]["healthcheck"]["test"][1:] for name in services if _stays(services[name])}
    web = _json(lines_of_dockerfile(), "CMD ", "urllib")
    checks["web"] = [part.replace("127.0.0.1:8050", f"127.0.0.1:{port}") for part in web]
    assert set(checks) >= {"web", "worker", "beat"}
    with contextlib.ExitStack() as stack:
        for name in checks:
            stack.enter_context(_started([*entry, *services[name]["command"]], run, root / f"{name}.log"))
        for name, check in checks.items():
            _wait_until_healthy(check, run, root / f"{name}.log")
    if "user" in run:
        mine = [path for path in (root / "app").rglob("*") if path.stat().st_uid == _NOBODY]
        assert mine == [], "the code is only read"


def _stays(service: dict[str, Any]) -> bool:
    return service["image"] == "assay" and "test" in service.get("healthcheck", {})


def _json(lines: list[str], start: str, containing: str = "") -> list[str]:
    found = next(line for line in lines if start in line and containing in line)
    return [str(part) for part in yaml.safe_load(found[found.index("[") :])]


def _as_nobody(root: Path, environment: dict[str, str], socket_folder: Path) -> dict[str, Any]:
    """Return how to run a program as the image does: in its folder, and without rights if we have any to give up."""
    how: dict[str, Any] = {"cwd": root / "app", "env": environment}
    folders = Path(sys.executable).resolve().parents
    if os.geteuid() == 0 and all(folder.stat().st_mode & 0o001 for folder in folders):  # others may reach this Python
        shutil.chown(root / "data", _NOBODY, _NOBODY)
        socket_folder.chmod(0o755)
        how |= {"user": _NOBODY, "group": _NOBODY, "extra_groups": []}
    return how


@contextlib.contextmanager
def _started(command: list[str], run: dict[str, Any], log: Path) -> Iterator[None]:
    with log.open("wb") as output:
        process = subprocess.Popen(command, **run, stdout=output, stderr=output, start_new_session=True)
    try:
        yield
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(signal.SIGTERM)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait(5)


def _wait_until_healthy(check: list[str], run: dict[str, Any], log: Path) -> None:
    until = time.monotonic() + _ANSWER_SECONDS
    while subprocess.run(check, **run, capture_output=True, check=False).returncode != 0:
        assert time.monotonic() < until, f"{check}: {log.read_text()[-2000:]}"
        time.sleep(0.5)

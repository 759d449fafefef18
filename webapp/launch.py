"""The launcher: `python -m webapp up` starts the whole of Assay on one machine, watches it, and ends it.

Order: settings, home folder, lock, port (all cheap, so that a mistake is told at once); then queue and migrations at
the same time; then web and the first data at the same time; then worker and beat, the address, and watching until
somebody stops it.
"""

import contextlib
import http.client
import ipaddress
import os
import re
import secrets
import socket
import sys
import tempfile
import time
from pathlib import Path

from pydantic import SecretStr, ValidationError

from webapp.broker import EmbeddedBroker, answers, embedded_broker
from webapp.config import Settings, load_settings
from webapp.home import forget_secret, has_secret, keep_secret, make_folders, only_one
from webapp.supervision import CannotStart, GaveUp, Group, Program, StopRequested, last_lines

DATA = "data"  # the queue of acquisitions, see `webapp.jobs`, which a launcher need not load
DATA_CHILD_KIB = 300 * 1024  # a child of the data worker that has grown beyond this is replaced between two jobs
HEALTHY_WITHIN_SECONDS = 60.0
BROKER_WITHIN_SECONDS = 10.0
FAILED = 1
SECRET_KEY = "assay_secret_key"  # noqa: S105  # the names of files, not what is in them
REDIS_URL = "assay_redis_url"
KEPT_RUNNING = ("broker", "worker", "data", "beat", "web")
STOPPED_IN_ORDER = (("migrate", "seed", "web", "beat", "data", "worker"), ("broker",))  # they hand back work through it


def programs(settings: Settings) -> dict[str, Program]:
    """Return the programs that Assay consists of; the same lines serve the launcher and each container."""
    python = sys.executable
    celery = (python, "-m", "celery", "-A", "tasks")
    level = settings.log_level
    return {
        "migrate": Program("migrate", (python, "-m", "alembic", "upgrade", "head")),
        "seed": Program("seed", (python, "-m", "webapp.cli", "seed")),
        "web": Program("web", (python, "-m", "gunicorn", "wsgi:app", *_web_options(settings)), grace_seconds=2.5),
        "worker": Program(
            "worker",
            (*celery, "worker", "--loglevel", level, *_worker_options(settings)),
            grace_seconds=3.5,  # a running analysis takes longer; another worker goes on from its last stored stage
        ),
        "data": Program(
            "data",
            (*celery[:-1], "tasks.data", "worker", "--loglevel", level, *_data_options()),
            grace_seconds=3.5,  # as above; an acquisition is begun again
        ),
        "beat": Program("beat", (*celery, "beat", "--scheduler", "tasks.clock:OneClock", "--loglevel", level)),
    }


def _web_options(settings: Settings) -> tuple[str, ...]:
    return (
        *("--bind", _address(settings.host, settings.port), "--worker-class", "gthread"),
        *("--workers", str(settings.web_processes), "--threads", str(settings.web_threads)),
        *("--graceful-timeout", "2"),
        "--no-control-socket",  # it would lie in the user's home, and two installations would share it
    )


def _worker_options(settings: Settings) -> tuple[str, ...]:
    return (
        *("--pool", "prefork", "--concurrency", str(settings.worker_processes)),
        *("--hostname", f"assay-{os.getpid()}@%h"),  # two installations on one machine are two workers
        *("--without-gossip", "--without-mingle"),  # workers learn of each other from the database
    )


def _data_options() -> tuple[str, ...]:
    return (
        *("--queues", DATA, "--pool", "prefork", "--concurrency", "1"),
        *("--max-memory-per-child", str(DATA_CHILD_KIB)),
        *("--hostname", f"assay-data-{os.getpid()}@%h"),
        *("--without-gossip", "--without-mingle"),
    )


def up() -> int:
    """Start everything, watch it until somebody stops it, and end it; return the exit code."""
    try:
        home = _find_home()
        make_folders(home)
        with only_one(home):
            _make_up_secrets(home)
            settings = read_settings()
            _check_port(settings)
            with Group(home / "logs") as group:
                return _run(settings, group)
    except (CannotStart, GaveUp) as error:
        sys.stderr.write(f"{error}\n")
        return FAILED
    except KeyboardInterrupt:  # before there was anything to stop
        return 0


def _run(settings: Settings, group: Group) -> int:
    try:
        _start(settings, group)
        while True:
            _watch(group)
    except StopRequested:
        began = time.monotonic()
        _say("", "Stopping; press Ctrl-C again to stop at once.")
        _stop(group)
        _say(f"Stopped in {time.monotonic() - began:.1f} s. Nothing is lost: what was running goes on next time.")
        return 0
    except GaveUp:
        _stop(group)
        raise


def _stop(group: Group) -> None:
    for wave in STOPPED_IN_ORDER:
        group.stop(name for name in wave if name in group)


def _start(settings: Settings, group: Group) -> None:
    began = time.monotonic()
    _say("Assay")
    _report("data", str(settings.home))
    broker = _start_broker(settings, group)
    parts = programs(settings)
    _run_once(group, parts["migrate"])
    if broker:
        _wait_for_broker(group, broker)
    _report("queue", f"embedded, port {broker.port}" if broker else "ASSAY_REDIS_URL")
    _report("database", "up to date")
    group.start(parts["web"])
    greeting = _run_once(group, parts["seed"])
    _wait_until_healthy(settings, group)
    for name in (
        "worker",
        "data",
        "beat",
    ):  # last: an analysis that waits takes every core as soon as there is a worker
        group.start(parts[name])
    _report("web", f"{settings.web_processes} processes of {settings.web_threads} threads")
    _report("worker", f"{settings.worker_processes} analyses at once")
    _report("logs", str(group.logs))
    _say(*(f"  {line}" for line in greeting.splitlines()))
    _say("", f"Ready after {time.monotonic() - began:.1f} s: http://{_address(_reachable(settings), settings.port)}")
    if not settings.trusted_proxies and not _is_loopback(settings.host):
        _say("Other machines reach this server directly: put a proxy with HTTPS before it (docs/operations.md).")
    _say("Ctrl-C stops it.")


# -- before anything starts ---------------------------------------------------------------------------------------


def read_settings() -> Settings:
    """Read the settings as every program does.

    Raises
    ------
    CannotStart
        If any is missing or wrong; the message names them all.
    """
    try:
        return load_settings()
    except ValidationError as error:
        raise CannotStart(_explain(error)) from error


def _find_home() -> Path:
    """Return the home folder, which has to be known before the secret key that lies in it."""
    try:
        return Settings(secret_key=SecretStr(secrets.token_urlsafe(32))).home
    except ValidationError as error:
        raise CannotStart(_explain(error)) from error


def _explain(error: ValidationError) -> str:
    lines = []
    for problem in error.errors():
        name = "ASSAY_" + "_".join(str(part) for part in problem["loc"]).upper()
        may_be_shown = problem["type"] != "missing" and not _is_secret(problem["loc"])
        found = f"; found {problem['input']!r}" if may_be_shown else ""
        lines.append(f"{name}: {problem['msg']}{found}. See docs/settings.md.")
    return "\n".join(lines)


def _is_secret(location: tuple[int | str, ...]) -> bool:
    field = Settings.model_fields.get(str(location[0])) if location else None
    return field is None or field.annotation is SecretStr


def _make_up_secrets(home: Path) -> None:
    """Make up the secret key that nobody gave, and forget the address of a queue server that is gone."""
    if not has_secret(home, SECRET_KEY):
        keep_secret(home, SECRET_KEY, secrets.token_urlsafe(48))
    forget_secret(home, REDIS_URL)


def _check_port(settings: Settings) -> None:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    try:
        with socket.socket(family) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((settings.host, settings.port))
    except OSError as error:
        raise CannotStart(
            f"Port {settings.port} on {settings.host} cannot be used ({error.strerror}). "
            f"Choose another: make run ASSAY_PORT={settings.port + 1}"
        ) from error


# -- stages ---------------------------------------------------------------------------------------------------------


def _start_broker(settings: Settings, group: Group) -> EmbeddedBroker | None:
    if url := settings.resolved_redis_url:
        if problem := answers(url):
            reason = problem.rstrip(".")
            raise CannotStart(
                f"The server of ASSAY_REDIS_URL does not answer ({reason}). Start it, or correct the URL."
            )
        return None
    broker = embedded_broker(settings.home / "broker")
    keep_secret(settings.home, REDIS_URL, broker.url)
    group.start(broker.program)
    return broker


def _wait_for_broker(group: Group, broker: EmbeddedBroker) -> None:
    deadline = time.monotonic() + BROKER_WITHIN_SECONDS
    while answers(broker.url):
        if time.monotonic() > deadline:
            log = group.logs / "broker.log"
            raise CannotStart(f"The embedded queue server does not answer. The end of {log}:\n{last_lines(log)}")
        _watch(group)


def _run_once(group: Group, program: Program) -> str:
    """Run a program to its end, looking after the others meanwhile; return what it said.

    What it says stays out of the logs when all is well: it may be a password that is shown once.
    """
    with tempfile.TemporaryFile() as output:
        group.start(program, output=output)
        while (code := group.finished(program.name)) is None:
            _watch(group)
        output.seek(0)
        said = output.read().decode(errors="replace").strip()
    if code:
        log = group.logs / f"{program.name}.log"
        log.write_text(said + "\n")
        raise CannotStart(_why(program, said, log))
    return said


def _why(program: Program, said: str, log: Path) -> str:
    if ours := re.search(r"^webapp\.errors\.AppError: (.+)$", said, re.MULTILINE):
        return ours[1]  # said for people, by the migrations: the database is of another version
    errors = [line for line in said.splitlines() if re.match(r"[\w.]*(Error|Exception|[a-z]Down)\b.*: ", line)]
    last = (errors or said.splitlines() or ["it said nothing"])[-1]
    return f"Starting failed at `{' '.join(program.command[1:])}`: {last} (all of it: {log})"


def _wait_until_healthy(settings: Settings, group: Group) -> None:
    deadline = time.monotonic() + HEALTHY_WITHIN_SECONDS
    while not _healthy(settings):
        if time.monotonic() > deadline:
            log = group.logs / "web.log"
            raise CannotStart(f"The web server is not healthy after a minute. The end of {log}:\n{last_lines(log)}")
        _watch(group)


def _healthy(settings: Settings) -> bool:
    connection = http.client.HTTPConnection(_reachable(settings), settings.port, timeout=2)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):  # not there yet
        return False
    finally:
        connection.close()


def _watch(group: Group) -> None:
    _say(*group.watch(name for name in KEPT_RUNNING if name in group))
    group.tick()


# -- words ----------------------------------------------------------------------------------------------------------


def _address(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _reachable(settings: Settings) -> str:
    """Return where a browser on this machine finds us: a server that listens everywhere listens here too."""
    return {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}.get(settings.host, settings.host)  # noqa: S104  # read


def _is_loopback(host: str) -> bool:
    """Whether only this machine reaches a server that listens there; of a name other than localhost we cannot know."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _report(name: str, value: str) -> None:
    _say(f"  {name:<10}{value}")


def _say(*lines: str) -> None:
    with contextlib.suppress(OSError):  # the terminal was closed: nobody reads this, and stopping must go on
        for line in lines:
            sys.stdout.write(f"{line}\n")
        sys.stdout.flush()

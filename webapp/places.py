"""Where stored bytes lie: a folder, or an S3-compatible bucket. Names are the same in both: one is a copy of the other.

What is written appears whole or not at all. A place that does not answer is said to be away, which passes: whoever
needed it tries again later.
"""

import contextlib
import datetime
import io
import logging
import os
import shutil
import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Protocol

from webapp.config import read_bucket_url
from webapp.errors import ServiceUnavailable

if TYPE_CHECKING:
    from pyarrow.fs import S3FileSystem

DRAFTS = "drafts"  # of a folder: what is being written this moment
_CONNECT_SECONDS, _SILENT_SECONDS, _ATTEMPTS = 2.0, 5.0, 3
_HEALTH_SECONDS = 2.0  # whoever asks for health waits no longer
_PIECE_BYTES = 8 * 1024**2
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class StoredFile:
    """A file in a place; `name` is its path there."""

    name: str
    n_bytes: int
    written_at: datetime.datetime


class Place(Protocol):
    """What backups, the clean-up and health checks need of a place."""

    @property
    def title(self) -> str:
        """What it is called in messages: never with a secret in it."""

    def files(self) -> Iterator[StoredFile]:
        """Go through everything that is stored, but for drafts."""

    def open(self, name: str) -> IO[bytes]:
        """Open a file for reading; raises FileNotFoundError if there is none."""

    def write(self, name: str, chunks: Iterable[bytes]) -> None:
        """Write a file, in place of what is there."""

    def problem(self) -> str:
        """Return an empty text if it answers, else what is wrong with it."""


class Folder:
    """A folder of this machine, or one that machines share.

    Parameters
    ----------
    root : Path
        The folder; made on the first write.
    share : Path, optional
        What has to be there already: a shared folder that is not mounted must not be filled as if it were.
    """

    def __init__(self, root: Path, share: Path | None = None) -> None:
        self.root = root
        self.share = share

    @property
    def title(self) -> str:
        """Its path."""
        return str(self.root)

    def require(self) -> None:
        """Make sure that the shared folder is there.

        Raises
        ------
        ServiceUnavailable
            If it is not.
        """
        if self.share is not None and not self.share.is_dir():
            _log.warning("The shared folder of results is not there.", extra={"folder": str(self.share)})
            raise _away()

    def files(self) -> Iterator[StoredFile]:
        """Go through everything that is stored, but for drafts."""
        for path in sorted(self.root.rglob("*")) if self.root.is_dir() else ():
            inside = path.relative_to(self.root)
            if inside.parts[0] != DRAFTS and path.is_file():
                found = path.stat()
                written_at = datetime.datetime.fromtimestamp(found.st_mtime, datetime.UTC)
                yield StoredFile(inside.as_posix(), found.st_size, written_at)

    def open(self, name: str) -> IO[bytes]:
        """Open a file for reading."""
        return (self.root / name).open("rb")

    def write(self, name: str, chunks: Iterable[bytes]) -> None:
        """Write a file, in place of what is there."""
        self.require()
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        half = self.root / DRAFTS / uuid.uuid4().hex
        half.parent.mkdir(exist_ok=True, mode=0o700)
        try:
            with half.open("wb") as file:
                file.writelines(chunks)
            half.replace(path)
        finally:
            half.unlink(missing_ok=True)

    def clear_drafts(self, before: datetime.datetime) -> int:
        """Remove drafts that were begun before a moment, whose writers are dead; return how many."""
        drafts = self.root / DRAFTS
        old = [path for path in drafts.iterdir() if _mtime(path) < before.timestamp()] if drafts.is_dir() else []
        for path in old:
            if path.is_dir():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink(missing_ok=True)
        return len(old)

    def problem(self) -> str:
        """Return an empty text if it can be written, or will be made; else what is wrong with it."""
        if self.share is not None and not self.share.is_dir():
            return f"{self.share} is not there; is it mounted?"
        nearest = next(folder for folder in (self.root, *self.root.parents) if folder.exists())
        return "" if os.access(nearest, os.W_OK | os.X_OK) else f"{nearest} cannot be written"


class Bucket:
    """A part of an S3-compatible bucket.

    The client is made at the first use in each process, because it must not be carried over a fork.

    Parameters
    ----------
    url : str
        `s3://bucket/prefix?region=...&endpoint_override=...&scheme=...`; what is left out is as the SDK finds it.
    access_key, secret_key : str, default=""
        Credentials; empty: from the environment of the SDK, a profile or the machine's role.
    ca_file : str, default=""
        Certificates by which the server is known; empty: the system's.
    """

    def __init__(self, url: str, *, access_key: str = "", secret_key: str = "", ca_file: str = "") -> None:
        self._options: dict[str, Any] = read_bucket_url(url)
        self.root: str = self._options.pop("root")
        if access_key:
            self._options |= {"access_key": access_key, "secret_key": secret_key}
        if ca_file:
            self._options["tls_ca_file_path"] = ca_file
        self._clients: dict[tuple[int, bool], S3FileSystem] = {}

    def below(self, name: str) -> "Bucket":
        """Return a part of this place, with the same client."""
        part = object.__new__(Bucket)
        part.root, part._options, part._clients = f"{self.root}/{name}", self._options, self._clients
        return part

    @property
    def title(self) -> str:
        """Its address without anything else that the setting says."""
        return f"s3://{self.root}"

    def read(self, name: str) -> Any:
        """Return a file as a buffer of Arrow's; raises FileNotFoundError if there is none."""
        with _answers(), self._client().open_input_file(self._path(name)) as stream:
            return stream.read_buffer()

    def open(self, name: str) -> IO[bytes]:
        """Open a file for reading, in large pieces: each is a request."""
        with _answers():
            return io.BufferedReader(self._client().open_input_file(self._path(name)), _PIECE_BYTES)

    def download(self, name: str, target: Path) -> None:
        """Copy a file to this machine; raises FileNotFoundError if there is none."""
        with _answers(), self.open(name) as stream, target.open("wb") as copy:
            shutil.copyfileobj(stream, copy, _PIECE_BYTES)

    def write(self, name: str, chunks: Iterable[Any]) -> None:
        """Write a file, in place of what is there: one request if it is small, else in parts that appear together."""
        with _answers():
            stream = self._client().open_output_stream(self._path(name))
            try:
                for chunk in chunks:
                    stream.write(chunk)
            except BaseException:
                with contextlib.suppress(OSError):  # Arrow cannot abandon a stream, and its end would close it as whole
                    stream.close()
                    self._client().delete_file(self._path(name))
                raise
            stream.close()

    def has(self, name: str) -> bool:
        """Whether there is such a file."""
        with _answers():
            return bool(self._client().get_file_info(self._path(name)).is_file)

    def files(self) -> Iterator[StoredFile]:
        """Go through everything that is stored."""
        for part in self._list(self.root, recursive=False):  # in parts: it may be large
            for found in self._list(part.path, recursive=True):
                if found.is_file:
                    yield StoredFile(found.path.removeprefix(f"{self.root}/"), found.size, found.mtime)

    def remove(self, name: str) -> None:
        """Remove a file, if there is one."""
        with _answers(), contextlib.suppress(FileNotFoundError):
            self._client().delete_file(self._path(name))

    def problem(self) -> str:
        """Return an empty text if the bucket answers, else what is wrong with it."""
        bucket = self.root.partition("/")[0]
        try:
            with _answers():
                is_there = self._client(is_patient=False).get_file_info(bucket).type.name != "NotFound"
        except ServiceUnavailable as error:
            return str(error.__cause__)
        return "" if is_there else f"there is no bucket {bucket}"

    def _list(self, folder: str, *, recursive: bool) -> list[Any]:
        from pyarrow.fs import FileSelector  # noqa: PLC0415  # only who has a bucket loads it

        with _answers():
            wanted = FileSelector(folder, recursive=recursive, allow_not_found=True)
            return list(self._client().get_file_info(wanted))

    def _path(self, name: str) -> str:
        return f"{self.root}/{name}"

    def _client(self, *, is_patient: bool = True) -> "S3FileSystem":
        key = (os.getpid(), is_patient)
        if key not in self._clients:
            from pyarrow.fs import AwsStandardS3RetryStrategy, S3FileSystem  # noqa: PLC0415  # see above

            self._clients[key] = S3FileSystem(
                **self._options,
                connect_timeout=_CONNECT_SECONDS,
                request_timeout=_SILENT_SECONDS if is_patient else _HEALTH_SECONDS,
                retry_strategy=AwsStandardS3RetryStrategy(max_attempts=_ATTEMPTS if is_patient else 1),
                background_writes=False,
                allow_delayed_open=True,  # what is small is one request
            )
        return self._clients[key]


@contextlib.contextmanager
def _answers() -> Iterator[None]:
    try:
        yield
    except FileNotFoundError:
        raise
    except OSError as error:  # what Arrow raises for everything that a server may say or not say
        _log.warning("The bucket of results does not answer as it should.", extra={"error": str(error)})
        raise _away() from error


def _away() -> ServiceUnavailable:
    return ServiceUnavailable("The store of prices and results does not answer. Try again in a moment.")


def _mtime(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except FileNotFoundError:  # its writer has just put it into place
        return float("inf")

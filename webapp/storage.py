"""Where frames and files are kept, addressed by key or content, complete or absent: in a folder or in a bucket.

In a folder, an output is written to a folder of its own and renamed into place, so that a reader never sees half of
it and two writers of one key leave one copy. A bucket cannot rename: there the frames are written under a name that
nobody has had, and then the manifest that names them, in one request; of two writers, the later manifest stays, and
what the other one wrote is cleared away after a day. Outputs are pure functions of their key: it does not matter whose
stays.

Frames are Parquet. Small ones of an output lie one behind the other in one file, its pack: fifteen files cost more than
what stands in them.

Whoever must not write any more, because the work is no longer theirs, is kept out at that moment: `publish` is entered
around the rename or the request, and if it raises, nothing becomes visible.
"""

import datetime
import hashlib
import json
import shutil
import uuid
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from itertools import accumulate, groupby
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from quant.stages import StageOutput, hash_json
from webapp.arrow import read_frame, to_table
from webapp.config import Settings
from webapp.places import DRAFTS, Bucket, Folder, Place

FRAMES, FILES = "frames", "files"
_AT = "at"  # in a manifest: the part of the output's folder in which its frames lie
_FACTS, _PACK = "facts.json", "frames.pack"
_PACKED = "packed"  # in a manifest: where in the pack each small frame begins, and its bytes
PACKED_VALUES = 64 * 1024  # a frame of more has a file of its own
_CHUNK_BYTES = 1024**2
FREELY: AbstractContextManager[object] = nullcontext()  # for whoever owns what they write

pa.set_memory_pool(pa.system_memory_pool())  # the default pool keeps what it once had: 15 MB in every web process


class FrameStore:
    """A `quant.stages.StageStore` on a folder.

    Parameters
    ----------
    root : Path
        Folder of the store; made on the first write.
    share : Path, optional
        A folder that machines share and that has to be there already.
    """

    place: Place

    def __init__(self, root: Path, share: Path | None = None) -> None:
        self.root = root
        self.place = self._folder = Folder(root, share)

    def folder(self, key: str) -> Path:
        """Return where the output of `key` lies, or will."""
        return self.root / key[:2] / key

    def address(self, key: str) -> str:
        """Return the key itself: in a store without scopes every output lies under its own."""
        return key

    def has(self, key: str) -> bool:
        """Whether the output of `key` is stored."""
        return (self.folder(key) / _FACTS).is_file()

    def get(self, key: str, names: Iterable[str] | None = None) -> StageOutput | None:
        """Return what is stored under `key`, or None; `names` limits the frames that are read."""
        try:
            manifest = self._manifest(key)
            wanted = [name for name in manifest["frames"] if names is None or name in set(names)]
            pack = self._pack(key, manifest) if any(name in manifest.get(_PACKED, ()) for name in wanted) else None
            frames = {name: read_frame(self._open(key, name, manifest, pack)) for name in wanted}
        except FileNotFoundError:  # never written, or cleaned up while we looked
            return None
        return StageOutput(frames=frames, facts=manifest["facts"])

    def list_frames(self, key: str) -> list[str]:
        """Return the names of the frames of an output; raises FileNotFoundError if it is not stored."""
        return list(self._manifest(key)["frames"])

    def open_frame(self, key: str, name: str) -> pq.ParquetFile:
        """Open one frame of an output, for who reads its columns in a way of their own.

        Raises
        ------
        FileNotFoundError
            If it is not stored.
        """
        file = self.folder(key) / f"{name}.parquet"
        try:
            return pq.ParquetFile(file)
        except FileNotFoundError:  # unless it is packed or came from a bucket, there is none
            return self._open(key, name, self._manifest(key))

    def put(self, key: str, output: StageOutput, *, publish: AbstractContextManager[object] = FREELY) -> None:
        """Store an output; a second store of the same key changes nothing.

        Parameters
        ----------
        key : str
            Where it will lie.
        output : StageOutput
            What is stored.
        publish : context manager, optional
            Entered around the one moment at which the output becomes visible; if entering raises, it does not.
        """
        target = self.folder(key)
        if not self.has(key):
            self._folder.require()
            draft = self.root / DRAFTS / uuid.uuid4().hex
            draft.mkdir(parents=True)
            try:
                packed = _packed(output.frames)
                for name, frame in output.frames.items():
                    if name not in packed:
                        _write(frame, draft / f"{name}.parquet")
                manifest = {"frames": list(output.frames), "facts": dict(output.facts)}
                if packed:
                    manifest[_PACKED] = _spans(packed)
                    with (draft / _PACK).open("wb") as file:
                        file.writelines(packed.values())
                (draft / _FACTS).write_text(json.dumps(manifest, allow_nan=False))
                target.parent.mkdir(parents=True, exist_ok=True)
                with publish:
                    draft.rename(target)
            except OSError:
                if not self.has(key):  # another writer of the same key may have come first
                    raise
            finally:
                shutil.rmtree(draft, ignore_errors=True)

    def count_bytes(self, key: str) -> int:
        """Return the bytes that the output of `key` takes; 0 if there is none."""
        folder = self.folder(key)
        return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()) if folder.is_dir() else 0

    def remove(self, key: str) -> None:
        """Forget the output of `key`, if there is one: moved away as a whole, then deleted file by file."""
        leaving = self.root / DRAFTS / uuid.uuid4().hex
        leaving.parent.mkdir(parents=True, exist_ok=True)
        with suppress(FileNotFoundError):  # there is none
            self.folder(key).rename(leaving)
        shutil.rmtree(leaving, ignore_errors=True)

    def clear_drafts(self, before: datetime.datetime) -> int:
        """Remove what was begun before a moment and never named, because its writer died; return how much that is."""
        return self._folder.clear_drafts(before)

    def _manifest(self, key: str) -> Any:
        return json.loads((self.folder(key) / _FACTS).read_text())

    def _open(self, key: str, name: str, manifest: Any, pack: pa.Buffer | None = None) -> pq.ParquetFile:
        if name in manifest.get(_PACKED, ()):
            pack = pack or self._pack(key, manifest)
            return pq.ParquetFile(pa.BufferReader(pack.slice(*manifest[_PACKED][name])))
        return self._open_file(key, name, manifest)

    def _open_file(self, key: str, name: str, manifest: Any) -> pq.ParquetFile:
        return pq.ParquetFile(self.folder(key) / manifest.get(_AT, "") / f"{name}.parquet")

    def _pack(self, key: str, manifest: Any) -> pa.Buffer:
        return pa.py_buffer((self.folder(key) / manifest.get(_AT, "") / _PACK).read_bytes())


class BucketFrameStore(FrameStore):
    """A frame store in a bucket.

    Parameters
    ----------
    bucket : Bucket
        Where it lies.
    """

    def __init__(self, bucket: Bucket) -> None:
        self.place = self.bucket = bucket

    def has(self, key: str) -> bool:
        """Whether the output of `key` is stored."""
        return self.bucket.has(_inside(key, _FACTS))

    def open_frame(self, key: str, name: str) -> pq.ParquetFile:
        """Open one frame of an output; raises FileNotFoundError if it is not stored."""
        return self._open(key, name, self._manifest(key))

    def put(self, key: str, output: StageOutput, *, publish: AbstractContextManager[object] = FREELY) -> None:
        """Store an output; a second store of the same key changes nothing, or all of it at once."""
        if self.has(key):
            return
        part = uuid.uuid4().hex
        packed = _packed(output.frames)
        n_bytes = sum(content.size for content in packed.values())
        for name, frame in output.frames.items():
            if name not in packed:
                content = _encoded(frame)
                n_bytes += content.size
                self.bucket.write(_inside(key, part, f"{name}.parquet"), [content])
        manifest = {"frames": list(output.frames), "facts": dict(output.facts), _AT: part, "n_bytes": n_bytes}
        if packed:
            manifest[_PACKED] = _spans(packed)
            self.bucket.write(_inside(key, part, _PACK), packed.values())
        text = json.dumps(manifest, allow_nan=False).encode()
        if not self.has(key):  # another writer may have come first
            with publish:
                self.bucket.write(_inside(key, _FACTS), [text])

    def count_bytes(self, key: str) -> int:
        """Return the bytes that the frames of the output of `key` take; 0 if there is none."""
        try:
            manifest = self._manifest(key)
        except FileNotFoundError:
            return 0
        return int(manifest.get("n_bytes", 0)) + len(json.dumps(manifest["facts"]))

    def remove(self, key: str) -> None:
        """Forget the output of `key`, if there is one: first the manifest, so that nobody finds half of it."""
        with suppress(FileNotFoundError):
            manifest = self._manifest(key)
            self.bucket.remove(_inside(key, _FACTS))
            for name in _file_names(manifest):
                self.bucket.remove(_inside(key, manifest.get(_AT, ""), name))

    def clear_drafts(self, before: datetime.datetime) -> int:
        """Remove frames that were written before a moment and that no manifest names; return how many."""
        n_removed = 0
        for _, group in groupby(self.bucket.files(), key=lambda found: found.name[:2]):  # a part at a time
            old: dict[str, list[str]] = {}
            for found in group:
                _, key, *inside = found.name.split("/")
                if inside != [_FACTS] and found.written_at < before:
                    old.setdefault(key, []).append("/".join(inside))
            for key, names in old.items():
                for name in self._unnamed(key, names):
                    self.bucket.remove(_inside(key, name))
                    n_removed += 1
        return n_removed

    def _unnamed(self, key: str, names: list[str]) -> list[str]:
        try:
            manifest = self._manifest(key)
        except FileNotFoundError:
            return names
        named = {_inside(key, manifest.get(_AT, ""), name) for name in _file_names(manifest)}
        return [name for name in names if _inside(key, name) not in named]

    def _manifest(self, key: str) -> Any:
        return json.loads(self.bucket.read(_inside(key, _FACTS)).to_pybytes())

    def _open_file(self, key: str, name: str, manifest: Any) -> pq.ParquetFile:
        content = self.bucket.read(_inside(key, manifest.get(_AT, ""), f"{name}.parquet"))
        return pq.ParquetFile(pa.BufferReader(content))

    def _pack(self, key: str, manifest: Any) -> pa.Buffer:
        return self.bucket.read(_inside(key, manifest.get(_AT, ""), _PACK))


def _inside(key: str, *names: str) -> str:
    """Return the name of a file of an output, as it is in a folder, too."""
    return "/".join(part for part in (key[:2], key, *names) if part)


def _packed(frames: Mapping[str, pd.DataFrame]) -> dict[str, pa.Buffer]:
    """Return the small frames of an output as they stand in its pack; none if it has only one."""
    small = [name for name, frame in frames.items() if frame.size <= PACKED_VALUES]
    return {name: _encoded(frames[name]) for name in small} if len(small) > 1 else {}


def _spans(packed: Mapping[str, pa.Buffer]) -> dict[str, tuple[int, int]]:
    """Return where in the pack each frame begins, and its bytes."""
    ends = accumulate(content.size for content in packed.values())
    return {name: (end - content.size, content.size) for end, (name, content) in zip(ends, packed.items(), strict=True)}


def _file_names(manifest: Any) -> list[str]:
    """Return the files that hold the frames of a manifest."""
    packed = manifest.get(_PACKED, {})
    return [f"{name}.parquet" for name in manifest["frames"] if name not in packed] + [_PACK] * bool(packed)


def _encoded(frame: pd.DataFrame) -> pa.Buffer:
    stream = pa.BufferOutputStream()
    _write(frame, stream)
    return stream.getvalue()


def _write(frame: pd.DataFrame, file: Path | pa.BufferOutputStream) -> None:
    """Write a frame; it is read as a whole, so statistics and dictionaries of its columns would help nobody.

    Of a small frame, what packs tightest takes as long as all the rest, and saves a tenth.
    """
    compression = "lz4" if frame.size <= PACKED_VALUES else "zstd"
    pq.write_table(to_table(frame), file, compression=compression, use_dictionary=False, write_statistics=False)


class ScopedStore:
    """A stage store that shares nothing with other scopes.

    A re-run must compute afresh, or "the same result hash" would only mean that a file was read twice; but what it has
    computed itself it may find again after a crash.

    Parameters
    ----------
    store : FrameStore
        Where the outputs are kept.
    scope : str
        Whatever tells this scope from all others, such as the public id of the analysis.
    """

    def __init__(self, store: FrameStore, scope: str) -> None:
        self.store = store
        self._scope = scope

    def get(self, key: str) -> StageOutput | None:
        """Return what this scope has stored under `key`, or None."""
        return self.store.get(self.address(key))

    def put(self, key: str, output: StageOutput, *, publish: AbstractContextManager[object] = FREELY) -> None:
        """Store an output in this scope; see `FrameStore.put`."""
        self.store.put(self.address(key), output, publish=publish)

    def address(self, key: str) -> str:
        """Return where the output of `key` lies in the store that scopes share."""
        return hash_json({"scope": self._scope, "key": key})


class FileStore:
    """Files that people brought, as they brought them: a folder, addressed by content, complete or absent.

    Parameters
    ----------
    root : Path
        Folder of the store; made on the first write.
    share : Path, optional
        A folder that machines share and that has to be there already.
    """

    place: Place

    def __init__(self, root: Path, share: Path | None = None) -> None:
        self.root = root
        self.place = self._folder = Folder(root, share)

    def path(self, content_hash: str) -> Path:
        """Return where the file with this content lies, or would."""
        return self.root / content_hash[:2] / content_hash

    @contextmanager
    def local(self, content_hash: str) -> Iterator[Path]:
        """Have the file with this content on this machine for a while.

        Raises
        ------
        FileNotFoundError
            If there is none.
        """
        path = self.path(content_hash)
        path.stat()
        yield path

    def receive(self, chunks: Iterable[bytes]) -> tuple[str, int]:
        """Write a file piece by piece, so that it is never held whole; return the hash and the number of its bytes."""
        self._folder.require()
        draft = self.root / DRAFTS / uuid.uuid4().hex
        draft.parent.mkdir(parents=True, exist_ok=True)
        try:
            content_hash, n_bytes = _receive(draft, chunks)
            target = self.path(content_hash)
            target.parent.mkdir(parents=True, exist_ok=True)
            draft.replace(target)  # the same content may be there already: it is the same file
        finally:
            draft.unlink(missing_ok=True)
        return content_hash, n_bytes

    def clear_drafts(self, before: datetime.datetime) -> int:
        """Remove what was begun before a moment and never finished; return how much that is."""
        return self._folder.clear_drafts(before)

    def remove_unused(self, used: Collection[str], *, before: datetime.datetime) -> int:
        """Remove files that came in before that moment and are not used; return how many went."""
        unused = [
            found for found in self.place.files()
            if found.name.rpartition("/")[2] not in used and found.written_at < before
        ]  # fmt: skip
        return sum(self._remove(found.name, before) for found in unused)

    def _remove(self, name: str, before: datetime.datetime) -> bool:
        """Remove a file, unless the same content came in again meanwhile: then it stays."""
        leaving = self.root / DRAFTS / uuid.uuid4().hex
        leaving.parent.mkdir(parents=True, exist_ok=True)
        try:
            (self.root / name).rename(leaving)
        except FileNotFoundError:  # somebody else removed it
            return False
        if leaving.stat().st_mtime >= before.timestamp():
            leaving.replace(self.root / name)
            return False
        leaving.unlink()
        return True


class BucketFileStore(FileStore):
    """Files that people brought, in a bucket; a folder of this machine holds what is on its way there or back.

    Parameters
    ----------
    bucket : Bucket
        Where they lie.
    scratch : Path
        The folder.
    """

    def __init__(self, bucket: Bucket, scratch: Path) -> None:
        super().__init__(scratch)
        self.place = self.bucket = bucket

    @contextmanager
    def local(self, content_hash: str) -> Iterator[Path]:
        """Have the file with this content on this machine for a while; raises FileNotFoundError if there is none."""
        with self._draft() as draft:
            self.bucket.download(_inside(content_hash), draft)
            yield draft

    def receive(self, chunks: Iterable[bytes]) -> tuple[str, int]:
        """Write a file piece by piece; return the hash and the number of its bytes."""
        with self._draft() as draft:
            content_hash, n_bytes = _receive(draft, chunks)
            with draft.open("rb") as stream:  # also if it is there: it is young again, and nobody clears it away
                self.bucket.write(_inside(content_hash), iter(lambda: stream.read(_CHUNK_BYTES), b""))
        return content_hash, n_bytes

    def _remove(self, name: str, before: datetime.datetime) -> bool:
        del before  # two requests cannot be one: what came in since the list was read is brought again by its owner
        self.bucket.remove(name)
        return True

    @contextmanager
    def _draft(self) -> Iterator[Path]:
        draft = self.root / DRAFTS / uuid.uuid4().hex
        draft.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        try:
            yield draft
        finally:
            draft.unlink(missing_ok=True)


def _receive(draft: Path, chunks: Iterable[bytes]) -> tuple[str, int]:
    digest, n_bytes = hashlib.sha256(), 0
    with draft.open("wb") as stream:
        for chunk in chunks:
            stream.write(chunk)
            digest.update(chunk)
            n_bytes += len(chunk)
    return digest.hexdigest(), n_bytes


def open_frames(settings: Settings) -> FrameStore:
    """Return the frame store that the settings name."""
    place = _place(settings)
    if isinstance(place, Bucket):
        return BucketFrameStore(place.below(FRAMES))
    return FrameStore(place.root / FRAMES, place.share)


def open_files(settings: Settings) -> FileStore:
    """Return the store of files that the settings name."""
    place = _place(settings)
    if isinstance(place, Bucket):
        return BucketFileStore(place.below(FILES), settings.home / "cache" / FILES)
    return FileStore(place.root / FILES, place.share)


def places(settings: Settings) -> dict[str, Place]:
    """Return all places in which files lie that rows name, by what they are called in a backup."""
    return {FRAMES: open_frames(settings).place, FILES: open_files(settings).place}


def _place(settings: Settings) -> Folder | Bucket:
    """Return where results lie."""
    url = settings.results_url.get_secret_value()
    if url.startswith("file:"):
        folder = Path(unquote(urlsplit(url).path))
        return Folder(folder, share=folder)
    if url:
        return Bucket(
            url,
            access_key=settings.results_access_key.get_secret_value(),
            secret_key=settings.results_secret_key.get_secret_value(),
            ca_file=settings.results_ca_file,
        )
    return Folder(settings.home)

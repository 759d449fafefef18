"""Where frames are kept: Parquet files in a folder, addressed by key, complete or absent.

An output is written to a folder of its own and renamed into place, so that a reader never sees half of
it and two writers of one key leave one copy. Outputs are pure functions of their key: it does not matter whose stays.

Whoever must not write any more, because the work is no longer theirs, is kept out at the rename: `publish` is entered
around that one moment, and if it raises, nothing becomes visible.
"""

import hashlib
import json
import shutil
import uuid
from collections.abc import Iterable
from contextlib import AbstractContextManager, nullcontext, suppress
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from quant.stages import StageOutput, hash_json

_FACTS = "facts.json"
FREELY: AbstractContextManager[object] = nullcontext()  # for whoever owns what they write

pa.set_memory_pool(pa.system_memory_pool())  # the default pool keeps what it once had: 15 MB in every web process


class FrameStore:
    """A `quant.stages.StageStore` on a folder.

    Parameters
    ----------
    root : Path
        Folder of the store; made on the first write.
    """

    def __init__(self, root: Path) -> None:
        self.root = root

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
        folder = self.folder(key)
        try:
            manifest = json.loads((folder / _FACTS).read_text())
            wanted = (
                manifest["frames"] if names is None else [name for name in manifest["frames"] if name in set(names)]
            )
            frames = {name: _read(folder / f"{name}.parquet") for name in wanted}
        except FileNotFoundError:  # never written, or cleaned up while we looked
            return None
        return StageOutput(frames=frames, facts=manifest["facts"])

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
            draft = self.root / "drafts" / uuid.uuid4().hex
            draft.mkdir(parents=True)
            try:
                for name, frame in output.frames.items():
                    _write(frame, draft / f"{name}.parquet")
                manifest = {"frames": list(output.frames), "facts": dict(output.facts)}
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
        return sum(file.stat().st_size for file in folder.iterdir()) if folder.is_dir() else 0

    def remove(self, key: str) -> None:
        """Forget the output of `key`, if there is one: moved away as a whole, then deleted file by file."""
        leaving = self.root / "drafts" / uuid.uuid4().hex
        leaving.parent.mkdir(parents=True, exist_ok=True)
        with suppress(FileNotFoundError):  # there is none
            self.folder(key).rename(leaving)
        shutil.rmtree(leaving, ignore_errors=True)


def _write(frame: pd.DataFrame, file: Path) -> None:
    """Write a frame; it is read as a whole, so statistics and dictionaries of its columns would help nobody."""
    table = pa.Table.from_pandas(frame, nthreads=1)
    pq.write_table(table, file, compression="zstd", use_dictionary=False, write_statistics=False)


def _read(file: Path) -> pd.DataFrame:
    """Read a frame with what reads one file: what pandas uses can search folders, and takes 7 MB more."""
    frame: pd.DataFrame = pq.ParquetFile(file).read(use_threads=False).to_pandas(use_threads=False)
    return frame


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
    """

    def __init__(self, root: Path) -> None:
        self.root = root

    def path(self, content_hash: str) -> Path:
        """Return where the file with this content lies, or would."""
        return self.root / content_hash[:2] / content_hash

    def receive(self, chunks: Iterable[bytes]) -> tuple[str, int]:
        """Write a file piece by piece, so that it is never held whole; return the hash and the number of its bytes."""
        draft = self.root / "drafts" / uuid.uuid4().hex
        draft.parent.mkdir(parents=True, exist_ok=True)
        digest, n_bytes = hashlib.sha256(), 0
        try:
            with draft.open("wb") as stream:
                for chunk in chunks:
                    stream.write(chunk)
                    digest.update(chunk)
                    n_bytes += len(chunk)
            target = self.path(digest.hexdigest())
            target.parent.mkdir(parents=True, exist_ok=True)
            draft.replace(target)  # the same content may be there already: it is the same file
        finally:
            draft.unlink(missing_ok=True)
        return digest.hexdigest(), n_bytes

"""What a process has just read and may need again: outputs of stages, and prices, which never change under their name.

Members of a study read the same again and again. The memory is bounded in bytes, and forgets first what was not asked
for the longest.
"""

from collections import OrderedDict

from quant.stages import StageOutput
from webapp.storage import FrameStore, ScopedStore

MOST_BYTES = 16 * 1024**2


class Recent:
    """Outputs by name, up to a number of bytes.

    Parameters
    ----------
    most_bytes : int, default=16 MiB
        Of all frames together. An output of more than a quarter of it is not kept.
    """

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        self._most_bytes = most_bytes
        self._kept: OrderedDict[str, tuple[StageOutput, int]] = OrderedDict()
        self.n_bytes = 0

    def get(self, name: str) -> StageOutput | None:
        """Return what is kept under a name, or None; whoever changes it changes a copy of their own."""
        found = self._kept.get(name)
        if found is None:
            return None
        self._kept.move_to_end(name)
        return found[0].copy()

    def keep(self, name: str, output: StageOutput) -> None:
        """Keep an output, and forget others if there is too much."""
        n_bytes = sum(int(frame.memory_usage(deep=True).sum()) for frame in output.frames.values())
        if name in self._kept or n_bytes > self._most_bytes // 4:
            return
        self._kept[name] = output.copy(), n_bytes
        self.n_bytes += n_bytes
        while self.n_bytes > self._most_bytes:
            _, (_, freed) = self._kept.popitem(last=False)
            self.n_bytes -= freed


class RecentStore:
    """A store of stages that reads what was read lately from memory.

    Parameters
    ----------
    store : FrameStore or ScopedStore
        Where outputs are kept.
    recent : Recent
        The process's memory.
    """

    def __init__(self, store: FrameStore | ScopedStore, recent: Recent) -> None:
        self._store = store
        self._frames = store.store if isinstance(store, ScopedStore) else store
        self._recent = recent
        self.put = store.put

    def get(self, key: str) -> StageOutput | None:
        """Return what is stored under `key`, or None."""
        address = self._store.address(key)
        output = self._recent.get(address) if self._frames.has(address) else None  # it may have been removed since
        if output is None and (output := self._store.get(key)) is not None:
            self._recent.keep(address, output)
        return output

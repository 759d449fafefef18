"""Stages: pure steps whose output is addressed by what went in.

The key of a stage is the hash of its name, its part of the spec, the keys or content hashes of its inputs, the integer
versions of the catalogue entries it used and the versions of the numeric libraries. That one mechanism is the cache,
the resume after a crash, the bit-for-bit re-run and the answer to "what changed?".

Content hashes are of canonical column buffers and schema, never of Parquet bytes, so that a change of file format or
compression changes no hash.
"""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from copy import deepcopy
from dataclasses import dataclass, field
from functools import lru_cache
from importlib.metadata import version
from typing import Any, Protocol

import numpy as np
import pandas as pd

from quant.errors import ModelError

Json = Any

_WIDEST_NUMBER_BYTES = 8  # wider floats differ from one machine to the next


@dataclass(frozen=True)
class StageOutput:
    """What a stage leaves behind: frames by name, and facts that are JSON."""

    frames: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    facts: Mapping[str, Json] = field(default_factory=dict)

    def copy(self) -> "StageOutput":
        """Return a copy that shares no state with this; frames share memory until one of them is written to."""
        frames = {name: frame.copy(deep=False) for name, frame in self.frames.items()}
        return StageOutput(frames, deepcopy(dict(self.facts)))


class StageStore(Protocol):
    """Where stage outputs are kept. Reading back gives equal frames: same values, types, index and column order."""

    def get(self, key: str) -> StageOutput | None:
        """Return the output stored under `key`, or None."""

    def put(self, key: str, output: StageOutput) -> None:
        """Store `output` under `key`; a second store of the same key changes nothing."""


class Peers(Protocol):
    """Who else may be computing the same stages. What is agreed with them changes no result, only who computes it.

    Stages are named by their key, each with its *kind*: words that stages share which take about as long.
    """

    def claim(self, wanted: Mapping[str, str]) -> AbstractContextManager[str | None]:
        """Keep others from computing a stage inside the block.

        Parameters
        ----------
        wanted : mapping of str to str
            Kinds by keys. The first is wanted now; the others may be computed while somebody else computes that.

        Returns
        -------
        context manager of str or None
            The key of the stage to compute, which is not stored yet; None, perhaps after a pause, if there is none,
            because others compute all of them or have just stored one.
        """

    def offer(self, stages: Mapping[str, str]) -> None:
        """Let others compute these stages, kinds by keys, if they are worth it; what was offered before stays so."""

    def withdraw(self) -> None:
        """Offer nothing any more; what others have begun they may finish."""

    def is_begun(self, key: str) -> bool:
        """Whether somebody else computes a stage now."""


class NoPeers:
    """Nobody else: every stage is one's own to compute."""

    def claim(self, wanted: Mapping[str, str]) -> AbstractContextManager[str | None]:
        """Return a context of the first key."""
        return nullcontext(next(iter(wanted)))

    def offer(self, stages: Mapping[str, str]) -> None:
        """There is nobody to offer anything to."""

    def withdraw(self) -> None:
        """There is nothing to take back."""

    def is_begun(self, key: str) -> bool:  # noqa: ARG002  # the protocol's signature
        """Return False."""
        return False


@dataclass(frozen=True)
class Step:
    """A stage that can be computed: its key, its kind (see `Peers`), and how."""

    key: str
    kind: str
    compute: Callable[[], StageOutput]


def obtain(store: StageStore, peers: Peers, wanted: Step, *later: Step) -> StageOutput:
    """Return a stage's output from the store, or compute it and put it there.

    Parameters
    ----------
    store : StageStore
        Where outputs are kept.
    peers : Peers
        Who else may be computing the same.
    wanted : Step
        The stage.
    *later : Step
        Stages that will be wanted next; while somebody else computes `wanted`, they are computed and stored.

    Returns
    -------
    StageOutput
        The output of `wanted`, whoever computed it.

    Raises
    ------
    ModelError
        If `wanted` does not fit. One of `later` that does not is left to when it is wanted.
    """
    steps = {step.key: step for step in (wanted, *later)}
    while (output := store.get(wanted.key)) is None:
        with peers.claim({key: step.kind for key, step in steps.items()}) as key:
            if key is None:
                continue
            try:
                output = steps[key].compute()
            except ModelError:
                if key == wanted.key:
                    raise
                del steps[key]
                continue
            store.put(key, output)
            if key == wanted.key:
                return output
    return output


def help_with(store: StageStore, peers: Peers, open_steps: Callable[[], Sequence[Step]]) -> None:
    """Compute and store stages that the peers hand out, until they hand out none.

    Parameters
    ----------
    store : StageStore
        Where outputs are kept.
    peers : Peers
        Whoever hands out what another run offers.
    open_steps : callable
        `open_steps()` returns the stages that can be computed now. One that does not fit is left to who wants it.
    """
    failed: set[str] = set()
    while steps := {step.key: step for step in open_steps() if step.key not in failed}:
        with peers.claim({key: step.kind for key, step in steps.items()}) as key:
            if key is None:
                return
            try:
                store.put(key, steps[key].compute())
            except ModelError:
                failed.add(key)  # who asked will find out, and say it


class MemoryStore:
    """A stage store in a dict, for notebooks and tests."""

    def __init__(self) -> None:
        self.outputs: dict[str, StageOutput] = {}

    def get(self, key: str) -> StageOutput | None:
        """Return the output stored under `key`, or None."""
        output = self.outputs.get(key)
        return None if output is None else output.copy()

    def put(self, key: str, output: StageOutput) -> None:
        """Store `output` under `key`; a second store of the same key changes nothing."""
        self.outputs.setdefault(key, output.copy())


def pack_bytes(data: bytes) -> pd.DataFrame:
    """Return bytes as a frame of one column, `words`, which a store keeps like any other; `unpack_bytes` undoes it."""
    padded = data + bytes(-len(data) % _WIDEST_NUMBER_BYTES)
    return pd.DataFrame({"words": np.frombuffer(padded, dtype="<i8").astype(np.int64)})


def unpack_bytes(frame: pd.DataFrame, n_bytes: int) -> bytes:
    """Return the first `n_bytes` bytes that `pack_bytes` made a frame of."""
    return frame["words"].to_numpy().astype("<i8").tobytes()[:n_bytes]


def canonical_json(value: Json) -> str:
    """Return JSON with sorted keys and no spaces; floats in their shortest exact form; NaN refused."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def hash_json(value: Json) -> str:
    """Return the SHA-256 of the canonical JSON of `value`, in hex."""
    return hashlib.sha256(canonical_json(value).encode()).hexdigest()


def hash_frame(frame: pd.DataFrame) -> str:
    """Return the SHA-256 of a frame's schema and column buffers, in hex.

    Parameters
    ----------
    frame : DataFrame of shape (n_rows, n_columns)
        Index levels and columns of numbers, booleans, timestamps or strings, with strings or integers as names.

    Returns
    -------
    str
        64 hexadecimal digits. Equal for equal names, types and values in the same order, whatever the memory layout;
        NaN equals NaN and -0.0 equals 0.0. Timestamps are compared as microseconds whatever their unit, strings
        whatever the class that holds them; a missing string equals a missing string only.

    Raises
    ------
    TypeError
        If a column is of another type, a name neither a string nor an integer, or a timestamp finer than microseconds.
    """
    digest = hashlib.sha256()
    index: list[tuple[str, Any, pd.Series | pd.Index]] = [
        ("index", name, frame.index.get_level_values(level) if frame.index.nlevels > 1 else frame.index)
        for level, name in enumerate(frame.index.names)
    ]
    columns: list[tuple[str, Any, pd.Series | pd.Index]] = [("column", name, values) for name, values in frame.items()]
    for part, name, values in (*index, *columns):
        kind, buffer = _canonical_buffer(values)
        digest.update(f"{part}:{_canonical_name(name)}:{kind}:{len(values)}:{len(buffer)};".encode())
        digest.update(buffer)
    return digest.hexdigest()


def _canonical_name(name: object) -> str:
    """Return text that is the same for equal names, and another for the string "1" than for the integer 1."""
    if name is None or isinstance(name, str):
        return canonical_json(name)
    if isinstance(name, (int, np.integer)):
        return str(int(name))
    raise TypeError(f"Expected a string or an integer as the name of a column; found {name!r}.")


def _canonical_buffer(values: pd.Series | pd.Index) -> tuple[str, bytes]:
    """Return a type name and little-endian bytes that are the same for equal values."""
    dtype = values.dtype
    if isinstance(dtype, pd.DatetimeTZDtype):
        return f"time[{dtype.tz}]", _time_buffer(values.to_numpy(dtype=f"datetime64[{dtype.unit}]"), values.name)
    if isinstance(dtype, pd.StringDtype) or dtype == np.dtype("object"):
        return "str", _string_buffer(values)
    if not isinstance(dtype, np.dtype) or dtype.kind not in "Mbiuf" or dtype.itemsize > _WIDEST_NUMBER_BYTES:
        raise TypeError(f"Expected numbers, booleans, timestamps or strings in column {values.name!r}; found {dtype}.")
    if dtype.kind == "M":
        return "time[naive]", _time_buffer(values.to_numpy(), values.name)
    numbers = values.to_numpy()
    if dtype.kind == "f":
        numbers = numbers + 0.0  # -0.0 becomes 0.0
        numbers = np.where(np.isnan(numbers), dtype.type(np.nan), numbers)  # one bit pattern for NaN
    return dtype.name, numbers.astype(dtype.newbyteorder("<")).tobytes()


def _time_buffer(exact: np.ndarray[Any, Any], name: object) -> bytes:
    """Return microseconds since 1970; a finer part would be lost, and is refused."""
    rounded = exact.astype("datetime64[us]")
    if exact.dtype != rounded.dtype and not ((rounded == exact) | np.isnat(exact)).all():
        raise TypeError(f"Expected whole microseconds in column {name!r}; found finer timestamps.")
    return rounded.astype("<i8").tobytes()


def _string_buffer(values: pd.Series | pd.Index) -> bytes:
    """Return each string after its length in bytes, so that no two columns of strings run together to the same."""
    parts = []
    for value in values.tolist():
        if isinstance(value, str):
            encoded = value.encode(errors="surrogatepass")
            parts += [f"{len(encoded)}:".encode(), encoded]
        elif value is None or value is pd.NA or value != value:  # noqa: PLR0124  # NaN alone differs from itself
            parts.append(b"missing:")
        else:
            raise TypeError(f"Expected strings in column {values.name!r}; found {type(value).__name__}.")
    return b"".join(parts)


def hash_output(output: StageOutput) -> str:
    """Return one hash over all frames and facts of a stage output."""
    return hash_json(
        {"frames": {name: hash_frame(frame) for name, frame in output.frames.items()}, "facts": dict(output.facts)}
    )


@lru_cache(maxsize=1)
def numeric_versions() -> dict[str, str]:
    """Return the versions of the libraries that decide numbers: numpy, pandas, scipy, numba, scikit-learn, xgboost."""
    versions = {name: version(name) for name in ("numpy", "pandas", "scipy", "numba", "scikit-learn")}
    for distribution in (
        "xgboost-cpu",
        "xgboost",
    ):  # one library under two names; importing it to ask would cost a second
        try:
            versions["xgboost"] = version(distribution)
        except ModuleNotFoundError:
            continue
        break
    return versions


def stage_key(name: str, *, version: int, spec: Json, inputs: Mapping[str, str]) -> str:
    """Return the address of a stage's output.

    Parameters
    ----------
    name : str
        The stage, such as `"features"`; a part of a stage has a path, such as `"train/fold-3"`.
    version : int
        The integer version of the stage's code; catalogue versions belong into `spec`.
    spec : JSON value
        The part of the spec that the stage depends on, resolved, and nothing more.
    inputs : mapping of str to str
        Keys or content hashes of what the stage reads.

    Returns
    -------
    str
        64 hexadecimal digits.
    """
    return hash_json(
        {"stage": name, "version": version, "spec": spec, "inputs": dict(inputs), "libraries": numeric_versions()}
    )

"""Files that could unfold to much are judged in a process of their own, which has so much memory and time, and no more.

A Parquet file or a workbook says by itself how large it unfolds, and may lie; its readers are large libraries. Text
unfolds to little more than it is, so that small files of text are judged here and cost no start of a process.
"""

import contextlib
import io
import json
import pickle
import resource
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NoReturn, cast

import pandas as pd
import pyarrow as pa

from quant.calendars import session_closes
from quant.data.files.examination import Examination, examine
from quant.data.files.layout import LayoutChoices
from quant.data.files.sniffing import kind_of, refuse
from quant.errors import InvalidSpec, UnreadableFile

_SMALL_TEXT = 4 * 1024**2
# What honest files take: 200 MB of text 1.5 GB and two and a half minutes.
_LEAST_BYTES, _BYTES_PER_BYTE = 1024**3, 12
_LEAST_SECONDS, _SECONDS_PER_MEGABYTE = 30.0, 1.5
_ROOT = Path(__file__).resolve().parents[3]
# Nothing of our own surroundings goes along: secrets may be among them. Other memory pools than that of the system
# reserve addresses by the gigabyte, and each thread many for its stack.
_SURROUNDINGS = {
    "LANG": "C.UTF-8", "ARROW_DEFAULT_MEMORY_POOL": "system", "ARROW_IO_THREADS": "1", "MALLOC_ARENA_MAX": "1",
    **{f"{library}_NUM_THREADS": "1" for library in ("OMP", "OPENBLAS", "MKL")},
}  # fmt: skip
_AT_ONCE = threading.BoundedSemaphore(2)  # of one process, however many threads it has


def judge(
    path: Path, choices: LayoutChoices | None = None, decisions: Mapping[str, str] | None = None, *,
    now: pd.Timestamp | None = None, memory_bytes: int | None = None, seconds: float | None = None,
) -> Examination:  # fmt: skip
    """Read a file of prices and judge it, apart if it could unfold to much.

    Parameters
    ----------
    path, choices, decisions, now
        As `quant.data.files.examination.examine` takes them.
    memory_bytes : int, optional
        Memory for the file beside that of the program itself; by default a GiB and twelve times its size.
    seconds : float, optional
        Time for it; by default half a minute and 1.5 s for each megabyte.

    Returns
    -------
    Examination
        As `examine` returns it; apart, with the text of those rows only that are kept out.

    Raises
    ------
    UnreadableFile
        If there is no table in it, or reading it takes more memory or time than it may.
    InvalidSpec
        If a choice or decision is not possible for this file.
    """
    n_bytes = path.stat().st_size
    if kind_of(path) == "csv" and n_bytes <= _SMALL_TEXT and memory_bytes is None and seconds is None:
        return examine(path, choices, decisions, now=now)
    memory = memory_bytes or _LEAST_BYTES + _BYTES_PER_BYTE * n_bytes
    most_seconds = seconds or _LEAST_SECONDS + _SECONDS_PER_MEGABYTE * n_bytes / 1e6
    question = {
        "path": str(path.resolve()), "choices": (choices or LayoutChoices()).model_dump(mode="json"),
        "decisions": dict(decisions or {}), "now": None if now is None else now.isoformat(), "memory_bytes": memory,
        "seconds": most_seconds,
    }  # fmt: skip
    with _AT_ONCE:
        answer, code, errors = ask("quant.data.files.apart", json.dumps(question).encode(), most_seconds)
    if code == 0:
        return _taken(pickle.loads(answer))  # noqa: S301  # written by `main` below
    if code in {None, -signal.SIGXCPU, -signal.SIGKILL}:
        refuse(
            "too_slow",
            f"Expected a file that is read within {most_seconds:.0f} s; this one takes longer. Split it, or save it as "
            "CSV with the columns of dates and prices only.",
        )
    if -code in {signal.SIGSEGV, signal.SIGABRT, signal.SIGBUS}:  # what libraries do that get no memory
        _refuse_large(memory)
    raise RuntimeError(f"Judging a file ended with {code}: {errors.decode(errors='replace')[-2000:]}")


def ask(module: str, question: bytes, seconds: float) -> tuple[bytes, int | None, bytes]:
    """Return what a module answers that runs in a process of its own.

    Parameters
    ----------
    module : str
        Its name; it reads the question from standard input, confines itself and answers on standard output.
    question : bytes
        What it is asked.
    seconds : float
        After this, and some time for its start, it is ended.

    Returns
    -------
    answer : bytes
        What it wrote.
    code : int or None
        How it ended; None: it had to be ended.
    errors : bytes
        What it wrote to standard error.
    """
    command = [sys.executable, "-m", module]
    with subprocess.Popen(  # noqa: S603  # our own program
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=_ROOT,
        env=_SURROUNDINGS,
    ) as process:  # fmt: skip
        try:
            answer, errors = process.communicate(question, timeout=seconds + 10)  # and for its start
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            return b"", None, b""
    return answer, process.returncode, errors


def confine(memory_bytes: int, seconds: float) -> None:
    """Let this process use so much memory beside what it holds, so many more seconds of a processor, and no more."""
    held = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (held + memory_bytes,) * 2)
    until = int(time.process_time() + seconds) + 1
    resource.setrlimit(resource.RLIMIT_CPU, (until, until + 5))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _taken(answer: Mapping[str, Any]) -> Examination:
    if answer["kind"] == "examination":
        return cast("Examination", answer["examination"])
    if answer["kind"] == "memory":
        _refuse_large(answer["memory_bytes"])
    if answer["kind"] == "choice":
        raise InvalidSpec(answer["message"], field=answer["field"])
    raise UnreadableFile(answer["message"], reason=answer["reason"])


def _refuse_large(memory_bytes: int) -> NoReturn:
    refuse(
        "too_large",
        f"Expected a file that unfolds to at most {memory_bytes / 1024**2:,.0f} MiB of memory; this one takes more. "
        "Split it, or save it as CSV with the columns of dates and prices only.",
    )


def main() -> None:
    """Judge the file that standard input names, and write what comes of it to standard output."""
    question = json.load(sys.stdin)
    _load()
    confine(question["memory_bytes"], question["seconds"])
    answer: dict[str, Any]
    try:
        answer = _judged(question)
        written = pickle.dumps(answer, protocol=pickle.HIGHEST_PROTOCOL)
    except (MemoryError, pa.ArrowMemoryError):
        answer = {"kind": "memory", "memory_bytes": question["memory_bytes"]}
        written = pickle.dumps(answer)
    sys.stdout.buffer.write(written)


def _load() -> None:
    """Load what is otherwise loaded on use: it must not count as the file's."""
    import openpyxl  # noqa: F401, PLC0415  # see above

    session_closes(pd.DatetimeIndex(["2000-01-03"]))


def _judged(question: Mapping[str, Any]) -> dict[str, Any]:
    now = None if question["now"] is None else pd.Timestamp(question["now"])
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            found = examine(
                Path(question["path"]), LayoutChoices(**question["choices"]), question["decisions"], now=now
            )
    except InvalidSpec as error:
        return {"kind": "choice", "message": str(error), "field": error.field}
    except UnreadableFile as error:
        return {"kind": "unreadable", "message": str(error), "reason": error.reason}
    return {"kind": "examination", "examination": found.lightened()}


if __name__ == "__main__":
    main()

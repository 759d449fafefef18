"""A bundle that somebody brings is read in a process of its own first, which has so much memory and time, and no more.

What Parquet unfolds to nobody knows before it is read, and its reader is a large library. The process is told no secret
and answers with words, so that nothing which it has read is taken over from it.
"""

import json
import signal
import sys
import threading
from pathlib import Path

from quant.data.files.apart import ask, confine
from quant.errors import UnreadableFile
from webapp.bundles.reading import Bundle, read

_MEMORY_BYTES = 1024**3
_SECONDS = 60.0
_AT_ONCE = threading.BoundedSemaphore(2)  # of one process, however many threads it has
_OUT_OF_MEMORY = {signal.SIGSEGV, signal.SIGABRT, signal.SIGBUS}  # what libraries do that get none


def judge(path: Path, *, memory_bytes: int = _MEMORY_BYTES, seconds: float = _SECONDS) -> Bundle:
    """Read a bundle apart, and then here what was found sound.

    Parameters
    ----------
    path : Path
        The file.
    memory_bytes : int, optional
        What reading it may take beside the program itself; by default a GiB.
    seconds : float, optional
        Time for it; by default a minute.

    Returns
    -------
    Bundle
        What it holds.

    Raises
    ------
    UnreadableFile
        If it is none, was changed, holds what no answer holds, or reading it takes more than it may.
    """
    question = json.dumps({"path": str(path.resolve()), "memory_bytes": memory_bytes, "seconds": seconds}).encode()
    with _AT_ONCE:
        answer, code, errors = ask("webapp.bundles.apart", question, seconds)
    if code == 0:
        found = json.loads(answer)
        if found["reason"]:
            raise UnreadableFile(found["message"], reason=found["reason"])
        return read(path, is_judged=True)
    if code in {None, -signal.SIGXCPU, -signal.SIGKILL}:
        raise UnreadableFile(
            f"Expected a bundle that is read within {seconds:.0f} s; this one takes longer.", reason="too_slow"
        )
    if -code in _OUT_OF_MEMORY:
        raise _too_large(memory_bytes)
    raise RuntimeError(f"Reading a bundle ended with {code}: {errors.decode(errors='replace')[-2000:]}")


def _too_large(memory_bytes: int) -> UnreadableFile:
    return UnreadableFile(
        f"Expected a bundle that unfolds to at most {memory_bytes >> 20:,} MiB of memory; this one takes more.",
        reason="too_large",
    )


def main() -> None:
    """Read the bundle that standard input names, and say on standard output whether it is sound, or why not."""
    question = json.load(sys.stdin)
    confine(question["memory_bytes"], question["seconds"])
    try:
        read(Path(question["path"]))
        reason, message = "", ""
    except UnreadableFile as error:
        reason, message = error.reason, str(error)
    except MemoryError:  # Arrow's is one too
        refusal = _too_large(question["memory_bytes"])
        reason, message = refusal.reason, str(refusal)
    sys.stdout.write(json.dumps({"reason": reason, "message": message}))


if __name__ == "__main__":
    main()

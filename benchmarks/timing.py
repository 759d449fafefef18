"""Timing of short calls in turns, so that what slows the machine slows all of them."""

import math
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from time import perf_counter

Call = Callable[[], object]
Clock = Callable[[], float]


@dataclass(frozen=True)
class Comparison:
    """Seconds a call of each function, one number a round."""

    samples: Mapping[str, Sequence[float]]

    def seconds(self, name: str) -> float:
        """Return the median of a function."""
        return statistics.median(self.samples[name])

    def ratio(self, name: str, other: str) -> float:
        """Return how many times as long one takes as the other: the median over the rounds."""
        return ratio(self.samples[name], self.samples[other])


def compare(
    functions: Mapping[str, Call], *, rounds: int = 9, least_seconds: float = 0.005, clock: Clock = perf_counter
) -> Comparison:
    """Time functions in turns, each looped until a round lasts `least_seconds`; the first round only warms up."""
    loops = {name: _count_loops(function, least_seconds, clock) for name, function in functions.items()}
    samples: dict[str, list[float]] = {name: [] for name in functions}
    for _ in range(rounds):
        for name, function in functions.items():
            samples[name].append(_seconds(function, loops[name], clock))
    return Comparison(samples)


def ratio(some: Sequence[float], others: Sequence[float]) -> float:
    """Return the median of the ratios of neighbours, which were measured right after one another."""
    return statistics.median(one / other for one, other in zip(some, others, strict=True))


def percentile(values: Sequence[float], share: float) -> float:
    """Return the least value that at least this share of the values does not exceed."""
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)]


def _count_loops(function: Call, least_seconds: float, clock: Clock) -> int:
    function()
    loops = 1
    while (seconds := _seconds(function, loops, clock) * loops) < least_seconds:
        loops = max(loops + 1, min(loops * 10, math.ceil(loops * least_seconds / max(seconds, 1e-9))))
    return loops


def _seconds(function: Call, loops: int, clock: Clock) -> float:
    began = clock()
    for _ in range(loops):
        function()
    return (clock() - began) / loops

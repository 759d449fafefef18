"""The states an analysis goes through, and the stages of its work: words that need no science to be understood."""

from enum import StrEnum


class Status(StrEnum):
    """Where an analysis is; the last three are final."""

    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def is_final(self) -> bool:
        """Whether nothing will happen any more."""
        return self in FINAL


FINAL = frozenset({Status.SUCCEEDED, Status.FAILED, Status.CANCELLED})

# Every move there is. Nothing else may write `status`.
MOVES: dict[Status, frozenset[Status]] = {
    Status.QUEUED: frozenset({Status.RUNNING, Status.CANCELLED, Status.FAILED}),
    Status.RUNNING: frozenset({Status.QUEUED, *FINAL}),
    Status.SUCCEEDED: frozenset(),
    Status.FAILED: frozenset(),
    Status.CANCELLED: frozenset(),
}

# What the workflow shows, in order, and the share of a usual run's time that each stage takes.
STAGES: dict[str, float] = {
    "acquire": 0.01,
    "clean": 0.01,
    "features": 0.03,
    "labels": 0.01,
    "split": 0.01,
    "train": 0.25,
    "tune": 0.26,
    "predict": 0.18,
    "final": 0.02,
    "strategy": 0.01,
    "backtest": 0.01,
    "risk": 0.02,
    "importance": 0.04,
    "paths": 0.02,
    "chance": 0.02,
    "audit": 0.09,
    "report": 0.01,
}

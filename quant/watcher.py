"""Who is told how a run fares."""

from collections.abc import Sequence
from typing import Protocol

from quant.result import TriedModel


class Watcher(Protocol):
    """Who is told how a run fares. Each call may raise, which ends the run."""

    def at(self, stage: str, fraction: float, message: str = "") -> None:
        """Take note that a stage is done by `fraction`, and of a line for the log."""

    def tried(self, models: Sequence[TriedModel]) -> None:
        """Take note of trials, each as soon as it was made."""

    def tuned(self, n_trials: int) -> None:
        """Take note of how many tuning trials there were: a re-run must make as many."""


class Silent:
    """A watcher that takes no note."""

    def at(self, stage: str, fraction: float, message: str = "") -> None:
        """Take no note."""

    def tried(self, models: Sequence[TriedModel]) -> None:
        """Take no note."""

    def tuned(self, n_trials: int) -> None:
        """Take no note."""


class Quiet(Silent):
    """A watcher of something that is repeated inside a stage: it lets the run be cancelled, and notes nothing else.

    Parameters
    ----------
    watcher : Watcher
        That of the run.
    stage : str
        The stage inside which something is repeated.
    fraction : float
        How much of the stage is done.
    """

    def __init__(self, watcher: Watcher, stage: str, fraction: float) -> None:
        self._watcher, self._stage, self._fraction = watcher, stage, fraction

    def at(self, stage: str, fraction: float, message: str = "") -> None:  # noqa: ARG002  # of what is repeated
        """Say only that it goes on."""
        self._watcher.at(self._stage, self._fraction)

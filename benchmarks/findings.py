"""What was found: goals with what was measured, and tables; kept as JSON, so that the document can be made again."""

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

Cell: TypeAlias = str | float | int | None


@dataclass(frozen=True)
class Goal:
    """A number and the limit it is held against."""

    what: str
    measured: float
    limit: float
    unit: str = ""
    at_least: bool = False  # the limit is one from below

    @property
    def holds(self) -> bool:
        """Whether the number keeps to its limit."""
        return self.measured >= self.limit if self.at_least else self.measured <= self.limit


@dataclass(frozen=True)
class Table:
    """Numbers side by side; floats are shown with three digits, None as a dash."""

    caption: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]


@dataclass(frozen=True)
class Finding:
    """What one claim's measurement gave."""

    name: str
    title: str
    goal: str
    how: str
    goals: tuple[Goal, ...]
    tables: tuple[Table, ...]
    circumstances: Mapping[str, str] = field(default_factory=dict)  # when and on what, see `benchmarks.machine`


@dataclass(frozen=True)
class Results:
    """What was found, perhaps in several runs on several machines, with the versions of the last one."""

    versions: Mapping[str, str]
    findings: tuple[Finding, ...]

    def to_json(self) -> dict[str, Any]:
        """Return the results as plain data."""
        return dataclasses.asdict(self)

    def renewed(self, later: "Results", order: Sequence[str]) -> "Results":
        """Return these results, each finding of a later run in the place of its name, in an order of names."""
        findings = {finding.name: finding for finding in (*self.findings, *later.findings)}
        return Results(later.versions, tuple(findings[name] for name in order if name in findings))


def from_json(data: Mapping[str, Any]) -> Results:
    """Return results from the plain data that `Results.to_json` made, also after a round through JSON text."""
    return Results(
        versions=data["versions"],
        findings=tuple(_finding(finding) for finding in data["findings"]),
    )


def _finding(data: Mapping[str, Any]) -> Finding:
    goals = tuple(Goal(**goal) for goal in data["goals"])
    tables = tuple(Table(table["caption"], tuple(table["columns"]), _rows(table["rows"])) for table in data["tables"])
    return Finding(data["name"], data["title"], data["goal"], data["how"], goals, tables, data["circumstances"])


def _rows(rows: Sequence[Sequence[Cell]]) -> tuple[tuple[Cell, ...], ...]:
    return tuple(tuple(row) for row in rows)

"""From results to docs/benchmarks.md. Nothing is measured here."""

from collections.abc import Iterable, Sequence

from benchmarks.findings import Cell, Finding, Goal, Results, Table

_HEAD = """\
# Benchmarks

Made by `make bench`; `python -m benchmarks NAME …` measures single claims and prints them. What is compared was
measured side by side in one run, in turns, so that a machine that slows down slows both. Absolute times belong to the
machine that the claim names and to no other. Its load is the mean of the minute before the start: above 1, take the
times with care.
"""


def render(results: Results) -> str:
    """Return the document."""
    parts = [_HEAD, _versions(results), "## Goals\n", _goals(results.findings)]
    for finding in results.findings:
        parts += [f"## {finding.title}\n", f"`{finding.name}`: {finding.goal}\n", f"{finding.how}\n"]
        parts.append(f"{_circumstances(finding)}\n")
        for table in finding.tables:
            parts += [f"{table.caption}\n", _table(table)]
    return "\n".join(parts)


def text(cell: Cell) -> str:
    """Return a cell as it is shown: three digits of a float, but never fewer than its whole part."""
    if cell is None:
        return "–"
    if not isinstance(cell, float):
        return str(cell)
    size = abs(cell)
    if size >= 100:
        return f"{cell:,.0f}"
    if size >= 10:
        return f"{cell:.1f}"
    return f"{cell:.2f}" if size >= 1 else f"{cell:.3g}"


def _versions(results: Results) -> str:
    versions = ", ".join(f"{name} {version}" for name, version in results.versions.items())
    return f"Versions: {versions}.\n"


def _circumstances(finding: Finding) -> str:
    found = finding.circumstances
    return (
        f"Measured on {found['day']}: {found['processor']}, {found['memory']}, {found['system']}, load {found['load']}."
    )


def _goals(findings: Iterable[Finding]) -> str:
    rows = [
        [f"`{finding.name}`", goal.what, _limit(goal), f"{text(goal.measured)}{_unit(goal)}", _verdict(goal)]
        for finding in findings
        for goal in finding.goals
    ]
    return _lines(["claim", "what", "goal", "measured", "holds"], rows)


def _limit(goal: Goal) -> str:
    return f"{'≥' if goal.at_least else '≤'} {goal.limit:g}{_unit(goal)}"


def _unit(goal: Goal) -> str:
    return f" {goal.unit}" if goal.unit else ""


def _verdict(goal: Goal) -> str:
    return "yes" if goal.holds else "**no**"


def _table(table: Table) -> str:
    return _lines(table.columns, [[text(cell) for cell in row] for row in table.rows])


def _lines(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    ruler = ["---"] * len(columns)
    return "".join(f"| {' | '.join(cells)} |\n" for cells in (columns, ruler, *rows))

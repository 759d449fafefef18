"""`python -m benchmarks` measures every claim and writes docs/benchmarks.md; with names it prints or keeps those."""

import argparse
import importlib
import json
import sys
import time
from dataclasses import replace
from pathlib import Path

from benchmarks.document import render
from benchmarks.findings import Finding, Results, from_json
from benchmarks.machine import circumstances, versions

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "benchmarks" / "results.json"
DOCUMENT = ROOT / "docs" / "benchmarks.md"

# Claims in the order of the document, and the modules that measure them.
CLAIMS = {
    "main_job": "benchmarks.main_job",
    "queue": "benchmarks.queueing",
    "studies": "benchmarks.studying",
    "tuning": "benchmarks.tuning",
    "memory": "benchmarks.memory",
    "start": "benchmarks.start",
    "first_page": "benchmarks.first_page",
    "polls": "benchmarks.polls",
    "lists": "benchmarks.lists",
    "features": "benchmarks.features",
    "bars": "benchmarks.bars",
    "labels": "benchmarks.labels",
    "fractal": "benchmarks.fractal",
    "fracdiff": "benchmarks.fracdiff",
    "backtest": "benchmarks.backtest",
    "measures": "benchmarks.measures",
    "agreement": "benchmarks.agreement",
    "engines": "benchmarks.backtesters",
    "sweep": "benchmarks.sweeping",
    "splits": "benchmarks.splits",
    "crossval": "benchmarks.crossval",
    "audit": "benchmarks.auditing",
    "charts": "benchmarks.charts",
    "uploads": "benchmarks.uploads",
    "report": "benchmarks.reports",
}


def main() -> int:
    """Measure what the command line names."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("claims", nargs="*", metavar="NAME", help=f"one of {', '.join(CLAIMS)}; none: all")
    parser.add_argument("--quick", action="store_true", help="tiny sizes, to see that it works; nothing is written")
    parser.add_argument("--keep", action="store_true", help="write the named claims into the results and the document")
    parser.add_argument("--render", action="store_true", help="make the document again from the kept results")
    arguments = parser.parse_args()
    if unknown := set(arguments.claims) - set(CLAIMS):
        parser.error(f"expected claims of {', '.join(CLAIMS)}; found {', '.join(sorted(unknown))}")
    if arguments.render:
        DOCUMENT.write_text(render(_kept()))
        return 0
    results = measure(arguments.claims or list(CLAIMS), quick=arguments.quick)
    if arguments.quick or (arguments.claims and not arguments.keep):
        sys.stdout.write(render(results))
        return 0
    if arguments.claims:
        results = _kept().renewed(results, list(CLAIMS))
    RESULTS.write_text(json.dumps(results.to_json(), indent=1, ensure_ascii=False) + "\n")
    DOCUMENT.write_text(render(results))
    return 0


def _kept() -> Results:
    return from_json(json.loads(RESULTS.read_text()))


def measure(names: list[str], *, quick: bool) -> Results:
    """Measure claims one after the other, saying how each went."""
    findings = []
    for name in names:
        began, found = time.monotonic(), circumstances()
        finding: Finding = importlib.import_module(CLAIMS[name]).measure(quick=quick)
        finding = replace(finding, circumstances=found)
        findings.append(finding)
        sys.stderr.write(f"{name}, {time.monotonic() - began:.0f} s\n")
        for goal in finding.goals:
            sys.stderr.write(f"  {goal.what}: {goal.measured:.3g} {goal.unit} {'holds' if goal.holds else 'FAILS'}\n")
    return Results(versions(), tuple(findings))


if __name__ == "__main__":
    sys.exit(main())

"""What the gate says about a file: one finding a kind of thing, and what becomes of the rows it names."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, cast

import numpy as np

from quant.data.findings import BoolArray, Severity
from quant.errors import InvalidSpec

Treatment = Literal["said", "repaired", "quarantined", "asked", "refused"]
Decision = Literal["keep", "repair", "quarantine", "refuse"]

MOST_LINES = 100  # that a finding lists; `count` says how many there are

_TREATMENT_OF: dict[Decision, Treatment] = {
    "keep": "said", "repair": "repaired", "quarantine": "quarantined", "refuse": "refused",
}  # fmt: skip


@dataclass(frozen=True)
class Rule:
    """How grave one kind of finding is, what becomes of it unless a person decides, and what they may decide."""

    severity: Severity
    treatment: Treatment
    choices: tuple[Decision, ...] = ()


_ROWS: tuple[Decision, ...] = ("quarantine", "refuse")

RULES: Mapping[str, Rule] = {
    # about the file as a whole
    "encoding": Rule("info", "said"),
    "preamble": Rule("info", "said"),
    "unknown_headers": Rule("info", "said"),
    "unknown_column": Rule("info", "said"),
    "number_format": Rule("info", "said"),
    "date_format": Rule("info", "said"),
    "formula_cell": Rule("warning", "said", ("keep", "refuse")),
    "volume_format": Rule("info", "repaired", ("repair", "refuse")),
    "mixed_timezones": Rule("info", "repaired", ("repair", "refuse")),
    "several_instruments": Rule("info", "asked"),
    "several_sheets": Rule("info", "asked"),
    "days_and_months_exchanged": Rule("error", "refused", ("keep",)),
    "header_missing": Rule("warning", "asked"),
    "date_order_unknown": Rule("error", "asked"),
    "number_format_unknown": Rule("error", "asked"),
    "timezone_unknown": Rule("error", "asked"),
    "stamps_unknown": Rule("error", "asked"),
    "close_only": Rule("warning", "asked"),
    "no_volume": Rule("warning", "asked", ("repair",)),
    "missing_column": Rule("error", "refused"),
    "unnamed_cells": Rule("error", "asked"),
    "repeated_column": Rule("error", "asked"),
    "calendar_unknown": Rule("error", "asked"),
    "stacked_series": Rule("error", "refused", ("keep",)),
    "mixed_currencies": Rule("error", "refused", ("keep",)),
    "interval_unsupported": Rule("error", "refused"),
    "mostly_quarantined": Rule("error", "refused", ("keep",)),
    # about rows by themselves
    "ragged_row": Rule("warning", "quarantined", _ROWS),
    "footer_row": Rule("info", "quarantined", _ROWS),
    "unreadable_date": Rule("error", "quarantined", _ROWS),
    "unreadable_number": Rule("error", "quarantined", _ROWS),
    "naive_timestamp": Rule("warning", "quarantined", _ROWS),
    "skipped_time": Rule("warning", "quarantined", _ROWS),
    "repeated_time": Rule("warning", "quarantined", _ROWS),
    "missing_value": Rule("error", "quarantined", _ROWS),
    "missing_volume": Rule("warning", "repaired", ("repair", *_ROWS)),
    "non_positive_price": Rule("error", "quarantined", _ROWS),
    "negative_volume": Rule("error", "quarantined", _ROWS),
    "rounding": Rule("info", "repaired", ("repair", "refuse")),
    "high_below_low": Rule("error", "repaired", ("repair", *_ROWS)),
    "ohlc_outside_range": Rule("error", "quarantined", ("repair", *_ROWS)),
    "future_timestamp": Rule("error", "quarantined", _ROWS),
    "not_a_session": Rule("warning", "quarantined", _ROWS),
    # about rows among the others
    "unsorted": Rule("warning", "repaired", ("repair", "refuse")),
    "duplicate_timestamp": Rule("warning", "repaired", ("repair", "refuse")),
    "conflicting_duplicate": Rule("error", "quarantined", _ROWS),
    "decimal_slip": Rule("warning", "said", ("keep", "repair", *_ROWS)),
    "price_spike": Rule("warning", "said", ("keep", *_ROWS)),
    "price_jump": Rule("warning", "said", ("keep", "refuse")),
    "split_suspected": Rule("warning", "asked", ("repair", "keep", "refuse")),
    "unit_change_suspected": Rule("warning", "asked", ("repair", "keep", "refuse")),
    "adjusted_close_inconsistent": Rule("warning", "repaired", ("repair", "refuse")),
    "stale_prices": Rule("warning", "said", ("keep", *_ROWS)),
    "repeated_block": Rule("warning", "said", ("keep", *_ROWS)),
    "zero_volume": Rule("warning", "said", ("keep", *_ROWS)),
    "opens_repeat_closes": Rule("warning", "said", ("keep", "refuse")),
    "missing_sessions": Rule("warning", "said", ("keep", "refuse")),
    "gap": Rule("warning", "said", ("keep", "refuse")),
}


@dataclass(frozen=True)
class FileFinding:
    """One kind of thing that was found in a file, where, and what becomes of it.

    Attributes
    ----------
    code : str
        Stable name of the kind, a key of `RULES`.
    severity : {"info", "warning", "error"}
        How grave it is.
    treatment : {"said", "repaired", "quarantined", "asked", "refused"}
        What becomes of it: nothing changes, it is repaired, its rows stay out of the store, a person has to choose
        first, or the file cannot be stored.
    choices : tuple of str
        What a person may decide instead: `keep`, `repair`, `quarantine`, `refuse`.
    count : int
        Number of rows, cells or columns.
    lines : tuple of int
        Lines of the file, from 1; the first 100.
    columns : tuple of str
        Columns of the file that it is about.
    message : str
        What was expected, what was found, what becomes of it or what to do.
    option : str or None
        The choice about the layout that answers it.
    facts : mapping
        Numbers that belong to it, such as a split's ratio.
    """

    code: str
    severity: Severity
    treatment: Treatment
    choices: tuple[Decision, ...]
    count: int
    lines: tuple[int, ...]
    columns: tuple[str, ...]
    message: str
    option: str | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Return the finding as JSON values."""
        return {
            **vars(self), "choices": list(self.choices), "lines": list(self.lines), "columns": list(self.columns),
            "facts": dict(self.facts),
        }  # fmt: skip


def check_decisions(decisions: Mapping[str, str]) -> dict[str, Decision]:
    """Return decisions, if each is one that its kind of finding allows.

    Raises
    ------
    InvalidSpec
        If there is no such kind, or it does not allow this.
    """
    for code, decision in decisions.items():
        allowed = RULES[code].choices if code in RULES else ()
        if decision not in allowed:
            raise InvalidSpec(
                f"Expected for {code} one of {', '.join(allowed) or 'no decision: set what it asks for instead'}; "
                f"found {decision!r}.",
                field="decisions",
            )
    return {code: cast("Decision", decision) for code, decision in decisions.items()}


class Record:
    """What is found while a file is judged, and the rows that are kept out.

    Parameters
    ----------
    lines : ndarray of shape (n_rows,)
        Line of the file of each row.
    decisions : mapping of str to str
        What a person has decided, by the code of a finding.
    """

    def __init__(self, lines: np.ndarray[Any, np.dtype[np.int64]], decisions: Mapping[str, Decision]) -> None:
        self.lines = lines
        self.decisions = decisions
        self.findings: list[FileFinding] = []
        self.reasons: dict[int, str] = {}
        self.without_volume: frozenset[int] = frozenset()  # rows whose zero volume is our word, not the file's

    @property
    def is_blocked(self) -> bool:
        """Whether something has to be chosen or mended before anything can be stored."""
        return any(finding.treatment in {"asked", "refused"} for finding in self.findings)

    def treatment(self, code: str) -> Treatment:
        """Return what becomes of findings of this kind."""
        decision = self.decisions.get(code)
        return _TREATMENT_OF[decision] if decision else RULES[code].treatment

    def rows(self, code: str, where: BoolArray, message: str, **details: Any) -> Treatment:
        """Note a finding about the rows `where`, if there are any, and keep them out if they are quarantined."""
        places = np.flatnonzero(where)
        treatment = details.pop("treatment", None) or self.treatment(code)
        if len(places):
            apart = details.pop("apart", where)
            self.add(code, len(places), message, lines=self.lines[places], treatment=treatment, **details)
            if treatment == "quarantined":
                for place in np.flatnonzero(apart):
                    self.reasons.setdefault(int(place), code)
        return treatment

    def add(
        self, code: str, count: int, message: str, *, lines: Any = (), columns: tuple[str, ...] = (),
        treatment: Treatment | None = None, option: str | None = None, **facts: Any,
    ) -> None:  # fmt: skip
        """Note a finding."""
        rule = RULES[code]
        shown = tuple(int(line) for line in lines[:MOST_LINES])
        chosen = treatment or self.treatment(code)
        self.findings.append(
            FileFinding(code, rule.severity, chosen, rule.choices, count, shown, columns, message, option, facts)
        )


def counted_rows(where: BoolArray) -> str:
    """Return a number of rows as text."""
    n_rows = int(where.sum())
    return "1 row" if n_rows == 1 else f"{n_rows:,} rows"


def sentence(found: str, by_treatment: Mapping[Any, str], treatment: Treatment) -> str:
    """Return what was found and what becomes of it."""
    usual: dict[Treatment, str] = {
        "said": "They are stored as they are.",
        "quarantined": "They stay out of the store and can be downloaded.",
        "refused": "The file is not stored with them.",
    }
    return f"{found} {by_treatment.get(treatment, usual.get(treatment, ''))}".strip()

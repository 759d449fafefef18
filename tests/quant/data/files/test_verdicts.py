"""What the gate may say."""

import numpy as np
import pytest

from quant.data.files.verdicts import RULES, Record, check_decisions, counted_rows, sentence
from quant.errors import InvalidSpec


def test_every_rule_offers_what_differs_from_what_happens_anyway():
    for code, rule in RULES.items():
        assert len(set(rule.choices)) == len(rule.choices), code
        if rule.treatment in {"quarantined", "repaired"}:
            assert {"quarantined": "quarantine", "repaired": "repair"}[rule.treatment] in rule.choices, code


def test_errors_are_never_stored_as_they_are():
    assert not {code for code, rule in RULES.items() if rule.severity == "error" and rule.treatment == "said"}


def test_a_finding_lists_lines_up_to_a_bound_and_counts_all():
    record = Record(np.arange(2, 502), {})
    record.rows("non_positive_price", np.ones(500, dtype=bool), "Found.")
    finding = record.findings[0]

    assert (finding.count, len(finding.lines), finding.lines[0]) == (500, 100, 2)
    assert len(record.reasons) == 500
    assert finding.to_dict()["lines"][:2] == [2, 3]


def test_what_was_decided_becomes_of_it():
    record = Record(np.arange(3), check_decisions({"price_spike": "quarantine"}))

    assert record.rows("price_spike", np.array([True, False, False]), "Found.") == "quarantined"
    assert record.reasons == {0: "price_spike"}
    assert not record.is_blocked
    record.rows("split_suspected", np.array([False, True, False]), "Found.")
    assert record.is_blocked


def test_a_decision_that_is_not_offered_is_refused():
    with pytest.raises(InvalidSpec):
        check_decisions({"negative_volume": "keep"})


def test_a_sentence_says_what_becomes_of_it():
    assert sentence("Found.", {"repaired": "Mended."}, "repaired") == "Found. Mended."
    assert "stay out" in sentence("Found.", {}, "quarantined")
    assert counted_rows(np.array([True, False])) == "1 row"

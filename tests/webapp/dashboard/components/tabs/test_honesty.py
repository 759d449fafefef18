import dataclasses

import pytest

from quant.audit import PARTS
from tests.webapp.dashboard import reading
from webapp.dashboard.components.tabs import honesty


def changed(result, **facts):
    return dataclasses.replace(result, facts={**result.facts, "honesty": {**result.facts["honesty"], **facts}})


@pytest.fixture
def words(view, result):
    return reading.text(honesty.content(view(), result, "light"))


def test_every_part_of_the_audit_says_what_was_compared(words, result):
    assert set(honesty._PARTS) == set(PARTS)
    for name, title in honesty._PARTS.items():
        assert f"{title} : {result.facts['honesty']['audit']['compared'][name]:,} values equal" in words
    assert "At 2 bars of the traded span" in words


def test_a_part_that_failed_is_named_with_column_and_bar(view, result):
    difference = {
        "part": "features", "column": "return_5", "first_bar": "2006-01-03", "cut": "2006-02-01", "n_values": 3,
        "in_words": "return_5 (features) at 2006-01-03 used what came after 2006-02-01.",
    }  # fmt: skip
    audit = {**result.facts["honesty"]["audit"], "passed": False, "differences": [difference]}

    tree = honesty.content(view(), changed(result, audit=audit), "light")

    assert difference["in_words"] in reading.text(tree)
    marks = [reading.attribute(each, "aria-label") for each in reading.of_type(tree, "I")]
    assert marks.count("Failed") == 1


def test_an_audit_that_did_not_run_is_no_passed_audit(view, result):
    tree = honesty.content(view(), changed(result, audit=None), "light")

    assert "look-ahead was not searched for" in reading.text(tree)
    marks = [reading.attribute(each, "aria-label") for each in reading.of_type(tree, "I")]
    assert marks.count("Not tried") == 1


def test_a_part_with_nothing_to_compare_is_not_tried(view, result):
    audit = {**result.facts["honesty"]["audit"], "compared": {"features": 5}}

    assert "nothing to compare" in reading.text(honesty.content(view(), changed(result, audit=audit), "light"))


def test_the_certificate_shows_its_counts_for_both_splits(words, result):
    for certificate in result.facts["honesty"]["purge"].values():
        assert f"{certificate['n_labels_checked']:,}" in words
    assert "No training label meets a test window" in words


def test_it_says_what_it_does_not_prove(words):
    assert "What this does not prove" in words
    assert "ideas tried on paper" in words


def test_findings_in_the_prices_are_shown(view, result):
    data = result.facts["data"]
    found = {
        "code": "x",
        "severity": "warning",
        "message": "Three bars are odd.",
        "count": 3,
        "rows": [],
        "sessions": [],
    }
    instruments = [{**data["instruments"][0], "findings": [found]}, {**data["instruments"][1], "findings": []}]
    facts = {**result.facts, "data": {**data, "instruments": instruments}}

    words = reading.text(honesty.content(view(), dataclasses.replace(result, facts=facts), "light"))

    assert "1 finding" in words
    assert "warning: Three bars are odd." in words
    assert "2004-10-01 to 2006-12-29" in words


def test_folds_are_drawn_on_a_time_line(view, result):
    tree = honesty.content(view(), result, "light")
    drawn = {str(each) for each in reading.ids(tree)}
    assert drawn >= {"analysis-walk-forward-timeline", "analysis-purged-k-fold-timeline"}


def test_an_answer_from_before_spans_were_kept_has_no_time_line(view, result):
    certificates = {
        name: {**each, "folds": [{k: v for k, v in fold.items() if not k.endswith("_spans")} for fold in each["folds"]]}
        for name, each in result.facts["honesty"]["purge"].items()
    }
    tree = honesty.content(view(), changed(result, purge=certificates), "light")
    assert not any("timeline" in str(each) for each in reading.ids(tree))
    assert "No training label meets a test window" in reading.text(tree)


def test_more_folds_than_are_drawn_are_counted(view, result):
    certificate = result.facts["honesty"]["purge"]["walk_forward"]
    many = {**certificate, "folds": [{**certificate["folds"][0], "number": number} for number in range(42)]}
    purge = {**result.facts["honesty"]["purge"], "walk_forward": many}
    assert "the first 30 of 42" in reading.text(honesty.content(view(), changed(result, purge=purge), "light"))


def test_choices_of_each_fold_are_listed(view, result):
    folds = [
        {"fold": fold, "model": "logistic", "title": "Logistic regression", "parameters": {"c": c}, "score": 0.51}
        for fold, c in ((0, 1.0), (1, 0.1), (2, 0.1))
    ]
    found = {"folds": folds, "n_different": 2, "n_later_trials": 3, "score_name": "roc_auc"}
    words = reading.text(honesty.content(view(), changed(result, nested=found), "light"))
    assert "chosen anew for each of 3 folds" in words
    assert "2 models in all" in words
    assert "3 trials that the first did not make count as well" in words
    assert "final Logistic regression c 0.1" in words
    assert "A choice for each fold" not in reading.text(honesty.content(view(), result, "light"))


def test_bars_that_were_gathered_stand_with_their_days_and_their_part_of_the_audit(view, result):
    instrument = result.facts["data"]["instruments"][0]
    bars = {"name": "dollar", "title": "Dollar bars", "a_year": 40.2, "counted": True}
    data = {**result.facts["data"], "bars": bars, "instruments": [{**instrument, "n_bars": 130, "n_days": 801}]}
    audit = result.facts["honesty"]["audit"]
    told = changed(result, audit={**audit, "compared": {"bars": 1234, **audit["compared"]}})
    told = dataclasses.replace(told, facts={**told.facts, "data": data})
    words = reading.text(honesty.content(view(), told, "light"))

    assert "130 dollar bars, of 801 days" in words
    assert "Bars, gathered again : 1,234 values equal" in words

import pandas as pd

from quant.risk.definitions import DEFINITIONS
from tests.webapp.api.answered import answer
from tests.webapp.reports import told
from webapp.reports.blocks import Bullets, Cards, Paragraph, Table
from webapp.reports.content import compose
from webapp.reports.page import to_html
from webapp.reports.tearsheet import to_pdf


def section(title, report=None):
    return next(each for each in (report or told.report()).sections if each.title == title)


def words(title, report=None):
    said = []
    for block in section(title, report).blocks:
        if isinstance(block, Paragraph):
            said.append(block.text)
        elif isinstance(block, Bullets):
            said += [text for _, text in block.items]
        elif isinstance(block, Table):
            said += [cell.text for row in block.rows for cell in row]
    return " ".join(said)


def test_the_verdict_and_its_numbers_come_first():
    report = told.report()

    assert report.verdict.startswith("Not distinguishable from luck: deflated Sharpe 0.95")
    assert report.tone == "doubt"
    [cards] = section("In numbers").blocks
    assert isinstance(cards, Cards)
    values = {each["name"]: each["value"] for each in answer().facts["metrics"]}
    assert {card.label: card.value for card in cards.items}["Sharpe ratio"] == f"{values['sharpe_ratio']:.2f}"


def test_every_measure_stands_with_meaning_formula_and_source():
    told_of = {row[0].text.partition(",")[0] for table in section("Performance").blocks if isinstance(table, Table)
               for row in table.rows}  # fmt: skip
    defined = {row[0].text: row for row in section("Definitions").blocks[0].rows}

    measured = {each["name"] for each in answer().facts["metrics"]}
    assert len(measured) == len(DEFINITIONS) == len(defined)
    assert {DEFINITIONS[name].title.partition(",")[0] for name in measured} == told_of
    assert all(cell.text for row in defined.values() for cell in row)


def test_months_compound_to_what_the_frame_says():
    table = section("Months and years").blocks[0]
    yearly = answer().frames["yearly_returns"].set_index("year")["return"]

    assert [row[0].text for row in table.rows] == [str(int(year)) for year in yearly.index]
    assert [row[13].text for row in table.rows] == [f"{value * 100:.1f}".replace("-", "−") for value in yearly]


def test_what_was_checked_and_what_it_comes_from():
    said = words("Can it be believed?")
    assert "Look-ahead audit passed" in said
    assert "Purge certificate" in said
    assert "37\xa0trials by anyone on these prices" in said
    origin = words("Where it comes from")
    for each in (answer().hash(), answer().facts["data"]["snapshot_hash"], "2004-08-19 to 2007-12-31"):
        assert each in origin
    assert "no advice" in words("What this does not prove")


def test_an_answer_without_trades_or_drawdowns_is_told_too():
    empty = {name: answer().frames[name].iloc[:0] for name in ("trades", "drawdowns", "stress")}
    report = compose(told.view(), told.result(**empty), [], told.NOW)

    assert "Nothing was traded" in words("Trades", report)
    assert "never fell" in words("Drawdowns", report)


def test_of_a_rule_no_model_is_spoken_of():
    report = told.report_of_a_rule()
    question = words("The question", report)

    assert "whole range" in report.subtitle
    assert "a rule says what to hold: crossover of averages" in question.lower()
    assert "Validation" not in question
    assert "Purge certificate" not in words("Can it be believed?", report)
    page, paper = to_html(report).decode(), to_pdf(report)
    assert "first model only learnt" not in page
    assert paper.startswith(b"%PDF")


def test_costs_and_a_divided_book_are_told():
    said = words("What costs and fills decide")
    assert "Five times the costs" in said
    assert "of what it traded" in said or "costs are not what it fails by" in said
    division = pd.DataFrame({"instrument": [0], "latest": [0.4], "mean": [0.5], "least": [0.1], "most": [0.9]})
    report = compose(told.view(), told.result(division=division), [], told.NOW)
    assert "GOOG 40.0" in words("Risk", report)

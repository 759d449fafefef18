import json

import pytest
from dash import no_update
from flask import g

from quant.spec import AnalysisSpec
from tests import factories
from tests.webapp.dashboard import reading
from webapp.dashboard.components.form import controls
from webapp.dashboard.components.form.kept import TEMPLATE
from webapp.dashboard.components.form.schema import sections
from webapp.dashboard.components.not_found import not_found
from webapp.dashboard.pages import new_analysis as page
from webapp.errors import InvalidInput, PermissionDenied
from webapp.services import analyses

pytestmark = pytest.mark.databases("sqlite")


KINDS = (
    controls.FIELD,
    controls.VARIANT,
    controls.PROBLEM,
    controls.ADD,
    controls.ADD_NAME,
    controls.REMOVE,
    TEMPLATE,
)


class Form:
    """The form as the browser sends it: ids and values of what is drawn."""

    def __init__(self, tree):
        self.tree = tree
        named = [each for each in reading.walk(tree) if isinstance(getattr(each, "id", None), dict)]
        self.parts = {kind: [each for each in named if each.id["type"] == kind] for kind in KINDS}
        dropdown = reading.by_id(tree, controls.INSTRUMENTS)
        self.instruments, self.options = dropdown.value, dropdown.options

    def fill(self, path, value):
        field = next(
            each for each in [*self.parts[controls.FIELD], *self.parts[controls.VARIANT]] if each.id["path"] == path
        )
        field.value = value
        return self

    def ids(self, kind):
        return [each.id for each in self.parts[kind]]

    def values(self, kind):
        return [each.value for each in self.parts[kind]]

    def typed(self):
        return (
            self.values(controls.FIELD), self.values(controls.VARIANT), self.instruments,
            self.ids(controls.FIELD), self.ids(controls.VARIANT),
        )  # fmt: skip

    def validate(self):
        answer = page.validate(*self.typed(), self.ids(controls.PROBLEM))
        problems, listed, summaries, changes, classes, cost, text, written = answer
        assert written == text
        paths = [each["path"] for each in self.ids(controls.PROBLEM)]
        return {
            "problems": {path: text_ for path, text_ in zip(paths, problems, strict=True) if text_},
            "listed": listed,
            "summaries": summaries,
            "changes": changes,
            "classes": classes,
            "cost": cost,
            "json": text,
        }

    def rebuild(self, *, add=None, remove=None, template=None):
        clicks = [
            [1 if each.id["path"] == add else None for each in self.parts[controls.ADD]],
            [1 if each.id["path"] == remove else None for each in self.parts[controls.REMOVE]],
            [1 if each.id["name"] == template else None for each in self.parts[TEMPLATE]],
        ]
        drawn, _ = page.rebuild(
            *clicks, self.values(controls.VARIANT), self.ids(controls.ADD), self.values(controls.ADD_NAME),
            self.ids(controls.REMOVE), self.ids(TEMPLATE), self.ids(controls.FIELD), self.values(controls.FIELD),
            self.ids(controls.VARIANT), self.instruments, self.options,
        )  # fmt: skip
        return no_update if drawn is no_update else self.with_form(drawn)

    def with_form(self, drawn):
        reading.by_id(self.tree, "new-analysis-form").children = drawn
        return Form(self.tree)

    def submit(self, *, title="", text=None, n_clicks=1):
        written = self.validate()["json"]
        return page.submit(n_clicks, title, text or written, written, *self.typed())

    def apply(self, text):
        return page.apply_json(text, self.validate()["json"], self.options)


@pytest.fixture
def form(acting, sample):
    with acting("researcher"):
        yield Form(page.layout())


def question(form):
    return AnalysisSpec.model_validate(json.loads(form.validate()["json"]))


def test_a_newcomer_can_run_at_once(form):
    checked = form.validate()

    assert form.instruments == ["GOOG@sample"]
    assert checked["problems"] == {}
    assert checked["listed"] is None
    assert checked["changes"] == [""] * len(sections())
    assert question(form) == AnalysisSpec.model_validate({"instruments": [{"symbol": "GOOG"}]})
    assert "33\u00a0fits in any case" in reading.text(checked["cost"]).replace(" fits", "\u00a0fits")


def test_mistakes_stand_at_their_fields_and_in_a_list(form):
    checked = form.fill("validation.train_bars", "50").fill("features.3.window", "abc").validate()

    assert checked["problems"] == {
        "validation.train_bars": "Expected at least 100; found 50.",
        "features.3.window": "Expected a whole number; found “abc”.",
    }
    assert "2 things to mend" in reading.text(checked["listed"])
    marked = [
        section.name for section, name in zip(sections(), checked["classes"], strict=True) if "has-errors" in name
    ]
    assert marked == ["features", "validation"]
    assert json.loads(checked["json"])["validation"]["train_bars"] == 50
    assert "once the question is complete" in reading.text(checked["cost"])


def test_what_was_changed_is_summed_up(form):
    checked = form.fill("risk.confidence", "0.9").validate()

    changed = dict(zip([section.name for section in sections()], checked["changes"], strict=True))
    assert changed["risk"] == "1 changed"
    assert "Confidence 0.9" in " ".join(checked["summaries"])


def test_entries_are_added_and_removed(form):
    fewer = form.rebuild(remove="models.0")
    assert [each.name for each in question(fewer).models] == ["random_forest", "xgboost"]

    more = fewer.rebuild(add="models")
    assert [each.name for each in question(more).models] == ["random_forest", "xgboost", "logistic"]


def test_an_entry_that_is_there_already_is_added_and_said_to_be_double(form):
    twice = form.rebuild(add="models").validate()

    assert list(twice["problems"]) == ["models"]


def test_nothing_clicked_draws_nothing(form):
    assert form.rebuild() is no_update


def test_a_template_keeps_instruments_and_dates(form):
    form.instruments = ["IBM@sample"]
    form.fill("start", "2005-01-03")

    spec = question(form.rebuild(template="long-short"))

    assert [each.symbol for each in spec.instruments] == ["IBM"]
    assert str(spec.start) == "2005-01-03"
    assert spec.strategy.direction == "long_short"


def test_another_way_of_sizing_brings_its_fields(form):
    changed = form.fill("backtest.sizing.name", "volatility_target").rebuild()

    assert question(changed).backtest.sizing.name == "volatility_target"
    assert changed.rebuild() is no_update


def test_the_json_is_taken_over_into_the_form(form):
    wanted = json.loads(form.validate()["json"])
    wanted["risk"]["confidence"] = 0.9
    wanted["models"] = [{"name": "xgboost", "max_depth": 2}]

    drawn, problems = form.apply(json.dumps(wanted))

    assert problems is None
    spec = question(form.with_form(drawn))
    assert (spec.risk.confidence, spec.models[0].max_depth) == (0.9, 2)


def test_the_forms_own_json_changes_nothing(form):
    assert form.apply(form.validate()["json"]) == (no_update, None)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "This is no JSON"),
        ('{"instruments": []}', "Expected at least 1; found none."),
        ('{"instruments": [{"symbol": "GOOG"}], "colour": "red"}', "There is no such field."),
        ("", "This is no JSON"),
        ("[" * 100_000, "This is no JSON"),
        ("[" * 1000 + "]" * 1000, "to mend before this can run"),
        ('{"seed": ' + "9" * 5000 + "}", "This is no JSON"),
        ('{"seed": NaN}', "This is no JSON"),
        ('{"start": "\\ud800"}', "This is no JSON"),
        ('"' + "x" * 256 * 1024 + '"', "Expected at most 262,144 characters of JSON; found 262,146."),
    ],
    ids=lambda text: text[:20],
)
def test_json_with_mistakes_is_explained_and_changes_nothing(form, text, words):
    drawn, problems = form.apply(text)

    assert drawn is no_update
    assert words in reading.text(problems)


def test_what_the_form_wrote_itself_is_not_blamed_a_second_time(form):
    unfinished = form.fill("validation.train_bars", "50")

    assert unfinished.apply(unfinished.validate()["json"]) == (no_update, None)


def test_running_stores_the_question_and_wakes_a_worker(form, acting, database, jobs_sent):
    form.fill("risk.confidence", "0.9")
    address = form.submit(title="My own title")

    with database.read() as session:
        view = analyses.get(session, g.actor, address.rpartition("/")[2])
    assert view.summary.title == "My own title"
    assert AnalysisSpec.model_validate(view.spec) == question(form)
    assert jobs_sent == ["tasks.analyses.work"]


def test_nothing_runs_before_it_is_asked_or_while_it_has_mistakes(form, jobs_sent):
    assert form.submit(n_clicks=None) is no_update
    assert form.fill("validation.train_bars", "50").submit() is no_update
    assert jobs_sent == []


def test_json_that_the_form_does_not_show_is_never_ignored(form, jobs_sent):
    other = AnalysisSpec.model_validate({"instruments": [{"symbol": "IBM"}]}).model_dump_json()

    with pytest.raises(InvalidInput, match="not in the form yet"):
        form.submit(text=other)
    assert jobs_sent == []


def test_a_question_can_start_from_another(acting, sample, database):
    spec = AnalysisSpec.model_validate({"instruments": [{"symbol": "MSFT"}], "seed": 7})
    with acting() as actor:
        with database.write() as session:
            public_id = analyses.submit(session, actor, spec, title="The first")
        copy = Form(page.layout(**{"from": public_id}))

        assert question(copy) == spec
        assert reading.by_id(copy.tree, "new-analysis-title").value == "The first"


def test_a_question_can_start_from_an_instrument(acting, sample):
    with acting():
        named = question(Form(page.layout(instrument="MSFT@sample")))
        unknown = question(Form(page.layout(instrument="nothing")))

    assert [each.symbol for each in named.instruments] == ["MSFT"]
    assert [each.symbol for each in unknown.instruments] == ["GOOG"]


def test_anothers_question_cannot_be_read_that_way(acting, database):
    with acting() as owner, database.write() as session:
        theirs = factories.create_analysis(session, owner).public_id
    with acting():
        for sent in (theirs, "nothing", "", "\x00", "x" * 5000, [theirs, theirs]):
            assert reading.text(page.layout(**{"from": sent})) == reading.text(not_found())


def test_a_viewer_is_told_why_there_is_no_form(acting, form):
    with acting("viewer"):
        assert "may look at analyses but not run them" in reading.text(page.layout())
        with pytest.raises(PermissionDenied):
            form.submit()


def test_instruments_are_found_by_name_and_the_chosen_ones_stay(acting, sample, monkeypatch):
    monkeypatch.setattr(page, "MOST_OPTIONS", 2)
    with acting():
        found = page.find_instruments("micro", ["IBM@sample", "OLD@sample"], [{}, {}])

    assert [option["value"] for option in found] == ["MSFT@sample", "IBM@sample", "OLD@sample"]


def test_chosen_instruments_are_offered_where_a_feature_asks_for_one():
    assert [option.value for option in page.name_instruments(["GOOG@sample", "BRK-B@yahoo"])] == ["GOOG", "BRK-B"]
    assert page.name_instruments(None) == []


def test_while_all_instruments_are_in_the_list_the_browser_searches_it(form):
    assert page.find_instruments("micro", [], form.options) is no_update


def test_without_any_prices_the_form_says_what_is_missing(acting):
    with acting():
        empty = Form(page.layout())

        assert empty.instruments == []
        assert empty.validate()["problems"] == {"instruments": "Expected at least 1; found none."}

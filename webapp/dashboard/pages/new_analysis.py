"""The form of a new question: one page in the order of the workflow, with templates, JSON and a Run button."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import dash
import orjson
from dash import ALL, Dash, Input, Output, State, html, no_update
from dash.development.base_component import Component

from quant.spec import AnalysisSpec
from webapp import jobs
from webapp.auth.session import client_address, current_actor, parts, read, write
from webapp.dashboard import paths
from webapp.dashboard.components.cards import empty_state
from webapp.dashboard.components.form import controls, kept
from webapp.dashboard.components.form.estimate import Coverage, estimate
from webapp.dashboard.components.form.kept import TEMPLATE
from webapp.dashboard.components.form.options import instrument_options
from webapp.dashboard.components.form.page import draw_page
from webapp.dashboard.components.form.problem_list import problem_list
from webapp.dashboard.components.form.problems import Problem, check
from webapp.dashboard.components.form.schema import sections
from webapp.dashboard.components.form.sections import (
    CHANGED,
    SECTION,
    SUMMARY,
    changed,
    draw_form,
    section_class,
    summary,
)
from webapp.dashboard.components.form.structure import Clicks, Drawn, restructured
from webapp.dashboard.components.form.templates import from_template
from webapp.dashboard.components.form.values import to_instrument, to_question, to_values
from webapp.dashboard.components.limits import allowance_line
from webapp.dashboard.components.not_found import not_found
from webapp.dashboard.components.toasts import tell
from webapp.errors import InvalidInput, NotFound
from webapp.permissions import Permission
from webapp.services import analyses, prices, quotas, templates
from webapp.services.templates import KEPT, TemplateView

PATH = paths.NEW_ANALYSIS
TITLE = "New analysis · Assay"

MOST_OPTIONS = 100
MOST_CHARACTERS = 256 * 1024  # of edited JSON; the largest question there can be needs a tenth

Id = Mapping[str, str]


def layout(**query: str | list[str]) -> Component:
    """Return the form: from another analysis's question, or from the defaults and a named or the first instrument."""
    actor = current_actor()
    if not actor.may(Permission.ANALYSES_RUN):
        sentence = f"Your role, {actor.role}, may look at analyses but not run them. An administrator can change that."
        return html.Section(empty_state("lock", sentence), className="panel")
    with read() as session:
        options = instrument_options(prices.search_instruments(session, actor, limit=MOST_OPTIONS))
        own = templates.list_templates(session, actor)
        left = allowance_line(quotas.get_own(session, actor, only_limited=True))
        if "from" not in query:
            wanted = to_instrument(str(query.get("instrument", "")))
            symbol, origin = wanted["symbol"], wanted["source"]
            found = prices.search_instruments(session, actor, symbol=symbol, source=origin) if symbol else []
            named = instrument_options(found)
            options += [each for each in named if each not in options]
            title, question = "", from_template("default", {"instruments": _first(named or options)})
        elif not paths.is_public_id(query["from"]):
            return not_found()
        else:
            try:
                source = analyses.get(session, actor, str(query["from"]))
            except NotFound:
                return not_found()
            title, question = source.summary.title, source.spec
    return draw_page(title, to_values(question), options, own, left)


def validate(
    field_values: Sequence[Any],
    variant_values: Sequence[Any],
    instruments: Sequence[str] | None,
    field_ids: Sequence[Id],
    variant_ids: Sequence[Id],
    problem_ids: Sequence[Id],
) -> tuple[Any, ...]:
    """Check what stands in the form: mistakes at their fields and in a list, sections in a line, cost, JSON."""
    values = Drawn(field_ids, field_values, variant_ids, variant_values, instruments).values()
    question = to_question(values)
    spec, problems = check(question)
    texts: dict[str, str] = {}
    for problem in problems:
        texts.setdefault(problem.path, problem.text)
    paths_ = [problem.path for problem in problems]
    written = json.dumps(spec.resolved() if spec else question, indent=2)
    return (
        [texts.get(each["path"], "") for each in problem_ids],
        problem_list(problems),
        [summary(section, values) for section in sections()],
        [changed(section, values) for section in sections()],
        [section_class(section, paths_) for section in sections()],
        _estimate_lines(spec),
        written,
        written,
    )


def rebuild(
    added: Sequence[int | None],
    removed: Sequence[int | None],
    chosen: Sequence[int | None],
    variant_values: Sequence[str],
    *state: Any,
) -> tuple[Any, Any]:
    """Draw the form again after an entry was added or removed, another variant or a template was chosen.

    The buttons of the templates are drawn again with it, or the first that was ever clicked would be chosen for ever.
    """
    add_ids, add_names, remove_ids, template_ids, field_ids, field_values, variant_ids, instruments, options = state
    drawn = Drawn(field_ids, field_values, variant_ids, variant_values, instruments)
    name = next((each["name"] for each, n in zip(template_ids, chosen, strict=True) if n), None)
    if name is not None:
        question, own = _begun(name, to_question(drawn.values()))
        return draw_form(to_values(question), options), kept.template_buttons(own)
    clicks = Clicks(add_ids, added, add_names, remove_ids, removed)
    values = restructured(drawn, clicks)
    return no_update if values is None else draw_form(values, options), no_update


def choose_kept(template_id: str | None) -> tuple[str, str, bool, bool]:
    """Show what a template is called and who sees it, when it is chosen to be replaced or deleted."""
    if not template_id:
        return kept.said_of(None)
    with read() as session:
        return kept.said_of(templates.get_template(session, current_actor(), _checked(template_id)))


def keep(
    n_clicks: int | None,
    template_id: str | None,
    name: str | None,
    description: str | None,
    is_shared: bool | None,  # noqa: FBT001  # what the browser sends
    *form: Any,
) -> tuple[Any, ...]:
    """Keep the question of the form as a new template, or in the place of one."""
    if not n_clicks:
        return (no_update,) * 3
    field_values, variant_values, instruments, field_ids, variant_ids = form
    question = to_question(Drawn(field_ids, field_values, variant_ids, variant_values, instruments).values())
    given: dict[str, Any] = {
        "name": str(name or ""),
        "description": str(description or ""),
        "spec": question,
        "is_shared": bool(is_shared),
        "address": client_address(),
    }
    with write() as session:
        actor = current_actor()
        if template_id:
            view = templates.update_template(session, actor, _checked(template_id), **given)
        else:
            view = templates.create_template(session, actor, **given)
        own = templates.list_templates(session, actor)
    tell(f"Kept as {view.name}.")
    return kept.template_buttons(own), kept.targets(own), view.id


def forget(n_clicks: int | None, template_id: str | None) -> tuple[Any, ...]:
    """Delete the template that is chosen."""
    if not n_clicks or not template_id:
        return (no_update,) * 3
    with write() as session:
        actor = current_actor()
        templates.delete_template(session, actor, _checked(template_id), address=client_address())
        own = templates.list_templates(session, actor)
    tell("The template is deleted.")
    return kept.template_buttons(own), kept.targets(own), ""


def apply_json(text: str | None, written: str | None, options: Sequence[Mapping[str, Any]]) -> tuple[Any, Any]:
    """Take edited JSON over into the form if it is a valid question; else say what is wrong and change nothing.

    `written` is the JSON as the form wrote it: equal to it, nobody has edited anything.
    """
    if text == written:
        return no_update, None
    spec, problems = _read_json(text)
    return (
        (no_update, problem_list(problems)) if spec is None else (draw_form(to_values(spec.resolved()), options), None)
    )


def find_instruments(search: str | None, chosen: Sequence[str] | None, options: Sequence[Mapping[str, Any]]) -> Any:
    """Return the instruments that match what is typed, and those that are chosen.

    While all there are fit into the list, the browser searches it by itself.
    """
    if len(options) < MOST_OPTIONS:
        return no_update
    text = (search or "").strip()
    with read() as session:
        found = instrument_options(prices.search_instruments(session, current_actor(), text=text, limit=MOST_OPTIONS))
    known = {option["value"] for option in found}
    return [*found, *({"label": _symbol(key), "value": key} for key in chosen or [] if key not in known)]


def name_instruments(chosen: Sequence[str] | None) -> list[Component]:
    """Offer the chosen instruments wherever the form asks for one of them."""
    return controls.symbol_options(chosen)


def submit(n_clicks: int | None, title: str | None, text: str | None, written: str | None, *form: Any) -> Any:
    """Put the question into the queue and go to its page."""
    if not n_clicks:
        return no_update
    field_values, variant_values, instruments, field_ids, variant_ids = form
    values = Drawn(field_ids, field_values, variant_ids, variant_values, instruments).values()
    spec, _ = check(to_question(values))
    if spec is None:
        return no_update  # `validate` has listed every mistake on the page, and the browser has scrolled there
    if text != written:
        raise InvalidInput("The JSON was edited and is not in the form yet: mend it, or wait a moment, then run.")
    with write() as session:
        public_id = analyses.submit(session, current_actor(), spec, title=title or "", address=client_address())
        parts().queue.send_after_commit(session, jobs.WORK)
    return paths.analysis(public_id)


def register(app: Dash) -> None:
    """Register the page and wire the form."""
    dash.register_page(__name__, path=PATH, title=TITLE, layout=layout)  # type: ignore[no-untyped-call]  # Dash has no types here
    fields = {"type": controls.FIELD, "path": ALL}
    variants = {"type": controls.VARIANT, "path": ALL, "shown": ALL}
    app.callback(
        Output({"type": controls.PROBLEM, "path": ALL}, "children"),
        Output("new-analysis-problems", "children"),
        Output({"type": SUMMARY, "name": ALL}, "children"),
        Output({"type": CHANGED, "name": ALL}, "children"),
        Output({"type": SECTION, "name": ALL}, "className"),
        Output("new-analysis-estimate", "children"),
        Output("new-analysis-json", "value"),
        Output("new-analysis-written", "data"),
        Input(fields, "value"),
        Input(variants, "value"),
        Input(controls.INSTRUMENTS, "value"),
        State(fields, "id"),
        State(variants, "id"),
        State({"type": controls.PROBLEM, "path": ALL}, "id"),
    )(validate)
    app.callback(
        Output("new-analysis-form", "children"),
        Output(kept.LIST, "children"),
        Input({"type": controls.ADD, "path": ALL}, "n_clicks"),
        Input({"type": controls.REMOVE, "path": ALL}, "n_clicks"),
        Input({"type": TEMPLATE, "name": ALL}, "n_clicks"),
        Input(variants, "value"),
        State({"type": controls.ADD, "path": ALL}, "id"),
        State({"type": controls.ADD_NAME, "path": ALL}, "value"),
        State({"type": controls.REMOVE, "path": ALL}, "id"),
        State({"type": TEMPLATE, "name": ALL}, "id"),
        State(fields, "id"),
        State(fields, "value"),
        State(variants, "id"),
        State(controls.INSTRUMENTS, "value"),
        State(controls.INSTRUMENTS, "options"),
        prevent_initial_call=True,
    )(rebuild)
    app.callback(
        Output("new-analysis-form", "children", allow_duplicate=True),
        Output("new-analysis-json-problems", "children"),
        Input("new-analysis-json", "value"),
        State("new-analysis-written", "data"),
        State(controls.INSTRUMENTS, "options"),
        prevent_initial_call=True,
    )(apply_json)
    _register_kept(app, fields, variants)
    _register_run(app, fields, variants)


def _register_kept(app: Dash, fields: dict[str, Any], variants: dict[str, Any]) -> None:
    """Wire keeping, replacing and deleting templates."""
    app.callback(
        Output(kept.NAME, "value"),
        Output(kept.DESCRIPTION, "value"),
        Output(kept.SHARED, "value"),
        Output(kept.DELETE, "hidden"),
        Input(kept.TARGET, "value"),
        prevent_initial_call=True,
    )(choose_kept)
    changed_list = (
        Output(kept.LIST, "children", allow_duplicate=True),
        Output(kept.TARGET, "options", allow_duplicate=True),
        Output(kept.TARGET, "value", allow_duplicate=True),
    )
    app.callback(
        *changed_list,
        Input(kept.SAVE, "n_clicks"),
        State(kept.TARGET, "value"),
        State(kept.NAME, "value"),
        State(kept.DESCRIPTION, "value"),
        State(kept.SHARED, "value"),
        State(fields, "value"),
        State(variants, "value"),
        State(controls.INSTRUMENTS, "value"),
        State(fields, "id"),
        State(variants, "id"),
        prevent_initial_call=True,
    )(keep)
    app.callback(*changed_list, Input(kept.DELETE, "n_clicks"), State(kept.TARGET, "value"), prevent_initial_call=True)(
        forget
    )


def _register_run(app: Dash, fields: dict[str, Any], variants: dict[str, Any]) -> None:
    """Wire the search for instruments and the button that asks the question."""
    app.callback(
        Output(controls.INSTRUMENTS, "options"),
        Input(controls.INSTRUMENTS, "search_value"),
        State(controls.INSTRUMENTS, "value"),
        State(controls.INSTRUMENTS, "options"),
        prevent_initial_call=True,
    )(find_instruments)
    app.callback(Output(controls.SYMBOLS, "children"), Input(controls.INSTRUMENTS, "value"), prevent_initial_call=True)(
        name_instruments
    )
    app.callback(
        Output("new-analysis-url", "href"),
        Input("new-analysis-run", "n_clicks"),
        State("new-analysis-title", "value"),
        State("new-analysis-json", "value"),
        State("new-analysis-written", "data"),
        State(fields, "value"),
        State(variants, "value"),
        State(controls.INSTRUMENTS, "value"),
        State(fields, "id"),
        State(variants, "id"),
        running=[(Output("new-analysis-run", "disabled"), True, False)],
        prevent_initial_call=True,
    )(submit)


def _estimate_lines(spec: AnalysisSpec | None) -> list[Component]:
    if spec is None:
        return [html.P("Known once the question is complete.", className="muted")]
    with read() as session:
        found = prices.search_instruments(session, current_actor(), limit=500)
    coverage = {
        each.symbol: Coverage(each.first_session, each.last_session, each.n_bars)
        for each in found
        if each.first_session and each.last_session
    }
    cost = estimate(spec, coverage)
    lines = cost.in_words() if cost else ["The sessions of these instruments are not known yet."]
    return [html.P(line) for line in lines]


def _begun(name: str, question: Mapping[str, Any]) -> tuple[dict[str, Any], list[TemplateView]]:
    """Return the question that a template begins with, and the templates there are."""
    template_id = kept.kept_id(name)
    with read() as session:
        actor = current_actor()
        own = templates.list_templates(session, actor)
        if template_id is None:
            return from_template(name, question), own
        begun = templates.get_template(session, actor, _checked(template_id))
    return {**begun.spec, "instruments": [], **{key: question[key] for key in KEPT if key in question}}, own


def _checked(template_id: object) -> str:
    """Return the id if it can be one: what the browser sends is input, not memory."""
    if not paths.is_public_id(template_id):
        raise NotFound("There is no such template.")
    return str(template_id)


def _first(options: Sequence[Mapping[str, Any]]) -> list[dict[str, str]]:
    return [to_instrument(options[0]["value"])] if options else []


def _symbol(key: str) -> str:
    return key.rpartition("@")[0]


def _read_json(text: str | None) -> tuple[AnalysisSpec | None, list[Problem]]:
    text = text or ""
    if len(text) > MOST_CHARACTERS:
        return None, [Problem("", f"Expected at most {MOST_CHARACTERS:,} characters of JSON; found {len(text):,}.")]
    try:
        data = orjson.loads(text)  # as strict as REST: json takes NaN, and gives up on what is nested without end
    except orjson.JSONDecodeError as error:
        return None, [Problem("", f"This is no JSON: {error.msg} in line {error.lineno}, column {error.colno}.")]
    return check(data)

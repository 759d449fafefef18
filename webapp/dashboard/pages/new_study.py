"""A new study: a question to start from, what differs, how large it gets, and Run."""

from collections.abc import Sequence
from typing import Any

import dash
import dash_bootstrap_components as dbc
import orjson
from dash import Dash, Input, Output, State, dcc, html, no_update
from dash.development.base_component import Component
from pydantic import ValidationError

from quant.catalog import in_a_sentence
from quant.grid import Axis
from quant.models.catalog import MODELS
from webapp import formats, jobs
from webapp.auth.session import client_address, current_actor, parts, read, write
from webapp.dashboard import paths
from webapp.dashboard.components.attributes import aria
from webapp.dashboard.components.cards import empty_state, icon, panel
from webapp.dashboard.components.form.options import instrument_options
from webapp.dashboard.components.form.templates import TEMPLATES, from_template
from webapp.dashboard.components.form.values import to_instrument
from webapp.dashboard.components.people import labelled
from webapp.errors import InvalidInput, NotFound
from webapp.permissions import Permission
from webapp.services import analyses, prices, studies

PATH = paths.NEW_STUDY
TITLE = "New study · Assay"

MOST_CHARACTERS = 200_000
_FREE_AXES = 3
_EXAMPLES = ("label.horizon", "model.max_depth", "strategy.enter_above")
_VALUES = ("5, 10, 20", "3, 5, 8", "0.5, 0.55, 0.6")
_PATHS = (
    "label.horizon", "model.max_depth", "model.n_trees", "model.n_rounds", "model.learning_rate", "model.c",
    "label", "features", "strategy.direction", "strategy.enter_above", "strategy.exit_below", "backtest.sizing",
    "backtest.costs.commission_bps", "backtest.costs.slippage_bps", "validation.n_folds", "seed",
)  # fmt: skip


def layout(**query: str) -> Component:
    """Return the page; `from` in the address is an analysis whose question it starts from."""
    if not current_actor().may(Permission.ANALYSES_RUN):
        sentence = "Your role may look at analyses, not run them. Ask an administrator for the role of a researcher."
        return html.Section(empty_state("lock", sentence), className="panel")
    question, symbols = _start(query.get("from"))
    with read() as session:
        options = instrument_options(prices.search_instruments(session, current_actor(), limit=500))
    offered = [each["value"] for each in options]
    chosen = [key for key in symbols if key in offered] or offered[:2]
    return html.Div(
        [
            html.Div(html.Div(html.H1("New study"), className="page-header-main"), className="page-header"),
            html.Div([_base_panel(question), _axes_panel(options, chosen), _run_panel()], className="stack"),
            dcc.Location(id="new-study-url", refresh="callback-nav"),
        ]
    )


def begin(name: str | None) -> Any:
    """Return the question that a template begins with."""
    if name not in {template.name for template in TEMPLATES}:
        return no_update
    return _written(from_template(str(name), {}))


def validate(*form: Any) -> tuple[Any, bool]:
    """Say how large the study is, or all that is wrong; and whether it cannot be run."""
    try:
        spec, axes = _asked(*form)
        with read() as session:
            size = studies.measure(session, current_actor(), spec, axes, most=parts().settings.study_members_limit)
    except InvalidInput as error:
        return _problems(error), True
    words = f"{formats.plural(size.n_members, 'analysis', 'analyses')} of at most {formats.count(size.limit)}."
    if size.n_folded:
        words += (
            f" {formats.count(size.n_folded)} of {formats.count(size.n_combinations)} combinations ask what another"
        )
        words += " asks already, and are asked once."
    words += " They share what they compute alike, and give way to analyses that somebody asks alone."
    return html.P(words, className="mb-0"), False


def submit(n_clicks: int | None, title: str | None, *form: Any) -> Any:
    """Put the study into the queue and go to its page."""
    if not n_clicks:
        return no_update
    spec, axes = _asked(*form)
    with write() as session:
        view = studies.create(
            session,
            current_actor(),
            spec=spec,
            axes=axes,
            title=str(title or ""),
            most=parts().settings.study_members_limit,
            address=client_address(),
        )
        parts().queue.send_after_commit(session, jobs.WORK, view.summary.n_members)
    return paths.study(view.id)


def register(app: Dash) -> None:
    """Register the page and wire the form."""
    dash.register_page(__name__, path=PATH, title=TITLE, layout=layout)  # type: ignore[no-untyped-call]  # Dash has no types here
    names = ["new-study-json", "new-study-instruments", "new-study-models"]
    names += [f"new-study-{part}-{place}" for part in ("path", "values") for place in range(_FREE_AXES)]
    app.callback(Output("new-study-json", "value"), Input("new-study-template", "value"), prevent_initial_call=True)(
        begin
    )
    app.callback(
        Output("new-study-size", "children"),
        Output("new-study-run", "disabled"),
        *(Input(name, "value") for name in names),
    )(validate)
    app.callback(
        Output("new-study-url", "href"),
        Input("new-study-run", "n_clicks"),
        State("new-study-title", "value"),
        *(State(name, "value") for name in names),
        prevent_initial_call=True,
    )(submit)


def _start(analysis_id: str | None) -> tuple[dict[str, Any], list[str]]:
    """Return the question to start from, and the instruments that are chosen at first."""
    if paths.is_public_id(analysis_id):
        try:
            with read() as session:
                spec = analyses.get(session, current_actor(), str(analysis_id)).spec
        except NotFound:
            return from_template("quick", {}), []
        return dict(spec), [f"{each['symbol']}@{each['source']}" for each in spec["instruments"]]
    return from_template("quick", {}), []


def _written(question: dict[str, Any]) -> str:
    shown = {name: value for name, value in question.items() if name not in {"instruments", "spec_version"}}
    return orjson.dumps(shown, option=orjson.OPT_INDENT_2).decode()


def _asked(*form: Any) -> tuple[dict[str, Any], list[Axis]]:
    """Return the question and the axes that the form says."""
    text, instruments, models, *free = form
    axes: list[Axis] = []
    if instruments:
        chosen = [to_instrument(str(key)) for key in instruments if "@" in str(key)]
        axes.append(Axis(path="instruments", values=tuple(chosen)))
    if models:
        axes.append(Axis(path="model", values=tuple(str(name) for name in models)))
    for path, values in zip(free[:_FREE_AXES], free[_FREE_AXES:], strict=True):
        if str(path or "").strip() and str(values or "").strip():
            axes.append(_axis(str(path).strip(), str(values)))
    if not axes:
        raise InvalidInput("Choose instruments, models or another thing that differs.")
    return _question(str(text or "")), axes


def _question(text: str) -> dict[str, Any]:
    try:
        question = orjson.loads(text) if len(text) <= MOST_CHARACTERS else None
    except orjson.JSONDecodeError as error:
        raise InvalidInput(f"The question is no JSON: {error.msg} in line {error.lineno}.") from error
    if not isinstance(question, dict):
        raise InvalidInput(f"Expected the question as a JSON object of at most {MOST_CHARACTERS:,} characters.")
    return question


def _axis(path: str, values: str) -> Axis:
    try:
        return Axis(path=path, values=tuple(_values(values)))
    except ValidationError as error:
        problem = error.errors(include_url=False)[0]
        raise InvalidInput(f"“{path}” cannot differ so: {problem['msg']}.") from error


def _values(text: str) -> Sequence[Any]:
    """Return values as they are typed: separated by commas, or as a list of JSON."""
    try:
        found = orjson.loads(text if text.lstrip().startswith("[") else f"[{text}]")
    except orjson.JSONDecodeError:
        found = [_value(each.strip()) for each in text.split(",") if each.strip()]
    return found if isinstance(found, list) else [found]


def _value(text: str) -> Any:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return text


def _problems(error: InvalidInput) -> Component:
    lines = list(error.fields.values()) or [str(error)]
    head = html.Strong(f"{formats.plural(len(lines), 'thing')} to mend before this can run")
    items = [html.Li(f"{line[:1].upper()}{line[1:]}") for line in lines]
    alert: Component = dbc.Alert([head, html.Ul(items, className="mb-0 ps-3")], color="danger", className="mb-0")
    return alert


def _base_panel(question: dict[str, Any]) -> Component:
    choices = [{"label": template.title, "value": template.name} for template in TEMPLATES]
    template = dbc.Select(id="new-study-template", options=choices, placeholder="Start from a template")
    text = dcc.Textarea(
        id="new-study-json", value=_written(question), className="form-control mono", rows=12, spellCheck=False
    )
    title = dbc.Input(id="new-study-title", maxlength=120, autocomplete="off", placeholder="Made from what differs")
    return panel(
        "The question",
        html.Div(
            [
                labelled("Title", title),
                labelled("Start from", template, "Replaces the question below, not what differs."),
            ],
            className="form-grid",
        ),
        html.Details(
            [html.Summary("The question as JSON"), html.Label("Question", htmlFor="new-study-json"), text],
            className="mt-3",
        ),
    )


def _axes_panel(options: list[dict[str, Any]], chosen: list[str]) -> Component:
    instruments = dcc.Dropdown(
        id="new-study-instruments", options=options, value=chosen, multi=True, placeholder="Choose some"
    )
    models = dcc.Dropdown(
        id="new-study-models",
        options=[{"label": model.title, "value": model.model_fields["name"].default} for model in MODELS],
        value=["logistic", "random_forest"],
        multi=True,
        placeholder="As the question has them",
    )
    free = [
        html.Div(
            [
                labelled(
                    f"Another axis, {place + 1}",
                    dbc.Input(
                        id=f"new-study-path-{place}", list="new-study-paths", placeholder=_EXAMPLES[place], debounce=300
                    ),
                ),
                labelled(
                    f"Its values, {place + 1}",
                    dbc.Input(id=f"new-study-values-{place}", placeholder=_VALUES[place], debounce=300),
                ),
            ],
            className="form-grid",
        )
        for place in range(_FREE_AXES)
    ]
    return panel(
        "What differs",
        html.P("Each combination of what you choose here is one analysis.", className="muted"),
        html.Div(
            [
                html.Div(
                    [
                        labelled("Instruments, one after the other", instruments),
                        labelled("Models, one after the other", models),
                    ],
                    className="form-grid",
                ),
                *free,
                html.Datalist([html.Option(value=path) for path in _PATHS], id="new-study-paths"),
                html.P(
                    "An axis is a path into the question, such as label.horizon; values are separated by commas. A "
                    f"parameter that a model does not have leaves it as it is: {in_a_sentence('Logistic regression')} "
                    "has no depth.",
                    className="form-text mb-0",
                ),
            ],
            className="stack gap-3",
        ),
    )


def _run_panel() -> Component:
    button = dbc.Button([icon("play-fill"), "Run the study"], id="new-study-run", color="primary", className="mt-3")
    return panel("How large", html.Div(id="new-study-size", **aria(live="polite")), button)

"""What is wrong with a question, in words, at the field that is wrong."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from quant.spec import AnalysisSpec
from webapp.dashboard.components.form.schema import DISCRIMINATOR
from webapp.errors import MOST_ENTRIES, MOST_FIELDS, lists_too_long
from webapp.formats import plain


@dataclass(frozen=True)
class Problem:
    """A mistake: the path of its field, empty if it is about the whole, and what was expected and found."""

    path: str
    text: str


def check(question: Any) -> tuple[AnalysisSpec | None, list[Problem]]:
    """Return the question if it is valid, else what is wrong with it: the first fifty mistakes, and how many more."""
    if too_long := lists_too_long(question):
        return None, [Problem(name, f"Expected at most {MOST_ENTRIES:,} entries.") for name in too_long[:MOST_FIELDS]]
    try:
        return AnalysisSpec.model_validate(question), []
    except ValidationError as error:
        found = error.errors(include_url=False)
    problems = [Problem(_path(problem["loc"], question), _words(problem)) for problem in found[:MOST_FIELDS]]
    if len(found) > MOST_FIELDS:
        problems.append(Problem("", f"{len(found) - MOST_FIELDS:,} more mistakes were found; mend these first."))
    return None, problems


def _path(location: Sequence[int | str], question: Any) -> str:
    """Return the dotted path of an error; pydantic also names the variant it tried, which is no part of it."""
    node = question
    parts = []
    for step in location:
        if isinstance(node, Mapping) and step not in node and node.get(DISCRIMINATOR) == step:
            continue
        if isinstance(node, list) and not any(isinstance(each, Mapping) for each in node):
            break  # numbers that stand in one field
        parts.append(str(step))
        try:
            node = node[step]
        except (KeyError, IndexError, TypeError):
            node = None
    return ".".join(parts)


def _words(problem: Mapping[str, Any]) -> str:
    context = problem.get("ctx", {})
    found = _found(problem.get("input"))
    templates = {
        "greater_than_equal": "Expected at least {ge}; found {found}.",
        "greater_than": "Expected more than {gt}; found {found}.",
        "less_than_equal": "Expected at most {le}; found {found}.",
        "less_than": "Expected less than {lt}; found {found}.",
        "too_long": "Expected at most {max_length}; found {actual_length}.",
        "missing": "This is needed.",
        "extra_forbidden": "There is no such field.",
        "int_from_float": "Expected a whole number; found {found}.",
        "int_parsing": "Expected a whole number; found {found}.",
        "int_type": "Expected a whole number; found {found}.",
        "float_parsing": "Expected a number with a decimal point; found {found}.",
        "float_type": "Expected a number; found {found}.",
        "finite_number": "Expected a finite number; found {found}.",
        "bool_type": "Expected on or off; found {found}.",
        "bool_parsing": "Expected on or off; found {found}.",
        "literal_error": "Expected {expected}; found {found}.",
        "union_tag_invalid": "Expected one of {expected_tags}; found {tag}.",
        "date_from_datetime_parsing": "Expected a date such as 2024-03-15; found {found}.",
        "date_parsing": "Expected a date such as 2024-03-15; found {found}.",
    }
    if problem["type"] == "too_short":
        return f"Expected at least {context['min_length']}; found {context['actual_length'] or 'none'}."
    if problem["type"] == "value_error":
        text = str(context["error"])
        return f"{text[:1].upper()}{text[1:]}."
    template = templates.get(problem["type"])
    if template is None:
        return f"{problem['msg']}."
    return template.format(found=found, **{key: _found(value) for key, value in context.items()})


def _found(value: Any) -> str:
    if value is None or value == "":
        return "nothing"
    if isinstance(value, str):
        return value if "'" in value else f"“{value}”"
    return plain(value) if isinstance(value, bool | int | float) else "something else"

"""How a room lists what it offers.

An entry **is** the specification of one thing: a frozen pydantic class whose fields are the parameters and whose class
variables say what it is. The form, the REST schema, the docs and the property tests all read these classes, so adding
an entry touches one room. The implementation is named, not imported: it is loaded on first use, so that the web process
never imports scikit-learn, XGBoost or numba.
"""

import datetime
import re
from collections.abc import Callable, Iterable
from functools import cache
from importlib import import_module
from types import ModuleType
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict

# What a model is asked for: whether something comes true, which of up, neither and down, or a number.
Task = Literal["two_way", "three_way", "regression"]


def _iso_date(value: object) -> object:
    """Read a day as it is written; refuse what pydantic would take for seconds since 1970."""
    if isinstance(value, str):
        try:
            if re.fullmatch(r"\d{4}-\d{2}-\d{2}", value, re.ASCII):
                return datetime.date.fromisoformat(value)  # pydantic, if strict, takes no text here
        except ValueError:  # the 30th of February
            pass
        raise ValueError(f"expected a date such as 2024-03-15; found “{value}”")
    if isinstance(value, int | float):
        raise ValueError(f"expected a date such as 2024-03-15; found the number {value}")  # noqa: TRY004  # for pydantic
    return value


Session = Annotated[datetime.date, BeforeValidator(_iso_date)]


class Spec(BaseModel):
    """A part of a question: frozen, and unknown fields are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True, allow_inf_nan=False)


class CatalogEntry(Spec):
    """One thing a room offers.

    Subclasses declare `name: Literal["..."] = "..."` first, then their parameters, each a `Field` with a default,
    bounds and a `description` of one line.

    Attributes
    ----------
    title : str
        What a person calls it.
    summary : str
        One sentence: what it is and how to read it.
    category : str
        The heading it is listed under.
    version : int
        Raised whenever the same parameters and inputs give another output; part of every stage key.
    implementation : str
        `"module:function"`, imported by `load`.
    reference : str
        Author, year, page.
    """

    title: ClassVar[str]
    summary: ClassVar[str]
    category: ClassVar[str]
    version: ClassVar[int] = 1
    implementation: ClassVar[str]
    reference: ClassVar[str] = ""

    @classmethod
    def load(cls) -> Callable[..., Any]:
        """Import and return the implementation."""
        module, _, function = cls.implementation.partition(":")
        loaded: Callable[..., Any] = getattr(_imported(module), function)
        return loaded

    def parameters(self) -> dict[str, Any]:
        """Return the parameters without the entry's name."""
        return {field: value for field, value in vars(self).items() if field != "name"}


@cache
def _imported(module: str) -> ModuleType:
    """Return a module; kept, because asking for one takes longer than some features."""
    return import_module(module)


def describe(entries: Iterable[type[CatalogEntry]]) -> list[dict[str, Any]]:
    """Return the entries as plain data: name, title, summary, category, version, reference and JSON schema.

    Parameters
    ----------
    entries : iterable of CatalogEntry classes
        The entries of one room, in the order in which to show them.

    Returns
    -------
    list of dict
        One dict an entry, ready for JSON.
    """
    return [
        {
            "name": entry.model_fields["name"].default,
            "title": entry.title,
            "summary": entry.summary,
            "category": entry.category,
            "version": entry.version,
            "reference": entry.reference,
            "parameters": entry.model_json_schema(),
        }
        for entry in entries
    ]


def in_a_sentence(title: str) -> str:
    """Return a title as it stands inside a sentence.

    Examples
    --------
    >>> in_a_sentence("Random forest"), in_a_sentence("XGBoost"), in_a_sentence("R² out of sample")
    ('random forest', 'XGBoost', 'R² out of sample')
    """
    stays = title[1:2].isupper() or title[1:2].isdigit()
    return title if stays else title[:1].lower() + title[1:]

"""Reads numbers out of an answer for the tabs, written as their unit asks."""

from collections.abc import Mapping
from typing import Any

from dash.development.base_component import Component

from quant.catalog import in_a_sentence
from quant.models.catalog import MODELS
from quant.risk.definitions import DEFINITIONS, Definition, Unit
from quant.strategies.catalog import RULES
from webapp import formats
from webapp.dashboard.components.cards import metric_card
from webapp.services.analyses import AnalysisView
from webapp.services.results import RULE, ResultView

# Measures whose sign is a gain or a loss; others are sizes.
_SIGNED = frozenset({"total_return", "compound_annual_growth_rate", "alpha", "best_bar", "worst_bar"})


_TITLES: dict[str, str] = {entry.model_fields["name"].default: entry.title for entry in (*MODELS, *RULES)}


def model_title(name: str) -> str:
    """Return what a person calls a model or a rule of the catalogue."""
    return _TITLES.get(name, name)


def is_of_rule(result: ResultView) -> bool:
    """Whether the answer is about a rule of prices alone; older answers never are."""
    return (result.facts.get("latest") or {}).get("task") == RULE


def bars_in_words(result: ResultView) -> str:
    """Return which bars were gathered, from how many days and how many to a year; nothing of days."""
    data = result.facts["data"]
    if "bars" not in data:
        return ""
    title, a_year = in_a_sentence(data["bars"]["title"]), f"{data['bars']['a_year']:.0f} a year"
    if len(data["instruments"]) > 1:
        return f"{title.capitalize()}, {a_year}; "
    [only] = data["instruments"]
    days = formats.plural(only["n_days"], "day")
    return f"{formats.count(only['n_bars'])} {title} of {days}, {a_year}; "


class Metrics:
    """The metrics of an answer by name."""

    def __init__(self, result: ResultView) -> None:
        self._by_name: dict[str, Mapping[str, Any]] = {each["name"]: each for each in result.facts["metrics"]}

    def value(self, name: str) -> float | None:
        """Return a metric of the strategy, None if it is unknown."""
        return self._get(name, "value")

    def benchmark(self, name: str) -> float | None:
        """Return the same metric of the benchmark."""
        return self._get(name, "benchmark_value")

    def card(self, name: str, *, label: str = "", is_main: bool = False) -> Component:
        """Return a metric beside its benchmark's, its definition on hover."""
        definition = DEFINITIONS[name]
        benchmark = self.benchmark(name)
        value = self.value(name)
        is_signed = name in _SIGNED
        return metric_card(
            label or definition.title,
            written(value, definition.unit, signed=is_signed),
            aside="" if benchmark is None else f"benchmark {written(benchmark, definition.unit, signed=is_signed)}",
            help_text=definition.definition,
            is_main=is_main,
            tone=formats.sign_class(value) if is_signed else "",
        )

    def _get(self, name: str, key: str) -> float | None:
        found = self._by_name.get(name)
        return None if found is None else found[key]


def written(value: float | None, unit: Unit, *, signed: bool = False) -> str:
    """Return a metric as its unit asks: fractions as per cent, ratios with two decimals, the rest whole."""
    if unit == "fraction":
        return formats.percent(value, signed=signed)
    if unit == "ratio":
        return formats.ratio(value)
    return formats.count(value)


def unit_word(definition: Definition) -> str:
    """Return the unit that stands beside a name, where the figure does not carry it."""
    return {"days": "days", "money": "money", "count": "", "ratio": "", "fraction": ""}[definition.unit]


def benchmark_name(view: AnalysisView) -> str:
    """Return what the strategy is compared with."""
    symbols = view.summary.symbols
    return f"Buy and hold {symbols[0]}" if len(symbols) == 1 else f"Buy and hold, {len(symbols)} in equal parts"


def benchmark_in_words(view: AnalysisView) -> str:
    """Return the same inside a sentence."""
    name = benchmark_name(view)
    return name[:1].lower() + name[1:]

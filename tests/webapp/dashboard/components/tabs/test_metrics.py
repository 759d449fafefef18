import dataclasses

from quant.risk.definitions import DEFINITIONS
from tests.webapp.dashboard import reading
from webapp.dashboard.components.tabs import metrics


def test_every_metric_is_there_with_definition_formula_and_source(view, result):
    words = reading.text(metrics.content(view(), result, "light"))

    for each in DEFINITIONS.values():
        assert each.title in words
        assert each.definition in words
        assert each.formula in words
        assert each.source in words


def test_the_benchmark_stands_beside_what_it_has_too(view, result):
    tree = metrics.content(view(symbols=("GOOG",)), result, "light")
    panels = {panel.children[0].children[0].children: panel for panel in reading.of_class(tree, "panel-flush")}

    assert "Benchmark" in reading.text(panels["Return"])
    assert "benchmark: buy and hold GOOG" in reading.text(panels["Return"])
    assert "Benchmark" not in reading.text(panels["Trading"]).split()


def test_the_months_are_there(view, result):
    tree = metrics.content(view(), result, "light")

    assert len(reading.of_class(tree, "heat")) == 1


def test_it_reads_no_more_than_it_shows(view, result):
    narrow = dataclasses.replace(result, frames={name: result.frames[name] for name in metrics.FRAMES})

    assert reading.text(metrics.content(view(), narrow, "light"))

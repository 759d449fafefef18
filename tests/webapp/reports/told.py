"""A report of a really answered question."""

import dataclasses
import datetime
import functools

from quant.analysis import run_analysis
from quant.preparation import fetch_instruments
from quant.spec import AnalysisSpec
from tests.webapp.api.answered import QUESTION, answer
from webapp.reports.content import Vintage, compose
from webapp.services.analyses import AnalysisSummary, AnalysisView
from webapp.services.results import ResultView
from webapp.services.workflow import Status

NOW = datetime.datetime(2026, 1, 2, 3, 4, 5, tzinfo=datetime.UTC)


def view(title="Google: <b>is it luck</b> & if so, why?"):
    spec, found = AnalysisSpec.model_validate(QUESTION), answer()
    summary = AnalysisSummary(
        "0123456789abcdef", title, "Ada", ("GOOG",), Status.SUCCEEDED, 1.0, None, "", True, None, NOW, NOW, NOW
    )
    return AnalysisView(
        summary, spec.resolved(), spec.hash(), 1, None, 1.0, {}, 1.0, None, None, None, False, None, found.hash(), None,
        None, None, dict(found.versions),
    )  # fmt: skip


def result(**frames):
    found = answer()
    return ResultView("0123456789abcdef", {**found.frames, **frames}, found.facts, found.hash(), found.versions, 37)


@functools.cache
def report_of_a_rule():
    """Return a report of a really answered question that learns nothing."""
    question = {"instruments": [{"symbol": "GOOG"}], "end": "2006-12-29", "strategy": {"name": "crossover_rule"}}
    spec = AnalysisSpec.model_validate(question)
    found = run_analysis(spec, fetch_instruments)
    asked = dataclasses.replace(view(), spec=spec.resolved(), spec_hash=spec.hash(), result_hash=found.hash())
    told = ResultView("0123456789abcdef", found.frames, found.facts, found.hash(), found.versions, 1)
    return compose(asked, told, [Vintage("GOOG", "sample", 3)], NOW)


@functools.cache
def report():
    return compose(view(), result(), [Vintage("GOOG", "sample", 3)], NOW)

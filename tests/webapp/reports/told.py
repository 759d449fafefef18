"""A report of a really answered question."""

import datetime
import functools

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
def report():
    return compose(view(), result(), [Vintage("GOOG", "sample", 3)], NOW)

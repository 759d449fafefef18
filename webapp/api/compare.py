"""Finished analyses side by side."""

import math
from typing import Any

import pandas as pd
from flask import Response
from pydantic import Field

from webapp.api.answers import to_json
from webapp.api.columns import Moment, View
from webapp.api.operations import NOT_NOW, Answer, operation
from webapp.api.reading import Query
from webapp.api.schemas import AnalysisSummary
from webapp.auth.session import current_actor, parts, read
from webapp.permissions import Permission
from webapp.services import comparison
from webapp.services.comparison import FEWEST, MOST


class CompareQuery(Query):
    """Which analyses."""

    ids: str = Field(
        min_length=1,
        max_length=3400,
        pattern=r"^[0-9A-Za-z_,-]*$",
        description=f"Ids of {FEWEST} to {MOST} analyses, separated by commas; the first is the one to compare with.",
    )


class ParameterDifference(View):
    """A parameter that is not the same in all."""

    path: str = Field(description="Dotted path in the question; entries of lists by their names.")
    by_analysis: list[Any] = Field(description="Its value in each; null where it is not there.")


class ComparedMetric(View):
    """One metric of each analysis; the catalogue defines it."""

    name: str
    by_analysis: list[float | None]
    best: list[int] = Field(description="Places of the best, from 0; none if no direction is good.")


class PairedTest(View):
    """Whether two Sharpe ratios differ, on the bars that all analyses have. Ratios are annualised."""

    first: float | None = Field(description="Sharpe ratio of this analysis.")
    second: float | None = Field(description="That of the first analysis.")
    difference: float | None
    standard_error: float | None
    lower: float | None = Field(description="Lower end of the 95 % confidence interval.")
    upper: float | None
    p_value: float | None = Field(description="Two-sided, Ledoit and Wolf (2008).")
    n_returns: int
    n_lags: int = Field(description="Bars over which dependence is allowed for.")


class Resamples(View):
    """The same difference by the paired block bootstrap: every resample has the same bars of all."""

    lower: float | None = Field(description="Lower end of the basic 95 % interval.")
    upper: float | None
    p_value: float | None = Field(description="Two-sided, of this pair alone.")
    n_resamples: int = Field(description="0 if there was nothing to draw.")
    mean_block: float = Field(description="Mean number of bars that stay together.")


class ChangeCause(View):
    """One thing that could make a number change."""

    kind: str = Field(description="`parameters`, `data`, `seed`, `library` or `code`.")
    differs: bool | None = Field(description="Null if it cannot be told.")
    details: list[str]


class ComparedPair(View):
    """An analysis beside the first one."""

    id: str
    test: PairedTest
    resampled: Resamples
    p_value: float | None = Field(description="Of the resamples, made larger for the number of pairs (Holm 1979).")
    causes: list[ChangeCause]
    is_same_answer: bool = Field(description="Whether both result hashes are equal.")


class Curves(View):
    """Wealth on the bars that all have, from 1 at the first of them; one list an analysis."""

    timestamp: list[Moment]
    wealth: list[list[float]]


class ComparisonAnswer(View):
    """Analyses side by side, in the order in which they were named."""

    analyses: list[AnalysisSummary]
    parameters: list[ParameterDifference] = Field(description="Only those that differ.")
    metrics: list[ComparedMetric]
    pairs: list[ComparedPair]
    curves: Curves


@operation(
    "GET",
    "/compare",
    tag="Compare",
    summary="Compare analyses",
    permission=Permission.ANALYSES_READ,
    query=CompareQuery,
    answers={
        200: Answer("What was asked otherwise, what came of it, and whether it differs at all.", ComparisonAnswer)
    },
    refusals=NOT_NOW,
)
def compare_analyses(query: CompareQuery) -> Response:
    """Return differing parameters, metrics, aligned curves, paired tests with the first, and why they differ."""
    ids = [each for each in query.ids.split(",") if each]
    with read() as session:
        found = comparison.compare(session, parts().store, current_actor(), ids)
    return to_json(
        ComparisonAnswer(
            analyses=[AnalysisSummary.model_validate(each) for each in found.analyses],
            parameters=[ParameterDifference.model_validate(each) for each in found.parameters],
            metrics=[ComparedMetric.model_validate(each) for each in found.metrics],
            pairs=[
                ComparedPair(
                    id=pair.id,
                    test=PairedTest.model_validate(_known_of(pair.test)),
                    resampled=Resamples.model_validate(_known_of(pair.resampled)),
                    p_value=_known(pair.p_value),
                    causes=[ChangeCause.model_validate(cause) for cause in pair.causes],
                    is_same_answer=pair.is_same_answer,
                )
                for pair in found.pairs
            ],
            curves=Curves(
                timestamp=pd.DatetimeIndex(found.curves.index).to_pydatetime().tolist(),
                wealth=[found.curves[place].tolist() for place in found.curves.columns],
            ),
        )
    )


def _known_of(found: Any) -> dict[str, float | None]:
    return {name: _known(value) for name, value in vars(found).items()}


def _known(value: float) -> float | None:
    return None if math.isnan(value) else value

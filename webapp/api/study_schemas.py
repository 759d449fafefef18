"""What goes in and out about studies, as the OpenAPI document shows it."""

from typing import Annotated, Any

from pydantic import Field

from quant.grid import MOST_AXES, Axis
from webapp.api.columns import Moment, PageView, View
from webapp.api.reading import PRINTABLE, Body, PageQuery, Query, QueryNumber
from webapp.services.study_boards import Measure, Over
from webapp.services.study_views import State
from webapp.services.workflow import Status

_PATH = r"^([a-z][a-z0-9_]*(\.[a-z0-9_]+)*)?$"


class StudyGrid(Body):
    """A base question, and what differs."""

    spec: dict[str, Any] = Field(
        default={}, description="The base question, as in `POST /analyses`; what an axis sets whole may be left out."
    )
    axes: Annotated[
        tuple[Axis, ...],
        Field(
            min_length=1,
            max_length=MOST_AXES,
            fail_fast=True,
            description="What differs; each combination of their values is one analysis.",
            examples=[[{"path": "instruments", "values": ["GOOG", "MSFT"]}, {"path": "model", "values": ["logistic"]}]],
        ),
    ]


class StudySubmission(StudyGrid):
    """A study to be run."""

    title: str = Field(
        default="", max_length=120, pattern=PRINTABLE, description="What to call it; empty: made from the axes."
    )


class StudySize(View):
    """How large a study would be."""

    n_combinations: int = Field(description="Product of the numbers of values.")
    n_folded: int = Field(description="Combinations that ask the same as an earlier one; they are asked once.")
    n_members: int = Field(description="Analyses that the study would have.")
    limit: int = Field(description="Most combinations that are allowed.")


class StudyCounts(View):
    """How many members have each status."""

    queued: int
    running: int
    succeeded: int
    failed: int
    cancelled: int


class StudyItem(View):
    """A study and how far it is."""

    id: str
    title: str
    state: State = Field(description="As of its members; `finished` once all have ended, whatever became of them.")
    n_members: int
    counts: StudyCounts
    progress: float = Field(description="Share of all work that is done, 0 to 1.")
    created_at: Moment


class StudyAxis(View):
    """What differs between the members."""

    path: str
    title: str
    words: list[str] = Field(description="The values for people.")
    values: list[Any] = Field(description="The values as they were sent.")


class StudyDetail(StudyItem):
    """A study with its question, its axes and its progress."""

    spec: dict[str, Any] = Field(description="The base question, without what an axis sets whole.")
    axes: list[StudyAxis]
    n_folded: int = Field(description="Combinations that ask the same as an earlier one, and were asked once.")
    paused_at: Moment | None
    cancelled_at: Moment | None = Field(description="When what had not ended was last cancelled.")
    started_at: Moment | None
    finished_at: Moment | None
    elapsed_seconds: float | None = Field(description="Seconds since the first member was begun.")
    eta_seconds: float | None = Field(description="Seconds that remain; null until enough is known.")
    queue_position: int | None = Field(description="Of the first member that waits, from 1; null if none does.")
    waits_for: str | None = Field(description="Why that one waits, in words.")
    workers: list[str] = Field(description="Those that compute members now.")


class StudyList(PageView):
    """A page of your studies, newest first."""

    items: list[StudyItem]


class MemberQuery(PageQuery):
    """Which members."""

    status: tuple[Status, ...] = Field(
        default=(), description="Only with one of these; may be repeated. Left out: all."
    )


class StudyMember(View):
    """A member of a study: an analysis, to be watched and read like any other."""

    id: str
    number: int = Field(description="Place of its combination, from 0; the last axis changes fastest.")
    title: str
    words: list[str] = Field(description="Its value of each axis, for people.")
    status: Status
    progress: float
    stage: str | None
    verdict: str | None
    is_credible: bool | None
    error_code: str | None
    error_message: str | None
    worker: str | None = Field(description="Who computes it now.")
    elapsed_seconds: float | None = Field(description="Seconds since it was first begun.")
    eta_seconds: float | None = Field(description="About how many seconds remain; null until enough is known.")
    started_at: Moment | None
    finished_at: Moment | None


class StudyMemberList(PageView):
    """A page of members, in the order of the grid."""

    items: list[StudyMember]


class BoardQuery(Query):
    """How to rank."""

    sort: Measure = Field(default=Measure.SHARPE_RATIO, description="The greatest of it comes first.")
    limit: QueryNumber = Field(default=100, ge=1, le=10_000, description="At most this many rows.")


class Measures(View):
    """What a member earned out of sample and after costs; null until it has succeeded, or where unknown."""

    sharpe_ratio: float | None = None
    deflated_sharpe_ratio: float | None = Field(default=None, description="Deflated by all trials of the study.")
    total_return: float | None = None
    max_drawdown: float | None = None
    n_trades: float | None = None


class BoardRow(View):
    """A member and what came of it, out of sample and after costs."""

    number: int
    rank: int | None = Field(description="From 1; null without an answer, or if the audit found look-ahead.")
    analysis_id: str
    title: str
    words: list[str] = Field(description="Its value of each axis, for people.")
    status: Status
    progress: float
    measures: Measures
    verdict: str | None = Field(description="Of the analysis alone, by its own trials.")
    is_credible: bool | None
    error_code: str | None
    error_message: str | None


class Leaderboard(View):
    """The best first, then what has not ended, then what has no answer."""

    rows: list[BoardRow]
    n_members: int
    n_succeeded: int
    n_trials: int = Field(description="All that this study has tried so far, as the ledger has it.")
    sentence: str = Field(description="What the first is worth after so many trials, in words.")


class HeatMapQuery(Query):
    """Which heat map."""

    rows: str = Field(
        default="",
        max_length=80,
        pattern=_PATH,
        description="Path of the axis whose values are rows; empty: the first.",
    )
    columns: str = Field(
        default="",
        max_length=80,
        pattern=_PATH,
        description="Path of another, whose values are columns; empty: the next.",
    )
    measure: Measure = Field(default=Measure.SHARPE_RATIO, description="What stands in the cells.")
    over: Over = Field(default=Over.MEDIAN, description="What stands for members that differ in other axes only.")


class Cell(View):
    """One cell of a heat map."""

    value: float | None = Field(description="Null until a member has succeeded.")
    n_members: int
    n_succeeded: int
    n_failed: int


class HeatMap(View):
    """A measure over two axes; a cell is null where the study asks nothing."""

    rows: StudyAxis
    columns: StudyAxis
    measure: Measure
    over: Over
    cells: list[list[Cell | None]]

"""What goes in and out about studies, as the OpenAPI document shows it."""

from typing import Annotated, Any

from pydantic import Field

from quant.grid import MOST_AXES, Axis
from quant.portfolio.catalog import AllocationName
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
    deflated_by_independent: float | None = Field(
        default=None, description="Deflated by the independent trials that all of these amount to."
    )
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
    n_independent: float = Field(
        description="How many independent ones these amount to, by what they earned week by week."
    )
    sentence: str = Field(description="What the first is worth after so many trials, in words.")


class PortfolioQuery(Query):
    """Which members to hold together, and how."""

    method: AllocationName = Field(
        default="hierarchical_risk_parity", description="How to divide; its other parameters stand at their defaults."
    )
    window: QueryNumber = Field(
        default=126, ge=20, le=2520, description="Bars before the first division, and that each looks back over."
    )
    rebalance_bars: QueryNumber = Field(default=21, ge=1, le=520, description="Bars after which to divide again.")
    cost_bps: QueryNumber = Field(
        default=5, ge=0, le=1000, description="Cost of moving capital between members, in basis points."
    )
    members: str = Field(
        default="",
        max_length=3400,
        pattern=r"^[0-9A-Za-z_,-]*$",
        description="Ids of members, separated by commas; empty: of each instrument the best on validation folds.",
    )


class PortfolioMember(View):
    """A member that is held."""

    id: str
    title: str
    score_name: str | None = Field(description="Score on the purged folds of its training span, if it has one.")
    score: float | None
    first_at: Moment = Field(description="Its own first bar; bars that others lack are left out.")
    last_at: Moment
    n_bars: int
    latest_share: float
    mean_share: float


class PortfolioLeftOut(View):
    """A member that is not held, and why."""

    id: str
    title: str
    why: str


class Span(View):
    """Where a measure lies in 95 % of curves of the same returns, in blocks in another order."""

    lower: float
    upper: float


class PortfolioMeasures(View):
    """What a curve came to, after costs; null where unknown."""

    name: str = Field(description="`together`, `equal`, or the id of a member.")
    total_return: float | None
    annual_return: float | None
    volatility: float | None
    sharpe_ratio: float | None
    sharpe_ratio_span: Span | None = Field(description="Of all together, of equal shares and of the best alone.")
    max_drawdown: float | None
    max_drawdown_span: Span | None
    turnover: float | None = Field(description="How often a year all capital was moved between members, one way.")


class Overfitting(View):
    """Whether choosing the best member carries over: combinatorially symmetric cross-validation."""

    probability: float = Field(description="PBO: how often the best of one half is no better than the middle one then.")
    n_trials: int = Field(description="Members that were compared.")
    n_bars: int
    n_combinations: int


class PortfolioCurves(View):
    """Wealth from 1, and shares, bar by bar."""

    timestamp: list[Moment]
    wealth: dict[str, list[float]] = Field(description="By `together`, `equal` and the ids of members.")
    shares: dict[str, list[float]] = Field(description="With which each member goes into the next bar.")


class StudyPortfolio(View):
    """Members of a study held together, walking forward, out of sample and after costs."""

    members: list[PortfolioMember]
    left_out: list[PortfolioLeftOut]
    sentences: list[str] = Field(description="What it is worth, in words.")
    measures: list[PortfolioMeasures]
    best: str = Field(description="The member with the greatest Sharpe ratio of these bars, which nobody knew before.")
    difference: float | None = Field(description="Sharpe ratio less that of equal shares.")
    p_value: float | None = Field(description="Of that difference, two-sided, Ledoit and Wolf (2008).")
    n_trials: int
    n_independent: float
    deflated_sharpe_ratio: float | None = Field(description="Deflated by all trials of the study.")
    deflated_by_independent: float | None
    overfitting: Overfitting | None = Field(description="Null with fewer than five members or 32 common returns.")
    n_divisions: int
    curves: PortfolioCurves


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

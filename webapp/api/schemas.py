"""What goes in and out, as the OpenAPI document shows it.

Fractions are fractions (0.01 is one per cent), moments are ISO 8601 in UTC, and null means unknown, never zero.
"""

import datetime
from typing import Annotated, Any, Literal

from pydantic import Field

from quant.spec import AnalysisSpec
from webapp.api.columns import Moment, PageView, PriceColumns, View
from webapp.api.reading import PRINTABLE, Body, PageQuery, Query, QueryDate, QueryNumber
from webapp.permissions import Permission
from webapp.services.listing import LONGEST_TAG, MOST_TAGS, Archived, Members, Scope, Sort
from webapp.services.tokens import MAX_DAYS
from webapp.services.workflow import Status

Hash = Annotated[str, Field(description="SHA-256 in hexadecimal.")]


_LARGEST = 2**31 - 1
_LARGEST_ID = 2**63 - 1


# --- Problems --------------------------------------------------------------------------------------------------------


class FieldProblem(View):
    """One field that is wrong."""

    field: str = Field(description="Dotted path of the field in the body, or name of the query parameter.")
    message: str = Field(description="What was expected, and what was found.")


class Problem(View):
    """An error, as RFC 9457 has it."""

    type: str = Field(description="Always `about:blank`: the code says more.")
    title: str = Field(description="Words of the HTTP status.")
    status: int = Field(description="The HTTP status.")
    code: str = Field(description="Stable name of what happened; see the list of codes in the documentation.")
    detail: str = Field(description="What was expected, what was found, what to do; for people.")
    request_id: str = Field(description="Name of this request in the server's log; also in `X-Request-ID`.")
    errors: list[FieldProblem] = Field(default=[], description="Each field that is wrong; left out if none is named.")


# --- Tokens ----------------------------------------------------------------------------------------------------------


class Credentials(Body):
    """Who wants a token, and what for."""

    email: str = Field(max_length=254, description="E-mail of an account.", examples=["ada@example.org"])
    password: str = Field(max_length=1024, description="Its password.", json_schema_extra={"format": "password"})
    code: str = Field(
        default="", max_length=32, description="What your device shows, or a recovery code, if you have added one."
    )
    name: str = Field(default="REST", max_length=120, description="What the token is for; shown in lists of tokens.")
    scopes: Annotated[tuple[Permission, ...], Field(max_length=len(Permission), fail_fast=True)] | None = Field(
        default=None,
        description="What the token may do, at most what the role grants. Left out: everything the role grants, except "
        "managing users.",
    )
    expires_in_days: int = Field(default=30, ge=1, le=MAX_DAYS, description="Days until it ends by itself.")


class Token(View):
    """A token without its secret."""

    id: str
    name: str
    scopes: list[Permission]
    created_at: Moment
    expires_at: Moment | None
    last_used_at: Moment | None = Field(description="To the minute.")


class TokenList(View):
    """The tokens that still work, newest first."""

    items: list[Token]


class NewToken(View):
    """A token, and its secret, which is shown this once."""

    id: str
    name: str
    scopes: list[Permission]
    created_at: Moment
    expires_at: Moment | None
    token: str = Field(description="Send it as `Authorization: Bearer <token>`. It is stored nowhere.")


# --- Instruments and prices ------------------------------------------------------------------------------------------


class InstrumentQuery(PageQuery):
    """Which instruments."""

    symbol: str = Field(
        default="", max_length=32, pattern=PRINTABLE, description="Only this symbol, in any case; empty: all."
    )
    text: str = Field(
        default="", max_length=120, pattern=PRINTABLE, description="Only those whose symbol or name contains this."
    )
    source: str = Field(default="", max_length=32, pattern=PRINTABLE, description="Only from this source; empty: all.")
    interval: str = Field(
        default="", max_length=8, pattern=PRINTABLE, description="Only with bars of this length; empty: all."
    )
    limit: QueryNumber = Field(default=100, ge=1, le=200, description="At most this many.")


class Instrument(View):
    """An instrument at one source of prices."""

    id: str
    symbol: str
    name: str
    asset_class: str
    currency: str
    exchange: str = Field(description="Name of its exchange calendar.")
    source: str
    interval: str = Field(description="Length of a bar.")
    is_own: bool = Field(description="Whether you uploaded it and nobody else sees it.")
    actions_implied: bool = Field(description="Whether splits or dividends were derived from prices.")
    revision: int = Field(description="Number of the newest vintage of its bars; 0 if there are none yet.")
    n_bars: int
    first_session: datetime.date | None
    last_session: datetime.date | None
    updated_at: Moment | None
    quality: dict[str, int] = Field(description="Number of findings about the bars, by severity.")


class InstrumentCoverage(Instrument):
    """An instrument, and how fresh its bars are."""

    expected_session: datetime.date = Field(description="The newest session of its exchange that has closed.")
    n_sessions_behind: int | None = Field(description="Closed sessions after the last bar; null if there are no bars.")
    can_be_fetched: bool = Field(description="Whether its source can be asked for more.")


class InstrumentList(PageView):
    """A page of instruments, by symbol."""

    items: list[InstrumentCoverage]


class Revision(View):
    """A vintage of an instrument's bars."""

    number: int = Field(description="From 1.")
    created_at: Moment
    reason: str = Field(description="Why it came.")
    n_bars: int = Field(description="In the whole vintage.")
    first_session: datetime.date
    last_session: datetime.date
    quality: dict[str, int] = Field(description="Number of findings by severity, counted when it came.")
    n_changed: int = Field(description="Bars that came new or differently.")
    n_withdrawn: int = Field(description="Bars that the source took back.")


class RevisionList(View):
    """Vintages, newest first."""

    items: list[Revision]


class QualityFinding(View):
    """Something that is wrong or odd about bars."""

    code: str = Field(description="Stable name of the kind of finding.")
    severity: str = Field(description="`error`, `warning` or `info`.")
    message: str = Field(description="What was expected, what was found, what to do.")
    count: int = Field(description="Number of bars, or of sessions if bars are missing.")
    rows: list[int] = Field(description="Positions among the bars, from 0; empty if bars are missing.")
    sessions: list[datetime.date] = Field(description="Sessions of these bars, or those that are missing.")


class QualityReport(View):
    """Everything that is wrong or odd about an instrument's newest bars, the most severe first."""

    findings: list[QualityFinding]


class PriceQuery(Query):
    """Which bars."""

    start: QueryDate | None = Field(default=None, description="First session; left out: the first there is.")
    end: QueryDate | None = Field(default=None, description="Last session, included; left out: the last there is.")
    adjusted: Literal["raw", "back"] = Field(
        default="raw", description="`raw`: as traded. `back`: scaled by the splits and dividends that came later."
    )
    limit: QueryNumber = Field(default=1000, ge=1, le=10_000, description="At most this many bars, oldest first.")
    offset: QueryNumber = Field(default=0, ge=0, le=_LARGEST, description="Leave out the first bars of the range.")


class Prices(View):
    """Bars of an instrument, oldest first. All columns have one length."""

    instrument: Instrument
    adjusted: Literal["raw", "back"]
    total: int = Field(description="Number of bars in the range.")
    limit: int
    offset: int
    n_rows: int = Field(description="Number of bars in this answer.")
    columns: PriceColumns  # type: ignore[valid-type]  # made at run time


# --- Catalogue -------------------------------------------------------------------------------------------------------


class CatalogItem(View):
    """One thing that may be named in a question."""

    name: str = Field(description="Its name in a question.")
    title: str
    summary: str
    category: str
    version: int = Field(description="Raised whenever the same parameters give another output.")
    reference: str
    parameters: dict[str, Any] = Field(description="JSON schema of its parameters.")


class CatalogScore(View):
    """A score by which models are compared."""

    name: str
    title: str
    higher_is_better: bool
    no_skill: str = Field(description="What a forecast without skill gets.")


class CatalogMetric(View):
    """A metric of a result."""

    name: str
    title: str
    unit: str
    group: str
    better: str
    definition: str
    formula: str
    source: str


class Catalog(View):
    """Everything that a question can be made of, and what the numbers of an answer mean."""

    bars: list[CatalogItem]
    features: list[CatalogItem]
    presets: list[dict[str, Any]] = Field(description="Several `features` at once, with name, title and summary.")
    labels: list[CatalogItem]
    models: list[CatalogItem]
    transforms: list[CatalogItem]
    allocations: list[CatalogItem]
    strategies: list[CatalogItem]
    sizing: list[CatalogItem]
    scores: list[CatalogScore]
    metrics: list[CatalogMetric]
    spec: dict[str, Any] = Field(description="JSON schema of the whole question.")


# --- Analyses --------------------------------------------------------------------------------------------------------


class Submission(Body):
    """A question, and what to call it."""

    spec: AnalysisSpec
    title: str = Field(
        default="",
        max_length=120,
        pattern=PRINTABLE,
        description="What to call it; empty: made from symbols and models.",
    )


class AnalysisQuery(PageQuery):
    """Which analyses."""

    scope: Scope = Field(
        default=Scope.MINE,
        description="`mine`, `shared` with you, or `all`: everybody's, by metadata only; needs `users:manage`.",
    )
    status: tuple[Status, ...] = Field(
        default=(), description="Only with one of these; may be repeated. Left out: all."
    )
    text: str = Field(
        default="",
        max_length=120,
        pattern=PRINTABLE,
        description="Only those with this in title, symbols or models, in any case; of `all`, in the owner's name.",
    )
    is_credible: Literal["true", "false"] | None = Field(
        default=None, description="Only those whose look-ahead audit passed, or did not. Not of `all`."
    )
    tag: str = Field(default="", max_length=32, pattern=PRINTABLE, description="Only those with this tag of yours.")
    archived: Archived = Field(default=Archived.NO, description="What you have archived: `no`, `only`, or `also`.")
    members: Members = Field(
        default=Members.NO, description="What belongs to a study: `no`, `only`, or `also`. Of `shared`, all is listed."
    )
    sort: Sort = Field(default=Sort.NEWEST, description="In which order; `title` is not for `all`.")


class AnalysisChange(Body):
    """What to note on an analysis; what is left out stays as it is."""

    title: str | None = Field(default=None, min_length=1, max_length=120, pattern=PRINTABLE)
    tags: Annotated[tuple[Annotated[str, Field(max_length=LONGEST_TAG)], ...], Field(max_length=MOST_TAGS)] | None = (
        Field(default=None, description="All its tags; kept in lower case.")
    )
    archived: bool | None = Field(default=None, description="Whether lists leave it out; it is counted as before.")


class AnalysisState(View):
    """Where an analysis is."""

    id: str
    status: Status


class AnalysisSummary(AnalysisState):
    """An analysis as lists show it."""

    title: str = Field(description="Empty with `scope=all`, as is all that is content.")
    owner: str
    symbols: list[str]
    progress: float = Field(description="Share of the whole that is done, 0 to 1.")
    stage: str | None = Field(description="What it is at; null before and after.")
    verdict: str | None = Field(description="What came of it, in a sentence or two.")
    is_credible: bool | None = Field(description="Whether the look-ahead audit passed; null if it did not run (yet).")
    error_code: str | None
    submitted_at: Moment
    started_at: Moment | None
    finished_at: Moment | None
    is_own: bool = Field(description="False for one that its owner shares with you, for reading.")
    tags: list[str] = Field(description="Yours; empty for what is another's.")
    is_archived: bool
    n_bytes: int | None = Field(description="Size of what is stored of it; only with `scope=all`, else null.")
    is_imported: bool = Field(description="Whether it was computed elsewhere and came in a bundle.")


class AnalysisList(PageView):
    """A page of analyses, newest first."""

    items: list[AnalysisSummary]
    total: int = Field(description="Number of analyses that match.")


class Imported(View):
    """Where an imported analysis comes from."""

    id: str = Field(description="Its id where it was computed.")
    finished_at: Moment = Field(description="When it was computed there.")
    packed_at: Moment = Field(description="When its bundle was made.")
    imported_at: Moment
    bundle_hash: Hash = Field(description="SHA-256 of the bundle.")
    has_prices: bool = Field(description="Whether the bars it was computed from are here, so that it can run again.")


class AnalysisDetail(AnalysisSummary):
    """An analysis with its progress, its question and what makes it repeatable."""

    stage_fraction: float = Field(description="Share of the stage that is done, 0 to 1.")
    stage_seconds: dict[str, float] = Field(description="Seconds spent in each stage so far.")
    elapsed_seconds: float | None
    eta_seconds: float | None = Field(description="Seconds that remain; null until enough is known.")
    queue_position: int | None = Field(description="From 1; null unless it is queued.")
    waits_for: str | None = Field(description="Why it waits, in words; null unless it is queued.")
    cancel_requested: bool
    attempt: int = Field(description="How often it was started.")
    error_message: str | None
    spec: dict[str, Any] = Field(description="The question, every default filled in.")
    spec_hash: Hash
    result_hash: Hash | None = Field(description="SHA-256 of the answer: equal for an exact re-run.")
    parent_id: str | None = Field(description="The analysis that it runs again.")
    parent_result_hash: Hash | None
    study_id: str | None = Field(description="The study of yours that it belongs to.")
    versions: dict[str, str] = Field(description="Versions of the libraries that decide numbers.")
    imported: Imported | None = Field(description="Null of what was computed here.")


class LogQuery(Query):
    """Which lines."""

    after: QueryNumber = Field(default=0, ge=0, le=_LARGEST_ID, description="Only lines after the one with this id.")
    limit: QueryNumber = Field(default=500, ge=1, le=1000, description="At most this many lines, oldest first.")


class LogLine(View):
    """A line of an analysis's log."""

    id: int = Field(description="Grows from line to line.")
    at: Moment
    attempt: int
    level: str
    stage: str | None
    message: str


class Log(View):
    """Lines of a log, oldest first."""

    lines: list[LogLine]
    last_id: int = Field(description="Ask for what comes `after` this next time.")

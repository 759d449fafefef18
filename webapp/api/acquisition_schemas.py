"""What goes in and out about acquisitions of prices and their sources."""

from typing import Literal

from pydantic import Field

from webapp.api.columns import Moment, PageView, View
from webapp.api.reading import Body, PageQuery
from webapp.services.workflow import Status


class FetchRequest(Body):
    """What to fetch, and from where."""

    symbol: str = Field(min_length=1, max_length=32, description="As the source writes it.", examples=["AAPL"])
    source: Literal["yahoo"] = Field(default="yahoo", description="Who is asked.")
    extent: Literal["newest", "all"] = Field(
        default="newest",
        description="`newest`: from the last stored bars on, or everything if there are none. `all`: everything again, "
        "which also finds what was restated long ago.",
    )


class AcquisitionState(View):
    """Where an acquisition is."""

    id: str
    status: Status


class Acquisition(AcquisitionState):
    """A fetch or an import of prices."""

    kind: Literal["fetch", "import"]
    source: str
    symbol: str
    interval: str
    extent: Literal["newest", "all"]
    progress: float = Field(description="Share that is done, 0 to 1.")
    attempt: int = Field(description="How often it was begun.")
    waits_until: Moment | None = Field(description="When it is tried again, if it has to wait for that.")
    waits_for: str | None = Field(description="Why it does not run, in words; null unless queued.")
    error_code: str | None = Field(description="What went wrong; of a queued one: the last time.")
    error_message: str | None = Field(description="The same for people.")
    message: str | None = Field(description="What it brought, in words.")
    instrument_id: str | None = Field(description="The instrument that it brought bars of.")
    revision: int | None = Field(description="The newest vintage of its bars afterwards.")
    n_bars: int | None = Field(description="Bars that were delivered.")
    n_added: int | None = Field(description="Bars that are new.")
    n_restated: int | None = Field(description="Bars that the source changed.")
    n_withdrawn: int | None = Field(description="Bars that the source took back.")
    submitted_at: Moment
    started_at: Moment | None
    finished_at: Moment | None


class AcquisitionQuery(PageQuery):
    """Which acquisitions."""

    status: tuple[Status, ...] = Field(
        default=(), description="Only with one of these; may be repeated. Left out: all."
    )


class AcquisitionList(PageView):
    """A page of acquisitions, newest first."""

    items: list[Acquisition]
    total: int = Field(description="How many match.")


class Source(View):
    """A source that can be asked for prices."""

    name: str
    state: Literal["closed", "paused", "open", "half_open"] = Field(
        description="`closed`: it is asked. `paused`: it asked for a pause; what waits for it waits. `open`: it failed "
        "too often; fetches fail at once. `half_open`: the pause is over, the next fetch decides."
    )
    n_failures: int = Field(description="In a row.")
    not_before: Moment | None = Field(description="When it is asked again; null unless paused or open.")
    failed_at: Moment | None
    succeeded_at: Moment | None
    error_code: str | None = Field(description="Of the newest failure, as long as no answer came after it.")
    error_message: str | None


class SourceList(View):
    """The sources that can be asked."""

    items: list[Source]

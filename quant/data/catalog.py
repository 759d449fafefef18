"""Where prices come from and how they are cleaned, as parts of a question."""

from typing import Literal

from pydantic import Field

from quant.catalog import Spec


class InstrumentSpec(Spec):
    """One instrument, by its symbol at one source of prices."""

    symbol: str = Field(
        min_length=1,
        max_length=32,
        pattern=r"^[A-Za-z0-9^./_=-]+$",
        description="Ticker symbol at the source.",
        examples=["GOOG"],
    )
    source: Literal["sample", "upload", "yahoo"] = Field(
        "sample",
        description="Where the prices come from. `sample`: the packaged real prices; `upload`: your own files; "
        "`yahoo`: fetched from Yahoo.",
    )


class CleaningSpec(Spec):
    """What is done to bars before anything is computed from them."""

    drop_zero_volume: bool = Field(
        default=False, description="Leave out bars in which nothing was traded; their prices are only indications."
    )
    max_gap_sessions: int = Field(
        default=10,
        ge=1,
        le=250,
        description="Refuse the prices if more exchange sessions than this are missing in a row.",
    )

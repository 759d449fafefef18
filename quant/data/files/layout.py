"""How a file of prices is laid out: detected, shown, corrected by the person who brought it, and kept with the file."""

from collections.abc import Mapping
from typing import Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, field_validator

from quant.catalog import Spec

FileKind = Literal["csv", "parquet", "excel"]
Shape = Literal["single", "long", "wide"]
ColumnRole = Literal[
    "date", "time", "symbol", "currency", "open", "high", "low", "close", "volume", "adjusted_close"
]  # fmt: skip
DateFormat = Literal["ymd", "dmy", "mdy", "epoch_s", "epoch_ms", "epoch_us", "epoch_ns", "serial"]
Stamps = Literal["session", "open", "close"]

PRICE_ROLES: tuple[ColumnRole, ...] = ("open", "high", "low", "close")
NUMBER_ROLES: tuple[ColumnRole, ...] = (*PRICE_ROLES, "volume", "adjusted_close")

_LONGEST_NAME = 200


class LayoutChoices(Spec):
    """What a person has said about a file. What is left out is detected."""

    encoding: (
        Literal["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252", "latin-1"] | None
    ) = Field(None, description="How the text is encoded.")
    delimiter: Literal[",", ";", "\t", "|"] | None = Field(None, description="What stands between two cells.")
    sheet: str | None = Field(None, max_length=_LONGEST_NAME, description="Sheet of a workbook.")
    columns: dict[ColumnRole, str] | None = Field(
        None, description="Which column has what; names as in the file. Replaces what was detected as a whole."
    )
    instrument: str | None = Field(
        None, max_length=_LONGEST_NAME, description="Which of several instruments of the file is meant."
    )
    date_format: DateFormat | None = Field(
        None, description="Order of day, month and year, or how moments are counted."
    )
    timezone: str | None = Field(None, max_length=64, description="Zone of times that are written without one.")
    stamps: Stamps | None = Field(
        None, description="What the times are: only the session's date matters, or the bar's open, or its close."
    )
    decimal: Literal[".", ","] | None = Field(None, description="The decimal separator.")
    calendar: Literal["XNYS", "24/7"] | None = Field(None, description="Exchange calendar of the instrument.")
    close_only: bool | None = Field(
        None, description="Take the close for open, high and low too, where the file has nothing else."
    )

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, name: str | None) -> str | None:
        if name is not None:
            try:
                ZoneInfo(name)
            except (ZoneInfoNotFoundError, ValueError, OSError) as error:
                raise ValueError(f"expected a time zone such as America/New_York or UTC; found {name!r}") from error
        return name

    @field_validator("columns")
    @classmethod
    def _short_names(cls, columns: dict[ColumnRole, str] | None) -> dict[ColumnRole, str] | None:
        if columns and max(map(len, columns.values())) > _LONGEST_NAME:
            raise ValueError(f"expected names of columns of at most {_LONGEST_NAME} characters")
        return columns


class FileLayout(Spec):
    """How a file is read. None: it cannot be told from the file and has to be asked."""

    kind: FileKind = Field(description="What kind of file it is.")
    encoding: str = Field("", description="How the text is encoded.")
    delimiter: str = Field("", description="What stands between two cells.")
    sheet: str | None = Field(None, description="The sheet that is read.")
    sheets: tuple[str, ...] = Field((), description="All sheets of the workbook.")
    header_line: int | None = Field(None, description="Line with the names of the columns; null if there is none.")
    first_line: int = Field(1, description="First line with data.")
    names: tuple[str, ...] = Field((), description="Names of all columns.")
    shape: Shape = Field("single", description="One instrument, or several below or beside each other.")
    columns: dict[ColumnRole, str] = Field(description="Which column has what.")
    instruments: tuple[str, ...] = Field((), description="The instruments of the file, the first 200.")
    instrument: str | None = Field(None, description="The instrument that is read, if the file has several.")
    date_format: DateFormat | None = Field(
        None, description="Order of day, month and year, or how moments are counted."
    )
    timezone: str | None = Field(None, description="Zone of times that are written without one.")
    stamps: Stamps | None = Field(None, description="What the times are.")
    decimal: str | None = Field(None, description="The decimal separator.")
    calendar: str = Field("XNYS", description="Exchange calendar of the instrument.")
    close_only: bool = Field(default=False, description="Whether the close stands for open, high and low.")


def chosen(choices: LayoutChoices, **detected: Any) -> dict[str, Any]:
    """Return what was detected, overwritten by what a person has said."""
    said: Mapping[str, Any] = choices.model_dump(exclude_none=True)
    return {name: said.get(name, value) for name, value in detected.items()}

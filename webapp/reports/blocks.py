"""What a report is made of, before anybody decides how it looks: text, tables and pictures, in sections."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from webapp.reports.scenes import Scene


@dataclass(frozen=True)
class Cell:
    """A cell of a table; `tone` is "gain", "loss", "muted", "mono", or a shade of a heat map such as "p2" or "n3"."""

    text: str
    tone: str = ""


@dataclass(frozen=True)
class Paragraph:
    """Running text; what is small explains what stands above."""

    text: str
    is_small: bool = False


@dataclass(frozen=True)
class Bullets:
    """Sentences one below the other, each with what it is: "good", "bad", "open" or nothing."""

    items: Sequence[tuple[str, str]]


@dataclass(frozen=True)
class Card:
    """One number that matters: what it is called, its value, and what to hold it against."""

    label: str
    value: str
    aside: str = ""
    tone: str = ""


@dataclass(frozen=True)
class Cards:
    """Numbers side by side."""

    items: Sequence[Card]


@dataclass(frozen=True)
class Table:
    """Rows; the first column names them. `numbers` says which columns are numbers; `shares` how wide columns are."""

    caption: str
    columns: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    numbers: Sequence[bool]
    shares: Sequence[float]
    is_heat: bool = False
    shows_caption: bool = False


@dataclass(frozen=True)
class Picture:
    """A drawing for whatever width there is, what it shows in words, and what stands below it."""

    draw: Callable[[int], Scene]
    label: str
    caption: str = ""


Block: TypeAlias = Paragraph | Bullets | Cards | Table | Picture


@dataclass(frozen=True)
class Section:
    """Blocks under a heading; `brief` are those of the tear sheet, None: the same."""

    title: str
    blocks: Sequence[Block]
    brief: Sequence[Block] | None = None


@dataclass(frozen=True)
class Report:
    """The whole; `tone` is that of the verdict."""

    title: str
    subtitle: str
    tone: Literal["good", "doubt", "bad"]
    verdict: str
    sections: Sequence[Section]
    footer: str

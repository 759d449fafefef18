"""Indicators of a chart: entries of the feature catalogue, written as `sma:window=50`, and their lines."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from pydantic import TypeAdapter, ValidationError

from quant.features.catalog import PLAIN_FEATURES, FeatureEntry, PlainFeatureSpec
from quant.frames import Prices
from webapp.errors import InvalidInput
from webapp.services.thinning import Values

MOST_INDICATORS = 6

_INDICATOR = re.compile(r"([a-z_]{1,40})(?::([a-z_]{1,40}=[0-9a-z.]{1,12}(?:,[a-z_]{1,40}=[0-9a-z.]{1,12}){0,5}))?")
_SPECS: TypeAdapter[FeatureEntry] = TypeAdapter(PlainFeatureSpec)

# What can be drawn of one instrument.
INDICATORS: tuple[type[FeatureEntry], ...] = tuple(entry for entry in PLAIN_FEATURES if not entry().others)
_NAMES = tuple(entry.model_fields["name"].default for entry in INDICATORS)


@dataclass(frozen=True)
class Line:
    """One line of an indicator.

    Attributes
    ----------
    indicator : str
        The indicator as it was asked for.
    name : str
        What a person calls the line.
    is_price : bool
        Whether it lies over the price, in its unit; else it has a pane with the other lines of its indicator.
    y : ndarray of shape (n_candles * points_per_candle,)
        Its values; NaN is unknown.
    """

    indicator: str
    name: str
    is_price: bool
    y: Values


def parse_indicator(text: str) -> FeatureEntry:
    """Return the catalogue entry that a text such as `sma:window=50` or `rsi` asks for.

    Raises
    ------
    InvalidInput
        If there is no such feature, or a parameter is unknown or out of bounds; the field is `indicators`.
    """
    match = _INDICATOR.fullmatch(text)
    if match is None or match[1] not in _NAMES:
        known = ", ".join(_NAMES)
        raise _wrong_indicator(f"Expected an indicator such as sma:window=50, of {known}; found {text[:60]!r}.")
    given = dict(part.split("=") for part in (match[2] or "").split(",") if part)
    try:
        return _SPECS.validate_python({"name": match[1], **given})
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"][1:])
        raise _wrong_indicator(f"{match[1]}{': ' + where if where else ''}: {first['msg']}.") from error


def is_indicator(text: str) -> bool:
    """Whether the catalogue has what a text asks for."""
    try:
        parse_indicator(text)
    except InvalidInput:
        return False
    return True


def write_indicator(entry: FeatureEntry) -> str:
    """Return the text that asks for an entry, every parameter said."""
    parameters = ",".join(f"{name}={_written(value)}" for name, value in entry.parameters().items())
    name = type(entry).model_fields["name"].default
    return f"{name}:{parameters}" if parameters else str(name)


def parse_indicators(texts: Sequence[str]) -> list[FeatureEntry]:
    """Return the entries that the texts ask for.

    Raises
    ------
    InvalidInput
        If one of them is wrong, there are more than six, or one is asked for twice.
    """
    if len(texts) > MOST_INDICATORS:
        raise _wrong_indicator(f"Expected at most {MOST_INDICATORS} indicators; found {len(texts)}.")
    entries = [parse_indicator(text) for text in texts]
    if len(set(entries)) != len(entries):
        raise _wrong_indicator("Expected each indicator once with the same parameters; found one twice.")
    return entries


def title_of(entry: FeatureEntry) -> str:
    """Return an indicator's name with its parameters, as it stands in a chart: `SMA 50`."""
    parameters = ", ".join(map(_written, entry.parameters().values()))
    return f"{entry.title.removeprefix('Distance from ').removesuffix(' bands')} {parameters}".strip()


def compute_lines(bars: Prices, entry: FeatureEntry) -> list[Line]:
    """Return the lines of an indicator over all bars."""
    from quant.features.compute import compute_features  # noqa: PLC0415  # 120 MB that only these charts need
    from quant.features.overlays import price_lines  # noqa: PLC0415  # as above

    text, shown = write_indicator(entry), title_of(entry)
    over = price_lines(bars, entry)
    if over is not None:
        short = entry.title.split()[0]
        names = [shown if column in {"average", "middle"} else f"{short} {column}" for column in over.columns]
        return [Line(text, name, True, values) for name, values in zip(names, over.to_numpy().T, strict=True)]
    if len(bars) <= entry.warm_up:
        unknown = np.full((len(entry.columns), len(bars)), np.nan)
    else:
        unknown = compute_features(bars, [entry], is_cut=True).to_numpy().T
    words = [column.removesuffix(_suffix(entry)).replace("_", " ").strip() for column in entry.columns]
    names = [shown] if len(words) == 1 else [_line_name(entry, word) for word in words]
    return [Line(text, name, False, values) for name, values in zip(names, unknown, strict=True)]


def _suffix(entry: FeatureEntry) -> str:
    return "".join(f"_{_written(value)}" for value in entry.parameters().values())


def _written(value: float | str) -> str:
    return value if isinstance(value, str) else f"{value:g}"


def _line_name(entry: FeatureEntry, word: str) -> str:
    rest = word.removeprefix(type(entry).model_fields["name"].default).strip()
    return title_of(entry) if not rest else f"{entry.title} {rest}"


def _wrong_indicator(message: str) -> InvalidInput:
    return InvalidInput(message, fields={"indicators": message})

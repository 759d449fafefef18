"""Drawings as shapes in pixels, which a page shows as SVG and a tear sheet as lines on paper."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
import pandas as pd

from webapp import formats
from webapp.services.thinning import line_of, stretch_starts

Point: TypeAlias = tuple[float, float]
Style: TypeAlias = Literal[
    "strategy", "benchmark", "drawdown", "grid", "axis", "muted", "insample", "fold", "gain", "loss", "text"
]

_LEFT, _RIGHT = 8, 58
_STRIP = 0.13  # of the width: bars before the first trade, on which models only learnt
_MOST_TICKS = 7
_TEXT = 12
_A_CHARACTER = 6.6  # pixels
_MONTHS_UP_TO_YEARS = 3
_A_PER_CENT = 0.01
_EDGE = 0.03  # of the axis: text there would hang over
_ROUNDING = 1e-9


@dataclass(frozen=True)
class Line:
    """A line through points."""

    points: Sequence[Point]
    style: Style


@dataclass(frozen=True)
class Area:
    """A filled outline."""

    points: Sequence[Point]
    style: Style


@dataclass(frozen=True)
class Words:
    """Text at a point; `anchor` says which end stands there."""

    at: Point
    text: str
    anchor: Literal["start", "middle", "end"] = "start"
    style: Style = "muted"


Shape: TypeAlias = Line | Area | Words


@dataclass(frozen=True)
class Scene:
    """Shapes on a ground of this size; later ones lie above."""

    width: int
    height: int
    shapes: Sequence[Shape]


def wealth(
    equity: pd.DataFrame, fold_starts: Sequence[pd.Timestamp], learnt: tuple[str, str] | None, width: int
) -> Scene:
    """Draw wealth and drawdown of strategy and benchmark; what was only learnt from stands shaded before them.

    Parameters
    ----------
    equity : DataFrame of shape (n_bars, n_columns)
        Index `timestamp`; `equity`, `benchmark`, `drawdown`, `benchmark_drawdown`.
    fold_starts : sequence of Timestamp
        First bar of each model.
    learnt : tuple of (str, str) or None
        First and last day of the bars before, of the first model; None if nothing was learnt.
    width : int
        Pixels.

    Returns
    -------
    Scene
        Two panels over one axis of bars.
    """
    upper, lower, gap = 230, 90, 26
    height = upper + lower + gap + 24
    strip = 0 if learnt is None else round((width - _LEFT - _RIGHT) * _STRIP)
    left, right = _LEFT + strip, width - _RIGHT
    starts = stretch_starts(len(equity), max(1, -(-2 * len(equity) // (right - left))))
    doubled = len(starts) < len(equity)

    def thinned(name: str) -> np.ndarray:
        values = equity[name].to_numpy(dtype=np.float64)
        return line_of(values, starts) if doubled else values

    n = len(thinned("equity"))
    xs = np.linspace(left, right, n) if n > 1 else np.array([float(left)])
    shapes: list[Shape] = []
    if learnt is not None:
        shapes.append(Area([(_LEFT, 0), (left, 0), (left, height - 24), (_LEFT, height - 24)], "insample"))
        shapes += _strip_words(strip, learnt)
    money = [thinned("equity"), thinned("benchmark")]
    shapes += _panel(money, ("strategy", "benchmark"), xs, (14, upper), (left, right), is_percent=False)
    falls = [thinned("drawdown"), thinned("benchmark_drawdown")]
    top = upper + gap
    shapes += _panel(falls, ("drawdown", "benchmark"), xs, (top, top + lower), (left, right), is_percent=True)
    shapes.append(Words((left + 4, top - 6), "Drawdown", style="text"))
    positions = [equity.index.searchsorted(start) for start in fold_starts]
    for position in positions[1:]:
        x = left + (right - left) * position / max(1, len(equity) - 1)
        shapes.append(Line([(x, upper + 2), (x, upper + 8)], "fold"))
    shapes += _dates(pd.DatetimeIndex(equity.index), (left, right), height - 8)
    return Scene(width, height, shapes)


def years(yearly: pd.DataFrame, width: int) -> Scene:
    """Draw the returns of years, strategy beside benchmark; `year`, `return`, `benchmark_return`, the last 25."""
    rows = yearly.tail(25)
    values = rows[["return", "benchmark_return"]].to_numpy(dtype=np.float64)
    height, left, right = 190, _LEFT, width - _RIGHT
    shapes, to_y = _scale(
        [np.append(np.nan_to_num(values).ravel(), 0.0)], (10, height - 26), (left, right), is_percent=True
    )
    step = (right - left) / max(1, len(rows))
    bar = min(26.0, step * 0.34)
    stride = max(1, -(-len(rows) * 40 // (right - left)))
    for place, (year, pair) in enumerate(zip(rows["year"], values, strict=True)):
        middle = left + (place + 0.5) * step
        sides: tuple[tuple[int, float, Style], ...] = ((-1, pair[0], "strategy"), (0, pair[1], "benchmark"))
        for side, value, style in sides:
            if np.isnan(value):
                continue
            x, zero, y = middle + side * bar, to_y(0.0), to_y(float(value))
            shapes.append(Area([(x, zero), (x + bar - 1, zero), (x + bar - 1, y), (x, y)], style))
        if place % stride == 0:
            shapes.append(Words((middle, height - 8), str(int(year)), "middle"))
    shapes.append(Line([(left, to_y(0.0)), (right, to_y(0.0))], "axis"))
    return Scene(width, height, shapes)


def histogram(values: np.ndarray, width: int) -> Scene:
    """Draw how often trades returned what; losses and gains never share a bar."""
    height, left, right = 170, _LEFT, width - _RIGHT
    size = _nice(float(np.ptp(values)) / 24 or 0.01)
    edges = np.arange(np.floor(values.min() / size), np.ceil(values.max() / size) + 1.5) * size
    counts, edges = np.histogram(values, edges)
    shapes, to_y = _scale([np.array([0.0, float(counts.max())])], (10, height - 26), (left, right), is_percent=False)
    step = (right - left) / len(counts)
    for place, count in enumerate(counts):
        x = left + place * step
        style: Style = "gain" if edges[place] >= -size / 2 else "loss"
        if count:
            y, zero = to_y(float(count)), to_y(0.0)
            shapes.append(Area([(x + 1, zero), (x + step - 1, zero), (x + step - 1, y), (x + 1, y)], style))
    stride = max(1, -(-len(edges) * 56 // (right - left)))
    for place in range(0, len(edges), stride):
        shapes.append(Words((left + place * step, height - 8), formats.percent(float(edges[place])), "middle"))
    shapes.append(Line([(left, to_y(0.0)), (right, to_y(0.0))], "axis"))
    return Scene(width, height, shapes)


def _strip_words(strip: int, learnt: tuple[str, str]) -> list[Shape]:
    lines = ["In sample", learnt[0], "to", learnt[1], "not traded"]
    if strip < 11 * _A_CHARACTER:
        return [Words((_LEFT + 4, 28), "In", style="text"), Words((_LEFT + 4, 43), "sample", style="text")]
    return [
        Words((_LEFT + 6, 28 + 15 * place), line, style="text" if place == 0 else "muted")
        for place, line in enumerate(lines)
    ]


def _panel(
    columns: Sequence[np.ndarray],
    styles: tuple[Style, Style],
    xs: np.ndarray,
    span: tuple[float, float],
    sides: tuple[int, int],
    *,
    is_percent: bool,
) -> list[Shape]:
    """Return grid and lines of a panel; the first column is drawn last, and filled if it is a drawdown."""
    shapes, to_y = _scale(columns, span, sides, is_percent=is_percent)
    for values, style in reversed(list(zip(columns, styles, strict=True))):
        points = [(float(x), to_y(float(y))) for x, y in zip(xs, values, strict=True) if np.isfinite(y)]
        if style == "drawdown" and points:
            zero = to_y(0.0)
            shapes.append(Area([(points[0][0], zero), *points, (points[-1][0], zero)], "drawdown"))
        shapes.append(Line(points, "loss" if style == "drawdown" else style))
    return shapes


def _scale(
    columns: Sequence[np.ndarray], span: tuple[float, float], sides: tuple[int, int], *, is_percent: bool
) -> tuple[list[Shape], "_ToY"]:
    known = np.concatenate([values[np.isfinite(values)] for values in columns])
    low, high = (float(known.min()), float(known.max())) if len(known) else (0.0, 1.0)
    if high - low < 1e-9 * max(1.0, abs(high)):
        low, high = low - 0.5 * max(abs(low), 0.01), high + 0.5 * max(abs(high), 0.01)
    step = _nice((high - low) / 4)
    ticks = np.arange(np.ceil(low / step - 1e-9), np.floor(high / step + 1e-9) + 1) * step
    to_y = _ToY(low, high, *span)
    shapes: list[Shape] = []
    for tick in ticks:
        y = to_y(float(tick))
        shapes.append(Line([(sides[0], y), (sides[1], y)], "grid"))
        digits = 0 if step >= _A_PER_CENT else 1
        text = formats.percent(float(tick), digits) if is_percent else _short(float(tick))
        shapes.append(Words((sides[1] + 6, y + 4), text))
    return shapes, to_y


@dataclass(frozen=True)
class _ToY:
    low: float
    high: float
    top: float
    bottom: float

    def __call__(self, value: float) -> float:
        return self.bottom - (value - self.low) / (self.high - self.low) * (self.bottom - self.top)


def _dates(index: pd.DatetimeIndex, sides: tuple[int, int], y: float) -> list[Shape]:
    """Return months or years below the bars at which they begin."""
    is_short = (index[-1] - index[0]).days < 365 * _MONTHS_UP_TO_YEARS
    period = index.year * 12 + index.month if is_short else index.year
    begins = np.flatnonzero(np.diff(period.to_numpy(), prepend=period[0] - 1))
    room = min(_MOST_TICKS, int((sides[1] - sides[0]) // 70))
    stride = max(1, -(-len(begins) // max(1, room)))
    shapes: list[Shape] = []
    for position in begins[::stride]:
        share = position / max(1, len(index) - 1)
        x = sides[0] + (sides[1] - sides[0]) * share
        anchor: Literal["start", "middle", "end"] = (
            "start" if share < _EDGE else "end" if share > 1 - _EDGE else "middle"
        )
        shapes.append(Words((x, y), f"{index[position]:%Y-%m}" if is_short else f"{index[position]:%Y}", anchor))
    return shapes


def _nice(step: float) -> float:
    """Return 1, 2 or 5 times a power of ten, no less than a step."""
    power = 10.0 ** np.floor(np.log10(step))
    return float(next(power * each for each in (1.0, 2.0, 5.0, 10.0) if power * each >= step * (1 - 1e-9)))


def _short(value: float) -> str:
    """Return an amount as an axis has room for it."""
    for size, unit in ((1e9, "bn"), (1e6, "m"), (1e3, "k")):
        if abs(value) >= size:
            scaled = value / size
            return f"{formats.number(scaled, 0 if abs(scaled - round(scaled)) < _ROUNDING else 1)}{unit}"
    return formats.number(value, 0 if abs(value - round(value)) < _ROUNDING else 2)

"""Highest and lowest of a window that moves, and how long ago they were.

As in `quant.features.windows`, a span is put together from two of half its length. Of equal values any is the highest,
so the last two spans may overlap, and a window of any length takes as many passes as its length has binary digits.
"""

from collections.abc import Callable

import numpy as np

from quant.features.arrays import Values

Choose = Callable[..., Values]


def rolling_maximum(values: Values, window: int) -> Values:
    """Return the highest of the last `window` values; NaN before the window is full and while it holds a NaN."""
    return _extreme(np.maximum, values, window)


def rolling_minimum(values: Values, window: int) -> Values:
    """Return the lowest of the last `window` values; NaN before the window is full and while it holds a NaN."""
    return _extreme(np.minimum, values, window)


def bars_since_maximum(values: Values, window: int) -> Values:
    """Return how long ago the highest of the last `window` values was, from 0; of equal ones, the newest."""
    ages = np.full_like(values, np.nan)
    n_windows = values.size - window + 1
    if n_windows <= 0:
        return ages
    spans, spans_ages, width = values, np.zeros_like(values), 1
    while 2 * width <= window:
        spans, spans_ages = _newer_of(spans[:-width], spans_ages[:-width], spans[width:], spans_ages[width:], width)
        width *= 2
    rest = window - width
    spans, spans_ages = _newer_of(
        spans[:n_windows], spans_ages[:n_windows], spans[rest : rest + n_windows], spans_ages[rest:][:n_windows], rest
    )
    ages[window - 1 :] = np.where(np.isnan(spans), np.nan, spans_ages)
    return ages


def _newer_of(
    older: Values, older_ages: Values, newer: Values, newer_ages: Values, distance: int
) -> tuple[Values, Values]:
    return np.maximum(older, newer), np.where(newer >= older, newer_ages, older_ages + distance)


def _extreme(choose: Choose, values: Values, window: int) -> Values:
    extremes = np.full_like(values, np.nan)
    n_windows = values.size - window + 1
    if n_windows <= 0:
        return extremes
    spans, width = values, 1
    while 2 * width <= window:
        spans = choose(spans[:-width], spans[width:])
        width *= 2
    rest = window - width
    choose(spans[:n_windows], spans[rest : rest + n_windows], out=extremes[window - 1 :])
    return extremes

"""Hypothesis strategies that the property tests of features and labels share: price frames, and catalogue entries."""

from types import NoneType, UnionType
from typing import Any, Literal, get_args, get_origin

import numpy as np
import pandas as pd
from hypothesis import strategies as st
from pydantic import ValidationError

from quant.catalog import CatalogEntry
from quant.features.catalog.cross_asset import closes_of
from quant.frames import MARKET_COLUMNS, PRICE_COLUMNS, Prices


def price_walk(n_bars: int, seed: int) -> Prices:
    """Return a sound price frame that wanders, jumps, stands still for a while, and has bars without volume."""
    rng = np.random.default_rng(seed)
    moves = rng.normal(0.0, 0.02, n_bars) + (rng.random(n_bars) < 0.01) * rng.normal(0.0, 0.3, n_bars)
    still = _stretches(rng, n_bars)
    moves[still] = 0.0
    close = 50.0 * np.exp(np.cumsum(moves))
    before = np.concatenate([close[:1], close[:-1]])
    open_ = before * np.where(still, 1.0, np.exp(rng.normal(0.0, 0.005, n_bars)))
    reach = np.where(still, 0.0, np.abs(rng.normal(0.0, 0.01, n_bars)))
    volume = np.round(rng.lognormal(10.0, 1.0, n_bars))
    volume[_stretches(rng, n_bars) | (rng.random(n_bars) < 0.05)] = 0.0
    timestamps = pd.date_range("2001-01-02T21:00", periods=n_bars, freq="D", tz="UTC", unit="us", name="timestamp")
    frame = pd.DataFrame(
        {
            "session": timestamps.tz_localize(None).normalize(),
            "open": open_,
            "high": np.maximum(open_, close) * (1.0 + reach),
            "low": np.minimum(open_, close) / (1.0 + reach),
            "close": close,
            "volume": volume,
            "split_factor": 1.0,
            "dividend": 0.0,
        },
        index=timestamps,
    )
    return frame[list(PRICE_COLUMNS)]


def with_others(spec: Any, prices: Prices) -> Prices:
    """Return the prices with those closes of other instruments beside them that a feature is made of."""
    others = {symbol: price_walk(len(prices), seed=90 + place) for place, symbol in enumerate(spec.others)}
    closes = {closes_of(symbol): other["close"].to_numpy() for symbol, other in others.items()}
    return prices.assign(**closes)


def other_closes(prices: Prices) -> list[str]:
    """Return the columns that stand beside a price frame."""
    return [column for column in prices if column not in PRICE_COLUMNS]


def _stretches(rng: np.random.Generator, n_bars: int) -> np.ndarray:
    """Return which bars lie in one of a few stretches of up to sixty bars."""
    inside = np.zeros(n_bars, dtype=bool)
    for _ in range(rng.integers(0, 3)):
        start = rng.integers(0, n_bars + 1)
        inside[start : start + rng.integers(1, 60)] = True
    return inside


def price_walks(min_bars: int, max_bars: int) -> st.SearchStrategy[Prices]:
    return st.builds(price_walk, st.integers(min_bars, max_bars), st.integers(0, 2**32 - 1))


def garbled(prices: Prices, rows: slice, seed: int) -> Prices:
    """Return `prices` with other numbers, some of them unknown, in the market columns of `rows`."""
    rng = np.random.default_rng(seed)
    changed = prices.copy()
    columns = [changed.columns.get_loc(name) for name in (*MARKET_COLUMNS, *other_closes(prices))]
    shape = changed.iloc[rows, columns].shape
    noise = rng.lognormal(3.0, 2.0, shape)
    noise[rng.random(shape) < 0.1] = np.nan
    changed.iloc[rows, columns] = noise
    return changed


def entries(kind: type[CatalogEntry]) -> st.SearchStrategy[Any]:
    """Return a strategy of entries of one kind: every parameter anywhere within its declared bounds."""
    parameters = {name: _within_bounds(field) for name, field in kind.model_fields.items() if name != "name"}
    return (
        st.fixed_dictionaries(parameters)
        .filter(lambda values: _is_valid(kind, values))
        .map(lambda values: kind(**values))
    )


def _within_bounds(field: Any) -> st.SearchStrategy[Any]:
    kinds = getattr(field.annotation, "__args__", ())
    if kinds and all(isinstance(kind, type) and issubclass(kind, CatalogEntry) for kind in kinds):
        return st.sampled_from(kinds).flatmap(entries)
    if get_origin(field.annotation) is Literal:
        return st.sampled_from(get_args(field.annotation))
    if get_origin(field.annotation) is UnionType:  # a number or nothing
        (number,) = set(get_args(field.annotation)) - {NoneType}
        low, high = (
            next(getattr(bound, end) for bound in field.metadata if hasattr(bound, end)) for end in ("ge", "le")
        )
        return st.none() | {int: st.integers, float: st.floats}[number](low, high)
    if field.annotation is str:  # the symbol of another instrument
        return st.sampled_from(["", "SPY", "^GSPC"])
    low = next(bound.ge for bound in field.metadata if hasattr(bound, "ge"))
    high = next(bound.le for bound in field.metadata if hasattr(bound, "le"))
    return {int: st.integers, float: st.floats}[field.annotation](low, high)


def _is_valid(kind: type[CatalogEntry], values: dict[str, Any]) -> bool:
    try:
        kind(**values)
    except ValidationError:
        return False
    return True


def name_of(kind: type[CatalogEntry]) -> str:
    return str(kind.model_fields["name"].default)

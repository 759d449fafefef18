"""The features that can be asked for, a module a category.

Each entry's implementation takes an adjusted price frame of one instrument and the entry's parameters as keywords, and
returns a frame with `columns(entry)` in that order. A feature is free of scale: it does not change when all prices are
multiplied by one number, so that models see the same thing before and after a split.
"""

from typing import Annotated, get_args

from pydantic import Field

from quant.features.catalog.entry import FeatureEntry
from quant.features.catalog.momentum import RelativeStrengthIndex, Return
from quant.features.catalog.plain import PlainFeature
from quant.features.catalog.trend import ExponentialMovingAverage, Macd, SimpleMovingAverage
from quant.features.catalog.volatility import AverageTrueRange, BollingerBands, Volatility
from quant.features.catalog.volume import RelativeVolume

__all__ = [
    "FEATURES",
    "AverageTrueRange",
    "BollingerBands",
    "ExponentialMovingAverage",
    "FeatureEntry",
    "FeatureSpec",
    "Macd",
    "RelativeStrengthIndex",
    "RelativeVolume",
    "Return",
    "SimpleMovingAverage",
    "Volatility",
]

FeatureSpec = Annotated[PlainFeature, Field(discriminator="name")]

FEATURES: tuple[type[FeatureEntry], ...] = get_args(PlainFeature)

"""The features that are made of prices: a line for each category."""

from typing import Annotated, TypeAlias

from pydantic import Field

from quant.features.catalog.breaks import BreakFeature
from quant.features.catalog.calendar import CalendarFeature
from quant.features.catalog.cross_asset import CrossAssetFeature
from quant.features.catalog.entropy import EntropyFeature
from quant.features.catalog.fractal import FractalFeature
from quant.features.catalog.intervals import IntervalFeature
from quant.features.catalog.memory import MemoryFeature
from quant.features.catalog.momentum import MomentumFeature
from quant.features.catalog.trend import TrendFeature
from quant.features.catalog.volatility import VolatilityFeature
from quant.features.catalog.volume import VolumeFeature

# In this order they are listed. A category is an alias of the union of its entries.
PlainFeature: TypeAlias = (
    MomentumFeature
    | TrendFeature
    | VolatilityFeature
    | VolumeFeature
    | FractalFeature
    | MemoryFeature
    | EntropyFeature
    | BreakFeature
    | CrossAssetFeature
    | IntervalFeature
    | CalendarFeature
)
PlainFeatureSpec: TypeAlias = Annotated[PlainFeature, Field(discriminator="name")]

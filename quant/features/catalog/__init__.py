"""The features that can be asked for, a module a category.

Each entry's implementation takes an adjusted price frame of one instrument and the entry's parameters as keywords, and
returns a frame with `columns(entry)` in that order. What names `others` finds their closes in columns beside it, see
`quant.features.compute.beside`. A feature is free of scale: it does not change when all prices are
multiplied by one number, so that models see the same thing before and after a split.
"""

from typing import Annotated, get_args

from pydantic import Field

from quant.features.catalog.breaks import CusumBreak, ExplosiveRoot
from quant.features.catalog.calendar import DayOfWeek, DaysToMonthEnd, MonthOfYear, TurnOfMonth
from quant.features.catalog.cross_asset import Beta, Correlation, PriceRatio, Spread
from quant.features.catalog.entropy import (
    KontoyiannisEntropy,
    LempelZivComplexity,
    PermutationEntropy,
    PlugInEntropy,
    ShannonEntropy,
)
from quant.features.catalog.entry import FeatureEntry
from quant.features.catalog.fractal import (
    BoxDimension,
    DetrendedFluctuation,
    HiguchiDimension,
    HurstExponent,
    KatzDimension,
)
from quant.features.catalog.intervals import HigherInterval
from quant.features.catalog.memory import (
    FractionalDifference,
)
from quant.features.catalog.momentum import (
    CommodityChannelIndex,
    MoneyFlowIndex,
    RelativeStrengthIndex,
    Return,
    Stochastic,
    TrueStrengthIndex,
    WilliamsR,
)
from quant.features.catalog.plain import PlainFeature, PlainFeatureSpec
from quant.features.catalog.presets import PRESETS, FeaturePreset
from quant.features.catalog.transforms import Lag, Rolling, TransformFeature
from quant.features.catalog.trend import (
    Aroon,
    DirectionalMovement,
    ExponentialMovingAverage,
    Ichimoku,
    Macd,
    RegressionSlope,
    SimpleMovingAverage,
    WeightedMovingAverage,
)
from quant.features.catalog.volatility import (
    AverageTrueRange,
    BollingerBands,
    DonchianChannel,
    EwmaVolatility,
    GarmanKlass,
    KeltnerChannels,
    Parkinson,
    RogersSatchell,
    Volatility,
    YangZhang,
)
from quant.features.catalog.volume import (
    AccumulationDistribution,
    AmihudIlliquidity,
    ChaikinMoneyFlow,
    OnBalanceVolume,
    RelativeVolume,
    VwapDistance,
)

__all__ = [
    "FEATURES",
    "PLAIN_FEATURES",
    "PRESETS",
    "AccumulationDistribution",
    "AmihudIlliquidity",
    "Aroon",
    "AverageTrueRange",
    "Beta",
    "BollingerBands",
    "BoxDimension",
    "ChaikinMoneyFlow",
    "CommodityChannelIndex",
    "Correlation",
    "CusumBreak",
    "DayOfWeek",
    "DaysToMonthEnd",
    "DetrendedFluctuation",
    "DirectionalMovement",
    "DonchianChannel",
    "EwmaVolatility",
    "ExplosiveRoot",
    "ExponentialMovingAverage",
    "FeatureEntry",
    "FeaturePreset",
    "FeatureSpec",
    "FractionalDifference",
    "GarmanKlass",
    "HigherInterval",
    "HiguchiDimension",
    "HurstExponent",
    "Ichimoku",
    "KatzDimension",
    "KeltnerChannels",
    "KontoyiannisEntropy",
    "Lag",
    "LempelZivComplexity",
    "Macd",
    "MoneyFlowIndex",
    "MonthOfYear",
    "OnBalanceVolume",
    "Parkinson",
    "PermutationEntropy",
    "PlainFeatureSpec",
    "PlugInEntropy",
    "PriceRatio",
    "RegressionSlope",
    "RelativeStrengthIndex",
    "RelativeVolume",
    "Return",
    "RogersSatchell",
    "Rolling",
    "ShannonEntropy",
    "SimpleMovingAverage",
    "Spread",
    "Stochastic",
    "TrueStrengthIndex",
    "TurnOfMonth",
    "Volatility",
    "VwapDistance",
    "WeightedMovingAverage",
    "WilliamsR",
    "YangZhang",
]

FeatureSpec = Annotated[PlainFeature | TransformFeature, Field(discriminator="name")]

PLAIN_FEATURES: tuple[type[FeatureEntry], ...] = get_args(PlainFeature)
FEATURES: tuple[type[FeatureEntry], ...] = (*PLAIN_FEATURES, *get_args(TransformFeature))

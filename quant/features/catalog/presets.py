"""Presets: features that are often asked for together."""

from quant.catalog import Spec
from quant.features.catalog.breaks import CusumBreak, ExplosiveRoot
from quant.features.catalog.entropy import (
    KontoyiannisEntropy,
    LempelZivComplexity,
    PermutationEntropy,
    PlugInEntropy,
    ShannonEntropy,
)
from quant.features.catalog.fractal import (
    DetrendedFluctuation,
    HiguchiDimension,
    HurstExponent,
)
from quant.features.catalog.memory import FractionalDifference
from quant.features.catalog.momentum import (
    CommodityChannelIndex,
    RelativeStrengthIndex,
    Return,
    Stochastic,
    WilliamsR,
)
from quant.features.catalog.plain import PlainFeatureSpec
from quant.features.catalog.trend import (
    Aroon,
    DirectionalMovement,
    ExponentialMovingAverage,
    Macd,
    SimpleMovingAverage,
)
from quant.features.catalog.volatility import (
    AverageTrueRange,
    BollingerBands,
    GarmanKlass,
    Parkinson,
    Volatility,
    YangZhang,
)
from quant.features.catalog.volume import (
    AmihudIlliquidity,
    ChaikinMoneyFlow,
    OnBalanceVolume,
    RelativeVolume,
    VwapDistance,
)


class FeaturePreset(Spec):
    """Some features under a name.

    Attributes
    ----------
    name : str
        Unique among presets and features.
    title : str
        What a person calls it.
    summary : str
        One sentence: what it is for.
    features : tuple of FeatureEntry
        The features with their parameters; no two with a column in common.
    """

    name: str
    title: str
    summary: str
    features: tuple[PlainFeatureSpec, ...]


PRESETS: tuple[FeaturePreset, ...] = (
    FeaturePreset(
        name="preset_classic",
        title="Classic technical set",
        summary="What charts have shown for decades: averages, oscillators, bands and ranges.",
        features=(
            Return(window=1),
            SimpleMovingAverage(),
            ExponentialMovingAverage(),
            Macd(),
            DirectionalMovement(),
            Aroon(),
            RelativeStrengthIndex(),
            Stochastic(),
            WilliamsR(),
            CommodityChannelIndex(),
            BollingerBands(),
            AverageTrueRange(),
        ),
    ),
    FeaturePreset(
        name="preset_volatility_volume",
        title="Volatility and volume",
        summary="How much prices move, by closes and by ranges, and how much is traded while they do.",
        features=(
            Volatility(),
            Parkinson(),
            GarmanKlass(),
            YangZhang(),
            AverageTrueRange(),
            RelativeVolume(),
            OnBalanceVolume(),
            ChaikinMoneyFlow(),
            VwapDistance(),
            AmihudIlliquidity(),
        ),
    ),
    FeaturePreset(
        name="preset_memory_entropy",
        title="Memory and entropy",
        summary="How much of the past is left in prices, and how little of what comes next follows from it.",
        features=(
            FractionalDifference(),
            HurstExponent(),
            DetrendedFluctuation(),
            HiguchiDimension(),
            ShannonEntropy(),
            PlugInEntropy(),
            LempelZivComplexity(),
            KontoyiannisEntropy(),
            PermutationEntropy(),
        ),
    ),
    FeaturePreset(
        name="preset_orders",
        title="Fractional differences of several orders",
        summary="Candidates for the step “Choose the fractional order”, which keeps one of them in each fold.",
        features=tuple(FractionalDifference(order=order / 10) for order in range(1, 10)),
    ),
    FeaturePreset(
        name="preset_breaks",
        title="Structural breaks",
        summary="Whether the market still is what it was: departures from a level, bubbles, unrest.",
        features=(CusumBreak(), ExplosiveRoot(), Volatility(window=60), YangZhang()),
    ),
)

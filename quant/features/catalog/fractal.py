"""Fractal measures: how rough the price is, and how long it remembers."""

from typing import ClassVar, Literal, TypeAlias

from pydantic import Field

from quant.features.catalog.entry import FeatureEntry


class HurstExponent(FeatureEntry):
    """Hurst's exponent by the rescaled range."""

    title: ClassVar[str] = "Hurst exponent"
    summary: ClassVar[str] = (
        "How the range of the price grows with time, by rescaled range: above 0.5 moves continue, below they turn."
    )
    category: ClassVar[str] = "Fractal"
    implementation: ClassVar[str] = "quant.features.fractal:hurst_feature"
    reference: ClassVar[str] = "Hurst 1951; Anis & Lloyd 1976 for what is expected of returns without memory."

    name: Literal["hurst"] = "hurst"
    window: int = Field(default=252, ge=50, le=504, description="Returns to look back.")

    @property
    def warm_up(self) -> int:
        """`window` returns need `window + 1` closes."""
        return self.window


class DetrendedFluctuation(FeatureEntry):
    """Exponent of detrended fluctuation analysis."""

    title: ClassVar[str] = "DFA exponent"
    summary: ClassVar[str] = (
        "How fluctuations about a local trend grow with its length: above 0.5 moves continue, below they turn."
    )
    category: ClassVar[str] = "Fractal"
    implementation: ClassVar[str] = "quant.features.fractal:dfa_feature"
    reference: ClassVar[str] = "Peng et al. 1994, Physical Review E 49(2), 1685."

    name: Literal["dfa"] = "dfa"
    window: int = Field(default=252, ge=64, le=504, description="Returns to look back.")

    @property
    def warm_up(self) -> int:
        """`window` returns need `window + 1` closes."""
        return self.window


class HiguchiDimension(FeatureEntry):
    """Higuchi's fractal dimension of the close."""

    title: ClassVar[str] = "Higuchi dimension"
    summary: ClassVar[str] = "Fractal dimension of the curve of closes: 1 a smooth line, 1.5 a random walk, 2 noise."
    category: ClassVar[str] = "Fractal"
    implementation: ClassVar[str] = "quant.features.dimensions:higuchi_feature"
    version: ClassVar[int] = 2  # paths are added up anew every 4,096 bars
    reference: ClassVar[str] = "Higuchi 1988, Physica D 31(2), 277."

    name: Literal["higuchi"] = "higuchi"
    window: int = Field(default=252, ge=32, le=504, description="Closes of the curve.")
    k_max: int = Field(default=10, ge=2, le=15, description="Most bars of a step.")

    @property
    def warm_up(self) -> int:
        """The curve needs `window` bars."""
        return self.window - 1


class KatzDimension(FeatureEntry):
    """Katz's fractal dimension of the close."""

    title: ClassVar[str] = "Katz dimension"
    summary: ClassVar[str] = "Length of the curve of closes against how far it gets from its start; 1 is straight."
    category: ClassVar[str] = "Fractal"
    implementation: ClassVar[str] = "quant.features.dimensions:katz_feature"
    reference: ClassVar[str] = "Katz 1988, Computers in Biology and Medicine 18(3), 145, along the price alone."

    name: Literal["katz"] = "katz"
    window: int = Field(default=60, ge=4, le=504, description="Closes of the curve.")

    @property
    def warm_up(self) -> int:
        """The curve needs `window` bars."""
        return self.window - 1


class BoxDimension(FeatureEntry):
    """Box-counting dimension of the close."""

    title: ClassVar[str] = "Box dimension"
    summary: ClassVar[str] = "How many boxes the curve of closes runs through when they get smaller: 1 smooth, 2 rough."
    category: ClassVar[str] = "Fractal"
    implementation: ClassVar[str] = "quant.features.dimensions:box_feature"
    reference: ClassVar[str] = "Liebovitch & Toth 1989, Physics Letters A 141, 386; boxes of 1/2, 1/4, ... of the span."

    name: Literal["box_dimension"] = "box_dimension"
    window: int = Field(default=129, ge=17, le=504, description="Closes of the curve.")

    @property
    def warm_up(self) -> int:
        """The curve needs `window` bars."""
        return self.window - 1


FractalFeature: TypeAlias = HurstExponent | DetrendedFluctuation | HiguchiDimension | KatzDimension | BoxDimension

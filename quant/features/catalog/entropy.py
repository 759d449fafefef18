"""Entropy: how little of what comes next follows from what was."""

from typing import ClassVar, Literal, TypeAlias

from pydantic import Field

from quant.features.catalog.entry import FeatureEntry

Encoding = Literal["sign", "halves", "quarters"]

_ENCODING = "How returns become symbols: down, flat and up, or by the median or the quartiles of the window."


class _Entropy(FeatureEntry):
    category: ClassVar[str] = "Entropy"


class ShannonEntropy(_Entropy):
    """Shannon's entropy of the distribution of returns."""

    title: ClassVar[str] = "Shannon entropy"
    summary: ClassVar[str] = (
        "How evenly the returns of the window fill the range between the least and the greatest: 0 one place, 1 evenly."
    )
    implementation: ClassVar[str] = "quant.features.entropy:shannon_feature"
    reference: ClassVar[str] = "Shannon 1948, Bell System Technical Journal 27, 379; bins of equal width."

    name: Literal["shannon_entropy"] = "shannon_entropy"
    window: int = Field(default=100, ge=20, le=400, description="Returns to look back.")
    n_bins: int = Field(default=10, ge=2, le=50, description="Parts of the range.")

    @property
    def warm_up(self) -> int:
        """`window` returns need `window + 1` closes."""
        return self.window


class PlugInEntropy(_Entropy):
    """Maximum-likelihood entropy of words of returns."""

    title: ClassVar[str] = "Plug-in entropy"
    summary: ClassVar[str] = "How evenly words of returns, written in few symbols, occur: 1 is chance, less is a habit."
    implementation: ClassVar[str] = "quant.features.words:plug_in_feature"
    reference: ClassVar[str] = "López de Prado 2018, Advances in Financial Machine Learning, section 18.3."

    name: Literal["plug_in_entropy"] = "plug_in_entropy"
    window: int = Field(default=100, ge=20, le=400, description="Returns to look back.")
    encoding: Encoding = Field(default="halves", description=_ENCODING)
    length: int = Field(default=3, ge=1, le=4, description="Symbols of a word.")

    @property
    def warm_up(self) -> int:
        """`window` returns need `window + 1` closes."""
        return self.window


class LempelZivComplexity(_Entropy):
    """Lempel-Ziv complexity of returns."""

    title: ClassVar[str] = "Lempel-Ziv complexity"
    summary: ClassVar[str] = "How many new words returns, written in few symbols, bring: 1 is chance, less repeats."
    implementation: ClassVar[str] = "quant.features.words:lempel_ziv_feature"
    reference: ClassVar[str] = "Lempel & Ziv 1976, IEEE Transactions on Information Theory 22(1), 75."

    name: Literal["lempel_ziv"] = "lempel_ziv"
    window: int = Field(default=100, ge=20, le=400, description="Returns to look back.")
    encoding: Encoding = Field(default="halves", description=_ENCODING)

    @property
    def warm_up(self) -> int:
        """`window` returns need `window + 1` closes."""
        return self.window


class KontoyiannisEntropy(_Entropy):
    """Kontoyiannis' estimate of the entropy rate of returns."""

    title: ClassVar[str] = "Kontoyiannis entropy"
    summary: ClassVar[str] = "How soon what comes next has not been seen before: 1 is chance, less repeats."
    implementation: ClassVar[str] = "quant.features.words:kontoyiannis_feature"
    reference: ClassVar[str] = (
        "Kontoyiannis 1997; López de Prado 2018, section 18.4 and snippet 18.4, with an expanding window."
    )

    name: Literal["kontoyiannis"] = "kontoyiannis"
    window: int = Field(default=100, ge=20, le=260, description="Returns to look back.")
    encoding: Encoding = Field(default="halves", description=_ENCODING)

    @property
    def warm_up(self) -> int:
        """`window` returns need `window + 1` closes."""
        return self.window


class PermutationEntropy(_Entropy):
    """Permutation entropy of the close."""

    title: ClassVar[str] = "Permutation entropy"
    summary: ClassVar[str] = "How evenly the orders of neighbouring closes occur: 1 is chance, 0 one way only."
    implementation: ClassVar[str] = "quant.features.entropy:permutation_feature"
    reference: ClassVar[str] = "Bandt & Pompe 2002, Physical Review Letters 88(17), 174102."

    name: Literal["permutation_entropy"] = "permutation_entropy"
    window: int = Field(default=100, ge=20, le=400, description="Closes to look back.")
    order: int = Field(default=3, ge=2, le=5, description="Neighbours that are put in order.")

    @property
    def warm_up(self) -> int:
        """The orders are of `window` closes."""
        return self.window - 1


EntropyFeature: TypeAlias = (
    ShannonEntropy | PlugInEntropy | LempelZivComplexity | KontoyiannisEntropy | PermutationEntropy
)

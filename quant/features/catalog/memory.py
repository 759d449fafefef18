"""Memory: differences that keep some of it."""

from typing import ClassVar, Literal, TypeAlias

from pydantic import Field

from quant.features.catalog.entry import FeatureEntry


class FractionalDifference(FeatureEntry):
    """Fractional difference of the logarithm of the close."""

    title: ClassVar[str] = "Fractional difference"
    summary: ClassVar[str] = (
        "Logarithm of the close, differenced less than once: nearly stationary, and still with memory of its level."
    )
    category: ClassVar[str] = "Memory"
    implementation: ClassVar[str] = "quant.features.memory:fractional_feature"
    reference: ClassVar[str] = (
        "Hosking 1981; López de Prado 2018, section 5.5 (fixed width). Here of the logarithm against its mean in the "
        "window, or it would depend on the unit of the price."
    )

    name: Literal["fractional_difference"] = "fractional_difference"
    order: float = Field(default=0.4, ge=0.1, le=0.95, description="Order of the difference; 1 would be the return.")
    cut_off: float = Field(default=1e-3, ge=1e-4, le=1e-2, description="Weights smaller than this are left out.")

    @property
    def warm_up(self) -> int:
        """The first difference needs a bar for each weight."""
        return n_weights(self.order, self.cut_off) - 1


def n_weights(order: float, cut_off: float) -> int:
    """Return how many weights of a fractional difference reach the cut-off before the first that does not.

    Examples
    --------
    >>> n_weights(0.4, 1e-3), n_weights(0.2, 1e-4)
    (55, 497)
    """
    weight, n = 1.0, 0
    while abs(weight) >= cut_off:
        n += 1
        weight *= (n - 1.0 - order) / n
    return n


MemoryFeature: TypeAlias = FractionalDifference

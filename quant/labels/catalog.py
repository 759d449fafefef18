"""The labels that can be asked for: what happened after a bar.

Each entry's implementation takes an adjusted price frame of one instrument and the entry's parameters as keywords, and
returns a labels frame as `quant.frames` defines it.
"""

from typing import ClassVar, Literal

from pydantic import Field

from quant.catalog import CatalogEntry


class LabelEntry(CatalogEntry):
    """A label: known only after its bar."""

    @property
    def horizon_bars(self) -> int:
        """Most bars after `t` that the label of bar `t` looks at."""
        raise TypeError(f"{type(self).__name__} does not declare its horizon.")


class ForwardReturn(LabelEntry):
    """Whether the return over the next bars is above a threshold."""

    title: ClassVar[str] = "Forward return"
    summary: ClassVar[str] = "1 if the return from the next open over the horizon is above the threshold, else 0."
    category: ClassVar[str] = "Fixed horizon"
    implementation: ClassVar[str] = "quant.labels.forward_return:forward_return"
    reference: ClassVar[str] = "Starts at the next open, because that is the first price at which one could trade."

    name: Literal["forward_return"] = "forward_return"
    horizon: int = Field(
        default=5, ge=1, le=120, description="Bars from the next open to the open at which the label ends."
    )
    threshold: float = Field(
        default=0.0, ge=-0.5, le=0.5, description="Return, as a fraction, above which the label is 1."
    )

    @property
    def horizon_bars(self) -> int:
        """From the open of bar t+1 to the open of bar t+1+horizon."""
        return self.horizon + 1


LABELS: tuple[type[LabelEntry], ...] = (ForwardReturn,)
LabelSpec = ForwardReturn  # a discriminated union, as FeatureSpec, from the second entry on

"""What an entry of the features' catalogue says of itself."""

import math
from functools import lru_cache

from quant.catalog import CatalogEntry
from quant.features.catalog.costs import measured_costs


class FeatureEntry(CatalogEntry):
    """A feature: known at the close of its bar."""

    @property
    def warm_up(self) -> int:
        """Number of leading bars of an instrument at which the feature is NaN."""
        raise TypeError(f"{type(self).__name__} does not declare its warm-up.")

    @property
    def settling(self) -> int:
        """Number of bars after the warm-up at which the feature still depends on where the history begins."""
        return 0

    @property
    def settled_after(self) -> int:
        """Number of leading bars of an instrument that no model should see."""
        return self.warm_up + self.settling

    @property
    def needs(self) -> tuple[str, ...]:
        """Columns of a price frame that the feature is made of; an instrument that lacks one cannot have it."""
        return ("close",)

    @property
    def others(self) -> tuple[str, ...]:
        """Symbols of other instruments of the question that the feature is made of too; empty: the first of them."""
        return ()

    @property
    def needs_days(self) -> bool:
        """Whether it gathers days itself, and can be made of no longer bars."""
        return False

    @property
    def cost(self) -> float:
        """How many moving averages take as long, measured with usual parameters; longer windows may take longer."""
        return measured_costs()[type(self).model_fields["name"].default]

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the output columns, unique among all features and parameters."""
        return (self.column(),)

    def column(self, name: str = "") -> str:
        """Return a name, else that of the entry, with all parameters behind it."""
        values = vars(self)  # in the order in which they are declared, the entry's own name first
        return _joined(name or values["name"], *(values[field] for field in values if field != "name"))


@lru_cache(maxsize=1024)
def _joined(name: str, *values: str | float) -> str:
    """Return a name and values as one word; kept, because it is asked for at every calculation."""
    return "_".join([name, *(value if isinstance(value, str) else f"{value:g}" for value in values)])


def settling_after(weight: float) -> int:
    """Return after how many bars the seed of an exponential average, whose newest bar has `weight`, counts 1 %."""
    return math.ceil(math.log(0.01) / math.log(1.0 - weight))

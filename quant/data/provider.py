"""What a source of prices is asked, what it delivers, and how to get one by its name."""

import datetime
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any, Literal, Protocol

import pandas as pd

from quant.errors import InvalidPrices, InvalidSpec
from quant.frames import MARKET_COLUMNS

PROVIDERS = {
    "sample": "quant.data.sample:SampleProvider",
    "yahoo": "quant.data.yahoo:YahooProvider",
}

DELIVERED_COLUMNS = ("session", *MARKET_COLUMNS)
ACTION_COLUMNS = ("split_factor", "dividend", "implied")

Basis = Literal["raw", "split_adjusted"]
DividendBasis = Literal["previous_close", "ex_close"]


@dataclass(frozen=True)
class PriceQuery:
    """A question to a source of prices: one instrument, one interval, a range of sessions, both ends included."""

    symbol: str
    interval: str = "1d"
    start: datetime.date | None = None
    end: datetime.date | None = None

    def __post_init__(self) -> None:
        """Refuse a range that ends before it begins."""
        if self.start and self.end and self.start > self.end:
            raise InvalidSpec(f"Expected start before end; found {self.start} and {self.end}.", field="start")


@dataclass(frozen=True, eq=False)
class Delivered:
    """What a source delivered, as it was delivered.

    Attributes
    ----------
    symbol : str
        The symbol that was asked for.
    bars : DataFrame of shape (n_bars, 6 or 7)
        `session` (`datetime64[us]`, the exchange's date), `open high low close volume` (float64) and, where the source
        has it, `adjusted_close`; in the order of the source, contradictions included.
    currency : str
        Currency of the prices, such as `"USD"`.
    calendar : str
        Name of the exchange calendar, see `quant.calendars`.
    timezone : str
        Time zone of the exchange, in which `session` is a date.
    instrument_name, asset_class : str
        What a person calls the instrument, and what kind of thing it is.
    basis : {"raw", "split_adjusted"}
        Whether the market columns are as traded, or already adjusted for all splits up to now.
    actions : DataFrame of shape (n_actions, 3), optional
        Index `session`, the ex-date; columns `split_factor` (new shares per old, 1.0: none), `dividend` (cash a share
        in the unit of `basis`, 0.0: none) and `implied` (bool: derived, not announced). None if the source does not
        tell; an empty frame says that there are none.
    dividend_basis : {"previous_close", "ex_close"}
        How `adjusted_close` takes in a dividend: see `quant.data.adjustment.implied_actions`.
    notes : tuple of str
        What was left out or is worth knowing, in whole sentences.
    """

    symbol: str
    bars: pd.DataFrame = field(repr=False)
    currency: str
    calendar: str
    timezone: str
    instrument_name: str
    asset_class: str
    basis: Basis = "raw"
    actions: pd.DataFrame | None = field(default=None, repr=False)
    dividend_basis: DividendBasis = "previous_close"
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuse bars and actions whose columns are not those of the contract."""
        expected = {DELIVERED_COLUMNS, (*DELIVERED_COLUMNS, "adjusted_close")}
        if tuple(self.bars.columns) not in expected:
            raise InvalidPrices(
                f"Expected bars with the columns {', '.join(DELIVERED_COLUMNS)} and perhaps adjusted_close; found "
                f"{', '.join(map(str, self.bars.columns))}."
            )
        if self.actions is not None and tuple(self.actions.columns) != ACTION_COLUMNS:
            raise InvalidPrices(
                f"Expected actions with the columns {', '.join(ACTION_COLUMNS)}; found "
                f"{', '.join(map(str, self.actions.columns))}."
            )


class PriceProvider(Protocol):
    """A source of prices."""

    @property
    def name(self) -> str:
        """Name under which `create_provider` knows the source."""

    def symbols(self) -> tuple[str, ...]:
        """Return the symbols the source is known to have, sorted; empty if it cannot list them."""

    def fetch(self, query: PriceQuery) -> Delivered:
        """Return the bars of one instrument.

        Raises
        ------
        SymbolNotFound
            If the source does not know the symbol.
        NotEnoughData
            If it has no bar in the range.
        ProviderUnavailable
            If it does not answer; trying again later may help.
        RateLimited
            If it asks to wait.
        """


def create_provider(name: str, **options: Any) -> PriceProvider:
    """Return the source of prices called `name`.

    Parameters
    ----------
    name : str
        A key of `PROVIDERS`, such as `"sample"`.
    **options
        What this source lets one choose, such as where it keeps its files.

    Returns
    -------
    PriceProvider
        A new provider; its module is imported on first use.

    Raises
    ------
    InvalidSpec
        If there is no such source.

    Examples
    --------
    >>> create_provider("sample").symbols()
    ('GOOG', 'IBM', 'MSFT')
    """
    if name not in PROVIDERS:
        raise InvalidSpec(f"Expected one of the sources {', '.join(PROVIDERS)}; found {name!r}.", field="source")
    module, _, class_name = PROVIDERS[name].partition(":")
    create: Callable[[], Any] = getattr(import_module(module), class_name)
    provider: PriceProvider = create(**options)
    return provider

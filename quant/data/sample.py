"""The packaged real prices: three instruments, no account, no network."""

from dataclasses import dataclass
from functools import lru_cache
from importlib import resources

import pandas as pd

from quant.data.provider import DELIVERED_COLUMNS, Delivered, PriceQuery
from quant.errors import InvalidSpec, NotEnoughData, SymbolNotFound

INSTRUMENTS = {
    "GOOG": "Google Inc. (class A)",
    "IBM": "International Business Machines Corporation",
    "MSFT": "Microsoft Corporation",
}


@dataclass(frozen=True)
class SampleProvider:
    """Daily bars of GOOG, IBM and MSFT up to 2013-03-01; `sample/NOTICE.md` says where they come from."""

    name: str = "sample"

    def symbols(self) -> tuple[str, ...]:
        """Return the symbols of the packaged files, sorted."""
        return tuple(sorted(INSTRUMENTS))

    def fetch(self, query: PriceQuery) -> Delivered:
        """Return the packaged bars of one instrument.

        Parameters
        ----------
        query : PriceQuery
            Symbol, interval `"1d"`, and the first and last session wanted.

        Returns
        -------
        Delivered
            Raw bars in US dollars with `adjusted_close`. The source lists no splits or dividends: `actions` is None.

        Raises
        ------
        SymbolNotFound
            If the symbol is not one of the three.
        InvalidSpec
            If the interval is not `"1d"`.
        NotEnoughData
            If no bar lies in the range.

        Examples
        --------
        >>> import datetime
        >>> query = PriceQuery("MSFT", start=datetime.date(2003, 2, 14), end=datetime.date(2003, 2, 18))
        >>> SampleProvider().fetch(query).bars["close"].tolist()
        [48.3, 24.96]
        """
        if query.symbol not in INSTRUMENTS:
            raise SymbolNotFound(
                f"The sample prices have {', '.join(self.symbols())}; found the symbol {query.symbol!r}. Choose one of "
                "these, or another source of prices."
            )
        if query.interval != "1d":
            raise InvalidSpec(
                f"The sample prices have the interval 1d only; found {query.interval!r}.", field="interval"
            )
        bars = _read(query.symbol)
        first, last = bars["session"].iloc[0].date(), bars["session"].iloc[-1].date()
        wanted = bars["session"].between(pd.Timestamp(query.start or first), pd.Timestamp(query.end or last))
        if not wanted.any():
            raise NotEnoughData(
                f"The sample prices of {query.symbol} go from {first} to {last}; found no bar from "
                f"{query.start or first} to {query.end or last}. Choose dates in that range."
            )
        return Delivered(
            symbol=query.symbol,
            bars=bars[wanted].reset_index(drop=True),
            currency="USD",
            calendar="XNYS",  # GOOG and MSFT trade on NASDAQ, which keeps the same sessions and hours
            timezone="America/New_York",
            instrument_name=INSTRUMENTS[query.symbol],
            asset_class="equity",
            basis="raw",
            # With this reading, and no other, every implied dividend of the three files is a whole number of cents.
            dividend_basis="ex_close",
        )


@lru_cache(maxsize=len(INSTRUMENTS))
def _read(symbol: str) -> pd.DataFrame:
    """Return all bars of one file; callers take parts of it and never write into it."""
    file = resources.files("quant.data").joinpath("sample", f"{symbol}.csv")
    with file.open("rb") as stream:
        table = pd.read_csv(stream, dtype=dict.fromkeys((*DELIVERED_COLUMNS[1:], "adjusted_close"), "float64"))
    table["timestamp"] = pd.to_datetime(table["timestamp"], format="%Y-%m-%d").dt.as_unit("us")
    return table.rename(columns={"timestamp": "session"})

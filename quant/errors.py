"""The errors that `quant` raises.

QuantError
├── InvalidSpec               the question cannot be asked like this (also a ValueError)
├── DataError                 something about prices
│   ├── ProviderUnavailable   the source did not answer; trying again may help
│   │   └── RateLimited       the source asked us to wait
│   ├── SymbolNotFound        the source does not know the symbol
│   ├── InvalidPrices         the prices contradict themselves
│   ├── UnreadableFile        there is no table of prices in the file
│   └── NotEnoughData         less than the question needs: bars, or volume
├── LeakageError              a training label overlaps a test window
├── ModelError                a model did not fit, or predicted what is not finite
└── AnalysisCancelled         the person who asked no longer wants the answer
"""

from typing import ClassVar


class QuantError(Exception):
    """Base of every error this package raises on purpose."""

    code: ClassVar[str] = "quant_error"
    is_transient: ClassVar[bool] = False


class InvalidSpec(QuantError, ValueError):
    """The question cannot be asked like this; `field` names the part that is wrong."""

    code = "invalid_spec"

    def __init__(self, message: str, *, field: str | None = None) -> None:
        super().__init__(message)
        self.field = field


class DataError(QuantError):
    """Something is wrong with prices or with where they come from."""

    code = "data_error"


class ProviderUnavailable(DataError):
    """The source of prices did not answer; trying again later may help."""

    code = "provider_unavailable"
    is_transient = True


class RateLimited(ProviderUnavailable):
    """The source of prices asked us to wait `retry_after` seconds."""

    code = "rate_limited"

    def __init__(self, message: str, *, retry_after: float) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class SymbolNotFound(DataError):
    """The source of prices does not know the symbol."""

    code = "symbol_not_found"


class InvalidPrices(DataError):
    """The prices contradict themselves and must not be used."""

    code = "invalid_prices"


class UnreadableFile(DataError):
    """There is no table of prices in the file; `reason` is a stable word for why."""

    code = "unreadable_file"

    def __init__(self, message: str, *, reason: str) -> None:
        super().__init__(message)
        self.reason = reason
        self.fields = {"file": reason}


class NotEnoughData(DataError):
    """There is less than the question needs: too few bars, or no volume."""

    code = "not_enough_data"


class LeakageError(QuantError):
    """A training label overlaps a test window, or a value at t used what came after t."""

    code = "leakage_error"


class ModelError(QuantError):
    """A model did not fit, or predicted something that is not finite."""

    code = "model_error"


class AnalysisCancelled(QuantError):
    """The person who asked no longer wants the answer."""

    code = "analysis_cancelled"

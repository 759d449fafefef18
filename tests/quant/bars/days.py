"""Made-up days with splits and dividends for the property tests of bars."""

import numpy as np

from quant.bars.days import Days
from quant.data.adjustment import forward_adjusted
from tests.quant.features.generated import price_walk

CALENDAR = "24/7"


def raw_days(n_days, seed, *, actions=True):
    """Return a raw price frame that wanders, with a split every fifty days or so and a dividend every twenty."""
    prices = price_walk(n_days, seed)
    if not actions:
        return prices
    rng = np.random.default_rng(seed + 1)
    split = np.where(rng.random(n_days) < 0.02, rng.choice([2.0, 1.5, 0.25], n_days), 1.0)
    held = np.cumprod(split)
    for column in ("open", "high", "low", "close"):
        prices[column] /= held
    prices["volume"] *= held
    before = np.concatenate([prices["close"].to_numpy()[:1], prices["close"].to_numpy()[:-1]])
    paid = np.where(rng.random(n_days) < 0.05, rng.uniform(0.001, 0.05, n_days), 0.0)
    return prices.assign(split_factor=split, dividend=paid * before / split)


def days_of(raw, known_until=None):
    return Days(raw, forward_adjusted(raw), CALENDAR, raw.index[-1] if known_until is None else known_until)

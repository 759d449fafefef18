"""Whether predicted quantiles kept their word: how many outcomes lay between them, and below each."""

from typing import Any

import pandas as pd

from quant.frames import QUANTILES, Predictions
from quant.validation.intervals import coverage
from quant.validation.number_scores import MEDIAN_FIRST

# Level of each band, its columns of the predictions, and that of its coverage over time.
BANDS = (
    (0.5, "quantile_25", "quantile_75", "covered_50"),
    (0.8, "quantile_10", "quantile_90", "covered_80"),
)
_COLUMNS = ("predicted_return", "quantile_10", "quantile_25", "quantile_75", "quantile_90")


def quantile_bands(
    predictions: Predictions, outcome: pd.Series, *, window: int
) -> tuple[dict[str, list[dict[str, Any]]], pd.DataFrame]:
    """Hold predicted quantiles against what came.

    Parameters
    ----------
    predictions : DataFrame of shape (n_rows, n_columns)
        Panel of out-of-sample predictions of a model that predicts quantiles, see `quant.frames`.
    outcome : Series of shape (n_rows,)
        What came; NaN where it is not known.
    window : int
        Outcomes over which the rolling shares are taken.

    Returns
    -------
    facts : dict
        `bands`: of the inner half and of the inner four fifths, `level` and what
        `quant.validation.intervals.coverage` counts. `quantiles`: of each `quantile`, ascending, the share of outcomes
        that lay `below` it or on it; None if no outcome is known.
    rolling : DataFrame of shape (n_timestamps, 2)
        Index `timestamp`: `covered_50` and `covered_80`, the shares inside among the latest `window` outcomes; NaN
        until there are as many.

    Notes
    -----
    Timing: predictions at `t` were made at `t`; their outcomes came later. It judges; nothing is decided by it. A model
    of quantiles promises nothing for later bars: unlike the intervals of `quant.validation.intervals`, its bands do not
    learn from outcomes that they missed until the next fit.
    """
    bands: list[dict[str, Any]] = []
    rolling: dict[str, pd.Series] = {}
    for level, lower, upper, column in BANDS:
        intervals = predictions[[lower, upper]].set_axis(["lower", "upper"], axis="columns")
        facts, over_time = coverage(intervals, outcome, window=window)
        bands.append({"level": level, **facts})
        rolling[column] = over_time["covered"]
    known = outcome.dropna()
    said = predictions.loc[known.index, list(_COLUMNS)]
    shares = {
        share: float((known <= said[column]).mean()) if len(known) else None
        for share, column in zip(MEDIAN_FIRST, _COLUMNS, strict=True)
    }
    quantiles = [{"quantile": share, "below": shares[share]} for share in QUANTILES]
    return {"bands": bands, "quantiles": quantiles}, pd.DataFrame(rolling)

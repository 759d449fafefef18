"""Whether predicted quantiles kept their word: how many outcomes lay between them, and below each."""

from typing import Any

import pandas as pd

from quant.frames import QUANTILES, Predictions
from quant.validation.intervals import BANDS, coverage
from quant.validation.number_scores import MEDIAN_FIRST

_COLUMNS = ("predicted_return", "quantile_10", "quantile_25", "quantile_75", "quantile_90")


def quantile_bands(
    predictions: Predictions, intervals: pd.DataFrame, outcome: pd.Series, *, window: int
) -> tuple[dict[str, list[dict[str, Any]]], pd.DataFrame]:
    """Hold predicted quantiles against what came, and what was made of them by what came before.

    Parameters
    ----------
    predictions : DataFrame of shape (n_rows, n_columns)
        Panel of out-of-sample predictions of a model that predicts quantiles, see `quant.frames`.
    intervals : DataFrame of shape (n_rows, 7)
        As `quant.validation.intervals.prediction_intervals` returns them of these predictions.
    outcome : Series of shape (n_rows,)
        What came; NaN where it is not known.
    window : int
        Outcomes over which the rolling shares are taken.

    Returns
    -------
    facts : dict
        `bands`: of the inner half and of the inner four fifths, `level` and what
        `quant.validation.intervals.coverage` counts, and in `conformal` the same of the band that was moved by what
        earlier ones missed. `quantiles`: of each `quantile`, ascending, the share of outcomes that lay `below` it or on
        it; None if no outcome is known.
    rolling : DataFrame of shape (n_timestamps, 4)
        Index `timestamp`: `covered_50` and `covered_80`, the shares inside among the latest `window` outcomes; NaN
        until there are as many. `conformal_covered_50` and `conformal_covered_80`, those of the moved bands.

    Notes
    -----
    Timing: predictions at `t` were made at `t`; their outcomes came later. It judges; nothing is decided by it. A model
    of quantiles promises nothing for later bars: its own bands do not learn from outcomes that they missed until the
    next fit. The conformal ones do, see `quant.validation.intervals`.
    """
    bands: list[dict[str, Any]] = []
    rolling: dict[str, pd.Series] = {}
    for level, said, moved in BANDS:
        name = f"covered_{level * 100:.0f}"
        facts, over_time = coverage(_bounds(predictions, said), outcome, window=window)
        conformal, conformal_over_time = coverage(_bounds(intervals, moved), outcome, window=window)
        bands.append({"level": level, **facts, "conformal": conformal})
        rolling |= {name: over_time["covered"], f"conformal_{name}": conformal_over_time["covered"]}
    known = outcome.dropna()
    said_of_known = predictions.loc[known.index, list(_COLUMNS)]
    shares = {
        share: float((known <= said_of_known[column]).mean()) if len(known) else None
        for share, column in zip(MEDIAN_FIRST, _COLUMNS, strict=True)
    }
    quantiles = [{"quantile": share, "below": shares[share]} for share in QUANTILES]
    return {"bands": bands, "quantiles": quantiles}, pd.DataFrame(rolling)


def _bounds(frame: pd.DataFrame, columns: tuple[str, str]) -> pd.DataFrame:
    return frame[list(columns)].set_axis(["lower", "upper"], axis="columns")

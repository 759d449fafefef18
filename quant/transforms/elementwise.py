"""Steps that look at one feature at a time: filling in, clipping, scaling."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from quant.transforms.step import Step


class MedianImputer(Step):
    """Unknown values become the median of the training rows.

    Parameters
    ----------
    indicator : bool, default=True
        Add a column of 0 and 1, where the value was unknown, for each feature that was unknown in some training row.
    """

    _takes_unknown = True

    def __init__(self, indicator: bool = True) -> None:  # noqa: FBT001, FBT002  # scikit-learn's way of parameters
        self.indicator = indicator

    def _learn(self, rows: NDArray[np.float64], labels: NDArray[Any]) -> None:  # noqa: ARG002  # not asked about
        is_unknown = np.isnan(rows)
        never = np.flatnonzero(is_unknown.all(axis=0))
        if len(never):
            raise ValueError(
                f"Expected a known value of every feature among {len(rows)} training rows; column {never[0]} has none."
                " Leave that feature out, or choose a longer training window."
            )
        self.medians_ = np.nanmedian(rows, axis=0)
        self.marked_ = np.flatnonzero(is_unknown.any(axis=0)) if self.indicator else np.empty(0, dtype=np.int64)
        self.sources_ = np.concatenate([np.arange(rows.shape[1]), self.marked_])

    def _apply(self, rows: NDArray[np.float64]) -> NDArray[np.float64]:
        is_unknown = np.isnan(rows)
        filled = np.where(is_unknown, self.medians_, rows)
        return np.hstack([filled, is_unknown[:, self.marked_].astype(np.float64)])


class QuantileClipper(Step):
    """Values beyond two quantiles of the training rows become those quantiles.

    Parameters
    ----------
    share : float, default=0.01
        Share of the rows below the lower quantile, and above the upper one.
    """

    _takes_unknown = True

    def __init__(self, share: float = 0.01) -> None:
        self.share = share

    def _learn(self, rows: NDArray[np.float64], labels: NDArray[Any]) -> None:  # noqa: ARG002  # not asked about
        # Outside the quantiles of the known values nothing is known: a feature without any is passed on as it is.
        known = np.where(np.isnan(rows).all(axis=0), 0.0, rows)
        self.low_, self.high_ = np.nanquantile(known, [self.share, 1.0 - self.share], axis=0)
        self.sources_ = np.arange(rows.shape[1])

    def _apply(self, rows: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.clip(rows, self.low_, self.high_)


class Scaler(Step):
    """Each feature less its centre, over its scale, both of the training rows; a constant is centred only.

    Parameters
    ----------
    robust : bool, default=False
        Median and distance of the quartiles, instead of mean and (population) standard deviation.
    """

    _takes_unknown = True

    def __init__(self, robust: bool = False) -> None:  # noqa: FBT001, FBT002  # scikit-learn's way of parameters
        self.robust = robust

    def _learn(self, rows: NDArray[np.float64], labels: NDArray[Any]) -> None:  # noqa: ARG002  # not asked about
        known = np.where(np.isnan(rows).all(axis=0), 0.0, rows)
        if self.robust:
            low, self.centre_, high = np.nanquantile(known, [0.25, 0.5, 0.75], axis=0)
            spread = high - low
        else:
            self.centre_, spread = np.nanmean(known, axis=0), np.nanstd(known, axis=0)
        # A constant has a spread of a few roundings, which must not be blown up.
        is_constant = spread <= 10 * np.finfo(np.float64).eps * np.abs(self.centre_)
        self.scale_ = np.where(is_constant, 1.0, spread)
        self.sources_ = np.arange(rows.shape[1])

    def _apply(self, rows: NDArray[np.float64]) -> NDArray[np.float64]:
        scaled: NDArray[np.float64] = (rows - self.centre_) / self.scale_
        return scaled


def impute(*, indicator: bool, learns: str, seed: int, gap: int) -> MedianImputer:
    """Return an unfitted step that fills in unknown values.

    Parameters
    ----------
    indicator : bool
        Whether to add columns that say where a value was unknown.
    learns, seed, gap
        Accepted for the sake of one call for all steps.

    Returns
    -------
    MedianImputer
        It raises a ValueError in `fit` if a feature is unknown in every training row.

    Notes
    -----
    Timing: medians are those of the rows it is fitted on.
    """
    del learns, seed, gap
    return MedianImputer(indicator)


def clip(*, share: float, learns: str, seed: int, gap: int) -> QuantileClipper:
    """Return an unfitted step that clips extremes.

    Parameters
    ----------
    share : float
        Share of the rows to clip on either side, above 0 and below 0.5.
    learns, seed, gap
        Accepted for the sake of one call for all steps.

    Returns
    -------
    QuantileClipper
        Quantiles are interpolated between neighbouring values.

    Notes
    -----
    Timing: quantiles are those of the rows it is fitted on.
    """
    del learns, seed, gap
    return QuantileClipper(share)


def standard_scale(*, learns: str, seed: int, gap: int) -> Scaler:
    """Return an unfitted step that scales by mean and standard deviation.

    Parameters
    ----------
    learns, seed, gap
        Accepted for the sake of one call for all steps.

    Returns
    -------
    Scaler
        Features of population standard deviation 1.

    Notes
    -----
    Timing: mean and deviation are those of the rows it is fitted on.
    """
    del learns, seed, gap
    return Scaler()


def robust_scale(*, learns: str, seed: int, gap: int) -> Scaler:
    """Return an unfitted step that scales by median and quartiles.

    Parameters
    ----------
    learns, seed, gap
        Accepted for the sake of one call for all steps.

    Returns
    -------
    Scaler
        Features whose quartiles are 1 apart.

    Notes
    -----
    Timing: median and quartiles are those of the rows it is fitted on.
    """
    del learns, seed, gap
    return Scaler(robust=True)

"""The step that replaces features by principal components."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from quant.one_core import one_core
from quant.transforms.step import Step


class SteadyPca(Step):
    """Principal components of the standardised features, the same bits on any number of cores.

    Parameters
    ----------
    share : float, default=0.95
        Share of the variance to keep: the fewest components that together have at least so much.

    Attributes
    ----------
    components_ : ndarray of shape (n_components, n_features)
        Directions of unit length, that of the largest variance first; the largest entry of each is positive.
    shares_ : ndarray of shape (n_components,)
        Share of the variance of each.
    """

    def __init__(self, share: float = 0.95) -> None:
        self.share = share

    def _learn(self, rows: NDArray[np.float64], labels: NDArray[Any]) -> None:  # noqa: ARG002  # not asked about
        self.centre_, spread = rows.mean(axis=0), rows.std(axis=0)
        is_constant = np.ptp(rows, axis=0) == 0
        if is_constant.all():
            raise ValueError(f"Expected a feature that varies among {len(rows)} training rows; all are constant.")
        self.scale_ = np.where(is_constant, 1.0, spread)
        unit = np.where(is_constant, 0.0, (rows - self.centre_) / self.scale_)
        with one_core():
            variances, directions = np.linalg.eigh(unit.T @ unit / len(rows))
        variances = np.maximum(variances[::-1], 0.0)
        directions = directions.T[::-1]
        shares = variances / variances.sum()
        n_kept = int(np.searchsorted(np.cumsum(shares), self.share - 1e-12) + 1)  # sums end a rounding below 1
        n_kept = min(n_kept, int((shares > 1e-12).sum()))  # noqa: PLR2004  # directions without variance are noise
        largest = np.take_along_axis(directions, np.abs(directions).argmax(axis=1)[:, None], axis=1)
        self.components_ = np.ascontiguousarray((directions * np.sign(largest))[:n_kept])
        self.shares_ = shares[:n_kept]

    def _apply(self, rows: NDArray[np.float64]) -> NDArray[np.float64]:
        unit = (rows - self.centre_) / self.scale_
        # Row by row: a product of matrices may differ in its last bits with the number of rows.
        return np.column_stack([(unit * direction).sum(axis=1) for direction in self.components_])


def principal_components(*, share: float, learns: str, seed: int, gap: int) -> SteadyPca:
    """Return an unfitted step that replaces features by their principal components.

    Parameters
    ----------
    share : float
        Share of the variance to keep, above 0 and at most 1.
    learns, seed, gap
        Accepted for the sake of one call for all steps.

    Returns
    -------
    SteadyPca
        It standardises by itself: features of other units must not count for more.

    Notes
    -----
    Timing: means, deviations and directions are those of the rows it is fitted on.

    References
    ----------
    Pearson 1901, Philosophical Magazine 2(11). Hotelling 1933, Journal of Educational Psychology 24.
    """
    del learns, seed, gap
    return SteadyPca(share)

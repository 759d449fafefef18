"""The step that keeps one of several fractional differences: the least that passes for stationary."""

from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from quant.stationarity import FEWEST_FOR_A_TEST, dickey_fuller
from quant.transforms.step import Step

_LEVELS = {"one": 0.01, "five": 0.05, "ten": 0.1}


class OrderChooser(Step):
    """All columns but those of some candidates, of which the first remains that passes for stationary.

    Parameters
    ----------
    places : tuple of int, default=()
        Columns of the candidates, that of the smallest order first.
    n_lags : int, default=1
        Lags of the test.
    level : {"one", "five", "ten"}, default="five"
        Level of the test in per cent.

    Attributes
    ----------
    place_ : int or None
        Column of the candidate that was chosen; None if there is none.
    """

    _takes_unknown = True
    takes_instruments = True

    def __init__(self, places: tuple[int, ...] = (), n_lags: int = 1, level: str = "five") -> None:
        self.places = places
        self.n_lags = n_lags
        self.level = level

    def fit(self, X: Any, y: Any = None, instruments: Any = None) -> Self:  # noqa: ARG002, N803  # scikit-learn's names
        """Choose by training rows.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_features)
            Training rows, in the order of time.
        y : array-like of shape (n_rows,), default=None
            Not asked about.
        instruments : array-like of shape (n_rows,), default=None
            Which instrument a row is of: each has a series of its own. None: all are of one.

        Returns
        -------
        Self
            The fitted step.

        Raises
        ------
        ValueError
            If no instrument has enough rows for a test.
        """
        rows = self._rows(X, reset=True)
        own = np.zeros(len(rows)) if instruments is None else np.asarray(instruments)
        series = [rows[own == instrument] for instrument in np.unique(own)]
        self.place_ = next((place for place in self.places[:-1] if self._passes(series, place)), None)
        if self.place_ is None and self.places:
            self.place_ = self.places[-1]
        others = set(self.places) - {self.place_}
        self.sources_ = np.array([place for place in range(rows.shape[1]) if place not in others], dtype=np.int64)
        return self

    def _passes(self, series: list[NDArray[np.float64]], place: int) -> bool:
        """Whether a candidate passes for stationary in every instrument that has rows enough for a test."""
        candidates = [rows[~np.isnan(rows[:, place]), place] for rows in series]
        long = [values for values in candidates if len(values) >= FEWEST_FOR_A_TEST + self.n_lags]
        if not long:
            raise ValueError(
                f"Expected an instrument with {FEWEST_FOR_A_TEST + self.n_lags} training rows to choose a fractional "
                f"order by; the most are {max(map(len, candidates), default=0)}. Choose a longer training window."
            )
        return all(dickey_fuller(values, self.n_lags, _LEVELS[self.level]).is_stationary for values in long)


def choose_order(*, places: tuple[int, ...], n_lags: int, level: str, learns: str, seed: int, gap: int) -> OrderChooser:
    """Return an unfitted step that keeps one of several fractional differences.

    Parameters
    ----------
    places : tuple of int
        Columns of the differences, that of the smallest order first.
    n_lags : int
        Lags of the augmented Dickey-Fuller test.
    level : {"one", "five", "ten"}
        Its level in per cent.
    learns, seed, gap
        Accepted for the sake of one call for all steps.

    Returns
    -------
    OrderChooser
        Other columns stay as they are.

    Notes
    -----
    Timing: the test sees the rows it is fitted on, each as the next of the one before. Rows that purging left out, and
    bars that are no events, are missing in its series: the change over such a gap counts as one bar's. Of events that
    are far apart it therefore sees a series that seems to wander less, and a smaller order may pass.

    References
    ----------
    López de Prado 2018, Advances in Financial Machine Learning, section 5.6.
    """
    del learns, seed, gap
    return OrderChooser(places, n_lags, level)

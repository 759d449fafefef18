"""The step that keeps groups of similar features whose loss is felt."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.spatial.distance import squareform
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor

from quant.transforms.selection import FOREST
from quant.transforms.step import Step

N_PARTS = 3
N_SHUFFLES = 3
LEAST_PROBABILITY = 1e-6  # a forest is never surer than that, so that one row cannot decide


class ClusterSelector(Step):
    """Groups of similar features without which a forest predicts worse on purged parts of the training rows.

    Features are grouped by their correlation (average linkage). The training rows are cut into three blocks in the
    order of time; each is predicted by a forest of the other two, without the `gap` rows on either side of the block,
    once as it is and then with all features of a group shuffled together. Groups whose mean loss is above 0 are kept,
    or else the best one.

    Parameters
    ----------
    likeness : float, default=0.5
        Absolute correlation from which features belong to one group.
    learns : {"classes", "numbers"}, default="classes"
        What the labels are: the loss is log loss, or the mean squared error.
    seed : int, default=0
        Start of the random numbers of forests and shuffles.
    gap : int, default=0
        Rows left out on either side of a block.
    """

    _needs_labels = True

    def __init__(self, likeness: float = 0.5, learns: str = "classes", seed: int = 0, gap: int = 0) -> None:
        self.likeness = likeness
        self.learns = learns
        self.seed = seed
        self.gap = gap

    def _learn(self, rows: NDArray[np.float64], labels: NDArray[Any]) -> None:
        self.clusters_ = clusters_of(rows, self.likeness)
        n_clusters = int(self.clusters_.max()) + 1
        blocks = [block for block in np.array_split(np.arange(len(rows)), N_PARTS) if len(block)]
        losses = [self._losses(rows, labels, block, n_clusters) for block in blocks]
        self.importances_ = np.mean(losses, axis=0)
        kept = np.flatnonzero(self.importances_ > 0)
        if not len(kept):
            kept = np.array([int(np.argmax(self.importances_))])
        self.sources_ = np.flatnonzero(np.isin(self.clusters_, kept))

    def _losses(
        self, rows: NDArray[np.float64], labels: NDArray[Any], block: NDArray[np.int64], n_clusters: int
    ) -> NDArray[np.float64]:
        """Return how much worse a block is predicted without each group."""
        others = np.concatenate(
            [np.arange(max(0, block[0] - self.gap)), np.arange(block[-1] + 1 + self.gap, len(rows))]
        )
        if not len(others):
            raise ValueError(
                f"Expected training rows beside each third of {len(rows)} with {self.gap} left out on either side; "
                "found none. Choose a longer training window."
            )
        forest_type = RandomForestRegressor if self.learns == "numbers" else RandomForestClassifier
        forest = forest_type(**FOREST, random_state=self.seed).fit(rows[others], labels[others])
        baseline = self._loss(forest, rows[block], labels[block])
        lost = np.zeros(n_clusters)
        for cluster in range(n_clusters):
            columns = np.flatnonzero(self.clusters_ == cluster)
            for shuffle in range(N_SHUFFLES):
                order = np.random.default_rng([self.seed, cluster, shuffle]).permutation(len(block))
                shuffled = rows[block]
                shuffled[:, columns] = shuffled[np.ix_(order, columns)]
                lost[cluster] += (self._loss(forest, shuffled, labels[block]) - baseline) / N_SHUFFLES
        return lost

    def _loss(self, forest: Any, rows: NDArray[np.float64], labels: NDArray[Any]) -> float:
        if self.learns == "numbers":
            return float(np.mean((forest.predict(rows) - labels) ** 2))
        probability = np.maximum(forest.predict_proba(rows), LEAST_PROBABILITY)
        of_label = np.full(len(labels), LEAST_PROBABILITY)  # a class that the forest has not seen
        for place, value in enumerate(forest.classes_):
            of_label[labels == value] = probability[labels == value, place]
        return float(-np.mean(np.log(of_label)))


def clusters_of(rows: NDArray[np.float64], likeness: float) -> NDArray[np.int64]:
    """Return the group of each feature, numbered from 0 in the order of their first feature.

    Parameters
    ----------
    rows : ndarray of shape (n_rows, n_features)
        Known values.
    likeness : float
        Absolute correlation from which features belong to one group.

    Returns
    -------
    ndarray of shape (n_features,)
        Numbers of the groups, int64. A constant, which correlates with nothing, is a group of its own.

    Notes
    -----
    Timing: that of the rows. Average linkage: two groups are one if their features' correlations, absolute and
    averaged over all pairs, reach `likeness`.
    """
    n_features = rows.shape[1]
    if n_features == 1:
        return np.zeros(1, dtype=np.int64)
    centred = rows - rows.mean(axis=0)
    size = np.sqrt((centred**2).sum(axis=0))
    is_constant = np.ptp(rows, axis=0) == 0
    unit = np.where(is_constant, 0.0, centred / np.where(is_constant, 1.0, size))
    # Column by column: a product of matrices may differ in its last bits from one number of cores to the next.
    correlation = np.array([(unit * unit[:, [place]]).sum(axis=0) for place in range(n_features)])
    distance = 1.0 - np.clip(np.abs((correlation + correlation.T) / 2.0), 0.0, 1.0)
    np.fill_diagonal(distance, 0.0)
    tree = linkage(squareform(distance, checks=False), method="average")
    found = fcluster(tree, t=1.0 - likeness, criterion="distance")
    _, first, number = np.unique(found, return_index=True, return_inverse=True)
    return np.argsort(np.argsort(first))[number].astype(np.int64)


def by_clusters(*, likeness: float, learns: str, seed: int, gap: int) -> ClusterSelector:
    """Return an unfitted step that keeps groups of similar features whose loss is felt (clustered MDA).

    Parameters
    ----------
    likeness : float
        Absolute correlation from which features belong to one group, between 0 and 1.
    learns : {"classes", "numbers"}
        What the labels are.
    seed : int
        Start of the random numbers.
    gap : int
        Rows left out on either side of a block.

    Returns
    -------
    ClusterSelector
        Columns stay in their order.

    Notes
    -----
    Timing: forests, shuffles and losses are of the rows the step is fitted on; no test row is looked at.

    References
    ----------
    López de Prado 2020, Machine Learning for Asset Managers, sections 4.4 and 6.5.2. It groups by the optimal number
    of clusters of a base clustering; here the person says how alike the members of a group are.
    """
    return ClusterSelector(likeness, learns, seed, gap)

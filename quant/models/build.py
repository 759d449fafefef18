"""From the specification of a model to the model itself, not yet fitted."""

from typing import TYPE_CHECKING

from quant.models.catalog import ModelEntry

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline


def build(spec: ModelEntry, seed: int, *, gap: int = 0) -> "Pipeline":
    """Return the unfitted model that a specification describes.

    Parameters
    ----------
    spec : ModelEntry
        An entry of `quant.models.catalog`, with its parameters.
    seed : int
        Start of the model's random numbers, from 0 to 2³¹−1. The same specification, seed and rows give the same model
        bit for bit, whatever the number of cores.
    gap : int, default=0
        Rows, in the order of time, whose labels may overlap: the label's horizon times the number of instruments. A
        model that divides its training rows by itself leaves so many out between the parts.

    Returns
    -------
    Pipeline
        A scikit-learn pipeline whose last step is named `model`. All that it learns, scaling included, it learns in
        `fit`: call `build` and `fit` once a fold, with the fold's training rows only.

    Notes
    -----
    The first call of an entry imports its library, which takes a second or two.

    Examples
    --------
    >>> from quant.models.catalog import LogisticRegression
    >>> list(build(LogisticRegression(c=0.5), seed=7).named_steps)
    ['scaler', 'model']
    """
    gap_of_it = {"gap": gap} if type(spec).splits_rows else {}
    pipeline: Pipeline = spec.load()(**spec.parameters(), **gap_of_it, seed=seed)
    return pipeline

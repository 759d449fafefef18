"""From the specification of a preparation to the steps of a pipeline, not yet fitted."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from quant.transforms.catalog import TransformEntry


def build_steps(
    specs: Sequence[TransformEntry],
    *,
    learns: Literal["classes", "numbers"],
    seed: int,
    gap: int = 0,
    orders: Mapping[int, float] | None = None,
) -> list[tuple[str, Any]]:
    """Return the unfitted steps that a preparation describes.

    Parameters
    ----------
    specs : sequence of TransformEntry
        Entries of `quant.transforms.catalog`, each with its parameters, in order.
    learns : {"classes", "numbers"}
        What the labels are, for steps that look at them.
    seed : int
        Start of random numbers, from 0 to 2³¹−1.
    gap : int, default=0
        Neighbouring training rows whose labels may overlap: a step that divides its rows leaves so many out.
    orders : mapping of int to float, default=None
        Positions of the features that are fractional differences, with their orders; default: there are none.

    Returns
    -------
    list of (str, transformer)
        Named steps for the head of a scikit-learn pipeline. Each has, once fitted, `sources_`: the position of the
        column that each of its own columns is made of; principal components, made of all, have none.

    Notes
    -----
    Timing: what a step learns, it learns in `fit`, of the rows it is given there: those of a fold's training part.

    Examples
    --------
    >>> from quant.transforms.catalog import Clip, StandardScale
    >>> [name for name, _ in build_steps([Clip(), StandardScale()], learns="classes", seed=1)]
    ['clip', 'standard_scale']
    """
    orders = orders or {}
    places = {"places": tuple(sorted(orders, key=orders.__getitem__))}
    common = {"learns": learns, "seed": seed, "gap": gap}
    return [
        (spec.name, spec.load()(**spec.parameters(), **(places if type(spec).takes_orders else {}), **common))  # type: ignore[attr-defined]  # every entry has a name
        for spec in specs
    ]

"""The seam at which fits are timed and recorded: the one function through which an analysis fits its folds."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest import mock

from quant import analysis, latest, learning

FitFolds = Callable[..., Any]


@contextmanager
def fits_through(function: FitFolds) -> Iterator[None]:
    """Let every analysis inside the block call `function` in the place of `fit_predict_folds`."""
    with ExitStack() as stack:
        for module in (analysis, latest, learning):
            stack.enter_context(mock.patch.object(module, "fit_predict_folds", function))
        yield

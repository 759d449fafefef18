"""The seam at which fits are timed and recorded: the one function through which an analysis fits its folds."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from unittest import mock

from quant import analysis, fitting

FitFolds = Callable[..., Any]


@contextmanager
def fits_through(function: FitFolds) -> Iterator[None]:
    """Let every analysis inside the block call `function` in the place of `fit_predict_folds`, but for its audit."""
    honest, audit = fitting.fit_predict_folds, analysis.look_ahead_audit

    def audit_by_itself(*arguments: Any, **options: Any) -> Any:
        with mock.patch.object(fitting, "fit_predict_folds", honest):
            return audit(*arguments, **options)

    with (
        mock.patch.object(fitting, "fit_predict_folds", function),
        mock.patch.object(analysis, "look_ahead_audit", audit_by_itself),
    ):
        yield

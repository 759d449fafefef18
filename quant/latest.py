"""The latest prediction: a final model, fitted on every label there is, speaks about the last bar, and is kept."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from quant.errors import NotEnoughData
from quant.fitting import fit_folds
from quant.frames import Features, Labels, Predictions, forecast_columns, has_quantiles, known_at
from quant.models.catalog import ModelEntry
from quant.spec import AnalysisSpec, forecast_strategy
from quant.stages import Json, StageOutput, numeric_versions, pack_bytes, unpack_bytes
from quant.strategies.signals import signals_from_predictions
from quant.validation.intervals import prediction_intervals
from quant.validation.splits import Fold

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline

KEPT = 1  # version of how the final model is kept


@dataclass(frozen=True)
class Latest:
    """What the final model says: its predictions of the last bar, and what it was trained on."""

    predictions: Predictions
    fold: Fold


def final_fold(labels: Labels, number: int) -> Fold:
    """Split into every label that was known before the last bar, and the rows of the last bar.

    Parameters
    ----------
    labels : DataFrame of shape (n_rows, n_columns)
        Labels panel of the samples.
    number : int
        Number of the fold: that after the walk-forward folds.

    Returns
    -------
    Fold
        Instruments without the last bar are not predicted.

    Raises
    ------
    NotEnoughData
        If no label is known before the last bar.

    Notes
    -----
    Timing: training uses labels known strictly before the close of the last bar; its prediction may be acted upon at
    the next open.
    """
    stamps = labels.index.get_level_values("timestamp")
    last = stamps[-1]
    train = np.flatnonzero((known_at(labels) < last).to_numpy() & labels["label"].notna().to_numpy())
    if not len(train):
        raise NotEnoughData("Expected labels that are known before the last bar; found none. Use a longer history.")
    test = np.flatnonzero(stamps == last)
    return Fold(
        number=number,
        train=train,
        test=test,
        window_rows=(0, int(train[-1])),
        index=labels.index,
    )


def fit_final(
    spec: AnalysisSpec, model: ModelEntry, rows: Features, labels: Labels, fold: Fold, *, bars: pd.Series
) -> StageOutput:
    """Fit the final model, predict the last bar, and pack the model up.

    Parameters
    ----------
    spec : AnalysisSpec
        The question.
    model : ModelEntry
        The chosen model with its parameters.
    rows, labels : DataFrame
        Panels of the samples.
    fold : Fold
        As `final_fold` returns it.
    bars : Series
        Panel of the log returns of all bars, see `quant.preparation.bar_returns`.

    Returns
    -------
    StageOutput
        `predictions`, a panel of the last bar, see `quant.frames`; and `model`, from which `final_model` makes the
        fitted model again.

    Raises
    ------
    ModelError
        If the model does not fit.

    Notes
    -----
    Timing: that of `final_fold`.
    """
    from quant.models.persistence import to_bytes  # noqa: PLC0415  # imports scikit-learn, as models do on use

    predictions, (fitted,) = fit_folds(spec, model, rows, labels, [fold], bars=bars)
    data, digest = to_bytes(fitted)
    facts = {"digest": digest, "n_bytes": len(data), "made_by": made_by(spec)}
    return StageOutput({"predictions": predictions, "model": pack_bytes(data)}, facts)


def made_by(spec: AnalysisSpec) -> Json:
    """Return the versions of what a final model was made by, and must be asked by: features, bars and libraries."""
    longer: dict[str, Json] = {"bars": type(spec.bars).version} if spec.bars.gathers else {}
    return {"features": [type(entry).version for entry in spec.features], "libraries": numeric_versions(), **longer}


def final_model(output: StageOutput) -> "Pipeline":
    """Return the final model that `fit_final` packed up.

    Raises
    ------
    ModelError
        If it is damaged, or not one of this program's.
    """
    from quant.models.persistence import from_bytes  # noqa: PLC0415  # imports scikit-learn, as models do on use

    return from_bytes(unpack_bytes(output.frames["model"], output.facts["n_bytes"]), output.facts["digest"])


def describe_latest(
    spec: AnalysisSpec, latest: Latest, earlier: Predictions, labels: Labels, closes: Mapping[int, float]
) -> dict[str, Json]:
    """Return the latest prediction as facts: value, interval, signal, and what it rests on.

    Parameters
    ----------
    spec : AnalysisSpec
        The question.
    latest : Latest
        What the final model said.
    earlier : DataFrame of shape (n_rows, n_columns)
        The out-of-sample predictions of the walk-forward models.
    labels : DataFrame of shape (n_rows, n_columns)
        Labels panel of the samples.
    closes : mapping of int to float
        Raw close of the last bar by the instrument's position.

    Returns
    -------
    dict
        JSON facts. `as_of`: close of the bar that is predicted from; `task`, `level` of the intervals, `n_train`,
        `train_start`, `train_end`, `last_label_end`; and `predictions`, a list of dicts, one an instrument:
        `instrument`, `symbol`, `close`, what was predicted, `lower`, `upper` and `uncertainty`, and of quantiles the
        bounds of their conformal bands (None while too few outcomes are known), and `signal`: 1 long, 0 out, -1 short.

    Notes
    -----
    Timing: the signal goes on from the walk-forward models' signals, as the account does; the interval rests on the
    outcomes of their predictions, for the final model has none of its own yet.
    """
    as_of = latest.predictions.index.get_level_values("timestamp")[0]
    before = earlier[earlier.index.get_level_values("timestamp") < as_of]
    joined = pd.concat([before, latest.predictions])
    ends = labels["label_end"].iloc[latest.fold.train]
    return {
        "as_of": as_of.isoformat(),
        "task": spec.label.task,
        "horizon_bars": spec.label.horizon_bars,
        "level": spec.intervals.level,
        "n_train": len(latest.fold.train),
        "train_start": latest.fold.train_span[0].isoformat(),
        "train_end": latest.fold.train_span[1].isoformat(),
        "last_label_end": ends.max().isoformat(),
        "predictions": said_at(spec, joined, labels, closes, n_last=len(latest.predictions)),
    }


def said_at(
    spec: AnalysisSpec, predictions: Predictions, labels: Labels, closes: Mapping[int, float], *, n_last: int
) -> list[dict[str, Json]]:
    """Return what was said of the last bar, as facts.

    Parameters
    ----------
    spec : AnalysisSpec
        The question.
    predictions : DataFrame of shape (n_rows, n_columns)
        Panel of predictions that ends with the last bar's.
    labels : DataFrame of shape (n_rows, n_columns)
        Labels panel that has all rows of `predictions`.
    closes : mapping of int to float
        Raw close of the last bar by the instrument's position.
    n_last : int
        Rows of the last bar.

    Returns
    -------
    list of dict
        As `describe_latest` has them in `predictions`.

    Notes
    -----
    Timing: interval and signal rest on predictions and outcomes that were known at the last bar.
    """
    last = slice(len(predictions) - n_last, None)  # finding rows by index would search all of them
    bounds = prediction_intervals(predictions, labels, spec.intervals).iloc[last]
    names = list(map(str, bounds.columns))
    said = predictions.iloc[last].assign(
        signal=signals_from_predictions(predictions, forecast_strategy(spec))["signal"].to_numpy()[last],
        **{bound: bounds[bound].to_numpy() for bound in names},
    )
    columns = forecast_columns(spec.label.task, has_quantiles=has_quantiles(predictions))
    return [
        {
            "instrument": int(instrument),
            "symbol": spec.instruments[instrument].symbol,
            "close": float(closes[instrument]),
            **{column: float(row[column]) for column in columns},
            **{bound: None if np.isnan(row[bound]) else float(row[bound]) for bound in names},
            "signal": int(row["signal"]),
        }
        for instrument, row in zip(
            said.index.get_level_values("instrument").astype(int), said.to_dict("records"), strict=True
        )
    ]

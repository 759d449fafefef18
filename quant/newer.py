"""What the kept final model of an analysis says about bars that came after it, without running anything again."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from quant.errors import NotEnoughData
from quant.frames import Features, Labels, Predictions, forecast_columns, has_quantiles
from quant.latest import said_at
from quant.models.prediction import PREDICT
from quant.preparation import Instrument, clean_prices, features_panel, labels_panel, samples
from quant.spec import AnalysisSpec
from quant.stages import Json

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline


def predict_newer(
    spec: AnalysisSpec,
    model: "Pipeline",
    instruments: Sequence[Instrument],
    earlier: Predictions,
    latest: Mapping[str, Json],
) -> dict[str, Json]:
    """Let a kept final model speak about the newest bar.

    Parameters
    ----------
    spec : AnalysisSpec
        The question that the model answered; where its range ended is not looked at.
    model : Pipeline
        The final model, see `quant.latest.final_model`.
    instruments : sequence of Instrument
        Those of the question, in its order, with the prices that there are now.
    earlier : DataFrame of shape (n_rows, n_columns)
        The out-of-sample predictions of the answer.
    latest : mapping
        What the answer said about its last bar, see `quant.latest.describe_latest`.

    Returns
    -------
    dict
        JSON facts: those of `describe_latest`, of the newest bar; `fitted_at`, the last bar when the model was fitted,
        `n_bars_since` it, `left_out`, symbols of instruments without the newest bar, and `is_as_before`: whether the
        model says the same today about the bar that it spoke about then. If not, bars of before have been revised.

    Raises
    ------
    NotEnoughData
        If there is no bar after the model, if an instrument has no more bars than the warm-up, or if a feature of a
        newer bar is unknown.
    DataError
        If prices contradict themselves.
    ModelError
        If the model predicts what is not finite.

    Notes
    -----
    Timing: the model knows labels that ended before `fitted_at` and nothing later. Features are computed by the same
    functions as in the run, on the same bars and those that came since. The interval uses outcomes that are known at
    the newest bar, and the signal goes on from those before.
    """
    then = pd.Timestamp(latest["as_of"])
    asked = spec.model_copy(update={"end": None})
    clean = clean_prices(asked, dict(enumerate(instruments)), is_repeat=True)
    ends = {place: prices.index[-1] for place, prices in clean.raw.items()}
    newest = _newest(list(ends.values()), then)
    rows, labels = samples(asked, features_panel(asked, clean.adjusted), labels_panel(asked, clean.adjusted))
    stamps = rows.index.get_level_values("timestamp")
    since = rows[stamps >= then]
    if not spec.fills_in:
        _refuse_unknown(asked, since[since.index.get_level_values("timestamp") > then])
        since = since[np.isfinite(since.to_numpy(dtype=np.float64)).all(axis=1)]
    said = _predicted(asked, model, since, labels, fold=int(earlier["fold"].max()) + 1)
    columns = forecast_columns(spec.label.task, has_quantiles=has_quantiles(said))
    known = earlier[(earlier.index.get_level_values("timestamp") < then) & earlier.index.isin(labels.index)]
    joined = pd.concat([known[list(said.columns)], said])
    closes = {place: float(prices["close"].iloc[-1]) for place, prices in clean.raw.items()}
    n_last = int((joined.index.get_level_values("timestamp") == newest).sum())
    return {
        **{name: latest[name] for name in ("task", "horizon_bars", "level", "n_train", "train_start", "train_end")},
        "last_label_end": latest["last_label_end"],
        "as_of": newest.isoformat(),
        "fitted_at": then.isoformat(),
        "n_bars_since": int((stamps.unique() > then).sum()),
        "left_out": [item.symbol for place, item in enumerate(spec.instruments) if ends[place] != newest],
        "is_as_before": _is_as_before(said, latest, then, columns),
        "predictions": said_at(asked, joined, labels, closes, n_last=n_last),
    }


def _newest(ends: Sequence[pd.Timestamp], then: pd.Timestamp) -> pd.Timestamp:
    """Return the newest bar, which must have come after the model."""
    newest = max(ends)
    if newest <= then:
        found = "bars end there" if newest == then else f"they end earlier, at {newest:%Y-%m-%d %H:%M} UTC"
        raise NotEnoughData(
            f"Expected a bar after {then:%Y-%m-%d %H:%M} UTC, the last one that this model was made with; {found}. "
            "Fetch newer prices first."
        )
    return newest


def _refuse_unknown(spec: AnalysisSpec, rows: Features) -> None:
    values = rows.to_numpy(dtype=np.float64)
    if not len(rows):
        raise NotEnoughData(
            f"Expected a newer bar whose features are known, which takes {spec.warm_up} bars before it; found none. "
            "Fetch more prices first."
        )
    bad = ~np.isfinite(values)
    if bad.any():
        row, column = np.argwhere(bad)[0]
        stamp, instrument = rows.index[row]
        raise NotEnoughData(
            f"Expected every feature of the newer bars; found {rows.columns[column]} of "
            f"{spec.instruments[instrument].symbol} unknown at {stamp:%Y-%m-%d}. Look at its prices of these days."
        )


def _predicted(spec: AnalysisSpec, model: Any, rows: Features, labels: Labels, *, fold: int) -> Predictions:
    forecast = PREDICT[spec.label.task](model, rows)
    n_said = 1 if forecast.ndim == 1 else forecast.shape[1]
    plain = forecast_columns(spec.label.task, has_quantiles=False)
    columns = plain if n_said == len(plain) else forecast_columns(spec.label.task, has_quantiles=True)
    values: dict[str, Any] = dict(zip(columns, forecast.reshape(len(rows), -1).T, strict=True))
    if "side" in labels:
        values["side"] = labels["side"].reindex(rows.index).to_numpy(dtype=np.float64)
    return pd.DataFrame({**values, "fold": np.int64(fold)}, index=rows.index)


def _is_as_before(said: Predictions, latest: Mapping[str, Json], then: pd.Timestamp, columns: Sequence[str]) -> bool:
    """Whether the model says of the bar that it spoke about then what it said then, bit for bit."""
    at = said[said.index.get_level_values("timestamp") == then].droplevel("timestamp")[list(columns)]
    before = latest["predictions"]
    today = at.reindex([each["instrument"] for each in before]).to_numpy(dtype=np.float64)  # NaN, which equals nothing
    return bool((today == np.array([[each[name] for name in columns] for each in before], dtype=np.float64)).all())

"""What a pinned analysis says about an instrument: its newest prediction, the position it asks for, how it has done."""

import datetime
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd
from sqlalchemy import case, or_, select
from sqlalchemy.orm import Session

from quant.backtest.sizing import target_weights
from quant.calendars import periods_per_year
from quant.frames import FORECAST_COLUMNS, Prices, of_instrument, task_of
from quant.spec import AnalysisSpec, read_stored
from webapp.db import database_now
from webapp.errors import InvalidInput
from webapp.permissions import Actor, Permission, require
from webapp.services import charts, prices, results
from webapp.services.access import is_shared_with
from webapp.services.charts import History
from webapp.services.prices import InstrumentView
from webapp.services.results import ResultView
from webapp.services.workflow import Status
from webapp.storage import FrameStore
from webapp.tables import Analysis, PriceSeries, SnapshotItem, User

_FRAMES = ("predictions", "trades", "equity")
_MOST_CAPITAL = 1e12


@dataclass(frozen=True)
class Pinnable:
    """An answered analysis that has something to say about an instrument; `owner` is empty if it is one's own."""

    id: str
    title: str
    verdict: str | None
    is_credible: bool | None
    finished_at: datetime.datetime | None
    owner: str = ""


@dataclass(frozen=True)
class Position:
    """What the analysis's sizing makes of a capital.

    Attributes
    ----------
    weight : float
        Share of the capital, negative for short: the signal's.
    full_weight : float
        The same if the signal were long.
    value : float
        Money in the position.
    shares : int
        Whole ones, at the newest close.
    close : float
        That close, as traded.
    closed_on : date
        Its session.
    """

    weight: float
    full_weight: float
    value: float
    shares: int
    close: float
    closed_on: datetime.date


@dataclass(frozen=True)
class Prediction:
    """What a model said last about an instrument.

    Attributes
    ----------
    as_of : datetime
        Close of the bar at which it was made, by a model that had not seen what came after.
    is_final : bool
        Whether by the final model, trained on all there is; else by the last walk-forward one.
    forecast : mapping of str to float
        What was predicted, by the names of `quant.frames.FORECAST_COLUMNS`; of a rule nothing.
    interval : (float, float), optional
        Between which returns the outcome will lie, as fractions; None if it is not known.
    level : float, optional
        In what share of cases.
    signal : int
        1 long, 0 flat, -1 short.
    """

    as_of: datetime.datetime
    is_final: bool
    forecast: Mapping[str, float]
    interval: tuple[float, float] | None
    level: float | None
    signal: int


@dataclass(frozen=True)
class Outlook:
    """What an analysis says about an instrument.

    Attributes
    ----------
    analysis_id, title : str
        The analysis.
    verdict : str, optional
        In words.
    is_credible : bool, optional
        Whether its audit passed.
    model : str
        Name of the model that was chosen for the newest prediction, or of the rule.
    prediction : Prediction
        The newest there is.
    n_bars_since : int
        Newer bars there are by now, about which it says nothing.
    position : Position
        For the capital that was given.
    metrics : mapping of str to (float or None, float or None)
        By name: the strategy's and the benchmark's, out of sample, after costs.
    drawdown, worst_drawdown : float
        At the end of the out-of-sample curve, and the deepest; 0 or less.
    trades : DataFrame
        Round trips in this instrument.
    is_imported : bool
        Whether it was computed elsewhere and came in a bundle.
    """

    analysis_id: str
    title: str
    verdict: str | None
    is_credible: bool | None
    model: str
    prediction: Prediction
    n_bars_since: int
    position: Position
    metrics: Mapping[str, tuple[float | None, float | None]]
    drawdown: float
    worst_drawdown: float
    trades: pd.DataFrame
    is_imported: bool = False


def list_pinnable(session: Session, actor: Actor, instrument_id: str, *, limit: int = 500) -> list[Pinnable]:
    """Return the answered analyses that were made from an instrument's bars, the actor's and those shared with them.

    Newest first. Of an instrument that the actor may not see there are none, whoever shares what was made from it.

    Raises
    ------
    PermissionDenied
        If the actor may not read prices or analyses.
    NotFound
        If there is no such instrument that the actor may see.
    """
    require(actor, Permission.ANALYSES_READ)
    prices.get_instrument(session, actor, instrument_id)
    is_readable = or_(Analysis.owner_id == actor.user_id, is_shared_with(actor.user_id, database_now(session)))
    rows = session.execute(
        select(
            Analysis.public_id,
            Analysis.title,
            Analysis.verdict,
            Analysis.is_credible,
            Analysis.finished_at,
            case((Analysis.owner_id == actor.user_id, ""), else_=User.name),
        )
        .join(User, User.id == Analysis.owner_id)
        .join(SnapshotItem, SnapshotItem.snapshot_id == Analysis.snapshot_id)
        .join(PriceSeries, PriceSeries.id == SnapshotItem.series_id)
        .where(PriceSeries.public_id == instrument_id, Analysis.status == Status.SUCCEEDED, is_readable)
        .order_by(Analysis.finished_at.desc(), Analysis.id.desc())
        .limit(limit)
    )
    return [Pinnable(*row) for row in rows]


def read_outlook(
    session: Session,
    store: FrameStore,
    actor: Actor,
    instrument_id: str,
    analysis_id: str,
    *,
    capital: float = 100_000.0,
) -> Outlook:
    """Return what an analysis says about an instrument.

    Parameters
    ----------
    session : Session
        A transaction.
    store : FrameStore
        Where results and columnar files are kept.
    actor : Actor
        Who asks.
    instrument_id, analysis_id : str
        Public ids.
    capital : float, default=100000
        Money that the position is sized for, 1 to 1e12.

    Returns
    -------
    Outlook
        The newest prediction with its moment, the position, and how the strategy has done.

    Raises
    ------
    PermissionDenied
        If the actor may not read prices or analyses.
    NotFound
        If there is no such instrument or analysis that the actor may see, or the one was not made from the other.
    Conflict
        If the analysis has no answer (yet).
    InvalidInput
        If the capital is out of bounds.

    Notes
    -----
    Timing: the prediction is as old as its `as_of` says; nothing is predicted anew. Volatility for the size of the
    position is measured at the newest close.
    """
    if not 1.0 <= capital <= _MOST_CAPITAL:  # NaN is neither
        message = f"Expected a capital of 1 to {_MOST_CAPITAL:,.0f}; found {capital:g}."
        raise InvalidInput(message, fields={"capital": message})
    instrument = prices.get_instrument(session, actor, instrument_id)
    result = results.load(session, store, actor, analysis_id, names=_FRAMES)
    place = results.place_of(session, analysis_id, instrument_id)
    row = session.scalars(select(Analysis).where(Analysis.public_id == analysis_id)).one()
    newest = newest_prediction(result, place)
    history = charts.read_history(session, store, actor, instrument)
    spec = read_stored(row.spec)
    bars = history.bars
    if spec.bars.gathers:
        bars = _gathered(spec, place, instrument, prices.read_prices(session, store, actor, instrument.id))
    drawdowns = result.frames["equity"]["drawdown"]
    trades = result.frames["trades"]
    return Outlook(
        analysis_id=analysis_id,
        title=row.title,
        verdict=row.verdict,
        is_credible=row.is_credible,
        model=results.chosen_models(result.facts)[None]["model"],
        prediction=newest,
        n_bars_since=int((bars.index > pd.Timestamp(newest.as_of)).sum()),
        position=_position(
            instrument, history, spec, place, newest.signal, capital, bars=bars, share=_share(result, spec, place)
        ),
        metrics=_metrics(result),
        drawdown=float(drawdowns.iloc[-1]),
        worst_drawdown=float(drawdowns.min()),
        trades=trades[trades["instrument"] == place],
        is_imported=row.imported_at is not None,
    )


def newest_prediction(result: ResultView, place: int) -> Prediction:
    """Return what was predicted last for the instrument at a place of the question.

    The final model's word, where the answer has one; answers from before there was one, and instruments without the
    last bar, have the last out-of-sample prediction of a walk-forward model.
    """
    latest = result.facts.get("latest") or {"predictions": []}
    for said in latest["predictions"]:
        if said["instrument"] == place:
            names = () if latest["task"] == results.RULE else FORECAST_COLUMNS[latest["task"]]
            bounds = said["lower"], said["upper"]
            return Prediction(
                as_of=datetime.datetime.fromisoformat(latest["as_of"]),
                is_final=True,
                forecast={name: float(said[name]) for name in names},
                interval=None if None in bounds else bounds,
                level=latest["level"],
                signal=int(said["signal"]),
            )
    predictions = of_instrument(result.frames["predictions"], place)
    if latest.get("task") == results.RULE:
        return Prediction(
            as_of=predictions.index[-1].to_pydatetime(),
            is_final=True,
            forecast={},
            interval=None,
            level=None,
            signal=int(predictions["signal"].iloc[-1]),
        )
    names = FORECAST_COLUMNS[task_of(predictions)]
    known = predictions[predictions[names[0]].notna()]
    newest = known.iloc[-1]
    return Prediction(
        as_of=known.index[-1].to_pydatetime(),
        is_final=False,
        forecast={name: float(newest[name]) for name in names},
        interval=None,
        level=None,
        signal=int(newest["signal"]),
    )


def _share(result: ResultView, spec: AnalysisSpec, place: int) -> float:
    """Return an instrument's share of the book at the last out-of-sample bar, as a multiple of an equal one."""
    if not spec.allocation.walks:
        return 1.0
    return float(of_instrument(result.frames["predictions"], place)["share"].iloc[-1]) * len(spec.instruments)


def _gathered(spec: AnalysisSpec, place: int, instrument: InstrumentView, raw: Prices) -> Prices:
    """Return the longer bars of the question that are over, adjusted, up to the newest."""
    from quant.preparation import Instrument, clean_prices  # noqa: PLC0415  # few need them

    days = Instrument(spec.instruments[place], raw, instrument.exchange, instrument.currency)
    asked = spec.model_copy(update={"end": None})
    return clean_prices(asked, {place: days}, is_repeat=True).adjusted[place]


def _position(
    instrument: InstrumentView,
    history: History,
    spec: AnalysisSpec,
    place: int,
    signal: int,
    capital: float,
    *,
    bars: Prices,
    share: float,
) -> Position:
    index = pd.MultiIndex.from_tuples([(bars.index[-1], place)], names=["timestamp", "instrument"])
    long = pd.DataFrame({"signal": [1]}, index=index)
    frames = {number: bars if number == place else bars.iloc[:0] for number in range(len(spec.instruments))}
    a_year = periods_per_year(instrument.exchange, spec.bars.interval or instrument.interval)  # volatility asks for it
    weights = target_weights(long, frames, spec.backtest.sizing, periods_per_year=a_year)
    full = float(weights["target_weight"].iloc[0]) * share
    close = float(history.bars["close"].iloc[-1] / history.factor[-1])
    wanted = capital * full * signal
    shares = math.trunc(wanted / close)
    return Position(full * signal, full, shares * close, shares, close, history.bars["session"].iloc[-1].date())


def _metrics(result: ResultView) -> dict[str, tuple[float | None, float | None]]:
    found: list[Mapping[str, Any]] = result.facts["metrics"]
    return {each["name"]: (each["value"], each["benchmark_value"]) for each in found}

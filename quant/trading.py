"""From predictions to signals, weights, fills, an equity curve and its measures.

The look-ahead audit calls `decide` on shortened history, so what is audited is what ran.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import cast

import pandas as pd

from quant.backtest.benchmark import buy_and_hold
from quant.backtest.costs import to_rates
from quant.backtest.engine import BacktestResult, run_backtest
from quant.backtest.sizing import target_weights
from quant.backtest.trades import trades_from_fills
from quant.errors import DataError, LeakageError
from quant.frames import Labels, Predictions, Prices, to_panel
from quant.portfolio.allocation import shares_of_prices
from quant.preparation import CleanPrices
from quant.rules import rule_signals
from quant.spec import AnalysisSpec, forecast_strategy
from quant.strategies.signals import signals_from_predictions
from quant.validation.splits import Fold


@dataclass(frozen=True)
class Book:
    """What trading the predictions did, and what holding would have done: frames as `quant.backtest` defines them.

    `outcome` is what the frames were made of.
    """

    equity: pd.DataFrame
    benchmark: pd.DataFrame
    fills: pd.DataFrame
    trades: pd.DataFrame
    pending: pd.DataFrame
    ruined_at: pd.Timestamp | None
    outcome: BacktestResult


def refuse_seen(predictions: Predictions, folds: Sequence[Fold], labels: Labels) -> Predictions:
    """Return predictions that may be traded: no model speaks about a bar that it has seen.

    Parameters
    ----------
    predictions : DataFrame of shape (n_rows, n_columns)
        Panel of predictions, with the `fold` whose model each is of.
    folds : sequence of Fold
        What each model was trained on.
    labels : DataFrame of shape (n_labels, n_columns)
        The labels panel whose rows the folds count.

    Returns
    -------
    DataFrame of shape (n_rows, n_columns)
        The same predictions.

    Raises
    ------
    LeakageError
        If a model learned from a label that was not yet known before the first bar that it is traded on, with both
        dates. A split that trains on later bars than it tests on gives scores, never a curve.

    Notes
    -----
    Timing: compares moments only; the purge certificate has shown that no training label meets the test window.
    """
    moments = predictions.index.get_level_values("timestamp")
    for fold in folds:
        traded = moments[(predictions["fold"] == fold.number).to_numpy()]
        seen = labels["label_end"].iloc[fold.train].max()
        if len(traded) and seen >= traded.min():
            raise LeakageError(
                f"Expected fold {fold.number} to be traded only on bars that its model has not seen; found bars from "
                f"{traded.min():%Y-%m-%d} on, and training labels up to {seen:%Y-%m-%d}. Trade it after that day, or "
                "train it on earlier bars."
            )
    return predictions


def decide(
    spec: AnalysisSpec, predictions: Predictions, adjusted: Mapping[int, Prices], periods_per_year: float
) -> pd.DataFrame:
    """Turn predictions into signals and target weights.

    Returns
    -------
    DataFrame of shape (n_rows, 2 or 3)
        Panel with `signal` and `target_weight`; with `share` of the book, if its division is estimated.

    Notes
    -----
    Timing: a weight at `t` uses predictions and prices up to the close of `t`.
    """
    return weigh(spec, signals_from_predictions(predictions, forecast_strategy(spec)), adjusted, periods_per_year)


def decide_by_rule(spec: AnalysisSpec, adjusted: Mapping[int, Prices], periods_per_year: float) -> pd.DataFrame:
    """Turn prices into signals and target weights, by the rule of the question.

    Returns
    -------
    DataFrame of shape (n_rows, 2)
        As `decide` returns them, from the first bar on at which the rule may be acted upon.

    Notes
    -----
    Timing: a weight at `t` uses prices up to the close of `t`.
    """
    if spec.rule is None:
        raise TypeError(f"Expected a question of a rule; found {type(spec.strategy).__name__}.")
    return weigh(spec, rule_signals(spec.rule, adjusted), adjusted, periods_per_year)


def weigh(
    spec: AnalysisSpec, signals: pd.DataFrame, adjusted: Mapping[int, Prices], periods_per_year: float
) -> pd.DataFrame:
    """Turn signals into target weights.

    Parameters
    ----------
    spec : AnalysisSpec
        The question, whose sizing it is.
    signals : DataFrame of shape (n_rows, 1 or 2)
        Panel with `signal`, and perhaps `stake`.
    adjusted : mapping of int to DataFrame
        Adjusted price frames of all instruments.
    periods_per_year : float
        Bars a year.

    Returns
    -------
    DataFrame of shape (n_rows, 2)
        Panel with `signal` and `target_weight`: that of a full position times the stake.

    Notes
    -----
    Timing: a weight at `t` uses signals and prices up to the close of `t`.
    """
    rates = to_rates(spec.backtest)
    weights = target_weights(
        signals[["signal"]],
        adjusted,
        spec.backtest.sizing,
        periods_per_year=periods_per_year,
        cost_rate=rates.commission_rate + rates.slippage_rate,
    )
    if "stake" in signals:
        weights["target_weight"] *= signals["stake"]
    if (n_parts := spec.strategy.n_parts) is not None:
        weights["target_weight"] *= len(adjusted) / n_parts
    decisions = signals[["signal"]].assign(**weights)
    if spec.allocation.walks:
        shares = shares_of_prices(adjusted, spec.allocation)
        decisions["share"] = _of_rows(shares, signals.index)
        decisions["target_weight"] *= decisions["share"] * len(adjusted)  # sizing has given each an equal one
    return decisions


def _of_rows(shares: pd.DataFrame, index: pd.Index) -> pd.Series:
    """Return an instrument's share in each row of a panel; 0 where it has no bar."""
    columns = {int(name): shares[name].to_frame("share") for name in cast("list[int]", list(shares.columns))}
    panel = to_panel(columns)
    return panel["share"].reindex(index).fillna(0.0)


def trade(spec: AnalysisSpec, clean: CleanPrices, decisions: pd.DataFrame) -> Book:
    """Execute decisions on raw prices, and buy and hold beside them.

    Parameters
    ----------
    spec : AnalysisSpec
        The question.
    clean : CleanPrices
        Its prices.
    decisions : DataFrame of shape (n_rows, n_columns)
        As `decide` returns them.

    Returns
    -------
    Book
        Both equity curves start at the close of the first decision, with the initial cash.

    Raises
    ------
    DataError
        If fills depend on volume and none is known of an instrument.

    Notes
    -----
    Timing: decided at a close, filled at the next open.
    """
    if spec.backtest.liquidity.looks_at_volume:
        _check_volumes(spec, clean.raw)
    outcome = run_backtest(clean.raw, decisions, spec.backtest)
    return Book(
        equity=outcome.equity,
        benchmark=buy_and_hold(
            outcome.bars, spec.backtest.initial_cash, outcome.equity.index[0], spec.backtest.delisting
        ),
        fills=outcome.fills,
        trades=trades_from_fills(outcome),
        pending=outcome.pending,
        ruined_at=outcome.ruined_at,
        outcome=outcome,
    )


def _check_volumes(spec: AnalysisSpec, raw: Mapping[int, Prices]) -> None:
    """Say of which instrument no volume is known: nothing of it would ever be filled."""
    for place, prices in raw.items():
        if not (prices["volume"] > 0).any():
            raise DataError(
                f"Expected volumes of {spec.instruments[place].symbol}, because fills depend on them; found none. "
                "Leave the greatest share of a bar's volume empty and the impact at 0."
            )

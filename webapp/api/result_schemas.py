"""What answers are, as the OpenAPI document shows it: the facts, and the tables.

Fractions are fractions (0.01 is one per cent), and null means unknown, never zero.
"""

from typing import Any, Literal

from pydantic import Field

from webapp.api.columns import EquityColumns, Moment, PredictionColumns, TradeColumns, View
from webapp.api.reading import Query, QueryDate, QueryNumber
from webapp.api.schemas import Hash
from webapp.services.trade_lists import Order, Outcome, Reason, Side


class TableQuery(Query):
    """How a table is wanted."""

    format: Literal["json", "csv"] | None = Field(
        default=None, description="`json` or `csv`; left out: what the `Accept` header prefers, else JSON."
    )


class TradeQuery(TableQuery):
    """Which trades are wanted, in which order, and how."""

    instrument: QueryNumber | None = Field(
        default=None, ge=0, description="Position of the instrument in the question, from 0."
    )
    side: Side | None = Field(default=None, description="Which way.")
    outcome: Outcome | None = Field(default=None, description="`won`: made money after all costs; `lost`: did not.")
    reason: Reason | None = Field(
        default=None,
        description="Why it was left; answers from before reasons were kept know `signal` and `open` only.",
    )
    first: QueryDate | None = Field(default=None, description="First day (UTC) on which it may have been entered.")
    last: QueryDate | None = Field(default=None, description="Last day (UTC) on which it may have been entered.")
    least_bars: QueryNumber | None = Field(default=None, ge=0, description="Held at so many closes at least.")
    most_bars: QueryNumber | None = Field(default=None, ge=0, description="Held at so many closes at most.")
    order: Order = Field(default="entry", description="What they are sorted by; equal ones by entry, unknown last.")
    sense: Literal["ascending", "descending"] = Field(default="ascending", description="Which end comes first.")


class Verdict(View):
    """What a careful colleague would say."""

    level: str
    text: str
    is_credible: bool | None


class Metric(View):
    """One number about the equity curve; the catalogue defines it."""

    name: str
    value: float | None
    benchmark_value: float | None
    segment: str


class Results(View):
    """The facts of an answer; its tables have addresses of their own."""

    id: str
    result_hash: Hash
    spec_hash: Hash
    seed: int
    verdict: Verdict
    metrics: list[Metric]
    chosen: dict[str, Any] = Field(
        description="The model that was traded, its parameters, score and target; a rule has no score and no target."
    )
    tuning: dict[str, Any] = Field(description="Whether and how far parameters were searched.")
    comparison: list[dict[str, Any]] | None = Field(
        default=None,
        description="A paired test of the chosen model against the next best of each, on the purged folds; null in "
        "answers from before there was, or without a score.",
    )
    scores: dict[str, float | None] = Field(description="Scores of all out-of-sample predictions together.")
    score_intervals: dict[str, Any] | None = Field(
        default=None,
        description="Of each score the mean over the walk-forward folds and its 95 % interval by Student's t; null in "
        "answers from before there was.",
    )
    calibration: dict[str, Any] | None = Field(
        default=None,
        description="How far predicted probabilities are from how often they came true; null of returns, and in "
        "answers from before there was.",
    )
    intervals: dict[str, Any] | None = Field(
        default=None,
        description="How many outcomes lay inside their intervals; null in answers without.",
    )
    quantiles: dict[str, Any] | None = Field(
        default=None,
        description="How many outcomes lay between predicted quantiles, and below each; null unless the model predicts "
        "quantiles.",
    )
    sweep: dict[str, Any] | None = Field(
        default=None,
        description="Which numbers of a rule were varied, how many combinations there were, which was best on which "
        "bars, and whether the curve is of others; null without a sweep. The export `sweep` has all of them.",
    )
    latest: dict[str, Any] | None = Field(
        default=None,
        description="What a final model, fitted on every known label, says about the last bar: as of when, value, "
        "interval and signal of each instrument; null in answers from before there was.",
    )
    honesty: dict[str, Any] = Field(
        description="Look-ahead audit, purge certificates, how likely luck explains it, and what was asked for beside."
    )
    data: dict[str, Any] = Field(description="Which prices it was answered from, and what was found in them.")
    trading: dict[str, Any] = Field(description="Fills, trades and orders that were still open.")
    brackets: dict[str, Any] | None = Field(
        default=None,
        description="Wealth at 0, 1, 2 and 5 times the costs, and at the best and the worst prices of the bars of its "
        "fills, and the cost of a trade in basis points that leaves nothing; null in answers from before there was.",
    )
    risk: dict[str, Any] | None = Field(
        default=None,
        description="What luck could have made of the curve, and the size of a bet by its trades and its volatility; "
        "null in answers from before there was.",
    )
    factors: dict[str, Any] | None = Field(
        default=None,
        description="How much of the curve its own instruments explain if they are held all the time: betas with "
        "errors, what is left a year, and a sentence; null in answers from before there was.",
    )
    versions: dict[str, str] = Field(description="Versions of the libraries that decide numbers.")
    n_ledger_trials: int = Field(description="Trials that anyone has made on the same prices, to this day.")
    deflated_by_ledger: float | None = Field(
        description="The deflated Sharpe ratio if all of these count: the strict bound; null without a Sharpe ratio."
    )
    n_ledger_independent: float | None = Field(
        description="How many independent trials all of these amount to, by what they earned week by week; null in an "
        "answer without trials."
    )
    deflated_by_independent: float | None = Field(
        description="The deflated Sharpe ratio if so many count; null without a Sharpe ratio, or without trials."
    )


class NewestPrediction(View):
    """What the kept final model says about the newest bar."""

    as_of: Moment = Field(description="Close of the newest bar, which is predicted from.")
    fitted_at: Moment = Field(description="Close of the last bar when the model was fitted.")
    n_bars_since: int = Field(description="Bars that came after it.")
    is_as_before: bool = Field(
        description="Whether the model says the same today about the bar that it spoke about then. If not, bars from "
        "before have been revised since."
    )
    left_out: list[str] = Field(description="Symbols of instruments that do not have the newest bar.")
    task: str
    horizon_bars: int = Field(description="Bars after which the outcome is known, at most.")
    level: float = Field(description="Share of outcomes that should lie in their interval.")
    n_train: int = Field(description="Labels that the model was fitted on.")
    train_start: Moment
    train_end: Moment
    last_label_end: Moment = Field(description="When the last of them was known.")
    predictions: list[dict[str, Any]] = Field(
        description="Of each instrument with the newest bar: what is predicted, `lower` and `upper` bound of the "
        "outcome, and `signal`: 1 long, 0 flat, -1 short."
    )


class EquityTable(View):
    """The equity curve."""

    n_rows: int
    columns: EquityColumns  # type: ignore[valid-type]  # made at run time


class TradeTable(View):
    """The trades."""

    n_rows: int
    columns: TradeColumns  # type: ignore[valid-type]  # made at run time


class PredictionTable(View):
    """The predictions."""

    n_rows: int
    columns: PredictionColumns  # type: ignore[valid-type]  # made at run time

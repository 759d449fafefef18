"""The tables that are answered: each column's name, type and meaning. Frames keep to them; a test holds them to it."""

import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, create_model

Moment = datetime.datetime
_Number = float | None
_Instant = Moment | None


class View(BaseModel):
    """Something that is answered; made from the services' frozen views."""

    model_config = ConfigDict(from_attributes=True)


class PageView(View):
    """A page of a list. A list adds its `items`."""

    next: str | None = Field(description="Send it as `cursor` for the page after this one; null: this is the last.")


def _columns(name: str, doc: str, **columns: tuple[Any, str]) -> type[View]:
    """Return a model of a table: each column a list, all of one length."""
    fields: dict[str, Any] = {
        column.rstrip("_"): (list[kind], Field(description=text))  # type: ignore[valid-type]  # made at run time
        for column, (kind, text) in columns.items()
    }
    return create_model(name, __base__=View, __doc__=doc, **fields)


PriceColumns = _columns(
    "PriceColumns",
    "Bars, column by column.",
    timestamp=(Moment, "Close of the bar."),
    session=(datetime.date, "The exchange's date."),
    open=(_Number, "First price."),
    high=(_Number, "Highest price."),
    low=(_Number, "Lowest price."),
    close=(_Number, "Last price."),
    volume=(_Number, "Units traded."),
    split_factor=(float, "New shares per old one, from this bar's open on; 1: none."),
    dividend=(float, "Cash a share for which this bar is the ex-date; 0: none."),
)

EquityColumns = _columns(
    "EquityColumns",
    "The out-of-sample equity curve, bar by bar.",
    timestamp=(Moment, "Close of the bar."),
    cash=(_Number, "Money not invested."),
    position_value=(_Number, "Value of all positions; shorts are negative."),
    equity=(_Number, "Cash and positions."),
    return_=(_Number, "Change of equity, as a fraction."),
    exposure=(_Number, "Absolute position values over equity."),
    turnover=(_Number, "Value bought and sold over equity."),
    costs=(_Number, "Money paid at this bar."),
    interest=(_Number, "What cash earned, or debt cost (negative), before this bar; null in older answers."),
    benchmark=(_Number, "Equity of the benchmark."),
    benchmark_return=(_Number, "Its change, as a fraction."),
    drawdown=(_Number, "Fraction below the peak, 0 or less."),
    benchmark_drawdown=(_Number, "The same of the benchmark."),
)

TradeColumns = _columns(
    "TradeColumns",
    "Round trips, by entry.",
    instrument=(int, "Position of the instrument in the question, from 0."),
    symbol=(str, "Its symbol."),
    direction=(Literal["long", "short"], "Which way."),
    entry_at=(Moment, "Bar of its first fill."),
    exit_at=(_Instant, "Bar of its last fill; null while open."),
    entry_price=(_Number, "Average price of entry."),
    exit_price=(_Number, "Average price of exit; null while open."),
    max_shares=(_Number, "Largest holding."),
    entry_value=(_Number, "Money of all fills that opened or enlarged it."),
    pnl=(_Number, "Money made, net of all costs."),
    return_on_entry_value=(_Number, "The same as a fraction of `entry_value`."),
    dividends=(_Number, "Received; negative: paid. Part of `pnl`."),
    borrow_fees=(_Number, "Paid. Part of `pnl`."),
    costs=(_Number, "Commissions, slippage and borrow fees. Part of `pnl`."),
    bars_held=(int, "Closes at which it was held."),
    max_adverse_excursion=(_Number, "Worst moment, 0 or below."),
    max_favourable_excursion=(_Number, "Best moment, 0 or above."),
    is_open=(bool, "Whether it was still open at the end."),
    exit_reason=(
        str | None,
        "`signal`, `stop_loss`, `take_profit`, `trailing_stop`, `margin_call`, `delisted` or `open`; null: old.",
    ),
)

PredictionColumns = _columns(
    "PredictionColumns",
    "Out-of-sample predictions and what became of them, by time and instrument.",
    timestamp=(Moment, "Close of the bar at which it was made."),
    instrument=(int, "Position of the instrument in the question, from 0."),
    symbol=(str, "Its symbol."),
    probability=(_Number, "That the label is 1; null if a return is predicted."),
    probability_down=(_Number, "That the label is -1; null unless there are three classes."),
    predicted_return=(_Number, "Predicted outcome, as a fraction; null if classes are predicted."),
    quantile_10=(_Number, "Below it a tenth of the outcomes should lie; null unless the model predicts quantiles."),
    quantile_25=(_Number, "Below it a quarter; `predicted_return` is the median."),
    quantile_75=(_Number, "Below it three quarters."),
    quantile_90=(_Number, "Below it nine tenths."),
    side=(_Number, "Side that the rule of a meta-label takes: 1 long, -1 short, 0 neither; null without such a rule."),
    fold=(int | None, "Walk-forward fold; its model never saw this bar or anything after it. Null of a rule alone."),
    lower=(_Number, "Lower bound of the outcome's interval, from outcomes known then; null while they are too few."),
    upper=(_Number, "Upper bound."),
    uncertainty=(
        _Number,
        "Of classes the entropy of what was predicted, from 0 (certain) to 1; of a return half of its interval.",
    ),
    conformal_10=(
        _Number,
        "`quantile_10`, moved by what earlier bands missed; null as `lower`, and without quantiles.",
    ),
    conformal_25=(_Number, "`quantile_25`, as above."),
    conformal_75=(_Number, "`quantile_75`, as above."),
    conformal_90=(_Number, "`quantile_90`, as above."),
    signal=(int, "1 long, 0 flat, -1 short."),
    target_weight=(_Number, "Share of equity wished for."),
    share=(_Number, "The instrument's share of the book then; null unless shares are estimated."),
    label=(_Number, "What happened; null where it is not known yet."),
    outcome=(_Number, "The return that the label is about, as a fraction."),
)

"""What an analysis found, as far as it is facts; frames are Parquet (see `webapp.storage`)."""

import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from webapp.db import Base
from webapp.tables.keys import BIG_KEY


class FittedModel(Base):
    """A model that was fitted: one a walk-forward fold, and the final one of every known label."""

    __tablename__ = "models"
    __table_args__ = (UniqueConstraint("analysis_id", "fold"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    analysis_id: Mapped[int] = mapped_column(ForeignKey("analyses.id", ondelete="CASCADE"))
    fold: Mapped[int | None]  # NULL: the final model
    name: Mapped[str] = mapped_column(String(32))  # catalogue name
    parameters: Mapped[dict[str, Any]] = mapped_column(JSON)
    seed: Mapped[int]
    train_start: Mapped[datetime.datetime]
    train_end: Mapped[datetime.datetime]
    test_start: Mapped[datetime.datetime]
    test_end: Mapped[datetime.datetime]
    n_train: Mapped[int]
    n_test: Mapped[int]
    scores: Mapped[dict[str, float | None]] = mapped_column(JSON)


class Prediction(Base):
    """What the final model of an analysis said about the last bar of an instrument."""

    __tablename__ = "predictions"
    __table_args__ = (UniqueConstraint("model_id", "series_id", "timestamp"),)

    id: Mapped[int] = mapped_column(BIG_KEY, primary_key=True)
    model_id: Mapped[int] = mapped_column(ForeignKey("models.id", ondelete="CASCADE"))
    series_id: Mapped[int] = mapped_column(ForeignKey("price_series.id"), index=True)
    timestamp: Mapped[datetime.datetime]
    task: Mapped[str] = mapped_column(String(16))  # "two_way", "three_way" or "regression"
    probability: Mapped[float | None]
    probability_down: Mapped[float | None]
    predicted_return: Mapped[float | None]
    lower: Mapped[float | None]
    upper: Mapped[float | None]
    level: Mapped[float]
    signal: Mapped[str] = mapped_column(String(8))
    created_at: Mapped[datetime.datetime]


class UsedFeature(Base):
    """A feature column that an analysis computed: its entry, parameters and importance. Values are in Parquet."""

    __tablename__ = "features"
    __table_args__ = (UniqueConstraint("analysis_id", "column_name"),)

    id: Mapped[int] = mapped_column(BIG_KEY, primary_key=True)
    analysis_id: Mapped[int] = mapped_column(ForeignKey("analyses.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(String(32))  # catalogue name
    column_name: Mapped[str] = mapped_column(String(64))
    parameters: Mapped[dict[str, Any]] = mapped_column(JSON)
    category: Mapped[str] = mapped_column(String(32))
    interval: Mapped[str] = mapped_column(String(8))
    importance: Mapped[float | None]
    artifact_key: Mapped[str] = mapped_column(String(64))
    calculated_at: Mapped[datetime.datetime]


class Backtest(Base):
    """One execution of an analysis's signals under one set of costs."""

    __tablename__ = "backtests"
    __table_args__ = (UniqueConstraint("analysis_id", "name"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    analysis_id: Mapped[int] = mapped_column(ForeignKey("analyses.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(String(32))  # "headline", or a bracket such as "costs_2x"
    initial_cash: Mapped[float]
    final_equity: Mapped[float]
    start_at: Mapped[datetime.datetime]
    end_at: Mapped[datetime.datetime]
    n_trades: Mapped[int]
    luck: Mapped[dict[str, Any] | None] = mapped_column(JSON)  # what a Sharpe ratio is deflated by; NULL: not kept then


class TradeRow(Base):
    """One round trip of a backtest."""

    __tablename__ = "trades"
    __table_args__ = (UniqueConstraint("backtest_id", "number"),)

    id: Mapped[int] = mapped_column(BIG_KEY, primary_key=True)
    backtest_id: Mapped[int] = mapped_column(ForeignKey("backtests.id", ondelete="CASCADE"))
    number: Mapped[int]
    security_id: Mapped[int] = mapped_column(ForeignKey("securities.id"), index=True)
    direction: Mapped[str] = mapped_column(String(8))
    entry_at: Mapped[datetime.datetime]
    exit_at: Mapped[datetime.datetime | None]  # NULL: still open at the end
    shares: Mapped[float]
    entry_price: Mapped[float]
    exit_price: Mapped[float | None]
    profit: Mapped[float]
    return_fraction: Mapped[float]
    costs: Mapped[float]
    n_bars: Mapped[int]
    best_excursion: Mapped[float]
    worst_excursion: Mapped[float]
    exit_reason: Mapped[str | None] = mapped_column(String(16))  # NULL: still open, or not kept then


class PerformanceMetric(Base):
    """One number about a backtest; its meaning is in `quant.risk.definitions`."""

    __tablename__ = "performance_metrics"
    __table_args__ = (UniqueConstraint("backtest_id", "name", "segment", "period"),)

    id: Mapped[int] = mapped_column(BIG_KEY, primary_key=True)
    backtest_id: Mapped[int] = mapped_column(ForeignKey("backtests.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(String(48))
    segment: Mapped[str] = mapped_column(String(32))  # "out_of_sample"; of a rule "whole_range"
    period: Mapped[str] = mapped_column(String(16))  # "all", or a month such as 2008-10
    value: Mapped[float | None]  # NULL: unknown
    benchmark_value: Mapped[float | None]

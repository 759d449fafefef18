"""Raw prices: append-only rows, and what an analysis has pinned of them."""

import datetime
from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from webapp.db import Base


class Security(Base):
    """An instrument as a thing: what is traded, whatever source quotes it."""

    __tablename__ = "securities"
    __table_args__ = (
        # What somebody uploaded is named by them alone: no name, currency or symbol of theirs is seen by anyone else.
        UniqueConstraint("symbol", "exchange", "owner_id"),
        Index(
            "uq_securities_shared",
            "symbol",
            "exchange",
            unique=True,
            sqlite_where=text("owner_id IS NULL"),
            postgresql_where=text("owner_id IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = mapped_column(String(32), unique=True)
    symbol: Mapped[str] = mapped_column(String(32))
    name: Mapped[str] = mapped_column(String(120))
    asset_class: Mapped[str] = mapped_column(String(32))
    currency: Mapped[str] = mapped_column(String(8))
    exchange: Mapped[str] = mapped_column(String(32))  # name of the exchange calendar, such as XNYS
    owner_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"), index=True)  # who uploaded it, or NULL: shared


class PriceSeries(Base):
    """One security's bars from one source at one interval; shared, or owned by the user who uploaded it."""

    __tablename__ = "price_series"
    __table_args__ = (
        UniqueConstraint("security_id", "source", "interval", "owner_id"),
        # NULLs are distinct in a unique constraint, so shared series need their own.
        Index(
            "uq_price_series_shared",
            "security_id",
            "source",
            "interval",
            unique=True,
            sqlite_where=text("owner_id IS NULL"),
            postgresql_where=text("owner_id IS NULL"),
        ),
        CheckConstraint("basis IN ('raw', 'split_adjusted')", name="basis"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = mapped_column(String(32), unique=True)
    security_id: Mapped[int] = mapped_column(ForeignKey("securities.id"))
    source: Mapped[str] = mapped_column(String(32))
    interval: Mapped[str] = mapped_column(String(8))
    owner_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"), index=True)
    basis: Mapped[str] = mapped_column(String(16))  # how the source delivered it; what we store is raw
    actions_implied: Mapped[bool] = mapped_column(default=False)  # derived from prices, announced by nobody
    revision: Mapped[int] = mapped_column(default=0)  # the newest; 0: no bars yet
    created_at: Mapped[datetime.datetime]


class PriceRevision(Base):
    """A vintage of a series: of each timestamp the newest row with a revision of at most `number`, unless withdrawn.

    `content_hash` also names the columnar file from which charts and analyses read.
    """

    __tablename__ = "price_revisions"
    __table_args__ = (UniqueConstraint("series_id", "number"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    series_id: Mapped[int] = mapped_column(ForeignKey("price_series.id"))
    number: Mapped[int]
    content_hash: Mapped[str] = mapped_column(String(64))
    n_bars: Mapped[int]
    first_session: Mapped[datetime.date]
    last_session: Mapped[datetime.date]
    quality: Mapped[dict[str, Any]] = mapped_column(JSON)  # number of findings by severity, as found on arrival
    reason: Mapped[str] = mapped_column(String(200))
    created_at: Mapped[datetime.datetime]


class PriceData(Base):
    """One raw bar of one revision. Rows are only added; a restated bar is a new row with a higher revision.

    NULL is *unknown*: the source delivered the bar without that value. A bar that the source took back is a row that
    repeats it with `is_withdrawn`.
    """

    __tablename__ = "price_data"
    __table_args__ = (
        ForeignKeyConstraint(["series_id", "revision"], ["price_revisions.series_id", "price_revisions.number"]),
        {"sqlite_with_rowid": False},  # the key is the order in which bars are read; a quarter less disk
    )

    series_id: Mapped[int] = mapped_column(primary_key=True)
    timestamp: Mapped[datetime.datetime] = mapped_column(primary_key=True)  # close of the bar, UTC
    revision: Mapped[int] = mapped_column(primary_key=True)
    session: Mapped[datetime.date]
    open: Mapped[float | None]
    high: Mapped[float | None]
    low: Mapped[float | None]
    close: Mapped[float | None]
    volume: Mapped[float | None]
    adjusted_close: Mapped[float | None]  # as delivered, for cross-checks only
    split_factor: Mapped[float]
    dividend: Mapped[float]
    is_withdrawn: Mapped[bool] = mapped_column(default=False)


class Snapshot(Base):
    """The exact prices an analysis was answered from.

    Two users may have uploaded the same file: their snapshots have one `content_hash`, but name different series. So
    snapshots are told apart by `vintages`, the hash of the ordered series and revisions.
    """

    __tablename__ = "snapshots"

    id: Mapped[int] = mapped_column(primary_key=True)
    content_hash: Mapped[str] = mapped_column(String(64), index=True)
    vintages: Mapped[str] = mapped_column(String(64), unique=True)
    created_at: Mapped[datetime.datetime]


class SnapshotItem(Base):
    """One instrument's vintage in a snapshot, in the order of the question."""

    __tablename__ = "snapshot_items"
    __table_args__ = (
        UniqueConstraint("snapshot_id", "position"),
        ForeignKeyConstraint(["series_id", "revision"], ["price_revisions.series_id", "price_revisions.number"]),
        Index("ix_snapshot_items_vintage", "series_id", "revision"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    snapshot_id: Mapped[int] = mapped_column(ForeignKey("snapshots.id", ondelete="CASCADE"))
    position: Mapped[int]
    series_id: Mapped[int]
    revision: Mapped[int]

"""What a chart costs: bytes before compression, and the server's time from the question to the written answer."""

import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import orjson

from benchmarks.findings import Finding, Goal, Table
from benchmarks.long_prices import long_prices
from quant.frames import Prices
from webapp.dashboard.figures.prices import price_chart
from webapp.db import Base, Database
from webapp.permissions import Actor, Role
from webapp.services import charts, indicators, price_files
from webapp.storage import FrameStore
from webapp.tables import PriceRevision, PriceSeries, Security, User

GOAL = "ten years of daily bars with six indicators: at most 150 kB and 10 ms; 100,000 bars: at most 300 kB and 15 ms."
_HOW = """\
Candles, volume and six indicators of the catalogue (ten lines), for a chart 1,100 pixels wide: rows of the instrument
read from SQLite, bars thinned, figure built and written as JSON, in one process, CPU time, median of many. *Again* is
what zooming and another range cost: the adjusted history of the newest vintage is kept. *First* also reads the file and
adjusts the prices. The long history is made of blocks of real bars."""
_SIZES = ((2520, 150.0, 10.0), (100_000, 300.0, 15.0))
_INDICATORS = ("sma:window=50", "ema:window=20", "bollinger", "rsi", "macd", "volatility")


def measure(*, quick: bool) -> Finding:
    """Measure both sizes; `quick` draws each but a few times."""
    rows: list[tuple[str | int | float, ...]] = []
    goals = []
    for n_bars, most_kilobytes, most_milliseconds in _SIZES:
        with tempfile.TemporaryDirectory() as folder:
            draw = _chart(Path(folder), n_bars)
            kilobytes = len(draw()) / 1000
            again = _median_cpu(draw, 3 if quick else 60)
            first = _median_cpu(lambda draw=draw: (charts.forget(), draw()), 2 if quick else 15)  # type: ignore[misc]  # called at once
        goals += [
            Goal(f"{n_bars:,} bars, bytes", kilobytes, most_kilobytes, "kB"),
            Goal(f"{n_bars:,} bars, again", again, most_milliseconds, "ms"),
        ]
        rows.append((f"{n_bars:,}", kilobytes, again, first))
    table = Table("Bars, bytes and milliseconds:", ("bars", "kB", "again, ms", "first, ms"), tuple(rows))
    return Finding("charts", "Charts", GOAL, _HOW, tuple(goals), (table,))


def _chart(folder: Path, n_bars: int) -> Callable[[], bytes]:
    database, store = Database(f"sqlite:///{folder / 'bench.sqlite'}"), FrameStore(folder / "frames")
    Base.metadata.create_all(database.engine)
    prices = long_prices(n_bars)
    _store(database, store, prices)
    actor = Actor(1, "A", Role.ADMIN)
    entries = indicators.parse_indicators(_INDICATORS)

    def draw() -> bytes:
        with database.read() as session:
            view = charts.read_chart(session, store, actor, "long", window="all", indicators=entries)
        return orjson.dumps(price_chart(view, theme="light", symbol="LONG", key="bench"))

    return draw


def _store(database: Database, store: FrameStore, prices: Prices) -> None:
    bars = prices.assign(adjusted_close=prices["close"])
    with database.write() as session:
        now = prices.index[-1].to_pydatetime()
        session.add_all(
            [
                User(
                    id=1,
                    public_id="u",
                    email="a@b.c",
                    name="A",
                    role="admin",
                    password_hash="-",  # noqa: S106  # nobody signs in
                    created_at=now,
                ),
                Security(
                    id=1,
                    public_id="s",
                    symbol="LONG",
                    name="Long",
                    asset_class="equity",
                    currency="USD",
                    exchange="24/7",
                ),
            ]
        )
        session.flush()
        series = PriceSeries(
            id=1,
            public_id="long",
            security_id=1,
            source="bench",
            interval="1d",
            basis="raw",
            created_at=now,
            revision=1,
        )
        session.add(series)
        session.flush()
        session.add(
            PriceRevision(
                series_id=1,
                number=1,
                content_hash=price_files.write(store, bars),
                n_bars=len(bars),
                first_session=prices["session"].iloc[0].date(),
                last_session=prices["session"].iloc[-1].date(),
                quality={},
                reason="bench",
                created_at=now,
            )
        )


def _median_cpu(call: Callable[[], object], n_times: int) -> float:
    """Return the median of a call's CPU time in milliseconds."""
    took = []
    for _ in range(n_times):
        began = time.process_time()
        call()
        took.append(time.process_time() - began)
    return float(np.median(took)) * 1000

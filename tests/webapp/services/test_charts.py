import datetime

import numpy as np
import pytest

from quant.data.adjustment import back_adjusted
from quant.data.snapshot import to_prices
from quant.features.compute import compute_features
from tests import factories
from webapp.errors import InvalidInput, NotFound, PermissionDenied
from webapp.permissions import Actor, Role
from webapp.services import charts, indicators

MICROSOFT = factories.delivery("MSFT", "2002-01-02", "2004-12-31")  # a split and a dividend are inside


@pytest.fixture
def msft(session, store):
    return factories.create_prices(session, store, MICROSOFT).public_id


@pytest.fixture
def read(session, store, msft):
    """`read(window=...)` reads the chart of Microsoft for a new viewer."""
    actor = factories.create_actor(session, "viewer")
    return lambda **wanted: charts.read_chart(session, store, actor, msft, **wanted)


@pytest.fixture(scope="module")
def adjusted():
    return back_adjusted(to_prices(MICROSOFT))


def test_every_bar_is_there_where_it_fits_adjusted_back_from_the_newest(read, adjusted):
    view = read(n_points=1000)

    assert (view.bars_per_candle, view.points_per_candle, view.n_bars) == (1, 1, len(adjusted))
    assert view.at.tolist() == list(range(len(adjusted)))
    for name in ("open", "high", "low", "close", "volume"):
        np.testing.assert_array_equal(getattr(view, name), adjusted[name])
    assert view.quote.close == pytest.approx(to_prices(MICROSOFT)["close"].iloc[-1])
    assert view.quote.session == datetime.date(2004, 12, 31)


@pytest.mark.databases("sqlite")
def test_candles_of_several_bars_open_first_close_last_and_reach_the_extremes(read, adjusted):
    view = read(n_points=100)
    width, last = view.bars_per_candle, adjusted.iloc[-view.bars_per_candle :]

    assert width == -(-len(adjusted) // 100)
    assert len(view.close) <= 100
    newest = [getattr(view, name)[-1] for name in ("open", "high", "low", "close", "volume")]
    assert newest == pytest.approx(
        [last["open"].iloc[0], last["high"].max(), last["low"].min(), last["close"].iloc[-1], last["volume"].sum()]
    )
    assert view.high.max() == adjusted["high"].max()


@pytest.mark.databases("sqlite")
@pytest.mark.parametrize(
    ("window", "first", "last"),
    [
        ("1m", "2004-11-30", "2004-12-31"),
        ("ytd", "2004-01-02", "2004-12-31"),
        ("1y", "2003-12-31", "2004-12-31"),
        ("5y", "2002-01-02", "2004-12-31"),
        ((datetime.date(2003, 1, 4), datetime.date(2003, 2, 1)), "2003-01-06", "2003-01-31"),
        ((0, 4), "2002-01-02", "2002-01-08"),
        ((10**9, 10**9), "2004-12-31", "2004-12-31"),
    ],
)
def test_a_window_is_the_part_that_was_asked_for(read, window, first, last):
    view = read(window=window, n_points=1000)
    days = dict(zip(view.at.tolist(), view.days.astype("datetime64[D]").astype(str), strict=True))

    assert (days[view.shown[0]], days[view.shown[1]]) == (first, last)
    assert view.first <= view.shown[0] <= view.shown[1] <= view.last


@pytest.mark.databases("sqlite")
def test_indicators_are_those_of_the_catalogue(read, adjusted):
    wanted = indicators.parse_indicators(["sma:window=20", "rsi", "macd"])
    view = read(n_points=1000, indicators=wanted)

    assert [(line.name, line.is_price) for line in view.lines] == [
        ("SMA 20", True),
        ("RSI 14", False),
        ("MACD 12, 26, 9", False),
        ("MACD signal", False),
        ("MACD histogram", False),
    ]
    features = compute_features(adjusted, wanted)
    np.testing.assert_allclose(adjusted["close"] / view.lines[0].y - 1, features.iloc[:, 0], atol=1e-12)
    np.testing.assert_array_equal(view.lines[1].y, features["rsi_14"])


@pytest.mark.databases("sqlite")
def test_an_indicator_that_needs_more_bars_is_unknown(read):
    view = read(window="all", interval="1mo", indicators=indicators.parse_indicators(["volatility:window=60"]))

    assert np.isnan(view.lines[0].y).all()


@pytest.mark.databases("sqlite")
def test_a_week_is_made_of_its_days(read, adjusted):
    view = read(interval="1w", n_points=1000)
    week = adjusted[adjusted["session"].between("2004-12-20", "2004-12-26")]
    place = view.days.tolist().index((datetime.date(2004, 12, 23) - datetime.date(1970, 1, 1)).days)

    assert len(week) == 4
    assert view.open[place] == week["open"].iloc[0]
    assert view.high[place] == week["high"].max()
    assert view.close[place] == week["close"].iloc[-1]
    assert view.volume[place] == pytest.approx(week["volume"].sum())


@pytest.mark.databases("sqlite")
def test_a_new_vintage_is_seen_at_once(session, store, read, msft):
    before = read(n_points=1000).n_bars
    more = factories.delivery("MSFT", "2004-12-01", "2005-01-31")
    factories.create_prices(session, store, more)

    assert read(n_points=1000).n_bars == before + 20


@pytest.mark.databases("sqlite")
def test_the_kept_history_opens_nothing_to_others(session, store):
    owner, other = factories.create_actor(session), factories.create_actor(session)
    own = factories.create_prices(session, store, owner_id=owner.user_id).public_id
    charts.read_chart(session, store, owner, own)

    with pytest.raises(NotFound):
        charts.read_chart(session, store, other, own)
    with pytest.raises(PermissionDenied):
        charts.read_chart(session, store, Actor(owner.user_id, "x", Role.ADMIN, frozenset()), own)


@pytest.mark.databases("sqlite")
def test_no_more_bars_are_kept_than_there_is_room_for(session, store, read):
    history = charts.read_history(session, store, factories.create_actor(session), read().instrument)
    kept = charts.KeptHistories(2 * len(history.days))
    for number in range(3):
        kept.put(("", str(number), 1, "1d"), history)

    assert [kept.get(("", str(number), 1, "1d")) is None for number in range(3)] == [True, False, False]


@pytest.mark.databases("sqlite")
@pytest.mark.parametrize(
    "wanted", [{"window": (5, 4)}, {"window": (datetime.date(2004, 1, 2), datetime.date(2003, 1, 2))}]
)
def test_a_window_that_ends_before_it_begins_is_refused(read, wanted):
    with pytest.raises(InvalidInput):
        read(**wanted)

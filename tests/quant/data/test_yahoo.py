"""The provider against a server of ours that answers as Yahoo does; its prices are the packaged ones of Microsoft."""

import datetime
import json
import os
import socket
import subprocess
import sys
import time

import numpy as np
import pandas as pd
import pytest

from quant.data import yahoo_session
from quant.data.provider import PriceQuery, create_provider
from quant.data.snapshot import to_prices
from quant.data.yahoo import YahooProvider
from quant.errors import InvalidSpec, NotEnoughData, ProviderUnavailable, RateLimited, SymbolNotFound
from tests import yahoo as fake
from tests.yahoo import Answer, Listing, run_yahoo

SPLIT, DIVIDEND = datetime.date(2003, 2, 18), datetime.date(2003, 2, 19)


@pytest.fixture
def microsoft():
    """Real bars around the split of 2003, as traded; the dividend is that of the day after."""
    query = PriceQuery("MSFT", start=datetime.date(2003, 1, 2), end=datetime.date(2003, 3, 31))
    bars = create_provider("sample").fetch(query).bars.set_index("session")
    rows = {day.date(): tuple(map(float, row)) for day, *row in bars.iloc[:, :5].itertuples()}
    return Listing(rows, splits={SPLIT: (2, 1)}, dividends={DIVIDEND: 0.08})


@pytest.fixture
def server(microsoft):
    with run_yahoo() as server:
        server.listings["MSFT"] = microsoft
        yield server
    yahoo_session.forget_session()


@pytest.fixture
def provider(server, tmp_path):
    return YahooProvider(cache=tmp_path / "yahoo", base_url=server.url, timeout_seconds=5)


def test_the_adjustment_for_splits_is_undone(provider, microsoft):
    delivered = provider.fetch(PriceQuery("msft"))
    prices = to_prices(delivered)

    assert (delivered.symbol, delivered.basis, delivered.calendar) == ("MSFT", "split_adjusted", "XNYS")
    assert (delivered.currency, delivered.asset_class) == ("USD", "equity")
    assert delivered.instrument_name == "MSFT Incorporated"
    assert delivered.bars["close"].iloc[0] == pytest.approx(microsoft.bars[datetime.date(2003, 1, 2)][3] / 2)
    raw = np.array([microsoft.bars[day] for day in sorted(microsoft.bars)])
    found = prices[["open", "high", "low", "close", "volume"]].to_numpy()
    np.testing.assert_allclose(found, raw, rtol=1e-9)
    assert prices["split_factor"].loc[prices["session"] == pd.Timestamp(SPLIT)].tolist() == [2.0]
    assert prices["dividend"].loc[prices["session"] == pd.Timestamp(DIVIDEND)].tolist() == [0.08]
    assert not delivered.actions["implied"].any()
    assert delivered.notes == ()


def test_a_range_that_ends_before_a_split_is_undone_by_it_all_the_same(provider, microsoft):
    last = datetime.date(2003, 2, 14)
    delivered = provider.fetch(PriceQuery("MSFT", start=datetime.date(2003, 2, 10), end=last))

    prices = to_prices(delivered)
    assert (len(prices), prices["session"].iloc[-1].date()) == (5, last)
    assert prices["close"].iloc[-1] == pytest.approx(microsoft.bars[last][3])
    assert prices["split_factor"].eq(1).all()


def test_a_bar_is_delivered_once_its_session_has_closed(server, tmp_path, microsoft):
    last = max(microsoft.bars)
    for hour, n_left_out in ((20, 1), (22, 0)):
        now = datetime.datetime.combine(last, datetime.time(hour), datetime.UTC)
        provider = YahooProvider(cache=tmp_path, base_url=server.url, clock=lambda now=now: now)
        delivered = provider.fetch(PriceQuery("MSFT"))
        assert len(delivered.bars) == len(microsoft.bars) - n_left_out
        assert ["has not closed" in note for note in delivered.notes] == [True] * n_left_out


def test_bars_on_days_without_a_session_are_left_out_and_said(provider, microsoft):
    microsoft.bars[datetime.date(2003, 1, 20)] = (1.0, 1.0, 1.0, 1.0, 0.0)  # Martin Luther King's day

    delivered = provider.fetch(PriceQuery("MSFT"))
    assert len(delivered.bars) == len(microsoft.bars) - 1
    assert delivered.notes == ("Left out bars on dates without a session of XNYS: 2003-01-20.",)


def test_bars_without_any_price_are_left_out_but_their_dividend_stays(provider, microsoft):
    nothing = float("nan")
    microsoft.bars[DIVIDEND] = (nothing,) * 4 + (0.0,)

    prices = to_prices(provider.fetch(PriceQuery("MSFT")))
    assert len(prices) == len(microsoft.bars) - 1
    assert prices["dividend"].loc[prices["session"] == pd.Timestamp("2003-02-20")].tolist() == [0.08]


def test_crypto_trades_every_day_and_closes_at_midnight(server, provider):
    days = [datetime.date(2024, 3, 1) + datetime.timedelta(days=n) for n in range(10)]
    server.listings["BTC-USD"] = Listing(
        dict.fromkeys(days, (60000.0, 61000.0, 59000.0, 60500.0, 1e9)),
        meta={"instrumentType": "CRYPTOCURRENCY", "exchangeTimezoneName": "UTC", "fullExchangeName": "CCC"},
    )
    delivered = provider.fetch(PriceQuery("BTC-USD"))

    assert (delivered.calendar, delivered.asset_class) == ("24/7", "crypto")
    assert to_prices(delivered).index[0] == pd.Timestamp("2024-03-02", tz="UTC")


def test_an_instrument_of_an_unknown_calendar_is_refused(server, provider, microsoft):
    server.listings["ES=F"] = Listing(
        microsoft.bars, meta={"instrumentType": "FUTURE", "fullExchangeName": "CME", "longName": "S&P"}
    )
    with pytest.raises(InvalidSpec, match="found ES=F: FUTURE of CME"):
        provider.fetch(PriceQuery("ES=F"))


@pytest.mark.parametrize(
    ("symbol", "interval", "error"),
    [("MSFT", "1m", InvalidSpec), ("US5949181045", "1d", SymbolNotFound), ("NOPE", "1d", SymbolNotFound)],
)
def test_what_yahoo_cannot_have_is_not_found(provider, symbol, interval, error):
    with pytest.raises(error):
        provider.fetch(PriceQuery(symbol, interval))


def test_what_was_delisted_is_not_found_and_says_how_symbols_are_written(provider):
    with pytest.raises(SymbolNotFound, match=r"delisted.*BRK-B"):
        provider.fetch(PriceQuery("GONE"))


def test_an_empty_frame_is_not_enough(server, provider):
    server.listings["NEW"] = Listing({})

    with pytest.raises(NotEnoughData, match=r"no prices of NEW|no bar"):
        provider.fetch(PriceQuery("NEW"))


def test_a_range_that_yahoo_does_not_have_is_not_enough(server, provider):
    description = "Data doesn't exist for startDate = 1, endDate = 2"
    error = {"code": "Bad Request", "description": description}
    server.instead = Answer(400, json.dumps({"chart": {"result": None, "error": error}}))
    with pytest.raises(NotEnoughData, match="doesn't exist"):
        provider.fetch(PriceQuery("MSFT"))


def test_too_many_requests_say_how_long_to_wait_and_ask_no_more(server, provider):
    server.instead = Answer(429, "Too Many Requests", {"Retry-After": "17"})
    with pytest.raises(RateLimited) as caught:
        provider.fetch(PriceQuery("MSFT"))

    assert caught.value.retry_after == 17
    assert sum("/v8/" in each for each in server.asked) == 1


@pytest.mark.parametrize(
    ("header", "seconds"), [({}, 60), ({"Retry-After": "Wed, 01"}, 60), ({"Retry-After": "9999"}, 900)]
)
def test_a_wait_that_is_not_said_or_not_sound_is_ours(server, provider, header, seconds):
    server.instead = Answer(429, "Too Many Requests", header)
    with pytest.raises(RateLimited) as caught:
        provider.fetch(PriceQuery("MSFT"))
    assert caught.value.retry_after == seconds


def test_a_crumb_that_is_refused_is_replaced_once(server, provider):
    server.instead = Answer(401, '{"finance":{"error":{"code":"Unauthorized","description":"Invalid Crumb"}}}', times=1)

    assert len(provider.fetch(PriceQuery("MSFT")).bars) > 50


def test_a_session_that_is_refused_again_is_unavailable(server, provider):
    server.instead = Answer(401, '{"finance":{"error":{"code":"Unauthorized","description":"Invalid Crumb"}}}')
    with pytest.raises(ProviderUnavailable, match="refused our session twice"):
        provider.fetch(PriceQuery("MSFT"))

    server.instead = None
    assert len(provider.fetch(PriceQuery("MSFT")).bars) > 50, "it does not stay refused"


@pytest.mark.parametrize("crumb", [Answer(429, "Too Many Requests"), Answer(200, fake.PAGE), Answer(500, "x")])
def test_prices_come_without_a_crumb_as_well(server, provider, crumb):
    server.crumb = crumb

    assert len(provider.fetch(PriceQuery("MSFT")).bars) > 50


@pytest.mark.parametrize(
    ("answer", "word"),
    [
        (Answer(200, fake.PAGE), "a web page"),
        (Answer(200, "nonsense"), "something else"),
        (Answer(200, '{"chart": null}'), "no bars|something else|cannot be read"),
        (Answer(502, fake.PAGE), "status 502"),
        (Answer(500, "{}"), "status 500"),
    ],
)
def test_what_is_no_prices_is_unavailable(server, provider, answer, word):
    server.instead = answer
    with pytest.raises((ProviderUnavailable, NotEnoughData), match=word):
        provider.fetch(PriceQuery("MSFT"))


def test_prices_of_another_form_are_unavailable_and_said_to_be(server, provider):
    server.instead = Answer(
        200, '{"chart":{"result":[{"meta":{"exchangeTimezoneName":"America/New_York"}}],"error":null}}'
    )
    with pytest.raises(ProviderUnavailable, match="cannot be read"):
        provider.fetch(PriceQuery("MSFT"))


def test_silence_ends_after_the_timeout(server, tmp_path):
    server.instead = Answer(200, "{}", delay=3)
    began = time.monotonic()
    with pytest.raises(ProviderUnavailable, match="cannot be reached"):
        YahooProvider(cache=tmp_path, base_url=server.url, timeout_seconds=0.3).fetch(PriceQuery("MSFT"))
    assert time.monotonic() - began < 3


def test_without_a_network_it_is_unavailable_and_says_so(tmp_path):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with pytest.raises(ProviderUnavailable, match=r"cannot be reached from this machine.*stays as it is"):
        YahooProvider(cache=tmp_path, base_url=f"http://127.0.0.1:{port}", timeout_seconds=2).fetch(PriceQuery("MSFT"))
    yahoo_session.forget_session()


def test_every_request_is_paced(server, tmp_path):
    paced = []
    provider = YahooProvider(cache=tmp_path / "yahoo", base_url=server.url, pace=lambda: paced.append(1))
    provider.fetch(PriceQuery("MSFT"))

    assert len(paced) == len(server.asked) >= 2


def test_its_files_stay_in_its_cache(server, tmp_path):
    """In a process of its own: yfinance opens its files once a process."""
    code = (
        "from pathlib import Path; from quant.data.yahoo import YahooProvider; from quant.data.provider import *;"
        f"YahooProvider(cache=Path({str(tmp_path / 'own')!r}), base_url={server.url!r}).fetch(PriceQuery('MSFT'))"
    )
    environment = os.environ | {"HOME": str(tmp_path / "home"), "PYTHONPATH": "."}  # noqa: TID251  # a process's own
    subprocess.run([sys.executable, "-c", code], env=environment, check=True, timeout=60)

    assert not (tmp_path / "home").exists()
    assert list((tmp_path / "own").iterdir())


def test_it_cannot_list_its_symbols_and_says_nothing_to_anybody_before_it_is_asked(server, provider):
    assert provider.symbols() == ()
    assert server.asked == []

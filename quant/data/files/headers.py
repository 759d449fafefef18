"""What the columns of files are called, in the languages that price files come in."""

import re
import unicodedata
from collections.abc import Sequence

from quant.data.files.layout import ColumnRole

# The earlier a word stands, the better it fits: of `Close` and `Last` in one file, `Close` is the close.
_WORDS: dict[ColumnRole, str] = {
    "date": (
        "date timestamp datetime session day tradedate tradingday tradingdate dateutc timestamputc datum "
        "fecha seance data dato dtyyyymmdd date_time datetimeutc gmttime localtime handelstag datedeseance "
        "päivämäärä tarih ngày дата 日期 交易日期 日付 日付け 날짜 unix unixtime unixtimestamp opentime epoch ts "
        "index indexlevel0 time zeit zeitpunkt zeitstempel"
    ),
    "time": "time zeit uhrzeit heure hora ora tijd tid czas время 时间 時刻 시간",
    "symbol": (
        "symbol ticker instrument tic actsymbol secid security isin wkn name code wertpapier valeur titre "
        "simbolo titolo papel кодинструмента тикер 代码 股票代码 銘柄コード 종목코드"
    ),
    "currency": "currency ccy waehrung wahrung devise moneda valuta moeda waluta валюта 通貨 货币 통화",
    "open": (
        "open openprice opening openingprice openbid openask bidopen opn o first eroffnung eroeffnung "
        "eroffnungskurs eroeffnungskurs erster ouverture ouv apertura abertura opening openen openingskoers "
        "otwarcie oppning oppningskurs avaus aapning apning acilis открытие ценаоткрытия 开盘 开盘价 開盤 始値 시가"
    ),
    "high": (
        "high highprice highbid bidhigh hi h max maximum dayhigh hoch tageshoch hochst hochstkurs hoechst hoechstkurs "
        "plushaut haut maximo maxima massimo alto hoog hoogste najwyzszy hogsta hogst ylin hoyeste hojeste "
        "yuksek макс максимум максимальная 最高 最高价 最高價 高値 고가"
    ),
    "low": (
        "low lowprice lowbid bidlow lo l min minimum daylow tief tagestief tiefst tiefstkurs niedrigst plusbas bas "
        "minimo minima basso bajo laag laagste najnizszy lagsta lagst alin laveste dusuk мин минимум минимальная "
        "最低 最低价 最低價 安値 저가"
    ),
    "close": (
        "close closeprice closebid bidclose closing closingprice closelast cls c schluss schlusskurs schlußkurs "
        "schlussstand cloture fermeture cierre chiusura fechamento slot slotkoers sluiten sluiting zamkniecie "
        "stangning stangningskurs slutkurs paatos kapanis закрытие ценазакрытия 收盘 收盘价 收盤 終値 종가 last "
        "lastprice letzter dernier ultimo son settle settlement price prix precio prezzo preco kurs cena цена"
    ),
    "volume": (
        "volume vol v totalvolume sharevolume volumen umsatz stucke stuecke gehandeltestucke quantite "
        "titres volumi quantidade omzet wolumen obrot volym vaihto hacim объем объём 成交量 出来高 거래량 tickvol "
        "tickvolume qty quantity"
    ),
    "adjusted_close": (
        "adjustedclose adjclose adjustedclosing adjcloseprice closeadj closeadjusted adjcls adjustedprice "
        "bereinigterschlusskurs bereinigterschluss clotureajustee cierreajustado cierreajust chiusuraadj "
        "fechamentoajustado"
    ),
}
_RANKED: dict[str, tuple[ColumnRole, int]] = {}
_NUMBERED = re.compile(r"^\d+[a-z]?\.\s+")  # Alpha Vantage: "1. open"
_IN_BRACKETS = re.compile(r"\([^)]*\)|\[[^\]]*\]")
_PARTS = re.compile(r"[ _.:/|\-]+")
_LONGEST = 200  # of a name; the patterns take the square of the length in time


def plain(name: str) -> str:
    """Return a name without case, accents, brackets, numbering and signs."""
    text = _NUMBERED.sub("", _IN_BRACKETS.sub("", name.strip()[:_LONGEST].lower()))
    text = unicodedata.normalize("NFKD", text.replace("ß", "ss").replace("ł", "l").replace("ı", "i").replace("ø", "o"))
    return "".join(each for each in text if each.isalnum() and not unicodedata.combining(each))


for _role, _words in _WORDS.items():
    for _rank, _word in enumerate(_words.split()):
        _RANKED.setdefault(plain(_word), (_role, _rank))


def role_of(name: str) -> ColumnRole | None:
    """Return what a column of this name has, or None if the name says nothing.

    Examples
    --------
    >>> role_of("Schlusskurs (EUR)"), role_of("1. open"), role_of("Adj Close"), role_of("note")
    ('close', 'open', 'adjusted_close', None)
    """
    found = _RANKED.get(plain(name))
    return found[0] if found else None


def roles_of(names: Sequence[str]) -> dict[ColumnRole, str]:
    """Return for each role the column whose name fits best; `Date` goes before `Time`, which is then the time of day.

    Examples
    --------
    >>> roles_of(["Date", "Time", "Last", "Close", "volume_btc", "volume"])
    {'date': 'Date', 'close': 'Close', 'volume': 'volume', 'time': 'Time'}
    """
    best: dict[ColumnRole, tuple[int, str]] = {}
    for name in names:
        role, rank = _RANKED.get(plain(name), (None, 0))
        if role is not None and (role not in best or rank < best[role][0]):
            best[role] = (rank, name)
    found = {role: name for role, (_, name) in best.items()}
    times = [name for name in names if plain(name) in set(_WORDS["time"].split()) and name != found.get("date")]
    if times and "date" in found:
        found["time"] = times[0]
    return found


def is_english(name: str) -> bool:
    """Whether a name is one of our own, in any case."""
    return plain(name) in {"timestamp", "date", "datetime", "time", "open", "high", "low", "close", "volume", "symbol",
                           "ticker", "adjustedclose", "adjclose", "currency"}  # fmt: skip


def wide_columns(names: Sequence[str]) -> dict[str, dict[ColumnRole, str]]:
    """Return the columns of each instrument where names join an instrument and a field, in either order.

    Examples
    --------
    >>> wide_columns(["Date", "GOOG Close", "GOOG Open", "Close.IBM"])
    {'GOOG': {'close': 'GOOG Close', 'open': 'GOOG Open'}, 'IBM': {'close': 'Close.IBM'}}
    """
    found: dict[str, dict[ColumnRole, str]] = {}
    for name in names:
        if role_of(name) is not None:
            continue
        parts = [part for part in _PARTS.split(name.strip()) if part]
        for n_words in (2, 1):
            for words, rest in ((parts[-n_words:], parts[:-n_words]), (parts[:n_words], parts[n_words:])):
                role = role_of(" ".join(words)) if rest else None
                if role in {"open", "high", "low", "close", "volume", "adjusted_close"}:
                    break
            else:
                continue
            found.setdefault(" ".join(rest), {}).setdefault(role, name)
            break
    return found

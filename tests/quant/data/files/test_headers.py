"""Names of columns, as price files have them."""

import pytest

from quant.data.files.headers import is_english, role_of, roles_of, wide_columns


@pytest.mark.parametrize(
    ("names", "language"),
    [
        ("Date;Open;High;Low;Close;Volume;Adj Close", "English"),
        ("Datum;Eröffnung;Hoch;Tief;Schluss;Volumen", "German"),
        ("Datum;Erster;Hoch;Tief;Schlusskurs;Stücke", "German, of a bourse"),
        ("Date;Ouverture;Plus haut;Plus bas;Clôture;Volume", "French"),
        ("Fecha;Apertura;Máximo;Mínimo;Cierre;Volumen", "Spanish"),
        ("Data;Apertura;Massimo;Minimo;Chiusura;Volume", "Italian"),
        ("Data;Abertura;Máxima;Mínima;Fechamento;Volume", "Portuguese"),
        ("Datum;Openen;Hoog;Laag;Slot;Volume", "Dutch"),
        ("Data;Otwarcie;Najwyższy;Najniższy;Zamknięcie;Wolumen", "Polish"),
        ("Дата;Открытие;Макс;Мин;Закрытие;Объём", "Russian"),
        ("日期;开盘;最高;最低;收盘;成交量", "Chinese"),
        ("日付;始値;高値;安値;終値;出来高", "Japanese"),
        ("<DATE>;<OPEN>;<HIGH>;<LOW>;<CLOSE>;<VOL>", "Metastock"),
        ("timestamp;1. open;2. high;3. low;4. close;5. volume", "Alpha Vantage"),
        ("Unix;o;h;l;c;v", "an interface"),
    ],
)
def test_columns_are_known_in_the_languages_of_price_files(names, language):
    found = roles_of(names.split(";"))

    assert {"date", "open", "high", "low", "close", "volume"} <= set(found), language
    assert [found[role] for role in ("open", "high", "low", "close")] == names.split(";")[1:5]


def test_the_better_of_two_names_is_taken():
    assert roles_of(["Last", "Close"]) == {"close": "Close"}
    assert roles_of(["Close", "Price"])["close"] == "Close"


def test_a_name_that_says_nothing_has_no_role():
    assert role_of("volume_btc") is None
    assert role_of("") is None
    assert not is_english("Schluss")
    assert is_english("Adj Close")


def test_instruments_beside_each_other_are_parted_from_their_fields():
    names = ["Date", "BRK-B Open", "BRK-B Adj Close", "Volume_IBM", "remark"]

    assert wide_columns(names) == {
        "BRK B": {"open": "BRK-B Open", "adjusted_close": "BRK-B Adj Close"},
        "IBM": {"volume": "Volume_IBM"},
    }

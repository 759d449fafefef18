"""The gate as a whole: sound files pass untouched; every kind of damage is found at its line, wherever it comes."""

import datetime
import random

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from quant.data.files.examination import facts_of
from quant.data.files.verdicts import RULES
from quant.data.snapshot import to_prices
from quant.errors import InvalidPrices, InvalidSpec, QuantError
from quant.frames import check_prices

N_ROWS = 60
usual = settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
places = st.tuples(
    st.sampled_from(["GOOG", "IBM", "MSFT"]), st.integers(0, 2000), st.integers(5, N_ROWS - 8), st.randoms()
)
PRICES = (1, 2, 3, 4)


def scaled(cells, factor):
    return [f"{float(cell) * factor:.6f}".rstrip("0").rstrip(".") for cell in cells]


# Each damages `rows` at `at` and returns the code of what must be found, and at which rows of the damaged list.


def repeat_row(rows, at, _random):
    rows.insert(at + 3, list(rows[at]))
    return "duplicate_timestamp", [at + 3]


def contradict_row(rows, at, _random):
    rows.insert(at + 1, [*rows[at][:4], rows[at][2], *rows[at][5:]])
    assume(rows[at] != rows[at + 1])
    return "conflicting_duplicate", [at + 1]


def exchange_rows(rows, at, _random):
    rows[at], rows[at + 1] = rows[at + 1], rows[at]
    return "unsorted", [at + 1]


def empty_price(rows, at, dice):
    rows[at][dice.choice(PRICES)] = dice.choice(["", "NaN", "null", "N/A", "-", "#N/A", "None", "nan", "--"])
    return "missing_value", [at]


def empty_volume(rows, at, _random):
    rows[at][5] = ""
    return "missing_volume", [at]


def spoil_number(rows, at, dice):
    rows[at][dice.choice(PRICES)] = dice.choice(["abc", "1.2.3", "12a", "=1+1"])
    return "unreadable_number", [at]


def spoil_date(rows, at, dice):
    rows[at][0] = dice.choice(["", "2001-02-30", "yesterday", "2001/13/45"])
    return "unreadable_date", [at]


def zero_price(rows, at, dice):
    rows[at][dice.choice(PRICES)] = "0"
    return "non_positive_price", [at]


def negative_price(rows, at, dice):
    column = dice.choice(PRICES)
    rows[at][column] = f"-{rows[at][column]}"
    return "non_positive_price", [at]


def negative_volume(rows, at, _random):
    rows[at][5] = f"-{rows[at][5]}"
    return "negative_volume", [at]


def exchange_high_and_low(rows, at, _random):
    assume(rows[at][2] != rows[at][3])
    rows[at][2], rows[at][3] = rows[at][3], rows[at][2]
    return "high_below_low", [at]


def lift_close(rows, at, _random):
    rows[at][4] = scaled([rows[at][2]], 1.2)[0]
    return "ohlc_outside_range", [at]


def slip_row(rows, at, dice):
    factor = dice.choice([10, 100, 0.1, 0.01])
    for row in rows[at : at + dice.choice([1, 2])]:
        row[1:5] = scaled(row[1:5], factor)
    return "decimal_slip", [at]


def slip_high(rows, at, dice):
    rows[at][2] = scaled([rows[at][2]], dice.choice([10, 100]))[0]
    return "decimal_slip", [at]


def jump_and_return(rows, at, _random):
    rows[at][1:5] = scaled(rows[at][1:5], 3)
    return "price_spike", [at]


def split_unannounced(rows, at, dice):
    factor = dice.choice([2, 3, 4, 7, 20])
    assume(abs(float(rows[at][1]) / float(rows[at - 1][4]) - 1) < 0.03)
    assume(abs(float(rows[at][4]) / float(rows[at - 1][4]) - 1) < 0.1)
    for row in rows[at:]:
        row[1:5] = scaled(row[1:5], 1 / factor)
    for row in rows:
        row[6] = ""
    return "split_suspected", [at]


def pence_to_pounds(rows, at, _random):
    assume(abs(float(rows[at][1]) / float(rows[at - 1][4]) - 1) < 0.03)
    assume(abs(float(rows[at][4]) / float(rows[at - 1][4]) - 1) < 0.1)
    for row in rows[at:]:
        row[1:5] = scaled(row[1:5], 0.01)
    for row in rows:
        row[6] = ""
    return "unit_change_suspected", [at]


def stick(rows, at, _random):
    for row in rows[at + 1 : at + 4]:
        row[1:5] = rows[at][1:5]
        row[6] = rows[at][6]
    return "stale_prices", [at + 1, at + 2, at + 3]


def cut_out_a_month(rows, at, _random):
    first = min(at - 4, len(rows) - 14)  # bars remain after the hole
    del rows[first : first + 12]
    return "gap", [first]


def trade_on_a_sunday(rows, at, _random):
    month = rows[at][0][:7]
    rows.append([f"{month}-0{next(day for day in range(1, 8) if weekday(month, day) == 6)}", *rows[at][1:]])
    return "not_a_session", [len(rows) - 1]


def weekday(month, day):
    return datetime.date.fromisoformat(f"{month}-0{day}").weekday()


def paste_a_block(rows, at, _random):
    first = min(at, len(rows) - 5)
    assume(all(row[2] != row[3] for row in rows[first - 5 : first + 5]))
    for row, earlier in zip(rows[first : first + 5], rows[first - 5 : first], strict=True):
        row[1:] = earlier[1:]
    return "repeated_block", list(range(first, first + 5))


def round_up_in_binary(rows, at, _random):
    rows[at][4] = repr(float(rows[at][2]) * (1 + 3e-16))
    assume(float(rows[at][4]) > float(rows[at][2]))
    return "rounding", [at]


def crash_by_no_ratio(rows, at, dice):
    factor = dice.choice([0.562, 1 / 70, 1.78, 70, 300])
    assume(abs(float(rows[at][1]) / float(rows[at - 1][4]) - 1) < 0.01)
    assume(abs(float(rows[at][4]) / float(rows[at - 1][4]) - 1) < 0.01)
    for row in rows[at:]:
        row[1:5] = scaled(row[1:5], factor)
    for row in rows:
        row[6] = ""
    return "price_jump", [at]


def trade_nothing(rows, at, _random):
    rows[at][5] = "0"
    return "zero_volume", [at]


def date_the_end_in_the_future(rows, _at, dice):
    year = dice.choice([2031, 2099])
    for row in rows[-3:]:
        row[0] = f"{year}{row[0][4:]}"
    return "future_timestamp", list(range(len(rows) - 3, len(rows)))


def cut_a_row_short(rows, at, _random):
    del rows[at][4:]
    return "ragged_row", [at]


def add_totals(rows, _at, dice):
    rows.append([dice.choice(["Total", "Source: somewhere", ""]), *["1"] * 6])
    return "footer_row", [len(rows) - 1]


DAMAGES = [
    repeat_row, contradict_row, exchange_rows, empty_price, empty_volume, spoil_number, spoil_date, zero_price,
    negative_price, negative_volume, exchange_high_and_low, lift_close, slip_row, slip_high, jump_and_return,
    split_unannounced, pence_to_pounds, stick, cut_out_a_month, trade_on_a_sunday, trade_nothing,
    date_the_end_in_the_future, cut_a_row_short, add_totals, paste_a_block, round_up_in_binary, crash_by_no_ratio,
]  # fmt: skip


@pytest.mark.parametrize("damage", DAMAGES)
@given(place=places)
@usual
def test_damage_is_found_at_its_line_wherever_it_comes(judge, codes, sample_rows, damage, place):
    symbol, first, at, dice = place
    rows = sample_rows(symbol, first, N_ROWS)
    sound = codes(judge(rows))
    damaged = [list(row) for row in rows]
    code, where = damage(damaged, at, dice)

    found = codes(judge(damaged))

    assert code not in sound or damage in (stick, slip_row)
    assert set(where) <= {line - 2 for line in found[code].lines}
    if RULES[code].treatment == "quarantined":
        assert not {row + 2 for row in where} & kept_lines(judge(damaged))


def kept_lines(examination):
    return {int(examination._table.lines[place]) for place in examination._history.places}


@given(symbol=st.sampled_from(["GOOG", "IBM", "MSFT"]), first=st.integers(0, 2000), n_rows=st.integers(2, 120))
@usual
def test_sound_prices_pass_untouched(judge, sample_rows, symbol, first, n_rows):
    rows = sample_rows(symbol, first, n_rows)
    examination = judge(rows)

    assert examination.is_storable
    assert examination.n_kept == n_rows
    assert examination.n_quarantined == 0
    assert {finding.code for finding in examination.findings} <= {"split_suspected"}  # that of MSFT, explained
    assert {finding.treatment for finding in examination.findings} <= {"said"}
    assert examination.bars["close"].tolist() == [float(row[4]) for row in rows]


WRITTEN = {
    "plain": (str, "%Y-%m-%d", ",", "utf-8"),
    "german": (lambda cell: f"{float(cell):,.6f}".translate(str.maketrans(",.", ".,")), "%d.%m.%Y", ";", "cp1252"),
    "unicode text": (str, "%Y-%m-%d", "\t", "utf-16"),
    "american": (lambda cell: f'"${float(cell):,.6f}"', "%m/%d/%Y", ",", "utf-8-sig"),
    "bars": (lambda cell: f"{float(cell):.6e}", "%Y%m%d", "|", "utf-8"),
    "months": (str, "%d-%b-%y", ",", "latin-1"),
    "stamps": (str, "%Y-%m-%dT00:00:00-05:00", ",", "utf-8"),
}
NAMES = {
    "plain": ["Date", "Open", "High", "Low", "Close", "Volume", "Adj Close"],
    "german": ["Datum", "Eröffnungskurs", "Tageshoch", "Tagestief", "Schlußkurs", "Stücke", "Bereinigter Schluss"],
    "unicode text": ["日期", "开盘", "最高", "最低", "收盘", "成交量", "Adj Close"],
    "american": ["Date", "Open ($)", "High ($)", "Low ($)", "Close/Last", "Vol.", "Adj. Close"],
    "bars": ["<DTYYYYMMDD>", "<OPEN>", "<HIGH>", "<LOW>", "<CLOSE>", "<VOL>", "<ADJ CLOSE>"],
    "months": ["Fecha", "Apertura", "Máximo", "Mínimo", "Cierre", "Volumen", "Cierre ajustado"],
    "stamps": ["timestamp", "1. open", "2. high", "3. low", "4. close", "5. volume", "adjusted close"],
}


@pytest.mark.parametrize("way", WRITTEN)
@given(first=st.integers(0, 2000), preamble=st.integers(0, 3), descending=st.booleans())
@usual
def test_the_same_prices_are_read_however_they_are_written(judge, sample_rows, way, first, preamble, descending):
    number, date, delimiter, encoding = WRITTEN[way]
    rows = sample_rows("IBM", first, 40)
    lines = [f"Prices of IBM {number}" for number in range(preamble)] + [delimiter.join(NAMES[way])]
    for day, *cells in reversed(rows) if descending else rows:
        written = datetime.date.fromisoformat(day).strftime(date)
        lines.append(delimiter.join([written, *map(number, cells)]))

    examination = judge("\r\n".join(lines).encode(encoding))

    assert examination.is_storable, [finding.message for finding in examination.findings]
    assert examination.bars["session"].dt.strftime("%Y-%m-%d").tolist() == [row[0] for row in rows]
    for place, name in enumerate(("open", "high", "low", "close", "volume", "adjusted_close"), start=1):
        assert examination.bars[name].tolist() == pytest.approx([float(row[place]) for row in rows])
    assert examination.layout.header_line == preamble + 1


@given(st.binary(max_size=400) | st.text(max_size=400).map(str.encode))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_bytes_lead_to_an_unforeseen_error(judge, content):
    message = ""
    try:
        examination = judge(content)
    except QuantError as error:
        message = str(error)
    else:
        assert not examination.is_storable
    assert message.startswith("Expected") or not message


@given(place=places, mix=st.lists(st.sampled_from(DAMAGES), min_size=2, max_size=4))
@usual
def test_mixtures_are_judged_and_what_is_kept_is_sound(judge, sample_rows, place, mix):
    symbol, first, at, dice = place
    rows = sample_rows(symbol, first, N_ROWS)
    for number, damage in enumerate(mix):
        if len(rows) < N_ROWS // 2:
            break  # months were cut out; too little is left to damage
        target = max(5, min(at + 2 * number, len(rows) - 9))
        if all(len(row) == 7 for row in rows[target - 4 : target + 9]):
            try:
                damage(rows, target, dice)
            except ValueError:  # a cell that was spoilt before is no number any more
                continue
    examination = judge(rows)
    if examination.is_storable:
        delivered = examination.delivered(symbol="X", name="X", currency="USD", asset_class="equity")
        check_prices(to_prices(delivered).sort_index())


def test_what_has_to_be_asked_is_asked_and_an_answer_settles_it(judge, codes, sample_rows):
    rows = [
        [f"0{n}/0{m}/2001", *row[1:]] for n, m, row in zip([2, 5, 6], [3, 3, 3], sample_rows(n_rows=3), strict=True)
    ]
    asked = judge(rows)

    assert codes(asked)["date_order_unknown"].facts == {"candidates": ["dmy", "mdy"]}
    assert codes(asked)["date_order_unknown"].option == "date_format"
    with pytest.raises(InvalidPrices, match="Choose the order"):
        asked.delivered(symbol="X", name="X", currency="USD", asset_class="equity")
    days = judge(rows, date_format="dmy").bars["session"].dt.strftime("%m-%d").tolist()
    assert days == ["03-02", "03-05", "03-06"]


def test_a_split_is_recorded_only_when_a_person_says_so(judge, codes, sample_rows):
    rows = sample_rows("IBM", 100, 30)
    for row in rows[15:]:
        row[1:5] = scaled(row[1:5], 0.25)
    for row in rows:
        row[6] = ""
    assert codes(judge(rows))["split_suspected"].treatment == "asked"

    as_split = judge(rows, decisions={"split_suspected": "repair"})
    as_move = judge(rows, decisions={"split_suspected": "keep"})

    names = {"symbol": "X", "name": "X", "currency": "USD", "asset_class": "equity"}
    assert as_split.delivered(**names).actions["split_factor"].tolist() == [4.0]
    assert as_move.delivered(**names).actions.empty
    assert as_split.bars.equals(as_move.bars)


def test_a_slip_is_divided_only_when_a_person_says_so(judge, sample_rows):
    rows = sample_rows("IBM", 100, 30)
    sound = [float(row[4]) for row in rows]
    rows[12][1:5] = scaled(rows[12][1:5], 100)
    rows[20][2] = scaled([rows[20][2]], 10)[0]

    assert judge(rows).bars["close"].tolist() != sound
    repaired = judge(rows, decisions={"decimal_slip": "repair"})
    assert repaired.bars["close"].tolist() == pytest.approx(sound)
    assert {finding.code for finding in repaired.findings} == {"decimal_slip"}
    assert judge(rows, decisions={"decimal_slip": "quarantine"}).n_kept == 28


def test_pence_become_pounds_only_when_a_person_says_so(judge, sample_rows):
    rows = [[*row[:6], ""] for row in sample_rows("IBM", 100, 30)]
    sound = [float(row[4]) for row in rows]
    for row in rows[:15]:
        row[1:5] = scaled(row[1:5], 100)

    assert not judge(rows).is_storable
    assert judge(rows, decisions={"unit_change_suspected": "repair"}).bars["close"].tolist() == pytest.approx(sound)


def test_an_adjusted_close_that_contradicts_the_prices_is_left_out(judge, codes, sample_rows):
    rows = sample_rows("IBM", 100, 30)
    rows[12][6] = scaled([rows[12][6]], 0.4)[0]
    examination = judge(rows)

    assert codes(examination)["adjusted_close_inconsistent"].treatment == "repaired"
    assert "adjusted_close" not in examination.bars


def test_a_spike_is_not_taken_for_a_split_when_the_price_comes_back(judge, codes, sample_rows):
    rows = [[*row[:6], ""] for row in sample_rows("GOOG", 100, 30)]
    for factor in (1.6, 2, 3, 0.5):
        spiked = [list(row) for row in rows]
        spiked[12][1:5] = scaled(rows[12][1:5], factor)
        found = codes(judge(spiked))
        assert found["price_spike"].lines == (14,)
        assert "split_suspected" not in found


def test_a_split_on_a_day_of_news_is_asked_about(judge, codes, sample_rows):
    rows = [[*row[:6], ""] for row in sample_rows("GOOG", 100, 30)]
    for row in rows[15:]:
        row[1:5] = scaled(row[1:5], 0.5 * 0.93)

    assert codes(judge(rows))["split_suspected"].facts["ratio"] == 2.0


def test_thousands_for_units_are_a_change_of_unit_and_no_split(judge, codes, sample_rows):
    rows = [[*row[:6], ""] for row in sample_rows("IBM", 100, 30)]
    sound = [float(row[4]) for row in rows]
    for row in rows[:15]:
        row[1:5] = scaled(row[1:5], 1000)

    assert codes(judge(rows))["unit_change_suspected"].facts["ratio"] == 1000
    assert judge(rows, decisions={"unit_change_suspected": "repair"}).bars["close"].tolist() == pytest.approx(sound)


def test_two_instruments_below_each_other_without_a_name_are_refused(judge, codes, sample_rows):
    rows = sample_rows("IBM", 1200, 40)
    others = {row[0]: row for row in sample_rows("MSFT", 1200, 40)}
    stacked = codes(judge([*rows, *(others[row[0]] for row in rows)]))

    assert stacked["stacked_series"].count == 40
    assert stacked["stacked_series"].treatment == "refused"


def test_a_file_of_another_kind_of_numbers_is_not_stored_row_by_row(judge, codes, sample_rows):
    rows = [[row[0], *["x"] * 6] for row in sample_rows(n_rows=10)]

    assert codes(judge(rows))["mostly_quarantined"].treatment == "refused"
    assert not judge(rows, decisions={"mostly_quarantined": "keep"}).is_storable


def test_a_decision_that_is_not_offered_is_refused(judge, sample_rows):
    for decisions in ({"non_positive_price": "keep"}, {"no_such_code": "keep"}):
        with pytest.raises(InvalidSpec, match="Expected for"):
            judge(sample_rows(), decisions=decisions)


def test_what_stays_out_is_kept_with_its_line_and_text(judge, sample_rows):
    rows = sample_rows(n_rows=10)
    rows[3][4] = "-1"
    rows[7] = rows[7][:3]
    out = judge(rows).quarantined()

    assert [(line, code) for line, code, _ in out] == [(5, "non_positive_price"), (9, "ragged_row")]
    assert out[0][2] == ",".join(rows[3])


def test_findings_are_counted_by_severity(judge, sample_rows):
    rows = sample_rows(n_rows=10)
    rows[3][4] = "-1"

    assert facts_of(judge(rows).findings) == {"error": 1, "warning": 1}
    assert facts_of(()) == {}


def test_the_order_of_rows_does_not_change_what_is_stored(judge, sample_rows):
    rows = sample_rows("MSFT", 700, 100)
    mixed = list(rows)
    random.Random(1).shuffle(mixed)  # noqa: S311  # no secret

    assert judge(mixed).bars.equals(judge(rows).bars)

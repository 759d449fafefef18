"""Rows by themselves."""

from quant.data.files.layout import LayoutChoices
from quant.data.files.reading import RawTable, read_table
from quant.data.files.rows import parse_rows
from quant.data.files.structure import find_structure


def test_date_and_time_in_two_columns_are_one_moment(tmp_path):
    file = tmp_path / "prices.csv"
    file.write_text("Date,Time,Open,High,Low,Close\n2012-01-03,09:30,1,2,0.5,1\n2012-01-03,09:31,1,2,0.5,1\n")
    table = read_table(file, LayoutChoices())
    rows = parse_rows(find_structure(table, LayoutChoices()), LayoutChoices())

    assert isinstance(table, RawTable)
    assert rows.moments.has_time
    assert str(rows.moments.written[1]) == "2012-01-03T09:31:00.000000"
    assert rows.market.tolist() == [[1.0, 2.0, 0.5, 1.0]] * 2


def test_a_decimal_separator_that_cannot_be_told_is_asked(judge, codes):
    row = "1,234;1,240;1,230;1,235;10"
    content = f"date;open;high;low;close;volume\n2012-01-03;{row}\n2012-01-04;{row}\n".encode()

    assert codes(judge(content))["number_format_unknown"].option == "decimal"
    assert judge(content, decimal=",").bars["close"].tolist() == [1.235, 1.235]
    assert judge(content, decimal=".").bars["close"].tolist() == [1235.0, 1235.0]


def test_a_bar_is_widened_only_when_a_person_says_so_and_the_price_is_near(judge, codes, sample_rows):
    rows = sample_rows(n_rows=20)
    rows[5][4] = f"{float(rows[5][2]) * 1.02:.4f}"
    rows[9][4] = f"{float(rows[9][2]) * 1.5:.4f}"
    assert judge(rows).n_kept == 18

    widened = judge([[*row[:6], ""] for row in rows], decisions={"ohlc_outside_range": "repair"})
    assert widened.n_kept == 19
    assert widened.bars["high"].iloc[5] == float(rows[5][4])
    assert codes(widened)["ohlc_outside_range"].lines == (7, 11)


def test_prices_in_two_currencies_are_refused(judge, codes):
    content = b"date,currency,open,high,low,close,volume\n2012-01-03,USD,1,2,0.5,1,10\n2012-01-04,EUR,1,2,0.5,1,10\n"

    assert codes(judge(content))["mixed_currencies"].treatment == "refused"
    assert judge(content, decisions={"mixed_currencies": "keep"}).is_storable


def test_volumes_with_commas_are_taken_in_and_said(judge, codes, sample_rows):
    rows = [[*row[:5], f'"{int(row[5]):,}"', row[6]] for row in sample_rows(n_rows=20)]
    found = judge(rows)

    assert codes(found)["volume_format"].count == 20
    assert found.bars["volume"].tolist() == [float(row[5]) for row in sample_rows(n_rows=20)]


def test_a_row_without_a_volume_gets_zero_and_it_is_said(judge, codes, sample_rows):
    rows = sample_rows(n_rows=20)
    rows[3][5] = ""
    found = judge(rows)

    assert codes(found)["missing_volume"].treatment == "repaired"
    assert found.bars["volume"].iloc[3] == 0
    assert "zero_volume" not in codes(found)
    assert judge(rows, decisions={"missing_volume": "quarantine"}).n_kept == 19


def test_a_refused_row_blocks_the_file(judge, sample_rows):
    rows = sample_rows(n_rows=20)
    rows[3][4] = "0"

    assert judge(rows).is_storable
    assert not judge(rows, decisions={"non_positive_price": "refuse"}).is_storable


def test_times_of_day_without_colons_are_read(judge, sample_rows):
    for time in ("000000", "0", "0000"):
        rows = [[row[0].replace("-", ""), time, *row[1:6]] for row in sample_rows(n_rows=20)]
        header = ["<DATE>", "<TIME>", "<OPEN>", "<HIGH>", "<LOW>", "<CLOSE>", "<VOL>"]
        assert judge(rows, header=header).n_kept == 20
    rows = [[row[0].replace("-", ""), "160000", *row[1:6]] for row in sample_rows(n_rows=20)]
    assert judge(rows, header=header, timezone="America/New_York", stamps="close").is_storable


def test_exchanged_days_and_months_are_refused(judge, codes, sample_rows):
    def written(day):
        year, month, of_month = day.split("-")
        return f"{year}-{of_month}-{month}" if int(of_month) <= 12 else f"{of_month}/{month}/{year}"

    rows = [[written(row[0]), *row[1:]] for row in sample_rows(n_rows=60)]
    assert codes(judge(rows))["days_and_months_exchanged"].treatment == "refused"


def test_volumes_alone_that_are_missing_are_not_called_prices(judge, codes, sample_rows):
    rows = [list(row) for row in sample_rows(n_rows=20)]
    rows[5][5] = ""

    assert set(codes(judge(rows))) == {"missing_volume"}

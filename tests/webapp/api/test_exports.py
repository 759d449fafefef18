"""Files of tables: whole, streamed, harmless in a spreadsheet, and the same numbers in every kind."""

import csv
import io

import pandas as pd
import pyarrow.parquet as pq
import pytest

from tests.webapp.api.answered import answer, finish, load_google
from webapp.api import exports as door
from webapp.services import exports
from webapp.services.exports import TABLES

pytestmark = pytest.mark.databases("sqlite")


@pytest.fixture
def answered(me, app, database):
    load_google(app, database)
    return finish(app, database, me.actor)


def fetch(me, answered, table, kind):
    return me.get(f"/analyses/{answered}/export?table={table}&format={kind}")


@pytest.mark.parametrize(
    "table", [name for name, table in TABLES.items() if name != "correlations" and not table.is_on_request]
)
def test_every_table_has_the_same_rows_in_every_kind_of_file(me, answered, table, monkeypatch):
    monkeypatch.setattr(door, "PIECE", 100)
    as_csv, as_json, as_parquet = (fetch(me, answered, table, kind) for kind in ("csv", "json", "parquet"))

    assert {as_csv.status_code, as_json.status_code, as_parquet.status_code} == {200}
    rows = list(csv.reader(io.StringIO(as_csv.text)))
    body = as_json.json
    frame = pq.read_table(io.BytesIO(as_parquet.data)).to_pandas()
    assert len(rows) - 1 == body["n_rows"] == len(frame) > 0
    assert rows[0] == list(body["columns"]) == list(frame.columns)
    for place, name in enumerate(frame.select_dtypes("number").columns):
        assert body["columns"][name] == [None if pd.isna(value) else value for value in frame[name]], place
        texts = [row[rows[0].index(name)] for row in rows[1:]]
        assert [float(text) if text else None for text in texts] == body["columns"][name]


def test_one_instrument_has_no_table_of_correlations(me, answered):
    response = fetch(me, answered, "correlations", "csv")
    assert response.status_code == 404
    assert "no table correlations" in response.text


@pytest.mark.parametrize("table", [name for name, table in TABLES.items() if table.is_on_request])
def test_what_was_not_asked_for_has_no_table(me, answered, table):
    response = fetch(me, answered, table, "csv")
    assert response.status_code == 404
    assert f"no table {table}" in response.text


def test_a_file_says_what_it_is(me, answered):
    response = fetch(me, answered, "predictions", "parquet")
    assert response.headers["Content-Disposition"] == (f'attachment; filename="assay-{answered}-predictions.parquet"')
    metadata = pq.read_schema(io.BytesIO(response.data)).metadata
    assert metadata[b"assay_result_hash"].decode() == answer().hash()
    again = me.get(
        f"/analyses/{answered}/export?table=predictions&format=parquet",
        headers={"If-None-Match": response.headers["ETag"]},
    )
    assert again.status_code == 304


def test_moments_are_utc_and_what_a_spreadsheet_would_run_is_text(me, answered, monkeypatch):
    honest = exports.read_table

    def hostile(*arguments):
        export = honest(*arguments)
        rows = export.rows.head(3).assign(symbol=["=1+1", "@SUM(A1)", "-2+3"], note=["+1", "\tx", "GOOG"])
        return exports.Export(export.analysis_id, export.name, export.result_hash, rows)

    monkeypatch.setattr(exports, "read_table", hostile)
    rows = list(csv.DictReader(io.StringIO(fetch(me, answered, "predictions", "csv").text)))
    assert [row["symbol"] for row in rows] == ["'=1+1", "'@SUM(A1)", "'-2+3"]
    assert [row["note"] for row in rows] == ["'+1", "'\tx", "GOOG"]
    assert rows[0]["timestamp"].endswith("Z")
    assert float(rows[0]["probability"]) == answer().frames["predictions"]["probability"].iloc[0]


@pytest.mark.parametrize("query", ["table=passwords", "format=xlsx", "rows=5"])
def test_what_there_is_not_is_refused(me, answered, query):
    assert me.get(f"/analyses/{answered}/export?{query}").status_code == 422

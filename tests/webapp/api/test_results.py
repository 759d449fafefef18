import csv
import dataclasses
import io
import json
import math

import pandas as pd
import pytest

from quant.stages import hash_json
from tests import factories
from tests.webapp.api.answered import QUESTION, answer
from tests.webapp.api.calls import Caller, fields, problem, without_id
from webapp.api import columns
from webapp.api.result_schemas import Results
from webapp.auth.session import parts_of
from webapp.permissions import Permission
from webapp.places import Bucket
from webapp.services import trials
from webapp.storage import BucketFrameStore
from webapp.tables import Analysis

pytestmark = pytest.mark.databases("sqlite")

TABLES = {
    "equity": columns.EquityColumns,
    "trades": columns.TradeColumns,
    "predictions": columns.PredictionColumns,
}
PATHS = ["results", *TABLES]


def frame(name):
    """Return what the pipeline left, with the index as columns."""
    table = answer().frames[name]
    return table if table.index.names == [None] else table.reset_index()


# --- facts ----------------------------------------------------------------------------------------------------------


@pytest.mark.databases("sqlite", "postgresql")
def test_the_facts_are_those_of_the_answer(me, answered):
    body = me.get(f"/analyses/{answered}/results").json

    facts = json.loads(json.dumps(answer().facts))
    assert {name: body[name] for name in facts} == facts
    assert body["id"] == answered
    assert body["result_hash"] == answer().hash()
    assert body["versions"] == answer().versions
    assert body["n_ledger_trials"] == 0
    assert body["verdict"]["text"]
    assert "NaN" not in me.get(f"/analyses/{answered}/results").text


def test_no_fact_is_left_out(me, answered):
    beside = {"id", "result_hash", "versions", "n_ledger_trials", "deflated_by_ledger"}
    beside |= {"n_ledger_independent", "deflated_by_independent"}

    of_some = {"quantiles", "sweep"}  # of models that predict them, of rules that are varied
    assert set(Results.model_fields) == set(answer().facts) | beside | of_some


def test_the_facts_change_when_the_ledger_goes_on(me, answered, database, google):
    first = me.get(f"/analyses/{answered}/results")
    assert me.get(f"/analyses/{answered}/results", headers={"If-None-Match": first.headers["ETag"]}).status_code == 304
    with database.write() as session:
        row = session.query(Analysis).filter_by(public_id=answered).one()
        series = session.query(factories.PriceSeries).one()
        days = [pd.Timestamp(day).date() for day in ("2004-08-19", "2007-12-31")]
        entry = trials.TrialEntry("candidate", 0, "logistic", {}, "roc_auc", 0.5, 0.0)
        ground = trials.Ground((series.id,), "1d", *days)
        trials.record(session, owner_id=me.actor.user_id, analysis_id=row.id, ground=ground, entries=[entry])

    second = me.get(f"/analyses/{answered}/results", headers={"If-None-Match": first.headers["ETag"]})
    assert (second.status_code, second.json["n_ledger_trials"], second.json["n_ledger_independent"]) == (200, 1, 1.0)
    assert second.json["deflated_by_independent"] >= second.json["deflated_by_ledger"]


# --- tables ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", TABLES)
def test_a_table_has_every_row_and_every_column(me, answered, name):
    body = me.get(f"/analyses/{answered}/{name}").json

    expected = frame(name)
    assert body["n_rows"] == len(expected) > 0
    assert [column for column in body["columns"] if column in expected.columns] == list(expected.columns)
    assert list(body["columns"]) == list(TABLES[name].model_fields)
    assert {len(column) for column in body["columns"].values()} == {len(expected)}
    for column in expected.select_dtypes("float").columns:
        values = [None if math.isnan(value) else value for value in expected[column]]
        assert body["columns"][column] == values


@pytest.mark.parametrize("name", TABLES)
def test_a_table_fits_what_is_said_of_it(me, answered, name):
    TABLES[name].model_validate_json(json.dumps(me.get(f"/analyses/{answered}/{name}").json["columns"]), strict=True)


@pytest.mark.parametrize("name", TABLES)
@pytest.mark.parametrize("way", ["accept", "query"])
def test_csv_has_every_row_and_every_digit(me, answered, name, way):
    if way == "query":
        response = me.get(f"/analyses/{answered}/{name}?format=csv", headers={"Accept": "application/json"})
    else:
        response = me.get(f"/analyses/{answered}/{name}", headers={"Accept": "text/csv"})

    assert response.content_type == "text/csv; charset=utf-8"
    assert response.headers["Content-Disposition"] == f'attachment; filename="{name}-{answered}.csv"'
    rows = list(csv.DictReader(io.StringIO(response.text)))
    expected, columns = frame(name), me.get(f"/analyses/{answered}/{name}").json["columns"]
    assert len(rows) == len(expected)
    assert list(rows[0]) == list(columns)
    for column, values in columns.items():
        for row, value in zip(rows, values, strict=True):
            assert _read(row[column], value) == value, column


def _read(text, like):
    if text == "":
        return None
    if isinstance(like, bool):
        return {"true": True, "false": False}[text]
    return type(like)(text)


def test_moments_are_iso_8601_in_utc_and_unknown_is_null(me, answered):
    columns = me.get(f"/analyses/{answered}/equity").json["columns"]
    trades = me.get(f"/analyses/{answered}/trades").json["columns"]

    assert columns["timestamp"][0] == answer().frames["equity"].index[0].isoformat().replace("+00:00", "Z")
    assert columns["return"][0] is None
    assert trades["symbol"] == ["GOOG"] * len(trades["symbol"])
    assert [moment is None for moment in trades["exit_at"]] == trades["is_open"]


@pytest.mark.parametrize(
    ("accept", "media_type"),
    [
        ("", "application/json"),
        ("*/*", "application/json"),
        ("text/csv", "text/csv"),
        ("text/csv;q=0.5, application/json", "application/json"),
        ("text/csv, application/json;q=0.5", "text/csv"),
        ("text/html,application/xhtml+xml,*/*;q=0.8", "application/json"),
        ("image/png", "application/json"),
    ],
)
def test_the_accept_header_chooses(me, answered, accept, media_type):
    response = me.get(f"/analyses/{answered}/trades", headers={"Accept": accept})

    assert response.mimetype == media_type
    assert "Accept" in response.vary


def test_a_format_that_is_not_there_is_named(me, answered):
    assert set(fields(me.get(f"/analyses/{answered}/equity?format=xlsx"))) == {"format"}
    assert set(fields(me.get(f"/analyses/{answered}/equity?limit=5"))) == {"limit"}


# --- some of the trades ---------------------------------------------------------------------------------------------


def test_trades_are_filtered_and_sorted(me, answered):
    every = pd.DataFrame(me.get(f"/analyses/{answered}/trades").json["columns"])
    least = int(every["bars_held"].median())
    day = every["entry_at"].iloc[len(every) // 2][:10]
    for query, matching in (
        ("side=long&outcome=won", (every["direction"] == "long") & (every["pnl"] > 0)),
        ("outcome=lost&instrument=0", every["pnl"] <= 0),
        ("reason=open", every["is_open"]),
        ("reason=signal", ~every["is_open"]),
        (f"least_bars={least}", every["bars_held"] >= least),
        (f"most_bars={least - 1}", every["bars_held"] < least),
        (f"first={day}", every["entry_at"].str[:10] >= day),
        (f"last={day}", every["entry_at"].str[:10] <= day),
        ("side=short", every["direction"] == "short"),
    ):
        body = me.get(f"/analyses/{answered}/trades?{query}").json
        assert body["n_rows"] == matching.sum(), query
        assert body["columns"]["entry_at"] == every.loc[matching, "entry_at"].tolist(), query

    first_best = me.get(f"/analyses/{answered}/trades?order=return&sense=descending").json["columns"]
    returns = first_best["return_on_entry_value"]
    assert returns == sorted(every["return_on_entry_value"], reverse=True)


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("side=up", "side"),
        ("outcome=even", "outcome"),
        ("reason=boredom", "reason"),
        ("first=yesterday", "first"),
        ("least_bars=-1", "least_bars"),
        ("order=luck", "order"),
        ("sense=sideways", "sense"),
        ("instrument=9", "instrument"),
        ("first=2008-02-01&last=2008-01-01", "last"),
        ("least_bars=9&most_bars=8", "most_bars"),
    ],
)
def test_a_filter_that_is_none_is_named(me, answered, query, field):
    assert set(fields(me.get(f"/analyses/{answered}/trades?{query}"))) == {field}


def test_what_is_known_of_some_trades_is_not_known_of_others(me, answered):
    tags = {
        me.get(f"/analyses/{answered}/trades?{query}").headers["ETag"]
        for query in ("", "side=long", "side=short", "order=return", "order=return&sense=descending", "least_bars=3")
    }

    assert len(tags) == 6


# --- tags -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["results", *TABLES, "equity?format=csv"])
@pytest.mark.parametrize("encoding", ["identity", "gzip"])
def test_what_is_known_is_not_sent_again(me, answered, path, encoding):
    headers = {"Accept-Encoding": encoding}
    first = me.get(f"/analyses/{answered}/{path}", headers=headers)
    tag = first.headers["ETag"]
    assert first.headers["Cache-Control"] == "private, no-cache"
    assert answer().hash() in tag

    for known in (tag, f'"other", {tag}', "*"):
        again = me.get(f"/analyses/{answered}/{path}", headers={**headers, "If-None-Match": known})
        assert again.status_code == 304
        assert again.data == b""
        assert again.headers["ETag"] == tag
    assert me.get(f"/analyses/{answered}/{path}", headers={"If-None-Match": '"other"'}).status_code == 200


def test_a_tag_is_of_one_table_in_one_format(me, answered):
    paths = ["results", "equity", "trades", "predictions", "equity?format=csv"]
    tags = {me.get(f"/analyses/{answered}/{path}").headers["ETag"] for path in paths}

    assert len(tags) == len(paths)


def test_head_tells_the_tag_and_the_length(me, answered):
    response = me.client.head(f"/api/v1/analyses/{answered}/equity?format=csv")

    assert response.status_code == 200
    assert response.data == b""
    assert response.headers["ETag"]


# --- who, and when --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", PATHS)
def test_who_may_read_results(stranger, call_as, answered, path):
    path = f"/analyses/{answered}/{path}"
    problem(stranger.get(path), 401, "not_signed_in")
    problem(call_as(scopes=[Permission.PRICES_READ]).get(path), 403, "permission_denied")
    for role in ("researcher", "viewer", "admin"):
        theirs = call_as(role).get(path)
        missing = call_as(role).get(path.replace(answered, "0" * 16))
        problem(theirs, 404, "not_found")
        assert without_id(theirs) == without_id(missing)


@pytest.mark.parametrize("path", PATHS)
def test_a_tag_opens_nothing(call_as, me, answered, path):
    tag = me.get(f"/analyses/{answered}/{path}").headers["ETag"]
    other = call_as().get(f"/analyses/{answered}/{path}", headers={"If-None-Match": tag})

    problem(other, 404, "not_found")


def test_somebody_signed_in_downloads_by_a_link(client, log_in, database, app, google):
    actor = log_in()
    with database.write() as session:
        factories.create_analysis(session, actor)
    listed = Caller(client).get("/analyses").json

    problem(Caller(client).get(f"/analyses/{listed['items'][0]['id']}/equity?format=csv"), 409, "conflict")


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("status", ["queued", "running", "failed", "cancelled"])
def test_what_has_no_answer_says_so(me, database, path, status):
    with database.write() as session:
        public_id = factories.create_analysis(session, me.actor, status=status).public_id

    assert status in problem(me.get(f"/analyses/{public_id}/{path}"), 409, "conflict")["detail"]


@pytest.mark.parametrize("path", PATHS)
def test_files_that_are_gone_are_missed_aloud(me, answered, app, path):
    key = hash_json({"analysis": answered, "result": answer().hash()})
    parts_of(app).store.remove(key)

    assert "run the analysis again" in problem(me.get(f"/analyses/{answered}/{path}"), 404, "not_found")["detail"]


def test_a_store_that_is_away_is_a_passing_trouble(me, answered, app, monkeypatch):
    url = "s3://bucket?region=us-east-1&endpoint_override=http://127.0.0.1:1"
    far = BucketFrameStore(Bucket(url, access_key="key", secret_key="secret"))
    monkeypatch.setitem(app.extensions, "assay", dataclasses.replace(parts_of(app), store=far))

    answer = me.get(f"/analyses/{answered}/equity")

    assert "does not answer" in problem(answer, 503, "service_unavailable")["detail"]
    assert int(answer.headers["Retry-After"]) > 0


def test_the_question_has_trades_and_open_ones():
    assert set(answer().frames["trades"]["is_open"]) == {True, False}, f"{QUESTION} is no test of a table of trades."

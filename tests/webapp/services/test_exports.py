"""What can be taken away from an answer."""

import pytest

from tests import factories
from tests.webapp.services.test_results import RESULT, actor, claim, save, store  # noqa: F401  # fixtures
from webapp.errors import Conflict, NotFound
from webapp.services import exports


@pytest.fixture
def answered(session, store, claim, monkeypatch):  # noqa: F811  # a fixture
    monkeypatch.setitem(RESULT.facts, "data", {"instruments": [{"symbol": "=GOOG"}]})
    save(session, store, claim)
    return claim.public_id


def test_a_table_has_every_row_with_symbols(session, store, actor, answered):  # noqa: F811  # fixtures
    table = exports.read_table(session, store, actor, answered, "trades")
    assert (table.analysis_id, table.name, table.result_hash) == (answered, "trades", RESULT.hash())
    assert table.rows["symbol"].tolist() == ["=GOOG", "=GOOG"]
    assert table.rows.drop(columns="symbol").equals(RESULT.frames["trades"])


def test_metrics_are_facts_made_a_table(session, store, actor, answered):  # noqa: F811  # fixtures
    rows = exports.read_table(session, store, actor, answered, "metrics").rows
    assert rows["name"].tolist() == ["sharpe_ratio"]
    assert rows["benchmark_value"].isna().all()


def test_a_table_that_the_answer_has_not_is_not_found(session, store, actor, answered):  # noqa: F811  # fixtures
    for name in ("importance", "passwords"):
        with pytest.raises(NotFound, match=f"no table {name}"):
            exports.read_table(session, store, actor, answered, name)


def test_access_is_that_of_the_analysis(session, store, claim, answered):  # noqa: F811  # fixtures
    stranger = factories.create_actor(session, "admin")
    with pytest.raises(NotFound, match="no such analysis"):
        exports.read_table(session, store, stranger, answered, "equity")


def test_without_an_answer_there_is_nothing_to_take(session, store, actor, claim):  # noqa: F811  # fixtures
    with pytest.raises(Conflict, match="running"):
        exports.read_table(session, store, actor, claim.public_id, "equity")

"""docs/data-model.md says what the tables are: columns, types, keys and relations are compared with the classes."""

import re
from pathlib import Path

import pytest
import sqlalchemy as sa

import webapp.tables  # declares every table
from webapp.db import Base, UtcDateTime

DOC = (Path(__file__).resolve().parents[2] / "docs" / "data-model.md").read_text()
TABLES = Base.metadata.tables

# What the owner drew, and what was planned beside it.
PROMISED = {
    "securities",
    "price_data",
    "technical_indicators",
    "features",
    "models",
    "predictions",
    "backtests",
    "trades",
    "performance_metrics",
    "users",
    "analyses",
    "studies",
    "trials",
    "snapshots",
    "api_tokens",
    "shares",
    "audit_events",
}
TYPES = {
    UtcDateTime: "time",
    sa.Date: "date",
    sa.Double: "number",
    sa.Boolean: "yes/no",
    sa.JSON: "JSON",
    sa.LargeBinary: "bytes",
    sa.Text: "text",
    sa.BigInteger: "big integer",
    sa.Integer: "integer",
}


def sections() -> dict[str, str]:
    """Return the text under each table's heading."""
    parts = re.split(r"^### `(\w+)`(.*)$|^## .*$", DOC, flags=re.MULTILINE)
    return {name: text for name, text in zip(parts[1::3], parts[3::3], strict=True) if name}


def coming() -> set[str]:
    return set(re.findall(r"^### `(\w+)` \(comes\)$", DOC, re.MULTILINE))


def documented(table: str) -> list[tuple[str, str, str]]:
    """Return column, type and key as the document has them."""
    rows = re.findall(r"^\| `(\w+)` \| ([^|]*) \| ([^|]*)\|", sections()[table], re.MULTILINE)
    return [(name, kind.strip(), key.strip()) for name, kind, key in rows]


def type_of(column: sa.Column) -> str:
    known = next((name for kind, name in TYPES.items() if isinstance(column.type, kind)), None)
    name = known or f"text {column.type.length}"
    return f"{name}, may be unknown" if column.nullable else name


def key_of(column: sa.Column) -> str:
    words = ["primary"] if column.primary_key else []
    for reference in column.foreign_keys:
        ends = ", deleted with it" if reference.ondelete == "CASCADE" else ""
        words.append(f"→ `{reference.column.table.name}.{reference.column.name}`{ends}")
    unique = [constraint for constraint in column.table.constraints if isinstance(constraint, sa.UniqueConstraint)]
    if any(list(constraint.columns) == [column] for constraint in unique):
        words.append("unique")
    return "; ".join(words)


def test_every_table_has_its_section():
    assert set(sections()) - coming() == set(TABLES)


def test_what_comes_is_not_there_yet():
    assert coming() & set(TABLES) == set()
    assert set(TABLES) | coming() >= PROMISED


@pytest.mark.parametrize("table", sorted(TABLES))
def test_columns_types_and_keys_are_those_of_the_classes(table):
    expected = [(column.name, type_of(column), key_of(column)) for column in TABLES[table].columns]
    assert documented(table) == expected


@pytest.mark.parametrize("table", sorted(TABLES))
def test_who_writes_a_table_is_said_and_exists(table):
    written_by = re.search(r"^Written by (.*)\.$", sections()[table], re.MULTILINE)
    services = re.findall(r"`services\.(\w+)`", written_by[1])
    assert services
    folder = Path(webapp.tables.__file__).parent.parent / "services"
    for service in services:
        assert (folder / f"{service}.py").is_file(), service


def test_the_picture_has_every_relation_and_no_other():
    drawn = {(parent, child) for parent, child in re.findall(r"^    (\w+) \S+ (\w+) : ", DOC, re.MULTILINE)}
    there = {(reference.column.table.name, table.name) for table in TABLES.values() for reference in table.foreign_keys}
    assert drawn == there


def test_the_picture_says_which_relations_are_optional():
    for parent, line, child in re.findall(r"^    (\w+) (\S\S)\S+ (\w+) : ", DOC, re.MULTILINE):
        references = [key for key in TABLES[child].foreign_keys if key.column.table.name == parent]
        assert (line == "|o") == any(key.parent.nullable for key in references), (parent, child)


@pytest.mark.parametrize("table", sorted(TABLES))
def test_every_reference_can_be_followed_backwards_by_an_index(table):
    """Else deleting one row reads the whole table that might refer to it."""
    indexes = [list(index.columns) for index in TABLES[table].indexes]
    indexes += [
        list(constraint.columns)
        for constraint in TABLES[table].constraints
        if isinstance(constraint, sa.UniqueConstraint | sa.PrimaryKeyConstraint)
    ]
    for constraint in TABLES[table].foreign_key_constraints:
        columns = list(constraint.columns)
        if table == "price_data":
            columns = columns[:1]  # its key begins with the series; a revision is never deleted alone
        assert any(index[: len(columns)] == columns for index in indexes), [column.name for column in columns]


@pytest.mark.parametrize("table", sorted(TABLES))
def test_no_index_is_the_beginning_of_another(table):
    """It would be written with every row and never be needed."""
    indexes = [[column.name for column in index.columns] for index in TABLES[table].indexes if not index.unique]
    others = indexes + [
        [column.name for column in constraint.columns]
        for constraint in TABLES[table].constraints
        if isinstance(constraint, sa.UniqueConstraint | sa.PrimaryKeyConstraint)
    ]
    for index in indexes:
        longer = [other for other in others if other is not index and other[: len(index)] == index]
        assert longer == [], index


@pytest.mark.parametrize("table", sorted(TABLES))
def test_every_constraint_has_a_name(table):
    """Migrations can change only what they can name, the same on both databases; PostgreSQL cuts names at 63."""
    for thing in [*TABLES[table].constraints, *TABLES[table].indexes]:
        assert thing.name
        assert len(str(thing.name)) <= 63, thing.name

from tests.webapp.reports import told
from webapp.reports.blocks import Table


def test_the_columns_of_every_table_are_told_alike():
    tables = [block for section in told.report().sections for block in section.blocks if isinstance(block, Table)]

    assert len(tables) > 8
    for table in tables:
        assert {len(row) for row in table.rows} == {len(table.columns)} == {len(table.numbers)} == {len(table.shares)}
        assert abs(sum(table.shares) - 1) < 0.02, table.caption

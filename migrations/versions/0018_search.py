"""One text that an analysis is found by, in the index of its owner's list; the index of studies holds members alone."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

_COLUMNS = ["owner_id", "archived_at", "study_id", "submitted_at", "id", "status", "is_credible"]
_PART = 1000


def upgrade() -> None:
    """Apply the change."""
    analyses = sa.table("analyses", *(sa.column(name) for name in ("id", "title", "keywords")))
    connection = op.get_bind()
    rows = connection.execute(sa.select(analyses.c.id, analyses.c.title, analyses.c.keywords)).all()
    change = analyses.update().where(analyses.c.id == sa.bindparam("key")).values(keywords=sa.bindparam("words"))
    for begin in range(0, len(rows), _PART):
        part = rows[begin : begin + _PART]  # SQLite's own lower() knows no letters beyond ASCII
        connection.execute(
            change, [{"key": id_, "words": f"{title} {keywords or ''}".strip().lower()} for id_, title, keywords in part]
        )
    op.drop_index("ix_analyses_owner", table_name="analyses")
    op.create_index("ix_analyses_owner", "analyses", [*_COLUMNS, "keywords"], unique=False)
    op.drop_index("ix_analyses_study", table_name="analyses")
    is_member = sa.text("study_id IS NOT NULL")
    op.create_index(
        "ix_analyses_study",
        "analyses",
        ["study_id", "study_number"],
        unique=True,
        sqlite_where=is_member,
        postgresql_where=is_member,
    )


def downgrade() -> None:
    """Take the change back."""
    op.drop_index("ix_analyses_study", table_name="analyses")
    op.create_index("ix_analyses_study", "analyses", ["study_id", "study_number"], unique=True)
    op.drop_index("ix_analyses_owner", table_name="analyses")
    op.create_index("ix_analyses_owner", "analyses", _COLUMNS, unique=False)

"""Long lists: symbols stand beside the question, tags know whose they are, and the trail is found by its subject."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

_PART = 1000


def upgrade() -> None:
    """Apply the change."""
    _add_symbols()
    with op.batch_alter_table("analysis_tags") as batch:
        batch.add_column(sa.Column("owner_id", sa.Integer(), nullable=True))
        batch.drop_index("ix_analysis_tags_name")
    op.execute(
        "UPDATE analysis_tags SET owner_id ="
        " (SELECT owner_id FROM analyses WHERE analyses.id = analysis_tags.analysis_id)"
    )
    with op.batch_alter_table("analysis_tags") as batch:
        batch.alter_column("owner_id", existing_type=sa.Integer(), nullable=False)
        batch.create_foreign_key("fk_analysis_tags_owner_id_users", "users", ["owner_id"], ["id"])
        batch.create_index("ix_analysis_tags_owner", ["owner_id", "name", "analysis_id"], unique=False)
    op.create_index("ix_audit_events_subject", "audit_events", ["subject"], unique=False)
    _order_by(["id", "archived_at", "study_id"])


def _order_by(rest: list[str]) -> None:
    """Make the indexes of the lists in the order of titles and states anew, with what the lists are filtered by."""
    for column in ("title", "status"):
        op.drop_index(f"ix_analyses_{column}", table_name="analyses")
        op.create_index(f"ix_analyses_{column}", "analyses", ["owner_id", column, *rest], unique=False)


def _add_symbols() -> None:
    # Not as a batch: that would make the table anew, and take the rows that refer to it along.
    kind = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
    op.add_column("analyses", sa.Column("symbols", kind, server_default=sa.text("'[]'"), nullable=False))
    analyses = sa.table(
        "analyses", sa.column("id", sa.Integer), sa.column("spec", sa.JSON), sa.column("symbols", kind)
    )
    connection = op.get_bind()
    change = analyses.update().where(analyses.c.id == sa.bindparam("key")).values(symbols=sa.bindparam("found"))
    last = 0
    while True:
        some = sa.select(analyses.c.id, analyses.c.spec).where(analyses.c.id > last).order_by(analyses.c.id)
        rows = connection.execute(some.limit(_PART)).all()
        if not rows:
            return
        found = [{"key": id_, "found": [each["symbol"] for each in spec["instruments"]]} for id_, spec in rows]
        connection.execute(change, found)
        last = rows[-1].id


def downgrade() -> None:
    """Take the change back."""
    _order_by(["id"])
    op.drop_index("ix_audit_events_subject", table_name="audit_events")
    with op.batch_alter_table("analysis_tags") as batch:
        batch.drop_index("ix_analysis_tags_owner")
        batch.drop_constraint("fk_analysis_tags_owner_id_users", type_="foreignkey")
        batch.drop_column("owner_id")
        batch.create_index("ix_analysis_tags_name", ["name"], unique=False)
    op.drop_column("analyses", "symbols")

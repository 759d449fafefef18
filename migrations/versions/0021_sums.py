"""Sums: what a person's answers take in the store, and members of studies counted by their state without a row read."""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply the change."""
    op.create_table(
        "storage_use",
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("n_bytes", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_storage_use_user_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_storage_use")),
    )
    op.execute(
        "INSERT INTO storage_use (user_id, n_bytes) SELECT owner_id, sum(n_bytes) FROM"
        " (SELECT owner_id, max(n_bytes) AS n_bytes FROM artifacts JOIN analyses ON analyses.id = analysis_id"
        " GROUP BY owner_id, key) AS outputs GROUP BY owner_id"
    )
    of_members = sa.text("study_id IS NOT NULL")
    op.create_index(
        "ix_analyses_members",
        "analyses",
        ["study_id", "status", "study_number"],
        unique=False,
        sqlite_where=of_members,
        postgresql_where=of_members,
    )


def downgrade() -> None:
    """Take the change back."""
    op.drop_index("ix_analyses_members", table_name="analyses")
    op.drop_table("storage_use")

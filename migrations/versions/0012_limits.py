"""What each person may take, what they took, and an index for whose turn it is."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def _limits() -> list[sa.Column]:
    return [
        sa.Column("n_running", sa.Integer(), nullable=True),
        sa.Column("n_queued", sa.Integer(), nullable=True),
        sa.Column("cpu_minutes", sa.Integer(), nullable=True),
        sa.Column("storage_bytes", sa.BigInteger(), nullable=True),
    ]


def upgrade() -> None:
    op.create_table(
        "house_limits",
        sa.Column("id", sa.Integer(), nullable=False),
        *_limits(),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_house_limits")),
    )
    op.create_table(
        "user_limits",
        sa.Column("user_id", sa.Integer(), nullable=False),
        *_limits(),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_user_limits_user_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_user_limits")),
    )
    op.create_table(
        "cpu_use",
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("used_on", sa.Date(), nullable=False),
        sa.Column("seconds", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_cpu_use_user_id_users"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("user_id", "used_on", name=op.f("pk_cpu_use")),
    )
    # Not as a batch: that would make the table anew, and take the rows that refer to it along.
    op.add_column("analyses", sa.Column("first_started_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("analyses", sa.Column("progress_before", sa.Double(), nullable=False, server_default=sa.text("0")))
    op.add_column("analyses", sa.Column("cpu_seconds", sa.Double(), nullable=False, server_default=sa.text("0")))
    op.add_column("analyses", sa.Column("cpu_mark", sa.Double(), nullable=True))
    op.execute("UPDATE analyses SET first_started_at = started_at")
    op.drop_index("ix_analyses_queue", table_name="analyses")
    columns = ["status", "owner_id", "priority", "submitted_at", "id", "not_before"]
    op.create_index("ix_analyses_queue", "analyses", columns, unique=False)
    op.create_index("ix_analyses_newest", "analyses", ["submitted_at", "id"], unique=False)


def downgrade() -> None:
    op.drop_index("ix_analyses_newest", table_name="analyses")
    op.drop_index("ix_analyses_queue", table_name="analyses")
    op.create_index("ix_analyses_queue", "analyses", ["status", "priority", "submitted_at"], unique=False)
    for column in ("cpu_mark", "cpu_seconds", "progress_before", "first_started_at"):
        op.drop_column("analyses", column)
    op.drop_table("cpu_use")
    op.drop_table("user_limits")
    op.drop_table("house_limits")

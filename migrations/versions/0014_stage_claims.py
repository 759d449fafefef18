"""Claims on stages, so that a shared one is computed once."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "stage_claims",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("analysis_id", sa.Integer(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("worker", sa.String(length=120), nullable=True),
        sa.Column("worker_pid", sa.Integer(), nullable=True),
        sa.Column("lease_expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["analysis_id"],
            ["analyses.id"],
            name=op.f("fk_stage_claims_analysis_id_analyses"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stage_claims")),
        sa.UniqueConstraint("key", name=op.f("uq_stage_claims_key")),
    )
    op.create_index(op.f("ix_stage_claims_analysis_id"), "stage_claims", ["analysis_id"], unique=False)


def downgrade() -> None:
    op.drop_index(op.f("ix_stage_claims_analysis_id"), table_name="stage_claims")
    op.drop_table("stage_claims")

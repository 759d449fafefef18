"""Bundles: a third kind of document, and analyses that were computed elsewhere."""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply the change."""
    with op.batch_alter_table("documents") as batch:
        batch.drop_constraint(op.f("ck_documents_kind"), type_="check")
        batch.create_check_constraint(op.f("ck_documents_kind"), "kind IN ('html', 'pdf', 'bundle')")
    op.add_column("analyses", sa.Column("imported_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("analyses", sa.Column("origin", sa.JSON(), nullable=True))


def downgrade() -> None:
    """Take the change back."""
    op.drop_column("analyses", "origin")
    op.drop_column("analyses", "imported_at")
    op.execute("DELETE FROM documents WHERE kind = 'bundle'")
    with op.batch_alter_table("documents") as batch:
        batch.drop_constraint(op.f("ck_documents_kind"), type_="check")
        batch.create_check_constraint(op.f("ck_documents_kind"), "kind IN ('html', 'pdf')")

"""Why a trade ended; unknown of those that are there."""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply the change."""
    op.add_column("trades", sa.Column("exit_reason", sa.String(length=16), nullable=True))


def downgrade() -> None:
    """Take the change back."""
    op.drop_column("trades", "exit_reason")

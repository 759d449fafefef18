"""What trials earned week by week, so that the ledger can tell which are alike; unknown of those that are there."""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply the change."""
    op.add_column("trials", sa.Column("weeks", sa.LargeBinary(), nullable=True))


def downgrade() -> None:
    """Take the change back."""
    op.drop_column("trials", "weeks")

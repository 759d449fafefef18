"""Passwords that an administrator was shown."""

from alembic import op
import sqlalchemy as sa

revision = '0013'
down_revision = '0012'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply the change."""
    # Not in a batch, which would copy the table and lose its check and its numbers that are never given twice.
    op.add_column(
        'users', sa.Column('must_choose_password', sa.Boolean(), nullable=False, server_default=sa.false())
    )


def downgrade() -> None:
    """Take the change back."""
    op.drop_column('users', 'must_choose_password')

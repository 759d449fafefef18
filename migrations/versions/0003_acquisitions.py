"""Acquisitions, and what sources of prices were last like."""

from alembic import op
import sqlalchemy as sa

revision = '0003'
down_revision = '0002'
branch_labels = None
depends_on = None

FETCHING = sa.text("status = 'running' AND kind = 'fetch'")


def upgrade() -> None:
    """Apply the change."""
    op.create_table('price_sources',
    sa.Column('name', sa.String(length=32), nullable=False),
    sa.Column('n_failures', sa.Integer(), nullable=False),
    sa.Column('not_before', sa.DateTime(timezone=True), nullable=True),
    sa.Column('failed_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('succeeded_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('error_code', sa.String(length=64), nullable=True),
    sa.Column('error_message', sa.Text(), nullable=True),
    sa.PrimaryKeyConstraint('name', name=op.f('pk_price_sources'))
    )
    op.create_table('acquisitions',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('public_id', sa.String(length=32), nullable=False),
    sa.Column('owner_id', sa.Integer(), nullable=False),
    sa.Column('kind', sa.String(length=16), nullable=False),
    sa.Column('source', sa.String(length=32), nullable=False),
    sa.Column('symbol', sa.String(length=32), nullable=False),
    sa.Column('interval', sa.String(length=8), nullable=False),
    sa.Column('extent', sa.String(length=16), nullable=False),
    sa.Column('request', sa.JSON(), nullable=False),
    sa.Column('status', sa.String(length=16), nullable=False),
    sa.Column('attempt', sa.Integer(), nullable=False),
    sa.Column('n_transient', sa.Integer(), nullable=False),
    sa.Column('not_before', sa.DateTime(timezone=True), nullable=True),
    sa.Column('worker', sa.String(length=120), nullable=True),
    sa.Column('worker_pid', sa.Integer(), nullable=True),
    sa.Column('lease_expires_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('cancel_requested_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('submitted_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('started_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('finished_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('progress', sa.Double(), nullable=False),
    sa.Column('error_code', sa.String(length=64), nullable=True),
    sa.Column('error_message', sa.Text(), nullable=True),
    sa.Column('series_id', sa.Integer(), nullable=True),
    sa.Column('revision', sa.Integer(), nullable=True),
    sa.Column('n_bars', sa.Integer(), nullable=True),
    sa.Column('n_added', sa.Integer(), nullable=True),
    sa.Column('n_restated', sa.Integer(), nullable=True),
    sa.Column('n_withdrawn', sa.Integer(), nullable=True),
    sa.Column('message', sa.Text(), nullable=True),
    sa.CheckConstraint("extent IN ('newest', 'all')", name=op.f('ck_acquisitions_extent')),
    sa.CheckConstraint("kind IN ('fetch', 'import')", name=op.f('ck_acquisitions_kind')),
    sa.CheckConstraint("status IN ('queued', 'running', 'succeeded', 'failed', 'cancelled')", name=op.f('ck_acquisitions_status')),
    sa.ForeignKeyConstraint(['owner_id'], ['users.id'], name=op.f('fk_acquisitions_owner_id_users')),
    sa.ForeignKeyConstraint(['series_id'], ['price_series.id'], name=op.f('fk_acquisitions_series_id_price_series')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_acquisitions')),
    sa.UniqueConstraint('public_id', name=op.f('uq_acquisitions_public_id'))
    )
    with op.batch_alter_table('acquisitions', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_acquisitions_lease_expires_at'), ['lease_expires_at'], unique=False)
        batch_op.create_index(batch_op.f('ix_acquisitions_series_id'), ['series_id'], unique=False)
        batch_op.create_index('ix_acquisitions_owner', ['owner_id', 'submitted_at'], unique=False)
        batch_op.create_index('ix_acquisitions_queue', ['status', 'submitted_at'], unique=False)
        batch_op.create_index('uq_acquisitions_fetching', ['source'], unique=True, sqlite_where=FETCHING, postgresql_where=FETCHING)


def downgrade() -> None:
    """Take the change back."""
    op.drop_table('acquisitions')
    op.drop_table('price_sources')

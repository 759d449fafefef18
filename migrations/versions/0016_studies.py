"""Studies."""

from alembic import op
import sqlalchemy as sa

revision = '0016'
down_revision = '0015'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply the change."""
    op.create_table('studies',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('public_id', sa.String(length=32), nullable=False),
    sa.Column('owner_id', sa.Integer(), nullable=False),
    sa.Column('title', sa.String(length=120), nullable=False),
    sa.Column('spec', sa.JSON(), nullable=False),
    sa.Column('axes', sa.JSON(), nullable=False),
    sa.Column('n_members', sa.Integer(), nullable=False),
    sa.Column('n_folded', sa.Integer(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('paused_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('cancelled_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('hidden_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['owner_id'], ['users.id'], name=op.f('fk_studies_owner_id_users')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_studies')),
    sa.UniqueConstraint('public_id', name=op.f('uq_studies_public_id'))
    )
    op.create_index('ix_studies_owner', 'studies', ['owner_id', 'created_at'], unique=False)

    # Not in a batch, which would copy the table and lose its check and its numbers that are never given twice; and in
    # words that both databases know, because Alembic adds no column with a reference to a table of SQLite.
    op.execute(
        'ALTER TABLE analyses ADD COLUMN study_id INTEGER'
        ' CONSTRAINT fk_analyses_study_id_studies REFERENCES studies (id)'
    )
    op.add_column('analyses', sa.Column('study_number', sa.Integer(), nullable=True))
    op.create_index('ix_analyses_study', 'analyses', ['study_id', 'study_number'], unique=True)
    op.drop_index('ix_analyses_queue', table_name='analyses')
    columns = ['status', 'owner_id', 'priority', 'submitted_at', 'id', 'not_before', 'study_id']
    op.create_index('ix_analyses_queue', 'analyses', columns, unique=False)
    op.add_column('backtests', sa.Column('luck', sa.JSON(), nullable=True))


def downgrade() -> None:
    """Take the change back."""
    op.drop_column('backtests', 'luck')
    op.drop_index('ix_analyses_queue', table_name='analyses')
    columns = ['status', 'owner_id', 'priority', 'submitted_at', 'id', 'not_before']
    op.create_index('ix_analyses_queue', 'analyses', columns, unique=False)
    op.drop_index('ix_analyses_study', table_name='analyses')
    op.drop_column('analyses', 'study_number')
    op.drop_column('analyses', 'study_id')
    op.drop_index('ix_studies_owner', table_name='studies')
    op.drop_table('studies')

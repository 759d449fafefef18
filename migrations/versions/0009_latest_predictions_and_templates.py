"""Latest predictions of final models, and templates that people keep."""

from alembic import op
import sqlalchemy as sa

revision = '0009'
down_revision = '0008'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply the change."""
    with op.batch_alter_table('models', schema=None) as batch_op:
        batch_op.alter_column('fold', existing_type=sa.Integer(), nullable=True)

    op.create_table('predictions',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('model_id', sa.Integer(), nullable=False),
    sa.Column('series_id', sa.Integer(), nullable=False),
    sa.Column('timestamp', sa.DateTime(timezone=True), nullable=False),
    sa.Column('task', sa.String(length=16), nullable=False),
    sa.Column('probability', sa.Double(), nullable=True),
    sa.Column('probability_down', sa.Double(), nullable=True),
    sa.Column('predicted_return', sa.Double(), nullable=True),
    sa.Column('lower', sa.Double(), nullable=True),
    sa.Column('upper', sa.Double(), nullable=True),
    sa.Column('level', sa.Double(), nullable=False),
    sa.Column('signal', sa.String(length=8), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['model_id'], ['models.id'], name=op.f('fk_predictions_model_id_models'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['series_id'], ['price_series.id'], name=op.f('fk_predictions_series_id_price_series')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_predictions')),
    sa.UniqueConstraint('model_id', 'series_id', 'timestamp', name=op.f('uq_predictions_model_id_series_id_timestamp'))
    )
    with op.batch_alter_table('predictions', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_predictions_series_id'), ['series_id'], unique=False)

    op.create_table('templates',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('public_id', sa.String(length=32), nullable=False),
    sa.Column('owner_id', sa.Integer(), nullable=False),
    sa.Column('name', sa.String(length=80), nullable=False),
    sa.Column('name_key', sa.String(length=160), nullable=False),
    sa.Column('description', sa.String(length=200), nullable=False),
    sa.Column('spec', sa.JSON(), nullable=False),
    sa.Column('is_shared', sa.Boolean(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('updated_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['owner_id'], ['users.id'], name=op.f('fk_templates_owner_id_users'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_templates')),
    sa.UniqueConstraint('owner_id', 'name_key', name=op.f('uq_templates_owner_id_name_key')),
    sa.UniqueConstraint('public_id', name=op.f('uq_templates_public_id'))
    )


def downgrade() -> None:
    """Take the change back; final models go with their predictions, for they have no place without."""
    op.drop_table('templates')
    with op.batch_alter_table('predictions', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_predictions_series_id'))

    op.drop_table('predictions')
    op.execute(sa.text('DELETE FROM models WHERE fold IS NULL'))
    with op.batch_alter_table('models', schema=None) as batch_op:
        batch_op.alter_column('fold', existing_type=sa.Integer(), nullable=False)

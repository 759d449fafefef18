"""Tags and the archive."""

from alembic import op
import sqlalchemy as sa

revision = '0007'
down_revision = '0006'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply the change."""
    op.create_table('analysis_tags',
    sa.Column('analysis_id', sa.Integer(), nullable=False),
    sa.Column('name', sa.String(length=32), nullable=False),
    sa.ForeignKeyConstraint(['analysis_id'], ['analyses.id'], name=op.f('fk_analysis_tags_analysis_id_analyses'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('analysis_id', 'name', name=op.f('pk_analysis_tags'))
    )
    op.create_index('ix_analysis_tags_name', 'analysis_tags', ['name'], unique=False)

    # Not as a batch: that would make the table anew, and take the rows that refer to it along.
    op.add_column('analyses', sa.Column('keywords', sa.Text(), nullable=True))
    op.add_column('analyses', sa.Column('archived_at', sa.DateTime(timezone=True), nullable=True))
    analyses = sa.table('analyses', sa.column('id', sa.Integer), sa.column('spec', sa.JSON), sa.column('keywords', sa.Text))
    connection = op.get_bind()
    for id_, spec in connection.execute(sa.select(analyses.c.id, analyses.c.spec)).all():
        words = [each['symbol'] for each in spec['instruments']] + [each['name'] for each in spec['models']]
        connection.execute(analyses.update().where(analyses.c.id == id_).values(keywords=' '.join(words).lower()))


def downgrade() -> None:
    """Take the change back."""
    op.drop_column('analyses', 'archived_at')
    op.drop_column('analyses', 'keywords')
    op.drop_index('ix_analysis_tags_name', table_name='analysis_tags')
    op.drop_table('analysis_tags')

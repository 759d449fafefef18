"""The first tables."""

from alembic import op
import sqlalchemy as sa

revision = '0001'
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply the change."""
    op.create_table('audit_events',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('user_id', sa.Integer(), nullable=True),
    sa.Column('action', sa.String(length=64), nullable=False),
    sa.Column('subject', sa.String(length=120), nullable=False),
    sa.Column('address', sa.String(length=64), nullable=False),
    sa.Column('details', sa.JSON(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_audit_events'))
    )
    with op.batch_alter_table('audit_events', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_audit_events_action'), ['action'], unique=False)
        batch_op.create_index(batch_op.f('ix_audit_events_at'), ['at'], unique=False)
        batch_op.create_index(batch_op.f('ix_audit_events_user_id'), ['user_id'], unique=False)

    op.create_table('securities',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('public_id', sa.String(length=32), nullable=False),
    sa.Column('symbol', sa.String(length=32), nullable=False),
    sa.Column('name', sa.String(length=120), nullable=False),
    sa.Column('asset_class', sa.String(length=32), nullable=False),
    sa.Column('currency', sa.String(length=8), nullable=False),
    sa.Column('exchange', sa.String(length=32), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_securities')),
    sa.UniqueConstraint('public_id', name=op.f('uq_securities_public_id')),
    sa.UniqueConstraint('symbol', 'exchange', name=op.f('uq_securities_symbol_exchange'))
    )
    op.create_table('snapshots',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('content_hash', sa.String(length=64), nullable=False),
    sa.Column('vintages', sa.String(length=64), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_snapshots')),
    sa.UniqueConstraint('vintages', name=op.f('uq_snapshots_vintages'))
    )
    with op.batch_alter_table('snapshots', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_snapshots_content_hash'), ['content_hash'], unique=False)

    op.create_table('trials',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('owner_id', sa.Integer(), nullable=True),
    sa.Column('analysis_id', sa.Integer(), nullable=False),
    sa.Column('kind', sa.String(length=16), nullable=False),
    sa.Column('number', sa.Integer(), nullable=False),
    sa.Column('interval', sa.String(length=8), nullable=False),
    sa.Column('first_session', sa.Date(), nullable=False),
    sa.Column('last_session', sa.Date(), nullable=False),
    sa.Column('model', sa.String(length=32), nullable=False),
    sa.Column('parameters', sa.JSON(), nullable=False),
    sa.Column('score_name', sa.String(length=16), nullable=False),
    sa.Column('score', sa.Double(), nullable=True),
    sa.Column('sharpe_ratio', sa.Double(), nullable=True),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('previous_hash', sa.String(length=64), nullable=False),
    sa.Column('hash', sa.String(length=64), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_trials')),
    sa.UniqueConstraint('analysis_id', 'kind', 'number', name=op.f('uq_trials_analysis_id_kind_number')),
    sa.UniqueConstraint('hash', name=op.f('uq_trials_hash')),
    sa.UniqueConstraint('previous_hash', name=op.f('uq_trials_previous_hash')),
    sqlite_autoincrement=True
    )
    with op.batch_alter_table('trials', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_trials_owner_id'), ['owner_id'], unique=False)

    op.create_table('users',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('public_id', sa.String(length=32), nullable=False),
    sa.Column('email', sa.String(length=254), nullable=False),
    sa.Column('name', sa.String(length=120), nullable=False),
    sa.Column('role', sa.String(length=16), nullable=False),
    sa.Column('password_hash', sa.String(length=200), nullable=False),
    sa.Column('session_token', sa.String(length=64), nullable=False),
    sa.Column('is_active', sa.Boolean(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('last_sign_in_at', sa.DateTime(timezone=True), nullable=True),
    sa.CheckConstraint("role IN ('viewer', 'researcher', 'admin')", name=op.f('ck_users_role')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_users')),
    sa.UniqueConstraint('email', name=op.f('uq_users_email')),
    sa.UniqueConstraint('public_id', name=op.f('uq_users_public_id')),
    sqlite_autoincrement=True
    )
    op.create_table('analyses',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('public_id', sa.String(length=32), nullable=False),
    sa.Column('owner_id', sa.Integer(), nullable=False),
    sa.Column('parent_id', sa.Integer(), nullable=True),
    sa.Column('title', sa.String(length=120), nullable=False),
    sa.Column('spec', sa.JSON(), nullable=False),
    sa.Column('spec_version', sa.Integer(), nullable=False),
    sa.Column('spec_hash', sa.String(length=64), nullable=False),
    sa.Column('snapshot_id', sa.Integer(), nullable=True),
    sa.Column('pins', sa.JSON(), nullable=False),
    sa.Column('status', sa.String(length=16), nullable=False),
    sa.Column('priority', sa.Integer(), nullable=False),
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
    sa.Column('stage', sa.String(length=32), nullable=True),
    sa.Column('stage_fraction', sa.Double(), nullable=False),
    sa.Column('progress', sa.Double(), nullable=False),
    sa.Column('stage_seconds', sa.JSON(), nullable=False),
    sa.Column('error_code', sa.String(length=64), nullable=True),
    sa.Column('error_message', sa.Text(), nullable=True),
    sa.Column('result_key', sa.String(length=64), nullable=True),
    sa.Column('result_hash', sa.String(length=64), nullable=True),
    sa.Column('verdict', sa.Text(), nullable=True),
    sa.Column('is_credible', sa.Boolean(), nullable=True),
    sa.Column('versions', sa.JSON(), nullable=False),
    sa.CheckConstraint("status IN ('queued', 'running', 'succeeded', 'failed', 'cancelled')", name=op.f('ck_analyses_status')),
    sa.ForeignKeyConstraint(['owner_id'], ['users.id'], name=op.f('fk_analyses_owner_id_users')),
    sa.ForeignKeyConstraint(['parent_id'], ['analyses.id'], name=op.f('fk_analyses_parent_id_analyses')),
    sa.ForeignKeyConstraint(['snapshot_id'], ['snapshots.id'], name=op.f('fk_analyses_snapshot_id_snapshots')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_analyses')),
    sa.UniqueConstraint('public_id', name=op.f('uq_analyses_public_id')),
    sqlite_autoincrement=True
    )
    with op.batch_alter_table('analyses', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_analyses_lease_expires_at'), ['lease_expires_at'], unique=False)
        batch_op.create_index('ix_analyses_owner', ['owner_id', 'submitted_at'], unique=False)
        batch_op.create_index(batch_op.f('ix_analyses_parent_id'), ['parent_id'], unique=False)
        batch_op.create_index('ix_analyses_queue', ['status', 'priority', 'submitted_at'], unique=False)
        batch_op.create_index(batch_op.f('ix_analyses_snapshot_id'), ['snapshot_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_analyses_spec_hash'), ['spec_hash'], unique=False)

    op.create_table('api_tokens',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('public_id', sa.String(length=32), nullable=False),
    sa.Column('user_id', sa.Integer(), nullable=False),
    sa.Column('name', sa.String(length=120), nullable=False),
    sa.Column('token_hash', sa.String(length=64), nullable=False),
    sa.Column('scopes', sa.JSON(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('expires_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('last_used_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('revoked_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['user_id'], ['users.id'], name=op.f('fk_api_tokens_user_id_users'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_api_tokens')),
    sa.UniqueConstraint('public_id', name=op.f('uq_api_tokens_public_id')),
    sa.UniqueConstraint('token_hash', name=op.f('uq_api_tokens_token_hash'))
    )
    with op.batch_alter_table('api_tokens', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_api_tokens_user_id'), ['user_id'], unique=False)

    op.create_table('price_series',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('public_id', sa.String(length=32), nullable=False),
    sa.Column('security_id', sa.Integer(), nullable=False),
    sa.Column('source', sa.String(length=32), nullable=False),
    sa.Column('interval', sa.String(length=8), nullable=False),
    sa.Column('owner_id', sa.Integer(), nullable=True),
    sa.Column('basis', sa.String(length=16), nullable=False),
    sa.Column('actions_implied', sa.Boolean(), nullable=False),
    sa.Column('revision', sa.Integer(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.CheckConstraint("basis IN ('raw', 'split_adjusted')", name=op.f('ck_price_series_basis')),
    sa.ForeignKeyConstraint(['owner_id'], ['users.id'], name=op.f('fk_price_series_owner_id_users')),
    sa.ForeignKeyConstraint(['security_id'], ['securities.id'], name=op.f('fk_price_series_security_id_securities')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_price_series')),
    sa.UniqueConstraint('public_id', name=op.f('uq_price_series_public_id')),
    sa.UniqueConstraint('security_id', 'source', 'interval', 'owner_id', name=op.f('uq_price_series_security_id_source_interval_owner_id'))
    )
    with op.batch_alter_table('price_series', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_price_series_owner_id'), ['owner_id'], unique=False)
        batch_op.create_index('uq_price_series_shared', ['security_id', 'source', 'interval'], unique=True, sqlite_where=sa.text('owner_id IS NULL'), postgresql_where=sa.text('owner_id IS NULL'))

    op.create_table('analysis_log',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('analysis_id', sa.Integer(), nullable=False),
    sa.Column('attempt', sa.Integer(), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('level', sa.String(length=8), nullable=False),
    sa.Column('stage', sa.String(length=32), nullable=True),
    sa.Column('message', sa.Text(), nullable=False),
    sa.ForeignKeyConstraint(['analysis_id'], ['analyses.id'], name=op.f('fk_analysis_log_analysis_id_analyses'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_analysis_log'))
    )
    with op.batch_alter_table('analysis_log', schema=None) as batch_op:
        batch_op.create_index('ix_analysis_log_analysis', ['analysis_id', 'id'], unique=False)

    op.create_table('artifacts',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('analysis_id', sa.Integer(), nullable=False),
    sa.Column('name', sa.String(length=64), nullable=False),
    sa.Column('key', sa.String(length=64), nullable=False),
    sa.Column('n_bytes', sa.BigInteger(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['analysis_id'], ['analyses.id'], name=op.f('fk_artifacts_analysis_id_analyses'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_artifacts')),
    sa.UniqueConstraint('analysis_id', 'name', name=op.f('uq_artifacts_analysis_id_name'))
    )
    with op.batch_alter_table('artifacts', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_artifacts_key'), ['key'], unique=False)

    op.create_table('backtests',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('analysis_id', sa.Integer(), nullable=False),
    sa.Column('name', sa.String(length=32), nullable=False),
    sa.Column('initial_cash', sa.Double(), nullable=False),
    sa.Column('final_equity', sa.Double(), nullable=False),
    sa.Column('start_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('end_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('n_trades', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['analysis_id'], ['analyses.id'], name=op.f('fk_backtests_analysis_id_analyses'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_backtests')),
    sa.UniqueConstraint('analysis_id', 'name', name=op.f('uq_backtests_analysis_id_name'))
    )
    op.create_table('features',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('analysis_id', sa.Integer(), nullable=False),
    sa.Column('name', sa.String(length=32), nullable=False),
    sa.Column('column_name', sa.String(length=64), nullable=False),
    sa.Column('parameters', sa.JSON(), nullable=False),
    sa.Column('category', sa.String(length=32), nullable=False),
    sa.Column('interval', sa.String(length=8), nullable=False),
    sa.Column('importance', sa.Double(), nullable=True),
    sa.Column('artifact_key', sa.String(length=64), nullable=False),
    sa.Column('calculated_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['analysis_id'], ['analyses.id'], name=op.f('fk_features_analysis_id_analyses'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_features')),
    sa.UniqueConstraint('analysis_id', 'column_name', name=op.f('uq_features_analysis_id_column_name'))
    )
    op.create_table('models',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('analysis_id', sa.Integer(), nullable=False),
    sa.Column('fold', sa.Integer(), nullable=False),
    sa.Column('name', sa.String(length=32), nullable=False),
    sa.Column('parameters', sa.JSON(), nullable=False),
    sa.Column('seed', sa.Integer(), nullable=False),
    sa.Column('train_start', sa.DateTime(timezone=True), nullable=False),
    sa.Column('train_end', sa.DateTime(timezone=True), nullable=False),
    sa.Column('test_start', sa.DateTime(timezone=True), nullable=False),
    sa.Column('test_end', sa.DateTime(timezone=True), nullable=False),
    sa.Column('n_train', sa.Integer(), nullable=False),
    sa.Column('n_test', sa.Integer(), nullable=False),
    sa.Column('scores', sa.JSON(), nullable=False),
    sa.ForeignKeyConstraint(['analysis_id'], ['analyses.id'], name=op.f('fk_models_analysis_id_analyses'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_models')),
    sa.UniqueConstraint('analysis_id', 'fold', name=op.f('uq_models_analysis_id_fold'))
    )
    op.create_table('price_revisions',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('series_id', sa.Integer(), nullable=False),
    sa.Column('number', sa.Integer(), nullable=False),
    sa.Column('content_hash', sa.String(length=64), nullable=False),
    sa.Column('n_bars', sa.Integer(), nullable=False),
    sa.Column('first_session', sa.Date(), nullable=False),
    sa.Column('last_session', sa.Date(), nullable=False),
    sa.Column('quality', sa.JSON(), nullable=False),
    sa.Column('reason', sa.String(length=200), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['series_id'], ['price_series.id'], name=op.f('fk_price_revisions_series_id_price_series')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_price_revisions')),
    sa.UniqueConstraint('series_id', 'number', name=op.f('uq_price_revisions_series_id_number'))
    )
    op.create_table('trial_series',
    sa.Column('trial_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('series_id', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['series_id'], ['price_series.id'], name=op.f('fk_trial_series_series_id_price_series')),
    sa.ForeignKeyConstraint(['trial_id'], ['trials.id'], name=op.f('fk_trial_series_trial_id_trials')),
    sa.PrimaryKeyConstraint('trial_id', 'series_id', name=op.f('pk_trial_series'))
    )
    with op.batch_alter_table('trial_series', schema=None) as batch_op:
        batch_op.create_index('ix_trial_series_series', ['series_id'], unique=False)

    op.create_table('performance_metrics',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('backtest_id', sa.Integer(), nullable=False),
    sa.Column('name', sa.String(length=48), nullable=False),
    sa.Column('segment', sa.String(length=32), nullable=False),
    sa.Column('period', sa.String(length=16), nullable=False),
    sa.Column('value', sa.Double(), nullable=True),
    sa.Column('benchmark_value', sa.Double(), nullable=True),
    sa.ForeignKeyConstraint(['backtest_id'], ['backtests.id'], name=op.f('fk_performance_metrics_backtest_id_backtests'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_performance_metrics')),
    sa.UniqueConstraint('backtest_id', 'name', 'segment', 'period', name=op.f('uq_performance_metrics_backtest_id_name_segment_period'))
    )
    op.create_table('price_data',
    sa.Column('series_id', sa.Integer(), nullable=False),
    sa.Column('timestamp', sa.DateTime(timezone=True), nullable=False),
    sa.Column('revision', sa.Integer(), nullable=False),
    sa.Column('session', sa.Date(), nullable=False),
    sa.Column('open', sa.Double(), nullable=True),
    sa.Column('high', sa.Double(), nullable=True),
    sa.Column('low', sa.Double(), nullable=True),
    sa.Column('close', sa.Double(), nullable=True),
    sa.Column('volume', sa.Double(), nullable=True),
    sa.Column('adjusted_close', sa.Double(), nullable=True),
    sa.Column('split_factor', sa.Double(), nullable=False),
    sa.Column('dividend', sa.Double(), nullable=False),
    sa.Column('is_withdrawn', sa.Boolean(), nullable=False),
    sa.ForeignKeyConstraint(['series_id', 'revision'], ['price_revisions.series_id', 'price_revisions.number'], name=op.f('fk_price_data_series_id_revision_price_revisions')),
    sa.PrimaryKeyConstraint('series_id', 'timestamp', 'revision', name=op.f('pk_price_data')),
    sqlite_with_rowid=False
    )
    op.create_table('snapshot_items',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('snapshot_id', sa.Integer(), nullable=False),
    sa.Column('position', sa.Integer(), nullable=False),
    sa.Column('series_id', sa.Integer(), nullable=False),
    sa.Column('revision', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['series_id', 'revision'], ['price_revisions.series_id', 'price_revisions.number'], name=op.f('fk_snapshot_items_series_id_revision_price_revisions')),
    sa.ForeignKeyConstraint(['snapshot_id'], ['snapshots.id'], name=op.f('fk_snapshot_items_snapshot_id_snapshots'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_snapshot_items')),
    sa.UniqueConstraint('snapshot_id', 'position', name=op.f('uq_snapshot_items_snapshot_id_position'))
    )
    with op.batch_alter_table('snapshot_items', schema=None) as batch_op:
        batch_op.create_index('ix_snapshot_items_vintage', ['series_id', 'revision'], unique=False)

    op.create_table('trades',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('backtest_id', sa.Integer(), nullable=False),
    sa.Column('number', sa.Integer(), nullable=False),
    sa.Column('security_id', sa.Integer(), nullable=False),
    sa.Column('direction', sa.String(length=8), nullable=False),
    sa.Column('entry_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('exit_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('shares', sa.Double(), nullable=False),
    sa.Column('entry_price', sa.Double(), nullable=False),
    sa.Column('exit_price', sa.Double(), nullable=True),
    sa.Column('profit', sa.Double(), nullable=False),
    sa.Column('return_fraction', sa.Double(), nullable=False),
    sa.Column('costs', sa.Double(), nullable=False),
    sa.Column('n_bars', sa.Integer(), nullable=False),
    sa.Column('best_excursion', sa.Double(), nullable=False),
    sa.Column('worst_excursion', sa.Double(), nullable=False),
    sa.ForeignKeyConstraint(['backtest_id'], ['backtests.id'], name=op.f('fk_trades_backtest_id_backtests'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['security_id'], ['securities.id'], name=op.f('fk_trades_security_id_securities')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_trades')),
    sa.UniqueConstraint('backtest_id', 'number', name=op.f('uq_trades_backtest_id_number'))
    )
    with op.batch_alter_table('trades', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_trades_security_id'), ['security_id'], unique=False)



def downgrade() -> None:
    """Take the change back."""
    with op.batch_alter_table('trades', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_trades_security_id'))

    op.drop_table('trades')
    with op.batch_alter_table('snapshot_items', schema=None) as batch_op:
        batch_op.drop_index('ix_snapshot_items_vintage')

    op.drop_table('snapshot_items')
    op.drop_table('price_data')
    op.drop_table('performance_metrics')
    with op.batch_alter_table('trial_series', schema=None) as batch_op:
        batch_op.drop_index('ix_trial_series_series')

    op.drop_table('trial_series')
    op.drop_table('price_revisions')
    op.drop_table('models')
    op.drop_table('features')
    op.drop_table('backtests')
    with op.batch_alter_table('artifacts', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_artifacts_key'))

    op.drop_table('artifacts')
    with op.batch_alter_table('analysis_log', schema=None) as batch_op:
        batch_op.drop_index('ix_analysis_log_analysis')

    op.drop_table('analysis_log')
    with op.batch_alter_table('price_series', schema=None) as batch_op:
        batch_op.drop_index('uq_price_series_shared', sqlite_where=sa.text('owner_id IS NULL'), postgresql_where=sa.text('owner_id IS NULL'))
        batch_op.drop_index(batch_op.f('ix_price_series_owner_id'))

    op.drop_table('price_series')
    with op.batch_alter_table('api_tokens', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_api_tokens_user_id'))

    op.drop_table('api_tokens')
    with op.batch_alter_table('analyses', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_analyses_spec_hash'))
        batch_op.drop_index(batch_op.f('ix_analyses_snapshot_id'))
        batch_op.drop_index('ix_analyses_queue')
        batch_op.drop_index(batch_op.f('ix_analyses_parent_id'))
        batch_op.drop_index('ix_analyses_owner')
        batch_op.drop_index(batch_op.f('ix_analyses_lease_expires_at'))

    op.drop_table('analyses')
    op.drop_table('users')
    with op.batch_alter_table('trials', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_trials_owner_id'))

    op.drop_table('trials')
    with op.batch_alter_table('snapshots', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_snapshots_content_hash'))

    op.drop_table('snapshots')
    op.drop_table('securities')
    with op.batch_alter_table('audit_events', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_audit_events_user_id'))
        batch_op.drop_index(batch_op.f('ix_audit_events_at'))
        batch_op.drop_index(batch_op.f('ix_audit_events_action'))

    op.drop_table('audit_events')

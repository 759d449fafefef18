"""Indexes by which lists are counted and sorted without reading all rows of a person."""

from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

_BEFORE = {"ix_analyses_owner": ["owner_id", "submitted_at"], "ix_analyses_newest": ["submitted_at", "id"]}
_AFTER = {
    "ix_analyses_owner": [
        "owner_id",
        "archived_at",
        "study_id",
        "submitted_at",
        "id",
        "status",
        "is_credible",
    ],
    "ix_analyses_newest": ["submitted_at", "id", "study_id", "status"],
}
_NEW = {
    "ix_analyses_history": ["owner_id", "submitted_at", "public_id", "status"],
    "ix_analyses_title": ["owner_id", "title", "id"],
    "ix_analyses_status": ["owner_id", "status", "id"],
}


def upgrade() -> None:
    """Apply the change."""
    for name in _BEFORE:
        op.drop_index(name, table_name="analyses")
    for name, columns in {**_AFTER, **_NEW}.items():
        op.create_index(name, "analyses", columns, unique=False)


def downgrade() -> None:
    """Take the change back."""
    for name in {**_AFTER, **_NEW}:
        op.drop_index(name, table_name="analyses")
    for name, columns in _BEFORE.items():
        op.create_index(name, "analyses", columns, unique=False)

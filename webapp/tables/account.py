"""Who may use the workbench, by which ways they come in, and what was done by whom."""

import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, CheckConstraint, ForeignKey, String, false
from sqlalchemy.orm import Mapped, mapped_column

from webapp.db import Base
from webapp.tables.keys import BIG_KEY


class User(Base):
    """A person. Whoever was deleted keeps a row without name and address: the ledger and the trail name its number."""

    __tablename__ = "users"
    __table_args__ = (
        CheckConstraint("role IN ('viewer', 'researcher', 'admin')", name="role"),
        # The audit trail and the ledger outlive the user: a number must never be given to somebody else.
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = mapped_column(String(32), unique=True)
    email: Mapped[str] = mapped_column(String(254), unique=True)  # stored in lower case
    name: Mapped[str] = mapped_column(String(120))
    role: Mapped[str] = mapped_column(String(16))
    password_hash: Mapped[str] = mapped_column(String(200))
    is_active: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[datetime.datetime]
    last_sign_in_at: Mapped[datetime.datetime | None]
    deleted_at: Mapped[datetime.datetime | None]
    totp_secret: Mapped[str | None] = mapped_column(String(300))  # sealed; of a device that was added
    totp_last_step: Mapped[int | None] = mapped_column(BigInteger)  # no code of this or an earlier step works again
    two_factor_since: Mapped[datetime.datetime | None]  # a code is asked for at sign-in
    must_choose_password: Mapped[bool] = mapped_column(default=False, server_default=false())  # theirs was shown


class BrowserSession(Base):
    """A browser that somebody is signed in with; its cookie carries the secret of which only the hash is kept."""

    __tablename__ = "sessions"

    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = mapped_column(String(32), unique=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    created_at: Mapped[datetime.datetime]
    expires_at: Mapped[datetime.datetime]
    last_seen_at: Mapped[datetime.datetime]
    ended_at: Mapped[datetime.datetime | None]
    address: Mapped[str] = mapped_column(String(64))
    user_agent: Mapped[str] = mapped_column(String(200))


class RecoveryCode(Base):
    """A code that signs somebody in once who has no device; only its hash is kept."""

    __tablename__ = "recovery_codes"

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    code_hash: Mapped[str] = mapped_column(String(64))
    used_at: Mapped[datetime.datetime | None]


class Invitation(Base):
    """A link by which one person may make themselves an account, once; only the hash of its secret is kept."""

    __tablename__ = "invitations"
    __table_args__ = (CheckConstraint("role IN ('viewer', 'researcher', 'admin')", name="role"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = mapped_column(String(32), unique=True)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    email: Mapped[str] = mapped_column(String(254), index=True)
    role: Mapped[str] = mapped_column(String(16))
    invited_by_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    created_at: Mapped[datetime.datetime]
    expires_at: Mapped[datetime.datetime]
    accepted_at: Mapped[datetime.datetime | None]
    revoked_at: Mapped[datetime.datetime | None]


class ApiToken(Base):
    """A bearer token; only its hash is kept, the token is shown once."""

    __tablename__ = "api_tokens"

    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = mapped_column(String(32), unique=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    name: Mapped[str] = mapped_column(String(120))
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    scopes: Mapped[list[str]] = mapped_column(JSON)
    created_at: Mapped[datetime.datetime]
    expires_at: Mapped[datetime.datetime | None]
    last_used_at: Mapped[datetime.datetime | None]
    revoked_at: Mapped[datetime.datetime | None]


class AuditEvent(Base):
    """Something that was done. Rows are only added. `user_id` has no foreign key: the trail outlives the user."""

    __tablename__ = "audit_events"

    id: Mapped[int] = mapped_column(BIG_KEY, primary_key=True)
    at: Mapped[datetime.datetime] = mapped_column(index=True)
    user_id: Mapped[int | None] = mapped_column(index=True)
    action: Mapped[str] = mapped_column(String(64), index=True)
    subject: Mapped[str] = mapped_column(String(120), index=True)
    address: Mapped[str] = mapped_column(String(64))
    details: Mapped[dict[str, Any]] = mapped_column(JSON)

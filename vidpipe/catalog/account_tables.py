"""The tables of accounts. Changed only together with a migration.

No table holds a secret that could be used: of passwords, keys and tokens only hashes are kept.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Float,
    ForeignKey,
    Index,
    Integer,
    String,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, mapped_column

from vidpipe.catalog.tables import Audited, Base, Utc, now


class UserRow(Audited, Base):
    """Someone who may log in: known by an e-mail address, in lower case.

    `password_hash` is null for who was invited and has not chosen one, or logs in with a
    provider alone. `verified_at` is when the address was shown to be theirs.
    """

    __tablename__ = "users"

    user_id: Mapped[str] = mapped_column(String(32), primary_key=True)
    email: Mapped[str] = mapped_column(String(254), unique=True)
    password_hash: Mapped[str | None] = mapped_column(String(255))
    verified_at: Mapped[datetime | None] = mapped_column(Utc)
    disabled_at: Mapped[datetime | None] = mapped_column(Utc)
    last_login_at: Mapped[datetime | None] = mapped_column(Utc)


class IdentityRow(Base):
    """Who a user is to an OpenID Connect provider: the subject that it names."""

    __tablename__ = "identities"

    issuer: Mapped[str] = mapped_column(String(512), primary_key=True)
    subject: Mapped[str] = mapped_column(String(255), primary_key=True)
    user_id: Mapped[str] = mapped_column(ForeignKey("users.user_id", ondelete="CASCADE"))
    created_at: Mapped[datetime] = mapped_column(Utc, default=now)

    __table_args__ = (Index("ix_identities_user_id", "user_id"),)


class MembershipRow(Audited, Base):
    """A role of a user in an organisation, or in one channel of it (empty: all of them)."""

    __tablename__ = "memberships"

    user_id: Mapped[str] = mapped_column(
        ForeignKey("users.user_id", ondelete="CASCADE"), primary_key=True
    )
    organisation: Mapped[str] = mapped_column(String(64), primary_key=True)
    channel: Mapped[str] = mapped_column(String(64), primary_key=True, default="")
    role: Mapped[str] = mapped_column(String(16))

    __table_args__ = (Index("ix_memberships_organisation", "organisation"),)


class InvitationRow(Base):
    """A role that someone who has an account is offered, until they accept it or it expires.

    One for each place: a later one takes the place of the one before. The SHA-256 is of the
    code that was sent to them.
    """

    __tablename__ = "invitations"

    invitation_id: Mapped[str] = mapped_column(String(32), primary_key=True)
    user_id: Mapped[str] = mapped_column(ForeignKey("users.user_id", ondelete="CASCADE"))
    organisation: Mapped[str] = mapped_column(String(64))
    channel: Mapped[str] = mapped_column(String(64), default="")
    role: Mapped[str] = mapped_column(String(16))
    sha256: Mapped[str] = mapped_column(String(64))
    invited_by: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime] = mapped_column(Utc, default=now)
    expires_at: Mapped[datetime] = mapped_column(Utc)

    __table_args__ = (
        UniqueConstraint("sha256", name="uq_invitations_sha256"),
        UniqueConstraint("user_id", "organisation", "channel", name="uq_invitations_place"),
        Index("ix_invitations_organisation", "organisation"),
    )


class SessionRow(Base):
    """A login: the family of the refresh tokens that followed from it."""

    __tablename__ = "sessions"

    session_id: Mapped[str] = mapped_column(String(32), primary_key=True)
    user_id: Mapped[str] = mapped_column(ForeignKey("users.user_id", ondelete="CASCADE"))
    method: Mapped[str] = mapped_column(String(16))
    address: Mapped[str] = mapped_column(String(64), default="")
    created_at: Mapped[datetime] = mapped_column(Utc, default=now)
    expires_at: Mapped[datetime] = mapped_column(Utc)
    revoked_at: Mapped[datetime | None] = mapped_column(Utc)
    revoked_because: Mapped[str | None] = mapped_column(String(32))

    __table_args__ = (Index("ix_sessions_user_id", "user_id"),)


class RefreshTokenRow(Base):
    """The SHA-256 of a refresh token; one that was used is kept to notice its reuse."""

    __tablename__ = "refresh_tokens"

    sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    session_id: Mapped[str] = mapped_column(ForeignKey("sessions.session_id", ondelete="CASCADE"))
    created_at: Mapped[datetime] = mapped_column(Utc, default=now)
    used_at: Mapped[datetime | None] = mapped_column(Utc)

    __table_args__ = (Index("ix_refresh_tokens_session_id", "session_id"),)


class ApiKeyRow(Audited, Base):
    """A key of a program: its SHA-256, and the beginning that people know it by.

    It has a role in its organisation, or in some channels of it (null: all of them). With an
    owner it can do no more than the owner can at that moment.
    """

    __tablename__ = "api_keys"

    key_id: Mapped[str] = mapped_column(String(32), primary_key=True)
    prefix: Mapped[str] = mapped_column(String(16), unique=True)
    sha256: Mapped[str] = mapped_column(String(64), unique=True)
    name: Mapped[str] = mapped_column(String(100))
    organisation: Mapped[str] = mapped_column(String(64))
    channels: Mapped[list[str] | None] = mapped_column(JSON)
    role: Mapped[str] = mapped_column(String(16))
    scopes: Mapped[list[str]] = mapped_column(JSON)
    owner_id: Mapped[str | None] = mapped_column(ForeignKey("users.user_id", ondelete="CASCADE"))
    expires_at: Mapped[datetime | None] = mapped_column(Utc)
    last_used_at: Mapped[datetime | None] = mapped_column(Utc)
    revoked_at: Mapped[datetime | None] = mapped_column(Utc)

    __table_args__ = (Index("ix_api_keys_organisation", "organisation"),)


class OneTimeTokenRow(Base):
    """The SHA-256 of a token that was sent by e-mail: good once, for one purpose."""

    __tablename__ = "one_time_tokens"

    sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    user_id: Mapped[str] = mapped_column(ForeignKey("users.user_id", ondelete="CASCADE"))
    purpose: Mapped[str] = mapped_column(String(16))
    created_at: Mapped[datetime] = mapped_column(Utc, default=now)
    expires_at: Mapped[datetime] = mapped_column(Utc)
    used_at: Mapped[datetime | None] = mapped_column(Utc)

    __table_args__ = (Index("ix_one_time_tokens_user_id", "user_id", "purpose"),)


class LoginAttemptRow(Base):
    """Failed logins in a row of one e-mail address, of which only the SHA-256 is kept."""

    __tablename__ = "login_attempts"

    subject: Mapped[str] = mapped_column(String(64), primary_key=True)
    failures: Mapped[int] = mapped_column(Integer)
    last_at: Mapped[datetime] = mapped_column(Utc)
    locked_until: Mapped[datetime | None] = mapped_column(Utc)

    __table_args__ = (Index("ix_login_attempts_last_at", "last_at"),)


class RateRow(Base):
    """How much of a rate limit someone has used: when their next request would be in time.

    `due_s` is the theoretical arrival time of the generic cell rate algorithm, in Unix seconds.
    """

    __tablename__ = "rates"

    subject: Mapped[str] = mapped_column(String(120), primary_key=True)
    due_s: Mapped[float] = mapped_column(Float)

    __table_args__ = (Index("ix_rates_due_s", "due_s"),)


class AuditRow(Base):
    """Who did what to which object, when and from where. Rows come, and never change or go.

    The database refuses both by a trigger. `before` and `after` are the SHA-256 of the object's
    fields as JSON, without secrets; `details` says in words what no digest can.
    """

    __tablename__ = "audit"

    id: Mapped[int] = mapped_column(
        BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True
    )
    at: Mapped[datetime] = mapped_column(Utc, default=now)
    actor: Mapped[str] = mapped_column(String(64))
    action: Mapped[str] = mapped_column(String(64))
    object: Mapped[str] = mapped_column(String(1200))
    organisation: Mapped[str | None] = mapped_column(String(64))
    before: Mapped[str | None] = mapped_column(String(64))
    after: Mapped[str | None] = mapped_column(String(64))
    succeeded: Mapped[bool] = mapped_column(Boolean, default=True)
    request_id: Mapped[str] = mapped_column(String(64), default="")
    address: Mapped[str] = mapped_column(String(64), default="")
    details: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)

    __table_args__ = (
        Index("ix_audit_organisation", "organisation", "id"),
        Index("ix_audit_actor", "actor", "id"),
    )

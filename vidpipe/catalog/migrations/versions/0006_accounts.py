"""Users, roles, sessions, keys of programs, limits, and an audit log that only grows."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_USER = sa.ForeignKey("users.user_id", ondelete="CASCADE")
_SESSION = sa.ForeignKey("sessions.session_id", ondelete="CASCADE")
_TABLES = (
    "rates",
    "login_attempts",
    "one_time_tokens",
    "api_keys",
    "refresh_tokens",
    "sessions",
    "memberships",
    "identities",
    "users",
)


def _moment(name: str, nullable: bool = True) -> sa.Column:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _text(name: str, length: int, nullable: bool = False, key: bool = False) -> sa.Column:
    return sa.Column(name, sa.String(length), nullable=nullable, primary_key=key)


def _users() -> None:
    op.create_table(
        "users",
        _text("user_id", 32, key=True),
        _text("email", 254),
        _text("password_hash", 255, nullable=True),
        _moment("verified_at"),
        _moment("disabled_at"),
        _moment("last_login_at"),
        _moment("created_at", nullable=False),
        _moment("updated_at", nullable=False),
        sa.UniqueConstraint("email", name="uq_users_email"),
    )
    op.create_table(
        "identities",
        _text("issuer", 512, key=True),
        _text("subject", 255, key=True),
        sa.Column("user_id", sa.String(32), _USER.copy(), nullable=False),
        _moment("created_at", nullable=False),
    )
    op.create_index("ix_identities_user_id", "identities", ["user_id"])
    op.create_table(
        "memberships",
        sa.Column("user_id", sa.String(32), _USER.copy(), primary_key=True),
        _text("organisation", 64, key=True),
        _text("channel", 64, key=True),
        _text("role", 16),
        _moment("created_at", nullable=False),
        _moment("updated_at", nullable=False),
    )
    op.create_index("ix_memberships_organisation", "memberships", ["organisation"])


def _tokens() -> None:
    op.create_table(
        "sessions",
        _text("session_id", 32, key=True),
        sa.Column("user_id", sa.String(32), _USER.copy(), nullable=False),
        _text("method", 16),
        _text("address", 64),
        _moment("created_at", nullable=False),
        _moment("expires_at", nullable=False),
        _moment("revoked_at"),
        _text("revoked_because", 32, nullable=True),
    )
    op.create_index("ix_sessions_user_id", "sessions", ["user_id"])
    op.create_table(
        "refresh_tokens",
        _text("sha256", 64, key=True),
        sa.Column("session_id", sa.String(32), _SESSION.copy(), nullable=False),
        _moment("created_at", nullable=False),
        _moment("used_at"),
    )
    op.create_index("ix_refresh_tokens_session_id", "refresh_tokens", ["session_id"])
    op.create_table(
        "api_keys",
        _text("key_id", 32, key=True),
        _text("prefix", 16),
        _text("sha256", 64),
        _text("name", 100),
        _text("organisation", 64),
        sa.Column("channels", sa.JSON()),
        _text("role", 16),
        sa.Column("scopes", sa.JSON(), nullable=False),
        sa.Column("owner_id", sa.String(32), _USER.copy()),
        _moment("expires_at"),
        _moment("last_used_at"),
        _moment("revoked_at"),
        _moment("created_at", nullable=False),
        _moment("updated_at", nullable=False),
        sa.UniqueConstraint("prefix", name="uq_api_keys_prefix"),
        sa.UniqueConstraint("sha256", name="uq_api_keys_sha256"),
    )
    op.create_index("ix_api_keys_organisation", "api_keys", ["organisation"])
    op.create_table(
        "one_time_tokens",
        _text("sha256", 64, key=True),
        sa.Column("user_id", sa.String(32), _USER.copy(), nullable=False),
        _text("purpose", 16),
        _moment("created_at", nullable=False),
        _moment("expires_at", nullable=False),
        _moment("used_at"),
    )
    op.create_index("ix_one_time_tokens_user_id", "one_time_tokens", ["user_id", "purpose"])


def _limits() -> None:
    op.create_table(
        "login_attempts",
        _text("subject", 64, key=True),
        sa.Column("failures", sa.Integer(), nullable=False),
        _moment("last_at", nullable=False),
        _moment("locked_until"),
    )
    op.create_index("ix_login_attempts_last_at", "login_attempts", ["last_at"])
    op.create_table(
        "rates", _text("subject", 120, key=True), sa.Column("due_s", sa.Float(), nullable=False)
    )
    op.create_index("ix_rates_due_s", "rates", ["due_s"])


def _audit() -> None:
    op.create_table(
        "audit",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            primary_key=True,
            autoincrement=True,
        ),
        _moment("at", nullable=False),
        _text("actor", 64),
        _text("action", 64),
        _text("object", 1200),
        _text("organisation", 64, nullable=True),
        _text("before", 64, nullable=True),
        _text("after", 64, nullable=True),
        sa.Column("succeeded", sa.Boolean(), nullable=False),
        _text("request_id", 64),
        _text("address", 64),
        sa.Column("details", sa.JSON(), nullable=False),
    )
    op.create_index("ix_audit_organisation", "audit", ["organisation", "id"])
    op.create_index("ix_audit_actor", "audit", ["actor", "id"])
    if op.get_bind().dialect.name == "sqlite":
        for verb in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER audit_no_{verb.lower()} BEFORE {verb} ON audit "
                "BEGIN SELECT RAISE(ABORT, 'the audit log only grows'); END"
            )
        return
    op.execute(
        "CREATE FUNCTION audit_only_grows() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'the audit log only grows'; END $$"
    )
    op.execute(
        "CREATE TRIGGER audit_no_change BEFORE UPDATE OR DELETE ON audit "
        "FOR EACH ROW EXECUTE FUNCTION audit_only_grows()"
    )
    op.execute(
        "CREATE TRIGGER audit_no_truncate BEFORE TRUNCATE ON audit "
        "FOR EACH STATEMENT EXECUTE FUNCTION audit_only_grows()"
    )


def upgrade() -> None:
    """Make the tables, and the triggers that keep the audit log as it is."""
    _users()
    _tokens()
    _limits()
    _audit()


def downgrade() -> None:
    """Drop them, the audit log too."""
    op.drop_table("audit")
    if op.get_bind().dialect.name != "sqlite":
        op.execute("DROP FUNCTION audit_only_grows()")
    for name in _TABLES:
        op.drop_table(name)

"""Full-text search of what is said, and analytics by day."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_VIDEO = sa.ForeignKey("videos.video_id", ondelete="CASCADE")
_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
#: Indexes by which a day is counted: name, table, columns.
_INDEXES = (
    ("ix_stage_runs_created_at", "stage_runs", ["created_at"]),
    ("ix_failures_created_at", "failures", ["channel", "created_at"]),
)
_TABLES = (
    "analytics_changes",
    "analytics_stages",
    "analytics_failures",
    "analytics_days",
    "completions",
)
_TRIGGERS = ("inserted", "deleted", "updated")


def _text(name: str, length: int, key: bool = False) -> sa.Column:
    return sa.Column(name, sa.String(length), nullable=False, primary_key=key)


def _number(name: str) -> sa.Column:
    return sa.Column(name, sa.Integer(), nullable=False)


def _seconds(name: str, nullable: bool = False) -> sa.Column:
    return sa.Column(name, sa.Float(), nullable=nullable)


def _day(key: bool = True) -> sa.Column:
    return sa.Column("day", sa.Date(), nullable=False, primary_key=key)


def _moment(name: str) -> sa.Column:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=False)


def _search(embedded: bool) -> None:
    op.create_table(
        "sentences",
        sa.Column("id", _NUMBER, primary_key=True, autoincrement=True),
        sa.Column("video_id", sa.String(64), _VIDEO.copy(), nullable=False),
        _text("channel", 64),
        _text("kind", 16),
        _seconds("start_s"),
        _seconds("end_s"),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("terms", sa.Text() if embedded else postgresql.TSVECTOR(), nullable=False),
        _moment("created_at"),
        _moment("updated_at"),
    )
    op.create_index("ix_sentences_video_id", "sentences", ["video_id", "kind"])
    if not embedded:
        # A list of what is not in the index yet would be read through by every question.
        op.create_index(
            "ix_sentences_terms",
            "sentences",
            ["terms"],
            postgresql_using="gin",
            postgresql_with={"fastupdate": "off"},
        )
        return
    # The terms are words already: what is no ASCII character belongs to one.
    op.execute(
        "CREATE VIRTUAL TABLE sentence_terms USING fts5(terms, content='sentences', "
        "content_rowid='id', columnsize=0, tokenize=\"ascii tokenchars '-_.'\")"
    )
    added = "INSERT INTO sentence_terms(rowid, terms) VALUES (new.id, new.terms);"
    gone = (
        "INSERT INTO sentence_terms(sentence_terms, rowid, terms) "
        "VALUES ('delete', old.id, old.terms);"
    )
    done = {"inserted": ("INSERT", added), "deleted": ("DELETE", gone)}
    done["updated"] = ("UPDATE OF id, terms", f"{gone} {added}")
    for name in _TRIGGERS:
        verb, work = done[name]
        op.execute(f"CREATE TRIGGER sentences_{name} AFTER {verb} ON sentences BEGIN {work} END")


def _analytics() -> None:
    op.create_table(
        "completions",
        sa.Column("video_id", sa.String(64), _VIDEO.copy(), primary_key=True),
        _day(),
        _text("channel", 64),
        _moment("finished_at"),
        _seconds("duration_s"),
        _number("clips"),
        _number("exports"),
    )
    op.create_index("ix_completions_channel", "completions", ["channel", "day"])
    op.create_table(
        "analytics_days",
        _text("channel", 64, key=True),
        _day(),
        *(_number(n) for n in ("accepted", "finished", "clips", "exports", "failures", "given_up")),
        _seconds("work_s"),
        _seconds("media_s"),
        _seconds("cost", nullable=True),
    )
    op.create_index("ix_analytics_days_day", "analytics_days", ["day", "channel"])
    op.create_table(
        "analytics_failures",
        _text("channel", 64, key=True),
        _day(),
        _text("cause", 64, key=True),
        _number("count"),
    )
    op.create_table(
        "analytics_stages",
        _text("channel", 64, key=True),
        _day(),
        _text("stage", 40, key=True),
        _number("runs"),
        _number("failed"),
        _seconds("work_s"),
        sa.Column("buckets", sa.JSON(), nullable=False),
    )
    op.create_table(
        "analytics_changes",
        sa.Column("id", _NUMBER, primary_key=True, autoincrement=True),
        _text("channel", 64),
        _day(key=False),
    )
    for name, table, columns in _INDEXES:
        op.create_index(name, table, columns)


def _history(embedded: bool) -> None:
    """What is known of the days before: videos that are finished, and days to be counted."""

    def day(moment: str) -> str:
        return f"date({moment})" if embedded else f"({moment} AT TIME ZONE 'UTC')::date"

    op.execute(
        "INSERT INTO completions (video_id, day, channel, finished_at, duration_s, clips, exports) "  # noqa: S608
        f"SELECT video_id, {day('finished_at')}, channel, finished_at, duration_s, "
        "(SELECT count(*) FROM clips c WHERE c.video_id = v.video_id), "
        "(SELECT count(*) FROM exports e WHERE e.video_id = v.video_id) "
        "FROM videos v WHERE finished_at IS NOT NULL"
    )
    days = (
        f"SELECT channel, {day('created_at')} FROM videos",  # noqa: S608
        "SELECT channel, day FROM completions",
        f"SELECT channel, {day('created_at')} FROM failures",  # noqa: S608
        f"SELECT v.channel, {day('s.created_at')} FROM stage_runs s "  # noqa: S608
        "JOIN videos v ON v.video_id = s.video_id",
    )
    op.execute(f"INSERT INTO analytics_changes (channel, day) {' UNION '.join(days)}")


def upgrade() -> None:
    """Make the tables, and write down which days are to be counted."""
    embedded = op.get_bind().dialect.name == "sqlite"
    _search(embedded)
    _analytics()
    _history(embedded)


def downgrade() -> None:
    """Drop them; all of it can be made again."""
    for name, table, _ in _INDEXES:
        op.drop_index(name, table)
    for table in _TABLES:
        op.drop_table(table)
    if op.get_bind().dialect.name == "sqlite":
        for name in _TRIGGERS:
            op.execute(f"DROP TRIGGER sentences_{name}")
        op.execute("DROP TABLE sentence_terms")
    op.drop_table("sentences")

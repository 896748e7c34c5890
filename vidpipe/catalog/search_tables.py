"""Tables of the full-text search: what is said when, and what chosen moments are called."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from sqlalchemy import (
    BigInteger,
    Float,
    ForeignKey,
    Index,
    Integer,
    String,
    Text,
    TypeDecorator,
)
from sqlalchemy.dialects.postgresql import TSVECTOR
from sqlalchemy.engine import Dialect
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import TypeEngine

from vidpipe.catalog.tables import Audited, Base

#: Name of the index that SQLite has of the terms: a table of its own, kept by triggers.
TERMS_INDEX = "sentence_terms"
_LEXEME = re.compile(r"'((?:[^']|'')*)'(?::([\dABCD,]+))?")


class SearchTerms(TypeDecorator[str]):
    """Terms with blanks between them, in order; PostgreSQL has them as a `tsvector`.

    No parser of a database sees them: they are what `vidpipe.language.search_terms` makes.
    """

    impl = Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        kind = TSVECTOR() if dialect.name == "postgresql" else Text()
        return dialect.type_descriptor(kind)

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        if value is None or dialect.name != "postgresql":
            return value
        return vector(value.split())

    def process_result_value(self, value: str | None, dialect: Dialect) -> str | None:
        if value is None or dialect.name != "postgresql":
            return value
        placed = [
            (int(place.rstrip("ABCD")), found[1].replace("''", "'"))
            for found in _LEXEME.finditer(value)
            for place in (found[2] or "0").split(",")
        ]
        return " ".join(term for _, term in sorted(placed))


def lexeme(term: str) -> str:
    """A term as PostgreSQL reads it in a `tsvector` or a `tsquery`."""
    escaped = term.replace("\\", "\\\\").replace("'", "''")
    return f"'{escaped}'"


def vector(terms: Iterable[str]) -> str:
    """Terms with their places, as PostgreSQL reads a `tsvector`."""
    return " ".join(f"{lexeme(term)}:{place}" for place, term in enumerate(terms, 1))


class SentenceRow(Audited, Base):
    """A sentence of a transcript, or what a chosen moment says of itself: found by its terms.

    `terms` are those of the text, and one each for channel, kind and video.
    """

    __tablename__ = "sentences"

    id: Mapped[int] = mapped_column(
        BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True
    )
    video_id: Mapped[str] = mapped_column(ForeignKey("videos.video_id", ondelete="CASCADE"))
    channel: Mapped[str] = mapped_column(String(64))
    kind: Mapped[str] = mapped_column(String(16))
    start_s: Mapped[float] = mapped_column(Float)
    end_s: Mapped[float] = mapped_column(Float)
    text: Mapped[str] = mapped_column(Text)
    terms: Mapped[str] = mapped_column(SearchTerms, deferred=True)

    __table_args__ = (
        Index("ix_sentences_video_id", "video_id", "kind"),
        Index(
            "ix_sentences_terms",
            "terms",
            postgresql_using="gin",
            postgresql_with={"fastupdate": "off"},
        ).ddl_if(dialect="postgresql"),
    )

"""Full-text search of what is said, and of what chosen moments say of themselves.

The database finds, by an index of terms: FTS5 in SQLite, a `tsvector` under a GIN index in
PostgreSQL. What it finds is ranked here, so that both give the same.
"""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    Row,
    Select,
    Text,
    bindparam,
    cast,
    column,
    delete,
    func,
    literal_column,
    select,
    table,
)
from sqlalchemy.dialects.postgresql import TSQUERY
from sqlalchemy.orm import Session

from vidpipe.catalog.database import Database
from vidpipe.catalog.search_tables import TERMS_INDEX, SentenceRow, lexeme
from vidpipe.catalog.tables import Video
from vidpipe.language.search_terms import Phrase, SearchTerm, phrases_of, places, terms_of

#: Matches that are ranked against each other: the newest so many, then the next.
WINDOW = 1000
#: Of BM25: how soon a word said again counts less, how far a long text counts less, and how
#: many words a sentence has.
_SATURATION, _LENGTH_SHARE, _USUAL_WORDS = 1.2, 0.75, 16.0
_MOST_CHARACTERS = 20_000


class SearchKind(StrEnum):
    """What was found.

    Attributes:
        TRANSCRIPT: a sentence that somebody says.
        SEGMENT: title, opening and description of a chosen moment.
    """

    TRANSCRIPT = "transcript"
    SEGMENT = "segment"


@dataclass(frozen=True)
class SearchPlace:
    """Where a list of matches goes on.

    Attributes:
        upto: the newest row of the matches that were ranked together.
        rank: of the last match that was given.
        row: its id.
    """

    upto: int
    rank: float
    row: int


@dataclass(frozen=True)
class Match:
    """One row that a question matches.

    Attributes:
        rank: the higher the better, to be compared within one question.
        highlights: characters `[start, end)` of the text that were asked for.
        title: of its video.
        place: of what comes after it.
    """

    id: int
    video_id: str
    channel: str
    title: str
    kind: SearchKind
    start_s: float
    end_s: float
    text: str
    rank: float
    highlights: tuple[tuple[int, int], ...]
    place: SearchPlace


def sentence_row(
    video_id: str, channel: str, kind: SearchKind, start_s: float, end_s: float, said: str
) -> SentenceRow:
    """A row of the table, with its terms."""
    shown = said.replace("\x00", "")[:_MOST_CHARACTERS]
    own = [term.text for term in terms_of(shown)]
    return SentenceRow(
        video_id=video_id,
        channel=channel,
        kind=kind,
        start_s=start_s,
        end_s=end_s,
        text=shown,
        terms=" ".join([*own, _of_channel(channel), _of_kind(kind), _of_video(video_id)]),
    )


class SearchIndex:
    """Finds sentences, and forgets those of videos that are gone."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def find(
        self,
        question: str,
        limit: int,
        *,
        channels: Collection[str],
        kind: SearchKind | None = None,
        video_id: str | None = None,
        after: SearchPlace | None = None,
    ) -> list[Match]:
        """What matches all of a question, the best first, at most `limit`.

        The newest 1,000 matches are ranked, then the next 1,000, and so on: a page costs the
        same however much is stored.

        Args:
            question: see `vidpipe.language.search_terms.phrases_of`.
            limit: how many.
            channels: only of these.
            kind: only of this one.
            video_id: only of this one.
            after: the place of the last match of the page before.
        """
        phrases = phrases_of(question)
        if not phrases or not channels:
            return []
        scope = [[_of_channel(name) for name in sorted(channels)]]
        if kind is not None:
            scope.append([_of_kind(kind)])
        if video_id is not None:
            scope.append([_of_video(video_id)])
        found: list[Match] = []
        upto = after.upto if after is not None else None
        with self._db.session() as session:
            while len(found) < limit:
                rows = session.execute(self._window(phrases, scope, upto, channels)).all()
                first = rows[0].id if rows else 0
                ranked = [_match(row, phrases, upto=upto or first) for row in rows[:WINDOW]]
                ranked.sort(key=lambda match: (-match.rank, -match.id))
                if after is not None:
                    seen = (-after.rank, -after.row)
                    ranked = [m for m in ranked if (-m.rank, -m.id) > seen]
                    after = None
                found += ranked
                if len(rows) <= WINDOW:
                    break
                upto = rows[WINDOW - 1].id - 1
        return found[:limit]

    def statement(self, question: str, channels: Collection[str]) -> Select[Any]:
        """What the database is asked: for looking at its plan."""
        scope = [[_of_channel(name) for name in sorted(channels)]]
        return self._window(phrases_of(question), scope, None, channels)

    def count(self) -> int:
        """How many rows there are."""
        with self._db.session() as session:
            return session.scalar(select(func.count()).select_from(SentenceRow)) or 0

    def _window(
        self,
        phrases: Sequence[Phrase],
        scope: Sequence[Sequence[str]],
        upto: int | None,
        channels: Collection[str],
    ) -> Select[Any]:
        """The newest rows of those that match, one more than are ranked together."""
        rows = SentenceRow.__table__.c
        query = (
            select(
                rows.id,
                rows.video_id,
                rows.channel,
                rows.kind,
                rows.start_s,
                rows.end_s,
                rows.text,
                Video.title,
            )
            .join(Video, Video.video_id == rows.video_id)
            # The terms say it as well, but without case.
            .where(rows.channel.in_(sorted(channels)))
        )
        if self._db.embedded:
            index = table(TERMS_INDEX, column("rowid"))
            number: Any = index.c.rowid
            asked = bindparam("asked", _for_fts5(phrases, scope), Text)
            query = query.join(index, number == rows.id)
            query = query.where(literal_column(TERMS_INDEX).op("MATCH")(asked))
        else:
            number = rows.id
            asked = bindparam("asked", _for_postgresql(phrases, scope), Text)
            query = query.where(rows.terms.op("@@")(cast(asked, TSQUERY)))
        if upto is not None:
            query = query.where(number <= upto)
        return query.order_by(number.desc()).limit(WINDOW + 1)


def forget(session: Session, video_id: str) -> None:
    """Nothing of a video is found any more."""
    session.execute(delete(SentenceRow).where(SentenceRow.video_id == video_id))


def _of_channel(name: str) -> str:
    return f"§c{name}"


def _of_kind(kind: SearchKind) -> str:
    return f"§k{kind.value}"


def _of_video(video_id: str) -> str:
    return f"§v{video_id}"


def _for_fts5(phrases: Iterable[Phrase], scope: Iterable[Sequence[str]]) -> str:
    """The question as FTS5 reads it. No term holds a quote."""
    asked = [f'"{" ".join(p.terms)}"' + (" *" if p.prefix else "") for p in phrases]
    within = ["(" + " OR ".join(f'"{name}"' for name in names) + ")" for names in scope]
    return " AND ".join([*asked, *within])


def _for_postgresql(phrases: Iterable[Phrase], scope: Iterable[Sequence[str]]) -> str:
    """The question as a `tsquery`."""
    asked = []
    for phrase in phrases:
        terms = [lexeme(term) for term in phrase.terms]
        asked.append(" <-> ".join(terms) + (":*" if phrase.prefix else ""))
    within = ["(" + " | ".join(map(lexeme, names)) + ")" for names in scope]
    return " & ".join([*(f"({part})" for part in asked), *within])


def _match(row: Row[Any], phrases: Sequence[Phrase], *, upto: int) -> Match:
    terms = terms_of(row.text)
    words = [term.text for term in terms]
    found = [places(phrase, words) for phrase in phrases]
    rank = round(_rank(phrases, found, len(words)), 4)
    return Match(
        id=row.id,
        video_id=row.video_id,
        channel=row.channel,
        title=row.title,
        kind=SearchKind(row.kind),
        start_s=row.start_s,
        end_s=row.end_s,
        text=row.text,
        rank=rank,
        highlights=_highlights(phrases, found, terms),
        place=SearchPlace(upto, rank, row.id),
    )


def _rank(phrases: Sequence[Phrase], found: Sequence[Sequence[int]], words: int) -> float:
    """BM25 of one text, where each phrase weighs the same as all are in it; and how near they are.

    Phrases that follow each other as they were asked for count as much as one said once more.
    """
    long = 1 - _LENGTH_SHARE + _LENGTH_SHARE * words / _USUAL_WORDS
    rank = sum(
        len(own) * (_SATURATION + 1) / (len(own) + _SATURATION * long) for own in found if own
    )
    for (before, first), (_, then) in itertools.pairwise(zip(phrases, found, strict=True)):
        if first and then:
            rank += 1 / (1 + _nearest([k + len(before.terms) for k in first], then))
    return rank


def _nearest(ends: Sequence[int], begins: Sequence[int]) -> int:
    """How far the nearest two of these are apart; both in rising order, each looked at once."""
    merged = sorted([(k, False) for k in ends] + [(k, True) for k in begins])
    return min(b[0] - a[0] for a, b in itertools.pairwise(merged) if a[1] is not b[1])


def _highlights(
    phrases: Sequence[Phrase], found: Sequence[Sequence[int]], terms: Sequence[SearchTerm]
) -> tuple[tuple[int, int], ...]:
    """What of the text was asked for; what touches or overlaps is one."""
    spans = sorted(
        (terms[k].start, terms[k + len(phrase.terms) - 1].end)
        for phrase, own in zip(phrases, found, strict=True)
        for k in own
    )
    merged: list[tuple[int, int]] = []
    for start, end in spans:
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return tuple(merged)

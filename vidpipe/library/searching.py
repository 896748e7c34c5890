"""Finding what is said in videos, and what chosen moments say of themselves."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Collection

from pydantic import Field

from vidpipe.catalog.search import Match, SearchKind, SearchPlace
from vidpipe.library.errors import Refused, UnknownVideo
from vidpipe.library.reading import PAGE, check_limit
from vidpipe.library.views import LibraryView, Page
from vidpipe.pipeline.engine import Engine
from vidpipe.pipeline.searchable import moments, sentences
from vidpipe.segments.model import Segments
from vidpipe.storage.artifacts import Model
from vidpipe.transcript.model import Transcript

#: Characters of a question.
LONGEST_QUESTION = 400


class Highlight(LibraryView):
    """Characters `[start, end)` of a text, counted in Unicode code points."""

    start: int
    end: int


class SearchHit(LibraryView):
    """A place in a video where what was asked for is said or written."""

    video_id: str
    channel: str
    title: str = Field(description="of the video")
    kind: SearchKind
    start_s: float
    end_s: float
    text: str
    highlights: tuple[Highlight, ...] = Field(description="what of the text was asked for")
    rank: float = Field(description="higher is better; only comparable within one search")


class Searching:
    """Searches, and fills the index with what was made before there was one."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def find(
        self,
        question: str,
        *,
        channels: Collection[str],
        kind: SearchKind | None = None,
        video_id: str | None = None,
        limit: int = PAGE,
        cursor: str | None = None,
    ) -> Page[SearchHit]:
        """A page of what matches all of a question, the best first.

        Args:
            question: words, all of which have to be there; `"words in quotes"` in this order;
                `begin*` for words that begin so. Case and accents do not matter.
            channels: only of these.
            kind: only sentences that are said, or only chosen moments.
            video_id: only of this video.
            limit: hits on the page, 1 to 500.
            cursor: of the page before.

        Raises:
            Misconfigured: the limit is out of its range, or the cursor is none of ours.
        """
        check_limit(limit)
        found = self.engine.catalog.search.find(
            question[:LONGEST_QUESTION],
            limit + 1,
            channels=channels,
            kind=kind,
            video_id=video_id,
            after=_place(cursor) if cursor else None,
        )
        return Page(
            items=tuple(_hit(match) for match in found[:limit]),
            next_cursor=_cursor(found[limit - 1].place) if len(found) > limit else None,
        )

    def index(self, video_id: str) -> int:
        """Write a video's sentences and moments into the index anew; how many rows it has.

        Runs do it by themselves: this is for what was made before.

        Raises:
            UnknownVideo: there is none of this id.
            Unavailable: the store cannot be reached.
        """
        row = self.engine.catalog.video(video_id)
        if row is None:
            raise UnknownVideo(video_id)
        if row.state != "accepted":
            return 0
        made = 0
        transcript = self._document(video_id, "transcript", Transcript)
        if transcript is not None:
            rows = sentences(video_id, transcript)
            self.engine.catalog.replace(rows)
            made += len(rows.rows)
        chosen = self._document(video_id, "scored_segments", Segments)
        if chosen is not None:
            rows = moments(video_id, chosen)
            self.engine.catalog.replace(rows)
            made += len(rows.rows)
        return made

    def _document(self, video_id: str, artifact: str, model: type[Model]) -> Model | None:
        manifest = self.engine.manifest(video_id, artifact)
        if manifest is None:
            return None
        try:
            return self.engine.artifacts.document(manifest, model)
        except FileNotFoundError:
            return None


def _hit(match: Match) -> SearchHit:
    return SearchHit(
        video_id=match.video_id,
        channel=match.channel,
        title=match.title,
        kind=match.kind,
        start_s=match.start_s,
        end_s=match.end_s,
        text=match.text,
        highlights=tuple(Highlight(start=a, end=z) for a, z in match.highlights),
        rank=match.rank,
    )


def _cursor(place: SearchPlace) -> str:
    said = json.dumps([place.upto, place.rank, place.row])
    return base64.urlsafe_b64encode(said.encode()).decode().rstrip("=")


def _place(cursor: str) -> SearchPlace:
    """What `_cursor` made of a place.

    Raises:
        Misconfigured: it is none of ours.
    """
    try:
        upto, rank, row = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        numbers = all(type(n) is int and 0 <= n < 2**63 for n in (upto, row))
        if not numbers or type(rank) not in (int, float) or not abs(rank) < 1e9:
            raise ValueError(cursor)
    except (ValueError, TypeError, binascii.Error, RecursionError) as error:
        raise Refused(
            f"cursor: {cursor[:80]!r} is none that a search gave; begin without one"
        ) from error
    return SearchPlace(upto, float(rank), row)

"""What of a video is found by its words: rows of the search, made of a stage's result."""

from __future__ import annotations

from vidpipe.catalog.catalog import Rows
from vidpipe.catalog.search import SearchKind, sentence_row
from vidpipe.catalog.search_tables import SentenceRow
from vidpipe.segments.model import Segment, Segments
from vidpipe.storage.keys import channel_of
from vidpipe.transcript.model import Transcript


def sentences(video_id: str, transcript: Transcript) -> Rows:
    """Every sentence that is said."""
    return _rows(
        video_id,
        SearchKind.TRANSCRIPT,
        [(s.start_s, s.end_s, s.text) for s in transcript.sentences],
    )


def moments(video_id: str, chosen: Segments) -> Rows:
    """Every chosen moment by what is written of it."""
    return _rows(
        video_id,
        SearchKind.SEGMENT,
        [(s.start_s, s.end_s, _written(s)) for s in chosen.segments],
    )


def _written(segment: Segment) -> str:
    """Title, description (or what is said first), topic, key phrases: each on a line."""
    lines = (
        segment.title,
        segment.description or segment.hook,
        segment.topic,
        ", ".join(segment.keyphrases),
    )
    return "\n".join(dict.fromkeys(line for line in lines if line))


def _rows(video_id: str, kind: SearchKind, said: list[tuple[float, float, str]]) -> Rows:
    channel = channel_of(video_id)
    return Rows(
        table=SentenceRow,
        of={"video_id": video_id, "kind": kind.value},
        rows=[
            sentence_row(video_id, channel, kind, start_s, end_s, text)
            for start_s, end_s, text in said
        ],
    )

"""What scoring chose of a recording: what clips and exports cost goes with it."""

from __future__ import annotations

from dataclasses import dataclass

from vidpipe.edits.model import EditDocument
from vidpipe.pipeline.editing.resolve import edited_clips
from vidpipe.segments.model import Segments
from vidpipe.storage.artifacts import Artifacts, Manifest

#: The stage that chooses passages.
SCORING = "scored_segments"


@dataclass(frozen=True)
class ScoredPassages:
    """The passages that clips are made of, as people changed them.

    Attributes:
        count: how many.
        seconds: of all of them, without what is cut out of them.
        result: the fingerprint of the result that they are of.
    """

    count: int
    seconds: float
    result: str


def scored_passages(
    artifacts: Artifacts, scored: Manifest | None, edits: EditDocument
) -> ScoredPassages | None:
    """What a result of scoring chose; None: there is none, or it is not stored any more.

    Args:
        artifacts: where it is stored.
        scored: the manifest of it.
        edits: what people decided of the video's clips.
    """
    if scored is None:
        return None
    try:
        found = artifacts.document(scored, Segments)
    except FileNotFoundError:
        return None
    seconds = [segment.kept_s for segment in found.segments]
    if edits.clip_edits:
        seconds = []
        for clip in edited_clips(edits, found.segments, {}, (), float("inf")):
            at, edit = clip.segment, clip.edit
            moved = edit is not None and (edit.start_s is not None or edit.end_s is not None)
            seconds.append(at.duration_s if moved else at.kept_s)
    return ScoredPassages(len(seconds), round(sum(seconds), 3), scored.fingerprint)

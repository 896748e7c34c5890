"""Transcripts and chapters as files: subtitles that players take, text that people read."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any

from fastapi import APIRouter, Path
from fastapi.responses import PlainTextResponse, Response

from vidpipe.api.asked import Reads
from vidpipe.api.audited import AuditedRoute
from vidpipe.api.described import errors, text, unchanged
from vidpipe.api.models import VideoId
from vidpipe.api.tagged import IfNoneMatch, tagged_text

router = APIRouter(tags=["results"], route_class=AuditedRoute)


class TranscriptFile(StrEnum):
    """How a transcript is written down."""

    SRT = "srt"
    VTT = "vtt"
    TXT = "txt"


_MEDIA_TYPES = {
    TranscriptFile.SRT: "application/x-subrip",
    TranscriptFile.VTT: "text/vtt",
    TranscriptFile.TXT: "text/plain",
}
_CUE = "00:00:01.000 --> 00:00:03.500\nGood morning.\n"
_CHAPTERS = text("chapters as WebVTT", "text/vtt", f"WEBVTT\n\n{_CUE}")


def _files() -> dict[int | str, dict[str, Any]]:
    """The answer, in each of its types."""
    examples = {
        TranscriptFile.SRT: "1\n00:00:01,000 --> 00:00:03,500\nGood morning.\n",
        TranscriptFile.VTT: f"WEBVTT\n\n{_CUE}",
        TranscriptFile.TXT: "Good morning.\n",
    }
    content: dict[str, Any] = {}
    for form, media_type in _MEDIA_TYPES.items():
        content.update(text("", media_type, examples[form])[200]["content"])
    return {200: {"description": "the transcript", "content": content}}


@router.get(
    "/videos/{video_id}/transcript.{form}",
    summary="Download a transcript",
    response_class=PlainTextResponse,
    responses={**_files(), **unchanged(), **errors(404, 409)},
)
def download_transcript(
    asked: Reads,
    video_id: VideoId,
    form: Annotated[TranscriptFile, Path(description="how it is written down")],
    if_none_match: IfNoneMatch = None,
) -> Response:
    """Everything that is said in a video as SRT or WebVTT, in lines that can be read in time,
    or as text, a sentence on a line."""
    said = asked.library.transcript_text(asked.video(video_id), form.value)
    name = f"{video_id}.{form.value}"
    return tagged_text(said, _MEDIA_TYPES[form], if_none_match, name=name)


@router.get(
    "/videos/{video_id}/chapters.vtt",
    summary="Download chapters",
    response_class=PlainTextResponse,
    responses={**_CHAPTERS, **unchanged(), **errors(404, 409)},
)
def download_chapters(
    asked: Reads, video_id: VideoId, if_none_match: IfNoneMatch = None
) -> Response:
    """What is talked about when, as chapters in WebVTT that a `<track kind="chapters">` takes."""
    said = asked.library.chapters_text(asked.video(video_id))
    return tagged_text(said, "text/vtt", if_none_match, name=f"{video_id}.chapters.vtt")

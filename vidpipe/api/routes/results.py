"""Results of a video: clips with what chose them, exports with links, words, layout."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import Response

from vidpipe.api.asked import Reads
from vidpipe.api.audited import AuditedRoute
from vidpipe.api.described import errors, unchanged
from vidpipe.api.models import ClipView, JobId, Listed, VideoId
from vidpipe.api.tagged import IfNoneMatch, tagged
from vidpipe.layout.model import Layout
from vidpipe.library import ExportLink, NotReady
from vidpipe.results.model import Results, TopicResult
from vidpipe.transcript.model import Transcript

router = APIRouter(tags=["results"], route_class=AuditedRoute)
_DAY_S, _WEEK_S = 24 * 3600, 7 * 24 * 3600


@router.get(
    "/videos/{video_id}/results",
    summary="Get results",
    response_model=Results,
    responses={**unchanged(), **errors(404, 409)},
)
def get_results(asked: Reads, video_id: VideoId, if_none_match: IfNoneMatch = None) -> Response:
    """Everything that became of a video, as `results.json` has it."""
    return tagged(asked.library.results(asked.video(video_id)), if_none_match)


@router.get("/jobs/{job_id}/results", summary="Get results of a job", responses=errors(404, 409))
def get_job_results(asked: Reads, job_id: JobId) -> Results:
    """The results of the video of a job."""
    job = asked.job(job_id)
    if job.video_id is None:
        raise NotReady(f"{job_id} has no video yet: intake has not taken its upload in")
    return asked.library.results(job.video_id)


@router.get("/videos/{video_id}/clips", summary="List clips", responses=errors(404, 409))
def list_clips(asked: Reads, video_id: VideoId) -> Listed[ClipView]:
    """The clips of a video, best first, each with the moment it was made of: its score, and
    the four factors (hook, self_contained, payoff, closure) with their evidence."""
    results = asked.library.results(asked.video(video_id))
    segments = {segment.rank: segment for segment in results.segments}
    clips = sorted(results.clips, key=lambda clip: clip.segment)
    items = tuple(ClipView(clip=clip, segment=segments.get(clip.segment)) for clip in clips)
    return Listed[ClipView](items=items, next_cursor=None, limit=max(1, len(items)))


@router.get("/videos/{video_id}/exports", summary="List exports", responses=errors(404))
def list_exports(
    asked: Reads,
    video_id: VideoId,
    platform: Annotated[
        str | None, Query(pattern=r"^[a-z0-9_]{1,40}$", description="only for this platform")
    ] = None,
    expires_s: Annotated[
        int, Query(ge=60, le=_WEEK_S, description="seconds for which links hold")
    ] = _DAY_S,
) -> Listed[ExportLink]:
    """Links to the exported files of a video, best clips first. A store on this machine
    signs no links: then they lead to the pages of this service."""
    asked.video(video_id)
    platforms = (platform,) if platform is not None else ()
    items = asked.library.served_links(video_id, platforms=platforms, expires_s=expires_s)
    return Listed[ExportLink](items=items, next_cursor=None, limit=max(1, len(items)))


@router.get(
    "/videos/{video_id}/transcript",
    summary="Get a transcript",
    response_model=Transcript,
    responses={**unchanged(), **errors(404, 409)},
)
def get_transcript(
    asked: Reads,
    video_id: VideoId,
    corrected: Annotated[
        bool, Query(description="with the words as people corrected them for the whole video")
    ] = False,
    if_none_match: IfNoneMatch = None,
) -> Response:
    """Everything that is said in a video: words and sentences with their times."""
    library = asked.library
    said = library.corrected_transcript if corrected else library.transcript
    return tagged(said(asked.video(video_id)), if_none_match)


@router.get("/videos/{video_id}/chapters", summary="List chapters", responses=errors(404, 409))
def list_chapters(asked: Reads, video_id: VideoId) -> Listed[TopicResult]:
    """What is talked about when."""
    items = asked.library.results(asked.video(video_id)).topics
    return Listed[TopicResult](items=items, next_cursor=None, limit=max(1, len(items)))


@router.get(
    "/videos/{video_id}/layout",
    summary="Get a layout",
    response_model=Layout,
    responses={**unchanged(), **errors(404, 409)},
)
def get_layout(asked: Reads, video_id: VideoId, if_none_match: IfNoneMatch = None) -> Response:
    """What a video shows where and when: speaker, page, shots, slides."""
    return tagged(asked.library.layout(asked.video(video_id)), if_none_match)

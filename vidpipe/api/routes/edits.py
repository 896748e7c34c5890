"""What people decide of videos and their clips: reading it, changing it, having it made."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Body, Query, Response

from vidpipe.api.asked import Asked, Processes, Reads
from vidpipe.api.audited import AuditedRoute
from vidpipe.api.described import errors
from vidpipe.api.edit_models import (
    ClipCreate,
    ClipsMerge,
    ClipSplit,
    EditsRender,
    EditsRestore,
    IfMatch,
    Note,
    VersionPath,
)
from vidpipe.api.models import DEFAULT_LIMIT, ClipPath, Cursor, Limit, Listed, VideoId
from vidpipe.api.repeated import Created, Key, once
from vidpipe.api.versioned import version_of, versioned
from vidpipe.edits.model import EditDocument
from vidpipe.library import (
    EditAuthor,
    EditComparison,
    EditEstimate,
    EditsView,
    EditVersionView,
    Refused,
    RenderAsked,
)

router = APIRouter(tags=["edits"], route_class=AuditedRoute)
_Patch = Annotated[
    dict[str, Any],
    Body(
        description="a merge patch (RFC 7396): fields that change; null takes one back",
        examples=[{"title": "What a good gradient does"}],
    ),
]


@router.get("/videos/{video_id}/edits", summary="Get edits", responses=errors(404))
def get_edits(asked: Reads, video_id: VideoId, response: Response) -> EditsView:
    """What is decided of a video and its clips; `ETag` is for `If-Match` when it is changed."""
    return versioned(response, asked.library.edits.get(asked.video(video_id)))


@router.put("/videos/{video_id}/edits", summary="Save edits", responses=errors(404, 412, 428))
def save_edits(
    asked: Processes,
    video_id: VideoId,
    body: EditDocument,
    response: Response,
    if_match: IfMatch = None,
    note: Note = "",
) -> EditsView:
    """Save a document as the next version. Where somebody saved another one since you read it
    the answer is 412, and `details` has the version that is current and what it says."""
    asked.video(video_id)
    version = version_of(if_match)
    by = _author(asked, note)
    return versioned(response, asked.library.edits.put(video_id, body, version=version, by=by))


@router.patch("/videos/{video_id}/edits", summary="Change edits", responses=errors(404, 412, 428))
def change_edits(
    asked: Processes,
    video_id: VideoId,
    body: _Patch,
    response: Response,
    if_match: IfMatch = None,
    note: Note = "",
) -> EditsView:
    """Change some fields of the document. A list is replaced whole: to change one clip, use
    its own route."""
    asked.video(video_id)
    version = version_of(if_match)
    by = _author(asked, note)
    return versioned(response, asked.library.edits.patch(video_id, body, version=version, by=by))


@router.post(
    "/videos/{video_id}/edits/clips",
    summary="Add a clip",
    status_code=201,
    response_model=EditsView,
    responses=errors(404, 409, 412, 428),
)
def add_clip(
    asked: Processes,
    video_id: VideoId,
    body: ClipCreate,
    if_match: IfMatch = None,
    key: Key = None,
) -> Response:
    """Make a clip of another moment of the recording."""
    asked.video(video_id)
    version = version_of(if_match)

    def work() -> Created:
        view, clip = asked.library.edits.add_clip(
            video_id, body.start_s, body.end_s, body.title, version=version, by=_author(asked)
        )
        return Created(f"/api/v1/videos/{video_id}/edits/clips/{clip}", view)

    return once(asked, key, f"POST /videos/{video_id}/edits/clips", body, work)


@router.patch(
    "/videos/{video_id}/edits/clips/{clip}",
    summary="Change a clip",
    responses=errors(404, 412, 428),
)
def change_clip(
    asked: Processes,
    video_id: VideoId,
    clip: ClipPath,
    body: _Patch,
    response: Response,
    if_match: IfMatch = None,
    note: Note = "",
) -> EditsView:
    """Change what is decided of one clip: borders, cuts, words, texts, look, framing, platforms,
    whether it is kept. Nothing is made by this: `render` does that."""
    asked.video(video_id)
    version = version_of(if_match)
    by = _author(asked, note)
    view = asked.library.edits.patch_clip(video_id, clip, body, version=version, by=by)
    return versioned(response, view)


@router.delete(
    "/videos/{video_id}/edits/clips/{clip}",
    summary="Reset a clip",
    responses=errors(404, 412, 428),
)
def reset_clip(
    asked: Processes,
    video_id: VideoId,
    clip: ClipPath,
    response: Response,
    if_match: IfMatch = None,
) -> EditsView:
    """Take back all that is decided of a clip: it is as it was found. One that somebody added
    goes."""
    asked.video(video_id)
    version = version_of(if_match)
    view = asked.library.edits.reset_clip(video_id, clip, version=version, by=_author(asked))
    return versioned(response, view)


@router.post(
    "/videos/{video_id}/edits/clips/{clip}/split",
    summary="Split a clip",
    responses=errors(404, 412, 428),
)
def split_clip(
    asked: Processes,
    video_id: VideoId,
    clip: ClipPath,
    body: ClipSplit,
    response: Response,
    if_match: IfMatch = None,
) -> EditsView:
    """Make two clips of one: it ends at that time, and an added one begins there."""
    asked.video(video_id)
    version, by = version_of(if_match), _author(asked)
    view = asked.library.edits.split(video_id, clip, body.at_s, version=version, by=by)
    return versioned(response, view)


@router.post(
    "/videos/{video_id}/edits/merge", summary="Merge clips", responses=errors(404, 412, 428)
)
def merge_clips(
    asked: Processes,
    video_id: VideoId,
    body: ClipsMerge,
    response: Response,
    if_match: IfMatch = None,
) -> EditsView:
    """Make one clip of several: the earliest holds all, the others are dropped."""
    asked.video(video_id)
    version, by = version_of(if_match), _author(asked)
    view = asked.library.edits.merge(
        video_id, body.clips, between=body.between, version=version, by=by
    )
    return versioned(response, view)


@router.get(
    "/videos/{video_id}/edits/versions", summary="List versions of edits", responses=errors(404)
)
def list_edit_versions(
    asked: Reads, video_id: VideoId, limit: Limit = DEFAULT_LIMIT, cursor: Cursor = None
) -> Listed[EditVersionView]:
    """Every version that was ever saved, the newest first: who, when, from which, what changed."""
    asked.video(video_id)
    before = None
    if cursor is not None:
        if not cursor.isdigit() or len(cursor) > 9:
            raise Refused("cursor: take next_cursor of the page before")
        before = int(cursor)
    page = asked.library.edits.versions(video_id, limit=limit, before=before)
    return Listed[EditVersionView](items=page.items, next_cursor=page.next_cursor, limit=limit)


@router.get(
    "/videos/{video_id}/edits/versions/{version}",
    summary="Get a version of edits",
    responses=errors(404),
)
def get_edit_version(asked: Reads, video_id: VideoId, version: VersionPath) -> EditsView:
    """The document as it was in one version."""
    return asked.library.edits.version(asked.video(video_id), version)


@router.get("/videos/{video_id}/edits/compare", summary="Compare edits", responses=errors(404))
def compare_edits(
    asked: Reads,
    video_id: VideoId,
    before: Annotated[int, Query(alias="from", ge=0, le=10**9, description="number of a version")],
    after: Annotated[int, Query(alias="to", ge=0, le=10**9, description="number of another")],
) -> EditComparison:
    """What differs between two versions, field by field; 0 is what the pipeline found."""
    return asked.library.edits.compare(asked.video(video_id), before, after)


@router.post(
    "/videos/{video_id}/edits/restore", summary="Restore edits", responses=errors(404, 412, 428)
)
def restore_edits(
    asked: Processes,
    video_id: VideoId,
    body: EditsRestore,
    response: Response,
    if_match: IfMatch = None,
    note: Note = "",
) -> EditsView:
    """Save a new version that says what an earlier one said. None in between is lost."""
    asked.video(video_id)
    version, by = version_of(if_match), _author(asked, note)
    view = asked.library.edits.restore(video_id, body.version, version=version, by=by)
    return versioned(response, view)


@router.get(
    "/videos/{video_id}/edits/estimate", summary="Estimate a render", responses=errors(404, 409)
)
def estimate_edits(asked: Reads, video_id: VideoId) -> EditEstimate:
    """What making the clips as they are decided now will take: which of them, why, and how many
    seconds, from what they took before on this machine."""
    return asked.library.edits.estimate(asked.video(video_id))


@router.post(
    "/videos/{video_id}/edits/render",
    summary="Render edits",
    status_code=201,
    response_model=RenderAsked,
    responses=errors(404, 409),
)
def render_edits(
    asked: Processes, video_id: VideoId, body: EditsRender | None = None, key: Key = None
) -> Response:
    """Create a job that makes the clips as they are decided: what no edit touches is found
    again. Watch the job as any other."""
    asked.video(video_id)

    def work() -> Created:
        made = asked.library.edits.render(video_id, by=asked.principal.id)
        return Created(f"/api/v1/jobs/{made.job.job_id}", made)

    route = f"POST /videos/{video_id}/edits/render"
    return once(asked, key, route, body or EditsRender(), work)


def _author(asked: Asked, note: str = "") -> EditAuthor:
    return EditAuthor(asked.principal.id, note=note)

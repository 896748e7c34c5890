"""Projects: campaigns, courses, clients; jobs of one channel that belong together."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Header, Query, Response

from vidpipe.api.asked import Processes, Reads, Submits
from vidpipe.api.audited import AuditedRoute
from vidpipe.api.described import errors
from vidpipe.api.models import (
    DEFAULT_LIMIT,
    ChannelQuery,
    Cursor,
    Limit,
    Listed,
    ProjectCreate,
    ProjectId,
    ProjectUpdate,
)
from vidpipe.api.problems import ApiError
from vidpipe.api.repeated import Created, Key, once
from vidpipe.library import Changed, ProjectView

router = APIRouter(tags=["projects"], route_class=AuditedRoute)


@router.post(
    "/projects",
    summary="Create a project",
    status_code=201,
    response_model=ProjectView,
    responses=errors(404, 409),
)
def create_project(asked: Submits, body: ProjectCreate, key: Key = None) -> Response:
    """Create a project in a channel. Its name is one that no other of the channel has."""
    asked.channel(body.channel)

    def work() -> Created:
        made = asked.library.projects.create(body.channel, body.name, body.description)
        return Created(f"/api/v1/projects/{made.project_id}", made)

    answer = once(asked, key, "POST /projects", body, work)
    answer.headers["ETag"] = _tag(1)
    return answer


@router.get("/projects", summary="List projects", responses=errors())
def list_projects(
    asked: Reads,
    channel: ChannelQuery = None,
    archived: Annotated[
        bool | None, Query(description="only archived ones, or only the others")
    ] = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Listed[ProjectView]:
    """Projects, the newest first."""
    page = asked.library.projects.list(
        channels=asked.among(channel), archived=archived, limit=limit, cursor=cursor
    )
    return Listed[ProjectView](items=page.items, next_cursor=page.next_cursor, limit=limit)


@router.get("/projects/{project_id}", summary="Get a project", responses=errors(404))
def get_project(asked: Reads, project_id: ProjectId, response: Response) -> ProjectView:
    """One project; `ETag` is for `If-Match` when it is changed."""
    found = asked.project(project_id)
    response.headers["ETag"] = _tag(found.revision)
    return found


@router.patch(
    "/projects/{project_id}", summary="Change a project", responses=errors(404, 409, 412, 428)
)
def change_project(
    asked: Processes,
    project_id: ProjectId,
    body: ProjectUpdate,
    response: Response,
    if_match: Annotated[
        str | None, Header(description="`ETag` of the project as you read it")
    ] = None,
) -> ProjectView:
    """Change a project that nobody changed since you read it."""
    before = asked.project(project_id)
    if if_match is None:
        raise ApiError(428, "if_match_required", "send If-Match with the ETag of what you read")
    if if_match.strip() not in (_tag(before.revision), "*"):
        raise Changed(project_id)
    found = asked.library.projects.change(
        project_id, revision=before.revision, **body.model_dump(exclude_none=True)
    )
    response.headers["ETag"] = _tag(found.revision)
    return found


def _tag(revision: int) -> str:
    return f'"{revision}"'

"""Posts: clips on their way to accounts at platforms, or there."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query, Response
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from vidpipe.api.asked import Publishes, Reads, Removes
from vidpipe.api.audited import AuditedRoute
from vidpipe.api.described import errors
from vidpipe.api.models import (
    DEFAULT_LIMIT,
    ChannelQuery,
    Cursor,
    Limit,
    Listed,
    VideoQuery,
)
from vidpipe.api.repeated import Created, Key, once
from vidpipe.library import (
    PostChanges,
    PostState,
    Refused,
    SocialPost,
    SocialPostDetail,
)

router = APIRouter(tags=["publishing"], route_class=AuditedRoute)
_ID = r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$"
PostId = Annotated[str, Path(pattern=_ID, description="id of a post")]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class PostCreate(_Body):
    """A clip that is to be posted."""

    video_id: str = Field(pattern=_ID)
    clip: Annotated[str, Field(pattern=_ID, description="id of a clip, or its rank")]
    account_id: str = Field(pattern=_ID, description="of GET /social-accounts")
    at: AwareDatetime | None = Field(
        default=None, description="with a time zone; none: in the next free slot of its channel"
    )
    now: bool = Field(default=False, description="as soon as it may be, in place of `at`")
    anyway: bool = Field(
        default=False, description="also where rules of the schedule speak against `at`"
    )
    changes: PostChanges = PostChanges()


class PostChange(_Body):
    """What is to be another of a post; what is not named stays."""

    at: AwareDatetime | None = Field(
        default=None, description="when; null: in the next free slot of its channel"
    )
    slot: str | None = Field(
        default=None, max_length=100, description="of GET /calendar, in place of `at`"
    )
    anyway: bool = Field(
        default=False, description="also where rules of the schedule speak against the moment"
    )
    changes: PostChanges | None = None


class PostDecision(_Body):
    """Whether an uncertain post is there."""

    posted: bool
    url: str = Field(default="", max_length=2000, description="where, if so: https")


@router.get("/social-posts", summary="List posts at platforms", responses=errors(404))
def list_social_posts(
    asked: Reads,
    channel: ChannelQuery = None,
    platform: Annotated[
        str | None, Query(pattern=r"^[a-z0-9_]{1,32}$", description="only there")
    ] = None,
    state: Annotated[
        list[PostState] | None, Query(description="only in one of these; several: again")
    ] = None,
    video_id: VideoQuery = None,
    account_id: Annotated[
        str | None, Query(pattern=_ID, description="only to this account")
    ] = None,
    since: Annotated[
        AwareDatetime | None, Query(alias="from", description="posted, or to be, from then on")
    ] = None,
    until: Annotated[
        AwareDatetime | None, Query(alias="to", description="posted, or to be, before then")
    ] = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Listed[SocialPost]:
    """Posts that are to be posted or were, those that were made last first."""
    if video_id is not None:
        asked.video(video_id)
    page = asked.library.posts.list(
        channels=asked.among(channel),
        platform=platform,
        states=state or (),
        video_id=video_id,
        account_id=account_id,
        since=since,
        until=until,
        limit=limit,
        cursor=cursor,
    )
    return Listed[SocialPost](items=page.items, next_cursor=page.next_cursor, limit=limit)


@router.post(
    "/social-posts",
    summary="Post a clip",
    status_code=201,
    response_model=SocialPost,
    responses=errors(404, 409),
)
def create_social_post(asked: Publishes, body: PostCreate, key: Key = None) -> Response:
    """Have a clip posted to an account of its channel, once.

    A clip that waits for approval may be queued: its post waits, and goes on when somebody
    approves. 409 `already_posted`: the account has the clip, or is to have it. 409
    `schedule_conflict`: `details.conflicts` says what speaks against the moment.
    """
    video_id = asked.video(body.video_id)
    asked.social_account(body.account_id)

    def work() -> Created:
        made = asked.library.posts.make(
            video_id,
            body.clip,
            body.account_id,
            at=body.at,
            at_once=body.now,
            anyway=body.anyway,
            changes=body.changes,
            by=asked.principal.id,
        )
        return Created(f"/api/v1/social-posts/{made.post_id}", made)

    return once(asked, key, "POST /social-posts", body, work)


@router.get("/social-posts/{post_id}", summary="Get a post closely", responses=errors(404))
def get_social_post(asked: Reads, post_id: PostId) -> SocialPostDetail:
    """What would be sent, what the platform would refuse of it, and what was asked so far."""
    return asked.library.posts.detail(asked.social_post(post_id).post_id)


@router.patch(
    "/social-posts/{post_id}", summary="Change or move a post", responses=errors(404, 409)
)
def change_social_post(asked: Publishes, post_id: PostId, body: PostChange) -> SocialPost:
    """Say something else in a post, or give it another moment.

    Of a post that is posted the platform is asked to change its texts. 409 `schedule_conflict`:
    `details.conflicts` says what speaks against the moment.
    """
    asked.social_post(post_id)
    posts = asked.library.posts
    moves = bool({"at", "slot"} & body.model_fields_set)
    if moves:
        return posts.move(
            post_id, at=body.at, slot=body.slot, anyway=body.anyway, changes=body.changes
        )
    if body.changes is None:
        raise Refused("nothing to change: at, slot or changes")
    return posts.change(post_id, body.changes)


@router.post("/social-posts/{post_id}/now", summary="Post now", responses=errors(404, 409))
def send_social_post(asked: Publishes, post_id: PostId) -> SocialPost:
    """As soon as it may be, whatever the schedule of its channel says."""
    return asked.library.posts.post_now(asked.social_post(post_id).post_id)


@router.post("/social-posts/{post_id}/cancel", summary="Cancel a post", responses=errors(404, 409))
def cancel_social_post(asked: Publishes, post_id: PostId) -> SocialPost:
    """Take a post back that is not public yet; what was sent of it is removed at the platform."""
    return asked.library.posts.cancel(asked.social_post(post_id).post_id)


@router.post(
    "/social-posts/{post_id}/retry", summary="Try a post again", responses=errors(404, 409)
)
def retry_social_post(asked: Publishes, post_id: PostId) -> SocialPost:
    """From nothing where it failed, where it was where it is held."""
    return asked.library.posts.retry(asked.social_post(post_id).post_id)


@router.post(
    "/social-posts/{post_id}/decide",
    summary="Say whether a post is there",
    responses=errors(404, 409),
)
def decide_social_post(asked: Publishes, post_id: PostId, body: PostDecision) -> SocialPost:
    """Of an uncertain post, after looking at the account. One that is not there can be retried."""
    found = asked.social_post(post_id)
    return asked.library.posts.decide(found.post_id, posted=body.posted, url=body.url)


@router.delete("/social-posts/{post_id}", summary="Take a post down", responses=errors(404, 409))
def delete_social_post(asked: Removes, post_id: PostId) -> SocialPost:
    """Have what was posted removed at its platform. 422 where that has no way to do this."""
    return asked.library.posts.delete(asked.social_post(post_id).post_id)

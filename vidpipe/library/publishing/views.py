"""Posts as programs and people see them."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

from vidpipe.catalog.post_states import PostAction, PostState
from vidpipe.library.views import LibraryView
from vidpipe.publishing.model import Privacy, ReelChoices, TikTokChoices

#: Characters of a title, and of a text: more than any platform takes.
TITLE, TEXT = 512, 65_536
#: Without control characters; a text may have several lines.
_LINE, _LINES = r"^[^\x00-\x1f\x7f]*$", r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f]*$"
_Tag = Annotated[str, StringConstraints(max_length=500, pattern=_LINE)]
_Playlist = Annotated[str, StringConstraints(max_length=200, pattern=_LINE)]


class PostChanges(BaseModel):
    """What a person says of a post in place of what its export and its channel say."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    title: str | None = Field(default=None, max_length=TITLE, pattern=_LINE)
    text: str | None = Field(
        default=None,
        max_length=TEXT,
        pattern=_LINES,
        description="description or caption, with hashtags",
    )
    tags: tuple[_Tag, ...] | None = Field(default=None, max_length=100)
    language: str | None = Field(default=None, max_length=35, pattern=_LINE, description="BCP 47")
    privacy: Privacy | None = None
    publish_at: AwareDatetime | None = Field(
        default=None, description="when the platform itself makes it public (YouTube)"
    )
    thumbnail: bool | None = Field(default=None, description="whether the export's is sent")
    captions: bool | None = Field(default=None, description="whether its captions are sent")
    playlists: tuple[_Playlist, ...] | None = Field(default=None, max_length=20)
    draft: bool | None = Field(default=None, description="left to the account's owner")
    made_for_kids: bool | None = None
    synthetic: bool | None = None
    category: str | None = Field(default=None, max_length=20, pattern=_LINE)
    notify: bool | None = None
    tiktok: TikTokChoices | None = None
    reel: ReelChoices | None = None
    export: str | None = Field(
        default=None,
        max_length=64,
        pattern=_LINE,
        description="of which preset the file is, such as `youtube` in place of `youtube_shorts`",
    )

    @property
    def said(self) -> dict[str, object]:
        """What is said, as it is stored."""
        return self.model_dump(mode="json", exclude_none=True)


class ShownFigures(LibraryView):
    """How a post was doing when it was last looked at."""

    day: date
    at: datetime
    views: int | None
    likes: int | None
    comments: int | None
    shares: int | None
    saves: int | None
    watch_s: float | None


class SocialPost(LibraryView):
    """A clip that is to be posted to an account, or was."""

    post_id: str
    channel: str
    video_id: str
    clip_id: str
    rank: int | None = Field(description="of the clip in its video; none: there is none any more")
    platform: str
    account_id: str
    account_name: str
    state: PostState
    title: str
    score: float = Field(description="of the clip, 0 to 100")
    at: datetime | None = Field(description="when it is to be posted")
    slot: str | None = Field(description="of the schedule; none: a person chose the time")
    url: str = Field(description="where it is shown; empty: nowhere, or not known")
    problem: str = Field(description="what is not as planned, and what to do; empty: nothing")
    code: str = Field(description="the same, short and stable")
    waits_until: datetime | None = Field(description="nothing is asked of the platform before")
    attempts: int = Field(description="requests that were made for it")
    approved_by: str | None
    approved_at: datetime | None
    created_by: str
    created_at: datetime
    updated_at: datetime
    posted_at: datetime | None
    figures: ShownFigures | None
    actions: tuple[PostAction, ...] = Field(description="what may be asked of it now")


class PostRequestView(LibraryView):
    """A request that was made for a post; of the same in a row the first and the last."""

    at: datetime
    operation: str = Field(description="as the reference of publishing names it")
    outcome: str = Field(description="ok, refused, unanswered, not_sent")
    words: str


class PostRefusalView(LibraryView):
    """What its platform would refuse of a post."""

    field: str
    words: str


class SocialPostDetail(SocialPost):
    """A post closely: what would be sent, what would be refused, what was asked."""

    text: str
    tags: tuple[str, ...]
    privacy: str
    export: str = Field(description="the preset of its file; empty: there is no file yet")
    changes: PostChanges
    refusals: tuple[PostRefusalView, ...]
    notes: tuple[str, ...] = Field(description="what the platform did not take, and why")
    requests: tuple[PostRequestView, ...] = Field(description="the newest 100, the oldest first")

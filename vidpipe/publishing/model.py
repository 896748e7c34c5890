"""A post, the account it goes to, and how far a platform has got with it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, model_validator

from vidpipe.exports.model import Rule

_NO_CODE = re.compile(r"[^A-Za-z0-9_./:-]")

Key = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,99}$")]
Privacy = Literal["public", "unlisted", "private", "friends", "followers"]

#: The name of the recording among a post's files.
VIDEO = "video"
THUMBNAIL = "thumbnail"


def _plain(code: str) -> str:
    """A stranger's code with nothing in it that could be more than a code."""
    return _NO_CODE.sub("_", code)[:100]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class VideoFile(_Frozen):
    """The recording as it is sent."""

    size_bytes: int = Field(gt=0)
    content_type: str = "video/mp4"
    duration_s: float = Field(gt=0)
    width: int | None = None
    height: int | None = None


class PictureAttachment(_Frozen):
    """A picture that stands for the post."""

    size_bytes: int = Field(gt=0)
    content_type: Literal["image/jpeg", "image/png"] = "image/jpeg"


class CaptionAttachment(_Frozen):
    """A file of captions; among the files its name is `captions:` and the language."""

    language: str = Field(pattern=r"^[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8})*$", description="BCP 47")
    name: str = Field(default="", max_length=150)
    size_bytes: int = Field(gt=0)
    content_type: str = "application/octet-stream"

    @property
    def file(self) -> str:
        return f"captions:{self.language}"


class TikTokChoices(_Frozen):
    """What TikTok asks the creator to decide for each post."""

    disable_comment: bool = False
    disable_duet: bool = False
    disable_stitch: bool = False
    brand_content: bool = False
    brand_organic: bool = False
    cover_ms: int | None = Field(default=None, ge=0)


class ReelChoices(_Frozen):
    """What Instagram asks of a reel."""

    share_to_feed: bool = True
    cover_ms: int | None = Field(default=None, ge=0)
    collaborators: tuple[str, ...] = Field(default=(), max_length=5)


class Publication(_Frozen):
    """One clip as one platform is to show it.

    `key` names the post: two posts never share one. It is what platforms that take a key of the
    sender are given, so a post that is begun again has the same.
    """

    key: Key
    title: str = ""
    text: str = Field(default="", description="description or caption, with hashtags and credits")
    tags: tuple[str, ...] = ()
    language: str = Field(default="", description="BCP 47; empty: not said")
    video: VideoFile
    thumbnail: PictureAttachment | None = None
    captions: tuple[CaptionAttachment, ...] = ()
    playlists: tuple[str, ...] = Field(default=(), description="ids at the platform")
    privacy: Privacy = "public"
    publish_at: AwareDatetime | None = Field(
        default=None, description="when the platform makes it public; None: at once"
    )
    draft: bool = Field(default=False, description="left to the account's owner to publish")
    made_for_kids: bool = False
    synthetic: bool = Field(default=False, description="realistic, and generated or altered")
    category: str = Field(default="", description="the platform's id")
    notify: bool = Field(default=True, description="whether subscribers are notified")
    embeddable: bool = True
    tiktok: TikTokChoices = TikTokChoices()
    reel: ReelChoices = ReelChoices()
    link: str = Field(default="", repr=False, description="where the file can be fetched")
    rules: tuple[Rule, ...] = Field(default=(), description="the export's conformance")

    @model_validator(mode="after")
    def _different(self) -> Publication:
        languages = [caption.language for caption in self.captions]
        if len(set(languages)) != len(languages):
            raise ValueError("captions: one file for each language")
        if len(set(self.playlists)) != len(self.playlists):
            raise ValueError("playlists: each once")
        return self


class PostingAccount(_Frozen):
    """Whom a post goes to, and what was read of what this account may do.

    What is None was not read yet: then it is not checked beforehand, and the platform decides.
    """

    remote_id: str = Field(description="channel, user, page or organisation at the platform")
    name: str = ""
    privacy_options: tuple[str, ...] | None = Field(
        default=None, description="as the platform spells them"
    )
    max_duration_s: float | None = None
    posts_left: int | None = Field(default=None, description="within the platform's own window")
    comment_disabled: bool = False
    duet_disabled: bool = False
    stitch_disabled: bool = False
    premium: bool = Field(default=False, description="a paying account with longer texts")


class Phase(StrEnum):
    """Where a post stands."""

    NEW = "new"
    SENDING = "sending"
    CLOSING = "closing"
    PROCESSING = "processing"
    ADDING = "adding"
    FINISHING = "finishing"
    CONFIRMING = "confirming"
    PUBLISHED = "published"
    SCHEDULED = "scheduled"
    #: It was to be shown at a time, and is kept back at its platform until it gets another.
    WITHHELD = "withheld"
    DRAFTED = "drafted"
    FAILED = "failed"
    UNCERTAIN = "uncertain"
    CANCELLED = "cancelled"
    DELETED = "deleted"


#: Nothing happens any more unless somebody asks for it.
ENDS = frozenset(
    {
        Phase.PUBLISHED,
        Phase.SCHEDULED,
        Phase.WITHHELD,
        Phase.DRAFTED,
        Phase.FAILED,
        Phase.UNCERTAIN,
        Phase.CANCELLED,
        Phase.DELETED,
    }
)
#: The platform has the post, and will show it or shows it.
POSTED = frozenset({Phase.PUBLISHED, Phase.SCHEDULED, Phase.WITHHELD, Phase.DRAFTED})


class Verb(StrEnum):
    """What a request does, or what the driver is to do."""

    START = "start"
    SEND = "send"
    LOOK = "look"
    FINISH = "finish"
    CANCEL = "cancel"
    DELETE = "delete"
    UPDATE = "update"
    STATISTICS = "statistics"
    REFRESH = "refresh"


class Remedy(StrEnum):
    """What helps against a refusal."""

    REFRESH = "refresh"
    RECONNECT = "reconnect"
    FIX = "fix"
    WAIT = "wait"
    RESTART = "restart"
    LOOK = "look"
    GIVE_UP = "give_up"


class PostHeld(StrEnum):
    """Whom a post waits for."""

    ACCOUNT = "account"
    CHANGE = "change"


class Task(StrEnum):
    """What is asked of a post."""

    PUBLISH = "publish"
    CANCEL = "cancel"
    UPDATE = "update"
    DELETE = "delete"
    #: Whether what was posted is still there, and where.
    REVIEW = "review"
    #: That it is not shown at its time, and, later, that it is shown at another.
    WITHHOLD = "withhold"
    REOPEN = "reopen"


class Fault(_Frozen):
    """What a platform said no to, in words for a person."""

    code: Annotated[str, AfterValidator(_plain)] = Field(
        description="stable: the platform's own, or vidpipe's"
    )
    remedy: Remedy
    words: str
    until: AwareDatetime | None = Field(default=None, description="of WAIT: when it may go on")


class UploadSlot(_Frozen):
    """A part of the file and where it is put, where a platform cuts it itself."""

    url: str = Field(repr=False)
    first: int
    last: int


class RemoteState(_Frozen):
    """How far one post has got; saved between any two requests.

    `session`, `slots` and `memo` hold addresses that let anybody who knows them write to the
    upload: they are kept out of what is printed, and are to be stored encrypted.

    Attributes:
        armed: the request that may have been taken although no answer came; it is looked up.
    """

    platform: str
    key: Key
    phase: Phase = Phase.NEW
    task: Task = Task.PUBLISH
    held: PostHeld | None = None
    armed: str = ""
    remote_id: str = Field(default="", description="of the upload, container or video")
    post_id: str = Field(default="", description="of what is shown")
    url: str = Field(default="", description="of what is shown")
    session: str = Field(default="", repr=False)
    sent: int = Field(default=0, ge=0, description="bytes that the platform says it has")
    parts: tuple[str, ...] = ()
    slots: tuple[UploadSlot, ...] = Field(default=(), repr=False)
    memo: Mapping[str, str] = Field(default={}, repr=False)
    done: tuple[str, ...] = Field(default=(), description="attachments that are dealt with")
    notes: tuple[str, ...] = Field(default=(), description="what was left out, and why")
    failures: int = Field(default=0, description="in a row")
    looks: int = Field(default=0, description="in a row that showed nothing new")
    waits: int = Field(default=0, description="in a row that were asked for")
    restarts: int = 0
    refusals: int = Field(default=0, description="of the access token, in a row")
    fault: Fault | None = None
    not_before: AwareDatetime | None = None
    began_at: AwareDatetime
    moved_at: AwareDatetime

    @property
    def ended(self) -> bool:
        """Whether nothing is left to do."""
        return self.phase in ENDS and self.task is Task.PUBLISH

    @property
    def posted(self) -> bool:
        """Whether the platform has the post."""
        return self.phase in POSTED

    def having(self, **changes: object) -> RemoteState:
        """The same with these fields changed."""
        return self.model_copy(update=changes)

    def remembering(self, **items: str) -> RemoteState:
        """The same with this in `memo`."""
        return self.having(memo={**self.memo, **items})


class PostRefusal(_Frozen):
    """What a platform would refuse, said before anything is sent."""

    field: str
    words: str


class Charge(_Frozen):
    """What a request takes of a limit or costs.

    Attributes:
        bucket: `youtube.units`, `x.usd`: what it is taken from.
        amount: units of it; dollars where the bucket ends in `.usd`.
    """

    bucket: str
    amount: float


class PostFigures(_Frozen):
    """How a post is doing; None is what the platform does not say."""

    views: int | None = None
    likes: int | None = None
    comments: int | None = None
    shares: int | None = None
    saves: int | None = None
    watch_s: float | None = None


def begin(platform: str, key: str, now: datetime) -> RemoteState:
    """The state of a post that nothing was done for yet."""
    return RemoteState(platform=platform, key=key, began_at=now, moved_at=now)

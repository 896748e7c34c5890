"""What was made of videos: clips, exports, and the texts of their posts."""

from __future__ import annotations

from collections.abc import Collection
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import PurePosixPath

from pydantic import Field, ValidationError

from vidpipe.catalog.outputs import ClipOf, ExportOf, OutputPlace
from vidpipe.catalog.review_states import ReviewState
from vidpipe.catalog.tables import now
from vidpipe.exports.model import Post
from vidpipe.library.errors import Refused, UnknownClip, UnknownExport
from vidpipe.library.reading import PAGE, check_limit, cursor_after, place_of
from vidpipe.library.views import LibraryView, Page
from vidpipe.pipeline.engine import Engine
from vidpipe.storage.keys import sibling_key

#: No store signs a link for longer.
_WEEK_S = 7 * 24 * 3600
#: Reading a text is waiting for the store: several at once.
_AT_ONCE = 8


class ClipSummary(LibraryView):
    """A clip, without the evidence of what chose it."""

    clip_id: str
    video_id: str
    channel: str
    rank: int = Field(description="1 is the best of its video")
    title: str
    score: float = Field(description="0 to 100")
    start_s: float = Field(description="of the moment, in the recording")
    end_s: float
    duration_s: float = Field(description="of the clip")
    compositions: tuple[str, ...] = Field(description="how it shows speaker and page")
    platforms: tuple[str, ...] = Field(description="that it is exported for")
    fingerprint: str | None = Field(description="of its files and texts: a decision names it")
    review: ReviewState = Field(description="whether somebody approved or rejected it as it is")
    created_at: datetime


class ExportView(LibraryView):
    """A clip as one platform gets it."""

    clip_id: str
    video_id: str
    channel: str
    platform: str
    rank: int
    title: str
    size_bytes: int
    duration_s: float
    conforms: bool = Field(description="whether it keeps to every rule of the platform")
    created_at: datetime


class ExportDetail(ExportView):
    """One export, and where its file can be fetched."""

    url: str
    expires_at: datetime | None = Field(description="of the link; none: it does not expire")


class PostChapter(LibraryView):
    """A chapter in a post."""

    start_s: float
    title: str


class PostView(LibraryView):
    """What is written beside an export; nothing of it was published by vidpipe."""

    clip_id: str
    video_id: str
    channel: str
    platform: str
    rank: int
    title: str
    description: str
    hashtags: tuple[str, ...]
    chapters: tuple[PostChapter, ...] = Field(description="on the clip's timeline")
    language: str
    credits: str
    text: str = Field(description="all of it, ready to be pasted")


class Outputs:
    """Lists clips, exports and posts of the newest videos first, the best clips before others."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def clips(
        self,
        *,
        channels: Collection[str],
        video_id: str | None = None,
        limit: int = PAGE,
        cursor: str | None = None,
    ) -> Page[ClipSummary]:
        """A page of clips of these channels, or of one video.

        Raises:
            Misconfigured: the limit is out of its range, or the cursor is none of ours.
        """
        check_limit(limit)
        catalog = self.engine.catalog
        with catalog.together():
            rows = catalog.outputs.clips(
                limit + 1,
                channels=channels,
                video_id=video_id,
                after=_place(cursor, 2) if cursor else None,
            )
            exported = catalog.outputs.platforms([row.clip for row in rows])
            decided = catalog.reviews.states([row.clip for row in rows])
        items = tuple(
            _clip(row, exported.get(key, []), decided[key])
            for row, key in ((row, (row.clip.video_id, row.clip.clip_id)) for row in rows)
        )
        return Page(
            items=items[:limit],
            next_cursor=_cursor(rows[limit - 1]) if len(rows) > limit else None,
        )

    def clip_id(self, video_id: str, clip: str) -> str:
        """The id of a clip of a video, which is named by its id or its rank.

        Raises:
            UnknownClip: the video has none of these.
        """
        rows = self.engine.catalog.clips(video_id)
        for row in rows:
            if row.clip_id == clip:
                return row.clip_id
        for row in rows:
            if str(row.rank) == clip:
                return row.clip_id
        raise UnknownClip(video_id, clip)

    def exports(
        self,
        *,
        channels: Collection[str],
        platform: str | None = None,
        limit: int = PAGE,
        cursor: str | None = None,
    ) -> Page[ExportView]:
        """A page of exports.

        Raises:
            Misconfigured: the limit is out of its range, or the cursor is none of ours.
        """
        rows, more = self._exports(channels, None, platform, limit, cursor)
        return Page(items=tuple(_export(row) for row in rows), next_cursor=more)

    def export(
        self, video_id: str, clip: str, platform: str, *, expires_s: int = 24 * 3600
    ) -> ExportDetail:
        """One export with a link to its file.

        Args:
            video_id: of a video that there is.
            clip: id or rank of its clip.
            platform: that it was exported for.
            expires_s: seconds for which the link holds.

        Raises:
            UnknownClip: the video has no such clip.
            UnknownExport: it was not exported for the platform.
            Misconfigured: the time is none that a link can have.
        """
        if not 1 <= expires_s <= _WEEK_S:
            raise Refused(f"expires_s: from 1 to {_WEEK_S} (a week), not {expires_s}")
        clip_id = self.clip_id(video_id, clip)
        channel = self.engine.catalog.video(video_id)
        rows = self.engine.catalog.outputs.exports(
            1,
            channels={channel.channel} if channel is not None else set(),
            video_id=video_id,
            clip_id=clip_id,
            platform=platform,
        )
        if not rows:
            raise UnknownExport(video_id, clip, platform)
        engine, key = self.engine, rows[0].export.key
        signed = not (engine.settings.cdn_url or engine.store.is_local)
        url = engine.link(key, expires_s=expires_s)
        if engine.store.is_local and not engine.settings.cdn_url:
            url = engine.page_link(key)
        return ExportDetail(
            **dict(_export(rows[0])),
            url=url,
            expires_at=now() + timedelta(seconds=expires_s) if signed else None,
        )

    def posts(
        self,
        *,
        channels: Collection[str],
        video_id: str | None = None,
        platform: str | None = None,
        limit: int = PAGE,
        cursor: str | None = None,
    ) -> Page[PostView]:
        """A page of posts, as they were written beside exports.

        A text that is no longer stored is left out: a page may hold fewer than its limit.

        Raises:
            Misconfigured: the limit is out of its range, or the cursor is none of ours.
        """
        rows, more = self._exports(channels, video_id, platform, limit, cursor)
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            found = list(pool.map(self._post, rows))
        return Page(items=tuple(post for post in found if post is not None), next_cursor=more)

    def _exports(
        self,
        channels: Collection[str],
        video_id: str | None,
        platform: str | None,
        limit: int,
        cursor: str | None,
    ) -> tuple[list[ExportOf], str | None]:
        check_limit(limit)
        rows = self.engine.catalog.outputs.exports(
            limit + 1,
            channels=channels,
            video_id=video_id,
            platform=platform,
            after=_place(cursor, 3) if cursor else None,
        )
        more = _cursor(rows[limit - 1]) if len(rows) > limit else None
        return rows[:limit], more

    def _post(self, row: ExportOf) -> PostView | None:
        key = row.export.key
        name = f"video{PurePosixPath(key).suffix}"
        data = self.engine.store.get_bytes(sibling_key(key, name, "post.json"))
        if data is None:
            return None
        try:
            post = Post.model_validate_json(data)
        except ValidationError:
            return None
        return PostView(
            clip_id=row.clip.clip_id,
            video_id=row.video.video_id,
            channel=row.video.channel,
            platform=row.export.platform,
            rank=row.clip.rank,
            title=post.title,
            description=post.description,
            hashtags=post.hashtags,
            chapters=tuple(PostChapter(start_s=c.start_s, title=c.title) for c in post.chapters),
            language=post.language,
            credits=post.credits,
            text=post.text,
        )


def _clip(row: ClipOf, platforms: Collection[str], review: ReviewState) -> ClipSummary:
    clip = row.clip
    return ClipSummary(
        clip_id=clip.clip_id,
        video_id=clip.video_id,
        channel=row.video.channel,
        rank=clip.rank,
        title=clip.title,
        score=clip.score,
        start_s=clip.start_s,
        end_s=clip.end_s,
        duration_s=clip.duration_s,
        compositions=tuple(clip.compositions),
        platforms=tuple(platforms),
        fingerprint=clip.fingerprint,
        review=review,
        created_at=clip.created_at,
    )


def _export(row: ExportOf) -> ExportView:
    export = row.export
    return ExportView(
        clip_id=export.clip_id,
        video_id=export.video_id,
        channel=row.video.channel,
        platform=export.platform,
        rank=row.clip.rank,
        title=row.clip.title,
        size_bytes=export.size_bytes,
        duration_s=export.duration_s,
        conforms=export.conforms,
        created_at=export.created_at,
    )


def _cursor(row: ClipOf | ExportOf) -> str:
    rest = [str(row.clip.rank), row.clip.clip_id]
    if isinstance(row, ExportOf):
        rest.append(row.export.platform)
    return cursor_after(row.video.created_at, "/".join([row.video.video_id, *rest]))


def _place(cursor: str, columns: int) -> OutputPlace:
    """What `_cursor` made of a row.

    Raises:
        Misconfigured: it is none of this list's.
    """
    at, said = place_of(cursor)
    video_id, *rest = said.split("/")
    if len(rest) != columns or not (rest[0].isdecimal() and rest[0].isascii()):
        raise Refused(f"cursor: {cursor[:80]!r} is none that this list gave; begin without one")
    return OutputPlace(at, video_id, (int(rest[0][:9]), *rest[1:]))

"""Reviews by link: who has the address looks, comments or decides, without an account.

Of a link's token only the SHA-256 is kept. One that is unknown, revoked, expired, or of a video
that is gone is the same to whoever tries it: nothing.
"""

from __future__ import annotations

import hashlib
import hmac
import math
import threading
import unicodedata
import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from vidpipe.accounts.model import Action
from vidpipe.accounts.standing import standing
from vidpipe.accounts.tokens import new_token, sha256
from vidpipe.catalog.paging import newest_first
from vidpipe.catalog.review_states import LinkPermission
from vidpipe.catalog.review_tables import CommentRow, ReviewLinkRow
from vidpipe.catalog.tables import ClipRow, Video, now
from vidpipe.extras import from_extra
from vidpipe.library.errors import Refused, UnknownClip, UnknownComment, UnknownReviewLink
from vidpipe.library.gate_settings import GateSettings
from vidpipe.library.reading import PAGE, check_limit, check_words, cursor_after, place_of
from vidpipe.library.review_views import (
    CommentView,
    ReviewLinkCreated,
    ReviewLinkView,
    comment_view,
    link_view,
)
from vidpipe.library.views import Page
from vidpipe.pipeline.engine import Engine
from vidpipe.storage.keys import channel_of

if TYPE_CHECKING:
    from pwdlib import PasswordHash

#: Characters of a comment, of a name, of a password.
COMMENT, NAME, PASSWORD = 2000, 80, 128
#: A year and a day, in hours.
LONGEST_H = 366 * 24
#: Comments of one link at most: nobody fills the catalog with it.
_MOST_COMMENTS = 500
#: Hashes at once: each takes 64 MiB.
_HASHING = threading.BoundedSemaphore(2)


@dataclass(frozen=True)
class OpenedLink:
    """A link that somebody has the address of, and that still holds.

    Attributes:
        link: without what opens it.
        clips: ids of the clips that it shows, the best first.
        locked: whether a password is asked for that was not given.
    """

    link: ReviewLinkView
    clips: tuple[str, ...]
    locked: bool

    @property
    def may_comment(self) -> bool:
        """Whether it is good for comments."""
        return self.link.permission is not LinkPermission.VIEW

    @property
    def may_decide(self) -> bool:
        """Whether it is good for decisions."""
        return self.link.permission is LinkPermission.DECIDE


class ReviewLinks:
    """Makes and opens links, and keeps what is remarked at times of clips."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def create(
        self,
        video_id: str,
        *,
        clips: Collection[str] | None = None,
        permission: LinkPermission = LinkPermission.COMMENT,
        expires_in_h: float = 168.0,
        password: str | None = None,
        label: str = "",
        created_by: str,
    ) -> ReviewLinkCreated:
        """Make a link to clips of a video; its address is known at this moment alone.

        Args:
            video_id: of a video that there is.
            clips: ids or ranks of its clips; None: all that it has, those that come, too.
            permission: what it is good for.
            expires_in_h: hours for which it holds.
            password: asked for when it is opened; None: nothing.
            label: for whom it is, for people.
            created_by: whoever makes it.

        Raises:
            UnknownClip: the video has no such clip.
            Refused: it would hold for too long, the password is too short or too long, or the
                label is.
        """
        if not 0 < expires_in_h <= LONGEST_H:
            raise Refused(f"expires_in_h: more than 0, at most {LONGEST_H} (a year)")
        if password is not None and not 8 <= len(password) <= PASSWORD:
            raise Refused(f"password: 8 to {PASSWORD} characters")
        token = new_token()
        row = ReviewLinkRow(
            link_id=f"link-{uuid.uuid4().hex[:20]}",
            token_sha256=sha256(token),
            video_id=video_id,
            channel=channel_of(video_id),
            clips=list(self._ids(video_id, clips)) if clips is not None else None,
            permission=permission,
            label=check_words("label", label, 200),
            password_hash=_hashed(password) if password is not None else None,
            expires_at=now() + timedelta(hours=expires_in_h),
            created_by=created_by[:200],
            created_at=now(),
        )
        with self.engine.catalog.writing() as session:
            session.add(row)
        where = self.engine.settings.public_url.rstrip("/")
        return ReviewLinkCreated(link=link_view(row), url=f"{where}/review/{token}")

    def list(
        self,
        *,
        channels: Collection[str],
        video_id: str | None = None,
        limit: int = PAGE,
        cursor: str | None = None,
    ) -> Page[ReviewLinkView]:
        """A page of links, those that were revoked or have expired, too, the newest first."""
        check_limit(limit)
        query = select(ReviewLinkRow).where(ReviewLinkRow.channel.in_(channels))
        if video_id is not None:
            query = query.where(ReviewLinkRow.video_id == video_id)
        after = place_of(cursor) if cursor else None
        query = newest_first(query, ReviewLinkRow.created_at, ReviewLinkRow.link_id, after)
        with self.engine.catalog.session() as session:
            rows = list(session.scalars(query.limit(limit + 1)))
        more = None
        if len(rows) > limit:
            more = cursor_after(rows[limit - 1].created_at, rows[limit - 1].link_id)
        return Page(items=tuple(link_view(row) for row in rows[:limit]), next_cursor=more)

    def get(self, link_id: str) -> ReviewLinkView:
        """One link.

        Raises:
            UnknownReviewLink: there is none of this id.
        """
        with self.engine.catalog.session() as session:
            row = session.get(ReviewLinkRow, link_id)
        if row is None:
            raise UnknownReviewLink(link_id)
        return link_view(row)

    def revoke(self, link_id: str) -> ReviewLinkView:
        """Have a link open nothing any more, at once.

        Raises:
            UnknownReviewLink: there is none of this id.
        """
        with self.engine.catalog.writing() as session:
            row = session.get(ReviewLinkRow, link_id)
            if row is None:
                raise UnknownReviewLink(link_id)
            row.revoked_at = row.revoked_at or now()
        return link_view(row)

    # Opening

    def open(self, token: str, proof: str = "") -> OpenedLink | None:
        """What a token opens; None where it opens nothing, whatever the reason.

        It is good for no more than whoever made it may do now: of one who decides on nothing
        any more it is good for looking, of one who may not look either for nothing.

        Args:
            token: of the address.
            proof: what `unlock` gave for it.
        """
        row = self._row(token)
        if row is None:
            return None
        with self.engine.catalog.session() as session:
            query = select(ClipRow.clip_id).where(ClipRow.video_id == row.video_id)
            every = list(session.scalars(query.order_by(ClipRow.rank)))
            reviews = self._still(session, row, Action.REVIEW)
            decides = self._still(session, row, Action.DECIDE)
        clips = tuple(c for c in every if row.clips is None or c in row.clips)
        locked = row.password_hash is not None and not hmac.compare_digest(
            proof.encode(), _proof(token, row.password_hash).encode()
        )
        link = link_view(row)
        if not reviews:
            link = link.model_copy(update={"permission": LinkPermission.VIEW})
        elif not decides and link.permission is LinkPermission.DECIDE:
            link = link.model_copy(update={"permission": LinkPermission.COMMENT})
        return OpenedLink(link, clips, locked)

    def unlock(self, token: str, password: str) -> str | None:
        """What proves that somebody knows the password of a link; None where they do not."""
        row = self._row(token)
        if row is None or row.password_hash is None:
            return None
        if len(password) > PASSWORD:
            return None
        with _HASHING:
            right = _hasher().verify(_normal(password), row.password_hash)
        return _proof(token, row.password_hash) if right else None

    def used(self, link_id: str) -> None:
        """Somebody looked by this link; kept to the hour."""
        at = now()
        query = (
            update(ReviewLinkRow)
            .where(
                ReviewLinkRow.link_id == link_id,
                ReviewLinkRow.last_used_at.is_(None)
                | (ReviewLinkRow.last_used_at < at - timedelta(hours=1)),
            )
            .values(last_used_at=at)
        )
        seen = select(ReviewLinkRow.last_used_at).where(ReviewLinkRow.link_id == link_id)
        with self.engine.catalog.session() as session:
            last = session.scalar(seen)
        if last is None or last < at - timedelta(hours=1):
            with self.engine.catalog.writing() as session:
                session.execute(query)

    def _row(self, token: str) -> ReviewLinkRow | None:
        if not 20 <= len(token) <= 100:
            return None
        query = (
            select(ReviewLinkRow)
            .join(Video, Video.video_id == ReviewLinkRow.video_id)
            .where(
                ReviewLinkRow.token_sha256 == sha256(token),
                ReviewLinkRow.revoked_at.is_(None),
                ReviewLinkRow.expires_at > now(),
                Video.state == "accepted",
            )
        )
        with self.engine.catalog.session() as session:
            row = session.scalars(query).one_or_none()
            return row if row is not None and self._still(session, row, Action.READ) else None

    def _still(self, session: Session, row: ReviewLinkRow, action: Action) -> bool:
        """Whether whoever made a link may do this now where it leads."""
        channel, maker = self.engine.channels.get(row.channel), standing(session, row.created_by)
        if channel is None or maker is None:
            return False
        if action is Action.DECIDE:
            return GateSettings(self.engine).may_decide(maker, row.channel)
        return maker.may(action, channel.organisation, row.channel)

    def _ids(self, video_id: str, clips: Collection[str]) -> Sequence[str]:
        known = self.engine.catalog.clips(video_id)
        by_name = {str(row.rank): row.clip_id for row in known}
        by_name |= {row.clip_id: row.clip_id for row in known}
        for clip in clips:
            if clip not in by_name:
                raise UnknownClip(video_id, clip)
        return list(dict.fromkeys(by_name[clip] for clip in clips))

    # Comments

    def comments(
        self,
        video_id: str,
        *,
        clips: Sequence[str] | None = None,
        limit: int = PAGE,
        cursor: str | None = None,
    ) -> Page[CommentView]:
        """A page of what was remarked of the clips of a video, the oldest first.

        Args:
            video_id: of the video.
            clips: ids or ranks, only of these.
            limit: comments on the page, 1 to 500.
            cursor: of the page before.

        Raises:
            UnknownClip: the video has no such clip.
            Misconfigured: the limit is out of its range, or the cursor is none of ours.
        """
        check_limit(limit)
        after = place_of(cursor)[1] if cursor else None
        if after is not None and not (after.isdecimal() and len(after) <= 18):
            raise Refused("cursor: it is none that a list gave; begin without one")
        rows = self.engine.catalog.reviews.comments(
            limit + 1,
            video_id=video_id,
            clips=self._ids(video_id, clips) if clips is not None else None,
            after=int(after) if after is not None else None,
        )
        more = None
        if len(rows) > limit:
            more = cursor_after(rows[limit - 1].created_at, str(rows[limit - 1].id))
        return Page(items=tuple(comment_view(row) for row in rows[:limit]), next_cursor=more)

    def latest(self, video_id: str, clips: Collection[str], limit: int) -> Sequence[CommentView]:
        """The last remarks of these clips, by id, the oldest of them first."""
        query = select(CommentRow).where(
            CommentRow.video_id == video_id, CommentRow.clip_id.in_(clips)
        )
        with self.engine.catalog.session() as session:
            rows = session.scalars(query.order_by(CommentRow.id.desc()).limit(limit)).all()
        return tuple(comment_view(row) for row in reversed(rows))

    def comment(
        self, video_id: str, clip: str, at_s: float, text: str, *, by: str, by_name: str
    ) -> CommentView:
        """Remark something at a second of a clip.

        Raises:
            UnknownClip: the video has no such clip.
            Refused: there is no text, or too much; the clip has no such second; there are
                too many comments by one link already.
        """
        text, by_name = check_words("text", text, COMMENT), check_words("name", by_name, 200)
        if not text:
            raise Refused(f"text: 1 to {COMMENT} characters")
        if not by_name:
            raise Refused("name: say who you are")
        (clip_id,) = self._ids(video_id, [clip])
        with self.engine.catalog.writing() as session:
            found = session.get(ClipRow, (clip_id, video_id))
            if found is None:
                raise UnknownClip(video_id, clip)
            if not (math.isfinite(at_s) and 0 <= at_s <= found.duration_s + 0.5):
                raise Refused(f"at_s: from 0 to {found.duration_s:.1f}, the length of the clip")
            if by.startswith("link:"):
                own = select(CommentRow.id).where(
                    CommentRow.video_id == video_id, CommentRow.by == by
                )
                if len(session.scalars(own.limit(_MOST_COMMENTS)).all()) >= _MOST_COMMENTS:
                    raise Refused(f"there are {_MOST_COMMENTS} comments by this link already")
            row = CommentRow(
                video_id=video_id,
                clip_id=clip_id,
                channel=channel_of(video_id),
                fingerprint=found.fingerprint,
                at_s=min(at_s, found.duration_s),
                text=text,
                by=by[:200],
                by_name=by_name,
                created_at=now(),
            )
            session.add(row)
        return comment_view(row)

    def get_comment(self, number: int) -> CommentView:
        """One comment.

        Raises:
            UnknownComment: there is none of this number.
        """
        row = self.engine.catalog.reviews.comment(number)
        if row is None:
            raise UnknownComment(number)
        return comment_view(row)

    def resolve(self, number: int, *, resolved: bool, by: str) -> CommentView:
        """Say that something was seen to, or is not after all.

        Raises:
            UnknownComment: there is none of this number.
        """
        with self.engine.catalog.writing() as session:
            row = session.get(CommentRow, number)
            if row is None:
                raise UnknownComment(number)
            if resolved != (row.resolved_at is not None):
                row.resolved_at = now() if resolved else None
                row.resolved_by = by[:200] if resolved else None
        return comment_view(row)


def _proof(token: str, password_hash: str) -> str:
    """Kept by a browser in place of the password: of no use with another link."""
    return hmac.new(password_hash.encode(), token.encode(), hashlib.sha256).hexdigest()


def _hasher() -> PasswordHash:
    with from_extra("service"):
        from pwdlib import PasswordHash
        from pwdlib.hashers.argon2 import Argon2Hasher
    return PasswordHash((Argon2Hasher(),))


def _hashed(password: str) -> str:
    with _HASHING:
        return _hasher().hash(_normal(password))


def _normal(password: str) -> bytes:
    """One form for the same letters, however a keyboard makes them."""
    return unicodedata.normalize("NFKC", password).encode("utf-8", "surrogatepass")

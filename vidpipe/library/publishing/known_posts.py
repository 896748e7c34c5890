"""Posts as they are: lists, one closely, and how far each is at its platform."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from pathlib import Path

from pydantic import ValidationError
from sqlalchemy import func, select

from vidpipe.catalog.post_states import ACTIONS, UNSENT, PostAction, PostState
from vidpipe.catalog.posts import PostOf, PostQuery, opens_later
from vidpipe.catalog.publishing_tables import (
    PostFiguresRow,
    PostRequestRow,
    PostRow,
    SocialAccountRow,
)
from vidpipe.catalog.tables import now
from vidpipe.encryption import Vault
from vidpipe.errors import Misconfigured
from vidpipe.library.errors import AccountBroken, NoExport, Refused, UnknownClip, UnknownPost
from vidpipe.library.publishing.accounts import SocialAccounts
from vidpipe.library.publishing.building import PostBuilder, PostProgress
from vidpipe.library.publishing.schedule import Schedule
from vidpipe.library.publishing.tokens import RESEAL
from vidpipe.library.publishing.views import (
    PostChanges,
    PostRefusalView,
    PostRequestView,
    ShownFigures,
    SocialPost,
    SocialPostDetail,
)
from vidpipe.library.reading import PAGE, check_limit, cursor_after, place_of
from vidpipe.library.reviews import Reviews
from vidpipe.library.views import Page
from vidpipe.pipeline.engine import Engine
from vidpipe.publishing.folder import PostFolder
from vidpipe.publishing.machine import Machine
from vidpipe.publishing.model import Publication, RemoteState
from vidpipe.publishing.platforms import PLATFORMS
from vidpipe.publishing.webhook import PostingWebhook


class KnownPosts:
    """What is known of posts; nothing here changes one.

    Args:
        engine: settings, channels, catalog, store.
        reviews: says which clips may be published.
        accounts: whom posts go to.
        schedule: gives them their moments.
        vault: gives what encrypts how far they are.
        clock: says which moment it is.
    """

    def __init__(
        self,
        engine: Engine,
        reviews: Reviews,
        accounts: SocialAccounts,
        schedule: Schedule,
        vault: Callable[[], Vault],
        *,
        clock: Callable[[], datetime] = now,
    ) -> None:
        self.engine = engine
        self.rows = engine.catalog.posts
        self.reviews = reviews
        self.accounts = accounts
        self.schedule = schedule
        self.builder = PostBuilder(engine, schedule.defaults)
        self._vault = vault
        self._now = clock

    # Looking

    def list(
        self,
        *,
        channels: Collection[str],
        platform: str | None = None,
        states: Collection[PostState] = (),
        video_id: str | None = None,
        account_id: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        limit: int = PAGE,
        cursor: str | None = None,
    ) -> Page[SocialPost]:
        """A page of posts, those that were made last first.

        Args:
            channels: only of these.
            platform: only there.
            states: only in one of these; empty: in any.
            video_id: only of this video.
            account_id: only to this account.
            since: posted, or to be posted, from then on.
            until: and before then.
            limit: posts on the page, 1 to 500.
            cursor: of the page before.

        Raises:
            Misconfigured: the limit is out of its range, or the cursor is none of ours.
            Refused: a moment is out of reason.
        """
        check_limit(limit)
        if any(one is not None and not 1971 <= one.year <= 9000 for one in (since, until)):
            raise Refused("from and to: between 1971 and 9000")
        asked = PostQuery(
            channels, platform, [str(s) for s in states], video_id, account_id, since, until
        )
        found = self.rows.page(limit + 1, asked, place_of(cursor) if cursor else None)
        more = None
        if len(found) > limit:
            last = found[limit - 1].post
            more = cursor_after(last.created_at, last.post_id)
        return Page(items=self.views(found[:limit]), next_cursor=more)

    def views(self, found: Sequence[PostOf]) -> tuple[SocialPost, ...]:
        """Posts as they are shown, with what is known of how they are doing."""
        figures = self._figures([one.post.post_id for one in found])
        return tuple(_view(one, figures.get(one.post.post_id)) for one in found)

    def get(self, post_id: str) -> SocialPost:
        """One post.

        Raises:
            UnknownPost: there is none of this id.
        """
        found = self.rows.one(post_id)
        if found is None:
            raise UnknownPost(post_id)
        return self.views([found])[0]

    def detail(self, post_id: str) -> SocialPostDetail:
        """A post closely: what would be sent now, and what its platform would refuse of it, or
        the schedule of its channel.

        Raises:
            UnknownPost: there is none of this id.
        """
        view, row = self.get(post_id), self._row(post_id)
        progress = self.progress(row)
        publication, preset, missing = None, "", ""
        if progress is not None:
            publication, preset = progress.publication, progress.file.preset
        elif row.state not in (PostState.CANCELLED, PostState.DELETED):
            try:
                export = self.builder.export(row, self._fingerprint(row))
                publication, preset = self.builder.publication(row, export), export.file.preset
            except (NoExport, UnknownClip) as error:
                missing = str(error)
        # What is there already needs no file of ours any more.
        missing = "" if row.state == PostState.POSTED else missing
        refusals = [PostRefusalView(field="video", words=missing)] if missing else []
        if row.state in (*UNSENT, PostState.HELD):
            if publication is not None:
                refusals += self.refusals(row, publication)
            double = self.schedule.duplicate(row.account_id, row.video_id, row.clip_id, row)
            refusals += [PostRefusalView(field="clip", words=double)] if double else []
        said = PostChanges.model_validate(row.changes)
        return SocialPostDetail(
            **dict(view),
            text=publication.text if publication is not None else said.text or "",
            tags=publication.tags if publication is not None else said.tags or (),
            privacy=publication.privacy if publication is not None else said.privacy or "",
            export=preset,
            changes=said,
            refusals=tuple(refusals),
            notes=progress.state.notes if progress is not None else (),
            requests=tuple(_request(one) for one in self.rows.requests(post_id)),
        )

    def refusals(self, row: PostRow, publication: Publication) -> Sequence[PostRefusalView]:
        """What its platform would refuse of a post, before anything is sent."""
        try:
            account = self.accounts.posting_account(row.account_id)
            found = self.machine(row.account_id, row.platform).check(publication, account)
        except AccountBroken as broken:
            return [PostRefusalView(field="account", words=broken.words)]
        return [PostRefusalView(field=one.field, words=one.words) for one in found]

    def _fingerprint(self, row: PostRow) -> str:
        return self.reviews.get(row.video_id, row.clip_id).fingerprint or row.fingerprint

    def _figures(self, post_ids: Sequence[str]) -> dict[str, ShownFigures]:
        newest = (
            select(PostFiguresRow.post_id, func.max(PostFiguresRow.day).label("day"))
            .where(PostFiguresRow.post_id.in_(post_ids))
            .group_by(PostFiguresRow.post_id)
            .subquery()
        )
        same = (PostFiguresRow.post_id == newest.c.post_id) & (PostFiguresRow.day == newest.c.day)
        with self.engine.catalog.session() as session:
            rows = session.scalars(select(PostFiguresRow).join(newest, same)).all()
        return {row.post_id: ShownFigures.model_validate(row, from_attributes=True) for row in rows}

    def _row(self, post_id: str) -> PostRow:
        row = self.rows.get(post_id)
        if row is None:
            raise UnknownPost(post_id)
        return row

    # How far they are

    def progress(self, row: PostRow) -> PostProgress | None:
        """How far a post is; None: it was not begun.

        Raises:
            Misconfigured: it was encrypted with another key, or written by another version.
        """
        if row.remote is None:
            return None
        try:
            return PostProgress.model_validate_json(self._vault().open(row.remote))
        except ValidationError as error:
            raise Misconfigured(
                f"{row.post_id}: how far it is was written by another version: run that one"
            ) from error

    def opened(self, row: PostRow) -> RemoteState | None:
        """Where a post stands at its platform; None: nowhere yet."""
        found = self.progress(row)
        return found.state if found is not None else None

    def sealed(self, progress: PostProgress) -> str:
        """How far a post is, encrypted."""
        return self._vault().seal(progress.model_dump_json())

    def reseal(self) -> bool:
        """Encrypt a portion again of what was encrypted with an older key; whether there is more.

        All posts are looked at when there is a new key, and then once a week, as a process may
        have had the older one for longer: by one process for all.
        """
        vault, turns = self._vault(), self.engine.catalog.turns
        turn = turns.take(f"posts under key {vault.key_id}")
        if turn is None:
            return False
        last = self.rows.reseal(vault.renewed, after=turn.place)
        turns.done(turn, last or "", RESEAL)
        return last is not None

    def machine(self, account_id: str, platform: str) -> Machine:
        """What speaks a platform for an account; of a broken one it only reckons."""
        try:
            return self.accounts.machine(account_id)
        except AccountBroken:
            if platform in PLATFORMS:
                return PLATFORMS[platform]()
            if platform == "folder":
                return PostFolder(Path("/nonexistent"))
            return PostingWebhook("https://receiver.invalid")

    def application(self, account_id: str) -> str:
        """Whose quotas the requests for an account are counted in."""
        with self.engine.catalog.session() as session:
            row = session.get(SocialAccountRow, account_id)
            return row.application if row is not None else ""

    def account_problem(self, account_id: str) -> str:
        """Why nothing can be posted to an account now; empty: nothing is in the way."""
        with self.engine.catalog.session() as session:
            row = session.get(SocialAccountRow, account_id)
        if row is None or row.state == "connected":
            return ""
        return row.problem or "The account is not connected: connect it again."


def actions_of(row: PostRow) -> tuple[PostAction, ...]:
    """What may be asked of a post as it stands."""
    found = ACTIONS[PostState(row.state)]
    if row.remote is None and row.state == PostState.POSTED:
        return ()
    if row.state == PostState.POSTED and opens_later(row):
        return (*found, PostAction.CANCEL)
    return found


def _view(found: PostOf, figures: ShownFigures | None) -> SocialPost:
    row = found.post
    return SocialPost(
        post_id=row.post_id,
        channel=row.channel,
        video_id=row.video_id,
        clip_id=row.clip_id,
        rank=found.rank,
        platform=row.platform,
        account_id=row.account_id,
        account_name=found.account_name,
        state=PostState(row.state),
        title=row.title,
        score=row.score,
        at=row.at,
        slot=row.slot,
        url=row.url,
        problem=row.problem,
        code=row.code,
        waits_until=row.waits_until,
        attempts=row.attempts,
        approved_by=row.approved_by,
        approved_at=row.approved_at,
        created_by=row.created_by,
        created_at=row.created_at,
        updated_at=row.updated_at,
        posted_at=row.posted_at,
        figures=figures,
        actions=actions_of(row),
    )


def _request(row: PostRequestRow) -> PostRequestView:
    return PostRequestView(at=row.at, operation=row.operation, outcome=row.outcome, words=row.words)

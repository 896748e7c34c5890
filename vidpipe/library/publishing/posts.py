"""Posts: who wants which clip posted where and when, and what people may do to a post."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from pydantic import ValidationError
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from vidpipe.catalog import schedules
from vidpipe.catalog.post_states import UNSENT, PostAction, PostState
from vidpipe.catalog.posts import moved, released
from vidpipe.catalog.publishing_tables import PostRow
from vidpipe.catalog.review_states import ReviewState
from vidpipe.catalog.states import WrongState
from vidpipe.errors import Misconfigured
from vidpipe.library.errors import AlreadyPosted, NotApproved, Refused, UnknownPost
from vidpipe.library.publishing.building import PostProgress
from vidpipe.library.publishing.known_posts import KnownPosts, actions_of
from vidpipe.library.publishing.outcomes import settled
from vidpipe.library.publishing.views import PostChanges, SocialPost
from vidpipe.publishing.calls import web_address
from vidpipe.publishing.model import Task
from vidpipe.storage.keys import channel_of

#: How far back a moment may be that a post is asked for, as clocks differ.
_GRACE = timedelta(minutes=5)
#: How far ahead.
_FURTHEST = timedelta(days=366)
_NOT_THERE = "It was looked for, and is not there."
_LOOK = "Look at the account, and then mark this post as posted or not."
#: What was asked of a post that cannot be now.
_DONE = {
    PostAction.CHANGE: "changed",
    PostAction.MOVE: "moved",
    PostAction.NOW: "sent",
    PostAction.CANCEL: "cancelled",
    PostAction.RETRY: "tried again",
    PostAction.DECIDE: "decided on",
    PostAction.DELETE: "taken down",
    PostAction.UPDATE: "changed there",
}


class SocialPosts(KnownPosts):
    """Makes posts, and does to them what people ask for; `driver` does the rest."""

    # Making

    def make(
        self,
        video_id: str,
        clip: str,
        account_id: str,
        *,
        at: datetime | None = None,
        at_once: bool = False,
        anyway: bool = False,
        changes: PostChanges | None = None,
        by: str,
    ) -> SocialPost:
        """Have a clip posted to an account of its channel; one that waits for approval waits.

        Args:
            video_id: of the clip.
            clip: its id or rank.
            account_id: of `Library.social_accounts`.
            at: when; None: in the next free slot of its channel.
            at_once: as soon as it may be, in place of a moment.
            anyway: also where rules of the schedule speak against the moment.
            changes: what is said in place of what export and channel say.
            by: whoever asks.

        Raises:
            UnknownClip: the video has no such clip.
            UnknownSocialAccount: there is no such account.
            Refused: the account is another channel's or disconnected, the clip was rejected, its
                channel makes no file for the platform, or another channel posts the same.
            AlreadyPosted: the account has the clip already, or is to have it.
            ScheduleConflict: what speaks against the moment.
        """
        item = self.reviews.get(video_id, clip)
        account = self.accounts.get(account_id)
        channel = channel_of(video_id)
        if account.channel != channel:
            raise Refused(
                f"{account_id} is an account of the channel {account.channel}, and the clip of "
                f"{channel}"
            )
        if account.state == "disconnected":
            raise Refused(f"{account_id} is disconnected: connect it again first")
        if at is not None and at_once:
            raise Refused("at and now: one of them")
        if item.state is ReviewState.REJECTED:
            raise NotApproved(video_id, item.clip_id, "it was rejected")
        changes = changes or PostChanges()
        self.builder.presets(channel, account.platform, changes.export)
        self._check_moment(at)
        words = self.schedule.duplicate(account_id, video_id, item.clip_id)
        if words:
            raise Refused(words)
        moment = self._now() if at_once else at
        row = PostRow(
            post_id=f"post-{uuid.uuid4().hex[:20]}",
            channel=channel,
            video_id=video_id,
            clip_id=item.clip_id,
            platform=account.platform,
            account_id=account_id,
            fingerprint=item.fingerprint or "",
            state=PostState.WAITING,
            title=(changes.title or item.title)[:512],
            changes=changes.said,
            score=item.score,
            at=moment,
            opens_at=self._opens(changes, moment),
            # What a person wants all the same is before the pace of the channel.
            pinned=at_once and self._opens(changes, moment) is None,
            created_by=by[:200],
            due_at=self._now(),
            claims=0,
        )
        self._look(row)

        def check(session: Session) -> None:
            # Of several that are made at once, each sees those that were before it. Its account
            # comes first also where its moment is chosen later, maybe in this transaction.
            schedules.locked_account(session, account_id)
            shown = row.opens_at or at
            other = self.rows.standing(account_id, video_id, item.clip_id, session)
            if shown is None or other is not None:
                return
            found = self.schedule.refuse_conflicts(session, account_id, shown, anyway=anyway)
            row.pinned = row.pinned or found

        if not self.rows.add(row, check):
            found = self.rows.standing(account_id, video_id, item.clip_id)
            raise AlreadyPosted(
                found.post_id if found else "a post", found.state if found else "made just now"
            )
        if row.state == PostState.QUEUED:
            self.schedule.place(row.post_id)
        return self.get(row.post_id)

    def _opens(self, changes: PostChanges, at: datetime | None) -> datetime | None:
        """When its platform shows a post, where that is later than it is sent."""
        opens = changes.publish_at
        return opens if opens is not None and opens > max(at or self._now(), self._now()) else None

    def _look(self, row: PostRow) -> None:
        """Where a new post begins: it waits for approval, for a slot, or for its moment."""
        try:
            approval = self.reviews.may_publish(row.video_id, row.clip_id)
        except NotApproved as error:
            row.problem, row.code = str(error), "not_approved"
            return
        if approval is not None:
            row.approved_by, row.approved_at = approval.by[:200], approval.at
        row.state = PostState.QUEUED if row.at is None else PostState.SCHEDULED

    def _check_moment(self, at: datetime | None) -> None:
        if at is None:
            return
        if at.tzinfo is None:
            raise Refused("at: with a time zone, such as 2026-03-01T12:00:00Z")
        if not self._now() - _GRACE <= at <= self._now() + _FURTHEST:
            raise Refused("at: a moment to come, within a year")

    # Changing

    def change(self, post_id: str, changes: PostChanges) -> SocialPost:
        """Say something else in a post; of one that is posted the platform is asked to change it.

        A post that was held because of what it said goes on.

        Raises:
            UnknownPost: there is none of this id.
            WrongState: it is being sent, or has ended.
            Refused: its file cannot be another any more, or what is said is nothing that can be.
        """
        row = self._row(post_id)
        if PostAction.UPDATE in actions_of(row):
            return self._update(row, changes)
        work = self._changing(row, changes)
        opens = self._opens(changes, row.at)
        if opens is None or opens == row.opens_at:
            return self._changed(post_id, work)

        def check(session: Session) -> None:
            pinned = row.pinned
            self.schedule.refuse_conflicts(
                session, row.account_id, opens, anyway=pinned, without=post_id
            )

        return self._changed(post_id, work, first=check)

    def _changing(self, row: PostRow, changes: PostChanges) -> Callable[[Session, PostRow], None]:
        """What changes what a post that is not posted says."""
        self._may(row, PostAction.CHANGE)
        self.builder.presets(row.channel, row.platform, changes.export)

        def work(_: Session, mine: PostRow) -> None:
            self._may(mine, PostAction.CHANGE)
            mine.changes = _merged(mine.changes, changes)
            mine.title = (changes.title or mine.title)[:512]
            if "publish_at" in changes.model_fields_set:
                mine.opens_at = self._opens(changes, mine.at)
            if mine.state == PostState.HELD:
                progress = self.progress(mine)
                if progress is not None:
                    fresh = self.builder.changed(mine, progress.publication)
                    mine.remote = self.sealed(progress.model_copy(update={"publication": fresh}))
                released(mine, self._now())
            elif mine.state in UNSENT:
                mine.due_at = self._now()

        return work

    def _update(self, row: PostRow, changes: PostChanges) -> SocialPost:
        if "publish_at" in changes.model_fields_set:
            raise Refused("publish_at: its platform has it already; cancel the post, or delete it")

        def work(_: Session, mine: PostRow) -> None:
            mine.changes = _merged(mine.changes, changes)
            progress = self._progress(mine)
            fresh = self.builder.changed(mine, progress.publication)
            mine.title = fresh.title[:512]
            self._ask(mine, progress.model_copy(update={"publication": fresh}), Task.UPDATE)

        return self._changed(row.post_id, work, PostAction.UPDATE)

    def move(
        self,
        post_id: str,
        *,
        at: datetime | None = None,
        slot: str | None = None,
        anyway: bool = False,
        changes: PostChanges | None = None,
    ) -> SocialPost:
        """Give a post another moment, see `Schedule.move`, and with `changes` say something else
        in it: both or neither."""
        self._check_moment(at)
        self._move(post_id, at, slot, anyway=anyway, changes=changes)
        return self.get(post_id)

    def _move(
        self,
        post_id: str,
        at: datetime | None,
        slot: str | None = None,
        *,
        anyway: bool,
        changes: PostChanges | None = None,
    ) -> None:
        before = self._row(post_id)
        also = self._changing(before, changes) if changes is not None else None
        try:
            self.schedule.move(post_id, at=at, slot=slot, anyway=anyway, also=also)
        except ValidationError as error:
            one = error.errors()[0]
            raise Refused(f"{'.'.join(map(str, one['loc']))}: {one['msg']}") from error
        if before.state == PostState.WAITING and before.lease is None:
            # It waits still, unless somebody approved meanwhile: that is looked at at once.
            self.rows.change(post_id, lambda _, mine: setattr(mine, "due_at", self._now()))

    def post_now(self, post_id: str) -> SocialPost:
        """Have a post sent as soon as it may be, whatever its channel's schedule says.

        Raises:
            UnknownPost: there is none of this id.
            WrongState: it is sent already, or has ended.
            ScheduleConflict: what speaks against it all the same.
        """
        self._may(self._row(post_id), PostAction.NOW)
        self._move(post_id, self._now(), anyway=True)
        return self.get(post_id)

    def cancel(self, post_id: str) -> SocialPost:
        """Take a post back that is not public yet; what was sent of it is removed.

        Raises:
            UnknownPost: there is none of this id.
            WrongState: it is posted already, or has ended.
        """

        def work(session: Session, mine: PostRow) -> None:
            try:
                progress = self.progress(mine)
            except Misconfigured as error:
                # What was sent of it cannot be told, so that nothing of it can be taken back.
                mine.due_at = mine.waits_until = None
                mine.problem, mine.code = f"{_LOOK} {error}", "misconfigured"
                moved(session, mine, PostState.UNCERTAIN)
                return
            if progress is None or progress.untouched:
                mine.due_at, mine.problem, mine.code, mine.remote = None, "", "", None
                moved(session, mine, PostState.CANCELLED)
                return
            if mine.state == PostState.POSTED:
                # Nobody sees it yet: its platform makes it public later.
                self._ask(mine, progress, Task.DELETE)
                mine.problem, mine.code = "It is being taken back.", "cancelling"
                return
            self._ask(mine, progress, Task.CANCEL)
            moved(session, mine, PostState.POSTING)
            mine.problem, mine.code = "It is being taken back.", "cancelling"

        return self._changed(post_id, work, PostAction.CANCEL)

    def retry(self, post_id: str) -> SocialPost:
        """Have a post tried again: from nothing where it failed, where it was where it is held.

        Raises:
            UnknownPost: there is none of this id.
            WrongState: nothing is in its way.
            AlreadyPosted: another post of the same clip to the account stands by now.
        """
        row = self._row(post_id)
        self._may(row, PostAction.RETRY)
        other = self.rows.standing(row.account_id, row.video_id, row.clip_id)
        if other is not None and other.post_id != post_id:
            raise AlreadyPosted(other.post_id, other.state)

        def work(session: Session, mine: PostRow) -> None:
            if mine.state == PostState.HELD:
                released(mine, self._now())
                return
            mine.remote, mine.remote_id, mine.problem, mine.code = None, "", "", ""
            # What is shown there is another post, or was removed.
            mine.url, mine.posted_at = "", None
            mine.at = mine.slot = mine.waits_until = None
            mine.opens_at = self._opens(PostChanges.model_validate(mine.changes), None)
            mine.due_at = self._now()
            moved(session, mine, PostState.QUEUED)

        return self._changed(post_id, work, PostAction.RETRY)

    def decide(self, post_id: str, *, posted: bool, url: str = "") -> SocialPost:
        """Say of an uncertain post whether it is there, after looking at the account.

        Args:
            post_id: of the post.
            posted: whether it is.
            url: where, if so.

        Raises:
            UnknownPost: there is none of this id.
            WrongState: nobody has to say so.
            Refused: the address is none of a page.
        """
        if url and not web_address(url):
            raise Refused("url: an https address")

        def work(session: Session, mine: PostRow) -> None:
            try:
                progress = self.progress(mine)
            except Misconfigured:
                progress = mine.remote = None
            if progress is None:
                mine.problem = mine.code = ""
                if not posted:
                    mine.problem, mine.code = _NOT_THERE, "not_there"
                moved(session, mine, PostState.POSTED if posted else PostState.FAILED)
                mine.url = url
                return
            machine = self.machine(mine.account_id, mine.platform)
            state = machine.decided(progress.state, posted=posted, url=url)
            at = self._now()
            if posted:
                settled(session, mine, progress.at(state), machine, at, self.sealed)
                return
            mine.remote, mine.due_at, mine.waits_until = self.sealed(progress.at(state)), None, None
            mine.problem, mine.code = _NOT_THERE, "not_there"
            moved(session, mine, PostState.FAILED)

        return self._changed(post_id, work, PostAction.DECIDE)

    def delete(self, post_id: str) -> SocialPost:
        """Have a post taken down at its platform.

        Raises:
            UnknownPost: there is none of this id.
            WrongState: it is not posted.
            Refused: the platform has no way to do this.
        """
        row = self._row(post_id)
        self._may(row, PostAction.DELETE)
        without = self.machine(row.account_id, row.platform).without.get(Task.DELETE)
        if without:
            raise Refused(without)

        def work(_: Session, mine: PostRow) -> None:
            self._ask(mine, self._progress(mine), Task.DELETE)
            mine.problem, mine.code = "It is being taken down.", "deleting"

        return self._changed(post_id, work, PostAction.DELETE)

    def review(self, post_id: str) -> SocialPost:
        """Have it looked at once whether what was posted is still there.

        Raises:
            UnknownPost: there is none of this id.
            WrongState: it is not posted.
        """

        def work(_: Session, mine: PostRow) -> None:
            progress = self._progress(mine)
            if progress.state.ended:
                self._ask(mine, progress, Task.REVIEW)

        return self._changed(post_id, work, PostAction.DELETE)

    # Within

    def _ask(self, row: PostRow, progress: PostProgress, task: Task) -> None:
        """Have its platform asked for something, at once."""
        machine = self.machine(row.account_id, row.platform)
        state = machine.asked(progress.state, task, self._now())
        row.remote = self.sealed(progress.asking(state))
        row.due_at, row.waits_until = self._now(), None

    def _changed(
        self,
        post_id: str,
        work: Callable[[Session, PostRow], None],
        action: PostAction | None = None,
        first: Callable[[Session], object] = lambda _: None,
    ) -> SocialPost:
        def checked(session: Session, mine: PostRow) -> None:
            if action is not None:
                self._may(mine, action)
            work(session, mine)

        try:
            found = self.rows.change(post_id, checked, first)
        except ValidationError as error:
            one = error.errors()[0]
            raise Refused(f"{'.'.join(map(str, one['loc']))}: {one['msg']}") from error
        except IntegrityError as error:
            # Another post of the clip has come to stand since this one was looked at.
            raise AlreadyPosted("another post of the clip", "made just now") from error
        if found is None:
            raise UnknownPost(post_id)
        return self.get(post_id)

    def _may(self, row: PostRow, action: PostAction) -> None:
        if action not in actions_of(row):
            done = _DONE[action]
            raise WrongState(f"{row.post_id} cannot be {done} now: it is {row.state}")

    def _progress(self, row: PostRow) -> PostProgress:
        found = self.progress(row)
        if found is None:
            raise WrongState(f"{row.post_id} was marked by hand: nothing is known of it there")
        return found


def _merged(before: Mapping[str, object], changes: PostChanges) -> dict[str, object]:
    """What is said of a post from now on; what is null is not said any more."""
    back = changes.model_fields_set - changes.said.keys()
    return {k: v for k, v in {**before, **changes.said}.items() if k not in back}

"""Approving and rejecting: clips one by one, gates as a whole, and what follows from it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from functools import cached_property

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from vidpipe.accounts.audit import Actor, record
from vidpipe.catalog import reviews as rows
from vidpipe.catalog.outputs import OutputPlace
from vidpipe.catalog.review_states import (
    GateState,
    NotDecided,
    Reason,
    ReviewState,
    Verdict,
)
from vidpipe.catalog.review_tables import GateRow
from vidpipe.catalog.reviews import Decider, DecisionSaid
from vidpipe.catalog.tables import ClipRow, now
from vidpipe.channels.reviews import GateMode, GateName
from vidpipe.clips.model import RenderedClips, clip_fingerprint
from vidpipe.library.errors import (
    NotApproved,
    Refused,
    UnknownClip,
    UnknownDecision,
    UnknownGate,
)
from vidpipe.library.reading import PAGE, check_limit, check_words, cursor_after, place_of
from vidpipe.library.review_keeping import KeptReviews
from vidpipe.library.review_links import ReviewLinks
from vidpipe.library.review_views import (
    Approval,
    GateView,
    ReviewDetail,
    ReviewItem,
    decision_view,
    gate_view,
    item_fields,
)
from vidpipe.library.views import Page
from vidpipe.operations.gates import clips_seen
from vidpipe.pipeline.steps.clips import CLIPS
from vidpipe.pipeline.steps.exports import EXPORTS
from vidpipe.storage.keys import channel_of

#: Characters of a note.
NOTE = 2000


class Reviews(KeptReviews):
    """Who decides what of clips and gates; see `vidpipe.catalog.reviews` for what is written."""

    @cached_property
    def links(self) -> ReviewLinks:
        """Links for reviewers without an account, and what is remarked at times of clips."""
        return ReviewLinks(self.engine)

    # Looking

    def list(
        self,
        *,
        channels: Collection[str],
        video_id: str | None = None,
        state: ReviewState | None = None,
        needed: bool | None = None,
        limit: int = PAGE,
        cursor: str | None = None,
    ) -> Page[ReviewItem]:
        """A page of clips, those of the newest videos first, of each the best first.

        Args:
            channels: only of these.
            video_id: only of this video.
            state: only those that stand so.
            needed: only those that a gate waits for, or only the others.
            limit: clips on the page, 1 to 500.
            cursor: of the page before.

        Raises:
            Misconfigured: the limit is out of its range, or the cursor is none of ours.
        """
        check_limit(limit)
        if video_id is not None:
            self._complete(video_id)
        found = self.engine.catalog.reviews.clips(
            limit + 1,
            channels=channels,
            video_id=video_id,
            state=state,
            needed=needed,
            after=_place(cursor) if cursor else None,
        )
        more = None
        if len(found) > limit:
            last = found[limit - 1]
            rest = f"{last.clip.rank}/{last.clip.clip_id}"
            more = cursor_after(last.video.created_at, f"{last.video.video_id}/{rest}")
        items = tuple(ReviewItem(**item_fields(one)) for one in found[:limit])
        return Page(items=items, next_cursor=more)

    def get(self, video_id: str, clip: str) -> ReviewDetail:
        """A clip, by its id or rank, with everything that was decided of it.

        Raises:
            UnknownClip: the video has no such clip.
        """
        return self._detail(video_id, self._clip_id(video_id, clip))

    def _detail(self, video_id: str, clip_id: str) -> ReviewDetail:
        catalog = self.engine.catalog
        found = catalog.reviews.clips(
            1, channels=[channel_of(video_id)], video_id=video_id, clip_id=clip_id
        )
        if not found:
            raise UnknownClip(video_id, clip_id)
        now_is = found[0].clip.fingerprint
        history = catalog.reviews.history(video_id, clip_id)
        return ReviewDetail(
            **item_fields(found[0]), history=tuple(decision_view(row, now_is) for row in history)
        )

    def gates(
        self,
        *,
        channels: Collection[str],
        video_id: str | None = None,
        state: GateState | None = None,
        limit: int = PAGE,
        cursor: str | None = None,
    ) -> Page[GateView]:
        """A page of gates at which videos wait or waited, the newest first.

        Raises:
            Misconfigured: the limit is out of its range, or the cursor is none of ours.
        """
        check_limit(limit)
        found = self.engine.catalog.reviews.gates(
            limit + 1,
            channels=channels,
            video_id=video_id,
            state=state,
            before=_number(place_of(cursor)[1]) if cursor else None,
        )
        more = None
        if len(found) > limit:
            last = found[limit - 1][0]
            more = cursor_after(last.created_at, str(last.id))
        return Page(items=tuple(gate_view(*one) for one in found[:limit]), next_cursor=more)

    def gate(self, gate_id: int) -> GateView:
        """One gate.

        Raises:
            UnknownGate: there is none of this number.
        """
        row = self.engine.catalog.reviews.gate(gate_id)
        if row is None:
            raise UnknownGate(gate_id)
        return self._gate_view(row)

    # Deciding

    def approve(
        self,
        video_id: str,
        clip: str,
        fingerprint: str,
        who: Decider,
        *,
        note: str = "",
        audit: Actor | None = None,
    ) -> ReviewDetail:
        """Approve of a clip as somebody saw it.

        Args:
            video_id: of its video.
            clip: its id or rank.
            fingerprint: of the clip that was seen.
            who: approves.
            note: in their words.
            audit: whoever the audit log is to name; None: it is written by the caller.

        Raises:
            UnknownClip: the video has no such clip.
            NotDecided: it was changed since (`clip_changed`), or decided on (`already_decided`).
            Refused: the note is too long.
        """
        said = DecisionSaid(Verdict.APPROVED, fingerprint, None, _checked(note))
        return self._decide(video_id, clip, said, who, audit)

    def reject(
        self,
        video_id: str,
        clip: str,
        fingerprint: str,
        reason: Reason,
        who: Decider,
        *,
        note: str = "",
        audit: Actor | None = None,
    ) -> ReviewDetail:
        """Reject a clip as somebody saw it: it is kept from exports and publishing.

        Raises:
            UnknownClip: the video has no such clip.
            NotDecided: it was changed since (`clip_changed`), or decided on (`already_decided`).
            Refused: another reason without a note, or a note that is too long.
        """
        said = DecisionSaid(Verdict.REJECTED, fingerprint, reason, _why(reason, note))
        return self._decide(video_id, clip, said, who, audit)

    def _decide(
        self, video_id: str, clip: str, said: DecisionSaid, who: Decider, audit: Actor | None
    ) -> ReviewDetail:
        clip_id = self._clip_id(video_id, clip)
        rejected = said.verdict is Verdict.REJECTED
        remade = self._exported(video_id) if rejected else []
        with self.engine.catalog.writing() as session:
            try:
                row, new = rows.decide(session, video_id, clip_id, said, who)
            except LookupError as error:
                raise UnknownClip(video_id, clip) from error
            if new:
                rows.settle_clips(session, video_id, who, remade, approved=not rejected)
            if new and audit is not None:
                verb = "approve" if not rejected else "reject"
                self._record(session, audit, f"clip.{verb}", _path(video_id, clip_id), row.reason)
        return self._detail(video_id, clip_id)

    def undo(
        self, video_id: str, clip: str, decision_id: int, who: Decider, audit: Actor | None = None
    ) -> ReviewDetail:
        """Take the decision back that counts for a clip: it waits again.

        What was exported of a clip that is approved no more stays until its channel's gate asks
        again; what is published stays published.

        Raises:
            UnknownClip: the video has no such clip.
            UnknownDecision: there is none of this number on the clip.
            NotDecided: it does not count any more (`decision_not_standing`).
        """
        clip_id = self._clip_id(video_id, clip)
        known = self.engine.catalog.reviews.decision(decision_id)
        if known is None or (known.video_id, known.clip_id) != (video_id, clip_id):
            raise UnknownDecision(decision_id)
        remade = self._exported(video_id)
        with self.engine.catalog.writing() as session:
            row = rows.undo(session, decision_id, who)
            self._ask_again(session, video_id, remade)
            again = remade if row.verdict == Verdict.REJECTED else []
            rows.settle_clips(session, video_id, who, again, approved=False)
            if audit is not None:
                self._record(session, audit, "clip.undo", _path(video_id, clip_id), None)
        return self._detail(video_id, clip_id)

    def _ask_again(self, session: Session, video_id: str, remade: Sequence[str]) -> None:
        """Where a channel asks before exports or publishing, a clip without a decision waits."""
        channel = self.engine.channels.get(channel_of(video_id))
        video = rows.locked(session, video_id)
        if channel is None or video is None or video.state != "accepted":
            return
        rules = self.engine.review_rules(channel.name)
        for gate, stages in ((GateName.EXPORT, remade), (GateName.PUBLISH, ())):
            ever = select(GateRow.id).where(GateRow.video_id == video_id, GateRow.gate == gate)
            if not rules.asks(gate, now()) or session.scalar(ever.limit(1)) is None:
                continue
            if gate is GateName.EXPORT and not stages:
                continue
            clips = session.scalars(select(ClipRow).where(ClipRow.video_id == video_id))
            seen = clips_seen(gate, video_id, clips)
            rows.halt(session, video, rows.Halt(gate, seen, tuple(stages)))

    def approve_gate(
        self,
        gate_id: int,
        fingerprint: str,
        who: Decider,
        *,
        note: str = "",
        audit: Actor | None = None,
    ) -> GateView:
        """Let a video go on.

        Raises:
            UnknownGate: there is none of this number.
            NotDecided: `decide_clips`, `gate_changed` or `already_decided`.
        """
        return self._decide_gate(
            gate_id, DecisionSaid(Verdict.APPROVED, fingerprint, None, _checked(note)), who, audit
        )

    def reject_gate(
        self,
        gate_id: int,
        fingerprint: str,
        reason: Reason,
        who: Decider,
        *,
        note: str = "",
        audit: Actor | None = None,
    ) -> GateView:
        """Have a video not go on; it is among the failures, and says why.

        Raises:
            UnknownGate: there is none of this number.
            NotDecided: `decide_clips`, `gate_changed` or `already_decided`.
            Refused: another reason without a note.
        """
        said = DecisionSaid(Verdict.REJECTED, fingerprint, reason, _why(reason, note))
        return self._decide_gate(gate_id, said, who, audit)

    def _decide_gate(
        self, gate_id: int, said: DecisionSaid, who: Decider, audit: Actor | None
    ) -> GateView:
        with self.engine.catalog.writing() as session:
            try:
                row, new = rows.decide_gate(session, gate_id, said, who)
            except LookupError as error:
                raise UnknownGate(gate_id) from error
            if new and audit is not None:
                verb = "approve" if said.verdict is Verdict.APPROVED else "reject"
                what = f"reviews/gates/{gate_id}"
                self._record(session, audit, f"gate.{verb}", what, said.reason, row.video_id)
        return self._gate_view(row)

    # What others ask

    def approved(
        self, clip_id: str, fingerprint: str, video_id: str | None = None
    ) -> Approval | None:
        """Who approved of a clip as it was with this fingerprint; None where it is another now.

        Args:
            clip_id: of the clip.
            fingerprint: of the clip that is to be published.
            video_id: of its video.
        """
        row = self.engine.catalog.reviews.approval(clip_id, fingerprint, video_id)
        if row is None:
            return None
        return Approval(
            decision_id=row.id,
            video_id=row.video_id,
            clip_id=row.clip_id,
            fingerprint=row.fingerprint,
            by=row.by,
            by_name=row.by_name,
            at=row.at,
        )

    def may_publish(
        self, video_id: str, clip: str, *, at: datetime | None = None
    ) -> Approval | None:
        """Whether a clip may be published as it is now; who approved of it, where somebody did.

        Args:
            video_id: of its video.
            clip: its id or rank.
            at: the moment for which trusted hours are looked at; None: now.

        Raises:
            UnknownClip: the video has no such clip.
            NotApproved: it was rejected, or somebody has to approve first.
        """
        clip_id = self._clip_id(video_id, clip)
        item = self.get(video_id, clip_id)
        found = self.approved(clip_id, item.fingerprint or "", video_id)
        if found is not None:
            return found
        channel = self.engine.channels.get(channel_of(video_id))
        rules = self.engine.review_rules(channel.name) if channel is not None else None
        # What was exported in trusted hours nobody had to be asked for.
        always = rules is None or rules.modes[GateName.EXPORT] is GateMode.ASK
        withheld = self.engine.catalog.reviews.withheld(video_id, asks=always)
        waits = self.engine.catalog.reviews.waits_at(video_id, GateName.PUBLISH)
        asks = rules is None or rules.asks(GateName.PUBLISH, at or now())
        if clip_id in withheld or waits or asks:
            why = withheld.get(clip_id, "nobody approved of it as it is now")
            raise NotApproved(video_id, clip_id, why)
        return None

    # Within

    def _exported(self, video_id: str) -> Sequence[str]:
        """The stages that made exports of a video, for platforms that its channel still knows."""
        channel = self.engine.channels.get(channel_of(video_id))
        known = {EXPORTS.of(name).name for name in channel.presets} if channel else set()
        return [name for name in self.engine.catalog.reviews.exported(video_id) if name in known]

    def _clip_id(self, video_id: str, clip: str) -> str:
        found = self._complete(video_id)
        for row in found:
            if row.clip_id == clip:
                return row.clip_id
        for row in found:
            if str(row.rank) == clip:
                return row.clip_id
        raise UnknownClip(video_id, clip)

    def _complete(self, video_id: str) -> Sequence[ClipRow]:
        """The clips of a video, each with its fingerprint, as far as its files are known."""
        found = self.engine.catalog.clips(video_id)
        if all(row.fingerprint is not None for row in found):
            return found
        made = self.engine.manifest(video_id, CLIPS.name)
        if made is None:
            return found
        document = self.engine.artifacts.document(made, RenderedClips)
        known = {clip.clip_id: clip_fingerprint(video_id, clip) for clip in document.clips}
        catalog, missing = self.engine.catalog, [r for r in found if r.fingerprint is None]
        if not any(row.clip_id in known for row in missing):
            return found
        # Nobody decides what the files say: it stands, whatever becomes of the request.
        with catalog.apart_unless_begun(), catalog.writing() as session:
            for row in missing:
                of_row = ClipRow.clip_id == row.clip_id, ClipRow.video_id == video_id
                query = update(ClipRow).where(*of_row, ClipRow.fingerprint.is_(None))
                session.execute(query.values(fingerprint=known.get(row.clip_id)))
        return self.engine.catalog.clips(video_id)

    def _gate_view(self, row: GateRow) -> GateView:
        clips = row.gate in rows.CLIP_GATES
        video = self.engine.catalog.video(row.video_id)
        pending = len(self.engine.catalog.reviews.pending(row.video_id)) * clips
        return gate_view(row, pending, video.title if video is not None else "")

    def _record(
        self,
        session: Session,
        by: Actor,
        action: str,
        what: str,
        reason: str | None,
        video_id: str | None = None,
    ) -> None:
        channel = self.engine.channels.get(channel_of(video_id or what.split("/")[1]))
        record(
            session,
            by,
            action,
            what,
            organisation=channel.organisation if channel is not None else None,
            details={"reason": reason} if reason is not None else {},
        )


def outcome_of(error: Exception) -> str:
    """What a decision among several came to that did not count."""
    if isinstance(error, NotDecided):
        return "changed" if error.code == "clip_changed" else "decided"
    return "not_found" if isinstance(error, UnknownClip) else "refused"


def _path(video_id: str, clip_id: str) -> str:
    return f"videos/{video_id}/clips/{clip_id}"


def _why(reason: Reason, note: str) -> str:
    if reason is Reason.OTHER and not note.strip():
        raise Refused("reason: other needs a note that says which")
    return _checked(note)


def _checked(note: str) -> str:
    return check_words("note", note, NOTE)


def _number(text: str) -> int:
    if not text.isdecimal() or len(text) > 18:
        raise Refused("cursor: it is none that a list gave; begin without one")
    return int(text)


def _place(cursor: str) -> OutputPlace:
    """Where a list of clips goes on.

    Raises:
        Misconfigured: it is none of this list's.
    """
    at, said = place_of(cursor)
    video_id, *rest = said.split("/")
    if len(rest) != 2:
        raise Refused("cursor: it is none that a list gave; begin without one")
    return OutputPlace(at, video_id, (_number(rest[0]), rest[1]))

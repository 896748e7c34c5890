"""What reviewers do is kept: what they changed, a report of what stood, marks to learn from."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from vidpipe.catalog.review_states import ChangeKind
from vidpipe.catalog.review_tables import ReviewChangeRow
from vidpipe.catalog.tables import ClipRow
from vidpipe.edits.compare import EditChange
from vidpipe.library.edits import EditAuthor
from vidpipe.library.review_report import marks_of, report_of
from vidpipe.library.review_views import ReviewReport
from vidpipe.pipeline.engine import Engine
from vidpipe.storage.keys import channel_of

#: What of an edit is a change of what; the rest is `other`.
_KINDS = {
    "start_s": ChangeKind.BORDERS,
    "end_s": ChangeKind.BORDERS,
    "title": ChangeKind.TITLE,
    "hook": ChangeKind.HOOK,
    "description": ChangeKind.DESCRIPTION,
    "words": ChangeKind.CAPTION,
    "cuts": ChangeKind.CUT,
    "framing": ChangeKind.FRAMING,
    "template": ChangeKind.LOOK,
    "music": ChangeKind.LOOK,
    "language": ChangeKind.LOOK,
}
#: Fields of a clip that stand where an edit says nothing.
_FOUND = ("start_s", "end_s", "title")


class KeptReviews:
    """Writes down what reviewers changed, and says what came of their decisions."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def changed(
        self,
        video_id: str,
        clip_id: str,
        kind: ChangeKind | str,
        before: Mapping[str, Any],
        after: Mapping[str, Any],
        *,
        by: str,
        by_name: str = "",
        session: Session | None = None,
    ) -> None:
        """Keep that somebody changed something of a clip; nothing where it is the same.

        Args:
            video_id: of its video.
            clip_id: of the clip.
            kind: what was changed.
            before: what it was; of borders `start_s` and `end_s`, of a title `title`.
            after: what it is.
            by: whoever changed it.
            by_name: the same for people.
            session: of the transaction that changes it; None: one of its own.
        """
        if dict(before) == dict(after):
            return
        kind = ChangeKind(kind)
        if session is None:
            with self.engine.catalog.writing() as own:
                self._keep(own, video_id, clip_id, kind, before, after, by, by_name)
        else:
            self._keep(session, video_id, clip_id, kind, before, after, by, by_name)

    def edited(self, video_id: str, changes: Sequence[EditChange], by: EditAuthor) -> None:
        """Keep what an edit changed of clips, each kind once; see `Edits`."""
        with self.engine.catalog.writing() as session:
            told: dict[tuple[str, ChangeKind], tuple[dict[str, Any], dict[str, Any]]] = {}
            for change in changes:
                if change.clip is None:
                    continue
                kind = _KINDS.get(change.field, ChangeKind.OTHER)
                before, after = told.setdefault((change.clip, kind), ({}, {}))
                clip = session.get(ClipRow, (change.clip, video_id))
                found = getattr(clip, change.field, None) if change.field in _FOUND else None
                before[change.field] = found if change.before is None else change.before
                after[change.field] = found if change.after is None else change.after
            for (clip_id, kind), (before, after) in told.items():
                self.changed(video_id, clip_id, kind, before, after, by=by.id, session=session)

    def _keep(
        self,
        session: Session,
        video_id: str,
        clip_id: str,
        kind: ChangeKind,
        before: Mapping[str, Any],
        after: Mapping[str, Any],
        by: str,
        by_name: str,
    ) -> None:
        clip = session.get(ClipRow, (clip_id, video_id))
        session.add(
            ReviewChangeRow(
                video_id=video_id,
                clip_id=clip_id,
                channel=channel_of(video_id),
                kind=kind,
                before=dict(before),
                after=dict(after),
                by=by[:200],
                by_name=(by_name or by)[:200],
                score=clip.score if clip is not None else None,
            )
        )

    def report(
        self,
        *,
        channels: Collection[str],
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> ReviewReport:
        """How often choices stood: by channel, by what was chosen, by bands of scores.

        Args:
            channels: only of these.
            since: decisions from then on.
            until: decisions before then.
        """
        return report_of(self.engine.catalog, channels, since, until)

    def marks(self, *, channels: Collection[str]) -> str:
        """Decisions as marks of passages, a CSV that `benchmarks/marks.py` learns from."""
        return marks_of(self.engine.catalog, channels)

"""From rows of the catalog to what the library answers with."""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime

from vidpipe.catalog.catalog import Catalog
from vidpipe.catalog.listing import About
from vidpipe.catalog.states import FailureState, RequestState
from vidpipe.catalog.tables import FailureRow, RequestRow, UploadRow, Video
from vidpipe.library.errors import Refused
from vidpipe.library.state import VideoFacts, VideoState, state_of
from vidpipe.library.views import (
    FailureView,
    RequestView,
    StageView,
    UploadView,
    VideoDetail,
    VideoView,
)

#: Items on a page of a list, unless asked otherwise, and at most.
PAGE, MOST = 50, 500
#: Of which rows a video in a state is looked for among; its facts then decide.
AMONG: dict[VideoState, About] = {
    VideoState.QUEUED: About.OPEN,
    VideoState.RUNNING: About.AT_WORK,
    VideoState.WAITING_FOR_REVIEW: About.HALTED,
    VideoState.DONE: About.FINISHED,
    VideoState.FAILED: About.GIVEN_UP,
    VideoState.HELD: About.HELD,
    VideoState.RETIRED: About.RETIRED,
    VideoState.REJECTED: About.GIVEN_UP,
}


def video_views(catalog: Catalog, rows: Sequence[Video]) -> list[VideoView]:
    """These videos and where each stands, with a fixed number of queries."""
    ids = [row.video_id for row in rows]
    wanted: defaultdict[str, list[RequestRow]] = defaultdict(list)
    failed: defaultdict[str, list[FailureRow]] = defaultdict(list)
    with catalog.together():
        for request in catalog.listing.requests(ids):
            wanted[request.video_id].append(request)
        for failure in catalog.listing.failures(ids):
            failed[failure.subject].append(failure)
        clips, exports = catalog.count_clips(ids), catalog.count_exports(ids)
        at_work = catalog.heartbeats.at_work()
        halted = catalog.reviews.waiting(ids)
    return [
        _video(
            row,
            state_of(_facts(row, wanted[row.video_id], failed[row.video_id], at_work, halted)),
            clips.get(row.video_id, 0),
            exports.get(row.video_id, 0),
            next(iter(failed[row.video_id]), None),
        )
        for row in rows
    ]


def video_detail(catalog: Catalog, row: Video) -> VideoDetail:
    """One video closely."""
    with catalog.together():
        (view,) = video_views(catalog, [row])
        return _detail(catalog, row, view)


def _detail(catalog: Catalog, row: Video, view: VideoView) -> VideoDetail:
    return VideoDetail(
        **dict(view),
        stages=tuple(
            StageView(stage=s.stage, reused=s.reused, wall_s=s.wall_s, error=s.error)
            for s in catalog.stages(row.video_id)
        ),
        requests=tuple(_request(r) for r in catalog.listing.requests([row.video_id])),
        failures=tuple(failure_view(f) for f in catalog.listing.failures([row.video_id])),
    )


def _facts(
    row: Video,
    wanted: Sequence[RequestRow],
    failed: Sequence[FailureRow],
    at_work: set[str],
    halted: set[str],
) -> VideoFacts:
    dead = next((f.cause for f in failed if f.state == FailureState.DEAD), None)
    return VideoFacts(
        retired=row.state == "retired",
        finished=row.finished_at is not None,
        held=bool(row.hold),
        at_work=row.video_id in at_work,
        requested=bool(wanted),
        retried=any(f.state == FailureState.WAITING for f in failed),
        dead_cause=dead,
        awaits_review=row.video_id in halted,
    )


def _video(
    row: Video, state: VideoState, clips: int, exports: int, failed: FailureRow | None
) -> VideoView:
    return VideoView(
        video_id=row.video_id,
        channel=row.channel,
        name=row.name,
        title=row.title,
        duration_s=row.duration_s,
        width=row.width,
        height=row.height,
        size_bytes=row.size_bytes,
        state=state,
        clips=clips,
        exports=exports,
        hold=row.hold or None,
        failure=failure_view(failed) if failed is not None else None,
        created_at=row.created_at,
        finished_at=row.finished_at,
    )


def failure_view(row: FailureRow) -> FailureView:
    """A failure as programs see it."""
    return FailureView(
        id=row.id,
        subject=row.subject,
        channel=row.channel,
        job=row.job,
        stage=row.stage,
        cause=row.cause,
        message=row.message,
        attempts=row.attempts,
        given_up=row.state == FailureState.DEAD,
        failed_at=row.created_at,
        run_id=row.run_id,
    )


def _request(row: RequestRow) -> RequestView:
    return RequestView(
        id=row.id,
        video_id=row.video_id,
        cause=row.cause,
        stages=tuple(row.stages) if row.stages is not None else None,
        not_before=row.not_before,
        run_id=row.run_id,
        why=row.why if row.state == RequestState.OPEN else None,
        requested_at=row.created_at,
    )


def upload_view(row: UploadRow) -> UploadView:
    """An upload that became no video of its own."""
    return UploadView(
        key=row.key,
        channel=row.channel,
        state=row.state,
        reason=row.reason,
        message=row.message or "",
        video_id=row.video_id,
        updated_at=row.updated_at,
    )


def check_limit(limit: int) -> None:
    """Refuse pages that are none, or too long.

    Raises:
        Misconfigured: the limit is out of its range.
    """
    if not 1 <= limit <= MOST:
        raise Refused(f"limit: from 1 to {MOST}, not {limit}")


def cursor_after(at: datetime, identity: str) -> str:
    """Where a list goes on after a row of this moment and id; opaque to whoever gets it."""
    place = [at.isoformat(), identity]
    return base64.urlsafe_b64encode(json.dumps(place).encode()).decode().rstrip("=")


def place_of(cursor: str) -> tuple[datetime, str]:
    """What `cursor_after` made of a row: its moment and its id.

    Raises:
        Misconfigured: it is none of ours.
    """
    try:
        raw = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        moment, identity = json.loads(raw)
        at = datetime.fromisoformat(moment)
        # A database takes no character 0, nor a moment outside of its calendar.
        if not isinstance(identity, str) or at.tzinfo is None or not identity.isprintable():
            raise ValueError(cursor)
        if not 1970 <= at.year <= 9998:
            raise ValueError(cursor)
    except (ValueError, TypeError, binascii.Error, RecursionError) as error:
        raise Refused(
            f"cursor: {cursor[:80]!r} is none that a list gave; begin without one"
        ) from error
    return at, identity


def upload_cursor(row: UploadRow) -> str:
    """Where a list of uploads goes on after this one."""
    return cursor_after(row.updated_at, row.key)


#: What no text of a person holds: control characters, other than tabs and ends of lines.
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


def check_words(field: str, text: str, most: int) -> str:
    """What somebody wrote, without spaces around it.

    Raises:
        Refused: it is longer than `most`, or holds control characters.
    """
    if len(text) > most:
        raise Refused(f"{field}: {most} characters at most")
    if _CONTROL.search(text):
        raise Refused(f"{field}: it holds control characters")
    return text.strip()

"""What goes on: what runs, what waits and why, what failed last, who works, how much room is."""

from __future__ import annotations

import platform
import shutil
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta

from pydantic import Field

from vidpipe.catalog.catalog import Catalog
from vidpipe.catalog.download_tables import DownloadRow
from vidpipe.catalog.overview import AtWork, Waits
from vidpipe.catalog.processes import COORDINATOR, WORKER, silent_since
from vidpipe.catalog.served import is_own
from vidpipe.catalog.states import FailureState, RequestState
from vidpipe.catalog.tables import FailureRow, JobRow, UploadRow, now
from vidpipe.library.coordination import NOBODY, Takers, is_failing, takers, untaken
from vidpipe.library.telling import TargetView, Telling
from vidpipe.library.views import LibraryView
from vidpipe.notifications.words import KINDS, todo_of
from vidpipe.observability import redact
from vidpipe.operations.disk_space import folders_of, low_disk_space
from vidpipe.pipeline.engine import Engine

#: Of each list as many are shown.
MOST = 50
#: Stages of a run that are looked at.
_STAGES = 60


class RunningView(LibraryView):
    """A run that a living process leads."""

    run_id: str
    video_id: str
    channel: str
    title: str
    stage: str | None = Field(description="the first that is not done; none: it ends just now")
    stage_since: datetime | None
    began_at: datetime | None
    done: int = Field(description="stages that are done")
    stages: int
    host: str = Field(description="empty for whoever does not see every channel")


class WaitingView(LibraryView):
    """Something that waits, and what for."""

    kind: str = Field(description="video, upload, link or review")
    subject: str = Field(description="video id, key of an upload, job id")
    channel: str
    title: str
    why: str
    since: datetime
    until: datetime | None = Field(description="when it is tried again; none: nobody knows")


class FailedView(LibraryView):
    """A failure that is not resolved, and what to do about it."""

    id: int
    subject: str
    channel: str
    title: str
    stage: str
    cause: str
    message: str
    attempts: int
    given_up: bool
    failed_at: datetime
    todo: str
    section: str = Field(description="of the runbook")


class ProcessView(LibraryView):
    """A process that works in the background."""

    role: str
    name: str
    alive: bool
    at: datetime
    began_at: datetime


class DiskView(LibraryView):
    """A folder that work needs room in, of the machine that answers."""

    name: str
    free_bytes: int
    size_bytes: int
    low: bool


class ConditionView(LibraryView):
    """Something that is amiss at this moment."""

    kind: str
    title: str
    message: str
    since: datetime
    todo: str
    section: str


class StatusView(LibraryView):
    """What goes on, as whoever asks may see it."""

    at: datetime
    running: tuple[RunningView, ...]
    waiting: tuple[WaitingView, ...]
    waiting_more: bool = Field(description="there are more than are shown")
    failed: tuple[FailedView, ...]
    conditions: tuple[ConditionView, ...]
    worker_alive: bool | None = Field(description="none: there was none yet")
    coordinator_alive: bool | None = Field(description="none: there was none yet")
    processor_alive: bool | None = Field(description="none: no service processes")
    processes: tuple[ProcessView, ...] = Field(description="empty where not every channel is seen")
    disks: tuple[DiskView, ...] = Field(description="empty where not every channel is seen")
    targets: tuple[TargetView, ...] = Field(description="empty where not every channel is seen")


class StatusOverview:
    """Says what goes on."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def read(self, channels: Collection[str] | None = None) -> StatusView:
        """What goes on now: a few queries over what is not over.

        Args:
            channels: of whoever asks; None: they see every one, and the machines.
        """
        catalog = self.engine.catalog
        with catalog.together():
            at = now()
            silent = at - timedelta(seconds=self.engine.settings.notify.silent_after_s)
            processes = catalog.processes.all()
            beats = {role: silent_since(processes, role) for role in (WORKER, COORDINATOR)}
            alive = {r: None if last is None else last >= silent for r, last in beats.items()}
            who = takers(self.engine, processes)
            waiting = self._waiting(channels, self._blocked(who))
            failed = catalog.listing.unresolved(MOST, channels=self._known(channels), state=None)
            dead = [f for f in failed if f.state == FailureState.DEAD]
            running = [
                self._running(run, everything=channels is None)
                for run in catalog.overview.at_work(channels, MOST)
            ]
            titles = _titles(catalog, dead)
            return StatusView(
                at=at,
                running=tuple(running),
                waiting=tuple(waiting[:MOST]),
                waiting_more=len(waiting) > MOST,
                failed=tuple(_failed(row, titles) for row in dead),
                conditions=self._conditions(channels),
                worker_alive=alive[WORKER],
                coordinator_alive=alive[COORDINATOR],
                processor_alive=who.processor if who.processor_at is not None else None,
                processes=()
                if channels is not None
                else tuple(
                    ProcessView(
                        role=p.role,
                        name=f"{p.host}, process {p.pid}",
                        alive=p.at >= silent,
                        at=p.at,
                        began_at=p.began_at,
                    )
                    for p in reversed(processes)
                ),
                disks=self._disks() if channels is None else (),
                targets=Telling(self.engine).targets() if channels is None else (),
            )

    def _known(self, channels: Collection[str] | None) -> Collection[str]:
        if channels is not None:
            return channels
        return {*self.engine.channels, *self.engine.catalog.history.channels()}

    def _running(self, run: AtWork, *, everything: bool) -> RunningView:
        channel = self.engine.channels.get(run.video.channel)
        known = self.engine.pipeline.names(channel.platforms if channel is not None else ())
        wanted = [name for name in known if run.stages is None or name in run.stages]
        rows = self.engine.catalog.overview.newest_stages(run.video.video_id, _STAGES)
        since = run.began_at
        own = [row for row in rows if since is None or row.created_at >= since]
        done = {row.stage for row in own if row.error is None} & set(wanted)
        left = [name for name in wanted if name not in done]
        return RunningView(
            run_id=run.run_id,
            video_id=run.video.video_id,
            channel=run.video.channel,
            title=run.video.title,
            stage=left[0] if left else None,
            stage_since=own[0].created_at if own else since,
            began_at=since,
            done=len(done),
            stages=len(wanted),
            host=run.host if everything else "",
        )

    def _waiting(self, channels: Collection[str] | None, blocked: str) -> list[WaitingView]:
        overview = self.engine.catalog.overview
        rows = overview.waiting(channels, MOST + 1)
        handed_over = overview.submitted([row.request.video_id for row in rows])
        in_flight = overview.in_flight()
        found = [self._request(row, blocked, in_flight, handed_over) for row in rows]
        uploads = overview.pending_uploads(channels, MOST + 1)
        found += [_upload(upload, blocked) for upload in uploads]
        found += [_link(link) for link in overview.open_downloads(channels, MOST + 1)]
        return found + [_review(job) for job in overview.for_review(channels, MOST + 1)]

    def _blocked(self, who: Takers) -> str:
        """Why nothing at all begins; empty: it does."""
        # One of last week is not waited for any more.
        since = now() - timedelta(hours=24)
        if who.daemon_at is not None and who.daemon_at >= since and not who.anybody:
            return "the coordinator of runs, which is silent"
        if untaken(self.engine, who) is not None:
            return f"somebody who processes it: {NOBODY}"
        if not who.daemon and who.processor and is_failing(self.engine):
            return "a service that can process it: its log says what is amiss"
        short = low_disk_space(self.engine.settings)
        # Where it is, is not everybody's business.
        return f"room, as {short.partition(' (')[0]}" if short else ""

    def _request(
        self,
        row: Waits,
        blocked: str,
        in_flight: Mapping[str, int],
        handed_over: Collection[str],
    ) -> WaitingView:
        request, until = row.request, None
        if request.state == RequestState.SUBMITTED and is_own(request.run_id):
            why = "its process, which is gone: it is taken up again within minutes"
        elif request.state == RequestState.SUBMITTED:
            why = "a place in the orchestrator's queue"
        elif row.place == 0 and row.failure is not None:
            failure = row.failure
            where = f" at {failure.stage}" if failure.stage else ""
            why = f"its try {failure.attempts + 1}, after {failure.cause}{where}"
            until = request.not_before
        elif row.place == 0:
            why, until = "its time", request.not_before
        else:
            why = self._turn(row, in_flight, handed_over)
            if blocked:
                why = f"{blocked}; it is number {row.place} of {request.channel}"
        return WaitingView(
            kind="video",
            subject=request.video_id,
            channel=request.channel,
            title=row.video.title,
            why=why,
            since=request.created_at,
            until=until,
        )

    def _turn(self, row: Waits, in_flight: Mapping[str, int], handed_over: Collection[str]) -> str:
        settings, name = self.engine.settings, row.request.channel
        channel = self.engine.channels.get(name)
        limit = channel.max_in_flight if channel is not None else None
        limit = limit or settings.queue.max_runs_per_channel
        place = f"it is number {row.place} of {name}"
        if row.request.video_id in handed_over:
            return "another run of the same video comes first"
        if in_flight.get(name, 0) >= limit:
            return f"{name} has {in_flight[name]} of {limit} in flight; {place}"
        if sum(in_flight.values()) >= settings.queue.max_queued_runs:
            return f"the queue is full; {place}"
        return f"its turn: {place}"

    def _conditions(self, channels: Collection[str] | None) -> tuple[ConditionView, ...]:
        rows = self.engine.catalog.conditions.all()
        return tuple(
            ConditionView(
                kind=row.kind,
                title=KINDS[row.kind].one,
                # Machines and folders are for those who run them.
                message=row.message if channels is None else "",
                since=row.since,
                todo=todo_of(row.kind, ""),
                section=KINDS[row.kind].section,
            )
            for row in rows
            if channels is None or row.channel is None or row.channel in channels
        )

    def _disks(self) -> tuple[DiskView, ...]:
        least = self.engine.settings.queue.min_free_gib * 2**30
        by_device: dict[int, list[str]] = {}
        folders = folders_of(self.engine.settings)
        for name, folder in folders.items():
            by_device.setdefault(folder.stat().st_dev, []).append(name)
        found = []
        for names in by_device.values():
            usage = shutil.disk_usage(folders[names[0]])
            found.append(
                DiskView(
                    name=f"{' and '.join(names)} on {platform.node()}",
                    free_bytes=usage.free,
                    size_bytes=usage.total,
                    low=usage.free < least,
                )
            )
        return tuple(found)


def _titles(catalog: Catalog, rows: Sequence[FailureRow]) -> dict[str, str]:
    videos = [catalog.video(row.subject) for row in rows if "/" not in row.subject]
    return {video.video_id: video.title for video in videos if video is not None}


def _failed(row: FailureRow, titles: Mapping[str, str]) -> FailedView:
    kind = "upload.failed" if "/" in row.subject else "video.failed"
    return FailedView(
        id=row.id,
        subject=row.subject,
        channel=row.channel,
        title=titles.get(row.subject, row.subject),
        stage=row.stage,
        cause=row.cause,
        message=redact.clean(row.message),
        attempts=row.attempts,
        given_up=row.state == FailureState.DEAD,
        failed_at=row.created_at,
        todo=todo_of(kind, row.cause),
        section=KINDS[kind].section,
    )


def _upload(row: UploadRow, blocked: str) -> WaitingView:
    why = "its turn to be taken in"
    if row.attempts:
        why = f"its try {row.attempts + 1} to be taken in"
    if blocked:
        why = blocked
    return WaitingView(
        kind="upload",
        subject=row.key,
        channel=row.channel,
        title=row.key,
        why=why,
        since=row.changed_at,
        until=row.not_before,
    )


def _link(row: DownloadRow) -> WaitingView:
    why = "its end: it is being fetched" if row.state == "running" else "its turn to be fetched"
    if row.code and row.state != "running":
        why = f"its try {row.attempts + 1} to be fetched, after {row.code}"
    return WaitingView(
        kind="link",
        subject=row.job_id,
        channel=row.channel,
        title=row.job_id,
        why=why,
        since=row.created_at,
        until=row.not_before,
    )


def _review(row: JobRow) -> WaitingView:
    return WaitingView(
        kind="review",
        subject=row.video_id or row.job_id,
        channel=row.channel,
        title=row.job_id,
        why="somebody's word on what was made",
        since=row.updated_at,
        until=None,
    )

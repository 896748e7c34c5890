"""Jobs: what programs and people ask to have made, and what became of it."""

from __future__ import annotations

import time
import uuid
from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from vidpipe.addresses import shown
from vidpipe.catalog.download_tables import DownloadRow
from vidpipe.catalog.downloads import OPEN, STAGE, WAITING
from vidpipe.catalog.requests import Cause
from vidpipe.catalog.states import ACTIVE, JobState
from vidpipe.catalog.tables import JobRow
from vidpipe.channels.model import Channel, channel_named
from vidpipe.downloads.fetch import guard_of
from vidpipe.errors import Misconfigured, Unavailable
from vidpipe.library.errors import (
    Refused,
    RightsNotConfirmed,
    UnknownJob,
    UnknownProject,
    UnknownUpload,
    UnknownVideo,
)
from vidpipe.library.estimates import past_estimates
from vidpipe.library.job_costs import job_costs
from vidpipe.library.progress import progress_of
from vidpipe.library.reading import PAGE, check_limit, cursor_after, place_of
from vidpipe.library.views import (
    JobDetail,
    JobDownload,
    JobError,
    JobView,
    JobWaiting,
    Page,
)
from vidpipe.outbound import AddressGuard, AddressRefused
from vidpipe.pipeline.engine import Engine
from vidpipe.pipeline.estimates import stage_rates
from vidpipe.pipeline.run_options import RunOptions
from vidpipe.pipeline.steps.clips import CLIPS
from vidpipe.pipeline.steps.exports import EXPORTS

#: Jobs that may be created at once.
MOST_AT_ONCE = 100
#: Links whose hosts are looked up at once.
_LOOKUPS = 10
#: Seconds that all of it may take.
_LOOKUP_S = 10.0
#: Seconds for which what stages usually take is remembered.
_RATES_S = 60.0


@dataclass(frozen=True)
class JobSpec:
    """What is asked for: all that a channel wants, or some stages of a video.

    Attributes:
        upload_key: of an object in the drop folder, `channel/name`; or
        video_id: of a video that was taken in; or
        source_url: where a recording is fetched from: its file, or a public page that shows it.
        channel: whose the recording of a link becomes; of nothing else.
        rights_confirmed: whoever asks has the right to use the recording of the link.
        stages: only these; None: all of them.
        options: what is wanted differently from what channel and sidecar say.
        project_id: what it belongs to.
    """

    upload_key: str | None = None
    video_id: str | None = None
    source_url: str | None = None
    channel: str | None = None
    rights_confirmed: bool = False
    stages: Sequence[str] | None = field(default=None)
    options: RunOptions | None = None
    project_id: str | None = None


class Jobs:
    """Creates jobs, and does with them what can be done."""

    def __init__(self, engine: Engine, guard: AddressGuard | None = None) -> None:
        self.engine = engine
        self.guard = guard or guard_of(engine.settings.downloads)
        self._known: tuple[float, Mapping[str, float]] | None = None

    def channel_of(self, spec: JobSpec) -> str:
        """Whose a job of this would be, before anything is created.

        Raises:
            UnknownVideo: there is no such video.
            UnknownUpload: there is no such object in the drop folder.
            Misconfigured: none or several are named, or a link without its channel.
        """
        named = (spec.upload_key, spec.video_id, spec.source_url)
        if sum(one is not None for one in named) != 1:
            raise Refused("name one: upload_key, video_id, or source_url")
        if spec.source_url is not None:
            if spec.channel is None:
                raise Refused("name the channel that the recording of source_url is for")
            return spec.channel
        if spec.channel is not None or spec.rights_confirmed:
            raise Refused("channel and rights_confirmed go with source_url")
        if spec.video_id is not None:
            video = self.engine.catalog.video(spec.video_id)
            if video is None:
                raise UnknownVideo(spec.video_id)
            return video.channel
        assert spec.upload_key is not None
        found = self.engine.catalog.uploads([spec.upload_key])
        if not found or found[0].state in ("gone", "skipped"):
            raise UnknownUpload(spec.upload_key)
        return found[0].channel

    def create(
        self,
        specs: Sequence[JobSpec],
        *,
        asked_by: str,
        batch: bool = False,
        cause: Cause = Cause.MANUAL,
        wait_s: float = 0.0,
    ) -> tuple[JobView, ...]:
        """Create jobs, all of them or none.

        Args:
            specs: what is asked for.
            asked_by: the id of whoever asks.
            batch: whether they get a `batch_id` that they share.
            cause: why runs are wanted.
            wait_s: seconds from now before which the orchestrator begins none.

        Raises:
            UnknownVideo: one is of a video that is not there.
            UnknownUpload: one is of an upload that is not there.
            UnknownProject: one belongs to a project that is not there.
            RightsNotConfirmed: one is of a link, and without the word that it may be used.
            AddressRefused: one is of a link that is not fetched; says why.
            Misconfigured: one cannot be asked for; says which and why.
            WrongState: a video is retired.
        """
        if not 1 <= len(specs) <= MOST_AT_ONCE:
            raise Refused(f"jobs: from 1 to {MOST_AT_ONCE}, not {len(specs)}")
        batch_id = f"batch-{uuid.uuid4().hex[:20]}" if batch else None
        rows = [self._row(spec, batch_id, asked_by) for spec in specs]
        links = {
            row.job_id: spec.source_url
            for row, spec in zip(rows, specs, strict=True)
            if spec.source_url is not None
        }
        self._check_links(list(links.values()))
        self.engine.catalog.jobs.add(rows, links, cause=cause, wait_s=wait_s)
        return tuple(_view(row) for row in rows)

    def view(self, job_id: str) -> JobView:
        """A job as lists have it, without what it waits for: one statement.

        Raises:
            UnknownJob: there is none of this id.
        """
        return _view(self._found(job_id))

    def get(self, job_id: str) -> JobDetail:
        """A job closely.

        Raises:
            UnknownJob: there is none of this id.
        """
        catalog = self.engine.catalog
        with catalog.together():
            row = self._found(job_id)
            video = catalog.video(row.video_id) if row.video_id is not None else None
            runs = catalog.jobs.stages(row) if video is not None else []
            download = catalog.downloads.get(job_id) if row.source_url is not None else None
        over = row.state not in (JobState.QUEUED, JobState.RUNNING)
        known = {} if over else self._rates()
        progress = progress_of(row, self._stages(row), runs, video, known)
        if download is not None and download.state in OPEN and row.state in ACTIVE:
            progress = progress.model_copy(update={"current_stage": STAGE})
        view = self._waiting([_view(row)])[0]
        return JobDetail(
            **dict(view),
            progress=progress,
            costs=job_costs(self.engine, job_id) if row.video_id is not None else None,
            estimates=past_estimates(self.engine, job_id=job_id),
            download=_download(download),
        )

    def list(
        self,
        *,
        channels: Collection[str],
        states: Collection[JobState] = (),
        video_id: str | None = None,
        project_id: str | None = None,
        batch_id: str | None = None,
        limit: int = PAGE,
        cursor: str | None = None,
    ) -> Page[JobView]:
        """A page of jobs, the newest first.

        Raises:
            Misconfigured: the limit is out of its range, or the cursor is none of ours.
        """
        check_limit(limit)
        rows = self.engine.catalog.jobs.page(
            limit + 1,
            channels=channels,
            states=states,
            video_id=video_id,
            project_id=project_id,
            batch_id=batch_id,
            after=place_of(cursor) if cursor else None,
        )
        shown = rows[:limit]
        more = len(rows) > limit
        return Page(
            items=tuple(self._waiting([_view(row) for row in shown])),
            next_cursor=cursor_after(shown[-1].created_at, shown[-1].job_id) if more else None,
        )

    def cancel(self, job_id: str) -> JobView:
        """Take a job back: no run is started for it, and one that the service leads ends.

        Raises:
            UnknownJob: there is none of this id.
            WrongState: it is over, or a run of the orchestrator or of a command is at work on it.
        """
        row = self.engine.catalog.jobs.cancel(job_id)
        if row is None:
            raise UnknownJob(job_id)
        return _view(row)

    def retry(self, job_id: str) -> JobView:
        """Have a job that failed or was cancelled done after all.

        Raises:
            UnknownJob: there is none of this id.
            WrongState: it is neither, or its video is retired.
        """
        row = self.engine.catalog.jobs.retry(job_id)
        if row is None:
            raise UnknownJob(job_id)
        return _view(row)

    def again(
        self,
        job_id: str,
        stages: Sequence[str] | None,
        *,
        options: RunOptions | None = None,
        asked_by: str,
    ) -> JobView:
        """Another job: the video of this one again, or some of its stages.

        Args:
            job_id: of the job that was.
            stages: only these; None: all of them.
            options: what is wanted differently this time; None: as the job that was.
            asked_by: the id of whoever asks.

        Raises:
            UnknownJob: there is none of this id.
            Misconfigured: it has no video yet, a stage is none of its channel's, or an option
                cannot be.
        """
        row = self._found(job_id)
        if row.video_id is None:
            raise Refused(f"{job_id} has no video yet: intake has not taken its upload in")
        if options is None and row.run_options is not None:
            options = RunOptions(**row.run_options)
        spec = JobSpec(
            video_id=row.video_id, stages=stages, options=options, project_id=row.project_id
        )
        return self.create([spec], asked_by=asked_by)[0]

    def add_platform(self, job_id: str, platform: str, *, asked_by: str) -> JobView:
        """Another job: the clips of the video of this one for a platform of its channel.

        Raises:
            UnknownJob: there is none of this id.
            Misconfigured: it has no video yet, or its channel does not have the platform.
        """
        row = self._found(job_id)
        channel = channel_named(self.engine.channels, row.channel)
        if platform not in channel.platforms:
            raise Refused(
                f"the channel {channel.name} has no platform {platform!r}: add it to channels.yaml"
            )
        options = RunOptions(**(row.run_options or {}))
        if options.platforms and platform not in options.platforms:
            # It was for some of them only: clips are cut to the shapes of these, and of this one.
            options = options.model_copy(update={"platforms": (*options.platforms, platform)})
        stages = [CLIPS.name, EXPORTS.of(platform).name]
        return self.again(job_id, stages, options=options, asked_by=asked_by)

    def _waiting(self, views: Sequence[JobView]) -> Sequence[JobView]:
        """The same, and of queued jobs what they wait for, where that is money or quota."""
        queued = {v.video_id for v in views if v.state is JobState.QUEUED and v.video_id}
        if not queued:
            return views
        found: dict[str, JobWaiting] = {}
        for row in self.engine.catalog.requests.waiting(queued):
            found[row.video_id] = JobWaiting(
                waits_for=row.waits_for or "", why=row.why or "", until=row.not_before
            )
        return [
            v.model_copy(update={"waiting": found[v.video_id]})
            if v.state is JobState.QUEUED and v.video_id in found
            else v
            for v in views
        ]

    def _rates(self) -> Mapping[str, float]:
        """What stages usually take; asked for again once a minute, as it changes slowly."""
        at = time.monotonic()
        if self._known is None or at - self._known[0] > _RATES_S:
            self._known = (at, stage_rates(self.engine.catalog))
        return self._known[1]

    def _check_links(self, urls: Sequence[str]) -> None:
        """Whether these may be fetched, by what their hosts' addresses are now.

        Raises:
            AddressRefused: one may not; says why.
        """

        def check(url: str) -> None:
            try:
                self.guard.check(url)
            except Unavailable as error:
                raise AddressRefused("host_not_found", str(error)) from error

        if not urls:
            return
        pool = ThreadPoolExecutor(min(_LOOKUPS, len(urls)))
        try:
            for _ in pool.map(check, dict.fromkeys(urls), timeout=_LOOKUP_S):
                continue
        except TimeoutError as error:
            raise AddressRefused(
                "host_not_found", "the hosts of these links are not found in time; try again"
            ) from error
        finally:
            # A name server that does not answer holds nobody up.
            pool.shutdown(wait=False, cancel_futures=True)

    def _row(self, spec: JobSpec, batch_id: str | None, asked_by: str) -> JobRow:
        name = self.channel_of(spec)
        channel = channel_named(self.engine.channels, name)
        if spec.source_url is not None and not spec.rights_confirmed:
            raise RightsNotConfirmed
        if spec.stages is not None:
            known = self.engine.pipeline.names(channel.platforms)
            unknown = sorted(set(spec.stages) - set(known))
            if unknown or not spec.stages:
                raise Refused(
                    f"unknown stage {', '.join(unknown) or '(none)'}; there are: {', '.join(known)}"
                )
        options = _checked(self.engine, channel, spec.options)
        if spec.project_id is not None:
            project = self.engine.catalog.projects.get(spec.project_id)
            if project is None or project.channel != name:
                raise UnknownProject(spec.project_id)
        return JobRow(
            job_id=f"job-{uuid.uuid4().hex[:20]}",
            channel=name,
            project_id=spec.project_id,
            batch_id=batch_id,
            upload_key=spec.upload_key,
            source_url=shown(spec.source_url) if spec.source_url is not None else None,
            video_id=spec.video_id,
            stages=list(dict.fromkeys(spec.stages)) if spec.stages is not None else None,
            run_options=options,
            asked_by=asked_by,
        )

    def _stages(self, row: JobRow) -> Sequence[str]:
        """What it asks for, in the order of the pipeline."""
        channel = self.engine.channels.get(row.channel)
        known = self.engine.pipeline.names(channel.platforms if channel is not None else ())
        return [stage for stage in known if row.stages is None or stage in row.stages]

    def _found(self, job_id: str) -> JobRow:
        row = self.engine.catalog.jobs.get(job_id)
        if row is None:
            raise UnknownJob(job_id)
        return row


def _checked(engine: Engine, channel: Channel, options: RunOptions | None) -> dict[str, Any] | None:
    """Options as they are kept; None where nothing differs.

    Raises:
        Refused: one cannot be, by its name.
    """
    if options is None:
        return None
    try:
        options.applied_to(engine.settings, channel)
    except Misconfigured as error:
        raise Refused(str(error)) from error
    return options.model_dump(mode="json", exclude_defaults=True) or None


def _download(row: DownloadRow | None) -> JobDownload | None:
    if row is None:
        return None
    return JobDownload(
        state=row.state,
        received_bytes=row.received_bytes,
        total_bytes=row.total_bytes,
        attempts=row.attempts,
        next_attempt_at=row.not_before if row.state == WAITING else None,
        message=row.message,
    )


def _view(row: JobRow) -> JobView:
    error = None
    if row.error_code is not None:
        error = JobError(
            code=row.error_code, message=row.error_message or "", failed_stage=row.failed_stage
        )
    return JobView(
        job_id=row.job_id,
        channel=row.channel,
        state=JobState(row.state),
        upload_key=row.upload_key,
        source_url=row.source_url,
        video_id=row.video_id,
        project_id=row.project_id,
        batch_id=row.batch_id,
        stages=tuple(row.stages) if row.stages is not None else None,
        options=row.run_options,
        attempts=row.attempts,
        error=error,
        created_at=row.created_at,
        updated_at=row.updated_at,
        ended_at=row.ended_at,
    )

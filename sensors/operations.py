"""Jobs for whoever runs vidpipe, and when they run by themselves."""

from collections import Counter

import dagster as dg
from pydantic import Field

from resources.executor import living
from resources.tags import PARTITION
from resources.vidpipe_resource import VidpipeResource
from sensors.jobs import ALIVE
from vidpipe.errors import VidpipeError
from vidpipe.library import Library

_EXECUTOR = living(dg.in_process_executor)
_SHOWN = 500


def at_work(instance: dg.DagsterInstance) -> set[str]:
    """Videos that a queued or running run works on."""
    runs = instance.get_runs(dg.RunsFilter(statuses=ALIVE))
    return {run.tags[PARTITION] for run in runs if PARTITION in run.tags}


class StaleConfig(dg.Config):
    """Which stale videos."""

    channel: str = Field(default="", description="only of this channel; empty: of all")
    videos: list[str] = Field(default_factory=list, description="only these; empty: all")
    limit: int = Field(default=10_000, ge=1, description="at most so many videos")


@dg.op
def request_stale(
    context: dg.OpExecutionContext, config: StaleConfig, vidpipe: VidpipeResource
) -> None:
    """Ask for runs of exactly the stages that are stale, behind every fresh upload."""
    library = Library(vidpipe.engine)
    plans = library.stale(channel=config.channel or None, video_ids=config.videos).plans
    library.request_stale(plans[: config.limit])
    reasons = Counter(reason for plan in plans[: config.limit] for reason in plan.reasons)
    for reason, count in reasons.most_common(50):
        context.log.info(f"{count} videos: {reason}")
    context.log.info(f"{min(len(plans), config.limit)} of {len(plans)} stale videos asked for")


@dg.job(
    executor_def=_EXECUTOR,
    description="Makes again what a changed setting, version or model made stale, and only that: "
    "the asset stale_videos says first what it would be. Costs what it says there.",
)
def refresh_stale_videos() -> None:
    """Asks for runs of what is stale."""
    request_stale()


class FailuresConfig(dg.Config):
    """Which dead letters; all of them when nothing is said."""

    cause: str = Field(default="", description="only of this cause, see `vidpipe failures`")
    channel: str = Field(default="", description="only of this channel")
    subject: str = Field(default="", description="only this video id or key of an upload")


@dg.op
def requeue_dead_letters(
    context: dg.OpExecutionContext, config: FailuresConfig, vidpipe: VidpipeResource
) -> None:
    """Try them again from the beginning, in their turn."""
    library = Library(vidpipe.engine)
    found = library.failures(
        cause=config.cause or None,
        channel=config.channel or None,
        subject=config.subject or None,
        given_up=True,
    )
    for item in found:
        context.log.info(f"{item.subject}: {item.cause}: {item.message}")
    context.log.info(f"{library.retry([item.id for item in found])} asked for again")


@dg.job(
    executor_def=_EXECUTOR,
    description="Tries dead letters again: one, those of a cause or channel, or all. What was "
    "made before they failed is found again and costs nothing.",
)
def requeue_failures() -> None:
    """Tries dead letters again."""
    requeue_dead_letters()


class RetireConfig(dg.Config):
    """Which videos are not wanted any more."""

    videos: list[str] = Field(description="video ids")


@dg.op
def remove_videos(
    context: dg.OpExecutionContext, config: RetireConfig, vidpipe: VidpipeResource
) -> None:
    """Remove their files, mark their rows; their partitions stay."""
    busy = at_work(context.instance) & set(config.videos)
    if busy:
        raise dg.Failure(f"runs work on {', '.join(sorted(busy))}: end them first")
    try:
        removed = Library(vidpipe.engine).retire(config.videos)
    except VidpipeError as error:
        raise dg.Failure(str(error), allow_retries=False) from error
    for video_id, count in removed.items():
        context.log.info(f"{video_id}: {count} files removed; dropped again it is revived")


@dg.job(
    executor_def=_EXECUTOR,
    description="Removes everything made of some videos, and the recordings themselves. The same "
    "file dropped again revives a video.",
)
def retire_videos() -> None:
    """Removes everything of some videos."""
    remove_videos()


class RetentionConfig(dg.Config):
    """Say or do."""

    dry_run: bool = Field(default=True, description="only say what would be removed")


@dg.op
def apply_retention(
    context: dg.OpExecutionContext, config: RetentionConfig, vidpipe: VidpipeResource
) -> None:
    """Remove what the channels' policies give up, or say what that would be."""
    library = Library(vidpipe.engine)
    found = library.plan_removal(at_work(context.instance))
    if found.doubt:
        context.log.warning(found.doubt)
    for kept in found.kept[:_SHOWN]:
        context.log.info(f"kept {kept.video_id}: {kept.why}")
    for (channel, kind), (count, size) in found.by_kind().items():
        context.log.info(f"{channel}: {kind}: {count} objects, {size / 1e6:.1f} MB")
    if config.dry_run:
        for removal in found.removals[:_SHOWN]:
            context.log.info(f"would remove {removal.key} ({removal.age_days:.0f} days)")
        return
    count = library.remove(found, lambda: at_work(context.instance))
    context.log.info(f"removed {count} objects of {found.size_bytes / 1e6:.1f} MB that were due")


@dg.job(
    executor_def=_EXECUTOR,
    description="Removes files past the time that their channel keeps them (`retention` in "
    "channels.yaml), never those of a video that is worked on, held, or not exported. "
    "Launched by hand it only says what it would remove, unless dry_run is false.",
)
def retention() -> None:
    """Removes what policies give up."""
    apply_retention()


@dg.op
def request_incomplete(context: dg.OpExecutionContext, vidpipe: VidpipeResource) -> None:
    """Every accepted video is finished, waited for, or given up; else it is asked for again."""
    found = Library(vidpipe.engine).request_incomplete(at_work(context.instance))
    if found:
        names = ", ".join(found[:20])
        raise dg.Failure(
            f"{len(found)} videos were left incomplete and are asked for again: {names}",
            allow_retries=False,
        )
    context.log.info("no video is left incomplete")


@dg.job(
    executor_def=_EXECUTOR,
    description="Fails when a video is left incomplete: not finished, and neither waited for nor "
    "given up. Asks for it again.",
)
def resume_incomplete_videos() -> None:
    """Looks for videos that nobody cares for."""
    request_incomplete()


@dg.schedule(
    job=retention,
    cron_schedule="30 3 * * *",
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="Every night at 3:30. Removes nothing unless a channel has a policy; with "
    "VIDPIPE_RETENTION_DRY_RUN it only says what it would remove.",
)
def nightly_retention(context: dg.ScheduleEvaluationContext, vidpipe: VidpipeResource):  # type: ignore[no-untyped-def]
    """Retention by policy, once a night."""
    settings = vidpipe.engine.settings
    if not any(c.retention.policies for c in vidpipe.engine.channels.values()):
        return dg.SkipReason("no channel has a retention policy")
    config = RetentionConfig(dry_run=settings.retention_dry_run)
    return dg.RunRequest(run_config=dg.RunConfig(ops={"apply_retention": config}))


@dg.schedule(
    job=resume_incomplete_videos,
    cron_schedule="17 * * * *",
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="Every hour: is a video left incomplete?",
)
def hourly_resume_incomplete(context: dg.ScheduleEvaluationContext) -> dg.RunRequest:
    """The check, once an hour."""
    return dg.RunRequest()


library_report = dg.define_asset_job(
    "report_on_library",
    selection=dg.AssetSelection.assets("library_report"),
    executor_def=_EXECUTOR,
    description="Looks at the whole library: videos a day, speed, failures, storage. **Costs** a "
    "few queries, and a request to the store for every thousand objects.",
)


@dg.schedule(
    job=library_report,
    cron_schedule="10 2 * * *",
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="Every night at 2:10, so that its numbers plot over the nights.",
)
def nightly_report(context: dg.ScheduleEvaluationContext) -> dg.RunRequest:
    """The report, once a night."""
    return dg.RunRequest()


JOBS = (
    refresh_stale_videos,
    requeue_failures,
    retire_videos,
    retention,
    resume_incomplete_videos,
    library_report,
)
SCHEDULES = [nightly_retention, nightly_report, hourly_resume_incomplete]

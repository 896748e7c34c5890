"""How far a job is, and how long what is left will take."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from vidpipe.catalog.states import JobState
from vidpipe.catalog.tables import JobRow, StageRunRow, Video
from vidpipe.library.views import JobProgress


def progress_of(
    job: JobRow,
    wanted: Sequence[str],
    runs: Sequence[StageRunRow],
    video: Video | None,
    known: Mapping[str, float],
) -> JobProgress:
    """Which stages are done and which are left, in per cent of the time that they take.

    Args:
        job: the job.
        wanted: its stages in their order.
        runs: those that count for it.
        video: what it is of; None until intake has decided.
        known: seconds of a stage for a second of a recording, of stages that ran before.
    """
    done_stages = {run.stage for run in runs if run.error is None}
    over = job.state == JobState.DONE
    completed = tuple(stage for stage in wanted if over or stage in done_stages)
    remaining = tuple(stage for stage in wanted if stage not in completed)
    # What never ran here counts as much as the others on average.
    usual = sum(known.values()) / len(known) if known else 1.0
    weights = {stage: known.get(stage, usual) for stage in wanted}
    total = sum(weights.values())
    share = sum(weights[stage] for stage in completed) / total if total > 0 else float(over)
    percentage = 100 if over else min(99, int(100 * share))
    active = job.state in (JobState.QUEUED, JobState.RUNNING)
    eta_s = None
    if active and video is not None and all(stage in known for stage in remaining):
        eta_s = round(video.duration_s * sum(known[stage] for stage in remaining), 1)
    current = None
    if job.state == JobState.RUNNING:
        current = remaining[0] if remaining else None
    elif job.state == JobState.QUEUED and video is None:
        current = "intake"
    return JobProgress(
        current_stage=current,
        stages_completed=completed,
        stages_remaining=remaining,
        percentage=percentage,
        eta_s=eta_s,
    )

"""What a job is expected to cost, told anew once its passages are chosen.

Before the work nobody knows how many passages are found and how long they are, and clips and
exports are most of what a job costs. Once that is known, what is left is told from it, and kept
beside what was said before.
"""

from __future__ import annotations

from vidpipe.catalog.tables import JobRow, Video
from vidpipe.pipeline.costing import estimate_row, run_cost
from vidpipe.pipeline.engine import Chosen, Engine
from vidpipe.pipeline.planning import to_make
from vidpipe.pipeline.run_options import RunOptions
from vidpipe.pipeline.scored import SCORING


def renew_estimate(
    engine: Engine,
    job: JobRow,
    video: Video,
    run_options: RunOptions | None = None,
    chosen: Chosen | None = None,
) -> bool:
    """Keep what a job is expected to cost now that its passages are chosen.

    That is what was booked until now, and what clips, exports and whatever else follows are told
    to cost. What was said before stays. Each result of scoring renews an estimate once.

    Args:
        engine: whose ledger and prices it is told from.
        job: that goes on.
        video: that it is of.
        run_options: of its run; None: as the job has them.
        chosen: what its run made itself, by name.

    Returns:
        Whether there was anything to tell: a result, that renewed nothing before.

    Raises:
        VidpipeError: its channel is gone, or the options cannot be.
    """
    options = run_options or RunOptions.of(**(job.run_options or {}))
    order = engine.order(video.video_id, options, chosen)
    passages = engine.passages(video.video_id, order, chosen)
    if passages is None:
        return False
    names = engine.pipeline.names(order.wanted_platforms)
    before = set(names[: names.index(SCORING) + 1])
    asked = to_make(engine, video.video_id, job.stages, options)
    rest = run_cost(
        engine,
        video,
        [stage for stage in asked if stage not in before],
        run_options=options,
        passages=passages,
    )
    row = estimate_row(engine, video, rest, job_id=job.job_id)
    sums = engine.accountant.rows.sums("currency", channels=None, where={"job_id": job.job_id})
    # What it shares with others counts: it is of what the first estimate was of.
    booked = [*sums, *engine.accountant.shared.of_jobs([job.job_id]).get(job.job_id, ())]
    outside, local = sum(b.outside for b in booked), sum(b.local for b in booked)
    spent = outside + local
    row.outside, row.local = row.outside + outside, row.local + local
    row.spent, row.after, row.result = spent, SCORING, passages.result
    row.passages, row.passage_s = passages.count, passages.seconds
    if row.low is not None and row.high is not None:
        row.low, row.high = row.low + spent, row.high + spent
    return engine.accountant.estimates.add(row)

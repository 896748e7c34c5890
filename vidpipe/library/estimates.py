"""What runs are expected to cost: before their work, and again once passages are chosen."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from decimal import Decimal

from vidpipe.catalog.cost_tables import CostEstimateRow
from vidpipe.costs.money import units
from vidpipe.errors import VidpipeError
from vidpipe.library.cost_views import CostEstimateView, StageEstimate
from vidpipe.library.errors import Refused, UnknownVideo
from vidpipe.library.views import PastEstimate
from vidpipe.pipeline.costing import RunCost, estimate_row, run_cost
from vidpipe.pipeline.engine import Engine
from vidpipe.pipeline.planning import to_make
from vidpipe.pipeline.renewal import renew_estimate
from vidpipe.pipeline.run_options import RunOptions
from vidpipe.pipeline.scored import SCORING

#: Jobs whose costs are estimated before the next look.
_AT_ONCE = 10
#: Estimates of one answer.
_SHOWN = 40


def run_estimate(
    engine: Engine, video_id: str, stages: Sequence[str] | None = None
) -> CostEstimateView:
    """What a run would cost now, and where that comes from. Makes nothing.

    Args:
        engine: store, catalog, channels.
        video_id: of the video.
        stages: only these; None: whatever is to be made.

    Raises:
        UnknownVideo: there is none of this id.
        Refused: there is no such stage.
    """
    video = engine.catalog.video(video_id)
    if video is None:
        raise UnknownVideo(video_id)
    known = engine.pipeline.names(tuple(engine.channels[video.channel].presets))
    unknown = sorted(set(stages or ()) - set(known))
    if unknown:
        raise Refused(f"unknown stage {', '.join(unknown)}; there are: {', '.join(known)}")
    costs = run_cost(engine, video, to_make(engine, video_id, stages))
    return CostEstimateView(
        video_id=video_id,
        currency=engine.settings.costs.currency,
        outside=units(costs.outside),
        local=units(costs.local),
        total=units(costs.total),
        low=_units(costs.low),
        high=_units(costs.high),
        stages=tuple(
            StageEstimate(
                stage=c.stage,
                outside=units(c.outside),
                local=units(c.local),
                basis=c.basis,
                samples=c.samples,
            )
            for c in costs.stages
        ),
    )


def estimate_jobs(engine: Engine) -> bool:
    """Write down what jobs are expected to cost; whether there are more.

    Of those that have just come, of an upload or a link as soon as it is a video: before, nobody
    knows how long it is. And anew of those whose passages are chosen, where their run could not:
    it ended in between.
    """
    rows = engine.accountant.estimates
    jobs = rows.unestimated(_AT_ONCE)
    for job in jobs:
        video = engine.catalog.video(job.video_id or "")
        if video is None:
            continue
        try:
            options = RunOptions.of(**(job.run_options or {}))
            made = to_make(engine, video.video_id, job.stages, options)
            costs = run_cost(engine, video, made, run_options=options)
        except (VidpipeError, KeyError):
            # Its channel or its recording is gone: its run says so.
            costs = RunCost()
        rows.add(estimate_row(engine, video, costs, job_id=job.job_id))
    return len(jobs) == _AT_ONCE or _renew(engine)


def _renew(engine: Engine) -> bool:
    """Tell anew what jobs will cost whose passages are chosen; whether there may be more."""
    count = 0
    for job in engine.accountant.estimates.unrenewed(SCORING, _AT_ONCE):
        video = engine.catalog.video(job.video_id or "")
        if video is None:
            continue
        with suppress(VidpipeError, KeyError):
            # Its channel is gone: its run says so.
            options = RunOptions.of(**(job.run_options or {}))
            # What another job had chosen is not what this one will have.
            if SCORING not in to_make(engine, video.video_id, job.stages, options):
                count += renew_estimate(engine, job, video, options)
    return count == _AT_ONCE


def past_estimates(
    engine: Engine, *, video_id: str | None = None, job_id: str | None = None
) -> tuple[PastEstimate, ...]:
    """What was expected of runs beside what they came to until now, the newest first.

    Args:
        engine: whose ledger it is.
        video_id: of this video.
        job_id: of this job.
    """
    actual: dict[tuple[str, str | None], int] = {}
    rows = engine.accountant.estimates.read(_SHOWN, video_id=video_id, job_id=job_id)
    shared = engine.accountant.shared.of_jobs({row.job_id for row in rows if row.job_id})
    found = []
    for row in rows:
        key = (row.video_id, row.job_id)
        if key not in actual:
            actual[key] = _spent(engine, row)
        others = sum(s.outside + s.local for s in shared.get(row.job_id or "", ()))
        found.append(_past(row, actual[key], others))
    return tuple(found)


def _spent(engine: Engine, row: CostEstimateRow) -> int:
    where = {"video_id": row.video_id}
    if row.job_id is not None:
        where["job_id"] = row.job_id
    sums = engine.accountant.rows.sums("currency", channels=None, where=where)
    return sum(s.outside + s.local for s in sums)


def _past(row: CostEstimateRow, actual: int, shared: int) -> PastEstimate:
    estimate, came_to = row.outside + row.local, actual + shared
    off = abs(Decimal(estimate - came_to)) / came_to if came_to else None
    return PastEstimate(
        at=row.at,
        job_id=row.job_id,
        currency=row.currency,
        estimate=units(estimate),
        actual=units(actual),
        shared=units(shared),
        off=off.quantize(Decimal("0.0001")) if off is not None else None,
        low=_units(row.low),
        high=_units(row.high),
        after=row.after,
        spent=_units(row.spent),
        passages=row.passages,
        passage_s=row.passage_s,
    )


def _units(amount: int | None) -> Decimal | None:
    return units(amount) if amount is not None else None

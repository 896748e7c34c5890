"""What concerns the whole library and no single video."""

from collections import Counter

import dagster as dg
from pydantic import Field

from assets.metadata import Metadata, markdown, mib, stored_picture, table
from assets.partitions import videos
from assets.step import OWNERS, translated
from resources.vidpipe_resource import VidpipeResource
from vidpipe.costs import units
from vidpipe.library import CostEstimateView, Library
from vidpipe.operations.charts import charts
from vidpipe.operations.report import Report, report
from vidpipe.operations.stale import plans
from vidpipe.pipeline import Engine
from vidpipe.storage.keys import REPORTS

_ROWS = 200


@dg.asset(group_name="operations", kinds={"vidpipe"}, owners=OWNERS)
def stale_videos(
    context: dg.AssetExecutionContext, vidpipe: VidpipeResource
) -> dg.MaterializeResult:  # type: ignore[type-arg]
    """What a change of a setting, a stage, a model or a brand made stale, and why.

    Materialise it after a change to see what making everything again would cost; the job
    refresh_stale_videos then asks for exactly that.
    """
    found, unplanned = plans(vidpipe.engine)
    stale = [p for p in found if p.stale]
    reasons = Counter(reason for p in stale for reason in p.reasons)
    stages = Counter(stage for p in stale for stage in p.stages)
    return dg.MaterializeResult(
        metadata={
            "videos": len(found),
            "stale": len(stale),
            "not_planned": len(unplanned),
            "why": table(
                [{"videos": n, "because": r} for r, n in reasons.most_common(_ROWS)],
                because="what changed, old and new",
            ),
            "stages": table(
                [{"videos": n, "stage": s} for s, n in stages.most_common()],
                stage="what would be made anew",
            ),
            "which": table(
                [
                    {
                        "video": p.video_id,
                        "stages": ", ".join(p.stages),
                        "because": "; ".join(p.reasons),
                    }
                    for p in stale[:_ROWS]
                ],
                because="what changed, old and new",
            ),
            "why_not_planned": table(
                [{"video": v, "because": why} for v, why in list(unplanned.items())[:_ROWS]],
                because="what has to be resolved first",
            ),
        }
    )


@dg.asset(group_name="operations", kinds={"vidpipe"}, owners=OWNERS, partitions_def=videos)
def run_estimate(
    context: dg.AssetExecutionContext, vidpipe: VidpipeResource
) -> dg.MaterializeResult:  # type: ignore[type-arg]
    """What a run of a video would cost now, by stage, and where that comes from. Makes nothing.

    The job estimate_run beside process_video asks for it: its page then says the sum before
    anything is spent.
    """
    with translated(context):
        engine = vidpipe.engine
        found = Library(engine).spending.estimate(context.partition_key)
        return dg.MaterializeResult(metadata=estimate_metadata(found))


def estimate_metadata(found: CostEstimateView) -> Metadata:
    """An estimate: the sums that plot, then each stage with what it rests on."""
    rows = [
        {
            "stage": one.stage,
            "services": f"{one.outside:f}",
            "own_work": f"{one.local:f}",
            "by": one.basis,
        }
        for one in found.stages
    ]
    return {
        "would_cost": float(found.total),
        "would_cost_services": float(found.outside),
        "would_cost_own_work": float(found.local),
        "currency": found.currency,
        "stages": table(
            rows or [{"stage": "nothing", "services": "0", "own_work": "0", "by": "all is made"}],
            by="recordings that it was told from, or the price list",
        ),
    }


class ReportConfig(dg.Config):
    """What the report looks at."""

    days: int = Field(default=30, description="how many days back, 1 to 366")
    storage: bool = Field(
        default=True, description="also list the store: a request for every thousand objects"
    )


@dg.asset(group_name="operations", kinds={"vidpipe"}, owners=OWNERS)
def library_report(
    context: dg.AssetExecutionContext, config: ReportConfig, vidpipe: VidpipeResource
) -> dg.MaterializeResult:  # type: ignore[type-arg]
    """The library as a whole: videos a day, speed of each stage, failures, storage.

    Made every night by the schedule nightly_report; its numbers plot over the nights.
    Materialise it to see how things stand now.
    """
    with translated(context):
        found = report(vidpipe.engine, days=min(max(config.days, 1), 366), storage=config.storage)
        return dg.MaterializeResult(metadata=report_metadata(vidpipe.engine, found))


def report_metadata(engine: Engine, found: Report) -> Metadata:
    """Pictures first, then tables, then the numbers that plot over the nights."""
    pictures = {}
    for name, data in charts(found).items():
        key = f"{REPORTS}/{found.at:%Y-%m-%dT%H%M%S}/{name}.png"
        engine.store.put_bytes(key, data)
        pictures[name] = markdown(stored_picture(engine, key, data))
    today, before = found.days[-1], found.days[:-1]
    return {
        **pictures,
        "a_day": table(
            [
                {
                    "day": d.day.isoformat(),
                    "videos": d.videos,
                    "recorded_h": d.recorded_h,
                    "clips": d.clips,
                    "failures": d.failures,
                    "channels": ", ".join(f"{c} {n}" for c, n in sorted(d.by_channel.items())),
                }
                for d in reversed(found.days)
                if d.videos or d.failures
            ],
            videos="finished on that day (UTC)",
            failures="noted on that day, resolved or not",
        ),
        "stages": table(
            [
                {
                    "stage": s.stage,
                    "made": s.count,
                    "median_s": s.median_s,
                    "p95_s": s.p95_s,
                    "real_time_factor": s.real_time_factor,
                    "percent": round(100 * s.share, 1),
                }
                for s in found.speeds
            ],
            median_s="for a minute of recording",
            real_time_factor="seconds of work for a second of recording",
            percent="of all the seconds that were worked",
        ),
        "failing": table(
            [
                {
                    "cause": t.cause,
                    "channel": t.channel,
                    "given_up": t.dead,
                    "waiting": t.waiting,
                    "since": t.since.date().isoformat(),
                    "example": t.example[:200],
                }
                for t in found.troubles[:_ROWS]
            ],
            cause="see the runbook",
            given_up="left for a person: job requeue_failures",
            waiting="to be tried again by themselves",
        ),
        "quarantine": table(
            [
                {"channel": channel, "reason": reason, "uploads": count}
                for channel, reason, count in found.rejected[:_ROWS]
            ],
            reason="why it was not taken in",
        ),
        "storage_by_kind": table(
            [
                {
                    "channel": s.channel,
                    "kind": s.kind,
                    "objects": s.objects,
                    "size_mib": mib(s.size_bytes),
                }
                for s in found.stored[:_ROWS]
            ],
            kind="as policies of retention name it",
        ),
        "spent": table(
            [
                {
                    "of": item.of or "",
                    "services": float(units(item.outside)),
                    "own_work": float(units(item.local)),
                    "calls": item.calls,
                    "failed": item.failed,
                }
                for item in (*found.spent, *found.dearest)
            ],
            of="each channel, then the dearest videos",
            services=f"in {found.currency}",
        ),
        "videos": found.totals["videos"],
        "finished_videos": found.totals["finished"],
        "clip_count": found.totals["clips"],
        "export_count": found.totals["exports"],
        "waiting_for_a_run": found.waiting,
        "to_be_tried_again": found.to_be_tried_again,
        "given_up": found.dead,
        "in_quarantine": sum(count for _, _, count in found.rejected),
        "finished_today": today.videos,
        "finished_yesterday": before[-1].videos if before else 0,
        "real_time_factor": round(found.real_time_factor, 4),
        "stored_mib": mib(found.size_bytes),
    }


ASSETS = [stale_videos, run_estimate, library_report]

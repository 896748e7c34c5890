"""What concerns the whole library and no single video."""

from collections import Counter

import dagster as dg

from assets.metadata import table
from assets.shell import OWNERS
from resources import VidpipeResource
from vidpipe.operations.stale import plans

_ROWS = 200


@dg.asset(group_name="operations", kinds={"vidpipe"}, owners=OWNERS)
def stale_videos(
    context: dg.AssetExecutionContext, vidpipe: VidpipeResource
) -> dg.MaterializeResult:  # type: ignore[type-arg]
    """What a change of a setting, a stage, a model or a brand made stale, and why.

    Materialise it after a change to see what making everything anew would cost; the job
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
                because="what has to be mended first",
            ),
        }
    )


ASSETS = [stale_videos]

"""What concerns the whole library and no single video."""

from collections import Counter

import dagster as dg

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
            "why": _table(("videos", "because"), [(n, r) for r, n in reasons.most_common(_ROWS)]),
            "stages": _table(("videos", "stage"), [(n, s) for s, n in stages.most_common()]),
            "which": _table(
                ("video", "stages", "because"),
                [(p.video_id, ", ".join(p.stages), "; ".join(p.reasons)) for p in stale[:_ROWS]],
            ),
            "why_not_planned": _table(("video", "because"), list(unplanned.items())[:_ROWS]),
        }
    )


def _table(names: tuple[str, ...], rows: list[tuple[object, ...]]) -> dg.TableMetadataValue:
    kinds = {int: "int", float: "float"}
    first = rows[0] if rows else tuple("" for _ in names)
    schema = dg.TableSchema(
        columns=[
            dg.TableColumn(name, kinds.get(type(value), "string"))
            for name, value in zip(names, first, strict=True)
        ]
    )
    records = [dg.TableRecord(dict(zip(names, row, strict=True))) for row in rows]  # type: ignore[arg-type]
    return dg.MetadataValue.table(records=records, schema=schema)


ASSETS = [stale_videos]

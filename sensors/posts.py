"""Posts beside what they were made of: where a data team looks for them.

Publishing is no part of the graph. A post is made once and cannot be taken back by making it
again: it must not be forced, found again or backfilled, and what it waits for (a platform, a slot,
a quota) is no work of a run. `vidpipe serve` and `vidpipe worker` post; Dagster is told.
"""

import json
from typing import Any

import dagster as dg

from resources.vidpipe_resource import VidpipeResource
from vidpipe.catalog.event_log import EventRecord, Rooms
from vidpipe.errors import VidpipeError
from vidpipe.library.publishing.building import PRESETS
from vidpipe.pipeline import Engine
from vidpipe.pipeline.steps.exports import EXPORTS

#: Events of one tick.
_BATCH = 100
_KINDS = ("post.posted", "post.deleted")


@dg.sensor(
    minimum_interval_seconds=60,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Notes where exports were posted, as observations of their assets: account, "
    "address, time. It posts nothing: `vidpipe serve` and `vidpipe worker` do.",
)
def posts_noted(
    context: dg.SensorEvaluationContext, vidpipe: VidpipeResource
) -> dg.SensorResult | dg.SkipReason:
    """One observation for each post that was posted or taken down since the last tick.

    Never for what is unchanged: an observation in every tick would fill the event log.
    """
    try:
        engine = vidpipe.engine
        log = engine.catalog.events
        after = json.loads(context.cursor)["after"] if context.cursor else 0
        rooms = Rooms(channels=frozenset(engine.channels), kinds=_KINDS)
        found = log.after(after, _BATCH, rooms=rooms)
    except VidpipeError as error:
        return dg.SkipReason(f"nothing was noted, tried again: {error}")
    if not found:
        return dg.SkipReason("nothing was posted")
    noted = [seen for event in found if (seen := _observation(engine, event)) is not None]
    return dg.SensorResult(asset_events=noted, cursor=json.dumps({"after": found[-1].id}))


def _observation(engine: Engine, event: EventRecord) -> dg.AssetObservation | None:
    """What the asset of the export says of its post; None: it is of no asset."""
    data = event.data
    made = engine.channels[event.channel].platforms
    presets = [name for name in PRESETS.get(data["platform"], made) if name in made]
    if not presets:
        return None
    metadata: dict[str, Any] = {
        "post_id": data["post_id"],
        "clip_id": data["clip_id"],
        "platform": data["platform"],
        "account_id": data["account_id"],
        "state": event.kind.partition(".")[2],
        "at": dg.MetadataValue.timestamp(event.occurred_at),
    }
    if data.get("url"):
        metadata["url"] = dg.MetadataValue.url(data["url"])
    return dg.AssetObservation(
        asset_key=dg.AssetKey([EXPORTS.name, presets[0]]),
        partition=data["video_id"],
        description=f"{metadata['state']}: {data['platform']} {data.get('url') or ''}".strip(),
        metadata=metadata,
    )

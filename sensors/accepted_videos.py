"""Accepted videos become partitions and one run each."""

import dagster as dg

from assets.partitions import videos
from resources import VidpipeResource
from sensors.jobs import process_video
from vidpipe.errors import VidpipeError

#: Partition keys and runs of one tick.
_BATCH = 50


@dg.sensor(
    job=process_video,
    minimum_interval_seconds=10,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Requests one run for each accepted video, and again when its sidecars change.",
)
def accepted_videos(
    context: dg.SensorEvaluationContext, vidpipe: VidpipeResource
) -> dg.SensorResult | dg.SkipReason:
    """Ask the catalog for videos that no run has started for.

    The run key holds the sidecars' version, so a tick that is repeated after a
    crash requests nothing twice; the cursor walks through a long queue.
    """
    try:
        catalog = vidpipe.engine.catalog
        waiting = catalog.waiting_videos(_BATCH, after=context.cursor or "")
    except VidpipeError as error:
        return dg.SkipReason(f"the catalog could not be read: {error}")
    if not waiting:
        return dg.SensorResult(skip_reason="no accepted video waits for a run", cursor="")
    keys = [v.video_id for v in waiting]
    requests = [
        dg.RunRequest(
            partition_key=v.video_id,
            run_key=f"{v.video_id}:{v.sidecar_version}",
            tags={
                "vidpipe/channel": v.channel,
                "dagster/priority": str(_priority(vidpipe, v.video_id)),
            },
        )
        for v in waiting
    ]
    return dg.SensorResult(
        run_requests=requests,
        dynamic_partitions_requests=[videos.build_add_request(keys)],
        cursor=keys[-1] if len(waiting) == _BATCH else "",
    )


def _priority(vidpipe: VidpipeResource, video_id: str) -> int:
    """What its sidecar asks for; 0 for a video whose sidecar or channel cannot be read now."""
    try:
        return vidpipe.engine.order(video_id).instructions.priority
    except VidpipeError:
        return 0

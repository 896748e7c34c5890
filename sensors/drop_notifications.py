"""New objects in the drop folder are noticed: by being told of them."""

import dagster as dg

from resources.vidpipe_resource import VidpipeResource
from vidpipe.errors import VidpipeError
from vidpipe.library.due import read_notifications


@dg.sensor(
    minimum_interval_seconds=10,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Reads the bucket's notifications from SQS (VIDPIPE_DROP_QUEUE_URL), so that a "
    "large bucket need not be listed often. A listing finds what a notification missed.",
)
def drop_notifications(
    context: dg.SensorEvaluationContext, vidpipe: VidpipeResource
) -> dg.SensorResult | dg.SkipReason:
    """Look at what messages tell of; see `due.read_notifications`."""
    try:
        queue = vidpipe.drop_queue()
        if queue is None:
            return dg.SkipReason("VIDPIPE_DROP_QUEUE_URL is not set: the folder is listed instead")
        messages, fresh = read_notifications(vidpipe.engine, queue, vidpipe.drop_folder())
    except VidpipeError as error:
        return dg.SkipReason(f"the notifications stay in the queue: {error}")
    if not messages:
        return dg.SkipReason("no notification")
    return dg.SensorResult(skip_reason=f"{messages} notifications, {fresh} videos new or changed")

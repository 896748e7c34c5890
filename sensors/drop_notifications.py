"""New objects in the drop folder are noticed: by being told of them."""

from collections.abc import Iterable
from urllib.parse import unquote, urlsplit

import dagster as dg

from resources.vidpipe_resource import VidpipeResource
from vidpipe.errors import VidpipeError
from vidpipe.intake.drops import family, scan
from vidpipe.intake.notifications import Message
from vidpipe.intake.taking import notice


@dg.sensor(
    minimum_interval_seconds=10,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Reads the bucket's notifications from SQS (VIDPIPE_DROP_QUEUE_URL), so that a "
    "large bucket need not be listed often. A listing finds what a notification missed.",
)
def drop_notifications(
    context: dg.SensorEvaluationContext, vidpipe: VidpipeResource
) -> dg.SensorResult | dg.SkipReason:
    """Look at each object that a message tells of, with its sidecars; then answer the message.

    Messages are answered when what they tell of is in the catalog, not before: a tick that
    ends early leaves them in the queue.
    """
    try:
        queue = vidpipe.drop_queue()
        if queue is None:
            return dg.SkipReason("VIDPIPE_DROP_QUEUE_URL is not set: the folder is listed instead")
        messages = queue.receive()
        if not messages:
            return dg.SkipReason("no notification")
        folder = vidpipe.drop_folder()
        families = sorted(_told_of(messages, vidpipe.engine.settings.drop_url))
        seen = [s for name in families for s in scan(folder.family(name))]
        fresh = notice(vidpipe.engine.catalog, seen)
        queue.answer(messages)
    except VidpipeError as error:
        return dg.SkipReason(f"the notifications stay in the queue: {error}")
    return dg.SensorResult(
        skip_reason=f"{len(messages)} notifications, {len(fresh)} videos new or changed"
    )


def _told_of(messages: Iterable[Message], drop_url: str) -> set[str]:
    """Families of the drop folder's own keys: other buckets and prefixes are not ours."""
    parts = urlsplit(drop_url)
    prefix = unquote(parts.path).strip("/")
    prefix = f"{prefix}/" if prefix else ""
    return {
        family(key.removeprefix(prefix))
        for message in messages
        for bucket, key in message.keys
        if bucket == parts.netloc and key.startswith(prefix)
    }

"""Somebody is told of dead letters."""

import json

import dagster as dg

from resources import VidpipeResource
from vidpipe.errors import VidpipeError
from vidpipe.operations.alerts import tell


@dg.sensor(
    minimum_interval_seconds=60,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Tells of new dead letters by webhook (VIDPIPE_ALERTS__URL), grouped by cause "
    "and channel, each group at most every VIDPIPE_ALERTS__MIN_INTERVAL_S seconds.",
)
def alerts(
    context: dg.SensorEvaluationContext, vidpipe: VidpipeResource
) -> dg.SensorResult | dg.SkipReason:
    """Send one message for all that nobody was told of; what cannot be sent stays."""
    try:
        settings = vidpipe.engine.settings
        if not settings.alerts.url.get_secret_value():
            return dg.SkipReason("VIDPIPE_ALERTS__URL is not set: `vidpipe failures` lists them")
        told = json.loads(context.cursor or "{}")
        told, groups = tell(vidpipe.engine.catalog, settings.alerts, told, ui_url=settings.ui_url)
    except VidpipeError as error:
        return dg.SkipReason(f"nobody was told, tried again: {error}")
    said = ", ".join(f"{len(g.rows)}x {g.name}" for g in groups)
    return dg.SensorResult(
        skip_reason=f"told of {said}" if groups else "no new dead letter", cursor=json.dumps(told)
    )

"""The coordinator is alive, and people are told where no worker does it."""

import dagster as dg

from resources.vidpipe_resource import VidpipeResource
from vidpipe.errors import VidpipeError
from vidpipe.library import Library
from vidpipe.library.coordination import coordinate


@dg.sensor(
    minimum_interval_seconds=30,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Says that the daemon is alive, sees whether workers are, and sends what people "
    "are to be told (VIDPIPE_NOTIFY__TARGETS) beside them: each message is one process' alone.",
)
def notifications(context: dg.SensorEvaluationContext, vidpipe: VidpipeResource) -> dg.SkipReason:
    """One look, and one round of messages; what cannot be sent is tried again."""
    try:
        engine = vidpipe.engine
        coordinate(engine)
        telling = Library(engine).telling
        telling.look()
        while telling.notifier.give():
            pass
        sent = telling.notifier.send()
    except VidpipeError as error:
        return dg.SkipReason(f"nobody was told, tried again: {error}")
    context.log.debug("looked at workers and disks")
    if not engine.settings.notify.active:
        said = "nobody is told: VIDPIPE_NOTIFY__TARGETS__NAME__URL is not set"
        return dg.SkipReason(f"{said}; `vidpipe failures` lists what was given up")
    return dg.SkipReason("told what was due" if sent else "nothing is due")

"""New and changed objects in the drop folder are noticed: by listing it."""

import json
import time

import dagster as dg

from resources.vidpipe_resource import VidpipeResource
from vidpipe.errors import VidpipeError
from vidpipe.library.due import list_part


@dg.sensor(
    minimum_interval_seconds=10,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Lists the drop folder: {channel}/{video or sound}, with sidecars of the same "
    "stem. Writes what is new or changed into the catalog, where it waits for intake.",
)
def drop_folder(
    context: dg.SensorEvaluationContext, vidpipe: VidpipeResource
) -> dg.SensorResult | dg.SkipReason:
    """List a slice, compare it with what is known, write down what is new.

    The cursor holds where the listing is, not what it saw: that is in the catalog. A
    listing that fails is not an empty one: it is said, and nothing changes.
    """
    state = json.loads(context.cursor) if context.cursor else {}
    after = state.get("after", "")
    try:
        engine = vidpipe.engine
        folder = vidpipe.drop_folder()
        pause_s = state.get("began_s", 0.0) + engine.settings.drop_list_interval_s - time.time()
        if not after and not folder.polled and pause_s > 0:
            return dg.SkipReason(f"listed completely; again in {pause_s:.0f} s")
        began_s = state["began_s"] if after else time.time()
        part = list_part(engine, folder, after)
    except VidpipeError as error:
        return dg.SkipReason(f"the drop folder could not be read, nothing was decided: {error}")
    said = f"{part.objects} objects, {len(part.seen)} videos, {len(part.fresh)} new or changed"
    if part.after:
        said += f"; the listing goes on after {part.after}"
    if part.left:
        named = "; ".join(f"{item.key}: {item.message}" for item in part.left[:5])
        said += f"; {len(part.left)} passed over (`vidpipe status` lists them): {named}"
    cursor = json.dumps({"after": part.after, "began_s": round(began_s, 3)})
    return dg.SensorResult(skip_reason=said, cursor=cursor)

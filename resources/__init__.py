"""Dagster resources: what assets, sensors and runs stand on.

Belongs here: the door from Dagster into the engine, the launch form, the executor. Does
not belong here: anything the engine does.
"""

from vidpipe.extras import from_extra

with from_extra("dagster"):
    from resources.executor import (
        GETS_NO_FURTHER,
        end_with_parent,
        ended_when_stuck,
        executor_for,
        living,
    )
    from resources.observed import observe, origin_tags, stepping
    from resources.run_options import RunOptionsResource, run_options_for
    from resources.vidpipe_resource import VidpipeResource

__all__ = [
    "GETS_NO_FURTHER",
    "RunOptionsResource",
    "VidpipeResource",
    "end_with_parent",
    "ended_when_stuck",
    "executor_for",
    "living",
    "observe",
    "origin_tags",
    "run_options_for",
    "stepping",
]

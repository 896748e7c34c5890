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
    from resources.vidpipe_resource import VidpipeResource
    from resources.wishes import WishesResource, wishes_for

__all__ = [
    "GETS_NO_FURTHER",
    "VidpipeResource",
    "WishesResource",
    "end_with_parent",
    "ended_when_stuck",
    "executor_for",
    "living",
    "wishes_for",
]

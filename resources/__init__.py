"""Dagster resources: what assets, sensors and runs stand on.

Belongs here: the door from Dagster into the engine, the launch form, the executor. Does
not belong here: anything the engine does.
"""

from resources.executor import end_when_stuck, end_with_parent, executor_for, living
from resources.vidpipe_resource import VidpipeResource
from resources.wishes import WishesResource, wishes_for

__all__ = [
    "VidpipeResource",
    "WishesResource",
    "end_when_stuck",
    "end_with_parent",
    "executor_for",
    "living",
    "wishes_for",
]

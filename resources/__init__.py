"""Dagster resources: what assets, sensors and runs stand on.

Belongs here: the door from Dagster into the engine, and the executor. Does not belong
here: anything the engine does.
"""

from resources.executor import end_with_parent, executor_for, living
from resources.vidpipe_resource import VidpipeResource

__all__ = ["VidpipeResource", "end_with_parent", "executor_for", "living"]

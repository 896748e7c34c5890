"""Dagster resources: what assets and sensors talk to.

Belongs here: the door from Dagster into the engine. Does not belong here:
anything the engine does.
"""

from resources.vidpipe_resource import VidpipeResource

__all__ = ["VidpipeResource"]

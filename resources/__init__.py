"""Dagster resources: what assets, sensors and runs stand on.

Belongs here: the door from Dagster into the engine, the launch form, the executor. Does
not belong here: anything the engine does. Nothing is loaded with the package: Dagster's web server
loads the tags alone, and has no use for the engine.
"""

from vidpipe.extras import from_extra

with from_extra("dagster"):
    import dagster  # noqa: F401 - whoever loads a part of it is told which extra is missing

"""Dagster assets: one module per group, each asset a few lines over a stage.

Belongs here: groups, kinds, owners, descriptions, metadata, checks. Does not
belong here: anything done to a video (`vidpipe/`), and what starts work
(`sensors/`).
"""

from importlib import import_module

from vidpipe.extras import from_extra

with from_extra("dagster"):
    import_module("dagster")

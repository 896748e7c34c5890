"""Dagster assets: one module per group, each asset a few lines over a stage.

Belongs here: groups, kinds, owners, descriptions, metadata, checks. Does not
belong here: anything done to a video (`vidpipe/`), and what starts work
(`sensors/`).
"""

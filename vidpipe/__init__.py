"""What is done to a video: plain Python, from an uploaded file to finished clips.

Belongs here: every stage, the types between them, storage, catalog and the
command line. Does not belong here: anything that knows about Dagster; when and
where a stage runs is decided in `assets`, `resources` and `sensors`.
"""

__version__ = "0.1.0"

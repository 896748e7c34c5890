"""Tables that people query, and their migrations.

Belongs here: uploads, videos, clips, exports, stage runs: what was made of
what, on SQLite or PostgreSQL. Does not belong here: run history and lineage
(Dagster has them) and the artifacts themselves (the store has them).
"""

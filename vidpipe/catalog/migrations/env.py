"""Alembic's environment: runs on the connection that `Catalog.upgrade` hands over."""

from __future__ import annotations

from alembic import context

from vidpipe.catalog.tables import Base

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=Base.metadata,
    render_as_batch=connection.dialect.name == "sqlite",
    version_table="vidpipe_schema",
)
with context.begin_transaction():
    context.run_migrations()

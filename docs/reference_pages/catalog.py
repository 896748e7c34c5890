"""The catalog."""

from __future__ import annotations

from reference_pages.markdown import doc_of, table_of


def tables() -> str:
    """The tables of the catalog."""
    from sqlalchemy.dialects import postgresql

    import vidpipe.catalog.account_tables
    import vidpipe.catalog.event_tables
    import vidpipe.catalog.upload_tables
    import vidpipe.catalog.webhook_tables  # noqa: F401
    from vidpipe.catalog import tables as module

    parts = [
        "# Tables of the catalog\n",
        "One database, SQLite or PostgreSQL (`VIDPIPE_DATABASE_URL`). Read them as you like; "
        "only vidpipe writes. Times are UTC.\n",
    ]
    dialect = postgresql.dialect()
    classes = {m.local_table.name: m.class_ for m in module.Base.registry.mappers}
    for table in module.Base.metadata.sorted_tables:
        rows = []
        for column in table.columns:
            marks = [
                "key" if column.primary_key else "",
                "" if column.nullable or column.primary_key else "never null",
                *(f"of {key.column}" for key in column.foreign_keys),
            ]
            kind = column.type.compile(dialect=dialect).lower()
            rows.append((f"`{column.name}`", kind, ", ".join(m for m in marks if m)))
        parts.append(f"## {table.name}\n\n{doc_of(classes[table.name])}\n\n")
        parts.append(table_of(("column", "type", ""), rows) + "\n")
    return "\n".join(parts)

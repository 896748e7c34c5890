"""Kinds of metadata that the UI shows well: pictures, links, tables.

The UI shows Markdown of less than 1000 characters in place and hides the rest behind a
click (read in its bundle, 1.13.27). Where `vidpipe serve` runs, pictures and links are
therefore addresses there: short, legible at full size, and good for as long as the file
is. Without it pictures go in as `data:` images of at most 30 KB, for they live in the
event log, and links are signed for a week.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from typing import Any

import dagster as dg

from vidpipe.media.contact_sheets import thumbnail
from vidpipe.pipeline import Engine
from vidpipe.storage.artifacts import Manifest

Metadata = dict[str, Any]

#: What the UI shows in place, in characters, with room to spare.
IN_PLACE = 980
#: Pixels of the narrower of the columns that values stand in, in a window 1600 pixels wide.
_WIDTH = 540
#: Dagster's names of column types.
_TYPES = {bool: "bool", int: "int", float: "float"}


def picture(engine: Engine, manifest: Manifest, name: str, *, leads_to: str = "") -> str:
    """Markdown of a picture, which leads somewhere when it is clicked."""
    file = manifest.file(name)
    if engine.settings.public_url:
        address = engine.page_link(file.key)
        return f"[![{name}]({address}?width={_WIDTH})]({leads_to or address})"
    data = base64.b64encode(thumbnail(engine.artifacts.path(file))).decode()
    return f"![{name}](data:image/jpeg;base64,{data})"


def stored_picture(engine: Engine, key: str, data: bytes) -> str:
    """Markdown of a picture of at most 30 KB that is stored under a key, as it is."""
    if engine.settings.public_url:
        return f"![{key}]({engine.page_link(key)})"
    return f"![{key}](data:image/png;base64,{base64.b64encode(data).decode()})"


def link(engine: Engine, key: str, text: str) -> str:
    """Markdown of a link to a stored file."""
    return f"[{plain(text)}]({engine.lasting_link(key)})"


def markdown(*paragraphs: str) -> dg.MarkdownMetadataValue:
    """Paragraphs that say something, as metadata."""
    return dg.MetadataValue.md("\n\n".join(p for p in paragraphs if p))


def as_far_as_shown(lines: Sequence[str], room: int = IN_PLACE) -> list[str]:
    """The first lines, as many as are shown in place; the last says how many are left out."""
    kept: list[str] = []
    for line in lines:
        if sum(map(len, kept)) + 2 * len(kept) + len(line) > room - 20:
            return [*kept, f"… {len(lines) - len(kept)} more"]
        kept.append(line)
    return kept


def table(
    rows: Sequence[Mapping[str, Any]], **columns: str
) -> dg.TableMetadataValue | dg.TextMetadataValue:
    """Rows as a table; `none` where there are none.

    Args:
        rows: cells by column; all rows have the same columns.
        columns: what a column is, with its unit, for the header's hint. Types are those of
            the first row's cells.
    """
    if not rows:
        return dg.MetadataValue.text("none")
    schema = dg.TableSchema(
        [
            dg.TableColumn(name, _TYPES.get(type(cell), "string"), columns.get(name))
            for name, cell in rows[0].items()
        ]
    )
    return dg.MetadataValue.table(
        records=[dg.TableRecord(dict(row)) for row in rows], schema=schema
    )


def plain(text: str) -> str:
    """Somebody's text as text: nothing in it is markup."""
    return "".join(f"\\{c}" if c in "\\`*_{}[]<>#|!" else c for c in text)


def mib(size_bytes: int) -> float:
    """Bytes as MiB, to be read."""
    return round(size_bytes / 2**20, 2)

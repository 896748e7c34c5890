"""What differs between two documents: one change for each field that does."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel, ConfigDict

from vidpipe.edits.model import ClipEdit, EditDocument


class EditChange(BaseModel):
    """A field that two documents have differently; `before` and `after` as JSON has them."""

    model_config = ConfigDict(frozen=True)

    path: str
    clip: str | None
    field: str
    before: Any
    after: Any

    @property
    def words(self) -> str:
        """For a list of versions: `clip a1b2c3: title`."""
        return f"clip {self.clip}: {self.field}" if self.clip else self.field


def changes(before: EditDocument, after: EditDocument) -> tuple[EditChange, ...]:
    """Every field of the documents and of their clips that is not the same in both."""
    return tuple(_of_document(before, after))


def _of_document(before: EditDocument, after: EditDocument) -> Iterator[EditChange]:
    for name, was, now in _fields(before, after, {"clip_edits"}):
        yield EditChange(path=name, clip=None, field=name, before=was, after=now)
    ids = dict.fromkeys(e.clip for e in (*before.clip_edits, *after.clip_edits))
    for clip in ids:
        was_edit = before.of(clip) or ClipEdit(clip=clip)
        now_edit = after.of(clip) or ClipEdit(clip=clip)
        for name, was, now in _fields(was_edit, now_edit, {"clip", "moment"}):
            path = f"clip_edits[{clip}].{name}"
            yield EditChange(path=path, clip=clip, field=name, before=was, after=now)


def _fields(
    before: BaseModel, after: BaseModel, without: set[str]
) -> Iterator[tuple[str, Any, Any]]:
    was, now = before.model_dump(mode="json"), after.model_dump(mode="json")
    for name in was:
        if name not in without and was[name] != now[name]:
            yield name, was[name], now[name]

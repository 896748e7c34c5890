"""Models and tables as Markdown."""

from __future__ import annotations

import dataclasses
import inspect
import re
from collections.abc import Iterator
from typing import Any


def field_rows(
    model: Any, prefix: str, separator: str, change: Any = str
) -> Iterator[tuple[str, ...]]:
    """(name, default, what it is) of every field, those of nested models after their own."""
    from pydantic import BaseModel
    from pydantic_core import PydanticUndefined

    fields = getattr(model, "model_fields", None) or model.__pydantic_fields__
    for name, field in fields.items():
        kind = field.annotation
        path = f"{prefix}{change(name)}"
        nested = isinstance(kind, type) and (
            issubclass(kind, BaseModel) or dataclasses.is_dataclass(kind)
        )
        if nested:
            yield from field_rows(kind, f"{path}{separator}", separator, change)
            continue
        default = field.get_default(call_default_factory=True)
        shown = "required" if default is PydanticUndefined else default_of(default)
        yield path, shown, said_of(field)


def default_of(value: Any) -> str:
    """A default as it is written; empty for none."""
    if hasattr(value, "get_secret_value"):
        value = value.get_secret_value()
    if value in (None, "", (), [], {}):
        return ""
    if isinstance(value, tuple | list):
        return f"`{', '.join(map(str, value))}`"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    text = str(getattr(value, "value", value)).replace("\n", "\\n")
    return f"`{text}`"


def said_of(field: Any) -> str:
    """Its description, and the limits that it is held to."""
    limits = []
    for item in field.metadata:
        for name, sign in (("ge", "≥"), ("gt", ">"), ("le", "≤"), ("lt", "<")):
            if getattr(item, name, None) is not None:
                limits.append(f"{sign} {getattr(item, name):g}")
    choices = (
        re.findall(r"'([^']+)'", str(field.annotation))
        if "Literal" in str(field.annotation)
        else []
    )
    parts = [field.description or "", ", ".join(limits), " or ".join(f"`{c}`" for c in choices)]
    return cell("; ".join(part for part in parts if part))


def cell(text: str) -> str:
    """A text that fits into a cell of a table."""
    return " ".join(text.split()).replace("|", "\\|")


def table_of(head: tuple[str, ...], rows: Iterator[tuple[str, ...]] | list[tuple[str, ...]]) -> str:
    """A table of Markdown."""
    lines = [f"| {' | '.join(head)} |", f"|{'---|' * len(head)}"]
    lines += [f"| {' | '.join(row)} |" for row in rows]
    return "\n".join(lines)


def doc_of(item: Any) -> str:
    """The docstring as paragraphs of Markdown."""
    return inspect.getdoc(item) or ""


def cells(row: tuple[str, ...]) -> tuple[str, ...]:
    """A field's row with its name as code."""
    name, default, said = row
    return f"`{name}`", default, said

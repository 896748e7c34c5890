"""Settings, channels and instructions that tell which of their fields are read."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from typing import Any

from pydantic import BaseModel

Tell = Callable[[str], None]


def watched(value: Any, path: str, tell: Tell) -> Any:
    """The same value, equal and of the same type; `tell` hears the path of every field read.

    A whole that is written out (`model_dump`, `dict`) tells of the whole.
    """
    if isinstance(value, BaseModel):
        names = set(type(value).model_fields)
    elif is_dataclass(value) and not isinstance(value, type):
        names = {f.name for f in fields(value)}
    elif isinstance(value, tuple):
        # What is in a list is one with it: which of them is read does not matter.
        return tuple(watched(item, path, tell) for item in value)
    elif isinstance(value, dict):
        return {name: watched(item, f"{path}.{name}", tell) for name, item in value.items()}
    else:
        return value
    made = object.__new__(_told(type(value), frozenset(names)))
    state = {n: watched(item, f"{path}.{n}", tell) for n, item in vars(value).items()}
    object.__setattr__(made, "__dict__", {**state, "_watched": (path, tell)})
    if isinstance(value, BaseModel):
        for slot in ("__pydantic_fields_set__", "__pydantic_extra__", "__pydantic_private__"):
            object.__setattr__(made, slot, getattr(value, slot, None))
    return made


def _told(kind: type, names: frozenset[str]) -> type:
    def read(self: Any, name: str) -> Any:
        if name in names:
            path, tell = object.__getattribute__(self, "__dict__")["_watched"]
            tell(f"{path}.{name}")
        return kind.__getattribute__(self, name)

    def whole(method: str) -> Callable[..., Any]:
        def call(self: Any, *args: Any, **more: Any) -> Any:
            path, tell = vars(self)["_watched"]
            tell(path)
            return getattr(kind, method)(self, *args, **more)

        return call

    own: dict[str, Any] = {"__getattribute__": read, "__module__": kind.__module__}
    if issubclass(kind, BaseModel):
        own |= {name: whole(name) for name in ("model_dump", "model_dump_json", "__iter__")}
    made = type(kind.__name__, (kind,), own)
    if issubclass(kind, BaseModel):
        # Equal to what it stands for: pydantic compares the origins of two types.
        made.__pydantic_generic_metadata__ = {"origin": kind, "args": (), "parameters": ()}  # type: ignore[attr-defined]
    return made


def paths_in(value: Any) -> Iterator[str]:
    """The paths of what is watched among the fields of a value that was made of such."""
    state = getattr(value, "__dict__", None)
    if state is not None and "_watched" in state:
        yield state["_watched"][0]
    elif isinstance(value, BaseModel):
        for item in state.values() if state else ():
            yield from paths_in(item)
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from paths_in(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from paths_in(item)

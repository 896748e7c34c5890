"""Named things that come along as YAML files, and somebody's own that are like one of them."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.resources.abc import Traversable
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from vidpipe.errors import Misconfigured

Model = TypeVar("Model", bound=BaseModel)


def carried(folder: Traversable, kind: type[Model], what: str) -> dict[str, Model]:
    """What comes along in a folder, by the names of its files, in their order.

    Args:
        folder: one `{name}.yaml` for each.
        kind: what they are; its field `name` is that of the file.
        what: one of them in words, "platform preset".

    Raises:
        Misconfigured: a file that does not fit the type, named.
    """
    found: dict[str, Model] = {}
    for file in sorted(folder.iterdir(), key=lambda f: f.name):
        if not file.name.endswith(".yaml"):
            continue
        name = file.name.removesuffix(".yaml")
        try:
            fields = yaml.safe_load(file.read_text("utf-8"))
            found[name] = kind.model_validate({**fields, "name": name})
        except (ValueError, TypeError, yaml.YAMLError) as error:
            raise Misconfigured(f"{what} {file.name}: {error}") from error
    return found


def like(name: str, fields: Mapping[str, Any], known: Mapping[str, Model], what: str) -> Model:
    """Somebody's own: whole, or `extends` one that comes along with what differs.

    Args:
        name: of the new one.
        fields: as somebody wrote them; groups count field by field.
        known: those that come along, one at least.
        what: one of them in a word, "platform".

    Raises:
        ValueError: says which field does not fit, or that there is nothing like it.
    """
    if name in known:
        raise ValueError(f"{name}: there is such a {what} already: take another name")
    given = dict(fields)
    other = given.pop("extends", None)
    base: dict[str, Any] = {}
    if other is not None:
        if other not in known:
            raise ValueError(f"{name}: extends: unknown {other!r}; there are: {', '.join(known)}")
        base = known[other].model_dump()
    kind = type(next(iter(known.values())))
    try:
        return kind.model_validate({**_over(base, given), "name": name})
    except ValidationError as error:
        said = "; ".join(
            f"{'.'.join(str(p) for p in e['loc'])}: {e['msg']}" for e in error.errors()
        )
        raise ValueError(f"{name}: {said}") from error


def _over(base: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """`given` laid over `base`, groups field by field."""
    out = dict(base)
    for key, value in given.items():
        old = out.get(key)
        mixed = isinstance(value, Mapping) and isinstance(old, Mapping)
        out[key] = _over(old, value) if mixed else value  # type: ignore[arg-type]
    return out

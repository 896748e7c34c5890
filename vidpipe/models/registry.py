"""The registry: loading `registry.yaml`, and finding a model by what settings call it."""

from __future__ import annotations

import difflib
import functools
from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from types import MappingProxyType

import yaml
from pydantic import TypeAdapter, ValidationError

from vidpipe.errors import Misconfigured
from vidpipe.models.model import Hub, ModelEntry, ModelFolder

_ENTRIES = TypeAdapter(tuple[ModelEntry, ...])


def read_entries(text: str) -> Mapping[str, ModelEntry]:
    """Entries of a registry by name.

    Raises:
        Misconfigured: every entry that is none, each with its place.
    """
    try:
        found = _ENTRIES.validate_python(yaml.safe_load(text))
    except ValidationError as error:
        raise Misconfigured(
            [f"registry: {'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors()]
        ) from error
    names = [name for item in found for name in (item.name, *item.aliases)]
    twice = sorted({name for name in names if names.count(name) > 1})
    kept = [item.name for item in found if isinstance(item.source, ModelFolder)]
    problems = [f"registry: {name} stands there twice" for name in twice]
    problems += [f"registry: {name}: a folder is for settings to name" for name in kept]
    if problems:
        raise Misconfigured(problems)
    return MappingProxyType({item.name: item for item in found})


@functools.cache
def entries() -> Mapping[str, ModelEntry]:
    """Every model of the registry by name, in its order."""
    return read_entries(resources.files("vidpipe.models").joinpath("registry.yaml").read_text())


def entry(name: str) -> ModelEntry:
    """A model by its name, an alias or its repository on the hub.

    Raises:
        Misconfigured: there is none; says which comes near.
    """
    found = _find(name)
    if found is None:
        near = difflib.get_close_matches(name, entries(), 3, 0.4) or sorted(entries())
        raise Misconfigured(f"there is no model {name!r}; there are: {', '.join(near)}")
    return found


def chosen(
    name: str, *, like: str, revision: str | None = None, path: str | None = None
) -> ModelEntry:
    """The model that settings ask for: in a folder, of the registry, or any other of the hub.

    Args:
        name: in the registry, or `owner/name` on the hub.
        extends: a model of the registry that is of the same form: of a repository that the
            registry does not know the same files are taken, for the same stages.
        revision: commit, tag or branch on the hub, where settings name one.
        path: a folder or file that holds the model; goes before all of these.

    Raises:
        Misconfigured: there is no such model; says which there are.
    """
    pattern = entry(like)
    if path is not None:
        return pattern.kept_at(Path(path))
    found = _find(name, pattern.form)
    if found is None and "/" not in name:
        raise Misconfigured(
            f"there is no model {name!r}; use a repository of the hub (owner/name) or one of: "
            f"{', '.join(n for n, e in entries().items() if e.form == pattern.form)}"
        )
    if found is None:
        assert isinstance(pattern.source, Hub)
        found = pattern.model_copy(
            update={
                "name": name,
                "version": pattern.source.revision,
                "purpose": f"named by the settings, used as {like}",
                "licence": "see the hub",
                "source": pattern.source.model_copy(update={"repo": name}),
                "about_bytes": 0,
                "aliases": (),
            }
        )
    if revision is None or not isinstance(found.source, Hub):
        return found
    source = found.source.model_copy(update={"revision": revision})
    return found.model_copy(update={"source": source, "version": revision})


def _find(name: str, form: str | None = None) -> ModelEntry | None:
    for item in entries().values():
        repo = item.source.repo if isinstance(item.source, Hub) else None
        if name in (item.name, *item.aliases, repo) and form in (None, item.form):
            return item
    return None

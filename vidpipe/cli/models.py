"""vidpipe models: what there is, getting it, proving it, finding it. Loaded by its commands."""

from __future__ import annotations

import functools
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import typer
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

from vidpipe.cli.app import err, guard, out, table
from vidpipe.errors import InputRejected, Misconfigured, Unavailable
from vidpipe.models import ModelEntry, ModelStore, entries, entry
from vidpipe.models.model import Carried, ModelFolder
from vidpipe.models.store import ModelState, megabytes
from vidpipe.pipeline.needs import needed_models
from vidpipe.settings import Settings, load_settings


def listed(needed: bool, as_json: bool) -> int:
    """What there is, as a table or as JSON."""
    settings = load_settings()
    store = settings.model_store
    used = {need.entry.name: need.entry for need in needed_models(settings)}
    shown = dict(used) if needed else {**entries(), **used}
    rows = [_row(store, item, used=item.name in used) for item in shown.values()]
    if as_json:
        typer.echo(json.dumps(rows, indent=1))
        return 0
    made = table("", "name", "for", "stage", "size", "licence", "from", "digests", "")
    for row in rows:
        made.add_row(
            "*" if row["used"] else "",
            *(
                str(row[name])
                for name in (
                    "name",
                    "purpose",
                    "stages",
                    "size",
                    "licence",
                    "origin",
                    "digests",
                    "state",
                )
            ),
        )
    out.print(made)
    may = "" if store.may_fetch else "; nothing is fetched (VIDPIPE_ALLOW_MODEL_DOWNLOAD)"
    out.print(f"* what these settings lead to; fetched ones are kept in {store.folder}{may}")
    return 0


def fetched(names: Sequence[str], all_needed: bool) -> int:
    """Get models by name, or all that the settings lead to.

    Raises:
        Misconfigured: none is named, or one is unknown.
    """
    settings = load_settings()
    if not names and not all_needed:
        raise Misconfigured("name the models to fetch, or say --all-needed")
    wanted = _named(settings, names)
    if all_needed:
        wanted += [need.entry for need in needed_models(settings)]
    failed = 0
    for item in {item.name: item for item in wanted}.values():
        failed = max(failed, guard(functools.partial(_fetch, settings.model_store, item)))
    return failed


def verified(names: Sequence[str]) -> int:
    """Hold models that are here against their digests.

    Raises:
        Misconfigured: one is unknown.
    """
    settings = load_settings()
    store = settings.model_store
    wanted = _named(settings, names)
    if not names:
        used = {need.entry.name: need.entry for need in needed_models(settings)}
        every = {**entries(), **used}.values()
        wanted = [item for item in every if store.state(item) is ModelState.HERE]
    good = True
    for item in wanted:
        for found in store.verify(item):
            good &= found.ok is not False
            mark = {True: "ok", False: "no", None: "?"}[found.ok]
            style = "red" if found.ok is False else None
            line = f"{mark:<3} {item.name}: {found.file}: {found.says}"
            out.print(line, style=style)
    if not wanted:
        out.print(f"no models in {store.folder}")
    return 0 if good else InputRejected.exit_code


def printed_path(name: str) -> int:
    """Print where a model is.

    Raises:
        Misconfigured: it is unknown.
        Unavailable: it is not here.
    """
    settings = load_settings()
    item = _named(settings, (name,))[0]
    found = settings.model_store.here(item)
    if found is None:
        missing = settings.model_store.missing(item)
        raise Unavailable(missing or f"{name} is not here: vidpipe models fetch {name}")
    typer.echo(found.path)
    return 0


def _named(settings: Settings, names: Sequence[str]) -> list[ModelEntry]:
    """Models by name: those that the settings name count before those of the registry."""
    if not names:
        return []
    used = {need.entry.name: need.entry for need in needed_models(settings)}
    problems, found = [], []
    for name in names:
        try:
            found.append(used[name] if name in used else entry(name))
        except Misconfigured as error:
            problems += error.problems
    if problems:
        raise Misconfigured(problems)
    return found


def _row(store: ModelStore, item: ModelEntry, *, used: bool) -> dict[str, object]:
    """What is said of a model, of numbers and words alike."""
    here = store.here(item)
    size = item.size_bytes or (here.size_bytes if here is not None else 0)
    state = store.state(item)
    return {
        "name": item.name,
        "version": item.version,
        "purpose": item.purpose,
        "stages": ", ".join(item.stages),
        "licence": item.licence,
        "size_bytes": size,
        "size": megabytes(size) if size else "",
        "source": str(item.source),
        "origin": _origin(item),
        "digests": _trust(item),
        "used": used,
        "state": str(state),
        "path": str(here.path) if here is not None else None,
        "identity": here.identity if here is not None else None,
        "why": store.missing(item),
    }


def _origin(item: ModelEntry) -> str:
    """Where it comes from, in two words."""
    if isinstance(item.source, Carried | ModelFolder):
        return str(item.source)
    return {"package": "package", "url": "address", "hub": "hub"}[item.source.kind]


def _trust(item: ModelEntry) -> str:
    """What its bytes are held against."""
    if item.pinned:
        return "pinned"
    if isinstance(item.source, Carried):
        return "its package's"
    return "yours" if isinstance(item.source, ModelFolder) else "of its first fetch"


def _fetch(store: ModelStore, item: ModelEntry) -> int:
    with _shown(store, item) as telling:
        found = telling.fetch(item) if item.fetched else store.locate(item)
    how = "" if item.pinned or not item.fetched else "; trusted at first use, digests written down"
    out.print(
        f"{item.name}: {found.path} ({megabytes(found.size_bytes)}, {found.origin}{how})",
    )
    return 0


@contextmanager
def _shown(store: ModelStore, item: ModelEntry) -> Iterator[ModelStore]:
    """A store that shows how far it is, if it has to fetch."""
    bars = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        console=err,
    )
    with bars:
        bar = bars.add_task(item.name, total=None, visible=False)
        yield store.telling(
            lambda done, total: bars.update(bar, completed=done, total=total or None, visible=True)
        )

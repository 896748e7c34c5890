"""The store: whether a model is here, where, and getting it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path

from vidpipe.errors import Unavailable
from vidpipe.models import carried, hub
from vidpipe.models.digests import hash_file, sha256_of, write_whole
from vidpipe.models.fetch import fetch_pinned, held, place, whole
from vidpipe.models.model import (
    Carried,
    FileDigest,
    Folder,
    Hub,
    Located,
    ModelEntry,
    OnProgress,
    digest_of,
)
from vidpipe.models.registry import entry as registered

#: The setting that forbids fetching, for messages.
SWITCH = "VIDPIPE_FETCH_MODELS"


class State(StrEnum):
    """How things stand with a model."""

    HERE = "here"
    FETCHABLE = "would be fetched"
    NO = "no"


@dataclass(frozen=True)
class Finding:
    """One file held against its digest; `ok` None: there was nothing to hold it against."""

    file: str
    ok: bool | None
    says: str


@dataclass(frozen=True)
class ModelStore:
    """The models of one folder, and those that packages and settings bring along.

    Attributes:
        folder: where fetched ones lie: `{name}/{version}/`, and the cache of the hub's client.
        may_fetch: whether the network may be asked at all.
        on_progress: told of the bytes of every fetch.
    """

    folder: Path
    may_fetch: bool
    on_progress: OnProgress | None = field(default=None, compare=False)

    def telling(self, on_progress: OnProgress) -> ModelStore:
        """The same store, telling how far fetches are."""
        return replace(self, on_progress=on_progress)

    def needed(self, model: str | ModelEntry, given: Path | str | None = None) -> Needed:
        """A model as a stage needs it: asked for when it is needed, then once."""
        return Needed(self, _entry(model, given))

    def here(self, model: str | ModelEntry, given: Path | str | None = None) -> Located | None:
        """The model, if it is here. Asks no network and loads nothing."""
        entry = _entry(model, given)
        source = entry.source
        if isinstance(source, Folder):
            return self._given(entry, source) if _lacks(entry, source) is None else None
        if isinstance(source, Carried):
            return self._carried(entry, source) if carried.missing(source) is None else None
        if isinstance(source, Hub):
            snapshot = hub.cached(source, self.folder)
            return self._of_hub(entry, source, snapshot) if snapshot is not None else None
        folder = place(entry, self.folder)
        return self._pinned(entry, folder) if whole(entry, folder) else None

    def missing(self, model: str | ModelEntry, given: Path | str | None = None) -> str | None:
        """Why it cannot be used and what to do; None: it is here, or would be fetched.

        Asks no network and loads nothing.
        """
        entry = _entry(model, given)
        source = entry.source
        if isinstance(source, Folder):
            return _lacks(entry, source)
        if isinstance(source, Carried):
            return carried.missing(source)
        if self.may_fetch or self._is_here(entry):
            return None
        return (
            f"the model {entry.name!r} is not in {self.folder} and fetching is switched off "
            f"({SWITCH}); {_remedy(entry, self.folder)}"
        )

    def state(self, model: str | ModelEntry, given: Path | str | None = None) -> State:
        """How things stand, without asking the network."""
        entry = _entry(model, given)
        if self.missing(entry) is not None:
            return State.NO
        return State.HERE if self._is_here(entry) else State.FETCHABLE

    def locate(self, model: str | ModelEntry, given: Path | str | None = None) -> Located:
        """The model, fetched if that is needed and allowed.

        Raises:
            Unavailable: it is not here and cannot be had; says what to do.
        """
        entry = _entry(model, given)
        found = self.here(entry)
        if found is not None:
            return found
        reason = self.missing(entry)
        if reason is not None:
            raise Unavailable(reason)
        return self.fetch(entry)

    def fetch(self, model: str | ModelEntry) -> Located:
        """Get a model into the folder, if it is not there.

        Raises:
            Unavailable: fetching is switched off, or it cannot be had, or what came is not
                what the registry pins.
        """
        entry = _entry(model, None)
        found = self.here(entry)
        if found is None:
            reason = self.missing(entry)
            if reason is not None:
                raise Unavailable(reason)
            self._fetch(entry)
            found = self.here(entry)
        if found is None:
            raise Unavailable(f"the model {entry.name!r} went while it was fetched")
        if isinstance(entry.source, Hub):
            self._note(entry, entry.source, found)
        return found

    def verify(self, model: str | ModelEntry, given: Path | str | None = None) -> list[Finding]:
        """Read every byte of a model that is here and hold it against what it has to be.

        That is the registry's digests; for a model of the hub those that were written down
        when it was first seen here; for a carried one its package's own.

        Raises:
            Unavailable: it is not here.
        """
        entry = _entry(model, given)
        source = entry.source
        folder = place(entry, self.folder)
        if entry.files and folder.is_dir():
            return [_held(folder / file.name, file) for file in entry.files]
        found = self.here(entry)
        if found is None:
            raise Unavailable(
                self.missing(entry) or f"the model {entry.name!r} is not here: fetch it first"
            )
        if isinstance(source, Hub):
            return self._verify_hub(entry, source, found)
        known = carried.digests_of_package(source) if isinstance(source, Carried) else {}
        by = "its package" if isinstance(source, Carried) else "you"
        return [_compared(path, known.get(path.resolve()), by) for path in found.files]

    # What is fetched

    def _is_here(self, entry: ModelEntry) -> bool:
        """Cheaper than `here`: no digest is computed."""
        source = entry.source
        if isinstance(source, Folder):
            return _lacks(entry, source) is None
        if isinstance(source, Carried):
            return carried.missing(source) is None
        if isinstance(source, Hub):
            return hub.cached(source, self.folder) is not None
        return whole(entry, place(entry, self.folder))

    def _fetch(self, entry: ModelEntry) -> None:
        try:
            if isinstance(entry.source, Hub):
                with held(entry, self.folder):
                    hub.fetch(entry.source, self.folder, entry.about_bytes, self.on_progress)
            else:
                fetch_pinned(entry, self.folder, self.on_progress)
        except Unavailable as error:
            raise Unavailable(
                f"the model {entry.name!r} is not in {self.folder}: {error}; "
                f"{_remedy(entry, self.folder)}"
            ) from error

    def _pinned(self, entry: ModelEntry, folder: Path) -> Located:
        digest = digest_of((f.name, f.sha256) for f in entry.files)
        return Located(
            entry=entry,
            path=folder / entry.loads if entry.loads else folder,
            files=tuple(folder / f.name for f in entry.files),
            identity=f"{entry.name}-{entry.version}:{digest}",
            origin=str(entry.source),
        )

    # The hub

    def _of_hub(self, entry: ModelEntry, source: Hub, snapshot: Path) -> Located:
        return Located(
            entry=entry,
            path=snapshot / entry.loads if entry.loads else snapshot,
            files=_matching(snapshot, source.files),
            # The client names a snapshot after the commit.
            identity=f"{source.repo}:{snapshot.name}",
            origin=f"{source}, commit {snapshot.name}",
        )

    def _note_of(self, source: Hub, commit: str) -> Path:
        return self.folder / ".seen" / f"{source.repo.replace('/', '--')}-{commit}.json"

    def _note(self, entry: ModelEntry, source: Hub, found: Located) -> list[FileDigest]:
        """Write down what a commit of the hub was when it was first seen here."""
        folder = hub.cached(source, self.folder)
        assert folder is not None
        note = self._note_of(source, folder.name)
        if note.exists():
            kept = json.loads(note.read_text("utf-8"))["files"]
            return [FileDigest.model_validate(item) for item in kept]
        seen = [
            FileDigest(
                name=path.relative_to(folder).as_posix(),
                size_bytes=path.stat().st_size,
                sha256=hash_file(path),
            )
            for path in found.files
            if path.stat().st_size
        ]
        record = {
            "model": entry.name,
            "repo": source.repo,
            "revision": source.revision,
            "commit": folder.name,
            "first_seen": datetime.now(UTC).isoformat(timespec="seconds"),
            "files": [file.model_dump() for file in seen],
        }
        write_whole(note, json.dumps(record, indent=1) + "\n")
        return seen

    def _verify_hub(self, entry: ModelEntry, source: Hub, found: Located) -> list[Finding]:
        folder = hub.cached(source, self.folder)
        assert folder is not None
        if not self._note_of(source, folder.name).exists():
            seen = self._note(entry, source, found)
            return [Finding(f.name, None, f"seen first now: SHA-256 {f.sha256}") for f in seen]
        return [_held(folder / f.name, f) for f in self._note(entry, source, found)]

    # What others bring along

    def _carried(self, entry: ModelEntry, source: Carried) -> Located:
        release = carried.release(source)
        found = carried.files(source)
        digest = digest_of((p.name, sha256_of(p, self._digests)) for p in found) if found else ""
        return Located(
            entry=entry,
            path=carried.place(source),
            files=found,
            identity=f"{entry.name}:{digest or f'{source.package}-{release}'}",
            origin=f"{source} {release}".strip(),
        )

    def _given(self, entry: ModelEntry, source: Folder) -> Located:
        alone = source.path.is_file()
        found = (source.path,) if alone else _matching(source.path, source.files)
        digest = digest_of(
            (
                "" if alone else path.relative_to(source.path).as_posix(),
                sha256_of(path, self._digests),
            )
            for path in found
        )
        return Located(
            entry=entry,
            path=source.path,
            files=found,
            identity=f"{source.path.name}:{digest}",
            origin=f"{source}" + (f" ({entry.setting})" if entry.setting else ""),
        )

    @property
    def _digests(self) -> Path:
        return self.folder / ".digests"


@dataclass
class Needed:
    """One model that a stage needs, as the settings name it."""

    store: ModelStore
    entry: ModelEntry
    _found: Located | None = None

    def missing(self) -> str | None:
        """Why it cannot be used; None: it is here, or would be fetched. Cheap."""
        return None if self._found is not None else self.store.missing(self.entry)

    def to_fetch(self) -> bool:
        """Whether it would have to be fetched. Cheap."""
        return self._found is None and self.store.state(self.entry) is State.FETCHABLE

    def located(self) -> Located:
        """The model, looked for and if need be fetched once.

        Raises:
            Unavailable: it is not here and cannot be had; says what to do.
        """
        if self._found is None:
            self._found = self.store.locate(self.entry)
        return self._found

    def folder(self) -> Path:
        """What is to be loaded: its folder, or of a model of one file that file."""
        return self.located().path

    @property
    def identity(self) -> str:
        """What tells it from others, for fingerprints."""
        return self.located().identity


def _entry(model: str | ModelEntry, given: Path | str | None) -> ModelEntry:
    entry = registered(model) if isinstance(model, str) else model
    return entry if given is None else entry.kept_at(Path(given))


def _lacks(entry: ModelEntry, source: Folder) -> str | None:
    path = source.path
    if path.is_file() or (path.is_dir() and any(path.glob(entry.weights))):
        return None
    return f"there are no weights ({entry.weights}) in {path}; give {entry.form or 'its folder'}"


def _matching(folder: Path, patterns: Sequence[str]) -> tuple[Path, ...]:
    found = {path for pattern in patterns for path in folder.rglob(pattern) if path.is_file()}
    return tuple(sorted(found))


def _remedy(entry: ModelEntry, folder: Path) -> str:
    """What a person can do who cannot fetch here."""
    copy = (
        f"fetch it on another machine (`vidpipe models fetch {entry.name}`) and copy its {folder}"
    )
    if not entry.setting:
        return copy
    what = f"{entry.source}"
    if isinstance(entry.source, Hub):
        what = f"{', '.join(entry.source.files)} of {what}, revision {entry.source.revision},"
    return f"{copy}, or put {what} into a folder and set {entry.setting} to it"


def _held(path: Path, wanted: FileDigest) -> Finding:
    if not path.is_file():
        return Finding(str(path), False, "is gone")
    found = hash_file(path)
    if found != wanted.sha256:
        return Finding(str(path), False, f"expected SHA-256 {wanted.sha256}, found {found}")
    return Finding(str(path), True, f"SHA-256 {found}")


def _compared(path: Path, known: str | None, by: str) -> Finding:
    found = hash_file(path)
    if known is None:
        return Finding(str(path), None, f"SHA-256 {found}, to be compared by {by}")
    if known != found:
        return Finding(str(path), False, f"{by} says SHA-256 {known}, found {found}")
    return Finding(str(path), True, f"SHA-256 {found}, as {by} says")

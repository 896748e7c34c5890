"""The store: whether a model is here, where, and getting it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path

from vidpipe.errors import Unavailable
from vidpipe.models import carried, hub
from vidpipe.models.digests import sha256_of
from vidpipe.models.fetch import fetch_pinned, held, place, whole
from vidpipe.models.model import (
    Carried,
    Hub,
    Located,
    ModelEntry,
    ModelFolder,
    OnProgress,
    digest_of,
)
from vidpipe.models.proof import Finding, FirstSight, compared, held_against
from vidpipe.models.registry import entry as registered

#: The setting that forbids fetching, for messages.
SWITCH = "VIDPIPE_ALLOW_MODEL_DOWNLOAD"


class ModelState(StrEnum):
    """How things stand with a model."""

    HERE = "here"
    FETCHABLE = "would be fetched"
    NO = "no"


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
        if isinstance(source, ModelFolder):
            return self._given(entry, source) if _lacks(entry, source) is None else None
        if isinstance(source, Carried):
            return _carried(entry, source) if carried.missing(source) is None else None
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
        if isinstance(source, ModelFolder):
            return _lacks(entry, source)
        if isinstance(source, Carried):
            return carried.missing(source)
        if self.may_fetch or self._is_here(entry):
            return None
        return (
            f"the model {entry.name!r} is not in {self.folder} and fetching is switched off "
            f"({SWITCH}); {_remedy(entry, self.folder)}"
        )

    def state(self, model: str | ModelEntry, given: Path | str | None = None) -> ModelState:
        """How things stand, without asking the network."""
        entry = _entry(model, given)
        if self.missing(entry) is not None:
            return ModelState.NO
        return ModelState.HERE if self._is_here(entry) else ModelState.FETCHABLE

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
        """Get a model into the folder; one that is there is proved, and replaced if it is broken.

        Raises:
            Unavailable: fetching is switched off, or it cannot be had, or what came is not
                what it has to be.
        """
        entry = _entry(model, None)
        broken = any(finding.ok is False for finding in self._proved(entry))
        if broken and not self.may_fetch:
            raise Unavailable(
                f"the model {entry.name!r} is broken and fetching is switched off ({SWITCH})"
            )
        if broken or not self._is_here(entry):
            reason = self.missing(entry)
            if reason is not None:
                raise Unavailable(reason)
            self._fetch(entry, again=broken)
        found = self.here(entry)
        if found is None:
            raise Unavailable(f"the model {entry.name!r} went while it was fetched")
        if isinstance(entry.source, Hub):
            self._seen(entry, entry.source, found, again=broken)
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
            return held_against(folder, entry.files)
        found = self.here(entry)
        if found is None:
            raise Unavailable(
                self.missing(entry) or f"the model {entry.name!r} is not here: fetch it first"
            )
        if isinstance(source, Hub):
            sight = self._first_sight(source)
            assert sight is not None
            known = sight.read()
            if known is not None:
                return held_against(sight.snapshot, known)
            return [
                Finding(file.name, None, f"seen first now: SHA-256 {file.sha256}")
                for file in sight.write(entry.name, found.files)
            ]
        if isinstance(source, Carried):
            said = carried.digests_of_package(source)
            return [compared(p, said.get(p.resolve()), "its package") for p in found.files]
        return [compared(path, None, "you") for path in found.files]

    # What is fetched

    def _is_here(self, entry: ModelEntry) -> bool:
        """Cheaper than `here`: no digest is computed."""
        source = entry.source
        if isinstance(source, ModelFolder):
            return _lacks(entry, source) is None
        if isinstance(source, Carried):
            return carried.missing(source) is None
        if isinstance(source, Hub):
            return hub.cached(source, self.folder) is not None
        return whole(entry, place(entry, self.folder))

    def _proved(self, entry: ModelEntry) -> list[Finding]:
        """Findings on a fetched model of which it is known what it has to be."""
        if entry.files:
            folder = place(entry, self.folder)
            return held_against(folder, entry.files) if folder.is_dir() else []
        sight = self._first_sight(entry.source) if isinstance(entry.source, Hub) else None
        known = sight.read() if sight is not None else None
        return held_against(sight.snapshot, known) if sight is not None and known else []

    def _seen(self, entry: ModelEntry, source: Hub, found: Located, *, again: bool) -> None:
        """Write down what the hub gave, or hold what it gave again against that."""
        sight = self._first_sight(source)
        assert sight is not None
        if sight.read() is None:
            sight.write(entry.name, found.files)
            return
        still = [f for f in self._proved(entry) if f.ok is False] if again else []
        if still:
            raise Unavailable(
                f"{source} gives another file than when it was first fetched: {still[0].file}: "
                f"{still[0].says}; if that is meant to be, remove {sight.note}"
            )

    def _fetch(self, entry: ModelEntry, *, again: bool) -> None:
        source = entry.source
        try:
            if isinstance(source, Hub):
                with held(entry, self.folder):
                    size = entry.about_bytes
                    hub.fetch(source, self.folder, size, self.on_progress, again=again)
            else:
                fetch_pinned(entry, self.folder, self.on_progress, again=again)
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

    def _first_sight(self, source: Hub) -> FirstSight | None:
        snapshot = hub.cached(source, self.folder)
        return FirstSight(self.folder, source, snapshot) if snapshot is not None else None

    # What others bring along

    def _given(self, entry: ModelEntry, source: ModelFolder) -> Located:
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


def bundled_model(name: str) -> Located:
    """A model that a package brings along: there is no folder to look in, nothing to fetch.

    Raises:
        Unavailable: the package is not installed, or brings none.
    """
    entry = registered(name)
    assert isinstance(entry.source, Carried), f"{name} is carried by no package"
    reason = carried.missing(entry.source)
    if reason is not None:
        raise Unavailable(reason)
    return _carried(entry, entry.source)


def _carried(entry: ModelEntry, source: Carried) -> Located:
    release = carried.release(source)
    found = carried.files(source)
    digest = digest_of((path.name, sha256_of(path)) for path in found) if found else ""
    return Located(
        entry=entry,
        path=carried.place(source),
        files=found,
        # Of what is compiled in, its package's version is all that tells.
        identity=f"{entry.name}:{digest or f'{source.package}-{release}'}",
        origin=f"{source} {release}".strip(),
    )


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
        return self._found is None and self.store.state(self.entry) is ModelState.FETCHABLE

    def to_come(self) -> str:
        """What would be fetched when it is first needed, in words."""
        size = f", {megabytes(self.entry.size_bytes)}" if self.entry.size_bytes else ""
        return (
            f"{self.entry.name} will be fetched when it is first needed ({self.entry.source}{size})"
        )

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


def megabytes(size_bytes: int) -> str:
    """A size as people read it: MB of a million bytes."""
    return f"{size_bytes / 1e6:,.1f} MB" if size_bytes < 1e7 else f"{size_bytes / 1e6:,.0f} MB"


def _entry(model: str | ModelEntry, given: Path | str | None) -> ModelEntry:
    entry = registered(model) if isinstance(model, str) else model
    return entry if given is None else entry.kept_at(Path(given))


def _lacks(entry: ModelEntry, source: ModelFolder) -> str | None:
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
        f"fetch it where there is a network (`vidpipe models fetch {entry.name}`) and copy that "
        f"folder of models to {folder}"
    )
    if not entry.setting:
        return copy
    if not isinstance(entry.source, Hub):
        return f"{copy}, or set {entry.setting} to {entry.form}"
    return (
        f"{copy}, or put {', '.join(entry.source.files)} of {entry.source.repo}, revision "
        f"{entry.source.revision}, into a folder and set {entry.setting} to it"
    )

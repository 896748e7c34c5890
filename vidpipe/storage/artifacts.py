"""Artifacts: immutable files, a manifest written last, and finding them again."""

from __future__ import annotations

import errno
import hashlib
import mimetypes
import os
import shutil
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from pydantic import AliasChoices, BaseModel, ConfigDict, Field, ValidationError

from vidpipe.errors import Unavailable
from vidpipe.observability import events
from vidpipe.storage.claims import Claims
from vidpipe.storage.fingerprint import canonical_json
from vidpipe.storage.keys import (
    RETENTION,
    Folder,
    file_key,
    folder_of,
    folder_prefix,
    manifest_key,
    pointer_key,
)
from vidpipe.storage.objects import ObjectStore, sha256_file

Model = TypeVar("Model", bound=BaseModel)

#: The file of an artifact that holds its typed result.
DOCUMENT = "result.json"


class StoredFile(BaseModel):
    """One file of an artifact."""

    model_config = ConfigDict(frozen=True)

    name: str
    key: str
    sha256: str
    size_bytes: int
    media_type: str


class Manifest(BaseModel):
    """Names the files of one artifact and what made them."""

    model_config = ConfigDict(frozen=True)

    artifact: str
    video_id: str
    fingerprint: str
    #: `ingredients` in manifests of before: what was uploaded cannot be made again.
    cache_key_inputs: dict[str, Any] = Field(
        validation_alias=AliasChoices("cache_key_inputs", "ingredients")
    )
    files: tuple[StoredFile, ...]
    created_at: str
    wall_s: float
    retention: str = Field(default="", description="class of `keys.RETENTION`")

    @property
    def content_digest(self) -> str:
        """Hash over the content of all files: what consumers' fingerprints rest on."""
        parts = sorted((f.name, f.sha256) for f in self.files)
        return hashlib.sha256(canonical_json(parts).encode()).hexdigest()

    def file(self, name: str) -> StoredFile:
        for item in self.files:
            if item.name == name:
                return item
        raise KeyError(f"{self.artifact} of {self.video_id} has no file {name!r}")

    def has(self, name: str) -> bool:
        return any(item.name == name for item in self.files)


class Artifacts:
    """Publishes and finds the artifacts of videos in one store.

    Files of a remote store are fetched once into `scratch/cache`, which is kept
    under `cache_bytes` by forgetting what was used longest ago.
    """

    def __init__(self, store: ObjectStore, scratch: Path, *, cache_bytes: int = 50 * 2**30) -> None:
        self.store = store
        self.scratch = scratch
        self.cache = scratch / "cache"
        self.cache_bytes = cache_bytes
        self._claims = Claims(scratch / "claims")
        #: Files whose bytes were seen to be what was stored: key, size, time of change in ns.
        self._seen: set[tuple[str, int, int]] = set()

    def publish(
        self,
        *,
        video_id: str,
        folder: Folder,
        artifact: str,
        fingerprint: str,
        cache_key_inputs: Mapping[str, Any],
        files: Mapping[str, Path],
        document: BaseModel | None = None,
        wall_s: float = 0.0,
        point: bool = True,
        digests: Mapping[str, str] | None = None,
    ) -> Manifest:
        """Store all files, then the manifest, then the pointer to it.

        The given files are moved. A reader sees the artifact whole or not at all.
        `digests` holds the SHA-256 of files that were hashed already.
        """
        stored: list[StoredFile] = []
        for name, path in files.items():
            key = file_key(video_id, folder, f"{_stem(artifact)}-{name}", fingerprint)
            size = path.stat().st_size
            digest = (digests or {}).get(name) or sha256_file(path)
            file = _stored(name, key, digest, size)
            attributes = {"Content-Type": file.media_type, "retention": RETENTION[folder]}
            self.store.put_file(key, path, move=True, attributes=attributes)
            self._remember(file)
            stored.append(file)
        if document is not None:
            data = document.model_dump_json(indent=1).encode()
            key = file_key(video_id, folder, f"{_stem(artifact)}.json", fingerprint)
            self.store.put_bytes(key, data)
            written = _stored(DOCUMENT, key, hashlib.sha256(data).hexdigest(), len(data))
            self._remember(written)
            stored.append(written)
        manifest = Manifest(
            artifact=artifact,
            video_id=video_id,
            fingerprint=fingerprint,
            cache_key_inputs=dict(cache_key_inputs),
            files=tuple(stored),
            created_at=datetime.now(UTC).isoformat(timespec="seconds"),
            wall_s=round(wall_s, 3),
            retention=RETENTION[folder],
        )
        body = manifest.model_dump_json(indent=1).encode()
        self.store.put_bytes(manifest_key(video_id, folder, _stem(artifact), fingerprint), body)
        if point:
            self.store.put_bytes(pointer_key(video_id, folder, _stem(artifact)), body)
        return manifest

    def find(
        self, video_id: str, folder: Folder, artifact: str, fingerprint: str
    ) -> Manifest | None:
        """The artifact made under `fingerprint`, if it is stored and every byte is right.

        What is damaged is said, and not found: who makes it again puts it in its place.
        """
        manifest = self.manifest(video_id, folder, artifact, fingerprint)
        return manifest if manifest is not None and self.sound(manifest) else None

    def manifest(
        self, video_id: str, folder: Folder, artifact: str, fingerprint: str
    ) -> Manifest | None:
        """What was made under `fingerprint`, whether its files are still there or not."""
        return self.manifest_at(manifest_key(video_id, folder, _stem(artifact), fingerprint))

    def manifest_at(self, key: str) -> Manifest | None:
        """The manifest, or what a pointer names, under a key; None for one that is damaged."""
        body = self.store.get_bytes(key)
        if body is None:
            return None
        try:
            return Manifest.model_validate_json(body)
        except ValidationError:
            events.warning("artifact_read_damaged", key=key, why="it is taken for not there")
            return None

    def keys_of(self, folder: Folder, manifest: Manifest) -> list[str]:
        """Every object that belongs to an artifact: its manifest and its files."""
        stem = _stem(manifest.artifact)
        own = manifest_key(manifest.video_id, folder, stem, manifest.fingerprint)
        return [own, *(item.key for item in manifest.files)]

    def intact(self, manifest: Manifest) -> bool:
        """Whether every file is there with its size."""
        for item in manifest.files:
            info = self.store.head(item.key)
            if info is None or info.size_bytes != item.size_bytes:
                return False
        return True

    def sound(self, manifest: Manifest) -> bool:
        """Whether every file is there, on local disk with its very bytes.

        After a power cut a file system may leave zeros of the right length, and disks rot.
        Each file is read once per process. In a bucket, which looks after its own bytes,
        they are compared when they are fetched.
        """
        if not self.intact(manifest):
            return False
        if not self.store.is_local:
            return True
        damaged = [item.key for item in manifest.files if not self._is_stored(item)]
        for key in damaged:
            events.warning("artifact_read_damaged", key=key, why="its bytes are not those stored")
        return not damaged

    def _is_stored(self, item: StoredFile) -> bool:
        """Whether a local file's bytes are what was stored."""
        path = self.store.local_path(item.key)
        assert path is not None
        if _state(item.key, path) in self._seen:
            return True
        if sha256_file(path) != item.sha256:
            return False
        self._seen.add(_state(item.key, path))
        return True

    def _remember(self, item: StoredFile) -> None:
        """What we have just written ourselves need not be read again."""
        path = self.store.local_path(item.key)
        if path is not None:
            self._seen.add(_state(item.key, path))

    def remove(self, folder: Folder, manifest: Manifest) -> None:
        """Forget an artifact that no pointer names: its manifest first, so none is found half."""
        for key in self.keys_of(folder, manifest):
            self.store.delete(key)

    def current(self, video_id: str, folder: Folder, artifact: str) -> Manifest | None:
        """What the pointer names, or None when the artifact was never made.

        In place of a pointer that is damaged the newest manifest counts: what was uploaded
        cannot be made again.
        """
        key = pointer_key(video_id, folder, _stem(artifact))
        found = self.manifest_at(key)
        if found is None and self.store.head(key) is not None:
            found = self._newest(video_id, folder, artifact)
        return found

    def _newest(self, video_id: str, folder: Folder, artifact: str) -> Manifest | None:
        begins = f"{folder_prefix(video_id, folder)}/{_stem(artifact)}."
        keys = [
            item.key
            for item in self.store.list(folder_prefix(video_id, folder))
            if item.key.startswith(begins) and item.key.endswith(".manifest.json")
        ]
        made = [m for m in map(self.manifest_at, keys) if m is not None and self.intact(m)]
        return max(made, key=lambda m: m.created_at, default=None)

    def point_to(self, folder: Folder, manifest: Manifest) -> None:
        """Make `manifest` the current one; nothing is written when it is already."""
        key = pointer_key(manifest.video_id, folder, _stem(manifest.artifact))
        body = manifest.model_dump_json(indent=1).encode()
        if self.store.get_bytes(key) != body:
            self.store.put_bytes(key, body)

    def document(self, manifest: Manifest, model: type[Model]) -> Model:
        """The typed result.

        Raises:
            FileNotFoundError: it is not stored any more, or in a form of earlier versions.
            Unavailable: it is damaged.
        """
        item = manifest.file(DOCUMENT)
        body = self.store.get_bytes(item.key)
        if body is None:
            raise FileNotFoundError(f"{self.store.url}/{item.key}")
        if hashlib.sha256(body).hexdigest() != item.sha256:
            raise self._damaged(item)
        try:
            return model.model_validate_json(body)
        except ValidationError as error:
            # Its bytes are those that were stored: its form was another one then.
            raise FileNotFoundError(
                errno.ENOENT,
                f"{manifest.artifact} of {manifest.video_id} was made by an earlier version of "
                "vidpipe, in another form: run the video again",
            ) from error

    def path(self, item: StoredFile) -> Path:
        """The file on this machine: in place on local disk, else fetched once.

        Raises:
            FileNotFoundError: it is not stored any more.
            Unavailable: what was fetched is not what was stored.
        """
        local = self.store.local_path(item.key)
        if local is not None:
            return local
        suffix = "".join(Path(item.name).suffixes[-1:])
        target = self.cache / item.sha256[:2] / f"{item.sha256}{suffix}"
        if target.exists() and target.stat().st_size == item.size_bytes:
            os.utime(target)
            return target
        self._make_room(item.size_bytes)
        if self.store.fetch(item.key, target) != item.sha256:
            target.unlink(missing_ok=True)
            raise self._damaged(item)
        return target

    def sound_path(self, item: StoredFile) -> Path:
        """The same, its bytes compared with those that were stored, on local disk too.

        Raises:
            FileNotFoundError: it is not stored any more.
            Unavailable: its bytes are not those that were stored.
        """
        local = self.store.local_path(item.key)
        if local is None:
            return self.path(item)
        if not self._is_stored(item):
            raise self._damaged(item)
        return local

    def _damaged(self, item: StoredFile) -> Unavailable:
        """What is damaged goes, unless it was uploaded, so that the next run makes it again."""
        where = f"{self.store.url}/{item.key}"
        if folder_of(item.key) is Folder.RAW:
            return Unavailable(f"{where} is damaged: its bytes are not those stored")
        self.store.delete(item.key)
        return Unavailable(f"{where} was damaged and is removed: the next try makes it again")

    def _make_room(self, size_bytes: int) -> None:
        if not self.cache.exists():
            return
        held = [(p.stat().st_mtime, p.stat().st_size, p) for p in self.cache.glob("*/*")]
        total = sum(size for _, size, _ in held)
        # What was used in the last hour may be open in another step.
        recent = time.time() - 3600
        for modified, size, path in sorted(held):
            if total + size_bytes <= self.cache_bytes or modified > recent:
                break
            path.unlink(missing_ok=True)
            total -= size

    def workspace(self, name: str) -> Path:
        """A fresh scratch folder for one stage run."""
        folder = self.scratch / "work" / self._claims.name(name)
        folder.mkdir(parents=True)
        return folder

    def sweep(self) -> int:
        """Remove what processes that are gone left in scratch and staging; how many things."""
        removed = self.store.sweep()
        for folder in (self.scratch / "work").glob("*"):
            if self._claims.dead(folder):
                shutil.rmtree(folder, ignore_errors=True)
                removed += 1
        self._claims.sweep()
        return removed


def _state(key: str, path: Path) -> tuple[str, int, int]:
    found = path.stat()
    return key, found.st_size, found.st_mtime_ns


def _stem(artifact: str) -> str:
    return artifact.replace("/", "-").replace(".", "-")


#: What Python's list of types lacks, or has as what no browser plays.
_TYPES = {".vtt": "text/vtt", ".srt": "application/x-subrip", ".m4a": "audio/mp4"}


def _stored(name: str, key: str, digest: str, size: int) -> StoredFile:
    return StoredFile(
        name=name, key=key, sha256=digest, size_bytes=size, media_type=media_type(name)
    )


def media_type(name: str) -> str:
    """What a file of this name is to a browser."""
    kind = _TYPES.get(Path(name).suffix) or mimetypes.guess_type(name)[0]
    return kind or "application/octet-stream"

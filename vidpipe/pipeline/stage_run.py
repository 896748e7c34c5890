"""What one run of a stage gets to work with."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic, TypeVar

from pydantic import BaseModel

from vidpipe.errors import InputRejected
from vidpipe.intake.model import SourceVideo, Upload
from vidpipe.media.probe import MediaInfo
from vidpipe.models.store import ModelStore
from vidpipe.pipeline.estimates import Estimator
from vidpipe.storage.artifacts import Artifacts, Manifest, StoredFile
from vidpipe.storage.fingerprint import fingerprint
from vidpipe.storage.keys import Folder

Model = TypeVar("Model", bound=BaseModel)
Options = TypeVar("Options", bound=BaseModel)
Progress = Callable[[float, str], None]


@dataclass(frozen=True)
class Context:
    """What of settings and run options a stage may use because it changes no result.

    Attributes:
        models: where models are, and whether one that is missing may be fetched. Which ones
            a stage then works with is told by its identity.
        force: whether parts that are there already are to be made anew.
    """

    models: ModelStore
    force: bool = False


@dataclass
class StageRun(Generic[Options]):
    """One run of one stage: inputs by name, a scratch folder, a place for files.

    Of what is wanted it holds the stage's own options, which are in its fingerprint, and a
    context that changes no result: neither settings nor channel.

    `picture` is the cover of a recording without pictures; `checkpoints` are forgotten once
    the stage is published.
    """

    video_id: str
    options: Options
    context: Context
    artifacts: Artifacts
    inputs: Mapping[str, Manifest]
    upload: Manifest
    estimator: Estimator
    work: Path
    progress: Progress
    picture: Manifest | None = None
    files: dict[str, Path] = field(default_factory=dict)
    checkpoints: list[tuple[Folder, Manifest]] = field(default_factory=list)
    items_made: int = 0
    items_reused: int = 0
    stored_bytes: int = 0

    def document(self, artifact: str, model: type[Model]) -> Model:
        """The typed result of an input."""
        return self.artifacts.document(self.inputs[artifact], model)

    def path(self, artifact: str, name: str) -> Path:
        """A file of an input, on this machine."""
        return self.artifacts.path(self.inputs[artifact].file(name))

    def source(self) -> tuple[Path, Upload]:
        """The uploaded video on this machine and what intake knows of it.

        Raises:
            InputRejected: it was removed, or its bytes are not those that were uploaded.
        """
        upload = self.artifacts.document(self.upload, Upload)
        media = next(f for f in self.upload.files if f.name.startswith("source"))
        if not self.artifacts.intact(self.upload):
            raise InputRejected(
                "source_removed",
                "its recording is no longer stored (retention, or somebody removed it). "
                "Drop the same file again",
                name=self.video_id,
            )
        if not self.artifacts.sound(self.upload):
            raise InputRejected(
                "source_damaged",
                f"its recording in the store ({media.key}) is damaged. Drop the same file again",
                name=self.video_id,
            )
        return self.artifacts.path(media), upload

    def recording(self) -> tuple[Path, MediaInfo]:
        """The uploaded recording on this machine, and how it is used.

        Raises:
            InputRejected: it was removed.
        """
        path, upload = self.source()
        if "source_video" not in self.inputs:
            return path, upload.media
        return path, self.document("source_video", SourceVideo).media

    def cover(self) -> Path | None:
        """The picture that stands for a recording without any, on this machine.

        No input of a stage, as videos have none: who uses it names it in its identity.
        """
        made = self._cover()
        return self.artifacts.path(made) if made is not None else None

    def cover_digest(self) -> str | None:
        """Its SHA-256, also where retention took the picture itself."""
        made = self._cover()
        return made.sha256 if made is not None else None

    def _cover(self) -> StoredFile | None:
        made = self.picture
        return made.file("cover.jpg") if made is not None and made.has("cover.jpg") else None

    def new_file(self, name: str) -> Path:
        """A path in scratch for a file that will be part of the artifact."""
        self.files[name] = self.work / name
        return self.files[name]

    def find_item(
        self, folder: Folder, artifact: str, cache_key_inputs: Mapping[str, Any]
    ) -> Manifest | None:
        """A part of this stage's work that is there already; None when all is to be made anew."""
        if self.context.force:
            return None
        return self.artifacts.find(self.video_id, folder, artifact, fingerprint(cache_key_inputs))

    def item(
        self,
        folder: Folder,
        artifact: str,
        cache_key_inputs: Mapping[str, Any],
        make: Callable[[Path], tuple[Mapping[str, Path], BaseModel]],
    ) -> tuple[Manifest, bool]:
        """A part of this stage's work with a fingerprint of its own (a clip, an export).

        Found, it is re-used; else `make` gets a scratch folder and returns files and
        a document, which are stored at once: a killed run loses at most the one
        item that it was making. Returns the manifest and whether it was re-used.
        """
        found = self.find_item(folder, artifact, cache_key_inputs)
        if found is not None:
            self.items_reused += 1
            return found, True
        identity = fingerprint(cache_key_inputs)
        work = self.work / f"item-{artifact}"
        work.mkdir()
        try:
            files, document = make(work)
        except BaseException:
            shutil.rmtree(work, ignore_errors=True)
            raise
        manifest = self.artifacts.publish(
            video_id=self.video_id,
            folder=folder,
            artifact=artifact,
            fingerprint=identity,
            cache_key_inputs=cache_key_inputs,
            files=files,
            document=document,
            point=False,
        )
        self.items_made += 1
        self.stored_bytes += sum(file.size_bytes for file in manifest.files)
        return manifest, False

    def remembered(
        self,
        folder: Folder,
        artifact: str,
        cache_key_inputs: Mapping[str, Any],
        model: type[Model],
        make: Callable[[], Model],
    ) -> Model:
        """A document on the way to an item, found where it was made under the same inputs.

        It is no item: no result names it, and where it is gone it is made again.
        """
        identity = fingerprint(cache_key_inputs)
        found = None
        if not self.context.force:
            found = self.artifacts.find(self.video_id, folder, artifact, identity)
        if found is not None:
            try:
                return self.artifacts.document(found, model)
            except FileNotFoundError:
                # Of an earlier form.
                pass
        made = make()
        self.artifacts.publish(
            video_id=self.video_id,
            folder=folder,
            artifact=artifact,
            fingerprint=identity,
            cache_key_inputs=cache_key_inputs,
            files={},
            document=made,
            point=False,
        )
        return made

    def checkpoint(
        self, folder: Folder, artifact: str, cache_key_inputs: Mapping[str, Any], model: type[Model]
    ) -> tuple[Model | None, Callable[[Model], None]]:
        """A part of this stage's work that is kept only until the whole is done.

        Returns what an unfinished run left under the same inputs of its cache key, or None, and
        what keeps it. The engine forgets all checkpoints once the stage is published.
        """
        identity = fingerprint(cache_key_inputs)
        found = self.artifacts.find(self.video_id, folder, artifact, identity)

        def keep(document: Model) -> None:
            manifest = self.artifacts.publish(
                video_id=self.video_id,
                folder=folder,
                artifact=artifact,
                fingerprint=identity,
                cache_key_inputs=cache_key_inputs,
                files={},
                document=document,
                point=False,
            )
            self.checkpoints.append((folder, manifest))

        if found is None:
            return None, keep
        self.checkpoints.append((folder, found))
        return self.artifacts.document(found, model), keep

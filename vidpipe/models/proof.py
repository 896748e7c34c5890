"""Proving that a model is what it has to be: read to the last byte, held against digests."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from vidpipe.models.digests import hash_file, write_whole
from vidpipe.models.model import FileDigest, Hub


@dataclass(frozen=True)
class Finding:
    """One file held against its digest; `ok` None: there was nothing to hold it against."""

    file: str
    ok: bool | None
    says: str


def held_against(folder: Path, wanted: Sequence[FileDigest]) -> list[Finding]:
    """Files of a folder against digests that are known."""
    return [_held(folder / file.name, file) for file in wanted]


def _held(path: Path, wanted: FileDigest) -> Finding:
    if not path.is_file():
        return Finding(str(path), False, "is gone")
    found = hash_file(path)
    if found != wanted.sha256:
        return Finding(str(path), False, f"expected SHA-256 {wanted.sha256}, found {found}")
    return Finding(str(path), True, f"SHA-256 {found}")


def compared(path: Path, known: str | None, by: str) -> Finding:
    """A file against what `by` says of it, if it says anything."""
    found = hash_file(path)
    if known is None:
        return Finding(str(path), None, f"SHA-256 {found}, to be compared by {by}")
    if known != found:
        return Finding(str(path), False, f"{by} says SHA-256 {known}, found {found}")
    return Finding(str(path), True, f"SHA-256 {found}, as {by} says")


@dataclass(frozen=True)
class FirstSight:
    """What a commit of the hub was when it was first seen in a folder of models.

    Nobody knew its digests before: the first fetch is trusted, every later state is held
    against it.
    """

    models: Path
    source: Hub
    snapshot: Path

    @property
    def note(self) -> Path:
        """The file in which that is written down."""
        repo = self.source.repo.replace("/", "--")
        return self.models / ".seen" / f"{repo}-{self.snapshot.name}.json"

    def read(self) -> list[FileDigest] | None:
        """The digests, None if it was not seen before."""
        if not self.note.exists():
            return None
        kept = json.loads(self.note.read_text("utf-8"))["files"]
        return [FileDigest.model_validate(item) for item in kept]

    def write(self, name: str, files: Sequence[Path]) -> list[FileDigest]:
        """Read the files of model `name` and write down what they are."""
        seen = [
            FileDigest(
                name=path.relative_to(self.snapshot).as_posix(),
                size_bytes=path.stat().st_size,
                sha256=hash_file(path),
            )
            for path in files
            if path.stat().st_size
        ]
        record = {
            "model": name,
            "repo": self.source.repo,
            "revision": self.source.revision,
            "commit": self.snapshot.name,
            "first_seen": datetime.now(UTC).isoformat(timespec="seconds"),
            "files": [file.model_dump() for file in seen],
        }
        write_whole(self.note, json.dumps(record, indent=1) + "\n")
        return seen

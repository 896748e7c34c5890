"""Models of the hub: what its client has cached, and having it fetch."""

from __future__ import annotations

import json
import os
from pathlib import Path

from vidpipe.errors import Unavailable
from vidpipe.models.model import Hub, OnProgress
from vidpipe.models.progress import growing


def cached(source: Hub, cache: Path) -> Path | None:
    """The snapshot of a revision, if it is whole; named after its commit.

    Reads the layout that the client documents (`models--owner--name/refs`, `snapshots`)
    without loading the client: every step asks this. A file is in a snapshot once it is
    whole, so a snapshot in which nothing is missing is whole.
    """
    repo = cache / f"models--{source.repo.replace('/', '--')}"
    ref = repo / "refs" / source.revision
    commit = ref.read_text("utf-8").strip() if ref.is_file() else source.revision
    snapshot = repo / "snapshots" / commit
    return snapshot if snapshot.is_dir() and lacking(source, snapshot) is None else None


def lacking(source: Hub, folder: Path) -> str | None:
    """What a folder has not that the model needs; None: nothing."""
    for pattern in source.needs:
        if not any(f.is_file() for f in folder.glob(pattern)):
            return pattern
    for index in sorted(folder.glob("*.safetensors.index.json")):
        shards = json.loads(index.read_text("utf-8")).get("weight_map", {}).values()
        for shard in sorted(set(shards)):
            if not (folder / shard).is_file():
                return str(shard)
    return None


def fetch(
    source: Hub,
    cache: Path,
    about_bytes: int,
    on_progress: OnProgress | None = None,
    *,
    again: bool = False,
) -> Path:
    """Have the hub's client fetch a revision; it resumes what it has begun itself.

    It tells nobody about it: telemetry is switched off. `again`: what is there is broken.

    Raises:
        Unavailable: the hub cannot be reached, has no such repository, or a file is missing.
    """
    download = _client()
    repo = cache / f"models--{source.repo.replace('/', '--')}"
    with growing(repo / "blobs", about_bytes, on_progress):
        try:
            folder = Path(
                download(
                    source.repo,
                    revision=source.revision,
                    cache_dir=str(cache),
                    allow_patterns=list(source.files),
                    ignore_patterns=list(source.ignore) or None,
                    force_download=again,
                )
            )
        except Exception as error:  # the client raises a different type per cause
            said = str(error).splitlines() or [type(error).__name__]
            raise Unavailable(f"{source} could not be fetched ({said[0][:160]})") from error
    missing = lacking(source, folder)
    if missing is not None:
        raise Unavailable(f"{source} has no {missing} among its files")
    return folder


def _client() -> type:
    """The client's download, silent: it reads its switches when it is imported."""
    for name in ("HF_HUB_DISABLE_TELEMETRY", "HF_HUB_DISABLE_PROGRESS_BARS"):
        os.environ.setdefault(name, "1")
    from huggingface_hub import constants, snapshot_download

    # Somebody may have imported it before.
    constants.HF_HUB_DISABLE_TELEMETRY = True
    download: type = snapshot_download
    return download

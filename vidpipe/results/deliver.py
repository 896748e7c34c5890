"""Writing a video's exports into somebody's folder, without touching what is theirs."""

from __future__ import annotations

import errno
import itertools
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from pydantic import ValidationError

from vidpipe.errors import Misconfigured
from vidpipe.pipeline.engine import Engine
from vidpipe.results.model import Results, StageTiming
from vidpipe.results.stored import NotReady, stored_results
from vidpipe.storage.artifacts import Manifest
from vidpipe.storage.files import copy_whole, write_whole

RESULTS = "results.json"


def check_folder(folder: Path, platforms: Sequence[str]) -> None:
    """Whether results can be written into a folder: asked before any work.

    Raises:
        Misconfigured: it cannot be written, is no folder, or what would be written into it
            leads somewhere else by a symbolic link; says which.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Misconfigured(f"--out {folder}: {error.strerror}") from error
    if not os.access(folder, os.W_OK | os.X_OK):
        raise Misconfigured(f"--out {folder}: it may not be written to")
    if (folder / RESULTS).is_dir():
        raise Misconfigured(f"{folder / RESULTS} is a folder; it is to be a file of results")
    for platform in platforms:
        _inside(folder, folder / platform)


def _inside(folder: Path, path: Path) -> Path:
    """The path, unless a link leads it out of the folder.

    Raises:
        Misconfigured: it does.
    """
    if not Path(os.path.realpath(path)).is_relative_to(os.path.realpath(folder)):
        raise Misconfigured(
            f"{path} is a symbolic link that leads out of {folder}: remove it, or give another "
            "folder with --out"
        )
    return path


def deliver(
    engine: Engine,
    video_id: str,
    folder: Path,
    *,
    made: Mapping[str, Manifest] | None = None,
    timings: Sequence[StageTiming] | None = None,
) -> Results:
    """Copy exports, subtitles and thumbnails into `folder`, `results.json` last.

    Replaces and removes only files that the old `results.json` names.

    Args:
        engine: store and catalog.
        video_id: of the video.
        folder: of whoever asks.
        made: its artifacts by name, see `stored_results`.
        timings: what each stage took, see there.

    Raises:
        NotReady: a stage that the results need was never run, or a file of theirs is no longer
            stored; nothing is written then.
        Misconfigured: a link in the folder leads out of it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    ours = _files_of(_old(folder))

    def taken(name: str) -> bool:
        return name not in ours and (folder / name).exists()

    found = stored_results(engine, video_id, made=made, timings=timings, taken=taken)
    for name in found.files:
        _inside(folder, (folder / name).parent)
    try:
        sources = {name: engine.artifacts.sound_path(f) for name, f in found.files.items()}
    except FileNotFoundError as error:
        raise NotReady(
            f"{video_id}: a file of its results is no longer stored ({error.filename or error}). "
            "Run the video again: what is missing is made again"
        ) from error
    for name, path in sources.items():
        copy_whole(path, folder / name)
    for name in sorted(ours - set(found.files)):
        parent = _inside(folder, (folder / name).parent)
        (folder / name).unlink(missing_ok=True)
        if parent != folder and parent.is_dir() and not any(parent.iterdir()):
            parent.rmdir()
    write_whole(folder / RESULTS, found.results.model_dump_json(indent=2).encode() + b"\n")
    return found.results


def folder_for(folder: Path, video_id: str) -> tuple[Path, str]:
    """`folder`, or the first of `folder-2`, `folder-3` … that holds no other recording's clips.

    Also the name of the recording whose clips are in `folder`; empty where they are none, or
    this one's.
    """
    old = _old(folder)
    if old is None or old.video.id == video_id:
        return folder, ""
    for number in itertools.count(2):
        other = folder.with_name(f"{folder.name}-{number}")
        there = _old(other)
        if there is None or there.video.id == video_id:
            return other, old.video.name
    raise AssertionError("there is no end of numbers")


def _old(folder: Path) -> Results | None:
    """What was delivered here before; None where nothing, or nothing that can be read, was."""
    path = folder / RESULTS
    try:
        # Its names say what may be replaced and removed: not somebody else's by a link.
        return None if path.is_symlink() else Results.model_validate_json(path.read_bytes())
    except ValidationError:
        return None
    except OSError as error:
        if error.errno in (errno.ENOENT, errno.ENOTDIR, errno.EACCES):
            return None
        raise


def _files_of(results: Results | None) -> set[str]:
    if results is None:
        return set()
    named = {
        f
        for e in results.exports
        for f in (e.file, e.subtitles, e.captions, e.thumbnail, e.post)
        if f
    }
    if results.chapters:
        named.add(results.chapters)
    # A results.json that somebody edited must not make us touch anything elsewhere.
    return {n for n in named if not Path(n).is_absolute() and ".." not in Path(n).parts}

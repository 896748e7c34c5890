"""What is made once and used by many: by all workers of a run, and by the runs after it.

Media that is made up is kept in `.pytest_cache/made`, by a digest of the code that makes it, of
the libraries under it and of what it was asked for: another line of that code makes it anew.
What stages make of it is made in every run, once for all its workers.
"""

from __future__ import annotations

import functools
import hashlib
import os
import pickle
import platform
import shutil
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock

from vidpipe.media.ffmpeg import identity
from vidpipe.testmedia import composite, recording, talk

ROOT = Path(__file__).parents[1]
KEPT = ROOT / ".pytest_cache" / "made"
#: Called before anything is made; a run with `--fast` refuses it.
not_now: list[Callable[[str], None]] = []
#: What made-up media rests on: of vidpipe, and of what is installed.
_CODE = ("testmedia", "media", "programs.py", "stuck.py", "timeline.py", "geometry.py")
_LIBRARIES = ("av", "espeakng-loader", "matplotlib", "numpy", "opencv-python-headless", "pillow")


@functools.cache
def _code() -> str:
    """A digest of all that can change a picture or a sample of made-up media."""
    found = hashlib.sha256(f"{platform.machine()} {platform.python_version()}".encode())
    found.update(identity().encode())
    for name in (*_LIBRARIES, "scipy"):
        found.update(f"{name} {version(name)}".encode())
    for part in _CODE:
        path = ROOT / "vidpipe" / part
        for file in sorted(path.rglob("*.py")) if path.is_dir() else [path]:
            found.update(str(file.relative_to(ROOT)).encode() + file.read_bytes())
    return found.hexdigest()[:16]


def once(folder: Path, make: Callable[[Path], None]) -> Path:
    """`folder`, which the first that wants it makes while the others wait."""
    for refuse in not_now:
        refuse("needs media")
    folder.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(f"{folder}.lock"):
        if not folder.is_dir():
            part = folder.with_name(f"{folder.name}.part")
            shutil.rmtree(part, ignore_errors=True)
            part.mkdir()
            make(part)
            part.rename(folder)
    return folder


def of_this_run(factory: pytest.TempPathFactory, name: str) -> Path:
    """Where something lies that all workers of a run share; a run of its own has its own."""
    base = factory.getbasetemp()
    return (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / f"shared-{name}"


def _kept(name: str, asked: str, make: Callable[[Path], Any]) -> tuple[Path, Any]:
    """The folder of what was made, and what `make` returned with it."""
    code = KEPT / _code()
    if not code.exists():
        # What older code made is of no use to anybody.
        shutil.rmtree(KEPT, ignore_errors=True)
        code.mkdir(parents=True, exist_ok=True)
    key = hashlib.sha256(asked.encode()).hexdigest()[:16]

    def made(folder: Path) -> None:
        (folder / "returned.pickle").write_bytes(pickle.dumps(make(folder)))

    folder = once(code / f"{name}-{key}", made)
    return folder, pickle.loads((folder / "returned.pickle").read_bytes())


def _at_a_path(make: Callable[..., Any]) -> Callable[..., Any]:
    """The same function, which copies what is kept where there is some."""

    @functools.wraps(make)
    def copied(target: Path, *given: Any, **named: Any) -> Any:
        asked = f"{target.suffix} {given!r} {sorted(named.items())!r}"
        folder, returned = _kept(
            make.__name__, asked, lambda new: make(new / f"made{target.suffix}", *given, **named)
        )
        for file in folder.glob("made*"):
            shutil.copy(file, target.with_name(target.stem + file.name.removeprefix("made")))
        return returned

    return copied


def _returned(make: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(make)
    def loaded(*given: Any, **named: Any) -> Any:
        asked = f"{given!r} {sorted(named.items())!r}"
        return _kept(make.__name__, asked, lambda _: make(*given, **named))[1]

    return loaded


make_composite = _at_a_path(composite.make_composite)
make_conversation = _at_a_path(composite.make_conversation)
make_talk = _at_a_path(talk.make_talk)
make_recording = _returned(recording.make_recording)

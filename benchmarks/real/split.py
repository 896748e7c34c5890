"""Which recordings may be built on and which are only measured on (`split.yaml`)."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from benchmarks.real.figure import Column

COLUMNS: tuple[Column, ...] = ("build", "held_out")

MEDIA = Path(os.environ.get("VIDPIPE_TEST_MEDIA", Path(__file__).parents[3] / "shared" / "media"))
_MORE = os.environ.get("VIDPIPE_MORE_MEDIA")


@cache
def split() -> Mapping[str, Any]:
    """The whole file."""
    return dict(yaml.safe_load(Path(__file__).with_name("split.yaml").read_text()))


def cameras(column: Column) -> tuple[list[Path], list[str]]:
    """The camera recordings of a column that are here, and the names of those that are not."""
    wanted = split()["cameras"][column]
    found: list[Path] = []
    missing: list[str] = []
    digests = {
        Path(name).name: digest
        for files in split()["elsewhere"].values()
        for name, digest in files.items()
    }
    for name in wanted["media"]:
        (found if (MEDIA / name).exists() else missing).append(MEDIA / name)  # type: ignore[arg-type]
    for name in wanted["elsewhere"]:
        path = Path(_MORE or "/nonexistent") / name
        if path.exists() and hashlib.sha256(path.read_bytes()).hexdigest() == digests[name]:
            found.append(path)
        else:
            missing.append(name)
    return found, [str(m) for m in missing]


def elsewhere(name: str) -> Path | None:
    """A sound (or its text) of a public repository, as `split.yaml` names it; None if not here."""
    folder, _, rest = name.partition("/")
    path = Path(_MORE or "/nonexistent") / name
    digest = split()["sounds"][folder]["files"][rest]
    if path.exists() and hashlib.sha256(path.read_bytes()).hexdigest() == digest:
        return path
    return None

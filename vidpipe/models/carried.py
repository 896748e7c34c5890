"""Models that installed packages bring along: where they lie, and what their package says."""

from __future__ import annotations

import base64
import binascii
from importlib.metadata import PackageNotFoundError, distribution, version
from importlib.util import find_spec
from pathlib import Path

from vidpipe.models.model import Carried


def missing(source: Carried) -> str | None:
    """Why it is not here, or None."""
    home = _home(source)
    if home is None:
        return f"{source.package} is not installed"
    for pattern in source.files:
        if not any(home.glob(pattern)):
            return f"{source.package} {release(source)} brings no {pattern}"
    return None


def files(source: Carried) -> tuple[Path, ...]:
    """Its files; of a model that is compiled in, none."""
    home = _home(source)
    if home is None:
        return ()
    found = {path for pattern in source.files for path in home.glob(pattern) if path.is_file()}
    return tuple(sorted(found))


def place(source: Carried) -> Path:
    """What is loaded: the module of a model that is compiled in, its file, or their folder."""
    spec = find_spec(source.module)
    assert spec is not None and spec.origin is not None
    if not source.files:
        return Path(spec.origin)
    found = files(source)
    if len(found) == 1:
        return found[0]
    home = _home(source)
    assert home is not None
    shared = {path.relative_to(home).parts[:-1] for path in found}
    parts = min(shared, key=len)
    while not all(other[: len(parts)] == parts for other in shared):
        parts = parts[:-1]
    return home.joinpath(*parts)


def release(source: Carried) -> str:
    """Version of the package, empty where it does not say."""
    try:
        return version(source.package)
    except PackageNotFoundError:
        return ""


def digests_of_package(source: Carried) -> dict[Path, str]:
    """SHA-256 of its files as the package recorded them when it was built."""
    try:
        recorded = distribution(source.package).files or []
    except PackageNotFoundError:
        return {}
    wanted = {path.resolve() for path in files(source)}
    found = {}
    for item in recorded:
        path = Path(str(item.locate())).resolve()
        if path in wanted and item.hash is not None and item.hash.mode == "sha256":
            padded = item.hash.value + "=" * (-len(item.hash.value) % 4)
            try:
                found[path] = base64.urlsafe_b64decode(padded).hex()
            except binascii.Error:
                continue
    return found


def _home(source: Carried) -> Path | None:
    """The folder that its module lies in; nothing is imported."""
    spec = find_spec(source.module)
    if spec is None or spec.origin is None:
        return None
    inner = Path(spec.origin).parent
    return inner.parent if spec.submodule_search_locations else inner

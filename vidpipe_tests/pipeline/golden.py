"""What stages make of fixed inputs, as stored files: what differs is said line by line.

`pytest vidpipe_tests/pipeline/test_golden.py --renew-goldens` writes them anew, of a stage
whose version was raised. Where only the input of a golden is another, delete its file first.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from vidpipe.pipeline import TALKS

FOLDER = Path(__file__).parent / "goldens"
#: Lines of a difference that are shown; the first ones tell what it is.
_SHOWN = 20
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")

Check = Callable[..., None]


def rounded(value: Any) -> Any:
    """As JSON has it, numbers to a thousandth: other processors add up in another order."""
    if isinstance(value, float):
        return round(value, 3)
    if isinstance(value, Mapping):
        return {str(name): rounded(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [rounded(item) for item in value]
    return value


def differences(
    old: Any, new: Any, within: float, room: Mapping[str, float] | None = None, path: str = ""
) -> Iterator[str]:
    """`segments[0].title: 'a' -> 'b'`, for each leaf that differs.

    Args:
        old: the golden.
        new: what was made.
        within: by how much numbers may differ, also those within texts.
        room: the same for leaves of which `path: value` has a pattern.
        path: of both.
    """
    if isinstance(old, dict) and isinstance(new, dict):
        for name in [*old, *(n for n in new if n not in old)]:
            where = f"{path}.{name}" if path else name
            if name not in new:
                yield f"{where}: {old[name]!r} is gone"
            elif name not in old:
                yield f"{where}: {new[name]!r} is new"
            else:
                yield from differences(old[name], new[name], within, room, where)
    elif isinstance(old, list) and isinstance(new, list):
        if len(old) != len(new):
            yield f"{path}: {len(old)} of them -> {len(new)}"
        for k, (one, other) in enumerate(zip(old, new, strict=False)):
            yield from differences(one, other, within, room, f"{path}[{k}]")
    elif not _same(old, new, _room(f"{path}: {old}", within, room or {})):
        yield f"{path}: {old!r} -> {new!r}"


def _room(leaf: str, within: float, room: Mapping[str, float]) -> float:
    return max([within, *(most for pattern, most in room.items() if re.search(pattern, leaf))])


def _same(old: Any, new: Any, within: float) -> bool:
    if isinstance(old, bool) or isinstance(new, bool):
        return old is new
    if isinstance(old, int | float) and isinstance(new, int | float):
        return abs(old - new) <= within
    if isinstance(old, str) and isinstance(new, str) and old != new:
        # Commands and drawings: the same words, with numbers that agree.
        ours, theirs = _NUMBER.findall(old), _NUMBER.findall(new)
        return _NUMBER.sub("#", old) == _NUMBER.sub("#", new) and all(
            abs(float(a) - float(b)) <= within for a, b in zip(ours, theirs, strict=True)
        )
    return bool(old == new)


def check(
    name: str,
    result: Any,
    *,
    renew: bool,
    within: float = 0.002,
    room: Mapping[str, float] | None = None,
    version: str = "",
    folder: Path = FOLDER,
) -> None:
    """Compare a result with the golden of a stage.

    Args:
        name: of the stage.
        result: what it made; lists and mappings of texts and numbers.
        renew: write it, where the version was raised or there is none yet.
        within: by how much numbers may differ, also those within texts.
        room: the same for some leaves, as in `differences`.
        version: where it is not that of the stage alone.
        folder: where goldens are.
    """
    version = version or TALKS.stage(name).version
    path = folder / f"{name.replace('/', '-')}.json"
    made = {"stage": name, "version": version, "result": rounded(result)}
    stored = json.loads(path.read_bytes()) if path.exists() else None
    if renew and (stored is None or stored["version"] != version):
        path.write_text(json.dumps(made, indent=1, ensure_ascii=False) + "\n", "utf-8")
        return
    assert stored is not None, f"{path} is not there: --renew-goldens writes it"
    found = list(differences(stored["result"], made["result"], within, room))
    assert stored["version"] == version, _told(
        f"{name} has version {version}, its golden {stored['version']}: --renew-goldens writes "
        "it anew. What differs:",
        found,
    )
    assert not found, _told(
        f"{name} makes something else of the same input, and its version is {version} as before. "
        "If that is meant, raise the version, so that stored results are made anew, then write "
        "the golden with --renew-goldens. What differs:",
        found,
    )


def _told(said: str, found: list[str]) -> str:
    more = [f"… and {len(found) - _SHOWN} more"] if len(found) > _SHOWN else []
    return "\n  ".join([said, *found[:_SHOWN], *more])

"""How platforms count the length of a text."""

from __future__ import annotations

import re
import unicodedata
from typing import Literal

Counting = Literal["characters", "utf16", "bytes", "weighted"]

#: X counts these code points as one, all others as two (twitter-text, configuration v3).
_LIGHT = ((0, 4351), (8192, 8205), (8208, 8223), (8242, 8247))
#: Whatever its length, a link counts as so many.
_LINK = 23
_LINKS = re.compile(r"(?:https?://|www\.)\S+|\b[\w-]+(?:\.[\w-]+)*\.[a-z]{2,}(?:/\S*)?", re.I)


def counted(text: str, counting: Counting) -> int:
    """The length of a text as a platform counts it.

    `characters` are code points, `utf16` units of UTF-16, `bytes` of UTF-8. `weighted` is X's
    count, or over it: what looks like a link counts as one, and of an emoji that is joined of
    several each counts.
    """
    match counting:
        case "utf16":
            return len(text.encode("utf-16-le", "surrogatepass")) // 2
        case "bytes":
            return len(text.encode("utf-8", "surrogatepass"))
        case "weighted":
            return _weighted(unicodedata.normalize("NFC", text))
        case _:
            return len(text)


def _weighted(text: str) -> int:
    rest, links = _LINKS.subn("", text)
    return _LINK * links + _weight(rest)


def _weight(text: str) -> int:
    return sum(1 if any(a <= ord(c) <= b for a, b in _LIGHT) else 2 for c in text)

"""One request as data, and its answer."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol
from urllib.parse import urlencode, urlsplit

from vidpipe.addresses import shown
from vidpipe.publishing.model import Charge, Verb

_JSON = "application/json; charset=UTF-8"


class Auth(StrEnum):
    """How a request says whose it is. The secret itself is no part of it."""

    BEARER = "bearer"
    OAUTH = "oauth"
    SIGNED = "signed"
    NONE = "none"


class PostFiles(Protocol):
    """The files of a post: `video`, `thumbnail`, `captions:de`."""

    def read(self, name: str, start: int, end: int) -> bytes:
        """Bytes from `start` up to before `end`; all of them, or an error.

        Raises:
            InputRejected: the file is not what it was when the post was made.
            Unavailable: it cannot be read now.
        """
        ...


@dataclass(frozen=True)
class Slice:
    """Bytes of a file from `start` up to before `end`."""

    file: str
    start: int
    end: int

    @property
    def size(self) -> int:
        return self.end - self.start


@dataclass(frozen=True)
class PlatformCall:
    """A request to a platform.

    Attributes:
        name: what it is called in error tables and in `RemoteState.armed`.
        once: it changes something and is not to be repeated without a look.
        public: when it succeeds, others can see the post.
        optional: when it fails for good, the post goes on without it.
        charges: what it takes of limits, whatever its answer.
        timeout_s: for each piece that is read or written.
    """

    name: str
    verb: Verb
    method: str
    url: str = field(repr=False)
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    body: tuple[bytes | Slice, ...] = field(default=(), repr=False)
    auth: Auth = Auth.BEARER
    once: bool = False
    public: bool = False
    optional: bool = False
    charges: tuple[Charge, ...] = ()
    timeout_s: float = 60.0

    @property
    def size(self) -> int:
        """Bytes of the body."""
        return sum(p.size if isinstance(p, Slice) else len(p) for p in self.body)

    @property
    def place(self) -> str:
        """Where it goes, without what may be secret in it."""
        return shown(self.url)

    @property
    def host(self) -> str:
        return urlsplit(self.url).hostname or ""


class Arrival(StrEnum):
    """What became of a request."""

    ANSWERED = "answered"
    #: It did not reach the platform: nothing was changed by it.
    NOT_SENT = "not_sent"
    #: It may have been taken: no whole answer came.
    UNANSWERED = "unanswered"


class AnswerUnusable(Exception):
    """An answer of success that does not hold what it must: it is treated as no answer."""


@dataclass(frozen=True)
class Reply:
    """An answer, or what there is in its place.

    Attributes:
        body: as it came, at most `wire.LONGEST_ANSWER` bytes.
        why: short and stable where there is no answer: `timeout`, `no_connection`, ...
    """

    arrival: Arrival
    status: int = 0
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes = field(default=b"", repr=False)
    why: str = ""

    @property
    def ok(self) -> bool:
        return self.arrival is Arrival.ANSWERED and 200 <= self.status < 300

    def header(self, name: str) -> str:
        """Of that name in lower case; empty where there is none."""
        return self.headers.get(name, "")

    def json(self) -> dict[str, Any]:
        """The body as an object of JSON; empty where it is not one."""
        try:
            read = json.loads(self.body)
        except (ValueError, RecursionError):
            return {}
        return read if isinstance(read, dict) else {}

    def object(self) -> dict[str, Any]:
        """The body as an object of JSON.

        Raises:
            AnswerUnusable: it is not one.
        """
        read = self.json()
        if not read:
            raise AnswerUnusable("the answer is not an object of JSON")
        return read


def text_at(value: Any, *path: str | int) -> str:
    """What stands at a place in JSON as text; empty where nothing does, or something else."""
    for step in path:
        if isinstance(step, int):
            value = value[step] if isinstance(value, list) and len(value) > step else None
        else:
            value = value.get(step) if isinstance(value, dict) else None
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return ""
    return str(value)


def needed(value: Any, *path: str | int) -> str:
    """What must stand at a place in JSON.

    Raises:
        AnswerUnusable: it does not.
    """
    text = text_at(value, *path)
    if not text:
        raise AnswerUnusable(f"the answer names no {path[-1]}")
    return text


def needed_count(value: Any, *path: str | int) -> int:
    """What must stand at a place in JSON as a number from 0 on.

    Raises:
        AnswerUnusable: it does not.
    """
    found = count_at(value, *path)
    if found is None:
        raise AnswerUnusable(f"the answer names no {path[-1]}")
    return found


def count_at(value: Any, *path: str | int) -> int | None:
    """What stands at a place in JSON as a number from 0 on; None where nothing does."""
    text = text_at(value, *path)
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 19 else None


def web_address(text: str) -> str:
    """An address of a page as it may be linked to; empty where it is something else."""
    return text if text.startswith("https://") and len(text) <= 2000 else ""


def list_at(value: Any, *path: str) -> list[dict[str, Any]]:
    """The objects of a list at a place in JSON; none where there is no list."""
    for step in path:
        value = value.get(step) if isinstance(value, dict) else None
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def as_json(value: Mapping[str, Any]) -> tuple[tuple[tuple[str, str], ...], tuple[bytes, ...]]:
    """Headers and body of a request with JSON."""
    body = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
    return (("Content-Type", _JSON),), (body,)


def as_form(value: Mapping[str, str]) -> tuple[tuple[tuple[str, str], ...], tuple[bytes, ...]]:
    """Headers and body of a request with a form."""
    kind = "application/x-www-form-urlencoded"
    return (("Content-Type", kind),), (urlencode(value).encode(),)


def with_query(url: str, **query: str) -> str:
    """A URL with a query; names and values are escaped."""
    return f"{url}?{urlencode(query)}" if query else url

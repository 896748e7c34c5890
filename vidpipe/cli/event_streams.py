"""Events as `vidpipe watch` gets them: of the catalog here, or of a server elsewhere."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from vidpipe.cli.app import err
from vidpipe.errors import Misconfigured, Unavailable
from vidpipe.extras import from_extra

if TYPE_CHECKING:
    import httpx

    from vidpipe.catalog.event_log import Rooms
    from vidpipe.library import Library

#: Three signs of life that do not come: then the connection is taken for lost.
_SILENT_S = 45.0
_LONGEST_WAIT_S = 30.0
Said = dict[str, Any]


def of_catalog(library: Library, rooms: Rooms, after: int | None) -> Iterator[Said | None]:
    """What happens in a catalog; None: nothing for a moment."""
    from vidpipe.library.watching import happening

    start = after if after is not None else library.events.newest_id()
    for event in happening(library, rooms, start):
        yield event.model_dump(mode="json") if event is not None else None


class ServerStream:
    """What happens at a server; comes back by itself after it was cut off.

    Args:
        server: its address.
        key: an API key; empty: none is sent.
        query: rooms and types, as the API has them.
        after: the last id that is known; None: what happens from now on.
    """

    def __init__(
        self, server: str, key: str, query: Mapping[str, Sequence[str]], after: int | None
    ) -> None:
        self._base = f"{server.rstrip('/').removesuffix('/api/v1')}/api/v1"
        self._headers = {"Accept": "text/event-stream"}
        if key:
            self._headers["Authorization"] = f"Bearer {key}"
        self._query = tuple((k, v) for k, vs in query.items() for v in vs)
        self._last = str(after) if after is not None else ""
        #: Events that were missed and are still to come; None: nobody has said how many.
        self._owed: int | None = None

    def state(self, kind: str, item: str) -> str:
        """Where a job or a video stands: `kind` is `jobs` or `videos`.

        Raises:
            Misconfigured: the server does not let us see it.
            Unavailable: it cannot be reached.
        """
        with from_extra("service"):
            import httpx
        headers = {name: v for name, v in self._headers.items() if name != "Accept"}
        try:
            answer = httpx.get(f"{self._base}/{kind}/{item}", headers=headers, timeout=30)
            _check(answer)
        except httpx.HTTPError as error:
            raise Unavailable(f"{self._base}: {type(error).__name__}") from error
        return str(answer.json()["state"])

    def events(self) -> Iterator[Said | None]:
        """What happens; None: nothing for a moment.

        Raises:
            Misconfigured: the server does not let us in, or knows no such room.
        """
        with from_extra("service"):
            import httpx
        failures = 0
        timeout = httpx.Timeout(30.0, read=_SILENT_S)
        with httpx.Client(timeout=timeout, follow_redirects=False) as client:
            while True:
                try:
                    for said in self._once(client):
                        failures = 0
                        yield said
                except httpx.HTTPError as error:
                    failures += 1
                    if failures == 1:
                        err.print(f"vidpipe: {self._base}: {type(error).__name__}, trying again")
                yield None
                time.sleep(min(_LONGEST_WAIT_S, 2.0 ** min(failures, 5)) if failures else 0.5)

    def _once(self, client: httpx.Client) -> Iterator[Said | None]:
        headers = {**self._headers, **({"Last-Event-ID": self._last} if self._last else {})}
        url = f"{self._base}/events"
        with client.stream("GET", url, params=self._query, headers=headers) as answer:
            if answer.status_code != 200:
                answer.read()
            _check(answer)
            self._begin()
            kept = b""
            for more in answer.iter_raw():
                *blocks, kept = (kept + more).split(b"\n\n")
                for block in blocks:
                    owed = self._owed
                    said = self._read(block.decode())
                    if said is not None:
                        yield said
                    if self._owed == 0 and (said is None or owed != 0):
                        yield None

    def _begin(self) -> None:
        """Of a new connection nobody has said yet how much was missed."""
        self._owed = None

    def _read(self, block: str) -> Said | None:
        fields = dict(line.split(": ", 1) for line in block.split("\n") if ": " in line)
        self._last = fields.get("id", self._last)
        name, data = fields.get("event"), fields.get("data")
        if name is None or data is None or name == "closed":
            return None
        said: Said = json.loads(data)
        if name == "ready":
            self._owed = int(said["missed"])
            return None
        if self._owed and "id" in fields:
            self._owed -= 1
        elif name == "reload":
            self._owed = 0
        return {"type": name, **said}


def _check(answer: httpx.Response) -> None:
    """What a server refuses is said in its own words; what may pass is tried again."""
    if answer.status_code in (429, 502, 503, 504):
        import httpx

        raise httpx.HTTPStatusError("busy", request=answer.request, response=answer)
    if answer.status_code >= 300:
        try:
            said = str(answer.json()["detail"])
        except (ValueError, KeyError, TypeError):
            said = f"it answered {answer.status_code}"
        raise Misconfigured(f"{answer.request.url.host}: {said}")

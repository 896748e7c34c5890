"""What all fakes have in common: routes, tokens, a log, troubles, and a page of posts."""

from __future__ import annotations

import html
import json
import re
import secrets
from collections import Counter, defaultdict, deque
from collections.abc import Awaitable, Callable, Mapping, MutableMapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any
from urllib.parse import parse_qsl
from zlib import crc32

from starlette.responses import HTMLResponse, JSONResponse, Response

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

#: Requests that are kept in the log.
_MOST_LOGGED = 10_000


class AnswerLost(Exception):
    """Without a socket: the request was taken, and the connection broke before the answer."""


class AnswerLate(Exception):
    """Without a socket: the request was taken, and its answer comes too late."""


class RequestLost(Exception):
    """Without a socket: the request did not arrive."""


class Kind(StrEnum):
    """What goes wrong with a request."""

    #: It does not arrive.
    REFUSED = "refused"
    #: It arrives and does what it does; its answer does not.
    LOST = "lost"
    #: The same, and its answer comes after whoever asked has gone.
    LATE = "late"
    #: Its answer is cut in the middle.
    CUT = "cut"
    #: Its answer is of success and cannot be read.
    MALFORMED = "malformed"
    #: An error of the server, before and after it did what it does.
    BROKEN = "broken"
    BROKEN_AFTER = "broken_after"
    UNAVAILABLE = "unavailable"
    #: A pause is asked for, without and with a time.
    RATE = "rate"
    RATE_NAMED = "rate_named"
    #: The access token has expired, or was revoked.
    EXPIRED = "expired"
    REVOKED = "revoked"
    #: The quota is used up.
    QUOTA = "quota"
    #: The upload session or container is gone.
    GONE = "gone"


#: What happens before a request is looked at, and what after it did what it does.
BEFORE = frozenset(
    {
        Kind.BROKEN, Kind.UNAVAILABLE, Kind.RATE, Kind.RATE_NAMED, Kind.EXPIRED, Kind.REVOKED,
        Kind.QUOTA, Kind.GONE,
    }
)  # fmt: skip


@dataclass
class Trouble:
    """What goes wrong with some requests.

    Attributes:
        op: the request's name; empty: any.
        skip: that pass before it begins.
        times: that it happens.
    """

    op: str
    kind: Kind
    skip: int = 0
    times: int = 1


@dataclass(frozen=True)
class LoggedCall:
    """A request that arrived. Tokens are not kept.

    Attributes:
        op: its name, as in `Trouble`.
        status: of the answer, whether it arrived or not; 0: there was none.
    """

    op: str
    method: str
    path: str
    size: int
    status: int
    at: str


@dataclass
class ShownPost:
    """A post that others can see, or will."""

    id: str
    account: str
    text: str
    size: int
    sha256: str = ""
    visible: str = "public"
    url: str = ""
    at: str = ""


@dataclass(frozen=True)
class Audience:
    """What came of a post until now."""

    views: int
    likes: int
    comments: int
    shares: int
    saves: int
    watch_ms: int


@dataclass
class FakeToken:
    """An access token and what it is good for."""

    account: str
    expires_at: datetime
    scopes: frozenset[str] = frozenset()


@dataclass
class Asked:
    """A request, read as far as it came."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes
    whole: bool = True
    account: str = ""
    base: str = ""

    def json(self) -> dict[str, Any]:
        """The body as JSON; empty where it is none."""
        try:
            read = json.loads(self.body)
        except ValueError:
            return {}
        return read if isinstance(read, dict) else {}

    def form(self) -> dict[str, str]:
        """The body as a form."""
        return dict(parse_qsl(self.body.decode("utf-8", "replace"), keep_blank_values=True))


Handler = Callable[..., Response]


@dataclass(frozen=True)
class Route:
    """Where a request goes. `auth`: `bearer`, `oauth`, `none`, or `query` of a token there."""

    op: str
    method: str
    path: re.Pattern[str]
    handler: Handler
    auth: str = "bearer"


@dataclass
class RateWindow:
    """So many requests in so many seconds."""

    most: int
    seconds: float
    taken: deque[datetime] = field(default_factory=deque)

    def take(self, now: datetime) -> bool:
        """Whether one more is within the limit; then it is counted."""
        while self.taken and now - self.taken[0] >= timedelta(seconds=self.seconds):
            self.taken.popleft()
        if len(self.taken) >= self.most:
            return False
        self.taken.append(now)
        return True


class Refused(Exception):
    """An answer that ends a request."""

    def __init__(self, answer: Response) -> None:
        self.answer = answer
        super().__init__(answer.status_code)


class FakePlatform:
    """A platform as an ASGI application.

    Args:
        clock: what time it is there.

    Attributes:
        late_s: how long new posts are missing from lists.
        bill: what was taken of limits, and dollars, by bucket.
        reach: how often a post is seen in all, by its id; of others that is made up.
    """

    name = ""
    title = ""
    #: Who has an account there.
    ACCOUNT = ""

    def __init__(self, clock: Callable[[], datetime] | None = None) -> None:
        self.clock = clock or (lambda: datetime.now(UTC))
        self.tokens: dict[str, FakeToken] = {}
        self.posts: list[ShownPost] = []
        self.log: deque[LoggedCall] = deque(maxlen=_MOST_LOGGED)
        self.seen: Counter[str] = Counter()
        self.bill: defaultdict[str, float] = defaultdict(float)
        self.late_s = 0.0
        self.reach: dict[str, int] = {}
        self._troubles: list[Trouble] = []
        self._routes = [
            *self._own_routes(),
            *self.routes(),
        ]
        self._numbers = 0

    # For tests and demos

    def trouble(self, op: str, kind: Kind, *, skip: int = 0, times: int = 1) -> None:
        """Have something go wrong."""
        self._troubles.append(Trouble(op, kind, skip, times))

    def forget_troubles(self) -> None:
        """Have nothing go wrong any more."""
        self._troubles.clear()

    def token(self, account: str, *scopes: str, life_s: float = 3600.0) -> str:
        """A fresh access token of an account."""
        made = f"fake-{self.name}-{secrets.token_hex(16)}"
        expires = self.clock() + timedelta(seconds=life_s)
        self.tokens[made] = FakeToken(account, expires, frozenset(scopes))
        return made

    def audience(self, post_id: str, at: datetime | str) -> Audience:
        """What came of a post since then: half of all its views come in the first two days."""
        since = datetime.fromisoformat(at) if isinstance(at, str) else at
        days = max(0.0, (self.clock() - since) / timedelta(days=1))
        reach = self.reach.get(post_id, 600 + crc32(post_id.encode()) % 1400)
        views = int(reach * (1.0 - 2.0 ** (-days / 2.0)))
        return Audience(views, views // 25, views // 150, views // 200, views // 300, views * 9000)

    def number(self) -> int:
        """The next number, from which ids are made."""
        self._numbers += 1
        return self._numbers

    # What a platform says

    def routes(self) -> Sequence[Route]:
        """What it answers."""
        return ()

    def refusal(self, kind: Kind, wait_s: int | None = None) -> Response:
        """How it refuses: BROKEN, UNAVAILABLE, RATE, EXPIRED, REVOKED, QUOTA or GONE."""
        raise NotImplementedError

    def partial(self, op: str, asked: Asked, groups: Mapping[str, str]) -> None:
        """What is kept of a request whose body broke off."""

    def shown(self) -> list[ShownPost]:
        """Posts that others can see, or will."""
        return self.posts

    def listed(self) -> list[ShownPost]:
        """Posts as lists have them: the newest first, and what is new not yet."""
        until = self.clock() - timedelta(seconds=self.late_s)
        return [p for p in reversed(self.posts) if datetime.fromisoformat(p.at) <= until]

    def route(
        self, op: str, method: str, path: str, handler: Handler, auth: str = "bearer"
    ) -> Route:
        """A route; groups of the path are given to the handler by name."""
        return Route(op, method, re.compile(path), handler, auth)

    # One request

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await _lifespan(receive, send)
            return
        asked, broken = await _read(scope, receive)
        found = self._found(asked)
        if found is None:
            await JSONResponse({"error": "no such address at this fake"}, 404)(scope, receive, send)
            return
        route, groups = found
        if route.op.startswith("_"):
            await route.handler(asked, **groups)(scope, receive, send)
            return
        if broken is not None:
            self.partial(route.op, asked, groups)
            self._note(route, asked, 0)
            raise broken
        kind = self._next_trouble(route.op)
        if kind is Kind.REFUSED:
            _drop(receive, RequestLost())
            return
        answer = self._answer(route, asked, groups, kind)
        self._note(route, asked, answer.status_code)
        await self._give(answer, kind, scope, receive, send)

    def _answer(
        self, route: Route, asked: Asked, groups: Mapping[str, str], kind: Kind | None
    ) -> Response:
        if kind is not None and kind in BEFORE:
            named = 7 if kind is Kind.RATE_NAMED else None
            if kind is Kind.RATE_NAMED:
                kind = Kind.RATE
            return self.refusal(kind, named)
        try:
            asked.account = self._whose(route, asked)
            answer = route.handler(asked, **groups)
        except Refused as refused:
            return refused.answer
        if kind is Kind.BROKEN_AFTER:
            return self.refusal(Kind.BROKEN)
        if kind is Kind.MALFORMED and answer.status_code < 300:
            return Response(b'{"id": ', answer.status_code, media_type="application/json")
        return answer

    async def _give(
        self, answer: Response, kind: Kind | None, scope: Scope, receive: Receive, send: Send
    ) -> None:
        if kind is Kind.LOST:
            _drop(receive, AnswerLost())
        elif kind is Kind.LATE:
            _drop(receive, AnswerLate())
        elif kind is Kind.CUT:
            await _cut(answer, receive, send)
        else:
            await answer(scope, receive, send)

    def _whose(self, route: Route, asked: Asked) -> str:
        """The account of a request's token.

        Raises:
            Refused: it has none that is good.
        """
        if route.auth == "none":
            return ""
        scheme, _, secret = asked.headers.get("authorization", "").partition(" ")
        wanted = "OAuth" if route.auth == "oauth" else "Bearer"
        token = self.tokens.get(secret) if scheme == wanted else None
        if token is None:
            raise Refused(self.refusal(Kind.REVOKED))
        if token.expires_at <= self.clock():
            raise Refused(self.refusal(Kind.EXPIRED))
        return token.account

    def _found(self, asked: Asked) -> tuple[Route, dict[str, str]] | None:
        for route in self._routes:
            match = route.path.fullmatch(asked.path)
            if match and route.method == asked.method and self.chosen(route.op, asked):
                return route, match.groupdict()
        return None

    def chosen(self, op: str, asked: Asked) -> bool:
        """Whether a request on a path of several is this one."""
        return True

    def _next_trouble(self, op: str) -> Kind | None:
        self.seen[op] += 1
        for trouble in self._troubles:
            if trouble.op not in ("", op):
                continue
            if trouble.skip > 0:
                trouble.skip -= 1
                continue
            if trouble.times > 0:
                trouble.times -= 1
                return trouble.kind
        return None

    def _note(self, route: Route, asked: Asked, status: int) -> None:
        at = self.clock().isoformat()
        size = len(asked.body)
        self.log.append(LoggedCall(route.op, asked.method, asked.path, size, status, at))

    # The page

    def _own_routes(self) -> Sequence[Route]:
        return (
            self.route("_page", "GET", "/", self._page, "none"),
            self.route("_posts", "GET", "/_fake/posts", self._posts, "none"),
            self.route("_log", "GET", "/_fake/log", self._logged, "none"),
            self.route("_bill", "GET", "/_fake/bill", self._billed, "none"),
            self.route("_trouble", "POST", "/_fake/trouble", self._troubled, "none"),
        )

    def _page(self, asked: Asked) -> Response:
        rows = "".join(
            f"<tr><td>{html.escape(p.at)}</td><td>{html.escape(p.account)}</td>"
            f"<td>{html.escape(p.visible)}</td><td>{html.escape(p.text)}</td>"
            f"<td>{p.size:,} bytes</td></tr>"
            for p in reversed(self.shown())
        )
        return HTMLResponse(
            f"<!doctype html><html lang=en><meta charset=utf-8><title>{self.title}</title>"
            "<style>body{font:16px system-ui;margin:2rem}td{padding:.3rem 1rem .3rem 0;"
            "white-space:pre-wrap}</style>"
            f"<h1>{self.title} (a fake)</h1><p>Posts: {len(self.shown())}</p>"
            f"<table>{rows}</table></html>"
        )

    def _posts(self, asked: Asked) -> Response:
        return JSONResponse([asdict(post) for post in self.shown()])

    def _logged(self, asked: Asked) -> Response:
        return JSONResponse([asdict(call) for call in self.log])

    def _billed(self, asked: Asked) -> Response:
        return JSONResponse(self.bill)

    def _troubled(self, asked: Asked) -> Response:
        read = asked.json()
        try:
            kind, times = Kind(str(read.get("kind"))), int(read.get("times", 1))
        except ValueError:
            return JSONResponse({"error": f"kind: one of {', '.join(Kind)}"}, 400)
        self.trouble(str(read.get("op", "")), kind, times=times)
        return JSONResponse({}, 201)


async def _lifespan(receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return


async def _read(scope: Scope, receive: Receive) -> tuple[Asked, BaseException | None]:
    """A request with what arrived of its body, and what broke it off."""
    body = bytearray()
    broken: BaseException | None = None
    try:
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                broken = RequestLost()
                break
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
    except Exception as error:
        broken = error
    headers = {k.decode("latin-1").lower(): v.decode("latin-1") for k, v in scope["headers"]}
    query = dict(parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True))
    base = f"{scope['scheme']}://{headers.get('host', '')}"
    raw = scope.get("raw_path") or scope["path"].encode()
    path = raw.decode("latin-1").partition("?")[0]
    asked = Asked(scope["method"], path, query, headers, bytes(body), broken is None, base=base)
    return asked, broken


def _drop(receive: Receive, otherwise: Exception) -> None:
    """Break the connection; without a socket, say so."""
    cycle = getattr(receive, "__self__", None)
    transport = getattr(cycle, "transport", None)
    if transport is None:
        raise otherwise
    transport.abort()


async def _cut(answer: Response, receive: Receive, send: Send) -> None:
    """Half of an answer, then the connection breaks."""
    body = bytes(answer.body)
    headers = [h for h in answer.raw_headers if h[0] != b"content-length"]
    headers.append((b"content-length", str(len(body) + 100).encode()))
    start = {"type": "http.response.start", "status": answer.status_code, "headers": headers}
    await send(start)
    part = {"type": "http.response.body", "body": body[: len(body) // 2], "more_body": True}
    await send(part)
    _drop(receive, AnswerLost())

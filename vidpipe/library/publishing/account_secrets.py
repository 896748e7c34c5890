"""What is kept of an account's tokens, sealed; and requests that are made with them."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cache
from typing import Any, TypeVar

from pydantic import SecretStr

from vidpipe.extras import from_extra
from vidpipe.outbound import guarded_client
from vidpipe.publishing.calls import Arrival, PlatformCall, Reply
from vidpipe.publishing.oauth import TokenGrant
from vidpipe.publishing.wire import perform

#: Seconds for each piece of an answer, and for the whole of a request: less than a lease.
_PIECE_S, _WHOLE_S = 20.0, 45.0
#: What logins begin with of which it is known whose they are.
USER = "user:"
Result = TypeVar("Result")


@dataclass(frozen=True)
class AccountSecret:
    """What an account is posted to with; hidden in what is printed.

    Attributes:
        access: of the person who connected it; of a webhook what its requests are signed with.
        own: of this account alone, where there is one (pages).
        login: the same in all accounts that were connected at once; or whose it was, after `USER`.
        dry: it is a fake's.
        address: of a webhook.
    """

    access: SecretStr
    expires_at: datetime | None = None
    refresh: SecretStr | None = None
    refresh_expires_at: datetime | None = None
    own: SecretStr | None = None
    login: str = ""
    dry: bool = False
    address: str = field(default="", repr=False)

    @property
    def posting(self) -> SecretStr:
        """What posts are made with."""
        return self.own or self.access

    @property
    def grant(self) -> TokenGrant:
        """As OAuth has it."""
        assert self.expires_at is not None
        return TokenGrant(self.access, self.expires_at, self.refresh, self.refresh_expires_at)

    def having(self, grant: TokenGrant) -> AccountSecret:
        """The same after its token was renewed; what the answer does not name stays."""
        same = grant.refresh is None
        return replace(
            self,
            access=grant.access,
            expires_at=grant.expires_at,
            refresh=self.refresh if same else grant.refresh,
            refresh_expires_at=grant.refresh_expires_at
            or (self.refresh_expires_at if same else None),
        )

    def dumped(self) -> str:
        """As JSON, to be sealed."""
        said: dict[str, Any] = {
            "access": self.access.get_secret_value(),
            "expires_at": _iso(self.expires_at),
            "refresh": self.refresh.get_secret_value() if self.refresh else None,
            "refresh_expires_at": _iso(self.refresh_expires_at),
            "own": self.own.get_secret_value() if self.own else None,
            "login": self.login,
            "dry": self.dry,
            "address": self.address,
        }
        return json.dumps({name: value for name, value in said.items() if value})


def secret_of(text: str) -> AccountSecret:
    """What was dumped."""
    read = json.loads(text)
    return AccountSecret(
        access=SecretStr(read.get("access", "")),
        expires_at=_moment(read.get("expires_at")),
        refresh=SecretStr(read["refresh"]) if read.get("refresh") else None,
        refresh_expires_at=_moment(read.get("refresh_expires_at")),
        own=SecretStr(read["own"]) if read.get("own") else None,
        login=read.get("login", ""),
        dry=bool(read.get("dry")),
        address=read.get("address", ""),
    )


def _iso(at: datetime | None) -> str | None:
    return at.isoformat() if at is not None else None


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


class _NoFiles:
    def read(self, name: str, start: int, end: int) -> bytes:
        raise ValueError(f"a request about an account has no file {name}: {start}-{end}")


def asked(call: PlatformCall, secret: SecretStr | None, *, private: bool) -> Reply:
    """Make one request about an account, not of a post.

    Args:
        call: as a platform has it.
        secret: its token, where it says whose it is.
        private: whether this machine and its network may be asked, where fakes are.
    """
    return _run(lambda: _performed([(call, secret)], private))[0]


def asked_all(
    calls: Sequence[PlatformCall], secret: SecretStr | None, *, private: bool
) -> list[Reply]:
    """The same of several, one after the other."""
    return _run(lambda: _performed([(call, secret) for call in calls], private))


@cache
def _certificates() -> Any:
    """The usual certificates, read once: that takes longer than many a request."""
    with from_extra("service"):
        import httpx
    return httpx.create_ssl_context(trust_env=False)


async def _performed(
    calls: Sequence[tuple[PlatformCall, SecretStr | None]], private: bool
) -> list[Reply]:
    found = []
    verify = _certificates()
    async with guarded_client(allow_private=private, timeout_s=_PIECE_S, verify=verify) as client:
        for call, secret in calls:
            brief = replace(call, timeout_s=_PIECE_S)
            try:
                async with asyncio.timeout(_WHOLE_S):
                    found.append(await perform(client, brief, secret, _NoFiles()))
            except TimeoutError:
                found.append(Reply(Arrival.UNANSWERED, why="timeout"))
    return found


def _run(work: Callable[[], Coroutine[Any, Any, Result]]) -> Result:
    """What a coroutine gives, also where this thread runs a loop of its own."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(work())
    found: list[Result] = []
    failed: list[BaseException] = []

    def beside() -> None:
        try:
            found.append(asyncio.run(work()))
        except BaseException as error:
            failed.append(error)

    thread = threading.Thread(target=beside, name="vidpipe-account", daemon=True)
    thread.start()
    thread.join()
    if failed:
        raise failed[0]
    return found[0]

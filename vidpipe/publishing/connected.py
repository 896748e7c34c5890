"""Which accounts a person connected: one login may stand for several pages."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from pydantic import SecretStr

from vidpipe.publishing.calls import (
    AnswerUnusable,
    PlatformCall,
    Reply,
    list_at,
    needed,
    text_at,
    with_query,
)
from vidpipe.publishing.graph import VERSION
from vidpipe.publishing.linkedin import VERSION as LINKEDIN_VERSION
from vidpipe.publishing.model import Verb
from vidpipe.publishing.platforms import PLATFORMS

_META_FIELDS = "id,name,access_token,instagram_business_account{id,username}"


@dataclass(frozen=True)
class ConnectedAccount:
    """An account that can be posted to.

    Attributes:
        remote_id: as posts name it.
        token: of this account alone; None: the person's own is used.
    """

    remote_id: str
    name: str
    token: SecretStr | None = None


def connected_calls(platform: str, base: str = "") -> tuple[PlatformCall, ...]:
    """The requests that tell which accounts there are, each made with the person's token.

    Args:
        platform: by name.
        base: a fake's address in place of the platform's.

    Raises:
        KeyError: there is no such platform, or it has no accounts.
    """
    base = (base or PLATFORMS[platform]().base).rstrip("/")
    return tuple(replace(call, url=f"{base}{call.url}") for call in _CALLS[platform])


def connected(platform: str, replies: Sequence[Reply]) -> tuple[ConnectedAccount, ...]:
    """The accounts in the answers, in the order of `connected_calls`.

    An answer that refuses has no accounts: the person did not allow those.

    Raises:
        AnswerUnusable: no account is in any of them.
    """
    found = [account for reply in replies if reply.ok for account in _READERS[platform](reply)]
    if not found:
        raise AnswerUnusable("no account that can be posted to")
    return tuple(found)


def login_call(platform: str, base: str = "") -> PlatformCall | None:
    """The request that tells who logged in, where what was allowed is ended for all of theirs
    at once; None: it is ended login by login.

    Args:
        platform: by name.
        base: a fake's address in place of the platform's.
    """
    if platform not in ("instagram", "facebook"):
        return None
    base = (base or PLATFORMS[platform]().base).rstrip("/")
    return _read(with_query(f"{base}/{VERSION}/me", fields="id"))


def _read(url: str, *headers: tuple[str, str]) -> PlatformCall:
    return PlatformCall("connected", Verb.LOOK, "GET", url, headers)


_META = with_query(f"/{VERSION}/me/accounts", fields=_META_FIELDS, limit="100")
_RESTLI = (("LinkedIn-Version", LINKEDIN_VERSION), ("X-Restli-Protocol-Version", "2.0.0"))
_CALLS: Mapping[str, tuple[PlatformCall, ...]] = {
    "youtube": (_read("/youtube/v3/channels?part=id%2Csnippet&mine=true"),),
    "tiktok": (_read("/v2/user/info/?fields=open_id%2Cdisplay_name"),),
    "instagram": (_read(_META),),
    "facebook": (_read(_META),),
    "linkedin": (
        _read("/v2/userinfo"),
        _read(
            with_query(
                "/rest/organizationAcls", q="roleAssignee", role="ADMINISTRATOR", state="APPROVED"
            ),
            *_RESTLI,
        ),
    ),
    "x": (_read("/2/users/me"),),
}


def _youtube(reply: Reply) -> list[ConnectedAccount]:
    return [
        ConnectedAccount(needed(one, "id"), text_at(one, "snippet", "title"))
        for one in list_at(reply.object(), "items")
    ]


def _tiktok(reply: Reply) -> list[ConnectedAccount]:
    user = (reply.object().get("data") or {}).get("user")
    return [ConnectedAccount(needed(user, "open_id"), text_at(user, "display_name"))]


def _facebook(reply: Reply) -> list[ConnectedAccount]:
    return [
        ConnectedAccount(
            needed(one, "id"), text_at(one, "name"), SecretStr(needed(one, "access_token"))
        )
        for one in list_at(reply.object(), "data")
    ]


def _instagram(reply: Reply) -> list[ConnectedAccount]:
    return [
        ConnectedAccount(
            needed(one, "instagram_business_account", "id"),
            text_at(one, "instagram_business_account", "username"),
            SecretStr(needed(one, "access_token")),
        )
        for one in list_at(reply.object(), "data")
        if isinstance(one.get("instagram_business_account"), dict)
    ]


def _linkedin(reply: Reply) -> list[ConnectedAccount]:
    read = reply.object()
    if "elements" in read:
        names = [needed(one, "organization") for one in list_at(read, "elements")]
        return [ConnectedAccount(name, name.rpartition(":")[2]) for name in names]
    return [ConnectedAccount(f"urn:li:person:{needed(read, 'sub')}", text_at(read, "name"))]


def _x(reply: Reply) -> list[ConnectedAccount]:
    data = reply.object().get("data")
    return [ConnectedAccount(needed(data, "id"), text_at(data, "username"))]


_READERS: Mapping[str, Callable[[Reply], list[ConnectedAccount]]] = {
    "youtube": _youtube,
    "tiktok": _tiktok,
    "instagram": _instagram,
    "facebook": _facebook,
    "linkedin": _linkedin,
    "x": _x,
}

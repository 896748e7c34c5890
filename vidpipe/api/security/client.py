"""Where a request comes from: the address, and whether a proxy or another page sent it."""

from __future__ import annotations

import ipaddress
from collections.abc import Collection, Sequence
from urllib.parse import urlsplit

from starlette.requests import HTTPConnection

_Network = ipaddress.IPv4Network | ipaddress.IPv6Network
#: What a proxy adds, and a browser or program that asks directly does not.
_FORWARDED = ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-real-ip")


def networks(given: Sequence[str]) -> tuple[_Network, ...]:
    """Addresses and networks of proxies as they are set."""
    return tuple(ipaddress.ip_network(text, strict=False) for text in given)


def address_of(connection: HTTPConnection, trusted: Collection[_Network]) -> str:
    """The address that a request comes from.

    The peer's; behind proxies that are trusted the last one of X-Forwarded-For that is not one
    of them. What stands before it was said by whoever asks, and may be anything.
    """
    peer = connection.client.host if connection.client is not None else ""
    if not _is_in(peer, trusted):
        return peer
    hops = ",".join(connection.headers.getlist("x-forwarded-for")).split(",")
    for hop in reversed([h.strip() for h in hops]):
        if not _is_address(hop):
            return peer
        if not _is_in(hop, trusted):
            return hop
        peer = hop
    return peer


def is_forwarded(connection: HTTPConnection) -> bool:
    """Whether a proxy passed it on: whoever asks is not on this machine."""
    return any(name in connection.headers for name in _FORWARDED)


def is_foreign(connection: HTTPConnection, origins: Collection[str]) -> bool:
    """Whether a page of another origin asks, which is none of those that may."""
    headers = connection.headers
    origin = headers.get("origin")
    if origin is not None:
        own = urlsplit(origin).netloc == headers.get("host")
        return not own and origin not in origins
    site = headers.get("sec-fetch-site", "none")
    # A link that someone clicks shows them the answer, and nobody else.
    clicked = (
        headers.get("sec-fetch-mode") == "navigate" and connection.scope.get("method") == "GET"
    )
    return site in ("cross-site", "same-site") and not clicked


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _is_in(text: str, trusted: Collection[_Network]) -> bool:
    if not _is_address(text):
        return False
    address = ipaddress.ip_address(text)
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    return any(address in network for network in trusted)

"""Requests to addresses that strangers name: never into the network that this machine is in.

Whoever may name an address could have this machine ask what only it can reach: its own ports,
its neighbours, the metadata of its cloud with the keys in it. So a name is resolved once, every
address that it has is looked at, and the connection goes to the address that was looked at: a
second answer of the name server cannot lead elsewhere. A redirect is a request like any other.

    async with guarded_client(allow_private=False, timeout_s=10) as client:
        answer = await client.post(url, content=body)
"""

from __future__ import annotations

import ipaddress
import re
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from vidpipe.errors import Unavailable, VidpipeError
from vidpipe.extras import from_extra

if TYPE_CHECKING:
    import httpcore
    import httpx

#: What turns a host and a port into addresses; raises OSError where there are none.
Resolver = Callable[[str, int], Sequence[str]]

_Address = ipaddress.IPv4Address | ipaddress.IPv6Address
_Network = ipaddress.IPv4Network | ipaddress.IPv6Network

#: Characters of an address that are read at all.
_LONGEST_URL = 4096
#: Addresses of one name that are tried.
_MOST_ADDRESSES = 16
_PORTS = {"http": 80, "https": 443}
#: Above 1023 what other protocols listen on, as browsers have it (WHATWG Fetch, "bad port").
_OTHER_PROTOCOLS = frozenset(
    {1719, 1720, 1723, 2049, 3659, 4045, 4190, 5060, 5061, 6000, 6566, 6679, 6697, 10080}
    | set(range(6665, 6670))
)
_HOST = re.compile(
    r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?)*"
)
#: What older systems take for an IPv4 address: the last part is a number, also in base 8 or 16.
_NUMBER = re.compile(r"([0-9]+|0x[0-9a-f]*)")


def _networks(*names: str) -> tuple[_Network, ...]:
    return tuple(ipaddress.ip_network(name) for name in names)


#: Of one's own network: reached where a setting allows it.
_PRIVATE = _networks(
    "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "127.0.0.0/8", "100.64.0.0/10",
    "::1/128", "fc00::/7",
)  # fmt: skip
#: Of no use to anybody outside, whatever settings say. From the registries of special addresses
#: (RFC 6890 and after), so that no version of Python decides; the last is Azure's metadata.
_NEVER = _networks(
    "0.0.0.0/8", "169.254.0.0/16", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24",
    "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
    "168.63.129.16/32",
    "2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20",
)  # fmt: skip
_GLOBAL_V6 = ipaddress.IPv6Network("2000::/3")
#: How hosts without IPv4 reach one that has no other (RFC 6052).
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_LAST_32 = 0xFFFFFFFF


class AddressRefused(VidpipeError):
    """An address that is not asked, and why; trying again does not help.

    Args:
        reason: stable: `url`, `scheme`, `credentials`, `host`, `port` or `private_address`.
        message: for the person who named it.
    """

    exit_code = 3

    def __init__(self, reason: str, message: str) -> None:
        self.reason = reason
        self.message = message
        super().__init__(message)


@dataclass(frozen=True)
class Target:
    """Where a URL leads.

    Attributes:
        scheme: `http` or `https`.
        host: in lower case and ASCII, without brackets and without a dot at its end.
        port: as named, else that of the scheme.
    """

    scheme: str
    host: str
    port: int


def resolve(host: str, port: int) -> Sequence[str]:
    """The addresses that this machine's resolver has for a host.

    Raises:
        OSError: there are none, or nobody answers.
    """
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(where[0]) for *_, where in found))


@dataclass(frozen=True)
class AddressGuard:
    """What may be asked.

    Attributes:
        allow_private: addresses of this machine and of its network, too: loopback, RFC 1918,
            100.64.0.0/10, unique local. Link-local ones, with the metadata of clouds, never.
        allowed: networks of those, such as `10.20.0.0/16`, that are reached without it.
        resolver: in place of this machine's.
    """

    allow_private: bool = False
    allowed: tuple[str, ...] = ()
    resolver: Resolver = field(default=resolve)

    def target(self, url: str) -> Target:
        """Where a URL leads, without asking a name server.

        Raises:
            AddressRefused: it is not asked, whatever its host's addresses are.
        """
        with from_extra("service"):
            import httpx
        if len(url) > _LONGEST_URL:
            raise AddressRefused("url", f"the URL has more than {_LONGEST_URL} characters")
        if url != url.strip() or "\\" in url:
            raise AddressRefused("url", "the URL has spaces around it or a backslash in it")
        try:
            parsed = httpx.URL(url)
            host = parsed.raw_host.decode("ascii")
        except (httpx.InvalidURL, UnicodeError, ValueError) as error:
            raise AddressRefused("url", "this is not a URL that can be read") from error
        return self._target(parsed, host)

    def addresses(self, host: str, port: int) -> tuple[str, ...]:
        """The addresses of a host, every one of them looked at. Asks the resolver once.

        Raises:
            AddressRefused: the host or one of its addresses is refused.
            Unavailable: no address is found.
        """
        name = checked_host(host)
        check_port(port)
        literal = _literal(name)
        if literal is not None:
            return (self._checked(literal, name),)
        try:
            found = self.resolver(name, port)
        except (OSError, UnicodeError) as error:
            raise Unavailable(f"{name} is not found: {error}") from error
        if not found:
            raise Unavailable(f"{name} is not found: it has no address")
        return tuple(dict.fromkeys(self._checked(ipaddress.ip_address(a), name) for a in found))[
            :_MOST_ADDRESSES
        ]

    def check(self, url: str) -> Target:
        """Whether a URL may be asked, by what its host's addresses are now.

        To tell whoever names it at once: what guards is the client, with each connection.

        Raises:
            AddressRefused: it may not; says why.
            Unavailable: its host is not found.
        """
        target = self.target(url)
        self.addresses(target.host, target.port)
        return target

    def _target(self, url: httpx.URL, host: str) -> Target:
        if url.scheme not in _PORTS:
            raise AddressRefused("scheme", "only http:// and https:// are asked")
        if url.userinfo:
            raise AddressRefused(
                "credentials", "the URL names a user or a password: leave them out"
            )
        host = checked_host(host)
        port = url.port if url.port is not None else _PORTS[url.scheme]
        check_port(port)
        literal = _literal(host)
        if literal is not None:
            self._checked(literal, host)
        return Target(url.scheme, host, port)

    def _checked(self, address: _Address, host: str) -> str:
        """The address as it is to be connected to.

        Raises:
            AddressRefused: it is not one of the internet.
        """
        plain = _plain(address)
        if plain is not None and _is_global(plain):
            return str(address if plain.version == 4 and address in _NAT64 else plain)
        if plain is not None and self._is_allowed(plain):
            return str(plain)
        raise AddressRefused(
            "private_address",
            f"{host} does not lead to the public internet; private addresses are not asked",
        )

    def _is_allowed(self, address: _Address) -> bool:
        if not any(address in network for network in _PRIVATE):
            return False
        return self.allow_private or any(address in net for net in _networks(*self.allowed))


def checked_host(host: str) -> str:
    """A host in one way of writing: lower case, no brackets, no dot at the end.

    Raises:
        AddressRefused: it is neither a name nor an address written as usual.
    """
    name = host.lower().removeprefix("[").removesuffix("]")
    if ":" not in name:
        name = name.removesuffix(".")
    if _literal(name) is not None:
        return name
    if len(name) > 253 or not _HOST.fullmatch(name):
        raise AddressRefused("host", "the URL names no host that can be asked")
    if _NUMBER.fullmatch(name.rpartition(".")[2]):
        raise AddressRefused("host", f"{name} is not a name, nor an address as usually written")
    return name


def check_port(port: int) -> None:
    """Whether a port may be asked: 80, 443, and from 1024 on what is no other protocol's.

    Raises:
        AddressRefused: it may not.
    """
    if port in _PORTS.values() or (1024 <= port <= 65535 and port not in _OTHER_PROTOCOLS):
        return
    raise AddressRefused("port", f"port {port} is not one that pages and files are served on")


def _literal(host: str) -> _Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def _plain(address: _Address) -> _Address | None:
    """The address that packets would go to; None where it names an interface, or is none."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address.scope_id is not None:
        return None
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & _LAST_32)
    return address


def _is_global(address: _Address) -> bool:
    if address.version == 6 and (address not in _GLOBAL_V6 or _is_isatap(address)):
        return False
    return (
        address.is_global
        and not address.is_multicast
        and not any(address in network for network in (*_PRIVATE, *_NEVER))
    )


def _is_isatap(address: _Address) -> bool:
    """Whether an IPv4 address is the end of it, behind a router that unpacks it (RFC 5214)."""
    return (int(address) >> 32) & 0xFDFFFFFF == 0x00005EFE


def guarded_client(
    *,
    allow_private: bool,
    timeout_s: float,
    max_redirects: int = 0,
    allowed: tuple[str, ...] = (),
    resolver: Resolver = resolve,
    headers: dict[str, str] | None = None,
    verify: Any = True,
) -> httpx.AsyncClient:
    """A client that reaches addresses of the internet only.

    No proxy of the environment is used: behind one, nothing could be known about addresses.

    Args:
        allow_private: reach this machine and its network, too. Dangerous where strangers name
            addresses.
        timeout_s: seconds for connecting, and for each piece that is read or written. A whole
            request may take longer: bound that with `anyio.fail_after`.
        max_redirects: how many redirects are followed, each looked at as the first address.
        allowed: private networks that are reached all the same, such as `10.20.0.0/16`.
        resolver: in place of this machine's.
        headers: sent with every request.
        verify: an `ssl.SSLContext` in place of the usual certificates.

    Raises (when a request is sent):
        AddressRefused: of the first address or of a redirect; says why.
        httpx.HTTPError: all else, such as a host that is not found.
    """
    with from_extra("service"):
        import httpx
    return httpx.AsyncClient(
        transport=_transport(AddressGuard(allow_private, allowed, resolver), verify),
        timeout=timeout_s,
        follow_redirects=max_redirects > 0,
        max_redirects=max_redirects,
        trust_env=False,
        headers=headers,
    )


def _transport(guard: AddressGuard, verify: Any) -> httpx.AsyncBaseTransport:
    import httpcore
    import httpx

    class Guarded(httpx.AsyncHTTPTransport):
        """Looks at the URL of each request, and connects through the guard alone."""

        def __init__(self) -> None:
            super().__init__(verify=verify, trust_env=False)
            context = httpx.create_ssl_context(verify=verify, trust_env=False)
            if not isinstance(getattr(self, "_pool", None), httpcore.AsyncConnectionPool):
                raise RuntimeError("this httpx keeps its connections elsewhere: cannot be guarded")
            self._pool = httpcore.AsyncConnectionPool(
                ssl_context=context,
                max_connections=20,
                keepalive_expiry=5.0,
                network_backend=_backend(guard),
            )

        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            guard.target(str(request.url))
            return await super().handle_async_request(request)

    return Guarded()


def _backend(guard: AddressGuard) -> httpcore.AsyncNetworkBackend:
    import anyio
    import anyio.to_thread
    import httpcore

    class Checked(httpcore.AsyncNetworkBackend):
        """Connects to addresses that were looked at, one after another until one answers."""

        def __init__(self) -> None:
            self._beneath = httpcore.AnyIOBackend()

        async def connect_tcp(
            self,
            host: str,
            port: int,
            timeout: float | None = None,
            local_address: str | None = None,
            socket_options: Any = None,
        ) -> httpcore.AsyncNetworkStream:
            try:
                with anyio.fail_after(timeout):
                    found = await anyio.to_thread.run_sync(
                        guard.addresses, host, port, abandon_on_cancel=True
                    )
            except TimeoutError as error:
                raise httpcore.ConnectTimeout(f"{host} is not found in time") from error
            except Unavailable as error:
                raise httpcore.ConnectError(str(error)) from error
            for address in found[:-1]:
                try:
                    return await self._beneath.connect_tcp(
                        address, port, timeout, local_address, socket_options
                    )
                except (httpcore.ConnectError, httpcore.ConnectTimeout):
                    continue
            return await self._beneath.connect_tcp(
                found[-1], port, timeout, local_address, socket_options
            )

        async def sleep(self, seconds: float) -> None:
            await self._beneath.sleep(seconds)

    return Checked()

"""Whether a login is asked for, and what is needed for one: decided once, at the start."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass

from vidpipe.accounts.accounts import Accounts
from vidpipe.accounts.mail import Mailer, mailer
from vidpipe.accounts.model import Principal, Scope
from vidpipe.accounts.signing import embedded_secret
from vidpipe.api.security.client import networks
from vidpipe.catalog.sessions import Sessions
from vidpipe.errors import Misconfigured
from vidpipe.settings import Settings

#: Who looks without a login where that is allowed: all pages, and nothing that changes anything.
ANONYMOUS = Principal(
    id="anonymous", name="anonymous", scopes=frozenset({Scope.READ}), everything=True
)


def is_loopback(host: str) -> bool:
    """Whether what listens on this address is reached from this machine alone."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"


@dataclass(frozen=True)
class Gate:
    """How requests are let in.

    Attributes:
        accounts: users and keys.
        mailer: sends links to users.
        settings: of the service.
        open_here: whether no login is asked for: the server listens on this machine alone.
    """

    accounts: Accounts
    mailer: Mailer
    settings: Settings
    open_here: bool

    @property
    def secure(self) -> bool:
        """Whether browsers reach the service by HTTPS, so that cookies may ask for it."""
        return self.settings.public_url.startswith("https://")

    @property
    def trusted(self) -> tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...]:
        """Proxies whose word on addresses counts."""
        return networks(self.settings.accounts.trusted_proxies)


def secrets_of(settings: Settings, *, embedded: bool) -> list[str]:
    """What tokens are signed with: as set, or the embedded installation's own; else none."""
    given = [secret.get_secret_value() for secret in settings.accounts.secrets]
    if given or not embedded:
        return given
    return [embedded_secret(settings.home)]


def open_accounts(settings: Settings) -> Accounts:
    """Accounts over the settings' database."""
    sessions = Sessions(settings.database_url.get_secret_value(), settings.database_pool)
    secrets = secrets_of(settings, embedded=sessions.embedded)
    return Accounts(sessions, settings.accounts, secrets)


def gate(settings: Settings, host: str) -> Gate:
    """The gate of a server that listens on this address."""
    options = settings.accounts
    return Gate(open_accounts(settings), mailer(options.mail), settings, is_loopback(host))


async def check_login(settings: Settings, host: str) -> None:
    """Refuse to serve other machines where nobody could log in.

    Raises:
        Misconfigured: there is no secret or no user, and looking without a login is not allowed.
    """
    options = settings.accounts
    if is_loopback(host) or options.anonymous_read:
        return
    problems = []
    accounts = open_accounts(settings)
    try:
        if not secrets_of(settings, embedded=accounts.sessions.embedded):
            problems.append(
                "VIDPIPE_ACCOUNTS__SECRETS: there is no secret; make one with "
                "`openssl rand -hex 32`"
            )
        if not options.oidc.configured and not await accounts.users.count():
            problems.append("there is no user: add one with `vidpipe users add`")
    finally:
        await accounts.close()
    if problems:
        raise Misconfigured(
            [
                f"{host} is reached from other machines, and a login is needed there",
                *problems,
                "or set VIDPIPE_ACCOUNTS__ANONYMOUS_READ=true where a proxy before it has a login: "
                "everybody whom it lets in may then look, and change nothing",
            ]
        )

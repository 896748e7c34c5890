"""Handing a message over to wherever an address leads, by Apprise."""

from __future__ import annotations

import contextvars
import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import unquote

from vidpipe.addresses import without
from vidpipe.catalog.notice_kinds import NoticeLevel
from vidpipe.errors import Misconfigured, Unavailable
from vidpipe.extras import from_extra
from vidpipe.notifications.words import NoticeMessage
from vidpipe.observability import redact
from vidpipe.outbound import AddressGuard, AddressRefused

if TYPE_CHECKING:
    import apprise

#: Parts of an address that are shorter are no secret, and would take words out of logs.
_SHORTEST, _SHORTEST_PASSWORD = 8, 4
#: Of the address of Slack's own webhooks.
_PUBLIC = frozenset({"services"})
_SAID: contextvars.ContextVar[list[str] | None] = contextvars.ContextVar("said", default=None)
_TYPES = {
    NoticeLevel.INFO: "info",
    NoticeLevel.WARNING: "warning",
    NoticeLevel.ERROR: "failure",
    NoticeLevel.CRITICAL: "failure",
}


class Sender(Protocol):
    """Hands messages over."""

    def send(self, name: str, url: str, message: NoticeMessage) -> None:
        """Hand one over.

        Args:
            name: of the target, for errors.
            url: of the target, which no error shows.
            message: what is sent.

        Raises:
            Unavailable: it was not taken.
            Misconfigured: the address is none, or none that may be asked.
        """


class AppriseSender:
    """Whatever Apprise knows: some 130 services, mail, plain JSON.

    Args:
        allow_private: reach addresses of this machine and its network, too.
    """

    def __init__(self, *, allow_private: bool) -> None:
        self._guard = AddressGuard(allow_private=allow_private)

    def send(self, name: str, url: str, message: NoticeMessage) -> None:
        """As `Sender.send`. Redirects are not followed: where they lead was never set.

        Raises:
            Unavailable: it was not taken.
            Misconfigured: the address is none, or none that may be asked.
        """
        service = self.check(name, url)
        import apprise

        with _heard() as said:
            try:
                done = service.notify(
                    body=message.text,
                    title=message.title,
                    notify_type=apprise.NotifyType(_TYPES[message.level]),
                    body_format=apprise.NotifyFormat.TEXT,
                )
            except Exception as error:
                # Of a library of 130 services: whatever it is, it is not taken.
                raise Unavailable(f"{name}: {type(error).__name__}") from None
        if not done:
            raise Unavailable(f"{name}: {_why(said, parts_of(url))}")

    def check(self, name: str, url: str) -> apprise.Apprise:
        """Whether an address is one that may be asked; what asks it.

        Raises:
            Unavailable: its host is not found.
            Misconfigured: it is none, or none that may be asked.
        """
        with from_extra("notify"):
            import apprise
        redact.keep_out(parts_of(url))
        asset = apprise.AppriseAsset(
            app_id="vidpipe",
            app_desc="vidpipe",
            async_mode=False,
            http_redirects=False,
            secure_logging=True,
            # Pictures of somebody else's, which a chat would fetch.
            image_url_mask=None,
            image_url_logo=None,
        )
        with _heard():
            plugin: Any = apprise.Apprise.instantiate(url, asset=asset, suppress_exceptions=True)
        if plugin is None:
            raise Misconfigured(
                f"VIDPIPE_NOTIFY__TARGETS__{name.upper()}__URL is no address that Apprise knows: "
                "its documentation lists them, such as slack://… and mailtos://…"
            )
        host = getattr(plugin, "smtp_host", None)
        if host is None and "host" in plugin.template_tokens:
            host = plugin.host
        if host:
            self._look_at(name, str(host))
        service = apprise.Apprise(asset=asset)
        service.add(plugin)
        return service

    def _look_at(self, name: str, host: str) -> None:
        """What is asked is what its owner set, so that its name cannot change in between."""
        try:
            # Which port it is does not matter to where it is.
            self._guard.addresses(host, 443)
        except AddressRefused as refused:
            hint = ""
            if refused.reason == "private_address":
                hint = ": VIDPIPE_NOTIFY__ALLOW_PRIVATE=true allows it"
            raise Misconfigured(f"{name}: {refused.message}{hint}") from None


def parts_of(url: str) -> list[str]:
    """What of an address is secret: all of it, a password, and parts that are long enough.

    Tokens are somewhere in its path, in place of its host, or in its query.
    """
    _, _, rest = url.partition("://")
    place, _, query = rest.partition("?")
    authority, *path = place.split("/")
    user, _, host = authority.rpartition("@")
    _, _, password = user.partition(":")
    name = host.partition(":")[0]
    # A host has a dot; a token in its place has none.
    tokens = [user, *path, *(value.partition("=")[2] for value in re.split("[&;]", query))]
    tokens += [] if "." in name or name == "localhost" else re.split(":", host)
    found = {url, rest} | {t for t in tokens if len(t) >= _SHORTEST and t not in _PUBLIC}
    if len(password) >= _SHORTEST_PASSWORD:
        found.add(password)
    return sorted({*found, *(unquote(part) for part in found)})


class _Ear(logging.Handler):
    """Keeps what Apprise logs for whoever sends; its threads have the context of that."""

    def emit(self, record: logging.LogRecord) -> None:
        said = _SAID.get()
        if said is not None and record.levelno >= logging.WARNING:
            said.append(record.getMessage())


_EAR = _Ear()


@contextmanager
def _heard() -> Iterator[list[str]]:
    """What Apprise logs meanwhile, which goes nowhere else: it may show addresses."""
    logger = logging.getLogger("apprise")
    logger.propagate = False
    logger.addHandler(_EAR)
    said: list[str] = []
    before = _SAID.set(said)
    try:
        yield said
    finally:
        _SAID.reset(before)


def _why(said: list[str], secrets: list[str]) -> str:
    """The first thing that Apprise said, without what may be secret in it."""
    text = redact.clean(without(" ".join((said or [""])[0].split()), secrets))
    return text[:300] or "it was not taken"

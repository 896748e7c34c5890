"""Addresses as they may be shown: without what is secret in them."""

from __future__ import annotations

_HIDDEN = "***"


def shown(url: str) -> str:
    """A URL without its user, password and the values of its query.

    Read from behind: a password may hold every character that ends one, and a URL that
    cannot be parsed is shown as well, in the message that says so.
    """
    scheme, mark, rest = url.partition("://")
    if not mark or scheme.partition("+")[0] in ("file", "sqlite"):
        return url
    # What stands behind it is the browser's alone, and at times a token.
    rest = rest.partition("#")[0]
    rest, question, query = rest.partition("?")
    before, at, after = rest.rpartition("@")
    where = f"{_HIDDEN}@{after}" if at and before else rest
    named = "&".join(f"{pair.partition('=')[0]}={_HIDDEN}" for pair in query.split("&") if pair)
    return f"{scheme}://{where}{question}{named}"


def password_of(url: str) -> str:
    """The password in a URL, as it stands there; empty where there is none."""
    before, at, _ = url.partition("://")[2].partition("?")[0].rpartition("@")
    return before.partition(":")[2] if at else ""


def without(said: str, secrets: list[str]) -> str:
    """Somebody else's message without what may be secret in it."""
    for secret in sorted(filter(None, secrets), key=len, reverse=True):
        said = said.replace(secret, _HIDDEN)
    return said


def holds_secret(url: str) -> bool:
    """Whether a bucket's URL names a user with a key, which belongs into its options."""
    authority = url.partition("://")[2].partition("/")[0].partition("?")[0]
    user, at, _ = authority.rpartition("@")
    return (bool(at) and ":" in user) or "?" in url

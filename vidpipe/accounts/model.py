"""Whoever asks for something, and what they may do where.

A right is a role (what someone is to an organisation or to one of its channels) and a scope
(what the key or session that they use is good for). Both are needed: a key that may only read
stays so in the hands of an administrator.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum


class Role(IntEnum):
    """What someone is to an organisation or a channel; each may all that those before it may.

    Attributes:
        VIEWER: sees videos, results and failures.
        EDITOR: uploads, has things made and made again, decides about clips.
        ADMIN: removes, changes channels, manages users and keys.
    """

    VIEWER = 1
    EDITOR = 2
    ADMIN = 3


class Scope(StrEnum):
    """What a key or a session is good for."""

    READ = "read"
    WRITE = "write"
    REVIEW = "review"
    PUBLISH = "publish"
    ADMIN = "admin"


class Action(StrEnum):
    """What the service lets someone do: each endpoint names one of these.

    Attributes:
        READ: look at anything of a channel.
        SUBMIT: upload, and have a recording processed.
        PROCESS: have stages made again, retried, cancelled; hold and release.
        REVIEW: comment on clips, and have others look at them.
        DECIDE: approve and reject; a channel may ask for more than the lowest role.
        PUBLISH: have an export posted.
        REMOVE: retire videos, delete uploads and assets of others.
        CONFIGURE: change a channel, its webhooks and its limits.
        MANAGE: users, roles and keys of an organisation; its audit log.
    """

    READ = "read"
    SUBMIT = "submit"
    PROCESS = "process"
    REVIEW = "review"
    DECIDE = "decide"
    PUBLISH = "publish"
    REMOVE = "remove"
    CONFIGURE = "configure"
    MANAGE = "manage"


#: The lowest role that may do it, and the scope that its key or session must have.
RULES: dict[Action, tuple[Role, Scope]] = {
    Action.READ: (Role.VIEWER, Scope.READ),
    Action.SUBMIT: (Role.EDITOR, Scope.WRITE),
    Action.PROCESS: (Role.EDITOR, Scope.WRITE),
    Action.REVIEW: (Role.EDITOR, Scope.REVIEW),
    Action.DECIDE: (Role.EDITOR, Scope.REVIEW),
    Action.PUBLISH: (Role.EDITOR, Scope.PUBLISH),
    Action.REMOVE: (Role.ADMIN, Scope.WRITE),
    Action.CONFIGURE: (Role.ADMIN, Scope.ADMIN),
    Action.MANAGE: (Role.ADMIN, Scope.ADMIN),
}


@dataclass(frozen=True)
class Grant:
    """A role in an organisation, or in one channel of it.

    Attributes:
        organisation: its name.
        role: what they are there.
        channel: the only channel that it holds for; None: all of the organisation.
    """

    organisation: str
    role: Role
    channel: str | None = None


@dataclass(frozen=True)
class Principal:
    """Whoever asks: a user, a key of a program, or the owner of an embedded installation.

    Attributes:
        id: `user:...`, `key:...` or `local`; what the audit log keeps.
        name: an e-mail address or the name of a key, for people to read.
        grants: the roles that they have, and where.
        scopes: what the key or session is good for.
        everything: no grant is asked for; the scopes still are.
    """

    id: str
    name: str
    grants: tuple[Grant, ...] = ()
    scopes: frozenset[Scope] = field(default_factory=frozenset)
    everything: bool = False

    def may(self, action: Action, organisation: str, channel: str | None = None) -> bool:
        """Whether they may do this to a channel, or to the organisation as a whole."""
        role, scope = RULES[action]
        return scope in self.scopes and self.has(role, organisation, channel)

    def has(self, role: Role, organisation: str, channel: str | None = None) -> bool:
        """Whether they have this role or a higher one in a channel, or the whole organisation."""
        return self.everything or any(
            grant.organisation == organisation
            and grant.role >= role
            and grant.channel in (None, channel)
            for grant in self.grants
        )

    def channels(self, action: Action, known: Iterable[tuple[str, str]]) -> frozenset[str]:
        """The channels that they may do this to: what every list is limited by.

        Args:
            action: what they want to do.
            known: pairs of organisation and channel, all that exist.
        """
        return frozenset(
            channel for organisation, channel in known if self.may(action, organisation, channel)
        )


#: Who works on an embedded installation, which listens on this machine alone and has no login.
LOCAL = Principal(id="local", name="this machine", scopes=frozenset(Scope), everything=True)

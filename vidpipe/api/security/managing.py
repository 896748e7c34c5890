"""Managing an organisation: what routes of users, keys and the audit log share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from vidpipe.accounts.accounts import Accounts
from vidpipe.accounts.audit import Actor
from vidpipe.accounts.keys import ApiKey
from vidpipe.accounts.model import Action, Principal
from vidpipe.accounts.users import UnknownAccount, User
from vidpipe.api.problems import ApiError
from vidpipe.api.security.dependencies import actor_of, gate_of, require
from vidpipe.api.security.gate import Gate


@dataclass(frozen=True)
class Managed:
    """A request about accounts.

    Attributes:
        gate: how requests are let in.
        principal: who asks.
        actor: the same for the audit log.
        channels: names of channels by organisation.
    """

    gate: Gate
    principal: Principal
    actor: Actor
    channels: dict[str, frozenset[str]]

    @property
    def accounts(self) -> Accounts:
        return self.gate.accounts

    def organisations(self) -> list[str] | None:
        """Those that they manage; None: every one."""
        if self.principal.everything and self.principal.may(Action.MANAGE, ""):
            return None
        names = {grant.organisation for grant in self.principal.grants}
        return sorted(name for name in names if self.manages(name))

    def manages(self, organisation: str) -> bool:
        """Whether they manage it as a whole."""
        return self.principal.may(Action.MANAGE, organisation)

    def organisation(self, name: str) -> str:
        """An organisation that they manage.

        Raises:
            ApiError: 404, it is none of theirs.
        """
        if not self.manages(name):
            raise ApiError(404, "organisation_not_found", f"there is no organisation {name!r}")
        return name

    def channel(self, organisation: str, name: str) -> str:
        """A channel of an organisation.

        Raises:
            ApiError: 404, it has none of this name.
        """
        if name not in self.channels.get(organisation, frozenset()):
            raise ApiError(404, "channel_not_found", f"there is no channel {name!r}")
        return name

    async def user(self, who: str) -> User:
        """A user who has a role in an organisation that they manage.

        Raises:
            UnknownAccount: there is none.
        """
        user = await self.accounts.users.get(who)
        if self.organisations() is not None and not any(
            self.manages(grant.organisation) for grant in user.grants
        ):
            raise UnknownAccount(f"there is no user {who}")
        return user

    def is_theirs_alone(self, user: User) -> bool:
        """Whether nobody but those who manage the same organisations is concerned by the user."""
        return all(self.manages(grant.organisation) for grant in user.grants)

    async def key(self, which: str) -> ApiKey:
        """A key of an organisation that they manage.

        Raises:
            UnknownAccount: there is none.
        """
        key = await self.accounts.keys.get(which)
        if not self.manages(key.organisation):
            raise UnknownAccount(f"there is no key {which}")
        return key


async def managed(
    request: Request,
    who: Principal = Depends(require(Action.MANAGE)),  # noqa: B008
) -> Managed:
    """The request of someone who manages something."""
    channels: dict[str, set[str]] = {}
    for name, channel in request.app.state.library.engine.channels.items():
        channels.setdefault(channel.organisation, set()).add(name)
    made = Managed(
        gate_of(request),
        who,
        actor_of(request, who.id),
        {name: frozenset(of) for name, of in channels.items()},
    )
    if made.organisations() == []:
        raise ApiError(403, "forbidden", "you manage no organisation: ask an administrator")
    return made


Manages = Annotated[Managed, Depends(managed)]

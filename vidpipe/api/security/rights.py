"""What somebody may read while they have a stream open: looked at again and again."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from starlette.requests import HTTPConnection

from vidpipe.accounts.model import RULES, Action, Principal
from vidpipe.accounts.tokens import KEY_MARK
from vidpipe.api.security.dependencies import Known
from vidpipe.api.security.gate import Gate
from vidpipe.errors import Unavailable
from vidpipe.library import Library


@dataclass
class Rights:
    """Whoever has a stream open, and what they may read by now.

    An access token runs out before a login does: of a login it is asked whether that holds.

    Attributes:
        library: whose channels there are.
        gate: how requests are let in.
        known: who asked, as they were let in.
        token: the key that they sent; empty: none.
        answers: what was found of others with the same key or login, and when.
    """

    library: Library
    gate: Gate
    known: Known
    token: str
    answers: dict[str, tuple[float, Principal | None]] = field(default_factory=dict)

    async def readable(self) -> frozenset[str]:
        """The channels that they may read now; none where they are not let in any more."""
        try:
            who = await self._now()
        except Unavailable:
            # Nobody can say so, and nothing can be read meanwhile.
            who = self.known.principal
        if who is None or RULES[Action.READ][1] not in who.scopes:
            return frozenset()
        channels = self.library.engine.channels
        return who.channels(Action.READ, ((c.organisation, name) for name, c in channels.items()))

    async def _now(self) -> Principal | None:
        if self.known.session_id is None and not self.token:
            return self.known.principal
        of = self.token or str(self.known.session_id)
        at = time.monotonic()
        kept = self.answers.get(of)
        if kept is not None and at - kept[0] < self.gate.settings.events.recheck_s / 2:
            return kept[1]
        accounts = self.gate.accounts
        if self.token:
            found = await accounts.keys.principal(self.token)
        else:
            found = await accounts.logins.of_session(str(self.known.session_id))
        if len(self.answers) > 10_000:
            self.answers.clear()
        self.answers[of] = (at, found)
        return found


def key_of(connection: HTTPConnection) -> str:
    """The key that a program sent; empty: none."""
    kind, _, token = connection.headers.get("authorization", "").partition(" ")
    token = token.strip()
    return token if kind.lower() == "bearer" and token.startswith(KEY_MARK) else ""

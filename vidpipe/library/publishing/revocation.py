"""What accounts allowed, ended at their platforms: where no other account lives by it."""

from __future__ import annotations

from collections.abc import Callable

from vidpipe.catalog.publishing_tables import SocialAccountRow
from vidpipe.errors import Misconfigured
from vidpipe.library.errors import AccountBroken
from vidpipe.library.publishing.account_secrets import USER, AccountSecret, asked
from vidpipe.library.publishing.account_words import title_of
from vidpipe.library.publishing.applications import Applications
from vidpipe.pipeline.engine import Engine
from vidpipe.publishing.calls import Arrival
from vidpipe.publishing.oauth import revoke
from vidpipe.publishing.oauth_platforms import OAUTH


class Revocation:
    """Ends what was allowed.

    Args:
        engine: channels and catalog.
        applications: how platforms know vidpipe.
        opened: what an account is posted to with.
    """

    def __init__(
        self,
        engine: Engine,
        applications: Applications,
        opened: Callable[[SocialAccountRow], AccountSecret],
    ) -> None:
        self._channels = engine.channels
        self._rows = engine.catalog.social_accounts
        self._applications = applications
        self._opened = opened

    def revoke(self, row: SocialAccountRow, secret: AccountSecret | None) -> str:
        """End it at the platform; what a person still has to do there, in words.

        Args:
            row: of which account; it may have no secret any more.
            secret: what it was given last; None: it cannot be read.
        """
        title = title_of(row.platform)
        by_hand = f"{title} could not be told: remove vidpipe in its settings, too."
        shares = self._shares(row, secret)
        if shares is not None:
            return f"What was allowed at {title} stays: {shares} uses it, too."
        if secret is None:
            return by_hand
        try:
            platform, client = self._applications.known(row)
        except Misconfigured:
            return by_hand
        if secret.expires_at is None:
            return ""
        call = revoke(platform, client, secret.grant)
        if call is None:
            return by_hand
        reply = asked(call, secret.access, private=secret.dry)
        # What it does not know any more is ended, too.
        ended = reply.arrival is Arrival.ANSWERED and reply.status < 500 and reply.status != 429
        return "" if ended else by_hand

    def _shares(self, row: SocialAccountRow, secret: AccountSecret | None) -> str | None:
        """Another account that what was allowed is of, too, as people know it."""
        for other in self._rows.list():
            if other.account_id == row.account_id or other.secret is None:
                continue
            if other.platform not in OAUTH or not self._applications.same_client(
                *(row.platform, row.application, other.platform, other.application)
            ):
                continue
            ours = self._organisation(row) == self._organisation(other)
            same = other.platform == row.platform and other.remote_id == row.remote_id
            if same or self._same_login(row.platform, secret, other, ours=ours):
                return f"the account {other.name} of {other.channel}" if ours else "another account"
        return None

    def _same_login(
        self, platform: str, secret: AccountSecret | None, other: SocialAccountRow, *, ours: bool
    ) -> bool:
        """Whether the login of one account is the other's, too."""
        if secret is None:
            return False
        try:
            logins = [secret.login, self._opened(other).login]
        except (Misconfigured, AccountBroken):
            return False
        if logins[0] == logins[1]:
            return True
        # Meta ends everything that a person allowed an application, at once; where it is not
        # known whose logins they are, those of one organisation are taken for one person's.
        meta = OAUTH[platform].renews == "fb_exchange_token"
        return meta and ours and not all(login.startswith(USER) for login in logins)

    def _organisation(self, row: SocialAccountRow) -> str | None:
        channel = self._channels.get(row.channel)
        return channel.organisation if channel is not None else None

"""Accounts at platforms that channels post to: connected, looked at, disconnected."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence

from pydantic import SecretStr

from vidpipe.accounts.audit import Actor
from vidpipe.catalog.publishing_tables import SocialAccountRow
from vidpipe.catalog.social_accounts import AccountState, Busy
from vidpipe.encryption import Vault
from vidpipe.errors import Misconfigured, Unavailable
from vidpipe.library.errors import AccountBroken, UnknownSocialAccount
from vidpipe.library.publishing.account_secrets import asked
from vidpipe.library.publishing.account_views import (
    ConnectionBegun,
    SocialAccountView,
    SocialPlatformView,
    account_view,
    posting_account,
)
from vidpipe.library.publishing.account_words import TITLES
from vidpipe.library.publishing.applications import Applications
from vidpipe.library.publishing.connecting import Connecting, at_base, return_address
from vidpipe.library.publishing.tokens import AccountTokens
from vidpipe.pipeline.engine import Engine
from vidpipe.publishing.calls import AnswerUnusable, Arrival
from vidpipe.publishing.folder import PostFolder
from vidpipe.publishing.machine import Machine
from vidpipe.publishing.model import PostingAccount
from vidpipe.publishing.oauth_platforms import OAUTH
from vidpipe.publishing.platforms import PLATFORMS
from vidpipe.publishing.webhook import PostingWebhook

#: Accounts of one login whose limits are read at once; of the others when they are renewed.
_MOST_READ = 10


class SocialAccounts:
    """Accounts at platforms, as programs and people see them.

    Args:
        engine: settings, channels, catalog.
        vault: gives what encrypts secrets.
    """

    def __init__(self, engine: Engine, vault: Callable[[], Vault]) -> None:
        self.engine = engine
        self._rows = engine.catalog.social_accounts
        self.applications = Applications(engine)
        self.tokens = AccountTokens(engine, vault, self.applications)
        self._connecting = Connecting(engine, vault, self.applications, self.tokens)

    # For whoever posts

    def token(
        self, account_id: str, *, fresh: bool = False, refused: SecretStr | None = None
    ) -> SecretStr:
        """What requests for an account are made with; see `AccountTokens.token`."""
        return self.tokens.token(account_id, fresh=fresh, refused=refused)

    def posting_account(self, account_id: str) -> PostingAccount:
        """Whom a post goes to, with what was last read of what they may do.

        Raises:
            UnknownSocialAccount: there is none of this id.
        """
        return posting_account(self._row(account_id))

    def bases(self, platform: str) -> str:
        """Where a platform's fake is; empty: the platform itself is asked.

        Raises:
            Misconfigured: posts go to fakes, and this platform has none.
        """
        return self.applications.base(platform)

    def may_reach_private(self, platform: str) -> bool:
        """Whether requests to it may go to this machine and its network."""
        if platform == "webhook" and self.engine.settings.webhooks.allow_private:
            return True
        return self.applications.dry

    def machine(self, account_id: str) -> Machine:
        """What speaks an account's platform, at the address that it is at.

        Raises:
            UnknownSocialAccount: there is none of this id.
            AccountBroken: it is disconnected, or posts go elsewhere than it was connected at.
            Misconfigured: posts go to fakes, and this platform has none.
        """
        row = self._row(account_id)
        base = self.bases(row.platform)
        if row.platform in PLATFORMS:
            kind = PLATFORMS[row.platform]
            return kind(base) if base else kind()
        if row.platform == "folder":
            return PostFolder(self._connecting.folder / row.remote_id)
        address = self.tokens.opened(row).address
        return PostingWebhook(at_base(address, base) if base else address)

    def limits_read(self, account_id: str, account: PostingAccount) -> None:
        """Keep what was read of what an account may do."""
        said = account.model_dump(mode="json", exclude={"remote_id", "name"}, exclude_none=True)
        self._rows.limits_read(account_id, account.name, said)

    def elsewhere(self, account_id: str) -> str:
        """Why a post is none of this process: its account is of fakes and posts go to platforms,
        or the other way round; empty: it is."""
        row = self._rows.get(account_id)
        if row is None or row.secret is None:
            return ""
        try:
            self.tokens.opened(row)
        except AccountBroken as broken:
            return broken.words
        except Misconfigured:
            # Whoever needs what is sealed says so.
            pass
        return ""

    def broke(self, account_id: str, words: str, code: str = "refused") -> None:
        """An account cannot be posted to until somebody connects it again: people are told.

        Its posts wait, and go on when it is connected again. Nothing is said of an account that
        is none of this process.

        Args:
            account_id: which.
            words: why, and what to do; nothing secret.
            code: short and stable.
        """
        if self.elsewhere(account_id):
            return
        self._rows.broke(account_id, words, re.sub(r"[^A-Za-z0-9_.:-]", "_", code)[:60])

    # Looking

    def list(self, channels: Collection[str]) -> tuple[SocialAccountView, ...]:
        """Every account of these channels; by channel, platform and name."""
        rows = self._rows.list(channels)
        waiting = self._rows.posts_waiting([row.account_id for row in rows])
        return tuple(account_view(row, waiting.get(row.account_id, 0)) for row in rows)

    def get(self, account_id: str) -> SocialAccountView:
        """One account.

        Raises:
            UnknownSocialAccount: there is none of this id.
        """
        row = self._row(account_id)
        return account_view(row, self._rows.posts_waiting([account_id]).get(account_id, 0))

    def platforms(
        self, organisations: Sequence[str] | None = None, *, public_url: str = ""
    ) -> tuple[SocialPlatformView, ...]:
        """Every platform, and whether accounts can be connected.

        Args:
            organisations: applications that channels of these may use; None: all.
            public_url: where browsers reach the service.
        """
        found = []
        for platform, title in TITLES.items():
            names = self.applications.names(platform, organisations)
            why = self.applications.why_not(platform)
            if not why and platform in OAUTH and not names:
                why = "its applications are of other organisations"
            found.append(
                SocialPlatformView(
                    platform=platform,
                    title=title,
                    connectable=not why,
                    why_not=why,
                    applications=names,
                    return_address=return_address(public_url, platform)
                    if platform in OAUTH and public_url
                    else "",
                )
            )
        return tuple(found)

    # Connecting

    def begin(
        self,
        channel: str,
        platform: str,
        *,
        application: str | None = None,
        by: str,
        redirect_uri: str,
    ) -> ConnectionBegun:
        """Send somebody to a platform to allow posting; see `Connecting.begin`."""
        return self._connecting.begin(
            channel, platform, application=application, by=by, redirect_uri=redirect_uri
        )

    def finish(
        self,
        platform: str,
        *,
        state: str,
        code: str = "",
        error: str = "",
        by: str,
        may: Callable[[str], bool] = lambda _: True,
        audit: Actor | None = None,
    ) -> tuple[SocialAccountView, ...]:
        """Take what a platform sent somebody back with; see `Connecting.finish`."""
        ids = self._connecting.finish(
            platform, state=state, code=code, error=error, by=by, may=may, audit=audit
        )
        for account_id in ids[:_MOST_READ]:
            self._read_limits(account_id)
        return tuple(self.get(account_id) for account_id in ids)

    def add(self, channel: str, platform: str, address: str, *, by: str) -> ConnectionBegun:
        """Have posts put into a folder, or told to a webhook; see `Connecting.add`."""
        account_id, secret = self._connecting.add(channel, platform, address, by=by)
        return ConnectionBegun(
            authorize_url=None, expires_at=None, account=self.get(account_id), secret=secret
        )

    # After

    def refresh(self, account_id: str) -> SocialAccountView:
        """Renew an account's token now, and read what it may do.

        An account that is broken is tried, too: it is connected again if its platform lets it.

        Raises:
            UnknownSocialAccount: there is none of this id.
            AccountBroken: a person has to connect it again.
            Unavailable: the platform gives no token for the moment.
        """
        row = self._row(account_id)
        secret = self.tokens.opened(row)
        if secret.expires_at is not None and row.secret is not None:
            claimed = self._rows.claim(account_id, row.secret)
            if isinstance(claimed, SocialAccountRow):
                problem = self.tokens.renew(claimed)
                if problem is not None:
                    raise problem
            elif claimed is Busy.HELD:
                raise Unavailable("the token is being renewed already", retry_after_s=5.0)
        self._read_limits(account_id)
        return self.get(account_id)

    def _read_limits(self, account_id: str) -> None:
        """Read what an account may do, where its platform says; else it stays as it was."""
        row = self._row(account_id)
        if row.platform not in PLATFORMS or row.state != AccountState.CONNECTED:
            return
        try:
            machine, secret = self.machine(account_id), self.tokens.opened(row)
        except (AccountBroken, Misconfigured):
            return
        account = posting_account(row)
        call = machine.account(account)
        if call is None:
            return
        reply = asked(call, secret.posting, private=secret.dry)
        if reply.arrival is not Arrival.ANSWERED or machine.refused(reply, call):
            return
        try:
            self.limits_read(account_id, machine.account_read(account, reply))
        except AnswerUnusable:
            return

    def renew_due(self) -> bool:
        """Renew one token that is due, and read what its account may do; whether there may be
        more."""
        found = self.tokens.renew_due()
        for account_id in found:
            self._read_limits(account_id)
        return bool(found)

    def tidy(self) -> None:
        """Encrypt with the newest key, and forget who did not come back."""
        self._rows.forget_expected()
        self.tokens.reseal()

    def disconnect(self, account_id: str) -> SocialAccountView:
        """End what an account allowed, at its platform, too, and forget its tokens.

        Where the platform cannot be told, `problem` says so.

        Raises:
            UnknownSocialAccount: there is none of this id.
        """
        row = self._row(account_id)
        if row.state == AccountState.DISCONNECTED:
            return self.get(account_id)
        words = "The account is disconnected."
        said = self._revoked(row)
        self._rows.disconnect(account_id, f"{words} {said}".strip())
        return self.get(account_id)

    def _revoked(self, row: SocialAccountRow) -> str:
        """End it at the platform; what a person still has to do there, in words."""
        if row.platform not in OAUTH or row.secret is None:
            return ""
        claimed = self._rows.claim(row.account_id, row.secret)
        if claimed is Busy.CHANGED:
            return self._revoked(self._row(row.account_id))
        # Whoever renews its token ends the fresh one: it finds that the account is disconnected.
        return self.tokens.revoke(claimed if isinstance(claimed, SocialAccountRow) else row)

    def _row(self, account_id: str) -> SocialAccountRow:
        row = self._rows.get(account_id)
        if row is None:
            raise UnknownSocialAccount(account_id)
        return row

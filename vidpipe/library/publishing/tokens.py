"""Tokens of accounts at platforms: renewed before they end, by one process at a time.

Some platforms give a refresh token that is good once: the next one comes with the answer, and if
that is lost the account has to be connected again. So a token is renewed under a lease, what came
is on this machine's disk before anything else is done, it is kept whatever became of the lease
meanwhile, and writing it down is tried again.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from pydantic import SecretStr

from vidpipe.catalog.publishing_tables import SocialAccountRow
from vidpipe.catalog.social_accounts import AccountState, Busy
from vidpipe.catalog.tables import now
from vidpipe.encryption import Vault
from vidpipe.errors import Misconfigured, Unavailable
from vidpipe.library.errors import AccountBroken, UnknownSocialAccount
from vidpipe.library.publishing.account_secrets import AccountSecret, asked, asked_all, secret_of
from vidpipe.library.publishing.account_words import (
    ended_words,
    ends_words,
    gone_words,
    left_out,
    lost_words,
)
from vidpipe.library.publishing.applications import Applications
from vidpipe.library.publishing.revocation import Revocation
from vidpipe.library.publishing.token_spool import SpooledToken, TokenSpool, digest_of
from vidpipe.observability import events
from vidpipe.pipeline.engine import Engine
from vidpipe.publishing.calls import AnswerUnusable
from vidpipe.publishing.connected import connected, connected_calls
from vidpipe.publishing.model import Remedy
from vidpipe.publishing.oauth import (
    EARLY,
    GrantRefused,
    OAuthPlatform,
    granted,
    renew,
)
from vidpipe.publishing.oauth_platforms import OAUTH

#: How often it is looked for what an older key encrypted, once a newer one has been at it.
RESEAL = timedelta(days=7)
#: How long before a permission ends that cannot be renewed people are told.
_TOLD_BEFORE = timedelta(days=7)
#: A token that ends sooner is of no use to a request.
_LEFT = timedelta(seconds=30)
#: Seconds for which a process waits for another one that renews the same token.
_PATIENCE_S, _LOOK_S = 60.0, 0.2
#: Renewals in a row that a token is asked for with.
_MOST_TRIES = 4
#: Seconds between two tries where the application itself is refused, and where nothing is said.
_APPLICATION_S, _AGAIN_S = 3600.0, 60.0
_OF_A_FAKE = (
    "It is an account of a fake, and posts go to platforms here: set VIDPIPE_PUBLISHING__DRY "
    "again, or connect an account of the platform."
)
_OF_THE_PLATFORM = (
    "It is an account of the platform itself, and posts go to fakes here: take "
    "VIDPIPE_PUBLISHING__DRY away, or connect an account of the fake."
)
#: Pauses between tries to write a new token down: nobody else has it.
_WRITE_AGAIN_S = (0.2, 1.0, 3.0, 8.0, 20.0)


class AccountTokens:
    """Opens, gives and renews tokens.

    Args:
        engine: settings and catalog.
        vault: gives what opens secrets.
        applications: how platforms know vidpipe.
    """

    def __init__(
        self, engine: Engine, vault: Callable[[], Vault], applications: Applications
    ) -> None:
        self.engine = engine
        self._vault = vault
        self._applications = applications
        self._rows = engine.catalog.social_accounts
        self._spool = TokenSpool(engine.settings.home / "tokens")
        self._revocation = Revocation(engine, applications, self.opened)

    def seal(self, secret: AccountSecret) -> str:
        """As the catalog keeps it."""
        return self._vault().seal(secret.dumped())

    def opened(self, row: SocialAccountRow) -> AccountSecret:
        """What an account is posted to with.

        Raises:
            AccountBroken: it is disconnected, or of fakes where posts go to platforms; or not.
            Misconfigured: none of the keys is the one that it was encrypted with.
        """
        if row.secret is None:
            raise AccountBroken(row.account_id, row.problem or "The account is disconnected.")
        return self._opened(row, row.secret)

    def _opened(self, row: SocialAccountRow, sealed: str) -> AccountSecret:
        """What is sealed for an account, in its row or on this machine's disk."""
        secret = secret_of(self._vault().open(sealed))
        if secret.dry is not self._applications.dry and row.platform != "folder":
            raise AccountBroken(row.account_id, _OF_A_FAKE if secret.dry else _OF_THE_PLATFORM)
        return secret

    def token(
        self, account_id: str, *, fresh: bool = False, refused: SecretStr | None = None
    ) -> SecretStr:
        """What requests for an account are made with; renewed where it ends within 10 minutes.

        Args:
            account_id: of which.
            fresh: renew it in any case: the platform does not take it any more.
            refused: with `fresh`: the one that was not taken; another one is given without
                renewing it, as somebody else did.

        Raises:
            UnknownSocialAccount: there is none of this id.
            AccountBroken: a person has to do something first.
            Unavailable: the platform gives none for the moment.
            Misconfigured: none of the keys is the one that it was encrypted with.
        """
        until = time.monotonic() + _PATIENCE_S
        enough = EARLY
        for _ in range(_MOST_TRIES):
            row, secret = self._usable(account_id)
            if secret.expires_at is None:
                return secret.posting
            left = secret.expires_at - now()
            known = secret.posting.get_secret_value()
            stale = fresh and (refused is None or refused.get_secret_value() == known)
            if not stale and left > enough:
                return secret.posting
            problem = self._renew_once(row, until)
            if problem is not None:
                if not stale and left > _LEFT:
                    return secret.posting
                raise problem
            # Whoever renewed it did what was asked for; a token may last that short.
            fresh, enough = False, _LEFT
        raise Unavailable("the platform gives tokens that end at once", retry_after_s=_AGAIN_S)

    def _usable(self, account_id: str) -> tuple[SocialAccountRow, AccountSecret]:
        row = self._rows.get(account_id)
        if row is None:
            raise UnknownSocialAccount(account_id)
        if row.state != AccountState.CONNECTED:
            raise AccountBroken(account_id, row.problem)
        return row, self.opened(row)

    def _renew_once(
        self, row: SocialAccountRow, until: float
    ) -> AccountBroken | Unavailable | None:
        """Renew a token, or wait until whoever is at it has: why it was not, or nothing."""
        assert row.secret is not None
        while True:
            claimed = self._rows.claim(row.account_id, row.secret)
            if isinstance(claimed, SocialAccountRow):
                return self.renew(claimed)
            if claimed is Busy.CHANGED:
                return None
            if time.monotonic() > until:
                return Unavailable("the token is being renewed elsewhere", retry_after_s=5.0)
            time.sleep(_LOOK_S)

    def renew_due(self) -> list[str]:
        """Renew a token that is due, or say that it cannot be; of which account."""
        for spooled in self._spool.all():
            # One that cannot be kept for the moment keeps no other from being renewed.
            with contextlib.suppress(AccountBroken, Misconfigured, Unavailable):
                self._adopt(spooled)
        claimed = self._rows.due.claim(1)
        for row in claimed:
            self.renew(row)
        return [row.account_id for row in claimed]

    def renew(self, row: SocialAccountRow) -> AccountBroken | Unavailable | None:
        """Renew the token of an account that was claimed; why that did not work, written down."""
        try:
            secret = self.opened(row)
        except AccountBroken as error:
            # Of a fake, or of the platform while fakes are asked: nobody is to be asked now.
            self._rows.put_off(row, now() + timedelta(seconds=_APPLICATION_S), None)
            return error
        if secret.expires_at is None:
            self._rows.put_off(row, None, None)
            return None
        try:
            platform, client = self._applications.known(row)
        except Misconfigured as error:
            self._broke(row, str(error), "no_application", _APPLICATION_S)
            return AccountBroken(row.account_id, str(error))
        # Whoever had it before may have been answered, and be gone.
        spooled = self._spool.find(row.account_id, secret.refresh)
        if spooled is not None:
            return self._found(row, spooled, platform)
        call = renew(platform, client, secret.grant)
        if call is None:
            return self._not_renewable(row, secret.expires_at)
        try:
            grant = granted(platform, asked(call, None, private=secret.dry), now())
        except GrantRefused as refused:
            return self._refused(row, refused)
        fresh = secret.having(grant)
        if platform.rotates and secret.refresh is not None:
            spooled = self._spool.keep(row.account_id, secret.refresh, self.seal(fresh))
        try:
            fresh = self._with_own(row, fresh)
        except AccountBroken as error:
            self._keep(row, fresh, platform, grant.scopes, spooled)
            self._rows.broke(row.account_id, error.words, "account_gone")
            return error
        self._keep(row, fresh, platform, grant.scopes, spooled)
        return None

    def _adopt(self, spooled: SpooledToken) -> None:
        """Have the catalog have what came to a process that is gone, or drop what nobody wants.

        Raises:
            AccountBroken, Misconfigured: it is for another process: for one that posts elsewhere,
                has another key or another application.
            Unavailable: the catalog is away.
        """
        row = self._rows.get(spooled.account_id)
        if row is not None and row.secret is None:
            self._unwanted(row.account_id, self._opened(row, spooled.sealed))
            self._spool.drop(spooled)
            return
        if row is None or row.secret is None or not _is_of(spooled, self.opened(row)):
            # It was connected again since, or the catalog has it already.
            self._spool.drop(spooled)
            return
        self._opened(row, spooled.sealed)
        self._applications.known(row)
        # Under a lease, as every token is that is written down.
        claimed = self._rows.claim(row.account_id, row.secret)
        if isinstance(claimed, SocialAccountRow):
            self.renew(claimed)

    def _found(
        self, row: SocialAccountRow, spooled: SpooledToken, platform: OAuthPlatform
    ) -> Unavailable | None:
        """Have the catalog have what is on the disk of an account that was claimed."""
        try:
            fresh = self._opened(row, spooled.sealed)
        except Misconfigured as error:
            # The platform takes the one before no more, and whoever has the key has the next.
            self._rows.put_off(row, now() + timedelta(seconds=_AGAIN_S), str(error))
            return Unavailable(str(error), retry_after_s=_AGAIN_S)
        self._write(row, fresh, platform, (), spooled)
        events.warning("account_token_found", account_id=row.account_id)
        return None

    def _with_own(self, row: SocialAccountRow, secret: AccountSecret) -> AccountSecret:
        """With the token of the account's own, where it has one; as it was if that is not told.

        Raises:
            AccountBroken: whoever connected it cannot post for it any more.
        """
        if secret.own is None:
            return secret
        calls = connected_calls(row.platform, self._applications.base(row.platform))
        replies = asked_all(calls, secret.access, private=secret.dry)
        if not all(reply.ok for reply in replies):
            return secret
        try:
            found = {one.remote_id: one for one in connected(row.platform, replies)}
        except AnswerUnusable:
            found = {}
        if row.remote_id not in found:
            raise AccountBroken(row.account_id, gone_words(row.platform))
        return replace(secret, own=found[row.remote_id].token)

    def _keep(
        self,
        row: SocialAccountRow,
        secret: AccountSecret,
        platform: OAuthPlatform,
        granted_scopes: Sequence[str],
        spooled: SpooledToken | None,
    ) -> None:
        """Write a fresh token down; again where the catalog is away."""
        for wait_s in (*_WRITE_AGAIN_S, None):
            try:
                return self._write(row, secret, platform, granted_scopes, spooled)
            except Unavailable:
                if wait_s is None:
                    events.error("account_token_lost", account_id=row.account_id)
                    raise
                time.sleep(wait_s)

    def _write(
        self,
        row: SocialAccountRow,
        secret: AccountSecret,
        platform: OAuthPlatform,
        granted_scopes: Sequence[str],
        spooled: SpooledToken | None,
    ) -> None:
        assert secret.expires_at is not None
        ends = secret.refresh_expires_at
        soon = ends is not None and ends - now() < _TOLD_BEFORE
        scopes = granted_scopes or row.scopes
        wanted = self._applications.scopes(row.platform, row.application)
        problem = left_out(row.platform, wanted, scopes)
        if ends is not None and soon:
            problem = ends_words(row.platform, ends)
        kept = self._rows.renewed(
            row,
            self.seal(secret),
            expires_at=secret.expires_at,
            due_at=due_of(platform, secret.expires_at),
            scopes=scopes,
            problem=problem,
        )
        if not kept:
            self._unwanted(row.account_id, secret)
        if spooled is not None:
            self._spool.drop(spooled)

    def _unwanted(self, account_id: str, secret: AccountSecret) -> None:
        """End at its platform what came for an account that was disconnected meanwhile."""
        row = self._rows.get(account_id)
        # What was connected again may be the same permission.
        if row is None or row.secret is not None:
            return
        left = self._revocation.revoke(row, secret)
        say = events.warning if left else events.info
        say("account_token_unrevoked" if left else "account_token_revoked", account_id=account_id)

    def revoke(self, row: SocialAccountRow) -> str:
        """End at its platform what an account was given last; what a person still has to do
        there, in words."""
        spooled = secret = None
        try:
            held = self.opened(row)
            # The platform knows the one in the catalog no more where a fresh one is on the disk.
            spooled = self._spool.find(row.account_id, held.refresh)
            secret = self._opened(row, spooled.sealed) if spooled is not None else held
        except (AccountBroken, Misconfigured):
            # It is left to whoever can read it.
            spooled = None
        said = self._revocation.revoke(row, secret)
        if spooled is not None:
            self._spool.drop(spooled)
        return said

    def _not_renewable(self, row: SocialAccountRow, ends: datetime) -> AccountBroken | None:
        left = ends - now()
        if left <= _LEFT:
            words = ended_words(row.platform)
            self._broke(row, words, "expired", None)
            return AccountBroken(row.account_id, words)
        if left <= _TOLD_BEFORE and not row.problem:
            self._rows.ending(row, ends, ends_words(row.platform, ends))
        else:
            self._rows.put_off(
                row, max(ends - _TOLD_BEFORE, now()) if not row.problem else ends, None
            )
        return None

    def _refused(self, row: SocialAccountRow, refused: GrantRefused) -> AccountBroken | Unavailable:
        words = str(refused)
        if refused.remedy is Remedy.WAIT:
            wait_s = refused.retry_after_s or _AGAIN_S
            self._rows.put_off(row, now() + timedelta(seconds=wait_s), words)
            return Unavailable(words, retry_after_s=wait_s)
        again = _APPLICATION_S if refused.remedy is Remedy.GIVE_UP else None
        reason = refused.reason
        if refused.remedy is Remedy.RECONNECT and row.claims > 1 and OAUTH[row.platform].rotates:
            reason, words = "token_lost", lost_words(row.platform)
        self._broke(row, words, reason, again)
        events.warning("account_token_refused", account_id=row.account_id, reason=reason)
        return AccountBroken(row.account_id, words)

    def _broke(self, row: SocialAccountRow, words: str, code: str, again_s: float | None) -> None:
        due_at = now() + timedelta(seconds=again_s) if again_s is not None else None
        self._rows.broke(row.account_id, words, code, due_at=due_at, seen=row.secret)

    def reseal(self) -> int:
        """Encrypt with the newest key what was encrypted with another one; how many."""
        vault, turns = self._vault(), self.engine.catalog.turns
        turn = turns.take(f"accounts under key {vault.key_id}")
        if turn is None:
            return 0
        count, left = self._rows.reseal(vault.renewed)
        # Those whose token is being renewed are looked at again soon.
        turns.done(turn, "", timedelta(0) if left else RESEAL)
        return count


def due_of(platform: OAuthPlatform, expires_at: datetime) -> datetime:
    """When a token is to be renewed that was got now: before it ends, not at once."""
    at = now()
    return max(expires_at - platform.early, at + (expires_at - at) / 2)


def _is_of(spooled: SpooledToken, secret: AccountSecret) -> bool:
    """Whether it was got with this secret's refresh token."""
    return secret.refresh is not None and digest_of(secret.refresh) == spooled.of

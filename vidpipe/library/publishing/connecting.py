"""Connecting accounts at platforms: sending somebody there, and taking what they come back with.

Whoever begins it finishes it, once, within ten minutes: the `state` that comes back is known by
its SHA-256 and by who began, so that nobody can be made to connect somebody else's account.
"""

from __future__ import annotations

import hashlib
import re
import uuid
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from pydantic import SecretStr
from sqlalchemy.orm import Session

from vidpipe.accounts.audit import Actor, record
from vidpipe.catalog.publishing_tables import ConnectingRow, SocialAccountRow
from vidpipe.catalog.social_accounts import FoundAccount
from vidpipe.catalog.tables import now
from vidpipe.channels.model import channel_named
from vidpipe.encryption import Vault
from vidpipe.errors import Unavailable
from vidpipe.library.errors import NotConnected, Refused, TooBusy
from vidpipe.library.publishing.account_secrets import USER, AccountSecret, asked, asked_all
from vidpipe.library.publishing.account_views import ConnectionBegun
from vidpipe.library.publishing.account_words import (
    TITLES,
    lacks,
    left_out,
    returned_words,
    title_of,
)
from vidpipe.library.publishing.applications import RETURN_PATH, Applications
from vidpipe.library.publishing.tokens import AccountTokens, due_of
from vidpipe.observability import events
from vidpipe.outbound import AddressGuard, AddressRefused
from vidpipe.pipeline.engine import Engine
from vidpipe.publishing.calls import AnswerUnusable, Arrival, Reply, text_at
from vidpipe.publishing.connected import (
    ConnectedAccount,
    connected,
    connected_calls,
    login_call,
)
from vidpipe.publishing.model import Remedy
from vidpipe.publishing.oauth import (
    GrantRefused,
    OAuthClient,
    OAuthPlatform,
    TokenGrant,
    authorise,
    exchange,
    granted,
    prolong,
)
from vidpipe.publishing.oauth_platforms import OAUTH
from vidpipe.webhooks.signing import new_secret

#: How long somebody has to come back.
CONNECTING = timedelta(minutes=10)
#: Connections that one person may have begun at once.
_MOST_BEGUN = 50
_FOLDER = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*(/[A-Za-z0-9][A-Za-z0-9._-]*){0,7}")
#: As the catalog keeps it.
_LONGEST_FOLDER = 200
_STATE = re.compile(r"[A-Za-z0-9_-]{20,200}")


class Connecting:
    """Connects accounts.

    Args:
        engine: settings, channels, catalog.
        vault: gives what encrypts secrets.
        applications: how platforms know vidpipe.
        tokens: seals what came.
    """

    def __init__(
        self,
        engine: Engine,
        vault: Callable[[], Vault],
        applications: Applications,
        tokens: AccountTokens,
    ) -> None:
        self.engine = engine
        self._vault = vault
        self.applications = applications
        self.tokens = tokens
        self._rows = engine.catalog.social_accounts

    def begin(
        self,
        channel: str,
        platform: str,
        *,
        application: str | None = None,
        by: str,
        redirect_uri: str,
    ) -> ConnectionBegun:
        """Send somebody to a platform to allow posting.

        Args:
            channel: of channels.yaml, which is to post.
            platform: which.
            application: of the settings; None: the first that the channel may use.
            by: the id of whoever asks: nobody else can finish it.
            redirect_uri: where the platform sends them back to.

        Raises:
            Misconfigured: there is no such channel, or no key to encrypt with.
            Refused: there is no such platform or application.
            TooBusy: they have begun too many.
        """
        organisation = channel_named(self.engine.channels, channel).organisation
        if platform not in OAUTH:
            if platform in TITLES:
                raise Refused(f"{platform!r} has no login: give its address (--address)")
            raise Refused(f"there is no platform {platform!r}; there are: {', '.join(TITLES)}")
        why = self.applications.why_not(platform)
        if why:
            raise Refused(why)
        name = self.applications.chosen(platform, organisation, application)
        known_as, client = self.applications.oauth(platform, name, redirect_uri)
        begun = authorise(known_as, client, self.applications.scopes(platform, name))
        row = ConnectingRow(
            state_sha256=_digest(begun.state),
            channel=channel,
            platform=platform,
            application=name,
            verifier=self._vault().seal(begun.verifier.get_secret_value()),
            redirect_uri=redirect_uri,
            by=by,
            expires_at=now() + CONNECTING,
        )
        if not self._rows.begin(row, _MOST_BEGUN):
            raise TooBusy(f"you have begun {_MOST_BEGUN} connections: finish them first")
        return ConnectionBegun(
            authorize_url=begun.url, expires_at=row.expires_at, account=None, secret=None
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
    ) -> list[str]:
        """Take what a platform sent somebody back with; ids of what they connected.

        Args:
            platform: that they come from.
            state: as they were sent with it; good once.
            code: good once, changed for tokens.
            error: in place of a code.
            by: the id of whoever came back.
            may: whether they may connect accounts of a channel, now that they are back.
            audit: as whom the audit log has them; None: nothing is written there.

        Raises:
            NotConnected: why it did not work, and what to do.
            Misconfigured: no key is the one that this was begun with.
        """
        expected = None
        if _STATE.fullmatch(state):
            expected = self._rows.came_back(_digest(state), platform, by)
        if expected is None:
            raise NotConnected(
                "This return is not expected: it was used already, 10 minutes have passed, or "
                "somebody else began it. Begin again."
            )
        if not may(expected.channel):
            raise NotConnected(f"You may not connect accounts of {expected.channel} any more.")
        if error or not code:
            raise NotConnected(returned_words(platform, error))
        verifier = SecretStr(self._vault().open(expected.verifier))
        known_as, client = self.applications.oauth(
            platform, expected.application, expected.redirect_uri
        )
        grant = self._granted(known_as, client, SecretStr(code), verifier)
        wanted = self.applications.scopes(platform, expected.application)
        # An answer that names none means: what was asked for (RFC 6749, 5.1).
        scopes = grant.scopes or wanted
        if lacks(platform, scopes):
            raise NotConnected(
                f"{title_of(platform)} was not connected: posting was not allowed. Begin again, "
                "and leave every permission ticked."
            )
        accounts = self._accounts_of(platform, grant)
        login = self._login(platform, grant)
        problem = left_out(platform, wanted, scopes) if grant.scopes else ""
        found = [
            FoundAccount(
                remote_id=account.remote_id[:200],
                name=account.name,
                secret=self.tokens.seal(
                    AccountSecret(
                        access=grant.access,
                        expires_at=grant.expires_at,
                        refresh=grant.refresh,
                        refresh_expires_at=grant.refresh_expires_at,
                        own=account.token,
                        login=login,
                        dry=self.applications.dry,
                    )
                ),
                scopes=tuple(scopes),
                expires_at=grant.expires_at,
                due_at=due_of(known_as, grant.expires_at),
                problem=problem,
            )
            for account in {one.remote_id: one for one in accounts}.values()
        ]
        return self._written(found, expected, by, audit)

    def _granted(
        self, platform: OAuthPlatform, client: OAuthClient, code: SecretStr, verifier: SecretStr
    ) -> TokenGrant:
        """The tokens for a code; those that live long, where there are two kinds.

        Raises:
            NotConnected: there are none.
        """
        private = self.applications.dry
        try:
            reply = asked(exchange(platform, client, code, verifier), None, private=private)
            grant = granted(platform, reply, now())
            longer = prolong(platform, client, grant)
            if longer is not None:
                reply = asked(longer, None, private=private)
                lasting = granted(platform, reply, now())
                grant = replace(lasting, scopes=lasting.scopes or grant.scopes)
        except GrantRefused as refused:
            events.warning("account_not_connected", platform=platform.name, reason=refused.reason)
            why = str(refused)
            if refused.remedy is not Remedy.GIVE_UP:
                why = "the platform gave no token for this login"
            raise NotConnected(
                f"{title_of(platform.name)} was not connected: {why.rstrip('.')}. Begin again."
            ) from None
        return grant

    def _accounts_of(self, platform: str, grant: TokenGrant) -> tuple[ConnectedAccount, ...]:
        """The accounts that a login stands for.

        Raises:
            NotConnected: none, or the platform does not say.
        """
        calls = connected_calls(platform, self.applications.base(platform))
        private = self.applications.dry
        replies = asked_all(calls, grant.access, private=private)
        if any(_failed(reply) for reply in replies):
            replies = asked_all(calls, grant.access, private=private)
        try:
            return connected(platform, replies)
        except AnswerUnusable:
            title = title_of(platform)
            if any(_failed(reply) for reply in replies):
                why = "it does not say which accounts there are for the moment"
            else:
                why = "this login has no account there that can be posted to, or did not allow it"
            raise NotConnected(f"{title} was not connected: {why}. Begin again.") from None

    def _login(self, platform: str, grant: TokenGrant) -> str:
        """Whose login it is, where the platform says; else a name of its own."""
        call = login_call(platform, self.applications.base(platform))
        if call is not None:
            reply = asked(call, grant.access, private=self.applications.dry)
            user = text_at(reply.json(), "id") if reply.ok else ""
            if user:
                return f"{USER}{user}"
        return uuid.uuid4().hex

    def _written(
        self,
        found: Sequence[FoundAccount],
        expected: ConnectingRow,
        by: str,
        audit: Actor | None,
    ) -> list[str]:
        organisation = channel_named(self.engine.channels, expected.channel).organisation

        def beside(session: Session, row: SocialAccountRow) -> None:
            if audit is not None:
                after = {
                    "platform": row.platform,
                    "remote_id": row.remote_id,
                    "channel": row.channel,
                }
                what = f"social-accounts/{row.account_id}"
                fields: dict[str, Any] = {"organisation": organisation, "after": after}
                record(session, audit, "social_account.connect", what, **fields)

        return self._rows.connect(
            found,
            channel=expected.channel,
            platform=expected.platform,
            application=expected.application,
            by=by,
            beside=beside,
        )

    def add(self, channel: str, platform: str, address: str, *, by: str) -> tuple[str, str | None]:
        """Have posts of a channel put into a folder, or told to a webhook: its id, and a secret.

        Args:
            channel: of channels.yaml.
            platform: `folder` or `webhook`.
            address: a folder within the one that is set for this; or a URL.
            by: the id of whoever asks.

        Raises:
            Misconfigured: there is no such channel, or no key to encrypt with.
            Refused: an address that cannot be.
        """
        channel_named(self.engine.channels, channel)
        secret: str | None = None
        if platform == "folder":
            remote_id = name = self._checked_folder(address, channel)
            kept = AccountSecret(SecretStr(""))
        elif platform == "webhook":
            if self.applications.why_not(platform):
                raise Refused(self.applications.why_not(platform))
            self._check_url(address)
            address = one_way_to_say(address)
            secret = new_secret()
            remote_id = hashlib.sha256(address.encode()).hexdigest()[:32]
            # Many a receiver has its secret in the path.
            parts = urlsplit(address)
            name = f"{parts.scheme}://{parts.netloc} ({remote_id[:6]})"
            kept = AccountSecret(SecretStr(secret), address=address, dry=self.applications.dry)
        else:
            if platform not in TITLES:
                raise Refused(f"there is no platform {platform!r}; there are: {', '.join(TITLES)}")
            raise Refused(f"{platform!r} has no address: it is connected with its login")
        account = FoundAccount(remote_id, name, self.tokens.seal(kept), (), None, None)
        (account_id,) = self._rows.connect(
            [account], channel=channel, platform=platform, application="", by=by
        )
        return account_id, secret

    @property
    def folder(self) -> Path:
        """The folder that those of accounts lie in."""
        settings = self.engine.settings
        return (settings.publishing.folder or settings.home / "posts").expanduser().resolve()

    def _checked_folder(self, address: str, channel: str) -> str:
        """A folder within the one of posts, as it is named there; made where it is not there."""
        root = self.folder
        given = Path(address)
        if given.is_absolute() and given.is_relative_to(root):
            address = given.relative_to(root).as_posix()
        path = root / address
        inside = path.resolve().is_relative_to(root) and path.resolve() != root
        if not _FOLDER.fullmatch(address) or ".." in address.split("/") or not inside:
            raise Refused(
                "address: a name such as `archive/news`; the folder lies in the one that "
                "VIDPIPE_PUBLISHING__FOLDER sets"
            )
        if len(address) > _LONGEST_FOLDER:
            raise Refused(f"address: it has more than {_LONGEST_FOLDER} characters")
        if self._of_others(address, channel):
            raise Refused("address: this folder is not free: choose another name")
        try:
            path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise Refused(f"address: this folder cannot be made: {error.strerror}") from error
        return address

    def _of_others(self, address: str, channel: str) -> bool:
        """Whether it is, is in or holds a folder of another organisation."""
        channels, mine = self.engine.channels, _within(address)
        for row in self._rows.list(platform="folder"):
            if row.channel == channel:
                continue
            known = channels.get(row.channel)
            theirs = _within(row.remote_id)
            if known is not None and known.organisation == channels[channel].organisation:
                continue
            if mine.startswith(theirs) or theirs.startswith(mine):
                return True
        return False

    def _check_url(self, url: str) -> None:
        options = self.engine.settings.webhooks
        # Where posts go to fakes its host is the fake's, whatever is said here.
        http = options.allow_http or self.applications.dry
        if not http and not url.lower().startswith("https://"):
            raise Refused(
                "address: https:// only; VIDPIPE_WEBHOOKS__ALLOW_HTTP=true allows http://"
            )
        try:
            AddressGuard(options.allow_private or self.applications.dry).check(url)
        except AddressRefused as refused:
            raise Refused(f"address: {refused.message}") from refused
        except Unavailable:
            return


def return_address(public_url: str, platform: str) -> str:
    """Where a platform sends people back to."""
    return f"{public_url.rstrip('/')}{RETURN_PATH}/{platform}"


def one_way_to_say(address: str) -> str:
    """A URL whose scheme and host are in lower case, without what a receiver is not sent.

    Raises:
        Refused: it is none.
    """
    try:
        parts = urlsplit(address)
    except ValueError as error:
        raise Refused(f"address: this is no URL: {error}") from error
    return urlunsplit(parts._replace(netloc=parts.netloc.lower(), fragment=""))


def at_base(address: str, base: str) -> str:
    """A URL at another place: whatever it is, it leads to nobody but `base`."""
    parts = urlsplit(address)
    query = f"?{parts.query}" if parts.query else ""
    return f"{base}/{parts.path.removeprefix('/')}{query}"


def _digest(state: str) -> str:
    return hashlib.sha256(state.encode()).hexdigest()


def _within(folder: str) -> str:
    """With what all that lies in it begins; disks there are that know no capitals."""
    return f"{folder.casefold()}/"


def _failed(reply: Reply) -> bool:
    return reply.arrival is not Arrival.ANSWERED or reply.status >= 500 or reply.status == 429

"""How accounts at platforms are shown: never with their tokens."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import Field

from vidpipe.catalog.publishing_tables import SocialAccountRow
from vidpipe.catalog.social_accounts import AccountState
from vidpipe.library.views import LibraryView
from vidpipe.publishing.model import PostingAccount


class SocialAccountView(LibraryView):
    """An account at a platform, without its tokens."""

    account_id: str
    channel: str
    platform: str
    remote_id: str = Field(description="channel, user, page or organisation at the platform")
    name: str
    state: Literal["connected", "broken", "disconnected"]
    problem: str = Field(description="what a person has to do, in a sentence; else empty")
    scopes: tuple[str, ...] = Field(description="what was allowed, as the platform names it")
    expires_at: datetime | None = Field(
        description="of the token; it is renewed before. None: it has no end"
    )
    application: str = Field(description="of the settings; quotas are counted for each")
    connected_by: str
    created_at: datetime
    updated_at: datetime
    limits: dict[str, Any] = Field(
        description="what was last read of what it may do: privacy_options, max_duration_s, "
        "posts_left"
    )
    limits_at: datetime | None
    posts_waiting: int


class SocialPlatformView(LibraryView):
    """A platform, and whether accounts of it can be connected here."""

    platform: str
    title: str
    connectable: bool
    why_not: str = Field(description="what is to be set first; else empty")
    applications: tuple[str, ...] = Field(description="that you may connect accounts with")
    return_address: str = Field(
        description="to be entered on the platform's page for developers; empty: not needed"
    )


class ConnectionBegun(LibraryView):
    """Where somebody is sent to connect an account; or the account, where there is no login."""

    authorize_url: str | None = Field(
        description="open it in the browser of who began this; none: there is nothing to allow. "
        "It is in the first answer alone"
    )
    expires_at: datetime | None = Field(description="until when they have to come back")
    account: SocialAccountView | None = Field(description="a folder or a webhook, at once")
    secret: str | None = Field(
        description="`whsec_…`, which verifies what a webhook is sent: in the first answer alone"
    )


def account_view(row: SocialAccountRow, waiting: int) -> SocialAccountView:
    """An account, and how many posts wait of it."""
    return SocialAccountView(
        account_id=row.account_id,
        channel=row.channel,
        platform=row.platform,
        remote_id=row.remote_id,
        name=row.name,
        state=AccountState(row.state).value,
        problem=row.problem,
        scopes=tuple(row.scopes),
        expires_at=row.expires_at,
        application=row.application,
        connected_by=row.connected_by,
        created_at=row.created_at,
        updated_at=row.updated_at,
        limits=row.limits or {},
        limits_at=row.limits_at,
        posts_waiting=waiting,
    )


def posting_account(row: SocialAccountRow) -> PostingAccount:
    """Whom a post goes to, with what was last read of what they may do."""
    known = set(PostingAccount.model_fields) - {"remote_id", "name"}
    limits = {name: value for name, value in (row.limits or {}).items() if name in known}
    return PostingAccount(remote_id=row.remote_id, name=row.name, **limits)

"""Accounts at platforms that channels post to: connected, renewed, disconnected."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from vidpipe.api.asked import Configures, Reads
from vidpipe.api.audited import AuditedRoute, announce
from vidpipe.api.described import errors
from vidpipe.api.models import ChannelQuery, PlaceName
from vidpipe.api.repeated import Created, Key, once
from vidpipe.api.security.dependencies import gate_of
from vidpipe.library import ConnectionBegun, Refused, SocialAccountView, SocialPlatformView
from vidpipe.library.publishing.connecting import return_address

router = APIRouter(tags=["publishing"], route_class=AuditedRoute)
AccountId = Annotated[
    str, Path(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$", description="id of an account")
]


class SocialAccountCreate(BaseModel):
    """What is to be connected to a channel."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    channel: PlaceName
    platform: Annotated[str, Field(pattern=r"^[a-z0-9_]{1,32}$", examples=["youtube"])]
    application: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,63}$")] | None = Field(
        default=None, description="of the settings; none: the first that the channel may use"
    )
    address: Annotated[str, Field(min_length=1, max_length=2000, pattern=r"^[!-~]+$")] | None = (
        Field(default=None, description="of a folder or a webhook, which have no login")
    )


class SocialAccountList(BaseModel):
    """Accounts of channels that you may see."""

    accounts: tuple[SocialAccountView, ...]


class SocialPlatformList(BaseModel):
    """Platforms, and whether accounts of them can be connected."""

    platforms: tuple[SocialPlatformView, ...]
    dry: bool = Field(description="posts go to fakes on this machine: nothing is published")


@router.get("/social-accounts", summary="List accounts at platforms", responses=errors())
def list_social_accounts(asked: Reads, channel: ChannelQuery = None) -> SocialAccountList:
    """Those of the channels that you may see, by channel, platform and name."""
    found = asked.library.social_accounts.list(asked.among(channel))
    return SocialAccountList(accounts=found)


@router.get("/social-platforms", summary="List platforms to connect", responses=errors())
def list_social_platforms(asked: Reads, request: Request) -> SocialPlatformList:
    """Whether accounts can be connected, with which applications, and what is to be set first."""
    channels = asked.library.engine.channels
    organisations = sorted({channels[name].organisation for name in asked.channels()})
    found = asked.library.social_accounts.platforms(organisations, public_url=_url(request))
    dry = asked.library.engine.settings.publishing.bases is not None
    return SocialPlatformList(platforms=found, dry=dry)


@router.post(
    "/social-accounts",
    summary="Connect an account at a platform",
    status_code=201,
    response_model=ConnectionBegun,
    responses=errors(404),
)
def connect_social_account(
    asked: Configures, request: Request, body: SocialAccountCreate, key: Key = None
) -> Response:
    """Begin to connect an account: open `authorize_url` in your browser within ten minutes.

    The platform sends you back to a page that says whether it worked; only whoever began it can
    finish it. A folder or a webhook has an `address` in place of a login, and is there at once.
    An account that is connected already is renewed.
    """
    asked.channel(body.channel)
    accounts, by = asked.library.social_accounts, asked.principal.id

    def work() -> Created:
        if body.address is not None:
            if body.application is not None:
                raise Refused("application: what has an address has none")
            made = accounts.add(body.channel, body.platform, body.address, by=by)
            assert made.account is not None
            where = f"/api/v1/social-accounts/{made.account.account_id}"
            return Created(where, made, once={"secret"})
        if by.startswith("key:"):
            raise Refused("a key has no browser to come back with: log in, or `vidpipe accounts`")
        made = accounts.begin(
            body.channel,
            body.platform,
            application=body.application,
            by=by,
            redirect_uri=return_address(_url(request), body.platform),
        )
        where = f"/api/v1/social-accounts?channel={body.channel}"
        return Created(where, made, once={"authorize_url"})

    return once(asked, key, "POST /social-accounts", body, work)


@router.get(
    "/social-accounts/{account_id}", summary="Get an account at a platform", responses=errors(404)
)
def get_social_account(asked: Reads, account_id: AccountId) -> SocialAccountView:
    """One account, without its tokens."""
    return asked.social_account(account_id)


@router.post(
    "/social-accounts/{account_id}/refresh",
    summary="Renew an account's token",
    responses=errors(404, 409, 503),
)
def refresh_social_account(asked: Configures, account_id: AccountId) -> SocialAccountView:
    """Renew the token now, and read again what the account may do; both happen by themselves."""
    found = asked.social_account(account_id)
    # A token that the platform gave in place of another one cannot be given back.
    announce(asked)
    return asked.library.social_accounts.refresh(found.account_id)


@router.delete(
    "/social-accounts/{account_id}",
    summary="Disconnect an account at a platform",
    responses=errors(404),
)
def disconnect_social_account(asked: Configures, account_id: AccountId) -> SocialAccountView:
    """End what the account allowed, at the platform, too. Its posts wait until it is connected
    again; where the platform could not be told, `problem` says so."""
    found = asked.social_account(account_id)
    announce(asked)
    return asked.library.social_accounts.disconnect(found.account_id)


def _url(request: Request) -> str:
    """Where browsers reach the service."""
    known = gate_of(request).settings.public_url
    return known or f"{request.url.scheme}://{request.url.netloc}"

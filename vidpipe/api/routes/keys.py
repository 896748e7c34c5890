"""API keys of the organisations that one manages."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, Literal

from fastapi import APIRouter, Path
from pydantic import BaseModel, ConfigDict, Field

from vidpipe.accounts.keys import ApiKey
from vidpipe.accounts.model import Role, Scope
from vidpipe.api.described import errors
from vidpipe.api.problems import Forbidden
from vidpipe.api.routes.users import Name
from vidpipe.api.security.managing import Manages

router = APIRouter(prefix="/keys", tags=["accounts"])
KeyId = Annotated[str, Path(pattern=r"^[0-9a-f]{32}$", description="id of a key")]


class KeyView(BaseModel):
    """A key, without what it is."""

    id: str
    prefix: str = Field(description="how it begins")
    name: str
    organisation: str
    channels: tuple[str, ...] | None = Field(description="the only ones; none: all of them")
    role: Literal["viewer", "editor", "admin"]
    scopes: tuple[Scope, ...]
    owner: str | None = Field(description="user whose rights bound it")
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None
    revoked: bool


class KeyCreate(BaseModel):
    """A key that is to be."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(min_length=1, max_length=100)
    organisation: Name = "default"
    channels: Annotated[tuple[Name, ...], Field(min_length=1, max_length=100)] | None = None
    role: Literal["viewer", "editor", "admin"] = "editor"
    scopes: Annotated[tuple[Scope, ...], Field(min_length=1)] = (Scope.READ, Scope.WRITE)
    days: int | None = Field(default=90, ge=1, le=3650, description="it is good for; none: ever")


class KeyCreated(BaseModel):
    """A new key, and the only time that it is shown."""

    key: KeyView
    secret: str


@router.get("", summary="List API keys", responses=errors())
async def list_keys(asked: Manages) -> list[KeyView]:
    """Keys of the organisations that you manage, the newest first."""
    return [_view(key) for key in await asked.accounts.keys.list(asked.organisations())]


@router.post("", summary="Create an API key", status_code=201, responses=errors(404))
async def create_key(asked: Manages, body: KeyCreate) -> KeyCreated:
    """Create a key. What it can do ends where your own rights end, now and later."""
    organisation = asked.organisation(body.organisation)
    channels = None
    if body.channels is not None:
        channels = [asked.channel(organisation, name) for name in body.channels]
    missing = set(body.scopes) - asked.principal.scopes
    if missing:
        raise Forbidden(f"you have not these scopes yourself: {', '.join(sorted(missing))}")
    kind, _, who = asked.principal.id.partition(":")
    owner = who if kind == "user" else None
    if kind == "key":
        raise Forbidden("a key makes no keys: log in, or use `vidpipe keys create`")
    key, secret = await asked.accounts.keys.create(
        body.name,
        asked.actor,
        organisation=organisation,
        role=Role[body.role.upper()],
        scopes=body.scopes,
        channels=channels,
        owner=owner,
        lifetime=timedelta(days=body.days) if body.days is not None else None,
    )
    return KeyCreated(key=_view(key), secret=secret)


@router.delete("/{key_id}", summary="Revoke an API key", responses=errors(404))
async def revoke_key(asked: Manages, key_id: KeyId) -> KeyView:
    """Revoke a key: it is refused from the next request on."""
    key = await asked.key(key_id)
    return _view(await asked.accounts.keys.revoke(key.id, asked.actor))


def _view(key: ApiKey) -> KeyView:
    return KeyView(
        id=key.id,
        prefix=key.prefix,
        name=key.name,
        organisation=key.organisation,
        channels=key.channels,
        role=key.role.name.lower(),  # type: ignore[arg-type]
        scopes=tuple(sorted(key.scopes)),
        owner=key.owner,
        created_at=key.created_at,
        expires_at=key.expires_at,
        last_used_at=key.last_used_at,
        revoked=key.revoked,
    )

"""Users of the organisations that one manages."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, BackgroundTasks, Path, Query
from pydantic import BaseModel, ConfigDict, Field

from vidpipe.accounts.invitations import Invitation
from vidpipe.accounts.mail import link_mail, offer_mail
from vidpipe.accounts.model import Grant, Role
from vidpipe.accounts.users import Purpose, UnknownAccount, User, email_address
from vidpipe.api.described import errors
from vidpipe.api.problems import ApiError, Forbidden
from vidpipe.api.routes.auth import GrantView
from vidpipe.api.security.entering import send
from vidpipe.api.security.gate import Gate
from vidpipe.api.security.managing import Manages

router = APIRouter(prefix="/users", tags=["accounts"])
InvitationId = Annotated[str, Path(pattern=r"^[0-9a-f]{32}$", description="id of an invitation")]
UserId = Annotated[str, Path(pattern=r"^[0-9a-f]{32}$", description="id of a user")]
Name = Annotated[str, Field(pattern=r"^[a-z0-9_]+(?:-[a-z0-9_]+)*$", max_length=24)]


class UserView(BaseModel):
    """Someone who may log in."""

    id: str
    email: str
    verified: bool
    disabled: bool
    created_at: datetime
    last_login_at: datetime | None
    grants: tuple[GrantView, ...] = Field(description="in organisations that you manage")


class UsersPage(BaseModel):
    """Users by e-mail address."""

    items: tuple[UserView, ...]
    next_after: str | None = Field(description="give it back as `after`; none at the end")


class RoleBody(BaseModel):
    """A role in an organisation, or in one channel of it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    organisation: Name
    channel: Name | None = None
    role: Literal["viewer", "editor", "admin"]


class InviteBody(RoleBody):
    """Who is invited, and as what."""

    email: str = Field(max_length=254)


class InvitationView(BaseModel):
    """A role that someone who has an account is offered, until they accept it."""

    invitation_id: str
    email: str
    offered: GrantView
    invited_by: str = Field(description="who offered it, as the audit log names them")
    created_at: datetime
    expires_at: datetime


class Invited(BaseModel):
    """What became of an invitation: a user, or an offer to one of another organisation."""

    user: UserView | None = Field(
        description="who has the role now; none: they have an account, and have to accept it"
    )
    invitation: InvitationView | None = Field(description="what they have to accept")


class DisableBody(BaseModel):
    """Whether someone may log in."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    disabled: bool


@router.get("", summary="List users", responses=errors())
async def list_users(
    asked: Manages,
    after: Annotated[
        str,
        Query(
            max_length=254,
            pattern=r"^[^\x00-\x1f\x7f]*$",
            description="`next_after` of the page before",
        ),
    ] = "",
    limit: Annotated[int, Query(ge=1, le=500, description="items on the page")] = 100,
) -> UsersPage:
    """Users who have a role in an organisation that you manage."""
    found = await asked.accounts.users.list(asked.organisations(), after=after, limit=limit)
    full = len(found) == limit
    return UsersPage(
        items=tuple(_view(asked, user) for user in found),
        next_after=found[-1].email if found and full else None,
    )


@router.get("/invitations", summary="List invitations", responses=errors())
async def list_invitations(asked: Manages) -> tuple[InvitationView, ...]:
    """Roles that were offered and not accepted yet, in organisations that you manage; the newest
    500."""
    found = await asked.accounts.invitations.pending(asked.organisations())
    return tuple(_offer(item) for item in found)


@router.delete(
    "/invitations/{invitation_id}",
    summary="Withdraw an invitation",
    status_code=204,
    responses=errors(404),
)
async def withdraw_invitation(asked: Manages, invitation_id: InvitationId) -> None:
    """Take an offer back: its code is good for nothing any more."""
    mine = asked.organisations()
    await asked.accounts.invitations.withdraw(invitation_id, mine, asked.actor)


@router.get("/{user_id}", summary="Get a user", responses=errors(404))
async def get_user(asked: Manages, user_id: UserId) -> UserView:
    """One user."""
    return _view(asked, await asked.user(user_id))


@router.post("", summary="Invite someone", status_code=201, responses=errors(404))
async def invite(asked: Manages, tasks: BackgroundTasks, body: InviteBody) -> Invited:
    """Give someone a role. Who has no account yet gets a message with a code to make one; who has
    one in other organisations alone gets a message, and the role once they accept it. With a
    login only: a key would make itself a user who can do more than it."""
    if asked.principal.id.startswith("key:"):
        raise Forbidden("a key invites nobody: log in, or use `vidpipe users add`")
    grant = _grant(asked, body)
    users, email = asked.accounts.users, email_address(body.email)
    try:
        user = await users.get(email)
    except UnknownAccount:
        user = await users.add(email, asked.actor, grants=[grant])
    else:
        belongs = any(have.organisation == grant.organisation for have in user.grants)
        if user.verified and not belongs:
            offers = asked.accounts.invitations
            code, made = await offers.offer(user.id, grant, asked.actor)
            public_url = asked.gate.settings.public_url
            tasks.add_task(send, asked.gate, offer_mail(user.email, grant, code, public_url))
            return Invited(user=None, invitation=_offer(made))
        user = await users.give_role(user.id, grant, asked.actor)
    if not user.verified and not user.disabled:
        tasks.add_task(_send, asked.gate, user)
    return Invited(user=_view(asked, user), invitation=None)


@router.put("/{user_id}/role", summary="Give a role", responses=errors(404, 409))
async def give_role(asked: Manages, user_id: UserId, body: RoleBody) -> UserView:
    """Give a user another role in an organisation that they belong to. Whoever has no role there
    is invited, and accepts it."""
    grant = _grant(asked, body)
    user = await asked.user(user_id)
    if not any(have.organisation == grant.organisation for have in user.grants):
        # Who manages two organisations moves nobody into the other one.
        raise ApiError(
            409, "no_member", f"they have no role in {grant.organisation} yet: invite them"
        )
    return _view(asked, await asked.accounts.users.give_role(user.id, grant, asked.actor))


@router.delete(
    "/{user_id}/role", summary="Take a role away", status_code=204, responses=errors(404, 409)
)
async def take_role(
    asked: Manages,
    user_id: UserId,
    organisation: Annotated[
        str, Query(pattern=r"^[a-z0-9_-]{1,24}$", description="where they have the role")
    ],
    channel: Annotated[
        str | None,
        Query(pattern=r"^[a-z0-9_-]{1,24}$", description="none: in the organisation as a whole"),
    ] = None,
) -> None:
    """Take a role away: it counts for the user's next request, and for those of their keys."""
    name = asked.organisation(organisation)
    user = await asked.user(user_id)
    await asked.accounts.users.take_role(user.id, name, channel, asked.actor)


@router.put("/{user_id}/disabled", summary="Disable a user", responses=errors(404, 409))
async def set_disabled(asked: Manages, user_id: UserId, body: DisableBody) -> UserView:
    """Disable a user, or enable them again. Their logins end, and their keys stop, at once."""
    user = await asked.user(user_id)
    if not asked.is_theirs_alone(user):
        raise ApiError(
            409, "belongs_elsewhere", "they have a role elsewhere, too: take theirs here away"
        )
    done = await asked.accounts.users.set_disabled(user.id, body.disabled, asked.actor)
    return _view(asked, done)


def _grant(asked: Manages, body: RoleBody) -> Grant:
    name = asked.organisation(body.organisation)
    channel = asked.channel(name, body.channel) if body.channel is not None else None
    return Grant(name, Role[body.role.upper()], channel)


def _view(asked: Manages, user: User) -> UserView:
    return UserView(
        id=user.id,
        email=user.email,
        verified=user.verified,
        disabled=user.disabled,
        created_at=user.created_at,
        # Of someone who has a role elsewhere, too, this is not only ours to see.
        last_login_at=user.last_login_at if asked.is_theirs_alone(user) else None,
        grants=tuple(_grant_view(g) for g in user.grants if asked.manages(g.organisation)),
    )


def _offer(item: Invitation) -> InvitationView:
    return InvitationView(
        invitation_id=item.id,
        email=item.email,
        offered=_grant_view(item.grant),
        invited_by=item.invited_by,
        created_at=item.created_at,
        expires_at=item.expires_at,
    )


def _grant_view(grant: Grant) -> GrantView:
    return GrantView(
        organisation=grant.organisation,
        channel=grant.channel,
        role=grant.role.name.lower(),  # type: ignore[arg-type]
    )


async def _send(gate: Gate, user: User) -> None:
    token = await gate.accounts.users.new_link(user.id, Purpose.INVITE)
    await send(gate, link_mail(user.email, Purpose.INVITE, token, gate.settings.public_url))

"""Invitations of people who have an account: nobody gets a role that they did not accept."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, select

from vidpipe.accounts.audit import Actor, record
from vidpipe.accounts.memberships import give, organisation_name
from vidpipe.accounts.model import Action, Grant, Role
from vidpipe.accounts.standing import standing
from vidpipe.accounts.tokens import new_id, new_token, sha256
from vidpipe.accounts.users import UnknownAccount
from vidpipe.catalog.account_tables import InvitationRow, UserRow
from vidpipe.catalog.sessions import Sessions
from vidpipe.catalog.tables import now

#: Offers of one list at most.
_MOST = 500
#: As long as the invitation of someone who has no account yet.
LIFETIME = timedelta(days=7)


@dataclass(frozen=True)
class Invitation:
    """A role that someone is offered.

    Attributes:
        id: 32 hexadecimal digits.
        email: who is offered it.
        grant: the role, and where.
        invited_by: by whom, as the audit log names them.
        created_at: when, in UTC.
        expires_at: until when it can be accepted, in UTC.
    """

    id: str
    email: str
    grant: Grant
    invited_by: str
    created_at: datetime
    expires_at: datetime


class Invitations:
    """Offers roles, and takes the answers.

    Args:
        sessions: of the database.
    """

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    async def offer(self, user_id: str, grant: Grant, by: Actor) -> tuple[str, Invitation]:
        """Offer someone a role, in place of what they were offered there before.

        Returns:
            The code that accepts it, which is kept nowhere, and the offer.
        """
        code, moment = new_token(), now()
        organisation = organisation_name(grant.organisation)
        channel = organisation_name(grant.channel) if grant.channel else ""
        role = grant.role.name.lower()
        async with self._sessions.writing() as session:
            # Two at once: the lock of the user puts them in an order.
            user = await session.get_one(UserRow, user_id, with_for_update=True)
            await session.execute(
                delete(InvitationRow).where(
                    InvitationRow.user_id == user_id,
                    InvitationRow.organisation == organisation,
                    InvitationRow.channel == channel,
                )
            )
            row = InvitationRow(
                invitation_id=new_id(),
                user_id=user_id,
                organisation=organisation,
                channel=channel,
                role=role,
                sha256=sha256(code),
                invited_by=by.id,
                created_at=moment,
                expires_at=moment + LIFETIME,
            )
            session.add(row)
            record(
                session,
                by,
                "role.offer",
                f"user:{user_id}",
                organisation=organisation,
                details={"role": role, "channel": channel},
            )
            return code, _view(row, user.email)

    async def accept(self, code: str, by: Actor) -> Grant | None:
        """Take the role that was offered.

        None: the code is none of ours, was used or expired, or whoever made the offer may not
        make it any more.
        """
        async with self._sessions.writing() as session:
            # One statement decides who was first.
            taken = await session.execute(
                delete(InvitationRow)
                .where(InvitationRow.sha256 == sha256(code), InvitationRow.expires_at > now())
                .returning(
                    InvitationRow.user_id,
                    InvitationRow.organisation,
                    InvitationRow.channel,
                    InvitationRow.role,
                    InvitationRow.invited_by,
                )
            )
            found = taken.one_or_none()
            if found is None:
                return None
            user = await session.get(UserRow, found.user_id)
            if user is None or user.disabled_at is not None:
                return None
            grant = Grant(found.organisation, Role[found.role.upper()], found.channel or None)
            # Whoever has the code has the mail: it is them, whichever session they use.
            accepted = Actor(f"user:{user.user_id}", by.request_id, by.address)
            maker = await session.run_sync(standing, found.invited_by)
            if maker is None or not maker.may(Action.MANAGE, found.organisation):
                record(
                    session,
                    accepted,
                    "role.lapse",
                    f"user:{user.user_id}",
                    organisation=found.organisation,
                    succeeded=False,
                    details={"role": found.role, "channel": found.channel},
                )
                return None
            await give(session, user.user_id, grant, accepted)
            return grant

    async def pending(self, organisations: Collection[str] | None) -> list[Invitation]:
        """What was offered and not accepted yet, the newest 500 first.

        Args:
            organisations: in these; None: in any.
        """
        query = (
            select(InvitationRow, UserRow.email)
            .join(UserRow, UserRow.user_id == InvitationRow.user_id)
            .where(InvitationRow.expires_at > now())
            .order_by(InvitationRow.created_at.desc(), InvitationRow.invitation_id)
            .limit(_MOST)
        )
        if organisations is not None:
            query = query.where(InvitationRow.organisation.in_(organisations))
        async with self._sessions.reading() as session:
            return [_view(row, email) for row, email in (await session.execute(query)).tuples()]

    async def withdraw(
        self, invitation_id: str, organisations: Collection[str] | None, by: Actor
    ) -> None:
        """Take an offer back.

        Args:
            invitation_id: which.
            organisations: of one of these; None: of any.
            by: who does.

        Raises:
            UnknownAccount: there is none of this id there.
        """
        async with self._sessions.writing() as session:
            row = await session.get(InvitationRow, invitation_id)
            if row is None or not (organisations is None or row.organisation in organisations):
                raise UnknownAccount(f"there is no invitation {invitation_id}")
            await session.delete(row)
            record(
                session,
                by,
                "role.withdraw",
                f"user:{row.user_id}",
                organisation=row.organisation,
                before={"role": row.role, "channel": row.channel},
            )


def _view(row: InvitationRow, email: str) -> Invitation:
    return Invitation(
        id=row.invitation_id,
        email=email,
        grant=Grant(row.organisation, Role[row.role.upper()], row.channel or None),
        invited_by=row.invited_by,
        created_at=row.created_at,
        expires_at=row.expires_at,
    )

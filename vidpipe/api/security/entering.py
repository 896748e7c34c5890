"""What the API's logins and the pages for a browser share: limits, links in e-mails, refusals."""

from __future__ import annotations

from urllib.parse import urlencode

from fastapi import Request

from vidpipe.accounts.audit import Actor
from vidpipe.accounts.logins import LoginRefused
from vidpipe.accounts.mail import Mail, known_mail, link_mail
from vidpipe.accounts.model import Grant
from vidpipe.accounts.users import Purpose, UnknownAccount, is_email
from vidpipe.api.problems import ApiError, Forbidden
from vidpipe.api.security.client import is_foreign
from vidpipe.api.security.cookies import csrf_holds, refresh_cookie
from vidpipe.api.security.dependencies import (
    Unauthenticated,
    actor_of,
    gate_of,
    limit,
    too_many,
)
from vidpipe.api.security.gate import Gate
from vidpipe.errors import Unavailable
from vidpipe.observability import events

#: What whoever asks for a message is told, whether there is such an account or not.
SENT = "if there is such an account, a message is on its way"
#: Seconds in which a browser's tabs may all ask for the renewal that only one of them gets.
GRACE_S = 10.0
NO_LOGIN = "nobody can log in here: VIDPIPE_ACCOUNTS__SECRETS is not set"


async def limit_login(request: Request) -> None:
    """Logins are limited for an address: strictly, before anything is looked at.

    Raises:
        ApiError: 403, a page of another origin asks; 503, nobody can log in here; 429.
    """
    gate = gate_of(request)
    if is_foreign(request, gate.settings.service.cors_origins):
        raise ApiError(403, "foreign_origin", "pages of other origins may not log anybody in")
    if not gate.accounts.can_log_in:
        raise ApiError(503, "no_login", NO_LOGIN)
    address = actor_of(request).address
    await limit(request, f"login:{address}", gate.settings.accounts.rates.login)


async def limit_refresh(request: Request) -> None:
    """Continuing a login has a limit of its own: people behind one address do not end theirs.

    Raises:
        ApiError: 429.
    """
    address = actor_of(request).address
    await limit(request, f"refresh:{address}", gate_of(request).settings.accounts.rates.per_address)


async def end_old(request: Request) -> None:
    """Whoever logs in again leaves their old login behind."""
    gate = gate_of(request)
    old = refresh_cookie(request, gate)
    session_id = await gate.accounts.logins.session_of(old) if old else None
    if session_id is not None and csrf_holds(request, gate, session_id):
        await gate.accounts.logins.end(session_id, actor_of(request))


def refusal(refused: LoginRefused) -> ApiError:
    """What whoever was not let in is told."""
    if refused.reason == "locked":
        return too_many(refused.retry_after_s or 1.0)
    if refused.reason == "unverified":
        return ApiError(403, "unverified", "confirm your address first: a message has the code")
    if refused.reason in ("token", "just_used"):
        return Unauthenticated("log in again")
    # A disabled account is none, for whoever knows its password too.
    return Unauthenticated("the address or the password is wrong")


async def use_code(request: Request, token: str, purpose: Purpose, password: str) -> None:
    """Take the code of a message, and the password that is chosen with it.

    Raises:
        ApiError: 400, the code is not known, was used or is too old.
        InputRejected: the password is refused; the code is still good.
    """
    users = gate_of(request).accounts.users
    if await users.use_link(token, purpose, actor_of(request), password=password) is None:
        raise ApiError(400, "bad_token", "the code is not known, was used or is too old")


async def take_offer(request: Request, code: str) -> Grant:
    """Take the code of a message that offers a role.

    Raises:
        ApiError: 400, the code is not known, was used or is too old.
    """
    offers = gate_of(request).accounts.invitations
    grant = await offers.accept(code, actor_of(request))
    if grant is None:
        raise ApiError(400, "bad_token", "the code is not known, was used or is too old")
    return grant


def joined(grant: Grant) -> str:
    """What someone is told who accepted a role."""
    place = grant.organisation if grant.channel is None else f"the channel {grant.channel}"
    return f"you are {grant.role.name.lower()} of {place} now"


def own_page(address: str) -> str:
    """A page of this service, of an address that somebody may have made up: else the first one."""
    plain = address.isascii() and address.isprintable() and "\\" not in address
    return address if plain and address.startswith("/") and address[1:2] != "/" else "/"


def login_page(to: str = "/") -> str:
    """Where a browser logs in before it goes on to a page of ours."""
    return "/login" if to == "/" else f"/login?{urlencode({'next': to})}"


def check_open(gate: Gate) -> None:
    """Whether anybody may ask for an account.

    Raises:
        Forbidden: nobody may.
    """
    if gate.settings.accounts.registration != "open":
        raise Forbidden("nobody may register here; ask an administrator for an invitation")


async def send_registration(gate: Gate, by: Actor, email: str) -> None:
    """Add somebody who registered, and send them a code; after the answer, whose time would tell
    whether there is such an account."""
    email = email.strip().lower()
    if not is_email(email):
        return
    users = gate.accounts.users
    try:
        user = await users.get(email)
    except UnknownAccount:
        user = await users.add(email, by)
    if user.verified or user.disabled:
        await send(gate, known_mail(email))
        return
    token = await users.new_link(user.id, Purpose.VERIFY)
    await send(gate, link_mail(email, Purpose.VERIFY, token, gate.settings.public_url))


async def send_reset(gate: Gate, email: str) -> None:
    """Send whoever has an account a code for a new password; after the answer, as above."""
    users = gate.accounts.users
    try:
        user = await users.get(email.strip().lower() if "@" in email else "")
    except UnknownAccount:
        return
    if user.disabled:
        return
    token = await users.new_link(user.id, Purpose.RESET)
    await send(gate, link_mail(user.email, Purpose.RESET, token, gate.settings.public_url))


async def send(gate: Gate, mail: Mail) -> None:
    """Send a message; that it could not be sent stands in the log."""
    try:
        await gate.mailer.send(mail)
    except Unavailable as error:
        events.error("mail_send_failed", message=str(error))

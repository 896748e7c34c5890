"""What a Slack app sends when somebody clicks: verified, then obeyed as its user."""

from __future__ import annotations

import hashlib

from fastapi import APIRouter, BackgroundTasks, Request
from fastapi.responses import Response
from starlette.concurrency import run_in_threadpool

from vidpipe.accounts.audit import Actor
from vidpipe.accounts.model import Action, Principal, Scope
from vidpipe.accounts.users import UnknownAccount
from vidpipe.api.audited import AuditedRoute, writes_down
from vidpipe.api.described import errors
from vidpipe.api.problems import ApiError
from vidpipe.api.security.dependencies import actor_of, gate_of, limit_address
from vidpipe.catalog.reviews import Decider
from vidpipe.channels.reviews import GatesUnreadable
from vidpipe.errors import Unavailable
from vidpipe.library import Library
from vidpipe.library.slack_reviews import send
from vidpipe.observability import events
from vidpipe.webhooks.slack import Click, clicks_of, is_signed, may_answer, reply

router = APIRouter(tags=["reviews"], route_class=AuditedRoute)


@router.post(
    "/slack/interactions",
    summary="Take a click in Slack",
    status_code=200,
    response_class=Response,
    responses={200: {"description": "taken"}, **errors(401, 404)},
)
@writes_down
async def obey_slack(request: Request, later: BackgroundTasks) -> Response:
    """What a Slack app is given as its Request URL for interactivity.

    Requests are signed by Slack (`X-Slack-Signature`), five minutes old at most, and obeyed once.
    Whoever clicked decides as the user that `VIDPIPE_SLACK__USERS` names for them; what came of
    it is answered in Slack.
    """
    library: Library = request.app.state.library
    options = library.engine.settings.slack
    if not options.verifies:
        await limit_address(request)
        raise ApiError(404, "not_found", "no Slack app is configured here")
    body = await request.body()
    given = request.headers.get("x-slack-signature", "")
    stamp = request.headers.get("x-slack-request-timestamp", "")
    secret = options.signing_secret.get_secret_value()
    if not is_signed(secret, stamp, given, body):
        await limit_address(request)
        raise ApiError(401, "bad_signature", "this is not signed by the Slack app, or too old")
    clicks = clicks_of(body)
    digest = hashlib.sha256(given.encode()).hexdigest()
    if await run_in_threadpool(library.slack.is_repeated, digest):
        return Response(status_code=200)
    for click in clicks:
        words, counts = await _obeyed(request, library, click)
        if may_answer(click.response_url, options.api_url):
            later.add_task(_answer, click.response_url, words, to_all=counts)
    return Response(status_code=200)


async def _obeyed(request: Request, library: Library, click: Click) -> tuple[str, bool]:
    channel = await run_in_threadpool(library.slack.channel_of, click)
    who = await _principal(request, library, click.user)
    found = library.engine.channels.get(channel) if channel is not None else None
    if who is None:
        return "Nobody here is known to decide as you: ask who runs vidpipe", False
    if found is None or not who.may(Action.READ, found.organisation, found.name):
        return "There is nothing to decide on here any more", False
    try:
        may = await run_in_threadpool(library.gate_settings.may_decide, who, found.name)
    except GatesUnreadable as error:
        return str(error), False
    if not may:
        return f"You may not decide in the channel {found.name}", False
    by = actor_of(request, who.id)
    decider = Decider(who.id, f"{who.name} (in Slack)")
    return await run_in_threadpool(library.slack.obey, click, decider, Actor(by.id, by.request_id))


async def _principal(request: Request, library: Library, slack_user: str) -> Principal | None:
    """The user that somebody in Slack is; None where they are nobody, or may not log in."""
    email = library.engine.settings.slack.users.get(slack_user)
    if email is None:
        return None
    try:
        user = await gate_of(request).accounts.users.get(email)
    except UnknownAccount:
        return None
    if user.disabled:
        return None
    scopes = frozenset({Scope.READ, Scope.REVIEW})
    return Principal(user.principal_id, user.email, user.grants, scopes)


def _answer(url: str, words: str, *, to_all: bool) -> None:
    try:
        send(url, reply(words, to_all=to_all), {})
    except Unavailable as error:
        events.warning("slack_answer_failed", message=str(error))

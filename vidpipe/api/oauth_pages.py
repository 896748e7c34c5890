"""The page that platforms send people back to who allowed an account to be posted to.

What it does is bound to whoever began it: a link that somebody else made leads nowhere, so that
nobody's channel can be made to post to a stranger's account.
"""

from __future__ import annotations

from urllib.parse import urlencode

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from vidpipe.accounts.model import RULES, Action, Principal
from vidpipe.api.problems import ApiError
from vidpipe.api.security.cookies import session_of_page
from vidpipe.api.security.dependencies import (
    Unauthenticated,
    actor_of,
    gate_of,
    identify,
    limit,
    limit_address,
)
from vidpipe.api.security.entering import login_page
from vidpipe.api.security.gate import Gate
from vidpipe.errors import Misconfigured, Unavailable, VidpipeError
from vidpipe.library import Library, NotConnected, SocialAccountView
from vidpipe.library.publishing.account_words import TITLES, title_of
from vidpipe.library.publishing.applications import RETURN_PATH
from vidpipe.observability import events
from vidpipe.web.rendering import page
from vidpipe.web.viewer import Viewer, set_viewer

#: Returns of one person a minute.
_RETURNS = 30
#: Characters of what comes back.
_MOST = 4096
_AWAY = "This cannot be done for the moment. Begin again in a minute."


def oauth_pages(library: Library, gate: Gate, guard: Middleware) -> Starlette:
    """The page as an application.

    Args:
        library: whose accounts.
        gate: says who comes back.
        guard: what looks at every request to pages.
    """
    app = Starlette(routes=_ROUTES, middleware=[guard])
    app.state.gate, app.state.library = gate, library
    return app


async def _returned(request: Request) -> Response:
    platform = request.path_params["platform"]
    if request.method != "GET":
        # Who looks whether there is a page must not use up what brings a browser here.
        return _said(request, platform, "Open this address in a browser", 405)
    try:
        known = await identify(request)
    except Unauthenticated as error:
        return await _way_in(request, error)
    except ApiError as error:
        return _said(request, platform, error.detail, error.status)
    except Unavailable:
        return _said(request, platform, _AWAY, 503)
    if known.by_cookie:
        set_viewer(request.scope, Viewer(known.principal.name))
    try:
        await limit(request, f"oauth-return:{known.principal.id}", _RETURNS)
        accounts = await run_in_threadpool(_finish, request, platform, known.principal)
    except ApiError as error:
        return _said(request, platform, error.detail, error.status)
    except NotConnected as error:
        return _said(request, platform, str(error), 409)
    except (Misconfigured, Unavailable) as error:
        # What is wrong with a deployment is said where its operators read it.
        events.warning("account_not_connected", platform=title_of(platform), message=str(error))
        return _said(request, platform, _AWAY, 503)
    except VidpipeError as error:
        events.error("account_not_connected", platform=title_of(platform), cause=error)
        return _said(request, platform, _AWAY, 500)
    return _shown(request, platform, accounts)


def _finish(request: Request, platform: str, who: Principal) -> tuple[SocialAccountView, ...]:
    library: Library = request.app.state.library
    channels = library.engine.channels
    given = {name: request.query_params.get(name, "") for name in ("state", "code", "error")}
    if platform not in TITLES or any(len(value) > _MOST for value in given.values()):
        raise NotConnected("This is no return of a platform.")

    def may(channel: str) -> bool:
        found = channels.get(channel)
        if found is None or RULES[Action.CONFIGURE][1] not in who.scopes:
            return False
        return who.may(Action.CONFIGURE, found.organisation, channel)

    by = actor_of(request, who.id)
    return library.social_accounts.finish(platform, **given, by=who.id, may=may, audit=by)


async def _way_in(request: Request, error: Unauthenticated) -> Response:
    """To the page to log in, and from there back to here; the return stays good meanwhile."""
    try:
        await limit_address(request)
    except ApiError as limited:
        return _said(request, "", limited.detail, limited.status)
    gate, url = gate_of(request), request.url
    to = f"{url.path}?{url.query}"
    if not gate.accounts.can_log_in:
        return _said(request, "", error.detail, 401)
    if session_of_page(request, gate) is None:
        return RedirectResponse(login_page(to), 303)
    return RedirectResponse(f"/api/v1/auth/continue?{urlencode({'to': to})}", 303)


def _shown(request: Request, platform: str, accounts: tuple[SocialAccountView, ...]) -> Response:
    title = title_of(platform)
    one = len(accounts) == 1
    words = f"{title} is connected. The channel {accounts[0].channel} can post to "
    words += "this account:" if one else f"these {len(accounts)} accounts:"
    made = page(
        request, "oauth_return.html", title="Connected", words=words, problem=False,
        accounts=accounts,
    )  # fmt: skip
    made.headers["Cache-Control"] = "no-store"
    return made


def _said(request: Request, platform: str, words: str, status: int) -> Response:
    title = "Not connected" if platform in TITLES else "There is nothing to connect"
    sentence = f"{words[:1].upper()}{words[1:].rstrip('.')}."
    made = page(
        request, "oauth_return.html", status, title=title, words=sentence, problem=True,
        accounts=(),
    )  # fmt: skip
    made.headers["Cache-Control"] = "no-store"
    return made


_ROUTES = [Route(f"{RETURN_PATH}/{{platform}}", _returned, methods=["GET"])]
#: What the page answers.
OAUTH_PATHS = tuple(route.path for route in _ROUTES)

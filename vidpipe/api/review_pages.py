"""The pages behind review links: watch, comment, decide; without an account, without a script.

Whoever has no link that holds gets the same answer, whatever the reason.
"""

from __future__ import annotations

from urllib.parse import parse_qsl, quote

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from vidpipe.accounts.audit import Actor
from vidpipe.api.problems import ApiError
from vidpipe.api.security.client import is_foreign
from vidpipe.api.security.dependencies import actor_of, gate_of, limit, limit_address
from vidpipe.api.security.gate import Gate
from vidpipe.catalog.review_states import REASONS, NotDecided, Reason
from vidpipe.catalog.reviews import Decider
from vidpipe.channels.reviews import GatesUnreadable
from vidpipe.errors import Misconfigured, Unavailable, VidpipeError
from vidpipe.library import Library, Refused, ReviewItem, UnknownClip, UnknownDecision
from vidpipe.library.review_links import NAME, OpenedLink
from vidpipe.observability import events
from vidpipe.web.files import file_response
from vidpipe.web.rendering import page
from vidpipe.web.reviewed import ReviewedClip, reviewed_clips, seconds_of, time_of

#: Bytes of a form: a comment whose every letter takes nine.
_MOST = 64 * 1024
#: Forms of one link a minute, and passwords that are tried.
_FORMS, _PASSWORDS = 60, 10
#: Pages and files of one link a minute and address: a film is asked for piece by piece.
_PAGES, _PIECES = 60, 600
#: The last comments that a page shows.
_COMMENTS = 2000
_PROOF, _NAME = "vidpipe_review", "vidpipe_reviewer"
#: Seconds for which a browser keeps that a password was given.
_KEPT_S = 12 * 3600
_AWAY = "This cannot be shown for the moment. Try again in a minute."
_FILES = ("film", "poster", "captions")


def review_pages(library: Library, gate: Gate, guard: Middleware) -> Starlette:
    """The pages as an application.

    Args:
        library: whose clips.
        gate: counts requests, and keeps the audit log.
        guard: what looks at every request to pages.
    """
    app = Starlette(routes=_ROUTES, middleware=[guard])
    app.state.gate, app.state.library = gate, library
    return app


async def _show(request: Request) -> Response:
    try:
        opened = await _opened(request)
        if opened is None:
            return await _nothing(request)
        await _limit_guest(request, opened, "page", _PAGES)
        if opened.locked:
            return _locked(request)
        links = _library(request).reviews.links
        await run_in_threadpool(links.used, opened.link.link_id)
        return await run_in_threadpool(_page, request, opened)
    except Exception as error:
        return _failed(request, error)


async def _file(request: Request) -> Response:
    """A file of a clip that the link shows."""
    what, clip_id = request.path_params["what"], request.path_params["clip"]
    try:
        opened = await _opened(request)
        if opened is None or opened.locked or what not in _FILES or clip_id not in opened.clips:
            return await _nothing(request)
        await _limit_guest(request, opened, "file", _PIECES)
        return await run_in_threadpool(_stored, request, opened, clip_id, what)
    except Exception as error:
        return _failed(request, error)


def _stored(request: Request, opened: OpenedLink, clip_id: str, what: str) -> Response:
    engine = _library(request).engine
    found = reviewed_clips(engine, opened.link.video_id, [clip_id])
    keys = {"film": found[0].film, "poster": found[0].poster, "captions": found[0].captions}
    key = keys[what]
    if key is None:
        return _plain(request, "It is not stored any more.", 404)
    head = request.method == "HEAD"
    # Through us: who has an address of the store's would have it when the link is gone.
    response = file_response(engine, key, request.headers, head=head, through=True)
    if response.status_code == 404:
        return _plain(request, "It is not stored any more.", 404)
    return _private(response)


async def _unlock(request: Request) -> Response:
    token = request.path_params["token"]
    try:
        opened = await _opened(request)
        if opened is None or is_foreign(request, gate_of(request).settings.service.cors_origins):
            return await _nothing(request)
        await limit(request, f"review-password:{opened.link.link_id}", _PASSWORDS)
        await limit(request, f"review-password:{actor_of(request).address}", _PASSWORDS)
        form = await _form_of(request)
        links = _library(request).reviews.links
        proof = await run_in_threadpool(links.unlock, token, form.get("password", ""))
        if proof is None:
            return _locked(request, "That is not the password.", 403)
    except Exception as error:
        return _failed(request, error)
    response = _back(token)
    _keep(response, request, _PROOF, proof)
    return response


async def _post(request: Request) -> Response:
    """A comment or a decision, as a form sends it."""
    token, clip_id = request.path_params["token"], request.path_params["clip"]
    what = request.path_params["what"]
    try:
        opened = await _opened(request)
        foreign = is_foreign(request, gate_of(request).settings.service.cors_origins)
        if opened is None or opened.locked or clip_id not in opened.clips or foreign:
            return await _nothing(request)
        may = opened.may_comment if what == "comment" else opened.may_decide
        if what not in _FORMS_OF or not may:
            return _plain(request, "This link is not good for that.", 403)
        await limit(request, f"review-form:{opened.link.link_id}", _FORMS)
        form = await _form_of(request)
        by = actor_of(request, f"link:{opened.link.link_id}")
        work = _FORMS_OF[what]
        problem = await run_in_threadpool(_obeyed, work, request, opened, clip_id, form, by)
        if problem is not None:
            return await run_in_threadpool(
                _page, request, opened, clip=clip_id, problem=problem[1], form=form,
                status=problem[0],
            )  # fmt: skip
    except Exception as error:
        return _failed(request, error)
    response = _back(token, clip_id)
    _keep(response, request, _NAME, quote(form.get("name", "").strip()[:NAME]))
    return response


def _obeyed(
    work: object,
    request: Request,
    opened: OpenedLink,
    clip_id: str,
    form: dict[str, str],
    by: Actor,
) -> tuple[int, str] | None:
    """Do what a form asks for; the status and words of why it cannot be done."""
    assert callable(work)
    name = form.get("name", "").strip()
    if not 1 <= len(name) <= NAME or not name.isprintable():
        return 422, f"Say who you are, in {NAME} letters at most."
    try:
        catalog = _library(request).engine.catalog
        with catalog.as_one() as unit:
            work(_library(request), opened, clip_id, form, by, f"{name} (by link)")
            catalog.commit(unit)
    except NotDecided as error:
        return 409, _sentence(_told(error))
    except GatesUnreadable:
        # Whoever has the link can mend nothing.
        return 409, "Nothing can be decided here for now. Tell whoever sent you the link."
    except (Refused, UnknownClip, UnknownDecision) as error:
        return 422, _sentence(str(error))
    return None


def _told(error: NotDecided) -> str:
    """Why a decision does not count, without the names of those who have an account."""
    decision = error.details.get("decision")
    if decision is None:
        return str(error)
    if error.code == "already_decided":
        who = _called(decision["by"], decision["by_name"])
        return f"{who} {decision['verdict']} this clip already"
    return "that decision does not count any more: look at the clip again"


def _called(by: str, by_name: str) -> str:
    """Who said something, as those who have a link are told: of others by their own names."""
    return by_name if by.startswith("link:") else "the team"


def _comment(
    library: Library, opened: OpenedLink, clip: str, form: dict[str, str], by: Actor, name: str
) -> None:
    at_s = seconds_of(form.get("at", ""))
    if at_s is None:
        raise Refused("say when in the clip, such as 0:12")
    links = library.reviews.links
    made = links.comment(
        opened.link.video_id, clip, at_s, form.get("text", ""), by=by.id, by_name=name
    )
    what = f"videos/{opened.link.video_id}/comments/{made.comment_id}"
    _write_down(library, opened, by, "comment.create", what)


def _decide(
    library: Library, opened: OpenedLink, clip: str, form: dict[str, str], by: Actor, name: str
) -> None:
    video_id, seen, note = opened.link.video_id, form.get("fingerprint", ""), form.get("note", "")
    who, reviews = Decider(by.id, name), library.reviews
    if form.get("verdict") == "approve":
        reviews.approve(video_id, clip, seen, who, note=note, audit=by)
        return
    reason = form.get("reason", "")
    if form.get("verdict") != "reject" or reason not in set(Reason):
        raise Refused("say why it is rejected")
    reviews.reject(video_id, clip, seen, Reason(reason), who, note=note, audit=by)


def _undo(
    library: Library, opened: OpenedLink, clip: str, form: dict[str, str], by: Actor, name: str
) -> None:
    number, reviews, video_id = form.get("decision", ""), library.reviews, opened.link.video_id
    decision = reviews.get(video_id, clip).decision
    own = decision is not None and decision.by == by.id and str(decision.decision_id) == number
    if decision is None or not own:
        raise Refused("only who decided takes a decision back")
    reviews.undo(video_id, clip, decision.decision_id, Decider(by.id, name), audit=by)


_FORMS_OF = {"comment": _comment, "decide": _decide, "undo": _undo}


def _write_down(library: Library, opened: OpenedLink, by: Actor, action: str, what: str) -> None:
    from vidpipe.accounts.audit import record

    channel = library.engine.channels[opened.link.channel]
    with library.engine.catalog.writing() as session:
        record(session, by, action, what, organisation=channel.organisation)


def _page(
    request: Request,
    opened: OpenedLink,
    *,
    clip: str = "",
    problem: str = "",
    form: dict[str, str] | None = None,
    status: int = 200,
) -> Response:
    library, link = _library(request), opened.link
    shown: list[tuple[ReviewedClip, ReviewItem]] = []
    for item in reviewed_clips(library.engine, link.video_id, opened.clips):
        try:
            shown.append((item, library.reviews.get(link.video_id, item.clip.clip_id)))
        except UnknownClip:
            # It was made anew while this was read.
            continue
    # Whoever may only look sees what was made, and nothing of what is said of it.
    talks, links = opened.may_comment, library.reviews.links
    said = links.latest(link.video_id, opened.clips, _COMMENTS) if talks else []
    made = page(
        request,
        "review.html",
        status,
        title=library.status(link.video_id).title,
        opened=opened,
        token=request.path_params["token"],
        shown=shown,
        comments=said,
        called=_called,
        reasons=[(reason.value, words) for reason, words in REASONS.items()],
        name=_named(request),
        own=f"link:{link.link_id}",
        clip=clip,
        problem=problem,
        form=form or {},
        time=time_of,
    )
    return _private(made)


async def _opened(request: Request) -> OpenedLink | None:
    links = _library(request).reviews.links
    proof = request.cookies.get(_PROOF, "")
    return await run_in_threadpool(links.open, request.path_params["token"], proof[:100])


async def _limit_guest(request: Request, opened: OpenedLink, what: str, per_minute: int) -> None:
    """Count what somebody looks at by a link that holds: they may, and not without end."""
    address = actor_of(request).address
    await limit(request, f"review-{what}:{opened.link.link_id}:{address}", per_minute)


async def _nothing(request: Request) -> Response:
    """The one answer to whoever has no link that holds; guesses are counted."""
    await limit_address(request)
    words = "There is nothing here. The link may have expired, or was taken back."
    return _plain(request, words, 404)


def _locked(request: Request, problem: str = "", status: int = 200) -> Response:
    values = {"token": request.path_params["token"], "problem": problem}
    return _private(page(request, "review_locked.html", status, **values))


def _plain(request: Request, words: str, status: int) -> Response:
    return _private(page(request, "review_nothing.html", status, words=words))


def _failed(request: Request, error: Exception) -> Response:
    """What went wrong, in words that say nothing of the deployment."""
    if isinstance(error, (ClientDisconnect, HTTPException)):
        raise error
    if isinstance(error, ApiError):
        made = _plain(request, _sentence(error.detail), error.status)
        made.headers.update(error.headers)
        return made
    missing = isinstance(error, FileNotFoundError)
    status = 404 if missing else 503 if isinstance(error, Unavailable) else 500
    events.warning(
        "page_answer_failed",
        path="/review/{token}",
        status=status,
        kind=type(error).__name__,
        message=str(error),
    )
    known = isinstance(error, (VidpipeError, Misconfigured)) or missing
    if not known:
        events.error("page_answer_broken", cause=error)
    return _plain(request, "It is not stored any more." if missing else _AWAY, status)


def _private(response: Response) -> Response:
    """Kept by nobody on the way, and found by no search."""
    response.headers["Cache-Control"] = "private, no-store"
    response.headers["X-Robots-Tag"] = "noindex, nofollow, noarchive"
    return response


def _back(token: str, clip_id: str = "") -> Response:
    anchor = f"#clip-{quote(clip_id)}" if clip_id else ""
    return _private(RedirectResponse(f"/review/{quote(token)}{anchor}", 303))


def _keep(response: Response, request: Request, name: str, value: str) -> None:
    gate, token = gate_of(request), request.path_params["token"]
    response.set_cookie(
        name,
        value,
        max_age=_KEPT_S,
        path=f"/review/{quote(token)}",
        secure=gate.secure,
        httponly=True,
        samesite="lax",
    )


def _named(request: Request) -> str:
    from urllib.parse import unquote

    name = unquote(request.cookies.get(_NAME, ""), errors="replace")[:NAME]
    return name if name.isprintable() else ""


async def _form_of(request: Request) -> dict[str, str]:
    """The fields of a form; none of one that is too large to be ours."""
    body = b""
    async for piece in request.stream():
        body += piece
        if len(body) > _MOST:
            return {}
    try:
        return dict(parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=20))
    except ValueError:
        return {}


def _library(request: Request) -> Library:
    found: Library = request.app.state.library
    return found


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:].rstrip('.')}."


_ROUTES = [
    Route("/review/{token}", _show, methods=["GET"]),
    Route("/review/{token}/unlock", _unlock, methods=["POST"]),
    Route("/review/{token}/{clip}/{what}", _file, methods=["GET"]),
    Route("/review/{token}/{clip}/{what}", _post, methods=["POST"]),
]
#: What the pages answer.
REVIEW_PATHS = tuple(dict.fromkeys(route.path for route in _ROUTES))

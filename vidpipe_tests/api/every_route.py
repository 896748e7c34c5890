"""Every route of the API: what it lets whom do, and a request to it."""

from __future__ import annotations

from typing import Any

import httpx

from vidpipe.accounts.model import Action, Grant, Role
from vidpipe_tests.api.guarded import GOOD, Guarded
from vidpipe_tests.uploads.conftest import PIECE, metadata

#: What each route lets somebody do. PUBLIC: whoever; LOGIN: whoever is known.
PUBLIC, LOGIN = "public", "login"
R, S, P, X, M = Action.READ, Action.SUBMIT, Action.PROCESS, Action.REMOVE, Action.MANAGE
C, D, B = Action.CONFIGURE, Action.REVIEW, Action.PUBLISH
A = Action.DECIDE
ROUTES: dict[str, Action | str] = {
    "POST /jobs": S,
    "POST /jobs/batch": S,
    "GET /jobs": R,
    "GET /jobs/{job_id}": R,
    "POST /jobs/{job_id}/cancel": P,
    "POST /jobs/{job_id}/retry": P,
    "POST /jobs/{job_id}/stages": P,
    "POST /jobs/{job_id}/platforms": P,
    "GET /jobs/{job_id}/results": R,
    "GET /videos": R,
    "GET /videos/{video_id}": R,
    "PUT /videos/{video_id}/hold": P,
    "DELETE /videos/{video_id}/hold": P,
    "POST /videos/{video_id}/retire": X,
    "GET /videos/{video_id}/results": R,
    "GET /videos/{video_id}/clips": R,
    "GET /videos/{video_id}/exports": R,
    "GET /videos/{video_id}/transcript": R,
    "GET /videos/{video_id}/chapters": R,
    "GET /videos/{video_id}/layout": R,
    "GET /videos/{video_id}/clips/{clip}": R,
    "GET /videos/{video_id}/exports/{clip}/{platform}": R,
    "GET /videos/{video_id}/posts": R,
    "GET /videos/{video_id}/transcript.{form}": R,
    "GET /videos/{video_id}/chapters.vtt": R,
    "GET /videos/{video_id}/edits": R,
    "PUT /videos/{video_id}/edits": P,
    "PATCH /videos/{video_id}/edits": P,
    "POST /videos/{video_id}/edits/clips": P,
    "PATCH /videos/{video_id}/edits/clips/{clip}": P,
    "DELETE /videos/{video_id}/edits/clips/{clip}": P,
    "POST /videos/{video_id}/edits/clips/{clip}/split": P,
    "POST /videos/{video_id}/edits/merge": P,
    "GET /videos/{video_id}/edits/versions": R,
    "GET /videos/{video_id}/edits/versions/{version}": R,
    "GET /videos/{video_id}/edits/compare": R,
    "POST /videos/{video_id}/edits/restore": P,
    "GET /videos/{video_id}/edits/estimate": R,
    "POST /videos/{video_id}/edits/render": P,
    "GET /videos/{video_id}/timeline": R,
    "GET /videos/{video_id}/timeline.{form}": R,
    "GET /videos/{video_id}/peaks": R,
    "GET /videos/{video_id}/proxy": R,
    "GET /videos/{video_id}/proxy/info": R,
    "GET /videos/{video_id}/clips.zip": R,
    "GET /clips": R,
    "GET /exports": R,
    "GET /posts": R,
    "GET /search": R,
    "GET /analytics": R,
    "GET /analytics/posts": R,
    "GET /social-posts/{post_id}/figures": R,
    "GET /costs": R,
    "GET /costs.csv": R,
    "GET /costs/entries": R,
    "GET /videos/{video_id}/costs": R,
    "GET /videos/{video_id}/costs/estimate": R,
    "GET /services": C,
    "GET /budgets": R,
    "PUT /budgets/{scope}/{subject}/{period}": C,
    "DELETE /budgets/{scope}/{subject}/{period}": C,
    "POST /budgets/raises": C,
    "GET /uploads": R,
    "POST /uploads": S,
    "GET /uploads/open": R,
    "GET /uploads/{upload_id}": S,
    "DELETE /uploads/{upload_id}": S,
    "POST /uploads/{upload_id}/parts": S,
    "GET /uploads/{upload_id}/parts": S,
    "POST /uploads/{upload_id}/complete": S,
    "OPTIONS /tus": PUBLIC,
    "POST /tus": S,
    "HEAD /tus/{upload_id}": S,
    "PATCH /tus/{upload_id}": S,
    "DELETE /tus/{upload_id}": S,
    "POST /tus/{upload_id}": S,
    "GET /channels/{channel}/assets": R,
    "PUT /channels/{channel}/assets/{name}": S,
    "GET /channels/{channel}/assets/{name}": R,
    "GET /channels/{channel}/assets/{name}/content": R,
    "DELETE /channels/{channel}/assets/{name}": X,
    "GET /events": R,
    "GET /events/history": R,
    "GET /gates": R,
    "GET /channels/{channel}/gates": R,
    "PUT /channels/{channel}/gates": C,
    "DELETE /channels/{channel}/gates": C,
    "GET /reviews": R,
    "GET /videos/{video_id}/clips/{clip}/review": R,
    "POST /videos/{video_id}/clips/{clip}/approve": A,
    "POST /videos/{video_id}/clips/{clip}/reject": A,
    "POST /videos/{video_id}/clips/{clip}/undo": A,
    "POST /reviews/batch": A,
    "GET /reviews/gates": R,
    "POST /reviews/gates/{gate_id}/approve": A,
    "POST /reviews/gates/{gate_id}/reject": A,
    "POST /reviews/links": D,
    "GET /reviews/links": R,
    "DELETE /reviews/links/{link_id}": D,
    "GET /videos/{video_id}/comments": R,
    "POST /videos/{video_id}/clips/{clip}/comments": D,
    "PUT /reviews/comments/{comment_id}/resolved": D,
    "GET /reviews/report": R,
    "GET /reviews/marks": R,
    "POST /slack/interactions": PUBLIC,
    "GET /failures": R,
    "POST /failures/{failure_id}/retry": P,
    "POST /projects": S,
    "GET /projects": R,
    "GET /projects/{project_id}": R,
    "PATCH /projects/{project_id}": P,
    "GET /channels": R,
    "GET /channels/{channel}": R,
    "GET /platforms": R,
    "GET /platforms/{platform}": R,
    "GET /templates": R,
    "POST /webhooks": C,
    "GET /webhooks": C,
    "GET /webhooks/{endpoint_id}": C,
    "PATCH /webhooks/{endpoint_id}": C,
    "DELETE /webhooks/{endpoint_id}": C,
    "POST /webhooks/{endpoint_id}/secret/rotate": C,
    "POST /webhooks/{endpoint_id}/test": C,
    "GET /webhooks/{endpoint_id}/deliveries": C,
    "POST /webhooks/{endpoint_id}/replay": C,
    "GET /deliveries/{delivery_id}": C,
    "POST /deliveries/{delivery_id}/replay": C,
    "GET /social-accounts": R,
    "GET /social-platforms": R,
    "POST /social-accounts": C,
    "GET /social-accounts/{account_id}": R,
    "POST /social-accounts/{account_id}/refresh": C,
    "DELETE /social-accounts/{account_id}": C,
    "GET /calendar": R,
    "GET /publishing-pauses": R,
    "PUT /channels/{channel}/publishing-pause": C,
    "DELETE /channels/{channel}/publishing-pause": C,
    "GET /social-posts": R,
    "POST /social-posts": B,
    "GET /social-posts/{post_id}": R,
    "PATCH /social-posts/{post_id}": B,
    "POST /social-posts/{post_id}/now": B,
    "POST /social-posts/{post_id}/cancel": B,
    "POST /social-posts/{post_id}/retry": B,
    "POST /social-posts/{post_id}/decide": B,
    "DELETE /social-posts/{post_id}": X,
    "POST /auth/login": PUBLIC,
    "POST /auth/refresh": PUBLIC,
    "GET /auth/continue": PUBLIC,
    "POST /auth/register": PUBLIC,
    "POST /auth/verify": PUBLIC,
    "POST /auth/reset/request": PUBLIC,
    "POST /auth/reset": PUBLIC,
    "POST /auth/invite": PUBLIC,
    "POST /auth/join": PUBLIC,
    "GET /auth/oidc/start": PUBLIC,
    "GET /auth/oidc/callback": PUBLIC,
    "POST /auth/logout": LOGIN,
    "GET /auth/me": LOGIN,
    "GET /auth/sessions": LOGIN,
    "DELETE /auth/sessions/{session_id}": LOGIN,
    "PUT /auth/password": LOGIN,
    "GET /auth/allow": LOGIN,
    "GET /users": M,
    "POST /users": M,
    "GET /users/invitations": M,
    "DELETE /users/invitations/{invitation_id}": M,
    "GET /users/{user_id}": M,
    "PUT /users/{user_id}/role": M,
    "DELETE /users/{user_id}/role": M,
    "PUT /users/{user_id}/disabled": M,
    "GET /keys": M,
    "POST /keys": M,
    "DELETE /keys/{key_id}": M,
    "GET /audit": M,
    "GET /health": PUBLIC,
    "GET /ready": PUBLIC,
    "GET /docs": PUBLIC,
}
#: Routes of nothing that belongs to an organisation: they are the same for everybody.
COMMON = {"GET /platforms", "GET /platforms/{platform}", "GET /templates"}


def _body(route: str, at: dict[str, str]) -> Any:
    role = {"organisation": at["organisation"], "role": "viewer"}
    seen = {"fingerprint": "f" * 64}
    return {
        "POST /jobs": {"video_id": at["video_id"]},
        "POST /jobs/batch": {"jobs": [{"video_id": at["video_id"]}]},
        "POST /jobs/{job_id}/stages": {"stages": ["transcript"]},
        "POST /jobs/{job_id}/platforms": {"platform": "tiktok"},
        "PUT /videos/{video_id}/hold": {"reason": "exhibition"},
        "PUT /videos/{video_id}/edits": {},
        "PATCH /videos/{video_id}/edits": {"template": None},
        "POST /videos/{video_id}/edits/clips": {"start_s": 1, "end_s": 9},
        "PATCH /videos/{video_id}/edits/clips/{clip}": {"title": "Another"},
        "POST /videos/{video_id}/edits/clips/{clip}/split": {"at_s": 5},
        "POST /videos/{video_id}/edits/merge": {"clips": ["1", "2"]},
        "POST /videos/{video_id}/edits/restore": {"version": 0},
        "POST /projects": {"channel": at["channel"], "name": f"new {at['video_id']}"},
        "PATCH /projects/{project_id}": {"description": "other"},
        "PUT /budgets/{scope}/{subject}/{period}": {"soft": "1.00", "hard": "2.50"},
        "POST /budgets/raises": {
            "scope": "video",
            "subject": at["video_id"],
            "period": "total",
            "amount": "3.00",
            "reason": "a launch",
        },
        "POST /webhooks": {
            "url": "https://8.8.8.8/hook",
            "types": ["job.completed"],
            "organisation": at["organisation"],
            "channels": [at["channel"]],
        },
        "POST /social-accounts": {
            "channel": at["channel"],
            "platform": "folder",
            "address": f"new-{at['video_id']}",
        },
        "POST /social-posts": {
            "video_id": at["video_id"],
            "clip": "1",
            "account_id": at["account_id"],
        },
        "PUT /channels/{channel}/publishing-pause": {"reason": "launch"},
        "PUT /channels/{channel}/gates": {"render": "ask"},
        "PATCH /social-posts/{post_id}": {"changes": {"title": "Another"}},
        "POST /social-posts/{post_id}/decide": {"posted": False},
        "PATCH /webhooks/{endpoint_id}": {"description": "other"},
        "POST /webhooks/{endpoint_id}/secret/rotate": {},
        "POST /webhooks/{endpoint_id}/replay": {"since": "2026-01-31T12:00:00Z"},
        "POST /uploads": {
            "channel": at["channel"],
            "name": f"new {at['video_id']}.mp4",
            "size_bytes": 10,
        },
        "POST /uploads/{upload_id}/parts": {"numbers": [1]},
        "POST /videos/{video_id}/clips/{clip}/approve": {"fingerprint": "f" * 64},
        "POST /videos/{video_id}/clips/{clip}/reject": {**seen, "reason": "duplicate"},
        "POST /videos/{video_id}/clips/{clip}/undo": {"decision_id": 1},
        "POST /reviews/batch": {
            "decisions": [{"video_id": at["video_id"], "clip": "1", **seen, "verdict": "approved"}]
        },
        "POST /reviews/gates/{gate_id}/approve": seen,
        "POST /reviews/gates/{gate_id}/reject": {**seen, "reason": "duplicate"},
        "POST /reviews/links": {"video_id": at["video_id"]},
        "POST /videos/{video_id}/clips/{clip}/comments": {"at_s": 1.0, "text": "too quiet"},
        "PUT /reviews/comments/{comment_id}/resolved": {"resolved": True},
        "POST /auth/login": {"email": "viewer@example.org", "password": GOOD},
        "POST /auth/refresh": {"refresh_token": "x"},
        "POST /auth/register": {"email": "new@example.org"},
        "POST /auth/verify": {"token": "x", "password": GOOD},
        "POST /auth/reset/request": {"email": "new@example.org"},
        "POST /auth/reset": {"token": "x", "password": GOOD},
        "POST /auth/invite": {"token": "x", "password": GOOD},
        "POST /auth/join": {"token": "x"},
        "PUT /auth/password": {"old": "x", "new": GOOD},
        "POST /users": {"email": f"{at['video_id']}@example.org", **role},
        "PUT /users/{user_id}/role": role,
        "PUT /users/{user_id}/disabled": {"disabled": False},
        "POST /keys": {"name": "key", "organisation": at["organisation"]},
    }.get(route)


def objects(service: Guarded, organisation: str, route: str | None = None) -> dict[str, str]:
    """New objects of an organisation, by the names that routes have for them: of this one or all.

    An organisation has a hundred webhooks at most, so that they are made for whom they are for.
    """
    channel = "news" if organisation == "acme" else "default"
    at = {**service.objects(channel), "organisation": organisation, "session_id": "0" * 32}
    email = "member@example.org" if organisation == "acme" else "stranger@example.org"

    async def known(accounts):
        from vidpipe.accounts.audit import COMMAND_LINE

        key, _ = await accounts.keys.create("other", COMMAND_LINE, organisation=organisation)
        user = await accounts.users.get(email)
        grant = Grant(organisation, Role.VIEWER)
        _, offer = await accounts.invitations.offer(user.id, grant, COMMAND_LINE)
        return user.id, key.id, offer.id

    at["user_id"], at["key_id"], at["invitation_id"] = service.run(known)
    at |= {"scope": "video", "subject": at["video_id"], "period": "total"}
    if route is None or "{endpoint_id}" in route or "{delivery_id}" in route:
        at |= service.endpoint(organisation, channel)
    return at


def send(
    service: Guarded, route: str, at: dict[str, str], headers: dict[str, str], **given: Any
) -> httpx.Response:
    """What a request about these objects is answered; `given` in place of what is made up."""
    method, path = route.split(" ")
    at = at | {"version": "0"} | ({"form": "edl"} if "timeline" in route else {})
    path = path.format(**at)
    if route.endswith("/edits/compare"):
        path += "?from=0&to=0"
    if route == "GET /search":
        path += "?q=talk"
    if route == "GET /events":
        # What was missed, and no more: it would go on for ever.
        path += "?after=0&seconds=0"
    if route == "DELETE /users/{user_id}/role":
        path += f"?organisation={at['organisation']}&channel=nothing"
    more = {"If-Match": "*"} if method == "PATCH" or "/edits" in route or "/gates" in route else {}
    if "/tus" in route:
        said = {"channel": at["channel"], "filename": f"new {at['video_id']}.mp4"}
        more = {**PIECE, "Upload-Offset": "0", "Upload-Metadata": metadata(**said)}
        more |= {"Upload-Length": "10"} if route == "POST /tus" else {}
    said = given or {"json": _body(route, at)}
    return service.client.request(method, path, headers={**headers, **more}, **said)

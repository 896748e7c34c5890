"""Errors as RFC 9457 has them: one shape, and each kind of error mapped once.

Nothing of a deployment (endpoints, paths, buckets) is in what a client reads: what is said in
words of ours goes out, everything else is logged under the id of the request.
"""

from __future__ import annotations

from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any

from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection

from vidpipe.accounts.memberships import LastAdmin
from vidpipe.accounts.users import UnknownAccount
from vidpipe.channels.reviews import GatesUnreadable
from vidpipe.edits.merging import BadEdit
from vidpipe.errors import InputRejected, Misconfigured, Unavailable, VidpipeError
from vidpipe.library import (
    AccountBroken,
    AlreadyPosted,
    AssetInUse,
    Changed,
    EditsChanged,
    NameTaken,
    NotApproved,
    NotConnected,
    NotDecided,
    NotReady,
    Refused,
    RightsNotConfirmed,
    ScheduleConflict,
    TooManyUploads,
    Unknown,
    UnknownAsset,
    UnknownClip,
    UnknownComment,
    UnknownDecision,
    UnknownDelivery,
    UnknownEndpoint,
    UnknownExport,
    UnknownFailure,
    UnknownGate,
    UnknownJob,
    UnknownPause,
    UnknownPost,
    UnknownProject,
    UnknownReviewLink,
    UnknownSocialAccount,
    UnknownUpload,
    UnknownUploadSession,
    UnknownVideo,
    WrongState,
)
from vidpipe.observability import events
from vidpipe.outbound import AddressRefused
from vidpipe.uploads.errors import (
    ChecksumMismatch,
    NoRoom,
    UploadEnded,
    UploadIncomplete,
    UploadLocked,
    UploadNameTaken,
    UploadTooLarge,
    WrongOffset,
)

MEDIA_TYPE = "application/problem+json"
#: Characters of a value of the client's that are said back to it.
_SAID = 400


class Problem(BaseModel):
    """What went wrong: RFC 9457, and what support asks for."""

    type: str = Field(description="identifies the kind of problem: urn:vidpipe:problem:<code>")
    title: str = Field(description="of the status")
    status: int
    detail: str = Field(description="what is wrong here and what to do, in a sentence")
    code: str = Field(description="short and stable, to branch on")
    request_id: str = Field(description="as in the header X-Request-ID; the log has it, too")
    timestamp: datetime
    details: dict[str, Any] = Field(description="what programs may want to know; often empty")


class ApiError(VidpipeError):
    """What only an API can say: a status, a code and words.

    Args:
        status: of HTTP.
        code: short and stable.
        detail: for whoever asked.
        details: for their program.
        headers: of the answer.
        cookies: values of `Set-Cookie` that the answer has as well.
    """

    cookies: tuple[str, ...] = ()

    def __init__(
        self,
        status: int,
        code: str,
        detail: str,
        *,
        details: dict[str, Any] | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        self.status, self.code, self.detail = status, code, detail
        self.details, self.headers = details or {}, headers or {}
        super().__init__(detail)


class Forbidden(ApiError):
    """Whoever asks may not do this."""

    def __init__(self, detail: str) -> None:
        super().__init__(403, "forbidden", detail)


#: Kinds of errors, the special before the general: status and code of each. What is said of
#: them is the error's own words, which are about what was asked for.
KINDS: tuple[tuple[type[VidpipeError], int, str], ...] = (
    (UnknownVideo, 404, "video_not_found"),
    (UnknownJob, 404, "job_not_found"),
    (UnknownUpload, 404, "upload_not_found"),
    (UnknownUploadSession, 404, "upload_not_found"),
    (UnknownProject, 404, "project_not_found"),
    (UnknownAsset, 404, "asset_not_found"),
    (UnknownFailure, 404, "failure_not_found"),
    (UnknownEndpoint, 404, "webhook_not_found"),
    (UnknownDelivery, 404, "delivery_not_found"),
    (UnknownClip, 404, "clip_not_found"),
    (UnknownExport, 404, "export_not_found"),
    (UnknownDecision, 404, "decision_not_found"),
    (UnknownGate, 404, "gate_not_found"),
    (UnknownReviewLink, 404, "review_link_not_found"),
    (UnknownComment, 404, "comment_not_found"),
    (UnknownSocialAccount, 404, "social_account_not_found"),
    (UnknownPost, 404, "post_not_found"),
    (UnknownPause, 404, "not_paused"),
    (Unknown, 404, "not_found"),
    (UnknownAccount, 404, "account_not_found"),
    (LastAdmin, 409, "last_admin"),
    (GatesUnreadable, 409, "gates_unreadable"),
    (NotReady, 409, "not_ready"),
    (WrongState, 409, "wrong_state"),
    (NameTaken, 409, "name_taken"),
    (UploadNameTaken, 409, "name_taken"),
    (UploadIncomplete, 409, "upload_incomplete"),
    (WrongOffset, 409, "wrong_offset"),
    (AssetInUse, 409, "asset_in_use"),
    (AccountBroken, 409, "account_broken"),
    (AlreadyPosted, 409, "already_posted"),
    (NotConnected, 409, "not_connected"),
    (ScheduleConflict, 409, "schedule_conflict"),
    (UploadEnded, 410, "upload_ended"),
    (UploadTooLarge, 413, "too_large"),
    (UploadLocked, 423, "upload_locked"),
    (TooManyUploads, 429, "too_many_uploads"),
    (ChecksumMismatch, 460, "checksum_mismatch"),
    (NoRoom, 507, "no_room"),
    (Changed, 412, "changed"),
    (NotApproved, 403, "not_approved"),
    (RightsNotConfirmed, 422, "rights_not_confirmed"),
    (BadEdit, 422, "invalid_edit"),
    (Refused, 422, "invalid_request"),
)
AWAY = "the store or the catalog cannot be reached; try again in a moment"
OURS = "this cannot be answered; the log of the server says why, under the id of this request"
#: Of a status that tus has and HTTP has not.
_PHRASES = {460: "Checksum Mismatch"}
_CODES = {404: "not_found", 405: "method_not_allowed", 413: "too_large", 415: "unsupported_media"}


def problem(
    request_id: str,
    status: int,
    code: str,
    detail: str,
    *,
    details: dict[str, Any] | None = None,
    headers: dict[str, str] | None = None,
) -> JSONResponse:
    """An error as an answer."""
    body = Problem(
        type=f"urn:vidpipe:problem:{code}",
        title=_PHRASES.get(status) or HTTPStatus(status).phrase,
        status=status,
        detail=detail,
        code=code,
        request_id=request_id,
        timestamp=datetime.now(UTC),
        details=details or {},
    )
    return JSONResponse(
        body.model_dump(mode="json"), status, headers=headers, media_type=MEDIA_TYPE
    )


async def answer(request: HTTPConnection, error: Exception) -> JSONResponse:
    """The one handler of every error."""
    request_id = str(request.scope.get("vidpipe.request_id", ""))
    if isinstance(error, ApiError):
        refused = problem(
            request_id,
            error.status,
            error.code,
            error.detail,
            details=error.details,
            headers=error.headers,
        )
        for cookie in error.cookies:
            refused.headers.append("set-cookie", cookie)
        return refused
    if isinstance(error, RequestValidationError):
        said, details = _wrong(request, error), {"errors": _errors(error)}
        return problem(request_id, 422, "invalid_request", said, details=details)
    if isinstance(error, HTTPException):
        if error.status_code == 400:
            # What FastAPI says of bytes that are no text.
            return problem(request_id, 422, "invalid_request", "the body is no JSON in UTF-8")
        code = _CODES.get(error.status_code, HTTPStatus(error.status_code).name.lower())
        headers = dict(error.headers or {})
        return problem(request_id, error.status_code, code, str(error.detail), headers=headers)
    if isinstance(error, NotDecided):
        return problem(request_id, 409, error.code, str(error), details=error.details)
    for kind, status, code in KINDS:
        if isinstance(error, kind):
            return problem(request_id, status, code, str(error), details=_details(error))
    if isinstance(error, AddressRefused):
        return problem(
            request_id, 422, "url_refused", error.message, details={"reason": error.reason}
        )
    if isinstance(error, InputRejected):
        return problem(
            request_id, 422, "input_rejected", error.message, details={"reason": error.reason}
        )
    if isinstance(error, Unavailable):
        events.warning("http_request_unavailable", message=str(error))
        wait = str(max(1, round(error.retry_after_s or 5)))
        return problem(request_id, 503, "unavailable", AWAY, headers={"Retry-After": wait})
    code = "misconfigured" if isinstance(error, Misconfigured) else "internal_error"
    events.error("http_request_failed", cause=error, code=code, message=str(error))
    return problem(request_id, 500, code, OURS)


def _details(error: VidpipeError) -> dict[str, Any]:
    """What a program may want to know of an error."""
    if isinstance(error, UploadIncomplete):
        return {"missing": list(error.missing)}
    if isinstance(error, EditsChanged):
        return {"version": error.version, "document": error.document.model_dump(mode="json")}
    if isinstance(error, ScheduleConflict):
        return error.details
    if isinstance(error, GatesUnreadable):
        return {"channel": error.channel}
    if isinstance(error, BadEdit):
        return {"problems": list(error.problems)}
    return {}


def _wrong(request: HTTPConnection, error: RequestValidationError) -> str:
    """What is wrong with a request as a whole."""
    whole = any(tuple(item["loc"]) == ("body",) for item in error.errors())
    if whole and "json" not in request.headers.get("content-type", ""):
        return "the body is read as JSON with the header Content-Type: application/json only"
    return "the request is not as the documentation has it; details.errors says where"


def _errors(error: RequestValidationError) -> list[dict[str, str]]:
    """Where the request is wrong, and how; not what it said, which may be a secret."""
    return [
        {
            "where": ".".join(str(part)[:_SAID] for part in item["loc"]),
            "problem": str(item["msg"])[:_SAID],
        }
        for item in error.errors()[:20]
    ]

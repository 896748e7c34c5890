"""How routes are described: the errors that each may answer with."""

from __future__ import annotations

from typing import Any

from vidpipe.api.problems import MEDIA_TYPE

#: Status, code and words of the example of each.
_EXAMPLES = {
    400: ("bad_token", "the code is not known, was used or is too old"),
    401: ("unauthenticated", "log in, or send an API key"),
    403: ("forbidden", "you may not do this in the channel default: process"),
    404: ("video_not_found", "there is no video 'default--talk-0123456789'"),
    405: ("method_not_allowed", "Method Not Allowed"),
    409: ("wrong_state", "a job that is done cannot become cancelled"),
    410: ("upload_ended", "upload-0123456789abcdef0123 is over: it is expired"),
    412: ("changed", "project-0123456789abcdef0123 was changed since you read it: read it again"),
    413: ("too_large", "a request may have 1048576 bytes at most"),
    423: ("upload_locked", "another request is writing to this upload: wait until it has ended"),
    422: ("invalid_request", "the request is not as the documentation has it"),
    428: ("if_match_required", "send If-Match with the ETag of what you read"),
    429: ("rate_limit_exceeded", "too many requests; try again in 6 s"),
    500: ("internal_error", "this cannot be answered; the log of the server says why"),
    507: ("no_room", "talk.mp4 has 5000000000 bytes, and the disk has room for 4000000000"),
    503: ("unavailable", "the store or the catalog cannot be reached; try again in a moment"),
    504: ("timeout", "this took longer than 30 seconds"),
}
_TITLES = {
    400: "The code is good for nothing",
    401: "Whoever asks is not known",
    403: "Whoever asks may not do this",
    404: "There is nothing of this id that whoever asks may see",
    409: "Not possible as things stand",
    410: "It is over",
    412: "Changed since it was read",
    413: "The body is too large",
    422: "The request is not as it has to be",
    423: "Another request writes to it",
    428: "`If-Match` is missing",
    429: "Too many requests: `Retry-After` says how long to wait",
    500: "An error of the server, which its log explains",
    503: "The store or the catalog cannot be reached",
    504: "It took too long",
    507: "The disk has no room for it",
}
#: Whatever is asked for.
_ALWAYS = (401, 403, 413, 422, 429, 500, 503, 504)


def errors(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The `responses` of a route: these errors, and those of every route."""
    return {status: _response(status) for status in sorted({*statuses, *_ALWAYS})}


def text(description: str, media_type: str, example: str) -> dict[int | str, dict[str, Any]]:
    """The `responses` of a route that answers with a text."""
    content = {media_type: {"schema": {"type": "string"}, "example": example}}
    return {200: {"description": description, "content": content}}


def unchanged() -> dict[int | str, dict[str, Any]]:
    """The `responses` of a route whose answer has an `ETag`."""
    return {304: {"description": "As it was: `If-None-Match` has its `ETag`"}}


def _response(status: int) -> dict[str, Any]:
    code, detail = _EXAMPLES[status]
    from http import HTTPStatus

    example = {
        "type": f"urn:vidpipe:problem:{code}",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "code": code,
        "request_id": "req-0123456789ab",
        "timestamp": "2026-01-31T12:00:00Z",
        "details": {},
    }
    schema = {"$ref": "#/components/schemas/Problem"}
    return {
        "description": _TITLES[status],
        "content": {MEDIA_TYPE: {"schema": schema, "example": example}},
    }

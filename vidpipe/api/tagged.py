"""`ETag` of what is read: who has it already is told so, and not sent it again."""

from __future__ import annotations

import hashlib
from typing import Annotated

from fastapi import Header
from fastapi.responses import Response
from pydantic import BaseModel

IfNoneMatch = Annotated[
    str | None,
    Header(max_length=1000, description="`ETag` of what you have; as it was, the answer is 304"),
]


def tagged(view: BaseModel, if_none_match: str | None) -> Response:
    """A view as JSON with its `ETag`, or 304 where that is known."""
    return tagged_text(view.model_dump_json(), "application/json", if_none_match)


def tagged_text(
    text: str, media_type: str, if_none_match: str | None, *, name: str | None = None
) -> Response:
    """A text with its `ETag`, or 304 where that is known.

    Args:
        text: of the answer.
        media_type: of it; of texts the encoding, UTF-8, is said as well.
        if_none_match: the header of the request.
        name: of the file, as a browser keeps it.
    """
    body = text.encode()
    tag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    headers = {"ETag": tag}
    known = [part.strip().removeprefix("W/") for part in (if_none_match or "").split(",")]
    if tag in known or "*" in known:
        return Response(status_code=304, headers=headers)
    if name is not None:
        headers["Content-Disposition"] = f'attachment; filename="{name}"'
    # The charset of JSON is always UTF-8; Starlette adds it to texts alone.
    return Response(body, media_type=media_type, headers=headers)

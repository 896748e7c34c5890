"""`Idempotency-Key`: a request that is sent again is answered again, and done once."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated

from fastapi import Header
from fastapi.responses import Response
from pydantic import BaseModel

from vidpipe.api.asked import Asked
from vidpipe.api.audited import settle
from vidpipe.api.problems import ApiError
from vidpipe.catalog.units import apart

Key = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=255,
        pattern=r"^[!-~]+$",
        description="Any text of your own, such as a UUID. A request that is sent again with the "
        "same key and the same body within 24 hours gets the first answer, and nothing is "
        "created twice.",
    ),
]


@dataclass(frozen=True)
class Created:
    """What was made, and where it is.

    Attributes:
        location: of it.
        view: how it is shown.
        once: fields of it that are in the first answer alone, and kept nowhere.
    """

    location: str
    view: BaseModel
    once: frozenset[str] | set[str] = frozenset()

    def kept(self) -> str:
        """What whoever asks again is answered."""
        return self.view.model_copy(update=dict.fromkeys(self.once)).model_dump_json()


def once(
    asked: Asked, key: str | None, route: str, body: BaseModel, work: Callable[[], Created]
) -> Response:
    """Create something, once for each key.

    Args:
        asked: by whom, of which library.
        key: of the request; none: it is done whenever it is sent.
        route: what is created where; a key is good for one.
        body: what was sent.
        work: creates it.

    Raises:
        ApiError: the key belongs to another request (422), or that one is still at work (409).
    """
    if key is None:
        return _answer(201, work())
    keys = asked.library.engine.catalog.idempotency
    who = asked.principal.id
    sent = json.dumps(body.model_dump(mode="json"), sort_keys=True)
    digest = hashlib.sha256(f"{route}\n{sent}".encode()).hexdigest()
    # A claim stands whatever becomes of what is changed: others are to see it at once.
    with apart():
        claim = keys.claim(who, key, route, digest)
    if claim.digest != digest:
        raise ApiError(
            422, "idempotency_key_reused", "this Idempotency-Key was sent with another request"
        )
    if claim.token is None:
        if claim.status is None or claim.body is None:
            raise _at_work("the first request with this Idempotency-Key is still at work")
        asked.writing.settled = True
        return _response(claim.status, claim.location, claim.body, replayed=True)
    try:
        created = work()
        # What is created, the answer that is kept and the rows that tell of it are there together.
        kept = keys.answered(who, key, claim.token, 201, created.location, created.kept())
        if not kept:
            # It took so long that whoever asked again does it.
            raise _at_work("this took too long, and is done by the request that was sent again")
        answer = _answer(201, created)
        settle(asked, answer)
    except BaseException:
        if asked.writing.unit is not None:
            asked.writing.unit.roll_back()
        with apart():
            keys.let_go(who, key, claim.token)
        raise
    return answer


def _at_work(what: str) -> ApiError:
    again = {"Retry-After": "1"}
    return ApiError(409, "request_in_progress", f"{what}; ask again in a moment", headers=again)


def _answer(status: int, created: Created) -> Response:
    return _response(status, created.location, created.view.model_dump_json())


def _response(status: int, location: str | None, body: str, *, replayed: bool = False) -> Response:
    headers = {"Location": location} if location else {}
    if replayed:
        headers["Idempotency-Replayed"] = "true"
    return Response(body, status, headers=headers, media_type="application/json")

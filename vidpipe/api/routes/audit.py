"""The audit log of the organisations that one manages."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from vidpipe.api.described import errors
from vidpipe.api.security.managing import Manages

router = APIRouter(prefix="/audit", tags=["accounts"])
_ID = r"^[A-Za-z0-9:._-]{1,64}$"


class AuditItem(BaseModel):
    """Who did what to which object."""

    id: int
    at: datetime
    actor: str
    action: str
    object: str
    organisation: str | None
    before: str | None = Field(description="SHA-256 of the object before")
    after: str | None = Field(description="SHA-256 of the object afterwards")
    succeeded: bool
    request_id: str
    address: str
    details: dict[str, Any]


class AuditPage(BaseModel):
    """Rows of the log, the newest first."""

    items: tuple[AuditItem, ...]
    next_before: int | None = Field(description="give it back as `before`; none at the end")


@router.get("", summary="Read the audit log", responses=errors())
async def read_audit(
    asked: Manages,
    actor: Annotated[str | None, Query(pattern=_ID, description="only what they did")] = None,
    action: Annotated[
        str | None, Query(pattern=_ID, description="only this, such as `key` or `key.revoke`")
    ] = None,
    before: Annotated[int | None, Query(ge=1, le=2**53, description="only older rows")] = None,
    limit: Annotated[int, Query(ge=1, le=500, description="rows on the page")] = 100,
) -> AuditPage:
    """What was done in the organisations that you manage. Rows are never changed or removed."""
    found = await asked.accounts.audit.read(
        organisations=asked.organisations(),
        actor=actor,
        action=action,
        before_id=before,
        limit=limit,
    )
    items = tuple(
        AuditItem(
            id=e.id,
            at=e.at,
            actor=e.actor,
            action=e.action,
            object=e.object,
            organisation=e.organisation,
            before=e.before,
            after=e.after,
            succeeded=e.succeeded,
            request_id=e.request_id,
            address=e.address,
            details=dict(e.details),
        )
        for e in found
    )
    return AuditPage(items=items, next_before=found[-1].id if len(found) == limit else None)

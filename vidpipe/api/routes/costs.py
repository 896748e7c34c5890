"""Costs and budgets: what was spent, what a run would cost, what may be spent."""

from __future__ import annotations

import csv
import io
from datetime import date
from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query, Response

from vidpipe.accounts.model import Action
from vidpipe.api.asked import Asked, Configures, Reads
from vidpipe.api.audited import AuditedRoute
from vidpipe.api.described import errors, text
from vidpipe.api.models import (
    DEFAULT_LIMIT,
    BudgetLimits,
    BudgetRaise,
    ChannelQuery,
    Cursor,
    Limit,
    Listed,
    VideoId,
)
from vidpipe.api.problems import ApiError, Forbidden
from vidpipe.api.repeated import Created, Key, once
from vidpipe.costs.budgets import BudgetScope, Period
from vidpipe.library import (
    BudgetView,
    CostEntryView,
    CostEstimateView,
    CostReport,
    Refused,
    ServiceView,
    VideoCosts,
)

router = APIRouter(tags=["costs"], route_class=AuditedRoute)
By = Annotated[
    Literal["day", "channel", "stage", "service", "product", "video", "job", "project", "kind"],
    Query(description="how sums are taken"),
]
First = Annotated[
    date | None, Query(alias="from", description="day (UTC); none: 29 days before `to`")
]
Last = Annotated[date | None, Query(alias="to", description="day (UTC), included; none: today")]
ScopePath = Annotated[BudgetScope, Path(description="what it is of")]
PeriodPath = Annotated[Period, Path(description="what it holds for")]
SubjectPath = Annotated[
    str,
    Path(pattern=r"^[A-Za-z0-9._*:-]{1,64}$", description="a name or an id; * of everything"),
]
_ID = r"^[A-Za-z0-9][A-Za-z0-9_.-]*$"
_COLUMNS = ("of", "outside", "local", "total", "estimate", "calls", "failed", "cached")


@router.get("/costs", summary="Get costs", responses=errors())
def get_costs(
    asked: Reads,
    by: By = "day",
    channel: ChannelQuery = None,
    first: First = None,
    last: Last = None,
    limit: Annotated[int, Query(ge=1, le=1000, description="groups at most")] = 200,
) -> CostReport:
    """What was spent over some days, 1,100 at most, and what the month will come to."""
    _sane(first, last)
    return asked.library.spending.report(
        asked.among(channel), by=by, first=first, last=last, limit=limit
    )


@router.get(
    "/costs.csv",
    summary="Get costs as CSV",
    response_class=Response,
    responses={**text("CSV", "text/csv", "day,cost,currency\n2026-01-31,1.25,USD\n"), **errors()},
)
def get_costs_csv(
    asked: Reads,
    by: By = "day",
    channel: ChannelQuery = None,
    first: First = None,
    last: Last = None,
) -> Response:
    """The same for spreadsheets: a line for each group."""
    _sane(first, last)
    found = asked.library.spending.report(
        asked.among(channel), by=by, first=first, last=last, limit=1000
    )
    file = io.StringIO()
    writer = csv.writer(file)
    writer.writerow((by, *_COLUMNS[1:], "currency"))
    for group in found.groups:
        values = group.model_dump()
        sums = [values[name] for name in _COLUMNS[1:]]
        writer.writerow([_cell(values["of"]), *sums, found.currency])
    headers = {"Content-Disposition": f'attachment; filename="costs-{found.last}.csv"'}
    return Response(file.getvalue(), media_type="text/csv; charset=utf-8", headers=headers)


def _sane(*days: date | None) -> None:
    """Days with others before and after them.

    Raises:
        Refused: one is outside of a calendar that a database takes.
    """
    if any(day is not None and not 1971 <= day.year <= 9000 for day in days):
        raise Refused("from and to: between 1971 and 9000")


def _cell(value: object) -> str:
    """A value that no spreadsheet takes for a formula."""
    text = "" if value is None else f"{value}"
    return f"'{text}" if text[:1] in "=+-@\t\r" and text[:1] else text


@router.get("/costs/entries", summary="List the ledger", responses=errors())
def list_cost_entries(
    asked: Reads,
    channel: ChannelQuery = None,
    video_id: Annotated[
        str | None, Query(max_length=64, pattern=_ID, description="only of this video")
    ] = None,
    job_id: Annotated[
        str | None, Query(max_length=40, pattern=_ID, description="only of this job")
    ] = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Listed[CostEntryView]:
    """Lines of the ledger, the newest first: every call, what was expected and what is booked."""
    page = asked.library.spending.entries(
        asked.among(channel), video_id=video_id, job_id=job_id, limit=limit, cursor=cursor
    )
    return Listed[CostEntryView](items=page.items, next_cursor=page.next_cursor, limit=limit)


@router.get("/videos/{video_id}/costs", summary="Get the costs of a video", responses=errors(404))
def get_video_costs(asked: Reads, video_id: VideoId) -> VideoCosts:
    """What a video cost until now, by stage and service, beside what was expected."""
    return asked.library.spending.of_video(asked.video(video_id))


@router.get(
    "/videos/{video_id}/costs/estimate", summary="Estimate a run of a video", responses=errors(404)
)
def get_cost_estimate(
    asked: Reads,
    video_id: VideoId,
    stages: Annotated[
        list[str] | None, Query(max_length=64, description="only these; none: what is to be made")
    ] = None,
) -> CostEstimateView:
    """What a run would cost now, stage by stage, and where that comes from. Makes nothing."""
    return asked.library.spending.estimate(asked.video(video_id), stages)


@router.get("/services", summary="List services", responses=errors())
def list_services(asked: Configures) -> Listed[ServiceView]:
    """Outside services that failed or that have quotas: whether they are called, and how much of
    each quota is used. For administrators: they are those of all channels."""
    asked.places()
    found = asked.library.spending.services()
    return Listed[ServiceView](items=found, next_cursor=None, limit=max(1, len(found)))


@router.get("/budgets", summary="List budgets", responses=errors())
def list_budgets(asked: Reads, channel: ChannelQuery = None) -> Listed[BudgetView]:
    """Where budgets stand in the period that goes on: of channels, and for whoever sees all
    channels of everything."""
    everything = channel is None and asked.channels() >= set(asked.library.engine.channels)
    found = asked.library.spending.budgets(asked.among(channel), everything=everything)
    return Listed[BudgetView](items=found, next_cursor=None, limit=max(1, len(found)))


@router.put("/budgets/{scope}/{subject}/{period}", summary="Set a budget", responses=errors(404))
def set_budget(
    asked: Configures,
    scope: ScopePath,
    subject: SubjectPath,
    period: PeriodPath,
    body: BudgetLimits,
) -> BudgetView:
    """Set the limits of one subject, in place of those of the settings. What waits tries again."""
    _allowed(asked, scope, subject)
    spending = asked.library.spending
    asked.before.append(spending.budget(scope, subject, period))
    return spending.set_budget(
        scope, subject, period, soft=body.soft, hard=body.hard, by=asked.principal.id
    )


@router.delete(
    "/budgets/{scope}/{subject}/{period}", summary="Unset a budget", responses=errors(404)
)
def unset_budget(
    asked: Configures, scope: ScopePath, subject: SubjectPath, period: PeriodPath
) -> BudgetView:
    """Have the limits of the settings again."""
    _allowed(asked, scope, subject)
    spending = asked.library.spending
    asked.before.append(spending.budget(scope, subject, period))
    return spending.unset_budget(scope, subject, period, by=asked.principal.id)


@router.post(
    "/budgets/raises",
    summary="Raise a budget for today",
    status_code=201,
    response_model=BudgetView,
    responses=errors(404),
)
def raise_budget(asked: Configures, body: BudgetRaise, key: Key = None) -> Response:
    """Allow more than a hard limit today (UTC). What waits for it goes on by itself."""
    _allowed(asked, body.scope, body.subject)

    def work() -> Created:
        made = asked.library.spending.raise_budget(
            body.scope,
            body.subject,
            body.period,
            amount=body.amount,
            reason=body.reason,
            by=asked.principal.id,
        )
        where = f"/api/v1/budgets/{body.scope}/{body.subject}/{body.period}"
        return Created(where, made)

    return once(asked, key, "POST /budgets/raises", body, work)


def _allowed(asked: Asked, scope: BudgetScope, subject: str) -> None:
    """Whether they may change what this subject may spend; of everything who may of all channels.

    Raises:
        ApiError: there is no such subject that they may see: 404.
        Forbidden: they may see it, and not change it.
    """
    library = asked.library
    channels = library.engine.channels
    if scope in (BudgetScope.DEPLOYMENT, BudgetScope.SERVICE):
        if asked.channels(Action.CONFIGURE) < set(channels):
            raise Forbidden("only who may change every channel may do this")
        if scope is BudgetScope.DEPLOYMENT and subject != "*":
            raise ApiError(404, "deployment_not_found", "of the deployment the subject is *")
        for name in channels:
            asked.channel(name)
        return
    owner = library.spending.channel_of(scope, subject)
    if owner is None or owner not in asked.channels():
        raise ApiError(404, f"{scope}_not_found", f"there is no {scope} {subject!r}")
    asked.channel(owner)

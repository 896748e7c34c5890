"""What things cost and may cost: sums of the ledger, estimates, budgets, services."""

from __future__ import annotations

import calendar
from collections.abc import Collection, Sequence
from datetime import UTC, date, timedelta
from decimal import Decimal

from vidpipe.catalog.cost_tables import BudgetRaiseRow, CostEntryRow
from vidpipe.catalog.costs import GROUPS, CostSum, Limits
from vidpipe.costs.budgets import ALL, PERIODS, Budget, BudgetScope, Period
from vidpipe.costs.money import nanos, units
from vidpipe.library.cost_views import (
    BudgetView,
    CostEntryView,
    CostEstimateView,
    CostForecast,
    CostGroup,
    CostReport,
    QuotaView,
    ServiceView,
    VideoCosts,
)
from vidpipe.library.errors import Refused, UnknownJob, UnknownVideo
from vidpipe.library.estimates import estimate_jobs, past_estimates, run_estimate
from vidpipe.library.job_costs import job_costs
from vidpipe.library.reading import PAGE, check_limit
from vidpipe.library.views import JobCosts, Page
from vidpipe.pipeline.engine import Engine

#: Days of one answer: by default, and at most.
USUAL_DAYS, MOST_DAYS = 30, 1100
#: How a sum may be taken, as whoever asks says it, and the column.
BY = {"day": "day", "video": "video_id", "job": "job_id", "project": "project_id"} | {
    name: name for name in GROUPS if not name.endswith("_id")
}
_REASON = 400


class Spending:
    """Answers of the ledger, and what may be changed about it."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    @property
    def currency(self) -> str:
        return self.engine.settings.costs.currency

    # What was spent

    def report(
        self,
        channels: Collection[str],
        *,
        by: str = "day",
        first: date | None = None,
        last: date | None = None,
        limit: int = 200,
    ) -> CostReport:
        """What was spent in these channels.

        Args:
            channels: only of these.
            by: one of `BY`.
            first: day (UTC); by default 29 days before the last.
            last: day; by default today.
            limit: groups at most; days are all there.

        Raises:
            Misconfigured: there is no such way to group, or the days are none.
        """
        if by not in BY:
            raise Refused(f"by: one of {', '.join(sorted(BY))}, not {by!r}")
        today = self.engine.accountant.clock().astimezone(UTC).date()
        last = last or today
        if first is None:
            first = last - min(timedelta(days=USUAL_DAYS - 1), last - date.min)
        if not 1 <= (last - first).days + 1 <= MOST_DAYS:
            raise Refused(f"from, to: 1 to {MOST_DAYS} days, not {(last - first).days + 1}")
        rows = self.engine.accountant.rows
        days = rows.sums("day", channels=channels, first=first, last=last, limit=MOST_DAYS)
        groups = days
        if by != "day":
            groups = rows.sums(BY[by], channels=channels, first=first, last=last, limit=limit)
        outside, local = sum(d.outside for d in days), sum(d.local for d in days)
        return CostReport(
            first=first,
            last=last,
            by=by,
            currency=self.currency,
            outside=units(outside),
            local=units(local),
            total=units(outside + local),
            groups=tuple(map(_group, groups)),
            forecast=self._forecast(channels, today),
        )

    def _forecast(self, channels: Collection[str], today: date) -> CostForecast:
        begin = today.replace(day=1)
        rows = self.engine.accountant.rows
        week = today - timedelta(days=7)
        days = rows.sums("day", channels=channels, first=min(begin, week), last=today)
        by_day = {day.of: day.outside for day in days}
        spent = sum(amount for day, amount in by_day.items() if str(day) >= begin.isoformat())
        before = [by_day.get((today - timedelta(days=k)).isoformat(), 0) for k in range(1, 8)]
        # A deployment that is younger than a week has had fewer days.
        began = min((str(day) for day in by_day), default=today.isoformat())
        count = min(7, max(1, (today - date.fromisoformat(began)).days))
        per_day = sum(before) // count if sum(before) else by_day.get(today.isoformat(), 0)
        length = calendar.monthrange(today.year, today.month)[1]
        rest = max(0, per_day - by_day.get(today.isoformat(), 0))
        left = (length - today.day) * per_day + rest
        return CostForecast(
            month=today.isoformat()[:7],
            spent=units(spent),
            per_day=units(per_day),
            forecast=units(spent + left),
        )

    def entries(
        self,
        channels: Collection[str],
        *,
        video_id: str | None = None,
        job_id: str | None = None,
        limit: int = PAGE,
        cursor: str | None = None,
    ) -> Page[CostEntryView]:
        """Lines of the ledger, the newest first.

        Raises:
            Misconfigured: the limit is out of its range, or the cursor is none of ours.
        """
        check_limit(limit)
        if cursor is not None and not (cursor.isascii() and cursor.isdigit() and len(cursor) < 18):
            raise Refused("cursor: give back one that an answer had")
        where = {"video_id": video_id, "job_id": job_id}
        rows = self.engine.accountant.rows.entries(
            limit + 1,
            channels=channels,
            where={name: value for name, value in where.items() if value is not None},
            before=int(cursor) if cursor is not None else None,
        )
        more = str(rows[limit - 1].id) if len(rows) > limit else None
        return Page(items=tuple(map(_entry, rows[:limit])), next_cursor=more)

    def of_video(self, video_id: str) -> VideoCosts:
        """What a video cost, by stage, beside what was expected.

        Raises:
            UnknownVideo: there is none of this id.
        """
        if self.engine.catalog.video(video_id) is None:
            raise UnknownVideo(video_id)
        rows = self.engine.accountant.rows
        stages = rows.sums("stage", channels=None, where={"video_id": video_id})
        outside, local = sum(s.outside for s in stages), sum(s.local for s in stages)
        return VideoCosts(
            video_id=video_id,
            currency=self.currency,
            outside=units(outside),
            local=units(local),
            total=units(outside + local),
            stages=tuple(map(_group, stages)),
            used=rows.quantities({"video_id": video_id}),
            estimates=past_estimates(self.engine, video_id=video_id),
        )

    def of_job(self, job_id: str) -> JobCosts:
        """What a job cost, and what it shares with others.

        Raises:
            UnknownJob: there is none of this id.
        """
        if self.engine.catalog.jobs.get(job_id) is None:
            raise UnknownJob(job_id)
        return job_costs(self.engine, job_id)

    # What will be spent

    def estimate(self, video_id: str, stages: Sequence[str] | None = None) -> CostEstimateView:
        """What a run would cost now, and where that comes from. Makes nothing.

        Args:
            video_id: of the video.
            stages: only these; none: whatever is to be made.

        Raises:
            UnknownVideo: there is none of this id.
            Misconfigured: there is no such stage.
        """
        return run_estimate(self.engine, video_id, stages)

    def estimate_jobs(self) -> bool:
        """Write down what jobs are expected to cost; whether there are more."""
        return estimate_jobs(self.engine)

    # What may be spent

    def budgets(
        self, channels: Collection[str], *, everything: bool = True
    ) -> tuple[BudgetView, ...]:
        """Where the budgets of these channels stand, and of everything.

        Videos, jobs and projects are there that have limits of their own.

        Args:
            channels: only of these, and of what is theirs.
            everything: also those of the deployment and of services.
        """
        own = self.engine.accountant
        at = own.clock()
        found: list[Budget] = []
        if everything:
            found += own.budgets.of({BudgetScope.DEPLOYMENT: None}, at)
        for name in sorted(channels):
            found += own.budgets.of({BudgetScope.CHANNEL: name}, at)
        seen: set[tuple[str, str]] = set()
        for row in own.rows.budgets():
            scope = BudgetScope(row.scope)
            if (
                scope in (BudgetScope.CHANNEL, BudgetScope.DEPLOYMENT)
                or (row.scope, row.subject) in seen
            ):
                continue
            seen.add((row.scope, row.subject))
            owner = self.channel_of(scope, row.subject)
            if (owner in channels) if owner is not None else everything:
                found += own.budgets.of({scope: row.subject}, at)
        return tuple(map(self._budget, found))

    def budget(self, scope: BudgetScope, subject: str, period: Period) -> BudgetView:
        """Where one budget stands.

        Raises:
            Misconfigured: there is none of such a period.
        """
        _check(scope, period)
        own = self.engine.accountant
        found = own.budgets.of({scope: subject}, own.clock())
        return next(self._budget(b) for b in found if b.period is period)

    def channel_of(self, scope: BudgetScope, subject: str) -> str | None:
        """The channel that a subject belongs to; None: it is of no single one, or not there."""
        catalog = self.engine.catalog
        if scope is BudgetScope.CHANNEL:
            return subject if subject in self.engine.channels else None
        if scope is BudgetScope.VIDEO:
            video = catalog.video(subject)
            return video.channel if video is not None else None
        if scope is BudgetScope.JOB:
            job = catalog.jobs.get(subject)
            return job.channel if job is not None else None
        if scope is BudgetScope.PROJECT:
            project = catalog.projects.get(subject)
            return project.channel if project is not None else None
        return None

    def set_budget(
        self,
        scope: BudgetScope,
        subject: str,
        period: Period,
        *,
        soft: Decimal | None,
        hard: Decimal | None,
        by: str,
    ) -> BudgetView:
        """Set the limits of one subject, in place of those of the settings.

        Raises:
            Misconfigured: there is none of such a period, or the soft one is above the hard.
        """
        _check(scope, period)
        if soft is not None and hard is not None and soft > hard:
            raise Refused("soft: it is above the hard limit, and would never be met")
        limits = Limits(_nanos("soft", soft), _nanos("hard", hard))
        self.engine.accountant.rows.set_budget(_subject(scope, subject, period), limits, by)
        return self.budget(scope, subject, period)

    def unset_budget(
        self, scope: BudgetScope, subject: str, period: Period, *, by: str
    ) -> BudgetView:
        """Have the limits of the settings again."""
        _check(scope, period)
        self.engine.accountant.rows.set_budget(_subject(scope, subject, period), None, by)
        return self.budget(scope, subject, period)

    def raise_budget(
        self,
        scope: BudgetScope,
        subject: str,
        period: Period,
        *,
        amount: Decimal,
        reason: str,
        by: str,
    ) -> BudgetView:
        """Allow more than a hard limit today (UTC); what waits for it goes on by itself.

        Raises:
            Misconfigured: there is no hard limit, the amount is none, or there is no reason.
        """
        before = self.budget(scope, subject, period)
        if before.hard is None:
            raise Refused(f"the {scope} {subject} has no hard limit: nothing is to be raised")
        if amount <= 0:
            raise Refused("amount: more than 0")
        if not 1 <= len(reason.strip()) <= _REASON:
            raise Refused(f"reason: 1 to {_REASON} characters; it is kept with the raise")
        own = self.engine.accountant
        at = own.clock()
        row = BudgetRaiseRow(
            scope=str(scope),
            subject=subject,
            period=str(period),
            day=at.astimezone(UTC).date(),
            amount=_nanos("amount", amount) or 0,
            reason=reason.strip(),
            raised_by=by,
            at=at,
        )
        owner = self.channel_of(scope, subject)
        told = [owner] if owner is not None else sorted(self.engine.channels)
        own.rows.raise_budget(row, told)
        return self.budget(scope, subject, period)

    def _budget(self, item: Budget) -> BudgetView:
        return BudgetView(
            scope=item.scope,
            subject=item.subject,
            period=item.period,
            currency=self.currency,
            soft=units(item.soft) if item.soft is not None else None,
            hard=units(item.hard) if item.hard is not None else None,
            raised=units(item.raised),
            spent=units(item.spent),
            reserved=units(item.reserved),
            left=units(item.left) if item.left is not None else None,
            until=item.until,
        )

    # Services

    def services(self) -> tuple[ServiceView, ...]:
        """Outside services that failed or that have quotas."""
        own = self.engine.accountant
        at = own.clock()
        broken = {row.service: row for row in own.breakers.all()}
        quotas: dict[str, list[QuotaView]] = {name: [] for name in broken}
        for service, quota, hold in own.services.all(at):
            if hold.window_s is not None:
                used = own.rows.used(hold.key, at - timedelta(seconds=hold.window_s))
            else:
                used = sum(own.rows.buckets([hold.key]).get(hold.key, (0, 0)))
            quotas.setdefault(service, []).append(
                QuotaView(
                    what=quota.what,
                    product=quota.product,
                    most=quota.most,
                    used=used,
                    window_s=quota.window_s,
                    until=hold.until,
                )
            )
        found = []
        for name in sorted(quotas):
            row = broken.get(name)
            found.append(
                ServiceView(
                    service=name,
                    state=row.state if row is not None else "closed",  # type: ignore[arg-type]
                    failures=row.failures if row is not None else 0,
                    retry_at=(row.retry_at or row.pause_until) if row is not None else None,
                    quotas=tuple(quotas[name]),
                )
            )
        return tuple(found)

    def reset_service(self, service: str) -> bool:
        """Call a service again at once; False where nothing kept it from being called."""
        own = self.engine.accountant
        return own.breakers.reset(service, own.clock())


def _check(scope: BudgetScope, period: Period) -> None:
    if period not in PERIODS[scope]:
        known = " or ".join(PERIODS[scope])
        raise Refused(f"a {scope} has a budget of {known}, not of {period}")


def _subject(scope: BudgetScope, subject: str, period: Period) -> tuple[str, str, str]:
    return str(scope), ALL if scope is BudgetScope.DEPLOYMENT else subject, str(period)


def _nanos(name: str, amount: Decimal | None) -> int | None:
    try:
        return nanos(amount) if amount is not None else None
    except ValueError as error:
        raise Refused(f"{name}: {error}") from error


def _group(item: CostSum) -> CostGroup:
    return CostGroup(
        of=item.of,
        outside=units(item.outside),
        local=units(item.local),
        total=units(item.outside + item.local),
        estimate=units(item.estimate),
        calls=item.calls,
        failed=item.failed,
        cached=item.cached,
    )


def _entry(row: CostEntryRow) -> CostEntryView:
    return CostEntryView(
        id=row.id,
        at=row.at,
        kind=row.kind,  # type: ignore[arg-type]  # the ledger writes no other
        outcome=row.outcome,
        service=row.service,
        product=row.product,
        amount=units(row.amount),
        estimate=units(row.estimate),
        reserved=units(row.reserved),
        currency=row.currency,
        quantities=row.quantities,
        price_id=row.price_id,
        channel=row.channel,
        stage=row.stage,
        video_id=row.video_id,
        project_id=row.project_id,
        job_id=row.job_id,
        run_id=row.run_id,
        attempt=row.attempt,
    )

"""Commands about money: what was spent, what may be, what things cost."""

from __future__ import annotations

import csv
import sys
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Annotated

import typer

from vidpipe.cli.app import app, err, guard, library, line, out, table
from vidpipe.cli.audited import changing, written_down

if TYPE_CHECKING:
    from vidpipe.costs.budgets import BudgetScope, Period
    from vidpipe.library import BudgetView, CostEstimateView, Library

budgets = typer.Typer(
    no_args_is_help=True, help="Say what may be spent: list, set, unset and raise budgets."
)


@app.command()
def costs(
    by: Annotated[
        str,
        typer.Option(help="day, channel, stage, service, product, video, job, project or kind"),
    ] = "day",
    channel: Annotated[str | None, typer.Option(help="only of this channel")] = None,
    video: Annotated[str | None, typer.Option(help="of this video, by stage")] = None,
    job: Annotated[str | None, typer.Option(help="of this job, and what it shares")] = None,
    first: Annotated[
        datetime | None,
        typer.Option("--from", formats=["%Y-%m-%d"], help="day (UTC); default 29 days before"),
    ] = None,
    last: Annotated[
        datetime | None,
        typer.Option("--to", formats=["%Y-%m-%d"], help="day (UTC), included; default today"),
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="how many groups")] = 50,
    as_csv: Annotated[bool, typer.Option("--csv", help="for spreadsheets")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="for programs")] = False,
) -> None:
    """Show what was spent: of services, and of this deployment's own work."""

    def go() -> int:
        asked = library()
        if video is not None:
            return _of_video(asked, video, as_json=as_json)
        if job is not None:
            return _of_job(asked, job, as_json=as_json)
        every = {*asked.engine.channels, *asked.engine.catalog.history.channels()}
        found = asked.spending.report(
            {channel} if channel is not None else every,
            by=by,
            first=first.date() if first is not None else None,
            last=last.date() if last is not None else None,
            limit=limit,
        )
        if as_json:
            sys.stdout.write(found.model_dump_json(indent=1) + "\n")
            return 0
        columns = ("outside", "local", "total", "estimate", "calls", "failed", "cached")
        if as_csv:
            writer = csv.writer(sys.stdout)
            writer.writerow((by, *columns, "currency"))
            for group in found.groups:
                values = [str(getattr(group, name)) for name in columns]
                writer.writerow((group.of or "", *values, found.currency))
            return 0
        shown = table(by, "services", "own work", "together", "calls", "failed", "found again")
        for group in found.groups:
            money = [_money(n) for n in (group.outside, group.local, group.total)]
            counts = [str(n) for n in (group.calls, group.failed, group.cached)]
            shown.add_row(line(group.of or "(none)"), *money, *counts)
        out.print(shown if found.groups else "Nothing was spent.")
        out.print(
            f"{found.first} to {found.last}: {_money(found.outside)} {found.currency} of services, "
            f"{_money(found.local)} of own work"
        )
        ahead = found.forecast
        out.print(
            f"{ahead.month}: {_money(ahead.spent)} until now, {_money(ahead.forecast)} by its end "
            f"if it goes on at {_money(ahead.per_day)} a day"
        )
        return 0

    raise typer.Exit(guard(go))


def _of_video(asked: Library, video_id: str, *, as_json: bool) -> int:
    found = asked.spending.of_video(video_id)
    if as_json:
        sys.stdout.write(found.model_dump_json(indent=1) + "\n")
        return 0
    shown = table("stage", "services", "own work", "expected", "calls", "failed", "found again")
    for group in found.stages:
        money = [_money(n) for n in (group.outside, group.local, group.estimate)]
        counts = [str(n) for n in (group.calls, group.failed, group.cached)]
        shown.add_row(group.of or "", *money, *counts)
    out.print(shown)
    for name, used in found.used.items():
        out.print(f"{name}: {', '.join(f'{amount} {what}' for what, amount in used.items())}")
    for past in found.estimates:
        off = f", off by {past.off:.0%}" if past.off is not None else ""
        expected = f"{_money(past.estimate)}{_between(past.low, past.high)}"
        together = f", {_money(past.shared)} of it shared" if past.shared else ""
        anew = f" once {past.passages} passages were chosen" if past.after is not None else ""
        out.print(f"{past.at:%Y-%m-%d %H:%M}: expected{anew} {expected}{off}{together}")
    out.print(f"together {_money(found.total)} {found.currency}")
    return 0


def _of_job(asked: Library, job_id: str, *, as_json: bool) -> int:
    found = asked.spending.of_job(job_id)
    if as_json:
        sys.stdout.write(found.model_dump_json(indent=1) + "\n")
        return 0
    shown = table("", "services", "own work", "together")
    shown.add_row("its own", *map(_money, (found.outside, found.local, found.total)))
    for one in found.shared:
        whose = f"job {one.job_id}" if one.job_id is not None else "a run without a job"
        sums = (one.outside, one.local, one.total)
        shown.add_row(f"shared with {whose}", *map(_money, sums))
    out.print(shown)
    if found.shared:
        out.print("What is shared is in no sum of this job: it is booked for the other.")
    return 0


def say_estimate(found: CostEstimateView) -> None:
    """What a run would cost, and where that comes from."""
    if not found.stages:
        return
    shown = table("would cost", "services", "own work", "by")
    for stage in found.stages:
        shown.add_row(stage.stage, _money(stage.outside), _money(stage.local), line(stage.basis))
    out.print(shown)
    out.print(
        f"together about {_money(found.total)} {found.currency}{_between(found.low, found.high)}: "
        f"{_money(found.outside)} of services, {_money(found.local)} of own work"
    )


def _between(low: Decimal | None, high: Decimal | None) -> str:
    """What a sum may come to; nothing where nobody knows, or it is one amount."""
    if low is None or high is None or _money(low) == _money(high):
        return ""
    return f" ({_money(low)} to {_money(high)})"


def _money(amount: Decimal) -> str:
    """To a hundredth of a cent; less than that exactly."""
    return f"{amount:f}" if amount and abs(amount) < Decimal("0.0001") else f"{amount:.4f}"


@app.command()
def prices() -> None:
    """List what services and own work cost here: by which list, of which day."""

    def go() -> int:
        asked = library()
        own = asked.engine.accountant
        shown = table("service", "product", "price", "list", "source")
        for price in own.prices.listed:
            rates = ", ".join(f"{name} {rate}" for name, rate in price.written.items())
            shown.add_row(price.service, price.product, rates, price.version, price.source)
        out.print(shown)
        used = table("used since", "service", "product", "price", "list")
        for row in own.rows.prices():
            rates = ", ".join(f"{name} {rate}" for name, rate in row.rates.items())
            used.add_row(f"{row.at:%Y-%m-%d}", row.service, row.product, rates, row.version)
        if used.row_count:
            out.print(used)
        return 0

    raise typer.Exit(guard(go))


@app.command()
def services(
    reset: Annotated[
        str | None, typer.Option(help="call this service again at once, though it failed")
    ] = None,
) -> None:
    """Show outside services that failed or have quotas: whether they are called, what is used."""

    def go() -> int:
        asked = library()
        if reset is not None:
            with changing(asked):
                done = asked.spending.reset_service(reset)
                written_down(asked, "service.reset", [(f"services/{reset}", None)], done=done)
            out.print("it is called again" if done else "nothing kept it from being called")
            return 0
        shown = table("service", "", "failures", "until", "quotas")
        for item in asked.spending.services():
            quotas = ", ".join(f"{q.used} of {q.most} {q.what}" for q in item.quotas)
            until = f"{item.retry_at:%Y-%m-%d %H:%M:%S}" if item.retry_at else ""
            shown.add_row(line(item.service), item.state, str(item.failures), until, quotas)
        out.print(shown)
        return 0

    raise typer.Exit(guard(go))


app.add_typer(budgets, name="budgets")
ScopeArgument = Annotated[
    str,
    typer.Argument(metavar="SCOPE", help="video, job, project, channel, service or deployment"),
]
SubjectArgument = Annotated[
    str, typer.Argument(metavar="SUBJECT", help="its id or name; '*' of the deployment")
]
PeriodArgument = Annotated[str, typer.Argument(metavar="PERIOD", help="total, day or month")]


@budgets.command("list")
def list_budgets(
    channel: Annotated[str | None, typer.Option(help="only of this channel")] = None,
) -> None:
    """Show where budgets stand in the period that goes on."""

    def go() -> int:
        asked = library()
        names = {channel} if channel is not None else set(asked.engine.channels)
        _say(*asked.spending.budgets(names, everything=channel is None))
        waiting = asked.engine.catalog.requests.count_waiting()
        if waiting:
            out.print(f"{waiting} runs wait for a budget or a quota")
        return 0

    raise typer.Exit(guard(go))


@budgets.command("set")
def set_budget(
    scope: ScopeArgument,
    subject: SubjectArgument,
    period: PeriodArgument,
    soft: Annotated[str | None, typer.Option(help="whoever passes it is notified")] = None,
    hard: Annotated[str | None, typer.Option(help="no call is made that might pass it")] = None,
) -> None:
    """Set the limits of one subject, in place of those of the settings."""

    def go() -> int:
        asked = library()
        whose, when = _budget(scope, period)
        _known(asked, whose, subject)
        with changing(asked):
            made = asked.spending.set_budget(
                whose, subject, when, soft=_amount(soft), hard=_amount(hard), by="command line"
            )
            _note(asked, "budget.set", made, soft=soft, hard=hard)
        _say(made)
        return 0

    raise typer.Exit(guard(go))


@budgets.command("unset")
def unset_budget(scope: ScopeArgument, subject: SubjectArgument, period: PeriodArgument) -> None:
    """Have the limits of the settings again."""

    def go() -> int:
        asked = library()
        whose, when = _budget(scope, period)
        with changing(asked):
            made = asked.spending.unset_budget(whose, subject, when, by="command line")
            _note(asked, "budget.unset", made)
        _say(made)
        return 0

    raise typer.Exit(guard(go))


@budgets.command("raise")
def raise_budget(
    scope: ScopeArgument,
    subject: SubjectArgument,
    period: PeriodArgument,
    amount: Annotated[str, typer.Argument(metavar="AMOUNT", help="beside the hard limit")],
    reason: Annotated[str, typer.Option(help="why; it is kept with the raise")],
) -> None:
    """Allow more than a hard limit today (UTC); what waits for it goes on by itself."""

    def go() -> int:
        asked = library()
        whose, when = _budget(scope, period)
        _known(asked, whose, subject)
        before = asked.engine.catalog.requests.count_waiting()
        with changing(asked):
            made = asked.spending.raise_budget(
                whose,
                subject,
                when,
                amount=_amount(amount) or Decimal(0),
                reason=reason,
                by="command line",
            )
            _note(asked, "budget.raise", made, amount=amount, reason=reason)
        _say(made)
        if before:
            out.print(f"{before} runs that waited try again")
        return 0

    raise typer.Exit(guard(go))


def _budget(scope: str, period: str) -> tuple[BudgetScope, Period]:
    from vidpipe.costs.budgets import BudgetScope, Period
    from vidpipe.library import Refused

    try:
        return BudgetScope(scope), Period(period)
    except ValueError as error:
        known = f"{', '.join(BudgetScope)}; {', '.join(Period)}"
        raise Refused(f"{error}: there are {known}") from error


def _known(asked: Library, scope: BudgetScope, subject: str) -> None:
    from vidpipe.costs.budgets import BudgetScope
    from vidpipe.library import Unknown

    alone = scope in (BudgetScope.DEPLOYMENT, BudgetScope.SERVICE)
    if not alone and asked.spending.channel_of(scope, subject) is None:
        raise Unknown(f"there is no {scope} {subject!r}")


def _amount(text: str | None) -> Decimal | None:
    from vidpipe.library import Refused

    if text is None:
        return None
    try:
        return Decimal(text)
    except InvalidOperation as error:
        raise Refused(f"{text!r} is no amount of money, such as 12.50") from error


def _note(asked: Library, action: str, made: BudgetView, **details: str | None) -> None:
    what = f"budgets/{made.scope}/{made.subject}/{made.period}"
    owner = asked.spending.channel_of(made.scope, made.subject)
    written_down(asked, action, [(what, owner)], **details)


def _say(*found: BudgetView) -> None:
    shown = table("budget", "", "soft", "hard", "spent", "held", "left", "until")
    for item in found:
        limits = [_money(n) if n is not None else "" for n in (item.soft, item.hard)]
        left = _money(item.left) if item.left is not None else ""
        until = f"{item.until:%Y-%m-%d}" if item.until is not None else ""
        shown.add_row(
            f"{item.scope} {line(item.subject)}",
            item.period,
            *limits,
            _money(item.spent),
            _money(item.reserved),
            left,
            until,
        )
    out.print(shown)
    if not any(item.hard is not None or item.soft is not None for item in found):
        err.print("no limit is set: `vidpipe budgets set`, or VIDPIPE_BUDGETS__*", style="yellow")

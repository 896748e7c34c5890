"""What a message says: what happened, to which video, why, what to do, and where more is said."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote

from vidpipe.catalog.notice_kinds import NoticeLevel
from vidpipe.catalog.notice_tables import NoticeGroupRow
from vidpipe.catalog.notices import EXAMPLES
from vidpipe.observability import redact
from vidpipe.untrusted import cleaned

SIGNS = {
    NoticeLevel.INFO: "ℹ️",
    NoticeLevel.WARNING: "⚠️",
    NoticeLevel.ERROR: "❌",
    NoticeLevel.CRITICAL: "🚨",
}
_OVER = "✅"
#: Causes that one message says in full; of more it gives counts.
_IN_FULL = 12
#: Characters of a message: what Slack, Teams and mail take, and what anybody reads.
_MOST = 12_000
_MOST_OF_ONE = 300


@dataclass(frozen=True)
class Kind:
    """How a kind of notice is told.

    Attributes:
        one: what happened, once.
        many: the same of several, with `{n}`.
        over: what is said when it is over.
        todo: what to do.
        section: of the runbook, as a link names it.
    """

    one: str
    many: str
    over: str
    todo: str
    section: str


KINDS: dict[str, Kind] = {
    "video.failed": Kind(
        "A video was given up",
        "{n} videos were given up",
        "No video is given up for this cause any more",
        "See `vidpipe failures`; once the cause is gone: `vidpipe failures --cause {cause} "
        "--retry-all`",
        "a-video-was-given-up",
    ),
    "upload.failed": Kind(
        "An upload was given up",
        "{n} uploads were given up",
        "No upload is given up for this cause any more",
        "It is still in the drop folder. See `vidpipe failures`, then `vidpipe failures --cause "
        "{cause} --retry-all`",
        "an-upload-was-given-up",
    ),
    "upload.rejected": Kind(
        "An upload was rejected",
        "{n} uploads were rejected",
        "",
        "It is the file: tell its owner; a file that is repaired is taken in when it is dropped "
        "again. `vidpipe status` lists what lies in quarantine",
        "an-upload-was-rejected",
    ),
    "job.failed": Kind(
        "A job failed",
        "{n} jobs failed",
        "",
        "Look at the link: is it public, and a recording? Retry the job with POST "
        "/api/v1/jobs/{{job_id}}/retry",
        "a-job-failed",
    ),
    "webhook.failed": Kind(
        "A webhook was given up",
        "{n} deliveries of a webhook were given up",
        "",
        "See `vidpipe webhooks deliveries {cause} --failed`; when the endpoint is repaired: "
        "`vidpipe webhooks replay {cause} --since TIME`",
        "a-webhook-was-given-up",
    ),
    "webhook.disabled": Kind(
        "A webhook was disabled",
        "{n} webhooks were disabled",
        "",
        "Repair the endpoint, then `vidpipe webhooks disable {cause} --enable` and replay what "
        "failed",
        "a-webhook-was-given-up",
    ),
    "post.failed": Kind(
        "A post was given up",
        "{n} posts were given up",
        "",
        "See `vidpipe posts show {{post_id}}`; once the cause is gone: `vidpipe posts retry "
        "{{post_id}}`",
        "a-post-was-given-up",
    ),
    "post.uncertain": Kind(
        "A post may be public or not",
        "{n} posts may be public or not",
        "",
        "Look at the account, then say so: `vidpipe posts decide {{post_id}} --posted` or "
        "`--not-posted`",
        "a-post-was-given-up",
    ),
    "post.held": Kind(
        "A post is held",
        "{n} posts are held",
        "",
        "Connect the account again, or change the post: `vidpipe posts show {{post_id}}`",
        "a-post-was-given-up",
    ),
    "process.lost": Kind(
        "A worker is gone",
        "{n} workers are gone",
        "",
        "Others go on with its work. Look at its log and its memory if it happens again",
        "no-heartbeat",
    ),
    "worker.silent": Kind(
        "No worker is alive",
        "No worker is alive",
        "A worker is alive again",
        "Start `vidpipe worker` or `vidpipe serve` again: webhooks, downloads and messages wait "
        "for it",
        "no-heartbeat",
    ),
    "coordinator.silent": Kind(
        "The coordinator of runs is silent",
        "The coordinator of runs is silent",
        "The coordinator of runs is alive again",
        "Start the Dagster daemon again: no run begins before",
        "no-heartbeat",
    ),
    "processor.failing": Kind(
        "A service cannot process what is due",
        "{n} services cannot process what is due",
        "The service processes again, or was stopped",
        "See what its log says last, and try `vidpipe process` there: nothing begins before",
        "nothing-can-be-processed",
    ),
    "disk.low": Kind(
        "A disk is nearly full",
        "A disk is nearly full",
        "There is room on the disk again",
        "No run begins before there is room: `vidpipe retention` says what may be removed",
        "a-disk-is-nearly-full",
    ),
    "quota.exhausted": Kind(
        "A quota is used up",
        "Quotas are used up",
        "There is quota again",
        "What needs it waits until it is renewed; raise it at the provider if that is too late",
        "a-quota-is-used-up",
    ),
    "budget.warned": Kind(
        "A budget is nearly spent",
        "Budgets are nearly spent",
        "The budget has room again",
        "See `vidpipe costs`; at its hard limit nothing new that costs begins",
        "a-budget-is-spent",
    ),
    "budget.exceeded": Kind(
        "A budget is spent",
        "Budgets are spent",
        "The budget has room again",
        "Nothing new that costs begins before it is raised or its period ends: `vidpipe costs`",
        "a-budget-is-spent",
    ),
    "service.away": Kind(
        "An outside service is away",
        "Outside services are away",
        "The outside service answers again",
        "What needs it waits and is tried again by itself; look at the provider's status page",
        "an-outside-service-is-away",
    ),
    "account.broken": Kind(
        "An account at a platform must be connected again",
        "Accounts at platforms must be connected again",
        "The account is connected again",
        "Connect it in the studio, or with `vidpipe accounts connect CHANNEL PLATFORM`: its posts "
        "wait until then",
        "an-account-must-be-connected-again",
    ),
    "account.ending": Kind(
        "What an account allowed ends soon",
        "What {n} accounts allowed ends soon",
        "",
        "Connect it again before, in the studio or with `vidpipe accounts connect CHANNEL "
        "PLATFORM`",
        "an-account-must-be-connected-again",
    ),
    "test": Kind(
        "This is a test",
        "This is a test",
        "",
        "Nothing: whoever reads this is told of what goes wrong",
        "what-people-are-told",
    ),
}

#: What to do about a cause, where that says more than its kind.
_TODO = (
    ("rejected:", "It is the file: tell its owner. A changed file, or a sidecar, runs it again"),
    (
        "unavailable",
        "Something outside did not answer for an hour and a half: the store, the catalog, a "
        "server. See that it runs, then `vidpipe failures --cause {cause} --retry-all`",
    ),
    (
        "os:ENOSPC",
        "A disk is full: make room (`vidpipe retention`), then `vidpipe failures --cause {cause} "
        "--retry-all`",
    ),
    (
        "worker_lost",
        "Its process was killed again and again: see the limit of memory, then `vidpipe failures "
        "--cause {cause} --retry-all`",
    ),
    (
        "misconfigured",
        "Repair the setting (`vidpipe check`), then `vidpipe failures --cause {cause} --retry-all`",
    ),
    ("cancelled", "Somebody ended it: retry it when you want it"),
    (
        "unexpected:",
        "This is a bug: the log of the run has its traceback. Retry it after the next version",
    ),
)


@dataclass(frozen=True)
class NoticeMessage:
    """One message, as it is sent."""

    title: str
    text: str
    level: NoticeLevel


@dataclass(frozen=True)
class Places:
    """Where links lead; empty where that is not known.

    Attributes:
        service: of `vidpipe serve`.
        runbook: of the document.
        orchestrator: of the Dagster UI.
    """

    service: str = ""
    runbook: str = ""
    orchestrator: str = ""

    def of(self, kind: str, subject: str) -> str:
        """Where something is looked at."""
        if not self.service:
            return ""
        base = self.service.rstrip("/")
        if kind == "video.failed" and "/" not in subject and subject:
            return f"{base}/videos/{quote(subject)}"
        if kind.startswith("account."):
            return f"{base}/studio/accounts"
        return f"{base}/status"

    def run(self, run_id: str) -> str:
        """Where a run of the orchestrator is looked at."""
        if not self.orchestrator or not run_id:
            return ""
        return f"{self.orchestrator.rstrip('/')}/runs/{quote(run_id)}"

    def section(self, name: str) -> str:
        """A section of the runbook."""
        return f"{self.runbook}#{name}" if self.runbook else ""


def message(groups: Sequence[NoticeGroupRow], places: Places) -> NoticeMessage:
    """One message of all that a target is told now, what matters most first."""
    ranked = sorted(groups, key=lambda g: (-_level(g).rank, -g.untold, g.group_id))
    if len(ranked) == 1:
        group = ranked[0]
        title = f"{_sign(group)} {_headline(group)}"
        return NoticeMessage(title, "\n".join(_lines(group, places)), _level(group))
    news = sum(group.untold for group in ranked)
    ended = sum(1 for group in ranked if not group.untold)
    title = f"{_sign(ranked[0])} vidpipe: {news} things went wrong, of {len(ranked) - ended} causes"
    if not news:
        title = f"{_OVER} vidpipe: {ended} causes are over"
    parts = []
    for group in ranked[:_IN_FULL]:
        parts.append(f"{_sign(group)} {_headline(group)}")
        parts += [*_lines(group, places), ""]
    rest = ranked[_IN_FULL:]
    if rest:
        parts.append(f"And {len(rest)} causes more:")
        parts += [f"{_sign(group)} {_headline(group)}" for group in rest]
    return NoticeMessage(title, _short("\n".join(parts).rstrip()), _level(ranked[0]))


def _level(group: NoticeGroupRow) -> NoticeLevel:
    # What is over is good news.
    return NoticeLevel(group.level) if group.untold else NoticeLevel.INFO


def _sign(group: NoticeGroupRow) -> str:
    return SIGNS[NoticeLevel(group.level)] if group.untold else _OVER


def _headline(group: NoticeGroupRow) -> str:
    known = KINDS[group.kind]
    where = f"{safe(group.channel)}: " if group.channel else ""
    if not group.untold:
        return f"{where}{known.over or 'It is over'}{_cause(group)}"
    said = known.one if group.untold == 1 else known.many.format(n=group.untold)
    return f"{where}{said}{_cause(group)}"


def _cause(group: NoticeGroupRow) -> str:
    return f" ({safe(group.cause)})" if group.cause else ""


def _lines(group: NoticeGroupRow, places: Places) -> list[str]:
    known = KINDS[group.kind]
    if not group.untold:
        since = f" since {_clock(group.began_at)}" if group.began_at else ""
        return [f"You were told of {group.told}{since}."]
    lines = []
    for example in group.examples[:EXAMPLES]:
        lines += _example(group.kind, example, places)
    more = group.untold - len(group.examples[:EXAMPLES])
    if more > 0:
        lines.append(f"… and {more} more")
    if group.told:
        lines.append(f"{group.told} were told before, since {_clock(group.began_at)}.")
    lines.append(f"What to do: {todo_of(group.kind, group.cause)}.")
    section = places.section(known.section)
    if section:
        lines.append(f"Runbook: {section}")
    if group.over_at is not None:
        lines.append(f"{_OVER} {known.over or 'It is over'} since {_clock(group.over_at)}.")
    return lines


def _example(kind: str, example: Mapping[str, Any], places: Places) -> list[str]:
    subject, name = safe(str(example.get("subject", ""))), safe(str(example.get("name", "")))
    what = f"{name} [{subject}]" if name and subject and name != subject else subject or name
    where = f" at {safe(str(example['stage']))}" if example.get("stage") else ""
    attempts = int(example.get("attempts") or 0)
    tries = f", after {attempts} tries" if attempts > 1 else ""
    why = safe(redact.clean(str(example.get("message", ""))))
    if len(why) > _MOST_OF_ONE:
        why = f"{why[: _MOST_OF_ONE - 2]} …"
    head = f"• {what}{where}{tries}" if what else "•"
    lines = [f"{head}: {why}" if why else head]
    link = places.of(kind, str(example.get("subject", "")))
    if link:
        lines.append(f"  {link}")
    run = places.run(str(example.get("run_id") or ""))
    if run:
        lines.append(f"  its run: {run}")
    return lines


def todo_of(kind: str, cause: str) -> str:
    """What to do about something, by its kind and its cause."""
    known = KINDS[kind]
    if known.section in ("a-video-was-given-up", "an-upload-was-given-up"):
        for begins, todo in _TODO:
            if cause.startswith(begins):
                return todo.replace("{cause}", safe(cause))
    return known.todo.replace("{{", "{").replace("}}", "}").replace("{cause}", safe(cause))


def safe(text: str | None) -> str:
    """A stranger's words on one line, which mention nobody and lead nowhere."""
    plain = " ".join(cleaned(text or "").split())
    # A character without width takes from chats what they would make of it.
    return plain.replace("@", "@\u200b").replace("://", ":\u200b//")


def _clock(at: datetime | None) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC" if at is not None else "a while ago"


def _short(text: str) -> str:
    return text if len(text) <= _MOST else f"{text[: _MOST - 2]} …"

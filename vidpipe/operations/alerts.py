"""Telling somebody of dead letters: grouped, not too often, in time."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from vidpipe.catalog.catalog import Catalog
from vidpipe.catalog.tables import FailureRow
from vidpipe.errors import Unavailable
from vidpipe.observability import events
from vidpipe.settings import AlertOptions

_EXAMPLES = 3
_TIMEOUT_S = 10.0


@dataclass(frozen=True)
class AlertGroup:
    """Dead letters of one cause and channel."""

    cause: str
    channel: str
    rows: tuple[FailureRow, ...]

    @property
    def name(self) -> str:
        return f"{self.cause} in {self.channel}"


def grouped(rows: Sequence[FailureRow]) -> list[AlertGroup]:
    """By cause and channel, the largest first."""
    found: dict[tuple[str, str], list[FailureRow]] = {}
    for row in rows:
        found.setdefault((row.cause, row.channel), []).append(row)
    groups = [AlertGroup(cause, channel, tuple(items)) for (cause, channel), items in found.items()]
    return sorted(groups, key=lambda g: (-len(g.rows), g.name))


def tell(
    catalog: Catalog,
    options: AlertOptions,
    told: Mapping[str, float],
    *,
    ui_url: str = "",
    at_s: float | None = None,
) -> tuple[dict[str, float], list[AlertGroup]]:
    """Tell of what nobody was told of; when each group was told last, and what was told now.

    All groups go in one message. A group that was told of less than `min_interval_s` ago waits and
    gathers what comes in between. What could not be sent stays untold.

    Raises:
        Unavailable: the webhook does not answer; the message does not show its address.
    """
    at_s = time.time() if at_s is None else at_s
    recent = {name: when for name, when in told.items() if at_s - when < options.min_interval_s}
    due = [g for g in grouped(catalog.failures.unnotified()) if g.name not in recent]
    if not due:
        return recent, []
    try:
        send(options, message(due, options.format, ui_url))
    except Unavailable as error:
        events.warning("alert_delivery_failed", groups=len(due), message=str(error))
        raise
    events.info("alert_delivery_done", groups=len(due))
    catalog.failures.said([row.id for group in due for row in group.rows])
    return {**recent, **{g.name: at_s for g in due}}, due


def message(groups: Sequence[AlertGroup], form: str, ui_url: str) -> dict[str, Any]:
    """What is sent: Slack's `text` and `blocks`, or everything as it is."""
    count = sum(len(g.rows) for g in groups)
    title = f"vidpipe: {count} {'upload or video' if count == 1 else 'uploads or videos'} given up"
    if form == "json":
        return {"title": title, "groups": [_plain(g, ui_url) for g in groups]}
    sections = [
        {"type": "section", "text": {"type": "mrkdwn", "text": _slack(group, ui_url)[:2900]}}
        for group in groups[:40]
    ]
    header = {"type": "header", "text": {"type": "plain_text", "text": title}}
    return {"text": title, "blocks": [header, *sections]}


def _plain(group: AlertGroup, ui_url: str) -> dict[str, Any]:
    return {
        "cause": group.cause,
        "channel": group.channel,
        "count": len(group.rows),
        "examples": [
            {
                "subject": row.subject,
                "stage": row.stage,
                "attempts": row.attempts,
                "message": row.message,
                "run": run_link(ui_url, row.run_id),
            }
            for row in group.rows[:_EXAMPLES]
        ],
    }


def _slack(group: AlertGroup, ui_url: str) -> str:
    lines = [f"*{len(group.rows)}x {_escaped(group.name)}*"]
    for row in group.rows[:_EXAMPLES]:
        link = run_link(ui_url, row.run_id)
        name = f"<{link}|{_escaped(row.subject)}>" if link else f"`{_escaped(row.subject)}`"
        where = f" at {row.stage}" if row.stage else ""
        lines.append(f"• {name}{where}: {_escaped(row.message[:300])}")
    more = len(group.rows) - _EXAMPLES
    if more > 0:
        lines.append(f"and {more} more: `vidpipe failures --cause {group.cause}`")
    return "\n".join(lines)


def _escaped(text: str) -> str:
    """A name somebody gave a file must not become a mention or a link."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def run_link(ui_url: str, run_id: str) -> str:
    """A run in the Dagster UI; empty where either is not known."""
    return f"{ui_url.rstrip('/')}/runs/{run_id}" if ui_url and run_id else ""


def send(options: AlertOptions, payload: Mapping[str, Any]) -> None:
    """POST as JSON.

    Raises:
        Unavailable: no answer, or not one that says yes.
    """
    asked = urllib.request.Request(
        options.url.get_secret_value(),
        data=json.dumps(payload).encode(),
        headers={"Content-Type": "application/json", "User-Agent": "vidpipe"},
    )
    try:
        with urllib.request.urlopen(asked, timeout=_TIMEOUT_S):
            return
    except urllib.error.HTTPError as error:
        raise Unavailable(f"the alert webhook answers {error.code}") from None
    except (OSError, ValueError) as error:
        # The address is a secret, and urllib's errors may show it.
        raise Unavailable(f"the alert webhook cannot be reached: {type(error).__name__}") from None

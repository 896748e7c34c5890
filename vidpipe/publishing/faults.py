"""What a platform's refusals mean: tables of codes, each with what helps and words for a person."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from vidpipe.publishing.calls import Arrival, Reply
from vidpipe.publishing.model import Fault, Remedy
from vidpipe.webhooks.sending import retry_after_s

Until = Literal["", "pacific_midnight", "utc_midnight"]

#: The longest that a platform is obeyed when it asks to be left alone.
LONGEST_WAIT_S = 86_400.0
#: How long after a 429 that names no time.
UNNAMED_WAIT_S = 900.0
_PACIFIC = "America/Los_Angeles"


@dataclass(frozen=True)
class FaultRule:
    """What one code means.

    Attributes:
        words: what happened, why, what to do.
        wait_s: of WAIT: how long where the answer names no time.
        until: of WAIT: a time of day in its place.
    """

    remedy: Remedy
    words: str
    wait_s: float = UNNAMED_WAIT_S
    until: Until = ""


#: What a status means where a platform's table does not know the code.
BY_STATUS: Mapping[int, FaultRule] = {
    400: FaultRule(
        Remedy.FIX,
        "The platform does not take this post as it is: look at its texts and its file, and "
        "change them.",
    ),
    401: FaultRule(Remedy.REFRESH, "The access token is not valid any more."),
    403: FaultRule(
        Remedy.GIVE_UP,
        "The account or this application may not do this: look at what the account may do "
        "there, or connect it again and allow all that is asked.",
    ),
    404: FaultRule(
        Remedy.GIVE_UP,
        "What this refers to is not there at the platform: look at the account, and post it "
        "again if it is missing.",
    ),
    408: FaultRule(Remedy.LOOK, "The platform waited too long for the request."),
    409: FaultRule(Remedy.LOOK, "The platform has something in the way of this."),
    410: FaultRule(
        Remedy.GIVE_UP,
        "What this refers to is gone at the platform: look at the account, and post it again "
        "if it is missing.",
    ),
    411: FaultRule(
        Remedy.GIVE_UP,
        "The platform wants a length that was not sent: report this as a fault of vidpipe.",
    ),
    413: FaultRule(
        Remedy.FIX,
        "The file is larger than the platform takes: take a smaller export, or a shorter clip.",
    ),
    415: FaultRule(
        Remedy.FIX, "The platform does not take files of this kind: take another export."
    ),
    422: FaultRule(
        Remedy.FIX,
        "The platform does not take this post as it is: look at its texts and its file, and "
        "change them.",
    ),
    429: FaultRule(Remedy.WAIT, "The platform asks for a pause: too many requests."),
}
_AGAIN = FaultRule(Remedy.LOOK, "The platform failed for the moment.")
_REFUSED = FaultRule(
    Remedy.GIVE_UP, "The platform refused this: look at the account there, and try it again."
)
#: What the guard of addresses says no to, a person has to change.
_ADDRESS = FaultRule(
    Remedy.FIX,
    "The address leads where vidpipe does not send anything: give the account an address "
    "that is public.",
)


def rule_of(reply: Reply, codes: Iterable[str], table: Mapping[str, FaultRule]) -> FaultRule:
    """What an answer that is no success means: its most telling code, else its status."""
    if reply.arrival is not Arrival.ANSWERED:
        return _ADDRESS if reply.why.startswith("address_") else _AGAIN
    for code in codes:
        if code in table:
            return table[code]
    if reply.status >= 500:
        return _AGAIN
    return BY_STATUS.get(reply.status, _REFUSED)


def fault_of(
    reply: Reply, codes: Iterable[str], table: Mapping[str, FaultRule], now: datetime
) -> Fault:
    """The fault that an answer tells of.

    Args:
        reply: no success.
        codes: what the platform calls it, the most telling first.
        table: of the platform.
        now: for times until which to wait.
    """
    named = list(codes)
    rule = rule_of(reply, named, table)
    own = [c for c in named if ":" not in c]
    code = next((c for c in named if c in table), own[0] if own else "")
    code = code or reply.why or f"http_{reply.status}"
    until = wait_until(reply, rule, now) if rule.remedy is Remedy.WAIT else None
    return Fault(code=code, remedy=rule.remedy, words=rule.words, until=until)


def unread(fault: Fault) -> Fault:
    """The fault of a look that was refused: it says nothing of the post, which is looked again."""
    words = f"What became of the post could not be read. {fault.words}"
    return fault.model_copy(update={"remedy": Remedy.LOOK, "words": words})


def names_time(reply: Reply) -> bool:
    """Whether an answer says how long to wait."""
    return bool(reply.header("retry-after") or reply.header("x-rate-limit-reset"))


def wait_until(reply: Reply, rule: FaultRule, now: datetime) -> datetime:
    """When it may go on: what the answer names, else what the rule does."""
    named = retry_after_s(reply.header("retry-after"))
    if named is None:
        named = _reset_s(reply.header("x-rate-limit-reset"), now)
    if named is not None:
        return now + timedelta(seconds=min(max(named, 1.0), LONGEST_WAIT_S))
    if rule.until:
        return midnight_after(now, _PACIFIC if rule.until == "pacific_midnight" else "UTC")
    return now + timedelta(seconds=rule.wait_s)


def _reset_s(header: str, now: datetime) -> float | None:
    """Seconds until a time that is named in Unix seconds."""
    if not (header.isascii() and header.isdecimal() and len(header) < 12):
        return None
    return float(header) - now.timestamp()


def midnight_after(now: datetime, zone: str) -> datetime:
    """The next midnight in a time zone, in UTC."""
    there = now.astimezone(ZoneInfo(zone))
    tomorrow = (there + timedelta(days=1)).date()
    midnight = datetime(tomorrow.year, tomorrow.month, tomorrow.day, tzinfo=ZoneInfo(zone))
    return midnight.astimezone(UTC)

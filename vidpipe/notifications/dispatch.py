"""Notices are given to targets, gathered there, and sent until they are taken."""

from __future__ import annotations

import random
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial

from vidpipe.catalog.notice_kinds import NoticeLevel
from vidpipe.catalog.notice_tables import NoticeGroupRow
from vidpipe.catalog.notices import NoticeRows, Pace
from vidpipe.catalog.tables import now
from vidpipe.errors import Misconfigured, Unavailable, retryable
from vidpipe.notifications.options import NotifyOptions
from vidpipe.notifications.sending import Sender
from vidpipe.notifications.words import Places, message
from vidpipe.observability import events

#: Notices that are given to targets before others get their turn.
_PORTION = 50
#: Targets that one process sends to at the same time: a slow one leaves room to the others.
_AT_ONCE = 4
#: Seconds between tries, from the first on; the last of them again and again.
RETRY_DELAYS_S = (5.0, 15.0, 30.0, 60.0, 120.0, 300.0)
_JITTER = 0.1


class Notifier:
    """The chores of telling people; several processes have one each over the same catalog.

    Args:
        rows: what is to be told.
        options: who is told, and how often.
        sender: hands messages over.
        places: where links in messages lead.
    """

    def __init__(
        self, rows: NoticeRows, options: NotifyOptions, sender: Sender, places: Places
    ) -> None:
        self._rows = rows
        self._options = options
        self._sender = sender
        self._places = places
        self._pace = Pace(options.group_s, options.repeat_s)
        self._busy: set[str] = set()
        self._lock = threading.Lock()

    def give(self) -> bool:
        """Give notices to the targets that want them; whether there is more."""
        notices = self._rows.notices.claim(_PORTION)
        for notice in notices:
            level = NoticeLevel(notice.level)
            targets = self._options.told(notice.kind, level, notice.channel, over=notice.over)
            self._rows.give(notice, targets, self._pace)
        return len(notices) == _PORTION

    def send(self) -> bool:
        """Send what is due, one message a target; whether anything was due."""
        waiting = self._rows.due_targets(self._options.active)
        with self._lock:
            targets = [target for target in waiting if target not in self._busy]
            self._busy.update(targets)
        if not targets:
            return False
        try:
            with ThreadPoolExecutor(min(_AT_ONCE, len(targets))) as pool:
                list(pool.map(self._send_to, targets))
        finally:
            with self._lock:
                self._busy.difference_update(targets)
        return True

    def end_resolved(self) -> None:
        """Say what is over because nothing of it is left."""
        self._rows.end_resolved(self._pace)

    def tidy(self) -> bool:
        """Remove what is old; whether there is more."""
        before = now() - timedelta(days=self._options.keep_days)
        return self._rows.remove_old(before, self._options.targets)

    def _send_to(self, name: str) -> None:
        """Send to one target; what cannot be written down is tried again when its lease ends."""
        try:
            groups = self._rows.claim(name, self._pace)
            if groups:
                self._hand_over(name, groups)
        except Exception as error:
            if retryable(error):
                events.warning("notification_delivery_deferred", target=name, message=str(error))
            else:
                events.error("notification_delivery_broken", target=name, cause=error)

    def _hand_over(self, name: str, groups: Sequence[NoticeGroupRow]) -> None:
        address = self._options.targets[name].url.get_secret_value()
        count = sum(group.untold for group in groups)
        said = partial(events.warning, target=name, groups=len(groups), notices=count)
        try:
            self._sender.send(name, address, message(groups, self._places))
        except (Unavailable, Misconfigured) as error:
            self._fail(groups, str(error))
            said("notification_delivery_failed", message=str(error))
            return
        self._rows.sent(groups, self._pace)
        events.info("notification_delivery_done", target=name, groups=len(groups), notices=count)

    def _fail(self, groups: Sequence[NoticeGroupRow], error: str) -> None:
        """Try again later, but not for ever."""
        failures = min(group.failures for group in groups)
        wait_s = RETRY_DELAYS_S[min(failures, len(RETRY_DELAYS_S) - 1)]
        oldest = now() - timedelta(hours=self._options.give_up_h)
        late = [g for g in groups if (g.first_at or g.over_at or g.last_at) < oldest]
        if late:
            events.error(
                "notification_delivery_dropped",
                target=late[0].target,
                notices=sum(group.untold for group in late),
                message=error,
            )
            self._rows.dropped(late)
        again = [group for group in groups if group not in late]
        self._rows.unsent(again, error, wait_s * random.uniform(1.0, 1.0 + _JITTER))

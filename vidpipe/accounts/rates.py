"""Rate limits that several processes share: one row for each who asks, one statement a request.

The generic cell rate algorithm (ITU-T I.371): a row holds when the next request would be in time
if they came evenly; who is ahead of it by more than a minute's worth waits, and the difference says
how long.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from sqlalchemy import case, delete, select

from vidpipe.catalog.account_tables import RateRow
from vidpipe.catalog.sessions import Sessions, insert_for

_WINDOW_S = 60.0
#: Old rows are looked for once in as many requests.
_SWEEP = 500


class RateLimits:
    """Counts requests by who asks."""

    def __init__(self, sessions: Sessions, clock: Callable[[], float] = time.time) -> None:
        self._sessions = sessions
        self._clock = clock
        self._since_sweep = 0

    async def take(self, subject: str, per_minute: int) -> float | None:
        """Count a request.

        Args:
            subject: who asks for what, such as `key:…` or `login:192.0.2.1`.
            per_minute: how many a minute are answered, all of them at once too; 0: any number.

        Returns:
            Seconds to wait, and the request is not counted; None: go on.
        """
        if per_minute == 0:
            return None
        moment, each_s = self._clock(), _WINDOW_S / per_minute
        latest = moment + _WINDOW_S
        async with self._sessions.writing() as session:
            self._since_sweep += 1
            if self._since_sweep >= _SWEEP:
                self._since_sweep = 0
                await session.execute(delete(RateRow).where(RateRow.due_s < moment))
            ahead = case((RateRow.due_s > moment, RateRow.due_s), else_=moment) + each_s
            counted = await session.execute(
                insert_for(session)(RateRow)
                .values(subject=subject[:120], due_s=moment + each_s)
                .on_conflict_do_update(
                    index_elements=[RateRow.subject],
                    set_={"due_s": ahead},
                    # A tiny fraction more: floats do not add up to a minute exactly.
                    where=ahead <= latest + each_s * 1e-6,
                )
                .returning(RateRow.due_s)
            )
            if counted.scalar() is not None:
                return None
            due_s = await session.scalar(
                select(RateRow.due_s).where(RateRow.subject == subject[:120])
            )
        return max(0.0, (due_s or moment) + each_s - latest)

"""What a stage's own work costs: seconds of processors, seconds of a GPU, bytes that it stores."""

from __future__ import annotations

import resource
from contextlib import suppress
from decimal import Decimal

from vidpipe.costs.accountant import Purse
from vidpipe.errors import VidpipeError
from vidpipe.observability import events
from vidpipe.spending import CLIP_SECONDS, CPU_SECONDS, PASSAGE_SECONDS, STORED_BYTES


def _processors_s() -> float:
    """Seconds of processors that this process used, and the programs that it ran to their end."""
    return sum(
        used.ru_utime + used.ru_stime
        for used in map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    )


class Meter:
    """Counts from when it is made; of a process that works on one stage at a time.

    Args:
        purse: what the work is booked in, and who pays for calls meanwhile.
    """

    def __init__(self, purse: Purse) -> None:
        self.purse = purse
        self._began_s = _processors_s()

    def done(
        self,
        stored_bytes: int,
        *,
        made: bool,
        clip_s: float = 0.0,
        passage_s: float | None = None,
    ) -> None:
        """Book the work of a stage that came to an end; a result that was found cost nothing.

        Its result is published by now: where the work cannot be booked, that is only warned of.

        Args:
            stored_bytes: that it stored.
            made: whether it made its result.
            clip_s: seconds of clips that it was asked for; 0: it makes none, or found some.
            passage_s: seconds of passages that it made clips of, see `spending.PASSAGE_SECONDS`;
                None: not known, it makes none, or found some.
        """
        if made:
            self.purse.local({STORED_BYTES: stored_bytes})
            if clip_s:
                self.purse.local({CLIP_SECONDS: Decimal(str(round(clip_s, 3)))})
            if passage_s is not None:
                self.purse.local({PASSAGE_SECONDS: Decimal(str(round(passage_s, 3)))})
            try:
                self._close(done=True)
            except VidpipeError as error:
                events.warning("stage_work_unbooked", why=str(error))

    def failed(self) -> None:
        """Book what was worked for nothing; that it failed is said all the same."""
        with suppress(VidpipeError):
            self._close(done=False)

    def _close(self, *, done: bool) -> None:
        used_s = max(0.0, _processors_s() - self._began_s)
        self.purse.local({CPU_SECONDS: Decimal(str(round(used_s, 3)))})
        self.purse.close(done=done)

"""What can go wrong, and whether trying again can help.

Every error that is not a bug of ours is one of the four below. Anything else
keeps its traceback.
"""

from __future__ import annotations

import errno
from collections.abc import Sequence
from datetime import datetime


class VidpipeError(Exception):
    """An error with a message for a person; `exit_code` is what the command line returns."""

    exit_code = 1


class InputRejected(VidpipeError):
    """The file's fault: never tried again, kept in quarantine with its reason.

    Args:
        reason: a stable identifier of the rule, for example `not_a_video`.
        message: what is wrong and what to do, for the person who uploaded it.
        name: the file as that person knows it.
    """

    exit_code = 3

    def __init__(self, reason: str, message: str, *, name: str = "") -> None:
        self.reason = reason
        self.message = message
        self.name = name
        super().__init__(f"{name}: {message}" if name else message)


class Unavailable(VidpipeError):
    """Something outside is missing for the moment: trying again can help."""

    exit_code = 4

    def __init__(self, message: str, *, retry_after_s: float | None = None) -> None:
        self.retry_after_s = retry_after_s
        super().__init__(message)


class MustWait(VidpipeError):
    """Nothing failed: a budget or a quota allows no more before a certain moment.

    Args:
        message: what is used up, how much of it, and what can be done.
        key: of the budget or quota.
        until: when there is more; None: not before somebody raises it.
    """

    exit_code = 5
    cause = "must_wait"

    def __init__(self, message: str, *, key: str, until: datetime | None) -> None:
        self.key = key
        self.until = until
        super().__init__(message)


class BudgetExceeded(MustWait):
    """A call was refused, as it might have passed the hard limit of a budget."""

    cause = "budget_exceeded"


class QuotaExhausted(MustWait):
    """A call was refused, as what a service allows in a period is used up."""

    cause = "quota_exhausted"


class Misconfigured(VidpipeError):
    """Settings that cannot work, all problems said at once."""

    exit_code = 2

    def __init__(self, problems: Sequence[str] | str) -> None:
        self.problems = [problems] if isinstance(problems, str) else list(problems)
        super().__init__("; ".join(self.problems))


#: What waits for a budget or a quota ends with; nothing of it failed.
WAITING_CAUSES = frozenset({BudgetExceeded.cause, QuotaExhausted.cause})

#: How long what failed waits before it is tried again, the first time, the second, ...
RETRY_DELAYS_S = (60.0, 300.0, 900.0, 3600.0)

#: What an operating system says when it is out of something that comes back.
_PASSING = frozenset(
    {
        errno.ENOSPC,
        errno.EDQUOT,
        errno.EIO,
        errno.EMFILE,
        errno.ENFILE,
        errno.ENOMEM,
        errno.EAGAIN,
        errno.ECONNREFUSED,
        errno.ECONNRESET,
        errno.ENETUNREACH,
        errno.EHOSTUNREACH,
        errno.ETIMEDOUT,
    }
)


def retryable(error: BaseException) -> bool:
    """Whether trying again later can help: something outside is missing or exhausted."""
    if isinstance(error, OSError):
        return error.errno in _PASSING
    return isinstance(error, Unavailable | MemoryError)


#: What a person can do about what an operating system says.
_WHAT_TO_DO = {
    errno.ENOSPC: "Make room, and run it again: what is finished is kept and found again",
    errno.EDQUOT: "Make room, and run it again: what is finished is kept and found again",
    errno.EIO: "The disk has a fault: look at it before anything else",
    errno.EROFS: "Give vidpipe a folder that can be written to",
    errno.EACCES: "Give vidpipe the rights to it",
    errno.EPERM: "Give vidpipe the rights to it",
    errno.EMFILE: "Too many files are open at once: raise the limit (ulimit -n)",
    errno.ENFILE: "Too many files are open at once: raise the limit of the machine",
    errno.ENOMEM: "Give it more memory, or end what else needs it",
}


def _is_full(error: BaseException) -> bool:
    return isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)


def advice(error: BaseException) -> str | None:
    """What to do about an error of the machine and not of ours; None for everything else."""
    if type(error).__module__.partition(".")[0] == "av" and not _is_full(error):
        # FFmpeg's errors are numbered as the system's, and mean something about a file:
        # "operation not permitted" is its word for every failure without a number.
        return None
    if isinstance(error, MemoryError):
        return f"memory is short. {_WHAT_TO_DO[errno.ENOMEM]}"
    if isinstance(error, OSError) and error.errno in _WHAT_TO_DO:
        where = f"{error.filename}: " if error.filename is not None else ""
        return f"{where}{error.strerror}. {_WHAT_TO_DO[error.errno]}"
    return None


def cause_of(error: BaseException) -> str:
    """Short and stable, to group by: the kind of error, and of a rejected file the rule."""
    if isinstance(error, InputRejected):
        return f"rejected:{error.reason}"
    if isinstance(error, Unavailable):
        return "unavailable"
    if isinstance(error, MustWait):
        return error.cause
    if isinstance(error, Misconfigured):
        return "misconfigured"
    if isinstance(error, OSError) and error.errno is not None:
        return f"os:{errno.errorcode.get(error.errno, error.errno)}"
    return f"unexpected:{type(error).__name__}"


def wait_before_s(attempts: int, retry_delays_s: Sequence[float] = RETRY_DELAYS_S) -> float | None:
    """How long to wait after so many failures in a row; None when that is enough."""
    return retry_delays_s[attempts - 1] if attempts <= len(retry_delays_s) else None

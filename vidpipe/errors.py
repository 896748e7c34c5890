"""What can go wrong, and whether trying again can help.

Every error that is not a bug of ours is one of the three below. Anything else
keeps its traceback.
"""

from __future__ import annotations

from collections.abc import Sequence


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


class Misconfigured(VidpipeError):
    """Settings that cannot work, all problems said at once."""

    exit_code = 2

    def __init__(self, problems: Sequence[str] | str) -> None:
        self.problems = [problems] if isinstance(problems, str) else list(problems)
        super().__init__("; ".join(self.problems))

"""What people can be told, and how much each matters; needs no database."""

from __future__ import annotations

from enum import StrEnum


class NoticeLevel(StrEnum):
    """How much it matters, the least first."""

    INFO = "info"
    WARNING = "warning"
    ERROR = "error"
    CRITICAL = "critical"

    @property
    def rank(self) -> int:
        """The higher, the more it matters."""
        return list(NoticeLevel).index(self)


#: Every kind of thing that people are told, and how much it matters unless it says otherwise.
NOTICE_KINDS: dict[str, NoticeLevel] = {
    "video.failed": NoticeLevel.ERROR,
    "upload.failed": NoticeLevel.ERROR,
    "upload.rejected": NoticeLevel.WARNING,
    "job.failed": NoticeLevel.ERROR,
    "webhook.failed": NoticeLevel.ERROR,
    "webhook.disabled": NoticeLevel.ERROR,
    "post.failed": NoticeLevel.ERROR,
    "post.uncertain": NoticeLevel.ERROR,
    "post.held": NoticeLevel.WARNING,
    "process.lost": NoticeLevel.WARNING,
    "worker.silent": NoticeLevel.CRITICAL,
    "coordinator.silent": NoticeLevel.CRITICAL,
    "processor.failing": NoticeLevel.ERROR,
    "disk.low": NoticeLevel.ERROR,
    "quota.exhausted": NoticeLevel.WARNING,
    "budget.warned": NoticeLevel.WARNING,
    "budget.exceeded": NoticeLevel.ERROR,
    "service.away": NoticeLevel.ERROR,
    "account.broken": NoticeLevel.ERROR,
    "account.ending": NoticeLevel.WARNING,
    "test": NoticeLevel.INFO,
}
#: Those that hold until they are over: each subject is told of by itself.
CONDITIONS = frozenset(
    {
        "worker.silent",
        "coordinator.silent",
        "processor.failing",
        "disk.low",
        "service.away",
        "account.broken",
    }
)
#: Conditions of the deployment: which channel meets one, and which sees its end, is chance.
SHARED = frozenset({"service.away"})
#: Those of which each is a failure row that somebody has to resolve.
DEAD_LETTERS = frozenset({"video.failed", "upload.failed"})

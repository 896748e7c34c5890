"""What can be set of telling people."""

from __future__ import annotations

import re
from fnmatch import fnmatchcase

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator

from vidpipe.catalog.notice_kinds import NOTICE_KINDS, SHARED, NoticeLevel

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")


class NotifyTarget(BaseModel):
    """Somewhere people are told, and of what."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    url: SecretStr = Field(
        default=SecretStr(""),
        description="where, as Apprise writes it: `slack://…`, `mailtos://…`, or the address of "
        "an incoming webhook of Slack; empty: nobody is told",
    )
    level: NoticeLevel = Field(
        default=NoticeLevel.WARNING, description="the least that is told: info, warning, error, …"
    )
    channels: tuple[str, ...] = Field(
        default=(), description="only what is of these channels; default: everything"
    )
    kinds: tuple[str, ...] = Field(
        default=(), description="only these kinds, such as `video.*`; default: everything"
    )

    @field_validator("kinds")
    @classmethod
    def _known(cls, given: tuple[str, ...]) -> tuple[str, ...]:
        for pattern in given:
            if not any(fnmatchcase(kind, pattern) for kind in NOTICE_KINDS):
                raise ValueError(f"{pattern!r} is none of {', '.join(NOTICE_KINDS)}")
        return given

    def wants(
        self, kind: str, level: NoticeLevel, channel: str | None, *, of_any: bool = False
    ) -> bool:
        """Whether people here are told of something.

        Args:
            kind: of it.
            level: how much it matters.
            channel: whose it is; None: nobody's alone, which targets of channels are not told.
            of_any: whosever it is.
        """
        if not self.url.get_secret_value() or level.rank < self.level.rank:
            return False
        if self.channels and channel not in self.channels and not of_any:
            return False
        return not self.kinds or any(fnmatchcase(kind, pattern) for pattern in self.kinds)


class NotifyOptions(BaseModel):
    """Who is told of what goes wrong, how soon and how often."""

    model_config = ConfigDict(frozen=True)

    targets: dict[str, NotifyTarget] = Field(
        default_factory=dict,
        description="where people are told, by name: URL, LEVEL, CHANNELS and KINDS of each, as in "
        "VIDPIPE_NOTIFY__TARGETS__OPS__URL",
    )
    group_s: float = Field(
        default=60.0,
        ge=0,
        le=3600,
        description="seconds in which failures of one cause become one message; critical ones do "
        "not wait",
    )
    repeat_s: float = Field(
        default=240.0,
        ge=0,
        le=7 * 86400,
        description="minimum seconds between two messages of the same cause; with more than 240 "
        "not every failure is told within 5 minutes",
    )
    remind_h: float = Field(
        default=6.0,
        gt=0,
        le=720,
        description="hours after which a condition that still holds, such as a full disk, is told "
        "again",
    )
    silent_after_s: float = Field(
        default=300.0,
        ge=60,
        le=86400,
        description="seconds without a heartbeat after which a worker, or the coordinator of runs, "
        "counts as gone",
    )
    give_up_h: float = Field(
        default=72.0,
        gt=0,
        le=720,
        description="hours after which what no target takes is not tried any more",
    )
    allow_private: bool = Field(
        default=False,
        description="whether targets may be on this machine or in its network, such as a mail "
        "server",
    )
    runbook_url: str = Field(
        default="",
        description="URL of the runbook that messages link to; default: that of the repository, "
        "else of `vidpipe serve`",
    )
    keep_days: float = Field(
        default=30.0, gt=0, le=3650, description="days that what was told is kept"
    )

    @field_validator("targets")
    @classmethod
    def _named(cls, given: dict[str, NotifyTarget]) -> dict[str, NotifyTarget]:
        for name in given:
            if not _NAME.fullmatch(name):
                raise ValueError(
                    f"{name!r}: a target's name is a-z, 0-9, - and _, up to 64 of them"
                )
        return given

    @property
    def active(self) -> dict[str, NotifyTarget]:
        """Targets that have an address."""
        return {n: t for n, t in self.targets.items() if t.url.get_secret_value()}

    def told(self, kind: str, level: NoticeLevel, channel: str | None, *, over: bool) -> list[str]:
        """Names of the targets that are told of something.

        What is over matters as much as it did: whoever was told of it is told.
        """
        level = NoticeLevel.CRITICAL if over else level
        of_any = over and kind in SHARED
        return [
            name
            for name, target in self.targets.items()
            if target.wants(kind, level, channel, of_any=of_any)
        ]

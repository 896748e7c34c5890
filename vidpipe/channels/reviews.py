"""When somebody has to approve before a channel's videos go on."""

from __future__ import annotations

from datetime import datetime, time
from enum import StrEnum
from typing import Literal, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from vidpipe.errors import Misconfigured

Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
_WEEK: tuple[Weekday, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


class GatesUnreadable(Misconfigured):
    """What was set of a channel's gates is nothing that this version knows.

    Attributes:
        channel: whose gates.
    """

    def __init__(self, channel: str) -> None:
        self.channel = channel
        super().__init__(
            f"the gates of the channel {channel} were set by a later version of vidpipe, so that "
            "nobody can decide in it: run that version, or set them anew or reset them"
        )


class GateName(StrEnum):
    """Where a video may have to wait for somebody's word.

    Attributes:
        COST: before a stage that asks a server which may cost something.
        RENDER: before clips are rendered; the chosen moments are what is looked at.
        EXPORT: before files for platforms are made, clip by clip.
        PUBLISH: before anything is published, clip by clip.
    """

    COST = "cost"
    RENDER = "render"
    EXPORT = "export"
    PUBLISH = "publish"


class GateMode(StrEnum):
    """Whether somebody is asked.

    Attributes:
        OFF: nobody; what was rejected is kept back all the same.
        ASK: always.
        ASK_OUTSIDE_HOURS: outside of the trusted hours of the channel.
    """

    OFF = "off"
    ASK = "ask"
    ASK_OUTSIDE_HOURS = "ask_outside_hours"


class Approvers(StrEnum):
    """Who approves and rejects, by the lowest role.

    Attributes:
        EDITOR: editors and administrators of the channel.
        ADMIN: its administrators alone.
    """

    EDITOR = "editor"
    ADMIN = "admin"


class TrustedHours(BaseModel):
    """When nobody has to be asked where a gate says so: people are at work who would notice."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    timezone: str = Field(default="UTC", description="such as Europe/Berlin (IANA)")
    weekdays: tuple[Weekday, ...] = Field(
        default=_WEEK[:5], min_length=1, description="days on which they hold; mon to sun"
    )
    begin: time = Field(default=time(9), description="of each of these days, such as '09:00'")
    end: time = Field(
        default=time(17),
        description="of each; before the beginning: on the day after; the same: all day",
    )

    @field_validator("begin", "end", mode="before")
    @classmethod
    def _clock(cls, given: object) -> object:
        if isinstance(given, int | float):
            # YAML 1.1 reads 09:30 without quotes as a number of base 60.
            raise ValueError("put it into quotes, such as '09:30'")
        return given

    @field_validator("begin", "end")
    @classmethod
    def _without_zone(cls, given: time) -> time:
        if given.tzinfo is not None:
            raise ValueError("without a time zone: that of timezone holds")
        return given

    @field_validator("timezone")
    @classmethod
    def _known(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            raise ValueError(f"there is no time zone {name!r}; such as Europe/Berlin") from error
        return name

    def hold(self, at: datetime) -> bool:
        """Whether they hold at a moment, which has a time zone."""
        here = at.astimezone(ZoneInfo(self.timezone))
        today, yesterday = _WEEK[here.weekday()], _WEEK[here.weekday() - 1]
        clock = here.time()
        if self.begin < self.end:
            return today in self.weekdays and self.begin <= clock < self.end
        if self.begin == self.end:
            return today in self.weekdays
        late = today in self.weekdays and clock >= self.begin
        return late or (yesterday in self.weekdays and clock < self.end)


class ReviewRules(BaseModel):
    """What of a channel waits for somebody's approval."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    cost: GateMode = Field(
        default=GateMode.OFF,
        description="before a server is asked that may cost something: off, ask or "
        "ask_outside_hours",
    )
    render: GateMode = Field(default=GateMode.OFF, description="before clips are rendered")
    export: GateMode = Field(
        default=GateMode.OFF, description="before clips are exported for platforms, each by itself"
    )
    publish: GateMode = Field(
        default=GateMode.OFF, description="before clips are published, each by itself"
    )
    trusted_hours: TrustedHours | None = Field(
        default=None, description="when ask_outside_hours asks nobody"
    )
    approvers: Approvers = Field(
        default=Approvers.EDITOR, description="the lowest role that approves and rejects"
    )

    @field_validator("cost", "render", "export", "publish", mode="before")
    @classmethod
    def _switch(cls, given: object) -> object:
        # YAML 1.1 reads off as false.
        return GateMode.OFF if given is False else given

    @model_validator(mode="after")
    def _hours_are_given(self) -> Self:
        if GateMode.ASK_OUTSIDE_HOURS in self.modes.values() and self.trusted_hours is None:
            raise ValueError(
                "ask_outside_hours needs trusted_hours: timezone, weekdays, begin, end"
            )
        return self

    @property
    def modes(self) -> dict[GateName, GateMode]:
        """Of each gate whether somebody is asked."""
        return {gate: GateMode(getattr(self, gate.value)) for gate in GateName}

    def asks(self, gate: GateName, at: datetime) -> bool:
        """Whether somebody has to be asked at a moment."""
        mode = self.modes[gate]
        if mode is GateMode.ASK_OUTSIDE_HOURS:
            return self.trusted_hours is None or not self.trusted_hours.hold(at)
        return mode is GateMode.ASK

    @property
    def active(self) -> bool:
        """Whether there is a gate at all."""
        return any(mode is not GateMode.OFF for mode in self.modes.values())

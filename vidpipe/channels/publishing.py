"""When a channel posts, how often, and what its posts say where nobody says otherwise."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, time, timedelta
from enum import StrEnum
from functools import cached_property
from typing import Annotated, Literal, get_args
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator

from vidpipe.channels.reviews import Weekday

WEEK: tuple[Weekday, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
PublishingPlatform = Literal[
    "youtube", "tiktok", "instagram", "facebook", "linkedin", "x", "webhook", "folder"
]
#: The platforms that posts go to.
PLATFORM_NAMES: tuple[str, ...] = get_args(PublishingPlatform)
_DAY = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
_DAYS = re.compile(f"({_DAY})(?:/({_DAY}))?")


class MissedRule(StrEnum):
    """What becomes of a post whose time went by while nothing ran.

    Attributes:
        SKIP: it is cancelled.
        NEXT_SLOT: it gets the next free slot, before what is queued.
        NOW: it is posted as soon as spacing, quiet days and the limit of a day allow.
    """

    SKIP = "skip"
    NEXT_SLOT = "next_slot"
    NOW = "now"


class QueueOrder(StrEnum):
    """Which of the queued posts gets the next slot.

    Attributes:
        SCORE: of the clip with the highest score.
        FRESHNESS: of the newest recording.
        BOTH: by the score, which counts half with each half-life that went by.
    """

    SCORE = "score"
    FRESHNESS = "freshness"
    BOTH = "both"


class DuplicateRule(StrEnum):
    """Whether several channels post the same to one platform.

    Attributes:
        REFUSE: a clip that overlaps what another channel posts there is refused.
        ALLOW: nobody looks.
    """

    REFUSE = "refuse"
    ALLOW = "allow"


def _clock(given: object) -> object:
    if isinstance(given, int | float):
        # YAML 1.1 reads 09:30 without quotes as a number of base 60.
        raise ValueError("put it into quotes, such as '09:30'")
    return given


class _Rules(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class SlotTimes(_Rules):
    """Times of day on some days of the week."""

    weekdays: tuple[Weekday, ...] = Field(
        default=WEEK, min_length=1, description="mon to sun; default: every day"
    )
    times: tuple[Annotated[time, BeforeValidator(_clock)], ...] = Field(
        min_length=1, max_length=48, description="such as '18:30', in the channel's time zone"
    )

    @field_validator("times")
    @classmethod
    def _minutes(cls, given: tuple[time, ...]) -> tuple[time, ...]:
        for one in given:
            if one.tzinfo is not None:
                raise ValueError("without a time zone: that of timezone holds")
            if one.second or one.microsecond:
                raise ValueError("hours and minutes, no seconds")
        return tuple(sorted(set(given)))

    def __str__(self) -> str:
        clocks = " and ".join(f"{one:%H:%M}" for one in self.times)
        return f"{' '.join(self.weekdays)} at {clocks}"


class PostDefaults(_Rules):
    """What a post says where nobody says otherwise; what is left out follows the other level."""

    privacy: Literal["public", "unlisted", "private", "friends", "followers"] | None = Field(
        default=None,
        description="who sees a post; else public: what is kept back is what nobody approved",
    )
    category: str | None = Field(
        default=None, max_length=20, description="the platform's id; else the platform's own"
    )
    playlists: tuple[Annotated[str, Field(min_length=1, max_length=100)], ...] | None = Field(
        default=None, max_length=20, description="ids at the platform; else none"
    )
    made_for_kids: bool | None = Field(
        default=None, description="whether it is directed to children; else not"
    )
    synthetic: bool | None = Field(
        default=None,
        description="whether it is realistic, and generated or altered; else not: cutting is "
        "no altering",
    )
    notify: bool | None = Field(
        default=None, description="whether subscribers are notified; else they are"
    )
    language: str | None = Field(
        default=None,
        pattern=r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$",
        description="BCP 47; else that of the channel",
    )

    @property
    def said(self) -> dict[str, object]:
        """What is said, by the names that `Publication` has for it."""
        return {name: value for name, value in self if value is not None}


class PlatformRules(_Rules):
    """What is different at one platform."""

    slots: tuple[SlotTimes, ...] | None = Field(default=None, min_length=1, max_length=50)
    spacing_minutes: int | None = Field(default=None, ge=0, le=10080)
    per_day: int | None = Field(default=None, ge=1, le=100)
    post: PostDefaults = PostDefaults()


@dataclass(frozen=True)
class QuietDays:
    """Days on which nothing is posted.

    Attributes:
        weekdays: every one of these; 0 is Monday.
        ranges: first and last day of each, both included.
    """

    weekdays: frozenset[int] = frozenset()
    ranges: tuple[tuple[date, date], ...] = ()

    def hold(self, day: date) -> bool:
        """Whether a day is one of them."""
        return day.weekday() in self.weekdays or any(a <= day <= b for a, b in self.ranges)


@dataclass(frozen=True)
class PostingPace:
    """When and how often an account may post, ready to reckon with.

    Attributes:
        zone: in which days and times of day are meant.
        slots: times of day by the day of the week; 0 is Monday.
        spacing: between two posts of the account at least.
        per_day: posts of the account on a day of the zone at most.
        quiet: days without posts.
        missed: what becomes of what was missed.
        grace: how much too late still counts as on time.
        order: which queued post comes first.
        half_life: after which a score counts half.
        ahead: how far slots are given away.
    """

    zone: ZoneInfo
    slots: Mapping[int, tuple[time, ...]]
    spacing: timedelta
    per_day: int
    quiet: QuietDays
    missed: MissedRule
    grace: timedelta
    order: QueueOrder
    half_life: timedelta
    ahead: timedelta


class PublishingRules(_Rules):
    """When a channel posts, and what its posts say.

    Everything has a default, so that an account that is connected posts without a word here.
    """

    timezone: str = Field(
        default="UTC",
        description="such as Europe/Berlin (IANA), of all times and days here; the default is no "
        "machine's own, so that a schedule doesn't shift with the machine",
    )
    slots: tuple[SlotTimes, ...] = Field(
        default=(SlotTimes(times=(time(12), time(18))),),
        min_length=1,
        max_length=50,
        description="times at which posts go out, each with its weekdays; by default noon and "
        "evening, far from the hours that a change of the clock skips or repeats",
    )
    spacing_minutes: int = Field(
        default=120,
        ge=0,
        le=10080,
        description="minutes between two posts of an account, so that neither takes the other's "
        "viewers",
    )
    per_day: int = Field(
        default=3,
        ge=1,
        le=100,
        description="posts of an account on one day of the time zone; three is what YouTube "
        "notifies subscribers of in a day, and an organic pace",
    )
    ahead_days: int = Field(
        default=14,
        ge=1,
        le=62,
        description="days ahead for which slots are given away; a better clip that comes later "
        "still finds one behind them",
    )
    quiet_days: tuple[str, ...] = Field(
        default=(),
        max_length=200,
        description="days without posts: a date (2026-12-24), a weekday (sun), or a first and a "
        "last day (2026-12-24/2027-01-01)",
    )
    missed: MissedRule = Field(
        default=MissedRule.NEXT_SLOT,
        description="what becomes of a post whose time went by while nothing ran: skip cancels "
        "it, next_slot gives it the next free one, now posts it as soon as the limits allow; by "
        "default nothing is lost, and nothing goes out at an hour that nobody chose",
    )
    grace_minutes: int = Field(
        default=60,
        ge=1,
        le=1440,
        description="minutes that a post may be late before it was missed: restarts and waits for "
        "a platform take less than the default",
    )
    order: QueueOrder = Field(
        default=QueueOrder.BOTH,
        description="which queued post gets the next slot: by score, freshness, or both",
    )
    half_life_days: float = Field(
        default=7.0,
        gt=0,
        le=3650,
        description="days after which a score counts half in the order of both; a week keeps the "
        "best of last week behind the average of today",
    )
    duplicates: DuplicateRule = Field(
        default=DuplicateRule.REFUSE,
        description="whether a clip that another channel of the organisation posts to the same "
        "platform is refused, also where only a part of it is in both; platforms take channels "
        "that repeat each other for inauthentic",
    )
    post: PostDefaults = PostDefaults()
    platforms: dict[PublishingPlatform, PlatformRules] = Field(
        default_factory=dict,
        description="what is different at a platform, by its name: slots, spacing_minutes, "
        "per_day, and under post what its posts say",
    )

    @field_validator("timezone")
    @classmethod
    def _known(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            raise ValueError(f"there is no time zone {name!r}; such as Europe/Berlin") from error
        return name

    @field_validator("quiet_days", mode="before")
    @classmethod
    def _days_as_text(cls, given: object) -> object:
        if not isinstance(given, list | tuple):
            return given
        # YAML reads a date without quotes as one.
        return tuple(one.isoformat() if type(one) is date else one for one in given)

    @field_validator("quiet_days")
    @classmethod
    def _days(cls, given: tuple[str, ...]) -> tuple[str, ...]:
        for one in given:
            _read_days(one)
        return given

    @property
    def zone(self) -> ZoneInfo:
        """The time zone of all its times."""
        return ZoneInfo(self.timezone)

    @cached_property
    def quiet(self) -> QuietDays:
        """The days without posts."""
        read = [_read_days(one) for one in self.quiet_days]
        return QuietDays(
            weekdays=frozenset(day for day in read if isinstance(day, int)),
            ranges=tuple(days for days in read if isinstance(days, tuple)),
        )

    def pace(self, platform: str) -> PostingPace:
        """When and how often an account at a platform may post."""
        own = self._own(platform)
        slots: dict[int, set[time]] = {}
        for entry in own.slots or self.slots:
            for weekday in entry.weekdays:
                slots.setdefault(WEEK.index(weekday), set()).update(entry.times)
        spacing = self.spacing_minutes if own.spacing_minutes is None else own.spacing_minutes
        return PostingPace(
            zone=self.zone,
            slots={day: tuple(sorted(times)) for day, times in slots.items()},
            spacing=timedelta(minutes=spacing),
            per_day=own.per_day or self.per_day,
            quiet=self.quiet,
            missed=self.missed,
            grace=timedelta(minutes=self.grace_minutes),
            order=self.order,
            half_life=timedelta(days=self.half_life_days),
            ahead=timedelta(days=self.ahead_days),
        )

    def defaults(self, platform: str) -> dict[str, object]:
        """What a post to a platform says where nobody says otherwise.

        By the names that `Publication` has for it; what is not among them has its default there.
        """
        return {**self.post.said, **self._own(platform).post.said}

    def _own(self, platform: str) -> PlatformRules:
        found: Mapping[str, PlatformRules] = {
            str(name): own for name, own in self.platforms.items()
        }
        return found.get(platform, PlatformRules())


def _read_days(said: str) -> int | tuple[date, date]:
    """The number of a weekday, or a first and a last day."""
    if said in WEEK:
        return WEEK.index(said)
    found = _DAYS.fullmatch(said)
    if found is None:
        raise ValueError(
            f"{said!r} is no day: a date (2026-12-24), a weekday (sun), or a first and a last "
            "day (2026-12-24/2027-01-01)"
        )
    try:
        first = date.fromisoformat(found[1])
        last = date.fromisoformat(found[2] or found[1])
    except ValueError as error:
        raise ValueError(f"{said!r} names a day that there is not") from error
    if last < first:
        raise ValueError(f"{said!r} ends before it begins")
    return first, last

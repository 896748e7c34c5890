"""What a channel's file may say of its schedule, and what it means."""

from datetime import date, time, timedelta

import pytest
from pydantic import ValidationError

from vidpipe.channels.model import load_channels
from vidpipe.channels.publishing import (
    PLATFORM_NAMES,
    MissedRule,
    PublishingRules,
    QueueOrder,
    SlotTimes,
)
from vidpipe.errors import Misconfigured
from vidpipe.publishing.model import Publication
from vidpipe.publishing.platforms import PLATFORMS

TALKS = """
channels:
  talks:
    language: de
    publishing:
      timezone: Europe/Berlin
      slots:
        - {weekdays: [mon, wed], times: ['18:30', '12:00']}
        - {times: ['09:00']}
      spacing_minutes: 90
      per_day: 2
      quiet_days: [2026-12-24, sun, 2026-12-28/2027-01-01]
      missed: now
      order: score
      post: {privacy: unlisted, notify: false}
      platforms:
        youtube:
          slots: [{weekdays: [sat], times: ['10:00']}]
          per_day: 1
          post: {category: '27', privacy: public, playlists: [PL1]}
"""


@pytest.fixture
def talks(tmp_path):
    path = tmp_path / "channels.yaml"
    path.write_text(TALKS)
    return load_channels(path)["talks"].publishing


def test_an_empty_section_posts_twice_a_day():
    pace = PublishingRules().pace("youtube")
    assert pace.slots == dict.fromkeys(range(7), (time(12), time(18)))
    assert (pace.zone.key, pace.per_day, pace.spacing) == ("UTC", 3, timedelta(hours=2))
    assert (pace.missed, pace.order) == (MissedRule.NEXT_SLOT, QueueOrder.BOTH)
    assert PublishingRules().defaults("youtube") == {}


def test_a_platform_says_what_is_different_there(talks):
    youtube, tiktok = talks.pace("youtube"), talks.pace("tiktok")
    assert youtube.slots == {5: (time(10),)}
    assert tiktok.slots[0] == (time(9), time(12), time(18, 30))
    assert tiktok.slots[1] == (time(9),)
    assert (youtube.per_day, tiktok.per_day) == (1, 2)
    assert youtube.spacing == tiktok.spacing == timedelta(minutes=90)


def test_days_without_posts_are_dates_weekdays_and_ranges(talks):
    days = {"2026-12-24": True, "2026-12-23": False, "2026-12-27": True, "2026-12-28": True}
    days |= {"2027-01-01": True, "2027-01-02": False}
    assert {day: talks.quiet.hold(date.fromisoformat(day)) for day in days} == days


def test_what_posts_say_is_said_by_the_names_of_a_publication(talks):
    assert talks.defaults("tiktok") == {"privacy": "unlisted", "notify": False}
    youtube = {"privacy": "public", "notify": False, "category": "27", "playlists": ("PL1",)}
    assert talks.defaults("youtube") == youtube
    assert set(youtube) | {"made_for_kids", "synthetic", "language"} <= set(
        Publication.model_fields
    )


def test_every_platform_that_is_posted_to_can_be_named():
    assert set(PLATFORM_NAMES) == {*PLATFORMS, "webhook", "folder"}


@pytest.mark.parametrize(
    ("said", "complaint"),
    [
        ({"timezone": "Mars/Base"}, "no time zone"),
        ({"slots": []}, "at least 1"),
        ({"slots": [{"times": [570]}]}, "quotes"),
        ({"slots": [{"times": ["09:00:30"]}]}, "no seconds"),
        ({"slots": [{"times": ["09:00Z"]}]}, "without a time zone"),
        ({"slots": [{"weekdays": ["monday"], "times": ["09:00"]}]}, "mon"),
        ({"per_day": 0}, "greater than or equal to 1"),
        ({"quiet_days": ["christmas"]}, "is no day"),
        ({"quiet_days": ["2026-02-30"]}, "names a day that there is not"),
        ({"quiet_days": ["2026-02-02/2026-02-01"]}, "ends before it begins"),
        ({"missed": "later"}, "next_slot"),
        ({"platforms": {"myspace": {}}}, "youtube"),
        ({"platforms": {"youtube": {"per_day": 0}}}, "greater than or equal to 1"),
        ({"posts": {}}, "Extra inputs"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_words(said, complaint):
    with pytest.raises(ValidationError, match=complaint):
        PublishingRules.model_validate(said)


def test_a_file_says_where_it_is_wrong(tmp_path):
    path = tmp_path / "channels.yaml"
    path.write_text(TALKS.replace("per_day: 2", "per_day: many"))
    with pytest.raises(Misconfigured, match=r"channels\.talks\.publishing\.per_day"):
        load_channels(path)


def test_slots_read_as_a_person_would_say_them():
    said = SlotTimes(weekdays=("mon", "fri"), times=(time(18, 30), time(9)))
    assert str(said) == "mon fri at 09:00 and 18:30"

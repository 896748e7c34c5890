"""Accounts and posts that wait, over a database, and a clock that tests turn."""

from __future__ import annotations

import hashlib
import itertools
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import delete

from vidpipe.catalog.catalog import Catalog
from vidpipe.catalog.event_tables import EventRow
from vidpipe.catalog.notice_tables import NoticeRow
from vidpipe.catalog.posts import Posts
from vidpipe.catalog.publishing_tables import PostRow, PublishingPauseRow, SocialAccountRow
from vidpipe.catalog.tables import ClipRow, Video
from vidpipe.library import Library
from vidpipe.library.publishing.schedule import Schedule
from vidpipe.library.publishing.schedule_views import ScheduleConflict
from vidpipe.pipeline import Engine
from vidpipe.settings import load_settings
from vidpipe_tests.catalog.conftest import emptied

_FILLED = (PostRow, PublishingPauseRow, SocialAccountRow, ClipRow, Video, EventRow, NoticeRow)
#: A Sunday.
BEGIN = datetime(2026, 3, 1, 8, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
#: The slots of `talks` after BEGIN: noon and six in Berlin.
NOON, SIX = BEGIN + 3 * HOUR, BEGIN + 9 * HOUR
CHANNELS = """
channels:
  default: {platforms: [tiktok]}
  talks:
    organisation: acme
    publishing: {timezone: Europe/Berlin, slots: [{times: ['12:00', '18:00']}], ahead_days: 3}
  news:
    organisation: acme
    publishing: {missed: now, slots: [{times: ['12:00']}], spacing_minutes: 60, grace_minutes: 30}
  other:
    organisation: umbrella
  burst: {publishing: {spacing_minutes: 0, per_day: 2}}
  open: {publishing: {duplicates: allow, missed: skip}}
"""


@dataclass
class Clock:
    """Says which moment it is."""

    at: datetime = BEGIN

    def __call__(self) -> datetime:
        return self.at


@dataclass
class Planner:
    """A library, its schedule by a clock, and rows for it.

    Attributes:
        library: over the database.
        clock: that the schedule goes by.
        schedule: of the library.
        posts: as workers have them, by the same clock.
    """

    library: Library
    clock: Clock = field(default_factory=Clock)
    numbers: Any = field(default_factory=lambda: itertools.count(1))

    def __post_init__(self) -> None:
        engine = self.library.engine
        self.schedule = Schedule(engine, self.clock)
        self.posts = Posts(engine.catalog, self.clock)

    def add(self, *rows: Any) -> None:
        with self.library.engine.catalog.writing() as session:
            session.add_all(rows)

    def account(self, channel: str, platform: str = "youtube", **changes: Any) -> str:
        """A connected account; its id."""
        number = next(self.numbers)
        fields = {
            "account_id": f"account-{number:04d}",
            "channel": channel,
            "platform": platform,
            "remote_id": f"UC{number}",
            "name": f"{channel} at {platform}",
            "state": "connected",
            "scopes": [],
            "connected_by": "user:ada",
        }
        self.add(SocialAccountRow(**{**fields, **changes}))
        return str(fields["account_id"])

    def video(self, channel: str, recording: str, **changes: Any) -> str:
        """A video of a recording that a channel has; its id."""
        digest = hashlib.sha256(recording.encode()).hexdigest()
        video_id = f"{channel}--talk-{digest[:10]}"
        fields = {
            "video_id": video_id,
            "channel": channel,
            "sha256": digest,
            "name": "talk.mp4",
            "title": "talk",
            "size_bytes": 1,
            "duration_s": 600.0,
            "width": 1280,
            "height": 720,
            "created_at": self.clock(),
        }
        with self.library.engine.catalog.writing() as session:
            if session.get(Video, video_id) is None:
                session.add(Video(**{**fields, **changes}))
        return video_id

    def clip(self, video_id: str, clip_id: str, begin_s: float, end_s: float) -> None:
        """A clip of a video from one second to another."""
        self.add(
            ClipRow(
                clip_id=clip_id,
                video_id=video_id,
                rank=int(clip_id[1:]),
                title=f"clip {clip_id}",
                score=50.0,
                start_s=begin_s,
                end_s=end_s,
                duration_s=end_s - begin_s,
                compositions=[],
                fingerprint="f" * 64,
            )
        )

    def post(self, account_id: str, video_id: str = "", clip_id: str = "c1", **changes: Any) -> str:
        """A post that waits for a slot, of a recording of its own; its id."""
        number = next(self.numbers)
        with self.library.engine.catalog.session() as session:
            account = session.get_one(SocialAccountRow, account_id)
        video_id = video_id or self.video(account.channel, f"recording {number}")
        fields = {
            "post_id": f"post-{number:05d}",
            "channel": account.channel,
            "video_id": video_id,
            "clip_id": clip_id,
            "platform": account.platform,
            "account_id": account_id,
            "fingerprint": "f" * 64,
            "state": "queued",
            "standing": True,
            "title": f"post {number}",
            "changes": {},
            "score": 50.0,
            "created_by": "user:ada",
            "created_at": self.clock(),
        }
        self.add(PostRow(**{**fields, **changes}))
        return str(fields["post_id"])

    def scheduled(self, account_id: str, at: datetime, **changes: Any) -> str:
        """A post that has its moment."""
        return self.post(account_id, state="scheduled", at=at, due_at=at, **changes)

    def row(self, post_id: str) -> PostRow:
        found = self.posts.get(post_id)
        assert found is not None
        return found

    def change(self, post_id: str, **values: Any) -> None:
        with self.library.engine.catalog.writing() as session:
            row = session.get_one(PostRow, post_id)
            for name, value in values.items():
                setattr(row, name, value)

    def claim(self, post_id: str) -> PostRow:
        """Have a worker work on a post that is due."""
        (row,) = self.posts.leases.claim(1, PostRow.post_id == post_id)
        return row

    def posted(self, post_id: str) -> None:
        """Have a post be out since now."""
        self.change(post_id, state="posted", posted_at=self.clock(), due_at=None, lease=None)

    def wait(self, **time: float) -> datetime:
        """Turn the clock; what it says then."""
        self.clock.at += timedelta(**time)
        return self.clock.at


def open_library(home: Any, url: str, channels: str = CHANNELS) -> Library:
    """A library over a database."""
    home.mkdir(exist_ok=True)
    (home / "channels.yaml").write_text(channels)
    found = Library.open(load_settings(home=home, allow_model_download=False, database_url=url))
    found.engine.catalog.ready()
    return found


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def opened(request, tmp_path_factory):
    """A library over each database; opening one takes longer than most tests."""
    home = tmp_path_factory.mktemp("schedule") / "home"
    if request.param == "sqlite":
        library = open_library(home, f"sqlite:///{home}/catalog.sqlite")
        yield library
        library.engine.catalog.engine.dispose()
        return
    url = request.getfixturevalue("postgres_url")
    Catalog(url).upgrade()
    library = open_library(home, url)
    yield library
    emptied(library.engine.catalog)


@pytest.fixture
def planner(opened):
    """The same library with nothing in it."""
    with opened.engine.catalog.writing() as session:
        for table in _FILLED:
            session.execute(delete(table))
    return Planner(opened)


def events(planner, kind):
    with planner.library.engine.catalog.session() as session:
        return [row.data for row in session.query(EventRow).filter(EventRow.type == kind)]


def said(planner, post_id):
    row = planner.row(post_id)
    return row.state, row.at, row.slot


def against(planner, post_id, at, **more):
    with pytest.raises(ScheduleConflict) as refused:
        planner.schedule.move(post_id, at=at, **more)
    return [conflict["kind"] for conflict in refused.value.details["conflicts"]]


@pytest.fixture
def other(planner):
    """Another process over the same database, by the same clock."""
    made = Planner(Library(Engine(planner.library.engine.settings)), planner.clock)
    yield made
    made.library.engine.catalog.engine.dispose()


def at_once(*work):
    """Do all of this at the same moment; what each gave."""
    ready = threading.Barrier(len(work))

    def begin(one):
        ready.wait(30)
        return one()

    with ThreadPoolExecutor(len(work)) as pool:
        return list(pool.map(begin, work))

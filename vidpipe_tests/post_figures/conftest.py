"""Posts at fakes, a clock that tests set, and what reads their figures."""

from __future__ import annotations

import itertools
import shutil
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from pydantic import SecretStr

from vidpipe.catalog.catalog import Catalog
from vidpipe.catalog.post_states import PostState
from vidpipe.catalog.publishing_tables import PostRow, SocialAccountRow
from vidpipe.library.errors import AccountBroken
from vidpipe.library.publishing.figures import FigureReader
from vidpipe.pipeline import Engine
from vidpipe.publishing.model import Phase, PostingAccount, begin
from vidpipe.settings import load_settings
from vidpipe_fakes import FAKES, ShownPost
from vidpipe_fakes.facebook import _Reel
from vidpipe_fakes.transport import FakeTransport
from vidpipe_fakes.youtube import FakeVideo
from vidpipe_tests.publishing.driving import machine_for

START = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
NAMES = ("youtube", "tiktok", "instagram", "facebook", "linkedin", "x")


@dataclass
class World:
    """A catalog with posts, and the fakes that have them."""

    engine: object
    now: datetime = START
    fakes: dict = field(default_factory=dict)
    states: dict = field(default_factory=dict)
    tokens: dict = field(default_factory=dict)
    broken: set = field(default_factory=set)
    reviewed: list = field(default_factory=list)
    refreshed: list = field(default_factory=list)
    factors: dict = field(default_factory=dict)
    numbers: object = field(default_factory=lambda: itertools.count(1))

    def clock(self):
        return self.now

    def fake(self, platform):
        if platform not in self.fakes:
            self.fakes[platform] = FAKES[platform](self.clock)
        return self.fakes[platform]

    def account(self, platform, account_id=None, channel="default"):
        """An account of a channel at a platform."""
        account_id = account_id or f"acc_{platform}"
        with self.engine.catalog.writing() as session:
            if session.get(SocialAccountRow, account_id) is None:
                row = SocialAccountRow(
                    account_id=account_id, channel=channel, platform=platform,
                    remote_id=f"{self.fake(platform).ACCOUNT}{account_id}", name=account_id,
                    state="connected", scopes=[], connected_by="test",
                )  # fmt: skip
                session.add(row)
        return account_id

    def post(self, platform, account_id=None, channel="default", **fields):
        """A post that the platform shows from now on; its row."""
        account_id = self.account(platform, account_id, channel)
        number = next(self.numbers)
        post_id = f"post_{platform}{number:04}"
        remote = self.show(platform, number)
        made = {
            "post_id": post_id, "channel": channel, "video_id": "default--talk-0000000000",
            "clip_id": f"clip{number}", "platform": platform, "account_id": account_id,
            "fingerprint": "f", "state": PostState.POSTED, "changes": {}, "score": 50.0,
            "created_by": "test", "posted_at": self.now, "remote_id": remote, "title": post_id,
            **fields,
        }  # fmt: skip
        row = PostRow(**made)
        with self.engine.catalog.writing() as session:
            session.add(row)
        state = begin(platform, post_id, self.now)
        self.states[post_id] = state.having(phase=Phase.PUBLISHED, remote_id=remote, post_id=remote)
        return row

    def show(self, platform, number):
        fake = self.fake(platform)
        name = {
            "youtube": f"vid{number:08}", "tiktok": str(7_000_000 + number),
            "instagram": str(18_000_000 + number), "facebook": str(900_000_000 + number),
            "linkedin": f"urn:li:share:{7_000_000 + number}", "x": str(1_900_000 + number),
        }[platform]  # fmt: skip
        if platform == "youtube":
            status = {"uploadStatus": "processed", "privacyStatus": "public"}
            fake.videos[name] = FakeVideo(
                name, fake.ACCOUNT, {"title": name}, status, 1, name, self.now, self.now
            )
        elif platform == "facebook":
            fake.reels[name] = _Reel(name, fake.ACCOUNT, state="PUBLISHED", finished_at=self.now)
        fake.posts.append(ShownPost(name, fake.ACCOUNT, name, 1, at=self.now.isoformat()))
        return name

    def vanish(self, row):
        """Take a post away at its platform."""
        fake = self.fake(row.platform)
        fake.posts = [post for post in fake.posts if post.id != row.remote_id]
        for kept in (getattr(fake, "videos", {}), getattr(fake, "reels", {})):
            kept.pop(row.remote_id, None)

    # What reading figures asks of the library

    def may_reach_private(self, platform):
        return platform == "tiktok"

    def machine(self, account_id):
        platform = account_id.split("_")[1]
        return machine_for(platform, f"https://{platform}.test")

    def opened(self, row):
        return self.states.get(row.post_id)

    def application(self, account_id):
        return ""

    def review(self, post_id):
        self.reviewed.append(post_id)

    def token(self, account_id, *, fresh=False):
        if account_id in self.broken:
            raise AccountBroken(account_id, "Connect the account again.")
        platform = account_id.split("_")[1]
        if fresh:
            self.refreshed.append(account_id)
        if fresh or account_id not in self.tokens:
            fake = self.fake(platform)
            self.tokens[account_id] = fake.token(fake.ACCOUNT, life_s=10**9)
        return SecretStr(self.tokens[account_id])

    def posting_account(self, account_id):
        return PostingAccount(remote_id=self.fake(account_id.split("_")[1]).ACCOUNT)

    def client(self, private):
        fakes = self.fakes.items()
        # Each is asked by the client that is for it.
        hosts = {f"{n}.test": fake for n, fake in fakes if self.may_reach_private(n) == private}
        return httpx.AsyncClient(transport=FakeTransport(hosts), trust_env=False)

    @property
    def reader(self):
        return FigureReader(
            self.engine, self, self,
            lambda post: self.factors.get(post.post_id, {"score": post.score}),
            self.client, self.clock,
        )  # fmt: skip

    def read(self):
        """Read all that is due."""
        while self.reader.read_due():
            pass

    def due_at(self, post_id):
        return self.engine.catalog.post_figures.reading(post_id).due_at

    def to_the_next(self, post_id):
        """Let it be the moment at which a post is read next, and read what is due."""
        self.now = self.due_at(post_id)
        self.read()

    def days(self, post_id):
        return self.engine.catalog.post_figures.days(post_id)

    def days_on(self, count):
        """Let so many days pass, with what is due read at its time."""
        until = self.now + timedelta(days=count)
        while True:
            due = [self.due_at(post_id) for post_id in self.states]
            self.now = min([until, *(at for at in due if at is not None)])
            if self.now == until:
                return
            self.read()


@pytest.fixture(scope="session")
def migrated(tmp_path_factory):
    """A database that is migrated, to copy."""
    file = tmp_path_factory.mktemp("figures") / "catalog.sqlite"
    catalog = Catalog(f"sqlite:///{file}")
    catalog.upgrade()
    catalog.engine.dispose()
    return file


@pytest.fixture
def engine(migrated, tmp_path):
    home = tmp_path / "home"
    home.mkdir()
    shutil.copy(migrated, home / "catalog.sqlite")
    settings = load_settings(home=home, allow_model_download=False, public_url="http://testserver")
    settings = settings.model_copy(
        update={"database_url": SecretStr(f"sqlite:///{home}/catalog.sqlite")}
    )
    return Engine(settings)


@pytest.fixture
def world(engine):
    made = World(engine)
    # Reservations are of the moment that tests set.
    engine.accountant.clock = made.clock
    return made

"""A library whose clip is approved and exported, accounts at fakes, and a time that is set."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
from pydantic import SecretStr
from sqlalchemy import select

from vidpipe.catalog.publishing_tables import PostRow, SocialAccountRow
from vidpipe.clips.model import (
    Clip,
    ClipFile,
    ClipQuality,
    Measures,
    RenderedClips,
    clip_fingerprint,
)
from vidpipe.exports.model import (
    Estimate,
    Export,
    FinishedExport,
    MediaFacts,
    Method,
    PlatformExports,
    Post,
)
from vidpipe.library import Library, SocialPost
from vidpipe.library.publishing.account_secrets import AccountSecret
from vidpipe.library.publishing.driver import PostDriver
from vidpipe.library.publishing.known_posts import PostProgress
from vidpipe.library.publishing.posts import SocialPosts
from vidpipe.library.publishing.schedule import Schedule
from vidpipe.pipeline.steps.exports import rows as export_rows
from vidpipe.settings import load_settings
from vidpipe.storage.keys import Folder
from vidpipe.timeline import Interval
from vidpipe_fakes import FAKES, FakePlatform
from vidpipe_fakes.transport import FakeTransport
from vidpipe_tests.reviews.conftest import ADA, KEY, VIDEO, clip_row, render, video_row

PLATFORMS = ("youtube", "tiktok", "instagram", "facebook", "linkedin", "x", "webhook")
PRESETS = {"youtube": "youtube_shorts", "instagram": "instagram_reels", "webhook": "tiktok"}
CHANNELS = """
channels:
  default:
    platforms: [tiktok, youtube_shorts, instagram_reels, facebook, linkedin, x]
    review: {RULES}
    publishing: {PUBLISHING}
"""
#: After now, so that what is due at once is due then, too; the day after DST ends in America.
START = datetime(2036, 11, 3, 9, 0, tzinfo=UTC)
SIZE = 80_000
CLIPS = ("c1", "c2")


class Clock:
    """A time that goes on when somebody waits."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now


class Died(BaseException):
    """The process that drove a post is gone."""


class Dying(httpx.AsyncBaseTransport):
    """Reaches fakes, and dies at a request: before it is sent, or after it was answered."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.inner = FakeTransport(scene.hosts)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        number, self.scene.calls = self.scene.calls, self.scene.calls + 1
        here = number == self.scene.dies_at
        if here and self.scene.dies == "before":
            raise Died
        if here and self.scene.dies == "during":
            taken = 0
            async for piece in request.stream:  # type: ignore[union-attr]
                taken += len(piece)
                break
            raise Died
        answer = await self.inner.handle_async_request(request)
        if here and self.scene.dies == "after":
            raise Died
        return answer


@dataclass
class Scene:
    """One of several processes' libraries over a catalog and a store.

    Attributes:
        dies: `before`, `during` or `after` the request of number `dies_at`, counted from 0.
    """

    library: Library
    posts: SocialPosts
    driver: PostDriver
    clock: Clock
    fakes: dict[str, FakePlatform]
    calls: int = 0
    dies: str = ""
    dies_at: int = -1
    deaths: int = field(default=0)

    @property
    def hosts(self) -> dict[str, FakePlatform]:
        return {f"{name}.test": fake for name, fake in self.fakes.items()}

    @contextlib.asynccontextmanager
    async def client(self, _: bool = False):
        async with httpx.AsyncClient(transport=Dying(self), trust_env=False) as client:
            yield client

    def account(self, platform: str, number: int = 1, **changes: object) -> str:
        """An account that is connected; its id."""
        fake = self.fakes[platform]
        access = SecretStr(fake.token(fake.ACCOUNT, life_s=400 * 86_400.0))
        address = f"http://{platform}.test/posts" if platform == "webhook" else ""
        secret = AccountSecret(access=access, dry=True, address=address)
        account_id = f"account-{platform}-{number}"
        fields: dict[str, object] = {
            "account_id": account_id,
            "channel": "default",
            "platform": platform,
            "remote_id": fake.ACCOUNT if number == 1 else f"{fake.ACCOUNT}-{number}",
            "name": f"{platform} {number}",
            "application": "fakes",
            "state": "connected",
            "secret": self.library.social_accounts.tokens.seal(secret),
            "scopes": [],
            "connected_by": "user:ada",
            "claims": 0,
            **changes,
        }
        with self.library.engine.catalog.writing() as session:
            session.add(SocialAccountRow(**fields))
        return account_id

    def fingerprint(self, clip: str = "c1") -> str:
        return self.library.reviews.get(VIDEO, clip).fingerprint or ""

    def approve(self, clip: str = "c1") -> None:
        self.library.reviews.approve(VIDEO, clip, self.fingerprint(clip), ADA)

    def make(self, account_id: str, clip: str = "c1", **more: object) -> SocialPost:
        more.setdefault("at_once", True)
        return self.posts.make(VIDEO, clip, account_id, by="user:ada", **more)  # type: ignore[arg-type]

    def forget(self, post_id: str) -> None:
        """Have an account take a clip again, whatever became of its post."""
        with self.library.engine.catalog.writing() as session:
            row = session.get_one(PostRow, post_id)
            row.state, row.standing, row.due_at, row.lease = "deleted", False, None, None
            row.slot = None

    def anew(self, platform: str) -> FakePlatform:
        """A platform that has no posts, and knows its accounts."""
        fake = FAKES[platform](self.clock)
        fake.tokens = self.fakes[platform].tokens
        self.fakes[platform] = fake
        return fake

    def row(self, post_id: str) -> PostRow:
        row = self.posts.rows.get(post_id)
        assert row is not None
        return row

    def progress(self, post_id: str) -> PostProgress:
        found = self.posts.progress(self.row(post_id))
        assert found is not None
        return found

    def work(self) -> bool:
        """What the chore does once; whoever dies is followed by another."""
        try:
            return asyncio.run(self._work())
        except Died:
            self.deaths += 1
            return True

    async def _work(self) -> bool:
        claimed = await asyncio.to_thread(self.posts.rows.leases.claim)
        if not claimed:
            return False
        async with self.client() as client:
            await self.driver.drive(client, claimed[0])
        return True

    def due(self) -> datetime | None:
        """When the first post is due that is not only looked at after it was posted."""
        query = select(PostRow.due_at).where(PostRow.due_at.is_not(None), PostRow.state != "posted")
        with self.library.engine.catalog.session() as session:
            return session.scalars(query.order_by(PostRow.due_at)).first()

    def drive(self, most: int = 400) -> None:
        """Go on, and on in time, until nothing is left to do."""
        for _ in range(most):
            moment = self.due()
            if moment is None:
                return
            self.clock.now = max(self.clock.now, moment)
            self.work()
        raise AssertionError(f"no end: {self.states()}")

    def states(self) -> list[tuple[str, str, str]]:
        with self.library.engine.catalog.session() as session:
            rows = session.scalars(select(PostRow).order_by(PostRow.post_id)).all()
        return [(row.platform, row.state, row.problem) for row in rows]


def open_scene(
    home: Path,
    clock: Clock,
    fakes: dict[str, FakePlatform],
    rules: str = "",
    publishing_rules: str = "spacing_minutes: 0, per_day: 100",
    **settings: object,
) -> Scene:
    """One process over a home."""
    home.mkdir(exist_ok=True)
    channels = CHANNELS.replace("RULES", rules).replace("PUBLISHING", publishing_rules)
    (home / "channels.yaml").write_text(channels)
    settings.setdefault("encryption_keys", [KEY])
    settings.setdefault("public_url", "https://vidpipe.example")
    dry = {name: f"http://{name}.test" for name in PLATFORMS}
    library = Library.open(
        load_settings(home=home, allow_model_download=False, publishing={"dry": dry}, **settings)
    )
    engine = library.engine
    engine.accountant.clock = clock
    schedule = Schedule(engine, clock=clock)
    posts = SocialPosts(
        engine,
        library.reviews,
        library.social_accounts,
        schedule,
        lambda: library.webhooks.vault,
        clock=clock,
    )
    posts.rows = type(posts.rows)(engine.catalog, clock)
    scene = Scene(library, posts, PostDriver(posts, clock=clock), clock, fakes)
    scene.driver = PostDriver(posts, clock=clock, client=scene.client)
    return scene


def new_fakes(clock: Clock, *names: str) -> dict[str, FakePlatform]:
    return {name: FAKES[name](clock) for name in names or PLATFORMS}


def stock(scene: Scene, *clips: str, version: str = "1") -> None:
    """A video with rendered clips, and exports of each for every platform; never encoded."""
    clips = clips or ("c1",)
    engine = scene.library.engine
    if engine.catalog.video(VIDEO) is None:
        with engine.catalog.writing() as session:
            session.add(video_row())
    made = [_clip(name, number + 1, version) for number, name in enumerate(clips)]
    rendered = engine.artifacts.publish(
        video_id=VIDEO,
        folder=Folder.CLIPS,
        artifact="rendered_clips",
        fingerprint=version * 64,
        cache_key_inputs={},
        files={},
        document=RenderedClips(language="en", clips=tuple(made)),
    )
    render(
        engine.catalog,
        *(
            clip_row(clip.clip_id, clip.rank, clip_fingerprint(VIDEO, clip), title=clip.title)
            for clip in made
        ),
    )
    for preset in sorted(engine.channels["default"].platforms):
        exports = tuple(_export(scene, clip, preset, version) for clip in made)
        document = PlatformExports(platform=preset, exports=exports)
        engine.artifacts.publish(
            video_id=VIDEO,
            folder=Folder.EXPORTS,
            artifact=f"platform_exports/{preset}",
            fingerprint=version * 64,
            cache_key_inputs={"inputs": {"rendered_clips": rendered.content_digest}},
            files={},
            document=document,
        )
        engine.catalog.replace(export_rows(VIDEO, document))


def _clip(name: str, rank: int, version: str) -> Clip:
    measures = Measures(
        width=1080,
        height=1920,
        fps=30,
        duration_s=8.0,
        video_duration_s=8.0,
        audio_duration_s=8.0,
        size_bytes=SIZE,
        integrated_lufs=-14.0,
        true_peak_dbtp=-2.0,
    )
    quality = ClipQuality(
        black_s=0,
        frozen_s=0,
        captions_box=None,
        captions_outside=False,
        starts_in_speech=False,
        ends_in_speech=False,
    )
    file = ClipFile(
        variant="tall",
        artifact=f"clip-{name}",
        fingerprint=version * 64,
        captions=True,
        has_subtitles=True,
        measures=measures,
        quality=quality,
    )
    return Clip(
        clip_id=name,
        rank=rank,
        title=f"How {name} works",
        score=80.0 - rank,
        segment=Interval(start_s=10.0 * rank, end_s=10.0 * rank + 8),
        kept=(),
        parts=(),
        duration_s=8.0,
        files=(file,),
    )


def _export(scene: Scene, clip: Clip, preset: str, version: str) -> Export:
    engine = scene.library.engine
    work = engine.artifacts.workspace("test")
    facts = MediaFacts(
        container="mp4",
        duration_s=8.0,
        size_bytes=SIZE,
        moov_first=True,
        edit_lists=False,
        width=1080,
        height=1920,
    )
    post = Post(
        platform=preset,
        title=clip.title,
        description="",
        hashtags=("talks",),
        chapters=(),
        language="en",
        credits="",
        text=f"{clip.title}, version {version}. #talks",
    )
    data = f"{clip.clip_id} {version} ".encode() * SIZE
    (work / "video.mp4").write_bytes(data[:SIZE])
    (work / "poster.jpg").write_bytes(b"\xff\xd8" + b"p" * 500)
    (work / "clip.srt").write_text("1\n00:00:00,000 --> 00:00:01,000\nWords\n")
    (work / "post.json").write_text(post.model_dump_json())
    artifact = f"{preset}-{clip.clip_id}"
    manifest = engine.artifacts.publish(
        video_id=VIDEO,
        folder=Folder.EXPORTS,
        artifact=artifact,
        fingerprint=version * 64,
        cache_key_inputs={},
        files={path.name: path for path in sorted(work.iterdir())},
        document=FinishedExport(
            method=Method.COPY, facts=facts, estimate=Estimate(seconds=1, size_bytes=1), seconds=1
        ),
    )
    return Export(
        clip_id=clip.clip_id,
        rank=clip.rank,
        title=clip.title,
        platform=preset,
        artifact=artifact,
        fingerprint=manifest.fingerprint,
        key=manifest.file("video.mp4").key,
        method=Method.COPY,
        facts=facts,
        rules=(),
    )


def shown(fake: FakePlatform) -> int:
    """How many posts a platform shows, or will."""
    return len(fake.shown())


def after(**parts: float) -> datetime:
    return START + timedelta(**parts)

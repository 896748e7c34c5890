"""Posts driven to their end against fakes, as an outbox would: one saved state after another."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random

import httpx
from pydantic import SecretStr

from vidpipe.publishing import wire
from vidpipe.publishing.calls import Reply
from vidpipe.publishing.facebook import Facebook
from vidpipe.publishing.instagram import Instagram
from vidpipe.publishing.linkedin import LinkedIn
from vidpipe.publishing.machine import Machine
from vidpipe.publishing.model import (
    CaptionAttachment,
    PictureAttachment,
    PostHeld,
    PostingAccount,
    Publication,
    RemoteState,
    Verb,
    VideoFile,
)
from vidpipe.publishing.tiktok import TikTok
from vidpipe.publishing.webhook import PostingWebhook
from vidpipe.publishing.x import X
from vidpipe.publishing.youtube import YouTube
from vidpipe_fakes import FAKES, FakePlatform, Kind
from vidpipe_fakes.transport import FakeTransport

START = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
#: A file of each platform's, in bytes: several chunks of it where the platform has chunks.
SIZES = {
    "youtube": 600_000, "tiktok": 11_000_000, "instagram": 150_000, "facebook": 150_000,
    "linkedin": 150_000, "x": 150_000, "webhook": 150_000, "folder": 150_000,
}  # fmt: skip
BASE = "https://fake.test"
_DATA = bytes(range(256)) * 50_000
_MOST_STEPS = 600
#: What goes wrong at random, what ends a post left out.
_ANYTHING: list[str] = ["before", "after", *(k for k in Kind if k is not Kind.GONE)]


class Died(BaseException):
    """The process that drove a post is gone."""


class FakeClock:
    """A time that goes on when somebody waits."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now


@dataclass
class MemoryFiles:
    """Files of a post. `dies`: whoever reads the second piece dies."""

    data: bytes = _DATA
    dies: bool = False
    reads: int = 0

    def read(self, name: str, start: int, end: int) -> bytes:
        self.reads += 1
        if self.dies and self.reads > 1:
            raise Died
        return self.data[start:end]


@dataclass
class Scene:
    """A post on its way to a fake, and what happened."""

    machine: Machine
    fake: FakePlatform
    post: Publication
    account: PostingAccount
    clock: FakeClock
    saved: str = ""
    token: str = ""
    calls: list[str] = field(default_factory=list)
    refreshes: int = 0
    deaths: int = 0
    #: What goes wrong with which request: its place among all, counted from 0.
    at: int = -1
    kind: Kind | None = None
    #: What comes in place of its answer, without that it is sent.
    answer: Reply | None = None
    times: int = 1
    kill: str = ""
    #: What goes wrong with the request after it: usually the one that looks it up.
    then: str = ""
    random: Random | None = None
    refreshable: bool = True
    states: list[RemoteState] = field(default_factory=list)

    @property
    def state(self) -> RemoteState:
        return RemoteState.model_validate_json(self.saved)

    def save(self, state: RemoteState) -> None:
        self.saved = state.model_dump_json()
        self.states.append(state)

    @property
    def elapsed(self) -> timedelta:
        return self.clock.now - START


def machine_for(name: str, base: str = BASE) -> Machine:
    """A platform that asks a fake, with small chunks."""
    return {
        "youtube": lambda: YouTube(base, analytics=base, chunk_bytes=262_144),
        "tiktok": lambda: TikTok(base, chunk_bytes=5_000_000),
        "instagram": lambda: Instagram(base),
        "facebook": lambda: Facebook(base),
        "linkedin": lambda: LinkedIn(base, hosts=()),
        "x": lambda: X(base, segment_bytes=65_536),
        "webhook": lambda: PostingWebhook(f"{base}/posts"),
    }[name]()


def post_for(name: str, **changes: object) -> Publication:
    """A post with all that the platform takes."""
    more: dict[str, object] = {}
    if name == "youtube":
        more = {
            "thumbnail": PictureAttachment(size_bytes=5000),
            "captions": (CaptionAttachment(language="en", size_bytes=400),),
            "playlists": ("PLfake",),
            "tags": ("talks", "two words"),
            "language": "en",
        }
    fields: dict[str, object] = {
        "key": "post-1",
        "title": "How it works",
        "text": "How it works, in a minute. #talks",
        "video": VideoFile(size_bytes=SIZES[name], duration_s=42.0),
        "link": "https://example.com/clip.mp4",
        **more,
        **changes,
    }
    return Publication.model_validate(fields)


def scene_for(name: str, base: str = BASE, **changes: object) -> Scene:
    """A post that nothing was done for yet, and a fake that knows its account."""
    clock = FakeClock()
    fake = FAKES[name](clock)
    if name == "linkedin":
        fake.part_bytes = 65_536  # type: ignore[attr-defined]
    machine, post = machine_for(name, base), post_for(name, **changes)
    account = PostingAccount(remote_id=fake.ACCOUNT)
    scene = Scene(machine, fake, post, account, clock)
    scene.token = fake.token(account.remote_id)
    scene.save(machine.begin(post, clock.now))
    return scene


def client_of(scene: Scene) -> httpx.AsyncClient:
    """A client that reaches the scene's fake without a socket."""
    return httpx.AsyncClient(transport=FakeTransport({"fake.test": scene.fake}), trust_env=False)


async def step(scene: Scene, client: httpx.AsyncClient) -> bool:
    """One turn; whether there is more to do. Whoever dies has saved what was saved."""
    move = scene.machine.plan(scene.post, scene.account, scene.state, scene.clock.now)
    scene.save(move.state)
    if move.verb is Verb.REFRESH:
        scene.refreshes += 1
        if scene.refreshable:
            scene.token = scene.fake.token(scene.account.remote_id)
            scene.save(scene.machine.refreshed(scene.state))
        else:
            scene.save(scene.machine.disconnected(scene.state, "Connect the account again."))
        return True
    if move.call is None:
        if move.at is None:
            return False
        scene.clock.now = move.at
        return True
    number = len(scene.calls)
    scene.calls.append(move.call.name)
    here = number == scene.at or (scene.times > 1 and 0 <= scene.at <= number)
    kill = scene.kill if here else ""
    if here and scene.kind is not None:
        scene.fake.trouble("", scene.kind)
    if scene.then and number == scene.at + 1:
        kill = scene.then if scene.then in ("before", "after") else ""
        if not kill:
            scene.fake.trouble("", Kind(scene.then))
    if scene.random is not None and scene.random.random() < 0.3:
        chosen = scene.random.choice(_ANYTHING)
        kill = chosen if isinstance(chosen, str) and not isinstance(chosen, Kind) else ""
        if isinstance(chosen, Kind):
            scene.fake.trouble("", chosen)
    if kill == "before":
        raise Died
    files = MemoryFiles(dies=kill == "during")
    given = scene.answer if here else None
    reply = given or await wire.perform(client, move.call, SecretStr(scene.token), files)
    if kill == "after":
        raise Died
    scene.save(
        scene.machine.take(
            scene.post, scene.account, scene.state, move.call, reply, scene.clock.now
        )
    )
    return True


async def _to_the_end(scene: Scene) -> None:
    async with client_of(scene) as client:
        for _ in range(_MOST_STEPS):
            try:
                if not await step(scene, client):
                    return
            except Died:
                # The next process finds what was saved.
                scene.deaths += 1
        raise AssertionError(f"no end: {Counter(scene.calls)}, {scene.state}")


def drive_some(scene: Scene, steps: int) -> None:
    """Drive a post for so many turns, or to its end."""

    async def some() -> None:
        async with client_of(scene) as client:
            for _ in range(steps):
                await step(scene, client)

    asyncio.run(some())


def drive(scene: Scene) -> RemoteState:
    """Drive a post until nothing is left to do."""
    asyncio.run(_to_the_end(scene))
    return scene.state


def reconnect(scene: Scene) -> RemoteState:
    """Do what a post is held for, and drive it on."""
    assert scene.state.held in (PostHeld.ACCOUNT, PostHeld.CHANGE)
    scene.token = scene.fake.token(scene.account.remote_id)
    scene.save(scene.machine.released(scene.state, scene.clock.now))
    return drive(scene)

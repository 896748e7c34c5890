"""What many tests share: made-up talks, engines in temporary folders, real media."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from vidpipe.intake.intake import Drop
from vidpipe.intake.sidecars import beside
from vidpipe.pipeline import Engine, StageResult, stage_names
from vidpipe.settings import load_settings
from vidpipe.synthesis.script import DEMO_TALK, Page
from vidpipe.synthesis.talk import Look, TalkTruth, make_talk

REAL_MEDIA = Path(
    os.environ.get("VIDPIPE_TEST_MEDIA", Path(__file__).parents[2] / "shared" / "media")
)

CHANNELS = """
channels:
  default:
    clips: {count: 2, min_s: 6, max_s: 20}
    platforms: [tiktok, youtube_shorts]
  other: {}
"""


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith("VIDPIPE_"):
            monkeypatch.delenv(name)
    # No test waits for a hub.
    monkeypatch.setenv("VIDPIPE_WHISPER_DOWNLOAD", "false")


@pytest.fixture
def real_media() -> Callable[[str], Path]:
    """A file of the real test media; the test is skipped where it is absent."""

    def find(name: str) -> Path:
        path = REAL_MEDIA / name
        if not path.exists():
            pytest.skip(f"real test media are not there: {path}")
        return path

    return find


@dataclass(frozen=True)
class Talk:
    path: Path
    truth: TalkTruth


SHORT_TALK: tuple[Page, ...] = (
    Page(DEMO_TALK[1].title, DEMO_TALK[1].bullets, DEMO_TALK[1].sentences[:3], 1.5),
    Page(DEMO_TALK[2].title, DEMO_TALK[2].bullets, DEMO_TALK[2].sentences[:3], 1.0),
)


@pytest.fixture(scope="session")
def talk(tmp_path_factory: pytest.TempPathFactory) -> Talk:
    """Some 30 s of talk with a speaker inset, two slides, its script beside it."""
    path = tmp_path_factory.mktemp("talk") / "short talk.mp4"
    return Talk(path, make_talk(path, SHORT_TALK, Look(width=640, height=360)))


def make_engine(home: Path) -> Engine:
    home.mkdir(parents=True, exist_ok=True)
    if not (home / "channels.yaml").exists():
        (home / "channels.yaml").write_text(CHANNELS)
    return Engine(
        load_settings(
            home=home,
            whisper_download=False,
            x264_preset="ultrafast",
            stable_s=0.0,
        )
    )


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    yield make_engine(tmp_path / "home")


def take(engine: Engine, path: Path, *, channel: str = "default", sidecars: bool = True):
    return engine.intake().take(
        Drop(
            key=f"{channel}/{path.name}",
            channel=channel,
            name=path.name,
            path=path,
            version=f"{path.stat().st_mtime_ns}",
            sidecars=beside(path) if sidecars else {},
        )
    )


def run_all(engine: Engine, video_id: str, **wishes) -> list[StageResult]:
    order = engine.order(video_id, **wishes)
    return [engine.run_stage(name, video_id, order) for name in stage_names(order.wanted_platforms)]


@dataclass(frozen=True)
class Processed:
    engine: Engine
    video_id: str
    ran: list[StageResult]

    def document(self, stage: str):
        return next(r.document for r in self.ran if r.stage == stage)


@pytest.fixture(scope="session")
def processed(talk: Talk, tmp_path_factory: pytest.TempPathFactory) -> Processed:
    """The short talk, processed once; tests must not change its home."""
    engine = make_engine(tmp_path_factory.mktemp("processed") / "home")
    outcome = take(engine, talk.path)
    assert outcome.video_id is not None, outcome.message
    return Processed(engine, outcome.video_id, run_all(engine, outcome.video_id))

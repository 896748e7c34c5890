"""Libraries with clips that were never rendered: what reviews know of them is in the catalog."""

from __future__ import annotations

import base64
import hashlib

import pytest

from vidpipe.catalog import tables
from vidpipe.catalog.catalog import Rows
from vidpipe.catalog.reviews import Decider
from vidpipe.library import Library
from vidpipe.settings import load_settings
from vidpipe_tests.catalog.conftest import database_url

__all__ = ["database_url"]

VIDEO = "default--talk-0123456789"
ADA, BEN = Decider("user:ada", "ada@example.org"), Decider("user:ben", "ben@example.org")
KEY = base64.urlsafe_b64encode(b"k" * 32).decode()
ONE, TWO = "1" * 64, "2" * 64
CHANNELS = "channels:\n  default: {platforms: [tiktok], review: {RULES}}\n"


def video_row(video_id=VIDEO, **changes):
    fields = {
        "video_id": video_id,
        "channel": "default",
        "sha256": hashlib.sha256(video_id.encode()).hexdigest(),
        "name": "talk.mp4",
        "title": "talk",
        "size_bytes": 1,
        "duration_s": 600.0,
        "width": 1280,
        "height": 720,
        "state": "accepted",
    }
    return tables.Video(**{**fields, **changes})


def clip_row(clip_id, rank, fingerprint, video_id=VIDEO, **changes):
    fields = {
        "clip_id": clip_id,
        "video_id": video_id,
        "rank": rank,
        "title": f"clip {rank}",
        "score": 80.0 - 10 * rank,
        "start_s": 10.0 * rank,
        "end_s": 10.0 * rank + 8,
        "duration_s": 8.0,
        "compositions": ["stack"],
        "fingerprint": fingerprint,
    }
    return tables.ClipRow(**{**fields, **changes})


def render(catalog, *clips, video_id=VIDEO):
    """Have the clips of a video be these from now on, as the stage that makes them says."""
    catalog.replace(Rows(tables.ClipRow, {"video_id": video_id}, list(clips)))


def two_clips(catalog, video_id=VIDEO):
    render(
        catalog,
        clip_row("c1", 1, ONE, video_id),
        clip_row("c2", 2, TWO, video_id),
        video_id=video_id,
    )


@pytest.fixture
def open_library(tmp_path):
    """Opens a library whose channel has these rules: `open_library("export: ask")`."""

    def opened(rules="", database_url=None, **settings):
        home = tmp_path / "home"
        home.mkdir(exist_ok=True)
        text = CHANNELS.replace("RULES", rules)
        (home / "channels.yaml").write_text(text)
        if database_url is not None:
            settings["database_url"] = database_url
        settings.setdefault("encryption_keys", [KEY])
        return Library.open(load_settings(home=home, allow_model_download=False, **settings))

    return opened

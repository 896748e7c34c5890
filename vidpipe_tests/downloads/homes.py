"""Libraries that may fetch from this machine."""

from __future__ import annotations

from pathlib import Path

from vidpipe.library import Library
from vidpipe.pipeline import Engine
from vidpipe.settings import load_settings
from vidpipe_tests.conftest import CHANNELS


def opened(home: Path, settings: dict | None = None, **options) -> Library:
    home.mkdir(parents=True, exist_ok=True)
    (home / "channels.yaml").write_text(CHANNELS)
    given = {"allowed_networks": ["127.0.0.1/32"], "read_timeout_s": 2.0, **options}
    more = settings or {}
    return Library(Engine(load_settings(home=home, drop_settle_s=0.0, downloads=given, **more)))

"""A browser, and the processed video in a folder or a bucket."""

from __future__ import annotations

from pathlib import Path

import pytest
from starlette.testclient import TestClient

from vidpipe.clips.model import RenderedClips
from vidpipe.library import Library
from vidpipe.pipeline import Engine
from vidpipe.settings import load_settings
from vidpipe.storage.keys import Folder
from vidpipe.web import web_app


def browse(engine: Engine, **how) -> TestClient:
    """A browser that calls the server by a name of its own."""
    return TestClient(web_app(Library(engine)), base_url="http://localhost", **how)


def film(processed) -> str:
    """The key of the first clip."""
    clip: RenderedClips = processed.document("rendered_clips")
    file = clip.clips[0].files[0]
    made = processed.engine.artifacts.manifest(
        processed.video_id, Folder.CLIPS, file.artifact, file.fingerprint
    )
    return made.file("clip.mp4").key


def film_bytes(processed) -> bytes:
    """What is in the file of the first clip."""
    return Path(processed.engine.store.local_path(film(processed))).read_bytes()


@pytest.fixture
def in_bucket(processed, s3_options, tmp_path, monkeypatch):
    """The processed video in a bucket: `engine(streamed)` over it."""
    local = processed.engine

    def made(streamed: bool) -> Engine:
        return Engine(
            load_settings(
                home=tmp_path / "elsewhere",
                store_url="s3://vidpipe-test/web",
                store_options=s3_options,
                database_url=local.settings.database_url,
                proxy_downloads=streamed,
            )
        )

    bucket = made(False).store
    for item in local.store.list(f"default/{processed.video_id}"):
        path = local.store.local_path(item.key)
        bucket.put_file(item.key, path, attributes={"Content-Type": "video/mp4"})
    return made

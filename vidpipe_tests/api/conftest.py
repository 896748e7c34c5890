"""A library of its own with the short talk processed, and the service over it."""

from __future__ import annotations

import shutil

import pytest
from starlette.testclient import TestClient

from vidpipe.api.app import service
from vidpipe.catalog.tables import now
from vidpipe.library import Library
from vidpipe.pipeline import Engine
from vidpipe.settings import load_settings


def served(home, **overrides) -> Library:
    """The library of a home, as tests call its server."""
    settings = load_settings(
        home=home,
        allow_model_download=False,
        drop_settle_s=0.0,
        public_url="http://testserver",
        **overrides,
    )
    return Library(Engine(settings))


@pytest.fixture
def home(processed, tmp_path):
    """The short talk in a home of its own."""
    folder = tmp_path / "home"
    shutil.copytree(processed.engine.settings.home, folder)
    return folder


@pytest.fixture
def library(home) -> Library:
    made = served(home)
    (video,) = made.list().items
    # As the runs of stages that made it would have left it.
    made.engine.catalog.finish_video(video.video_id, now())
    return made


@pytest.fixture
def client(library) -> TestClient:
    return TestClient(service(library), base_url="http://testserver/api/v1")


@pytest.fixture
def video_id(library) -> str:
    return library.list().items[0].video_id

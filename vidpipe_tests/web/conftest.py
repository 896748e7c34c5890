"""A browser, and the processed video in a folder or a bucket."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.testclient import TestClient

from vidpipe.clips.model import RenderedClips
from vidpipe.library import Library
from vidpipe.pipeline import Engine
from vidpipe.settings import load_settings
from vidpipe.storage.keys import Folder
from vidpipe.web import web_app
from vidpipe_tests.shared import not_now

DESK, PHONE = {"width": 1440, "height": 900}, {"width": 390, "height": 844}
WAIT_MS = 30_000
_CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
_FLAGS = (
    *("--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run"),
    "--autoplay-policy=no-user-gesture-required",
)


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


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    """A browser; the test is skipped where none is installed."""
    # Refused in the middle of its start, Playwright would leave its loop running in this thread.
    for refuse in not_now:
        refuse("starts a browser")
    sync_api = pytest.importorskip("playwright.sync_api")
    program = os.environ.get("VIDPIPE_TEST_CHROMIUM") or next(
        filter(None, map(shutil.which, _CHROMIUM)), None
    )
    if program is None:
        pytest.skip("chromium is not installed")
    with sync_api.sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=program, args=list(_FLAGS))
        yield opened
        with suppress(sync_api.Error):
            opened.close()


class Visit:
    """A page of a browser, and what went wrong on it."""

    def __init__(self, page: Any, base: str) -> None:
        self.page, self.base = page, base
        self.problems: list[str] = []
        page.set_default_timeout(WAIT_MS)
        page.on("pageerror", lambda error: self.problems.append(str(error)))
        page.on("console", self._heard)

    def _heard(self, message: Any) -> None:
        # What a server does not offer is asked for once, which the console notes.
        if message.type == "error" and "status of 4" not in message.text:
            self.problems.append(message.text)

    def open(self, path: str, shows: str) -> None:
        self.page.goto(self.base + path)
        self.page.get_by_text(shows).first.wait_for()

    def open_clip(self, video: str, clip: str) -> None:
        self.open(f"/studio/videos/{video}/clips/{clip}", "of 100")
        self.until_editable()

    def until_editable(self) -> None:
        """Wait until what was changed before is there: then the clip can be changed."""
        self.page.get_by_role("button", name="Take a change back").wait_for()

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    def until(self, true, what: str, within_s: float = 20) -> None:
        end = time.monotonic() + within_s
        while not true():
            assert time.monotonic() < end, what
            self.page.wait_for_timeout(100)


@pytest.fixture
def visits(chromium, served):
    """Opens pages of a size; at the end nothing may have gone wrong on any."""
    made: list[Visit] = []
    contexts = []

    def visit(size=DESK, **how: Any) -> Visit:
        context = chromium.new_context(viewport=size, **how)
        contexts.append(context)
        made.append(Visit(context.new_page(), served.api.removesuffix("/api/v1")))
        return made[-1]

    yield visit
    for context in contexts:
        context.close()
    assert [problem for one in made for problem in one.problems] == []


@pytest.fixture
def api(served) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=served.api, timeout=30) as client:
        yield client


@pytest.fixture
def video(processed) -> str:
    return processed.video_id


@pytest.fixture
def clip(api, video) -> dict[str, Any]:
    return api.get(f"/videos/{video}/clips").json()["items"][0]["clip"]


@pytest.fixture
def unedited(api, video, clip) -> None:
    at = api.get(f"/videos/{video}/edits").json()["version"]
    path = f"/videos/{video}/edits/clips/{clip['id']}"
    answer = api.delete(path, headers={"If-Match": f'"{at}"'})
    assert answer.status_code in {200, 404}, answer.text


@pytest.fixture
def undecided(api, video) -> None:
    for item in api.get("/reviews", params={"video_id": video}).json()["items"]:
        if item["decision"]:
            path = f"/videos/{video}/clips/{item['clip_id']}/undo"
            body = {"decision_id": item["decision"]["decision_id"]}
            assert api.post(path, json=body).status_code == 200

"""The studio in Chromium, over the service as a process and real media."""

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

from vidpipe_tests.uploads.conftest import Server, dropped, noise

pytestmark = pytest.mark.timeout(240)
sync_api = pytest.importorskip("playwright.sync_api")
_CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
AXE = Path(__file__).parents[2] / "studio/node_modules/axe-core/axe.min.js"
DESK, PHONE = {"width": 1440, "height": 900}, {"width": 390, "height": 844}
WAIT_MS = 30_000
_FLAGS = (
    *("--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run"),
    "--autoplay-policy=no-user-gesture-required",
)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
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


@pytest.fixture(scope="module")
def served(processed, tmp_path_factory) -> Iterator[Server]:
    """The processed talk behind `vidpipe serve`; tests of this module change its home in turn."""
    home = tmp_path_factory.mktemp("studio") / "home"
    shutil.copytree(processed.engine.settings.home, home)
    made = Server(home, {"VIDPIPE_ALLOW_MODEL_DOWNLOAD": "false"})
    made.start()
    yield made
    made.kill()


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


def addresses(video: str, clip_id: str) -> dict[str, str]:
    return {
        "/studio/": "short talk",
        f"/studio/videos/{video}": "Transcript",
        f"/studio/videos/{video}/clips/{clip_id}": "of 100",
        "/studio/search?q=the": "“the”",
        "/studio/review": "Review",
    }


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_page_is_accessible(visits, video, clip, scheme):
    if not AXE.exists():
        pytest.skip("axe-core is not installed: npm ci in studio/")
    one = visits(color_scheme=scheme, bypass_csp=True)
    for path, shows in addresses(video, clip["id"]).items():
        one.open(path, shows)
        one.page.wait_for_timeout(400)
        one.page.add_script_tag(path=AXE)
        found = one.page.evaluate("axe.run().then(r => r.violations)")
        told = [(v["id"], [n["html"][:120] for n in v["nodes"]]) for v in found]
        assert told == [], f"{path} in {scheme}"
        theme = one.page.evaluate("document.documentElement.dataset.theme")
        assert theme == scheme


def test_pages_fit_a_phone(visits, video, clip):
    one = visits(PHONE, is_mobile=True, has_touch=True)
    for path, shows in addresses(video, clip["id"]).items():
        one.open(path, shows)
        one.page.wait_for_timeout(300)
        wide = one.page.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert wide <= 0, path


def test_an_upload_goes_on_after_the_page_was_loaded_again(visits, served, tmp_path):
    file = tmp_path / "long talk.bin.mp4"
    data = noise(40_000_000, seed=3)
    file.write_bytes(data)
    one = visits()
    one.open("/studio/", "Choose recordings")
    # A slow line: the page is loaded again in the middle.
    line = one.page.context.new_cdp_session(one.page)
    line.send(
        "Network.emulateNetworkConditions",
        {
            "offline": False,
            "latency": 20,
            "downloadThroughput": -1,
            "uploadThroughput": 8_000_000,
        },
    )
    picker = one.page.get_by_label("Recordings to upload")
    picker.set_input_files(file)
    bar = one.page.get_by_role("progressbar")
    one.until(lambda: int(bar.get_attribute("aria-valuenow") or 0) >= 30, "nothing is sent")
    one.page.on("dialog", lambda dialog: dialog.accept())
    one.page.reload()
    one.page.get_by_text("not finished").wait_for()
    with httpx.Client(base_url=served.api) as client:
        [before] = client.get("/uploads/open").json()["items"]
        sent = client.get(f"/uploads/{before['upload_id']}").json()["received_bytes"]
    assert sent > 0
    one.page.get_by_label("Recordings to upload").set_input_files(file)
    one.page.get_by_text("is being looked at").wait_for()
    assert dropped(served.home)[file.name] == data
    (served.home / "drop/default" / file.name).unlink()


def test_a_recording_is_searched_watched_and_its_words_lead_to_their_moments(visits, video, api):
    said = api.get(f"/videos/{video}/transcript").json()
    word = max(said["words"], key=lambda w: len(w["text"]))
    wanted = "".join(c for c in word["text"] if c.isalnum())
    one = visits()
    one.open("/studio/", "short talk")
    one.press("/")
    one.page.keyboard.type(wanted)
    one.press("Enter")
    one.page.locator("mark").first.click()
    one.page.get_by_role("heading", name="Transcript").wait_for()
    at = float(one.page.url.split("t=")[1])
    assert any(abs(s["start_s"] - at) < 0.02 for s in said["sentences"])
    slider = one.page.get_by_role("slider", name="Position in the recording")
    assert int(slider.get_attribute("aria-valuenow") or -1) == round(at)
    one.page.get_by_label("Find in the transcript").fill(wanted.lower())
    one.press("Enter")
    one.until(
        lambda: abs(int(slider.get_attribute("aria-valuenow") or -99) - word["start_s"]) < 2,
        "the timeline does not follow the transcript",
    )
    one.page.get_by_role("tab", name="What was found").click()
    one.page.get_by_text("Self contained").first.wait_for()


def test_clips_are_decided_by_keys_and_nothing_is_lost_by_loading_again(visits, api, video):
    waiting = api.get("/reviews", params={"state": "pending", "video_id": video}).json()["items"]
    assert len(waiting) == 2
    one = visits()
    one.open("/studio/review", "wait for you")
    one.press("Enter")
    one.page.get_by_text("1 of 2").wait_for()
    one.press("a")
    one.page.get_by_text("2 of 2").wait_for()
    one.page.reload()
    one.page.get_by_role("button", name="Reject").wait_for()
    one.press("x")
    one.page.get_by_role("button", name="Starts or ends badly").wait_for()
    one.press("3")
    one.page.get_by_text("All looked at").wait_for()
    states = {
        i["clip_id"]: (i["state"], (i["decision"] or {}).get("reason"))
        for i in api.get("/reviews", params={"video_id": video}).json()["items"]
    }
    first, second = (item["clip_id"] for item in waiting)
    assert states[first][0] == "approved"
    assert states[second] == ("rejected", "starts_or_ends_badly")
    one.open(f"/studio/videos/{video}/clips/{second}", "Rejected")
    one.press("u")
    one.page.get_by_role("button", name="Approve").wait_for()
    left = api.get("/reviews", params={"state": "pending", "video_id": video}).json()["items"]
    assert [item["clip_id"] for item in left] == [second]


def test_words_are_cut_corrected_and_put_back(visits, api, video, clip):
    one = visits()
    page = f"/studio/videos/{video}/clips/{clip['id']}"

    def edit() -> dict[str, Any]:
        document = api.get(f"/videos/{video}/edits").json()["document"]
        found = (e for e in document["clip_edits"] if e["clip"] == clip["id"])
        return next(found, {})

    one.open(page, "of 100")
    inside = one.page.locator(".word.in")
    inside.nth(2).click()
    one.press("Shift+ArrowRight", "Delete")
    cut = one.page.locator(".word.cut")
    assert cut.count() == 2
    one.until(lambda: len(edit().get("cuts", [])) == 1, "the cut is not saved")
    one.press("Control+z")
    one.until(lambda: edit().get("cuts", []) == [], "the cut is not taken back")
    one.press("Control+Shift+z")
    # Before it is sent the page is loaded again: it is sent then.
    one.page.reload()
    one.page.get_by_text("of 100").first.wait_for()
    one.until(lambda: len(edit().get("cuts", [])) == 1, "a change was lost by loading again")
    one.press("t")
    one.press("Control+a")
    one.page.keyboard.type("A better title")
    one.press("Tab")
    one.until(lambda: edit().get("title") == "A better title", "the title is not saved")
    one.page.get_by_role("tab", name="Words").click()
    one.page.locator(".word.in").nth(4).dblclick()
    one.page.keyboard.type("mended")
    one.press("Enter")
    one.until(
        lambda: (
            [w["text"] for w in api.get(f"/videos/{video}/edits").json()["document"]["words"]]
            == ["mended"]
        ),
        "the correction is not saved",
    )
    one.page.get_by_role("tab", name="Versions").click()
    one.page.get_by_text("Version 1", exact=True).wait_for()
    one.page.get_by_role("button", name="Go back to it").last.click()
    one.page.get_by_text("again. The versions after it are kept.").wait_for()
    assert edit().get("title") is None


def test_two_people_at_once_keep_each_others_changes(visits, api, video, clip):
    page = f"/studio/videos/{video}/clips/{clip['id']}"
    one, other = visits(), visits()
    one.open(page, "of 100")
    other.open(page, "of 100")
    for who, field, text in ((one, "Description", "by one"), (other, "Hashtags", "other")):
        who.page.get_by_role("tab", name="Texts").click()
        who.page.get_by_label(field).fill(text)
        who.press("Tab")

    def both() -> bool:
        document = api.get(f"/videos/{video}/edits").json()["document"]
        found = [e for e in document["clip_edits"] if e["clip"] == clip["id"]]
        return bool(found) and (found[0]["description"], found[0]["hashtags"]) == (
            "by one",
            ["other"],
        )

    one.until(both, "one of two changes is lost")


def test_a_line_that_is_gone_for_a_while_loses_no_change(visits, api, video, clip):
    one = visits()
    one.open(f"/studio/videos/{video}/clips/{clip['id']}", "of 100")
    one.page.get_by_role("tab", name="Texts").click()
    # It can be changed once what was changed before is there.
    hook = one.page.get_by_label("Hook, the first line")
    sync_api.expect(hook).to_be_enabled()
    one.page.context.set_offline(True)
    hook.fill("Said while away")
    one.press("Tab")
    one.page.get_by_text("Not reachable").wait_for()
    one.problems.clear()
    one.page.context.set_offline(False)

    def saved() -> bool:
        document = api.get(f"/videos/{video}/edits").json()["document"]
        return any(e["hook"] == "Said while away" for e in document["clip_edits"])

    one.until(saved, "a change that was made without a line is lost")
    one.problems.clear()

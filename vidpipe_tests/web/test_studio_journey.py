"""A real recording from the upload to the file that is downloaded: in Chromium, on the service."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import pytest

from vidpipe.media import ffmpeg
from vidpipe_tests.conftest import REAL_MEDIA
from vidpipe_tests.uploads.conftest import Server
from vidpipe_tests.web.conftest import PHONE

pytestmark = pytest.mark.timeout(420)
RECORDING = REAL_MEDIA / "composites/office_pip.mp4"
WORDS = REAL_MEDIA / "composites/office_pip.srt"
#: Seconds of it: one clip.
LENGTH_S = 22
CHANNELS = """
channels:
  default:
    quality: draft
    clips: {count: 1, min_s: 6, max_s: 15}
    platforms: [youtube_shorts]
"""
#: Bytes a second, both ways.
_LINE = 400_000
SLOW = {"offline": False, "latency": 150, "downloadThroughput": _LINE, "uploadThroughput": _LINE}
TITLE = "Said in the studio"


@pytest.fixture(scope="module")
def recording(tmp_path_factory) -> Path:
    """The beginning of a real recording, as it was encoded."""
    if not RECORDING.is_file():
        pytest.skip(f"there is no real media: {RECORDING}")
    made = tmp_path_factory.mktemp("real") / "office talk.mp4"
    cut = ["-i", str(RECORDING), "-t", str(LENGTH_S), "-c", "copy", str(made)]
    subprocess.run([ffmpeg.executable(), "-v", "error", *cut], check=True)
    return made


@pytest.fixture(scope="module")
def served(recording, tmp_path_factory) -> Iterator[Server]:
    home = tmp_path_factory.mktemp("journey") / "home"
    home.mkdir()
    (home / "channels.yaml").write_text(CHANNELS)
    made = Server(home, {"VIDPIPE_ALLOW_MODEL_DOWNLOAD": "false"})
    made.start()
    yield made
    made.kill()


def process(served: Server, file: Path) -> int:
    """Have the pipeline work on what was uploaded, as another process of the same home does."""
    environment = {
        **os.environ, "VIDPIPE_HOME": str(served.home), "VIDPIPE_ALLOW_MODEL_DOWNLOAD": "false",
    }  # fmt: skip
    command = [sys.executable, "-c", "from vidpipe.cli import main; main()", "run", str(file)]
    command += ["--transcript", str(WORDS)]
    ran = subprocess.run(command, env=environment, capture_output=True, timeout=300, check=False)
    return ran.returncode


def slow_line(one) -> None:
    one.page.context.new_cdp_session(one.page).send("Network.emulateNetworkConditions", SLOW)


def test_a_recording_goes_from_the_upload_to_the_downloaded_file(
    visits, served, api, recording, tmp_path
):
    # Somebody is to be asked before exports: set in the studio, and kept over loading again.
    desk = visits()
    desk.open("/studio/gates", "When somebody is asked")
    gate = desk.page.get_by_role("radiogroup", name="Before exports")
    gate.get_by_label("Ask", exact=True).check()
    desk.page.reload()
    desk.page.get_by_text("When somebody is asked").wait_for()
    assert gate.get_by_label("Ask", exact=True).is_checked(), "what was chosen is lost by a reload"
    desk.page.get_by_role("button", name="Save").click()
    desk.page.get_by_text("it holds from now on").wait_for()
    assert api.get("/channels/default/gates").json()["rules"]["export"] == "ask"

    # Uploaded over a slow line.
    slow_line(desk)
    desk.open("/studio/", "Choose recordings")
    choose = desk.page.get_by_role("button", name="Choose recordings")
    desk.until(choose.is_enabled, "there is no channel to upload into")
    desk.page.get_by_label("Recordings to upload").set_input_files(recording)
    desk.page.get_by_text("is being looked at").wait_for()
    dropped = served.home / "drop/default" / recording.name
    assert dropped.read_bytes() == recording.read_bytes()

    # Processed up to the gate; the list shows it without being loaded again.
    assert process(served, dropped) == 5, "it waits for somebody"
    desk.page.get_by_role("link", name="office talk").first.wait_for()
    [video] = [item["video_id"] for item in api.get("/videos").json()["items"]]
    [item] = api.get("/reviews", params={"video_id": video}).json()["items"]
    assert item["needed"] and item["state"] == "pending"
    assert api.get(f"/videos/{video}/exports").json()["items"] == []

    # Edited over a slow line; the page is loaded again before the change was sent.
    desk.open_clip(video, item["clip_id"])
    desk.page.get_by_role("tab", name="Texts").click()
    title = desk.page.get_by_label(re.compile("^Title"))
    title.fill(TITLE)
    desk.press("Tab")
    desk.page.reload()
    desk.until_editable()

    def edits() -> list[dict[str, Any]]:
        return api.get(f"/videos/{video}/edits").json()["document"]["clip_edits"]

    desk.until(lambda: [e["title"] for e in edits()] == [TITLE], "the title was lost")
    desk.press("d")

    def made_again() -> bool:
        now = api.get("/reviews", params={"video_id": video}).json()["items"][0]
        return now["title"] == TITLE and now["fingerprint"] != item["fingerprint"]

    desk.until(made_again, "the clip is not rendered as it was changed", 120)

    # Two look at what waits; one approves on a phone, by keys, and the other is told.
    phone, other = visits(PHONE), visits()
    for one in (phone, other):
        one.open("/studio/gates", "1 clip to decide on")
    box = phone.page.get_by_role("checkbox", name="Choose office talk")
    phone.press("j")
    phone.until(lambda: box.evaluate("e => e === document.activeElement"), "J finds nothing")
    phone.press("Space", "a")
    phone.page.get_by_text("1 approved").wait_for()
    for one in (phone, other):
        one.page.get_by_text("Nothing waits.").wait_for()
    [now] = api.get("/reviews", params={"video_id": video}).json()["items"]
    assert (now["state"], now["decision"]["fingerprint"]) == ("approved", now["fingerprint"])

    # What was approved is exported by the service itself, and downloaded.
    def exported() -> list[dict[str, Any]]:
        return api.get(f"/videos/{video}/exports").json()["items"]

    phone.until(lambda: len(exported()) == 1, "what was approved does not go on", 120)
    desk.open(f"/studio/videos/{video}", "Downloads")
    desk.page.get_by_role("tab", name="Downloads").click()
    with desk.page.expect_download(timeout=60_000) as begun:
        desk.page.get_by_role("link", name="Everything as a ZIP").click()
    whole = tmp_path / "all.zip"
    begun.value.save_as(whole)
    with zipfile.ZipFile(whole) as archive:
        assert archive.testzip() is None
        [name] = [n for n in archive.namelist() if n.endswith(".mp4") and "youtube" in n]
        file = tmp_path / "export.mp4"
        file.write_bytes(archive.read(name))
    with av.open(str(file)) as film:
        [picture], [sound] = film.streams.video, film.streams.audio
        assert (picture.codec_context.name, sound.codec_context.name) == ("h264", "aac")
        assert (picture.width, picture.height) == (1080, 1920)
        assert abs(film.duration / 1e6 - now["duration_s"]) < 0.2
    decoded = subprocess.run(
        [ffmpeg.executable(), "-v", "error", "-xerror", "-i", str(file), "-f", "null", "-"],
        capture_output=True,
        check=False,
    )
    assert (decoded.returncode, decoded.stderr) == (0, b""), "it cannot be decoded to its end"

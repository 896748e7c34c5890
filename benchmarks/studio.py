"""The studio in Chromium: how soon a recording of three hours is open, what it takes, how long a
queue of twelve clips takes by keyboard, and a calendar of a thousand posts.

The service is real; the long recording is answered for by this program, with as many words, peaks
and slides as three hours have. `--pictures` takes those of docs/: those of the calendar and of the
figures, whose posts are made up, and with `--home`, of a home that has videos, those of these.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import random
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import psutil
from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from benchmarks import studio_figures
from benchmarks.browser import _FLAGS
from benchmarks.studio_calendar import picture, planned

_HOURS = 3
_PICTURES = Path(__file__).parents[1] / "docs/pictures"
_VIDEO = "default--long-0000000000"


@contextmanager
def served(home: Path) -> Iterator[str]:
    """The address of the service over a home."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    program = "from vidpipe.cli import main; main()"
    command = [sys.executable, "-c", program, "serve", "--port", str(port)]

    environment = {**os.environ, "VIDPIPE_HOME": str(home)}
    process = subprocess.Popen(
        command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    base = f"http://127.0.0.1:{port}"
    try:
        for _ in range(300):
            try:
                httpx.get(f"{base}/health", timeout=1)
                break
            except httpx.TransportError:
                time.sleep(0.1)
        yield base
    finally:
        process.terminate()
        process.wait(20)


def long_recording() -> dict[str, Any]:
    """What the API says of a recording of three hours, by the end of the address."""
    rng = random.Random(1)
    duration_s = _HOURS * 3600.0
    words, sentences, at = [], [], 0.0
    while at < duration_s - 20:
        first = len(words)
        for _ in range(rng.randint(6, 22)):
            length = rng.uniform(0.15, 0.5)
            text = "".join(rng.choices("aeioulnrst", k=rng.randint(2, 9)))
            word = {"text": text, "start_s": round(at, 3), "end_s": round(at + length, 3)}
            words.append({**word, "confidence": 0.9, "speaker": ""})
            at += length + 0.03
        said = " ".join(w["text"] for w in words[first:])
        ends = {"start_s": words[first]["start_s"], "end_s": words[-1]["end_s"]}
        sentences.append({"text": said, **ends, "first_word": first, "last_word": len(words)})
        at += rng.uniform(0.3, 1.6)
    spans = [{"start_s": 60.0 * k, "end_s": 60.0 * (k + 1)} for k in range(_HOURS * 60)]
    segments = [
        {**span, "rank": k + 1, "score": 90.0 - k, "title": f"Moment {k + 1}", "reasons": []}
        for k, span in enumerate(spans[::6])
    ]
    peaks = [rng.randint(-127, 0) if k % 2 == 0 else rng.randint(0, 127) for k in range(432_000)]
    video = {
        "video_id": _VIDEO,
        "channel": "default",
        "name": "long.mp4",
        "title": "Three hours",
        "duration_s": duration_s,
        "width": 1920,
        "height": 1080,
        "size_bytes": 4_000_000_000,
        "state": "done",
        "clips": 0,
        "exports": 0,
        "hold": None,
        "failure": None,
        "created_at": "2026-01-01T00:00:00Z",
        "finished_at": None,
        "stages": [],
        "requests": [],
        "failures": [],
    }
    timeline = {
        "video_id": _VIDEO,
        "duration_s": duration_s,
        "width": 1920,
        "height": 1080,
        "fps": 25.0,
        "shots": [{"start_s": 20.0 * k, "end_s": 20.0 * (k + 1)} for k in range(_HOURS * 180)],
        "slides": [{**s, "title": f"Slide {k}"} for k, s in enumerate(spans)],
        "topics": [{**s, "title": "Topic", "end_s": s["start_s"] + 600} for s in spans[::10]],
        "silences": [
            {"start_s": s["end_s"], "end_s": s["end_s"] + 0.9}
            for s in sentences
            if s["end_s"] % 3 < 1
        ],
        "stretches": [],
        "segments": segments,
        "clips": [],
        "edits_version": 0,
    }
    document = {"format": 1, "words": [], "clip_edits": []}
    edits = {"video_id": _VIDEO, "version": 0, "document": document, "rendered": True}
    about = {"duration_s": duration_s, "width": 1920, "height": 1080, "notes": []}
    results = {"video": {"id": _VIDEO, **about}, "clips": [], "exports": [], "segments": []}
    return {
        "": video,
        "/results": {**results, "topics": [], "failed": [], "refused": [], "timings": []},
        "/transcript": {"words": words, "sentences": sentences, "language": "en"},
        "/timeline": timeline,
        "/edits": {**edits, "overrides": [], "created_by": "", "source": "", "note": ""},
        "/peaks": {
            "version": 2,
            "length": len(peaks) // 2,
            "data": peaks,
            "duration_s": duration_s,
            "per_second": 20,
        },
        "/proxy/info": {"state": "making", "of": "proxy"},
    }


def opened(browser: Browser, base: str) -> None:
    """How soon the long recording is there, and what it takes."""
    answers = {path: json.dumps(body) for path, body in long_recording().items()}
    print(f"answers of the API: {sum(map(len, answers.values())) / 1e6:.1f} MB")
    before = _renderers()
    page = browser.new_page(viewport={"width": 1440, "height": 900})
    prefix = f"{base}/api/v1/videos/{_VIDEO}"

    def answer(route: Any) -> None:
        path = route.request.url.split("?")[0].removeprefix(prefix)
        if path in answers:
            route.fulfill(body=answers[path], content_type="application/json")
        else:
            route.fulfill(status=404, body='{"code": "x", "detail": "no"}')

    page.route(f"{prefix}**", answer)
    began = time.monotonic()
    page.goto(f"{base}/studio/videos/{_VIDEO}")
    page.locator(".passage").first.wait_for()
    page.get_by_role("slider", name="Position in the recording").wait_for()
    usable_s = time.monotonic() - began
    page.wait_for_function(
        "document.querySelector('.drawn > div')?.shadowRoot?.querySelector('canvas')?.width > 0"
    )
    drawn_s = time.monotonic() - began
    print(f"three hours: transcript and timeline after {usable_s:.2f} s, waveform {drawn_s:.2f} s")
    page.get_by_role("button", name="Closer").click(click_count=6, delay=40)
    page.wait_for_timeout(1500)
    cdp = page.context.new_cdp_session(page)
    cdp.send("HeapProfiler.collectGarbage")
    cdp.send("Performance.enable")
    metrics = {m["name"]: m["value"] for m in cdp.send("Performance.getMetrics")["metrics"]}
    own = [p for p in _renderers() if p not in before]
    uss = max((psutil.Process(p).memory_full_info().uss for p in own), default=0)
    busy = max((sum(psutil.Process(p).cpu_times()[:2]) for p in own), default=0.0)
    print(f"the page's process worked {busy:.2f} s, six steps of zooming included")
    print(
        f"script's heap {metrics['JSHeapUsedSize'] / 2**20:.0f} MiB, "
        f"{metrics['Nodes']:.0f} nodes, the page's process {uss / 2**20:.0f} MiB of its own"
    )
    page.close()


def weighed(browser: Browser, base: str) -> None:
    """What each page loads of the studio when it is the first: as it is, and compressed."""
    with httpx.Client(base_url=f"{base}/api/v1", timeout=30) as client:
        videos = client.get("/videos").json()["items"]
        pages = {"home": "/studio/", "calendar": "/studio/calendar", "figures": "/studio/figures"}
        if videos:
            video = max(videos, key=lambda v: v["clips"])["video_id"]
            clip = client.get(f"/videos/{video}/clips").json()["items"][0]["clip"]["id"]
            pages["video"] = f"/studio/videos/{video}"
            pages["clip"] = f"/studio/videos/{video}/clips/{clip}"
    for name, path in pages.items():
        context = browser.new_context(viewport={"width": 1440, "height": 900})
        page = context.new_page()
        found: dict[str, bytes] = {}

        def heard(response: Any, found: dict[str, bytes] = found) -> None:
            if response.url.endswith((".js", ".css")) and "/assets/" in response.url:
                found[response.url.rpartition("/")[2]] = response.body()

        page.on("response", heard)
        page.goto(base + path)
        page.locator("main h1").first.wait_for()
        page.wait_for_timeout(2000)
        for kind in (".js", ".css"):
            bodies = [body for file, body in found.items() if file.endswith(kind)]
            small = sum(len(gzip.compress(body, 9)) for body in bodies)
            print(
                f"{name}: {len(bodies)} files {kind}, {sum(map(len, bodies)) / 1e3:.1f} kB, "
                f"{small / 1e3:.1f} kB compressed"
            )
        context.close()


def _renderers() -> set[int]:
    found = set()
    for process in psutil.Process().children(recursive=True):
        try:
            if "--type=renderer" in process.cmdline():
                found.add(process.pid)
        except psutil.Error:
            continue
    return found


def reviewed(browser: Browser, base: str, look_s: float) -> None:
    """A queue by keyboard: each clip is looked at as long as it is, or `look_s` at most."""
    with httpx.Client(base_url=f"{base}/api/v1", timeout=30) as client:
        answer = client.get("/reviews", params={"state": "pending", "limit": 100})
        if answer.status_code == 404:
            print("this service keeps no decisions: nothing is reviewed")
            return
        waiting = [i for i in answer.json()["items"] if i["fingerprint"]][:12]
    page = browser.new_page(viewport={"width": 1440, "height": 900})
    page.goto(f"{base}/studio/review")
    page.get_by_text("wait").first.wait_for()
    began, steps = time.monotonic(), []
    page.keyboard.press("Enter")
    for number, item in enumerate(waiting):
        page.get_by_role("heading", name=item["title"], level=1).wait_for()
        page.get_by_role("button", name="Approve").wait_for()
        page.wait_for_timeout(1000 * min(item["duration_s"], look_s))
        step = time.monotonic()
        if number % 4 == 3:
            page.keyboard.press("x")
            page.get_by_role("button", name="Not interesting").wait_for()
            page.keyboard.press("1")
        else:
            page.keyboard.press("a")
        page.wait_for_function(
            "title => document.querySelector('h1')?.textContent.trim() !== title", arg=item["title"]
        )
        steps.append(time.monotonic() - step)
    took_s = time.monotonic() - began
    looked_s = sum(min(i["duration_s"], look_s) for i in waiting)
    print(
        f"{len(waiting)} clips by keyboard in {took_s:.0f} s, of which {looked_s:.0f} s looking; "
        f"from a key to the next clip {1000 * sorted(steps)[len(steps) // 2]:.0f} ms (median)"
    )
    page.close()


def pictures(browser: Browser, base: str) -> None:
    """The pictures of docs/how-to/studio.md."""
    with httpx.Client(base_url=f"{base}/api/v1", timeout=30) as client:
        videos = client.get("/videos").json()["items"]
        video = max(videos, key=lambda v: v["clips"])["video_id"]
        clip = client.get(f"/videos/{video}/clips").json()["items"][0]["clip"]["id"]
        _waiting(client, video)
    pages = {
        "studio_home": ("/studio/", 620),
        "studio_video": (f"/studio/videos/{video}", 900),
        "studio_clip": (f"/studio/videos/{video}/clips/{clip}", 900),
        "studio_framing": (f"/studio/videos/{video}/clips/{clip}", 900),
    }
    page: Page = browser.new_page(viewport={"width": 1440, "height": 900})
    for name, (path, height) in pages.items():
        page.set_viewport_size({"width": 1440, "height": height})
        page.goto(base + path)
        page.wait_for_timeout(4000)
        if name == "studio_clip":
            page.locator(".word.in").nth(1).click()
            page.keyboard.press("Shift+ArrowRight")
        if name == "studio_framing":
            _framed(page)
        _keep(page, name, height)


def _waiting(client: httpx.Client, video: str) -> None:
    """Clips that wait for somebody again, and the copy of the recording that pages show."""
    for item in client.get("/reviews", params={"video_id": video}).json()["items"]:
        if item["decision"]:
            body = {"decision_id": item["decision"]["decision_id"]}
            path = f"/videos/{video}/clips/{item['clip_id']}/undo"
            client.post(path, json=body).raise_for_status()
    for _ in range(240):
        if client.get(f"/videos/{video}/proxy/info").json()["state"] == "ready":
            return
        client.get(f"/videos/{video}/proxy")
        time.sleep(1)


def _framed(page: Page) -> None:
    """A crop that moves from the speaker to the page, in the middle of its way."""
    page.get_by_role("tab", name="Picture").click()
    page.get_by_text("Speaker fills the picture").click()
    page.get_by_label("moves from one box to another").check()
    page.get_by_role("group", name="Speaker at the end").focus()
    for key, times in {"ArrowUp": 11, "ArrowLeft": 24, "+": 6}.items():
        for _ in range(times):
            page.keyboard.press(f"Shift+{key}")
    page.locator('video[aria-label="The recording"]').evaluate("film => { film.currentTime += 5 }")
    page.wait_for_timeout(3000)


def calendar_picture(browser: Browser, base: str) -> None:
    """The picture of docs/how-to/schedule-posts.md: a week that is made up."""
    height = 1000
    size: Any = {"width": 1440, "height": height}
    context = browser.new_context(viewport=size, locale="en-GB", timezone_id="Europe/Berlin")
    page = context.new_page()
    picture(page, base)
    _keep(page, "studio_calendar", height, few=False)
    context.close()


def figures_picture(browser: Browser) -> None:
    """The picture of *See how posts did* in docs/how-to/studio.md: posts that are made up."""
    height = 1220
    size: Any = {"width": 1440, "height": height}
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        studio_figures.fill(home)
        with served(home) as base:
            context = browser.new_context(viewport=size, locale="en-GB")
            page = context.new_page()
            studio_figures.picture(page, base)
            _keep(page, "studio_figures", height, few=False)
            context.close()


def _keep(page: Page, name: str, height: int, *, few: bool = True) -> None:
    whole = _PICTURES / f"{name}.png"
    page.screenshot(path=whole)
    with Image.open(whole) as shot:
        small = shot.convert("RGB").resize((1100, round(1100 * height / 1440)))
    # A palette of few colours has none for what is rare: the red of what failed.
    if few:
        small = small.quantize(128, dither=Image.Dither.NONE)
    small.save(whole, optimize=True)
    print(f"{whole.name}: {whole.stat().st_size / 1000:.0f} kB")


def main() -> None:
    """Measure, or take pictures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--home", type=Path, help="a home with videos and clips; it is not changed")
    parser.add_argument("--look-s", type=float, default=20.0, help="seconds of each clip, at most")
    parser.add_argument("--pictures", action="store_true")
    asked = parser.parse_args()
    program = next(filter(None, map(shutil.which, ("chromium", "google-chrome"))), None)
    if program is None:
        raise SystemExit("no Chromium is installed")

    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "home"
        if asked.home:
            shutil.copytree(asked.home, home)
        else:
            home.mkdir()
        with served(home) as base, sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=program, args=list(_FLAGS))
            if asked.pictures:
                calendar_picture(browser, base)
                figures_picture(browser)
                if asked.home:
                    pictures(browser, base)
            else:
                weighed(browser, base)
                opened(browser, base)
                planned(browser, base)
                if asked.home:
                    reviewed(browser, base, asked.look_s)
            browser.close()


if __name__ == "__main__":
    main()

"""A walk through the Dagster UI in a real browser, as a data team sees it.

    python -m benchmarks.walk                       # some 30 videos, failures, rejected uploads
    python -m benchmarks.walk --partitions 10000    # the time of each page with so many

Every page must load without errors of the console, draw its pictures and show what it is
for; links must open, clips play; a launch form must refuse what cannot be, by its field,
and start what can.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

import yaml

from benchmarks.browser import Browser, browser, keep
from benchmarks.deployment import Deployment, fresh, graphql, wait_for
from benchmarks.scale import fill
from benchmarks.soak import drop, ends
from benchmarks.uploads import CHANNELS_YAML, make_uploads
from vidpipe.catalog.catalog import Catalog

FOLDER = Path("/tmp/vidpipe-walk")
#: Uploads by channel: 36, of which 6 are planted to fail in some way.
CHANNELS = {"lectures": 20, "podcast": 8, "museum": 4, "lab": 4}
#: Of each stage: what must stand on the page of one video, and how many pictures at least.
STAGES = {
    "source_video": ("contact_sheet", 1),
    "silence_regions": ("waveform", 1),
    "transcript": ("words_from", 0),
    "layout": ("layout_sheet", 1),
    "topics": ("topic_table", 0),
    "scored_segments": ("reasons", 0),
    "rendered_clips": ("play 1080x1920", 2),
    "platform_exports/tiktok": ("conforms", 0),
}
REPORT = "/assets/library_report?view=overview"
_LAUNCH = """mutation L($p: ExecutionParams!) { launchRun(executionParams: $p) {
    __typename ... on LaunchRunSuccess { run { runId } } ... on PythonError { message } } }"""
_STATUS = "query S($id: ID!) { runOrError(runId: $id) { ... on Run { status } } }"


def main() -> int:
    """Start a deployment, fill it, walk."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--partitions", type=int, default=0)
    parser.add_argument("--pictures", action="store_true", help="keep that of the report")
    options = parser.parse_args()
    folder = fresh(FOLDER / "deployment")
    if options.partitions:
        channels, settings = "channels: {default: {}}", {"VIDPIPE_QUEUE__MIN_FREE_GIB": "1000000"}
        with Deployment(folder, channels, settings_at_work=settings) as deployment:
            keys = fill(deployment, options.partitions)
            with browser(deployment.ui) as found:
                times = pages(deployment, found, keys[len(keys) // 2])
    else:
        planned = make_uploads(FOLDER / "uploads", CHANNELS)
        with Deployment(folder, CHANNELS_YAML) as deployment:
            drop(deployment, planned)
            catalog = Catalog(deployment.catalog_url)
            wait_for("all uploads", 3000, lambda: len(over(catalog)) >= len(planned))
            for job in ("report_on_library", "resume_incomplete_videos"):
                succeeds(deployment.ui, launch(deployment.ui, job))
            with browser(deployment.ui) as found:
                times = walk(deployment, found, catalog)
                if options.pictures:
                    found.open("report", REPORT, "a_day")
                    keep(found, "library_report", 1250)
    for name, took_s in times.items():
        print(f"{took_s:6.1f} s  {name}")
    for problem in found.problems:
        print(f"PROBLEM {problem}")
    return 1 if found.problems else 0


def over(catalog: Catalog) -> list[str]:
    return [
        end
        for end in ends(catalog).values()
        if end.startswith(("finished", "alias", "quarantined", "dead"))
    ]


def launch(ui: str, job: str) -> str:
    selector = {
        "repositoryLocationName": "vidpipe",
        "repositoryName": "__repository__",
        "pipelineName": job,
    }
    answer = graphql(ui, _LAUNCH, p={"selector": selector, "runConfigData": "{}"})
    return str(answer["launchRun"]["run"]["runId"])


def succeeds(ui: str, run_id: str) -> None:
    """Wait for the end of a run.

    Raises:
        RuntimeError: it ended in another way.
    """

    def ended() -> str | None:
        status = graphql(ui, _STATUS, id=run_id)["runOrError"]["status"]
        return status if status in ("SUCCESS", "FAILURE", "CANCELED") else None

    status = wait_for(f"end of run {run_id}", 300, ended)
    if status != "SUCCESS":
        raise RuntimeError(f"run {run_id}: {status}")


def walk(deployment: Deployment, found: Browser, catalog: Catalog) -> dict[str, float]:
    """Everything, with one finished video of the largest channel looked at closely."""
    done = [v for v in catalog.videos("lectures") if v.finished_at]
    key = next(v.video_id for v in done if catalog.clips(v.video_id))
    times = pages(deployment, found, key)
    for stage, (shows, pictures) in STAGES.items():
        name = f"one video: {stage}"
        times[name] = found.open(name, f"/assets/{stage}?view=partitions&partition={key}", shows)
        if found.pictures() < pictures:
            found.problems.append(f"{name}: {found.pictures()} pictures, {pictures} are wanted")
        if stage == "rendered_clips":
            links(found)
    times["report"] = found.open("report", REPORT, "a_day")
    if found.pictures() < 3:
        found.problems.append(f"report: {found.pictures()} pictures, 3 are wanted")
    times["runs of a channel"] = found.open(
        "runs of a channel", "/runs?q%5B0%5D=tag%3Avidpipe%2Fchannel%3Dlab", "process_video"
    )
    form(found, key)
    return times


def pages(deployment: Deployment, found: Browser, key: str) -> dict[str, float]:
    """The pages that there are however many videos; the time of each."""
    # The first question loads modules of the webserver, which is nobody's page.
    deployment.graphql("{ assetNodes { id } runsOrError(limit: 1) { __typename } }")
    found.open("first", "/overview", "Overview")
    found.problems.clear()
    location = "/locations/vidpipe"
    looks = {
        "graph": ("/asset-groups", "exports"),
        "catalog": ("/assets", "rendered_clips"),
        "asset": ("/assets/rendered_clips?view=overview", "Finished clips"),
        "partitions": ("/assets/rendered_clips?view=partitions", "Materialized ("),
        "one partition": (
            f"/assets/rendered_clips?view=partitions&partition={key}",
            "Latest materialization",
        ),
        "checks": ("/assets/rendered_clips?view=checks", "clip_quality"),
        "events": ("/assets/rendered_clips?view=events", "Materialized"),
        "lineage of an asset": ("/assets/rendered_clips?view=lineage", "scored_segments"),
        "runs": ("/runs", "Runs"),
        "timeline": ("/overview/timeline", "Timeline"),
        "jobs": ("/jobs", "rerender_clips"),
        "job": (f"{location}/jobs/process_video", "Everything for one video"),
        "partitions of a job": (f"{location}/jobs/process_video/partitions", "Total partitions"),
        "launchpad": (f"{location}/jobs/process_video/playground", "caption_size"),
        "automation": ("/automation", "nightly_report"),
        "sensor": (f"{location}/sensors/video_requests", "Requests one run"),
        "deployment": ("/deployment", "vidpipe"),
    }
    return {name: found.open(name, path, shows) for name, (path, shows) in looks.items()}


def links(found: Browser) -> None:
    """Links of a clip open, and what they open plays."""
    hrefs = found.page.eval_on_selector_all(
        "a[href*='/files/'], a[href*='/videos/']", "all => all.map(a => a.href)"
    )
    films = [href for href in hrefs if href.endswith(".mp4")]
    watch = [href for href in hrefs if "/videos/" in href]
    if not films or not watch:
        found.problems.append(f"no links to a clip and to the page of its video: {hrefs}")
        return
    for href in (films[0], watch[0]):
        tab = found.page.context.new_page()
        tab.goto(href)
        playing = """() => { const v = document.querySelector('video'); if (!v) return false;
                             v.muted = true; v.play(); return v.currentTime > 0.5; }"""
        try:
            tab.wait_for_function(playing, timeout=20_000)
        except Exception as error:
            found.problems.append(f"{href}: does not play: {str(error)[:200]}")
        tab.close()


def form(found: Browser, key: str) -> None:
    """The launch form refuses by its field what cannot be, and starts what can."""
    choose(found, key)
    fill_in(found, {"platforms": ["tikttok"], "clips": "many"})
    said = found.page.inner_text("body")
    for path in ("run_options:config:platforms[0]", "run_options:config:clips"):
        if path not in said:
            found.problems.append(f"launch form: does not name {path}")
    if found.page.get_by_role("button", name="Launch Run").is_enabled():
        found.problems.append("launch form: can be launched with bad values")
    fill_in(found, {"clips": 1})
    found.page.get_by_role("button", name="Launch Run").click()
    found.page.wait_for_url("**/runs/*", timeout=30_000)
    try:
        succeeds(found.base, found.page.url.rpartition("/")[2])
    except (RuntimeError, TimeoutError) as error:
        found.problems.append(f"launch form: {error}")


def choose(found: Browser, key: str) -> None:
    """Open the form of process_video, and choose a video in it."""
    page = found.page
    found.open("form", "/locations/vidpipe/jobs/process_video/playground", "Launch Run")
    page.get_by_placeholder("Partition").click()
    page.keyboard.type(key)
    page.get_by_text(key).last.click()
    page.wait_for_timeout(1500)


def fill_in(found: Browser, run_options: dict[str, object]) -> None:
    """Write run options into the form that is open."""
    page = found.page
    page.locator(".CodeMirror").first.click()
    page.keyboard.press("Control+a")
    page.keyboard.insert_text(
        yaml.safe_dump({"resources": {"run_options": {"config": run_options}}})
    )
    page.wait_for_timeout(3000)


if __name__ == "__main__":
    began = time.monotonic()
    code = main()
    print(f"walked in {time.monotonic() - began:.0f} s")
    sys.exit(code)

"""The pictures of the documents: the demo in a home of its own, and a browser on its UI.

    python -m benchmarks.pictures [--home DIR]

With --home a library in which the demo has run already is shown.
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.browser import Browser, browser, keep
from benchmarks.deployment import ROOT, free_port, fresh, wait_for
from benchmarks.walk import choose, fill_in
from vidpipe.catalog.catalog import Catalog

#: Of each stage's page the height that shows what the text beside it speaks of.
_HEIGHTS = {
    "source_video": 820,
    "silence_regions": 640,
    "transcript": 900,
    "layout": 980,
    "topics": 800,
    "scored_segments": 900,
    "rendered_clips": 1100,
}


def main() -> int:
    """Run the demo, open the UI, take the pictures."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--home", type=Path)
    options = parser.parse_args()
    home = options.home or fresh(Path("/tmp/vidpipe-pictures"))
    ui, links = free_port(), free_port()
    environment = {
        **{k: v for k, v in os.environ.items() if not k.startswith(("VIDPIPE_", "DAGSTER_"))},
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
        "VIDPIPE_HOME": str(home),
        "VIDPIPE_ALLOW_MODEL_DOWNLOAD": "false",
        "VIDPIPE_PUBLIC_URL": f"http://127.0.0.1:{links}",
        "DAGSTER_HOME": str(home / "dagster"),
    }
    (home / "dagster").mkdir(parents=True, exist_ok=True)
    (home / "dagster" / "dagster.yaml").write_text((ROOT / "dagster.yaml").read_text())
    # Once more where it has run: what is shown then has the addresses of now.
    subprocess.run([sys.executable, "-m", "deploy.demo"], cwd=home, env=environment, check=True)
    catalog = Catalog(f"sqlite:///{home / 'catalog.sqlite'}")
    key = next(v.video_id for v in catalog.videos() if v.name == "demo-talk.mp4")
    with running(environment, ui, links), browser(f"http://127.0.0.1:{ui}") as found:
        take(found, key, f"http://127.0.0.1:{links}")
    for problem in found.problems:
        print(f"PROBLEM {problem}")
    return 1 if found.problems else 0


@contextmanager
def running(environment: dict[str, str], ui: int, links: int) -> Iterator[None]:
    """The UI, the daemon, and what serves clips."""
    commands = [
        ["dagster", "dev", "-w", str(ROOT / "workspace.yaml"), "-p", str(ui)],
        ["vidpipe", "serve", "--port", str(links)],
    ]
    parts = [
        subprocess.Popen(
            command,
            cwd=ROOT,
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        for command in commands
    ]
    try:
        for port in (ui, links):
            address = f"http://127.0.0.1:{port}"
            wait_for(address, 180, lambda address=address: urllib.request.urlopen(address))
        yield
    finally:
        # What `dagster dev` starts does not always end with it.
        for part in parts:
            os.killpg(part.pid, signal.SIGKILL)
            part.wait()


def take(found: Browser, key: str, links: str) -> None:
    """Every picture that a document names."""
    page = found.page
    found.open("warm", "/overview", "Overview")
    found.problems.clear()
    found.open("graph", "/asset-groups", "exports")
    page.set_viewport_size({"width": 1600, "height": 900})
    page.keyboard.press("Alt+e")
    page.wait_for_timeout(1500)
    # A double click beside everything makes the graph fit.
    page.mouse.dblclick(700, 860)
    keep(found, "graph", 900)
    for stage, height in _HEIGHTS.items():
        found.open(stage, f"/assets/{stage}?view=partitions&partition={key}", "wall_s")
        keep(found, stage, height)
    tiktok = f"/assets/platform_exports/tiktok?view=partitions&partition={key}"
    found.open("tiktok", tiktok, "wall_s")
    keep(found, "tiktok", 900)
    found.open("checks", "/assets/rendered_clips?view=checks", "clip_quality")
    keep(found, "checks", 620)
    choose(found, key)
    fill_in(found, {"platforms": ["tikttok"], "clips": "many"})
    keep(found, "launch_form", 900)
    found.open("watch", f"{links}/videos/{key}", "keeps to every rule")
    page.wait_for_timeout(1500)
    keep(found, "watch", 900, left=230, right=1370)


if __name__ == "__main__":
    sys.exit(main())

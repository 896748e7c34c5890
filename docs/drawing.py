"""Draws docs/pictures/architecture.svg from the code: `make docs`. A test holds both equal."""

from __future__ import annotations

from html import escape
from pathlib import Path

FILE = Path(__file__).parent / "pictures" / "architecture.svg"
_WIDTH = 1000
_HEAD = """<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" \
font-family="system-ui, sans-serif" font-size="14">
  <!-- Written by `make docs` from the code; change it there. -->
  <style>
    .box {{ fill: #fff; stroke: #5b6770; stroke-width: 1.2 }} .shell {{ fill: #eef3fb }}
    .library {{ fill: #f6eefb }} .engine {{ fill: #f3f7ee }} .store {{ fill: #fbf4ea }}
    .head {{ font-weight: 600; font-size: 15px }} .small {{ font-size: 12px; fill: #444 }}
    .line {{ stroke: #5b6770; stroke-width: 1.4; fill: none; marker-end: url(#tip) }}
  </style>
  <defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" \
orient="auto"><path d="M0 0L8 4L0 8z" fill="#5b6770"/></marker></defs>
  <rect width="{width}" height="{height}" fill="#fff"/>
"""

#: Sensors and jobs in the order in which a drop meets them, and what each does.
_SHELL = {
    "drop_folder": "lists objects",
    "pending_uploads": "asks for intake",
    "intake": "accepts, rejects",
    "video_requests": "requests become runs",
    "process_video": "one asset, one stage",
    "run_outcomes": "done, retried, failed",
}
#: What a stage gives, in two or three words.
_STAGES = {
    "source_video": "probe, sheet",
    "audio": "16 kHz mono",
    "silence_regions": "speech, pauses",
    "transcript": "words, times",
    "layout": "screen, camera",
    "topics": "chapters",
    "scored_segments": "score, reasons",
    "rendered_clips": "compose, caption",
    "platform_exports": "one a platform",
}


def drawing() -> str:
    """The picture as SVG.

    Raises:
        KeyError: a stage, sensor or job was renamed, or is new, and the picture knows it not.
    """
    from definitions import build_defs
    from vidpipe.pipeline import TALKS

    defs = build_defs().resolve_all_job_defs(), build_defs().sensors or []
    known = {item.name for part in defs for item in part}
    missing = set(_SHELL) - known
    if missing:
        raise KeyError(f"no sensor or job is called {sorted(missing)}")
    parts = [_shell(), _library(), _engine(list(TALKS.kinds)), _stores()]
    return _HEAD.format(width=_WIDTH, height=590) + "".join(parts) + "</svg>\n"


def _box(x: float, y: float, width: float, height: float, kind: str = "", *lines: str) -> str:
    """A box with a name and smaller lines under it."""
    found = (
        f'  <rect class="box {kind}" x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" '
        f'rx="{8 if kind else 6}"/>\n'
    )
    for k, line in enumerate(lines):
        style = "small" if k else "head" if kind else ""
        left = x + (16 if kind else 10)
        found += (
            f'  <text class="{style}" x="{left:g}" y="{y + 24 + 20 * k:g}">{escape(line)}</text>\n'
        )
    return found


def _line(*points: tuple[float, float]) -> str:
    path = "L".join(f"{x:g} {y:g}" for x, y in points)
    return f'  <path class="line" d="M{path}"/>\n'


def _shell() -> str:
    """Dagster, the command line, the pages: what people and machines start work with."""
    parts = [_box(20, 20, 700, 190, "shell", "Dagster: sensors, jobs, assets, checks")]
    for k, (name, does) in enumerate(_SHELL.items()):
        x, y = 36 + 228 * (k % 3), 60 + 74 * (k // 3)
        parts.append(_box(x, y, 208, 58, "", name, does))
        if k % 3:
            parts.append(_line((x - 20, y + 29), (x, y + 29)))
    parts.append(_box(740, 20, 240, 85, "shell", "vidpipe …", "the command line", "no Dagster"))
    parts.append(_box(740, 125, 240, 85, "shell", "vidpipe serve", "clips to watch, links"))
    return "".join(parts)


def _library() -> str:
    says = "submit, process, status, list, results, plan, request, retry, hold, retire"
    arrows = [_line((x, 210), (x, 232)) for x in (370, 860)]
    return "".join(arrows) + _box(20, 232, 960, 54, "library", "Library", says)


def _engine(names: list[str]) -> str:
    """The stages in their order, two rows of them."""
    title = "The engine, plain Python: fingerprint → found? → make → publish whole → record"
    parts = [_line((500, 286), (500, 308)), _box(20, 308, 960, 170, "engine", title)]
    columns = -(-len(names) // 2)
    gap = 12
    width = (928 - gap * (columns - 1)) / columns
    for k, name in enumerate(names):
        x, y = 36 + (k % columns) * (width + gap), 346 + 62 * (k // columns)
        parts.append(_box(round(x, 1), y, round(width, 1), 52, "", name, _STAGES[name]))
    return "".join(parts)


def _stores() -> str:
    return "".join(
        [
            _line((260, 478), (260, 500)),
            _line((740, 478), (740, 500)),
            _box(
                *(20, 500, 470, 76, "store", "Object store: folder, S3, Azure, Google"),
                "immutable files named by fingerprint; a manifest, written last;",
                "a pointer to what is current",
            ),
            _box(
                *(510, 500, 470, 76, "store", "Catalog: SQLite or PostgreSQL"),
                "videos, uploads, clips, exports: what is queried",
                "requests, failures, heartbeats: what is to be done",
            ),
        ]
    )


if __name__ == "__main__":
    FILE.write_text(drawing(), "utf-8")
    print(FILE.relative_to(Path.cwd()))

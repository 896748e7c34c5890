"""Exports: three vertical platforms beside one, and how near estimates come.

    python -m benchmarks.exports [--videos 12]

Made-up talks of other pages each, processed by `vidpipe`'s own engine in a home of its own.
First one talk for the three vertical platforms: seconds of rendering and of each export. Then
so many talks in one home: of each encode what was thought before and what it took, once ten
talks are known.
"""

from __future__ import annotations

import argparse
import itertools
import statistics
import tempfile
from pathlib import Path

from rich.console import Console
from rich.table import Table

from vidpipe.catalog.catalog import Catalog
from vidpipe.catalog.tables import Encode
from vidpipe.intake.intake import IncomingUpload
from vidpipe.intake.sidecars import beside
from vidpipe.pipeline import Engine
from vidpipe.pipeline.run_options import RunOptions
from vidpipe.settings import load_settings
from vidpipe.testmedia.script import DEMO_TALK
from vidpipe.testmedia.talk import make_talk

THREE = ("tiktok", "instagram_reels", "youtube_shorts")
_LEARNED, _LONG_S = 10, 5.0


def processed(
    home: Path, talk: Path, platforms: tuple[str, ...]
) -> tuple[Engine, dict[str, float]]:
    """The talk run through; seconds of each stage."""
    engine = Engine(load_settings(home=home, allow_model_download=False))
    outcome = engine.intake().take(
        IncomingUpload(
            key=f"default/{talk.name}",
            channel="default",
            name=talk.name,
            path=talk,
            version="1",
            sidecars=beside(talk),
        )
    )
    assert outcome.video_id is not None, outcome.message
    order = engine.order(outcome.video_id, RunOptions(platforms=platforms))
    names = engine.pipeline.names(order.wanted_platforms)
    return engine, {n: engine.run_stage(n, outcome.video_id, order).wall_s for n in names}


def encodes(catalog: Catalog) -> list[Encode]:
    from sqlalchemy import select

    with catalog.session() as session:
        return list(session.scalars(select(Encode).order_by(Encode.id)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--videos", type=int, default=12)
    arguments = parser.parse_args()
    console = Console(width=110)
    pages = list(itertools.permutations(range(1, len(DEMO_TALK)), 2))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        talk = folder / "talk.mp4"
        make_talk(talk, DEMO_TALK[:3])
        _, stages = processed(folder / "three", talk, THREE)
        exports = [stages[f"platform_exports/{name}"] for name in THREE]
        clips = stages["rendered_clips"]
        share = (clips + sum(exports)) / (clips + exports[0])
        console.print(
            f"clips {clips:.1f} s, exports {' + '.join(f'{s:.2f}' for s in exports)} s: three "
            f"vertical platforms take {share:.2f} times as long as one"
        )
        known = 0
        for k in range(arguments.videos):
            other = folder / f"talk-{k}.mp4"
            make_talk(other, tuple(DEMO_TALK[i] for i in pages[(7 * k) % len(pages)]))
            engine, _ = processed(folder / "many", other, THREE)
            if k + 1 == _LEARNED:
                known = len(encodes(engine.catalog))
        rows = [e for e in encodes(engine.catalog)[known:] if e.seconds > _LONG_S]
        table = Table("work", "clip s", "thought s", "took s", "off", "thought MB", "was MB", "off")
        off_s, off_bytes = [], []
        for e in rows:
            off_s.append(e.seconds / e.estimated_s - 1)
            off_bytes.append(e.size_bytes / e.estimated_bytes - 1)
            table.add_row(
                e.work,
                f"{e.clip_s:.0f}",
                f"{e.estimated_s:.1f}",
                f"{e.seconds:.1f}",
                f"{off_s[-1]:+.0%}",
                f"{e.estimated_bytes / 1e6:.1f}",
                f"{e.size_bytes / 1e6:.1f}",
                f"{off_bytes[-1]:+.0%}",
            )
        console.print(table)
        for what, off in (("seconds", off_s), ("bytes", off_bytes)):
            within = statistics.mean(abs(o) <= 0.25 for o in off)
            console.print(f"{what}: {within:.0%} of {len(off)} within a quarter")


if __name__ == "__main__":
    main()

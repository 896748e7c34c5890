"""Quality tiers: VMAF against a lossless render of the same composition, size, seconds.

    python -m benchmarks.tiers [FILE ...]

Files are recordings; without any the made-up talk is taken. Of each the 12 seconds from its
middle on, as a vertical clip with what its layout asks for. Aims: mean VMAF of at least 93
at standard, 96 at high (model vmaf_v0.6.1, which ffmpeg carries).
"""

from __future__ import annotations

import argparse
import re
import tempfile
import time
from pathlib import Path
from unittest.mock import patch

import ffmpeg
from rich.console import Console
from rich.table import Table

from vidpipe.clips.compose import SourceRecording
from vidpipe.clips.graph import clip as rendering
from vidpipe.clips.graph.clip import CLIP, Output
from vidpipe.clips.model import ClipOptions, Variant
from vidpipe.clips.plan import plan_clip
from vidpipe.clips.render import render_clip
from vidpipe.framing.model import FramingOptions
from vidpipe.geometry import Size
from vidpipe.layout.detect import detect_layout
from vidpipe.layout.model import LayoutOptions
from vidpipe.media.ffmpeg import render
from vidpipe.media.frames import FrameReader
from vidpipe.media.probe import probe
from vidpipe.pipeline.faces import chosen_faces
from vidpipe.platforms import load_tiers
from vidpipe.segments.model import Segment
from vidpipe.settings import load_settings
from vidpipe.silence.model import SpeechMap
from vidpipe.testmedia.script import DEMO_TALK
from vidpipe.testmedia.talk import make_talk
from vidpipe.timeline import span

VERTICAL = Variant(name="1080x1920", size=Size(width=1080, height=1920))
_LENGTH_S = 12.0
_LOSSLESS = {"vcodec": "libx264", "qp": 0, "preset": "ultrafast"}


def vmaf(coded: Path, reference: Path) -> tuple[float, float]:
    """Mean over the pictures, and the harmonic mean, which low ones pull down."""
    log = coded.with_suffix(".vmaf.json")
    both = ffmpeg.filter(
        [ffmpeg.input(str(coded)).video, ffmpeg.input(str(reference)).video],
        "libvmaf",
        n_threads=2,
        log_fmt="json",
        log_path=str(log),
    )
    render(ffmpeg.output(both, "-", format="null"), timeout_s=3600)
    said = log.read_text()
    pooled = said[said.index('"pooled_metrics"') :]
    found = pooled[pooled.index('"vmaf"') :]
    mean = re.search(r'"mean":\s*([\d.]+)', found)
    harmonic = re.search(r'"harmonic_mean":\s*([\d.]+)', found)
    assert mean and harmonic
    return float(mean.group(1)), float(harmonic.group(1))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", nargs="*", type=Path)
    arguments = parser.parse_args()
    table = Table("recording", "shown", "tier", "VMAF", "harmonic", "kbit/s", "seconds")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        files = arguments.files
        if not files:
            files = [folder / "talk.mp4"]
            make_talk(files[0], DEMO_TALK)
        for file in files:
            info = probe(file)
            layout = detect_layout(
                file, info, chosen_faces(load_settings()).detector, LayoutOptions()
            )
            start_s = max(0.0, (info.duration_s - _LENGTH_S) / 2)
            segment = Segment(
                rank=1,
                start_s=start_s,
                end_s=min(info.duration_s, start_s + _LENGTH_S),
                kept_s=_LENGTH_S,
                score=80,
                parts={},
                reasons=(),
                title="A title",
            )
            speech = SpeechMap(duration_s=info.duration_s, speech=(span(0.0, info.duration_s),))
            with FrameReader(file, info, max_width=1280) as reader:
                plan = plan_clip(
                    SourceRecording(
                        "v", speech, (), layout, reader, chosen_faces(load_settings()).detector
                    ),
                    segment,
                    ClipOptions(variants=(VERTICAL,)),
                    FramingOptions(),
                    VERTICAL,
                    captions=False,
                )
            shown = "+".join(dict.fromkeys(p.composition.value for p in plan.parts))

            def make(label: str, options: ClipOptions, file=file, info=info, plan=plan) -> Path:
                work = folder / f"{file.stem}-{label}"
                work.mkdir()
                render_clip(file, info, [Output(plan, VERTICAL, work)], (), options)
                return work / CLIP

            with patch.object(rendering, "encoder_options", lambda *_: _LOSSLESS):
                reference = make("lossless", ClipOptions(variants=(VERTICAL,)))
            for label, tier in load_tiers().items():
                started = time.monotonic()
                coded = make(label, ClipOptions(variants=(VERTICAL,), tier=tier))
                took = time.monotonic() - started
                mean, harmonic = vmaf(coded, reference)
                kbps = coded.stat().st_size * 8 / 1000 / plan.duration_s
                row = (f"{mean:.1f}", f"{harmonic:.1f}", f"{kbps:.0f}", f"{took:.1f}")
                table.add_row(file.stem[:32], shown, label, *row)
    Console(width=120).print(table)


if __name__ == "__main__":
    main()

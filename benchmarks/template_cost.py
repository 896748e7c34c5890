"""What each template costs next to the bare encode of its pictures, on real recordings.

    python -m benchmarks.template_cost [--seconds 20]

One clip of a talk with a real camera and of a lecture of slides, one of each column of
`benchmarks/real/split.yaml`, at 1080x1920: the processor time (all processes) of the whole of
`render_clip` over that of decoding and encoding the same pictures again. Processor time, as
other work on the machine lengthens both. Not above 1.5 is aimed at.
"""

from __future__ import annotations

import argparse
import resource
import tempfile
from collections.abc import Callable
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.clips import VERTICAL, bare_encode
from benchmarks.real.split import MEDIA
from vidpipe.channels.model import Channel
from vidpipe.clips.compose import SourceRecording
from vidpipe.clips.graph.clip import CLIP, Output
from vidpipe.clips.model import ClipOptions
from vidpipe.clips.plan import plan_clip
from vidpipe.clips.render import render_clip
from vidpipe.framing.model import FramingOptions
from vidpipe.layout.detect import detect_layout
from vidpipe.layout.model import LayoutOptions
from vidpipe.media.frames import FrameReader
from vidpipe.media.probe import probe
from vidpipe.pipeline.faces import chosen_faces
from vidpipe.segments.model import Segment
from vidpipe.settings import load_settings
from vidpipe.silence.model import SpeechMap
from vidpipe.templates.model import load_templates
from vidpipe.timeline import span
from vidpipe.transcript.model import Word
from vidpipe.transcript.subtitle_files import read_cues

#: Column, recording, its words, and from when the clip is.
_MATERIAL = (
    ("build", "composites/presenter_tall.mp4", "composites/presenter_tall.srt", 5.0),
    ("build", "composites/office_pip.mp4", "composites/office_pip.srt", 5.0),
    ("held out", "composites/senate_side.mp4", "composites/senate_side.srt", 5.0),
    ("held out", "lecture/crypto_slides_ink_145s.mp4", "gt/crypto_slides_ink_145s.srt", 20.0),
)


def processor_s(work: Callable[[], object]) -> float:
    """Seconds of processor time that it takes, in this process and those it starts."""

    def used() -> float:
        whole = (
            resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
        )
        return sum(usage.ru_utime + usage.ru_stime for usage in whole)

    before = used()
    work()
    return used() - before


def words_of(path: Path) -> list[Word]:
    """Words of captions, spread evenly over their cues."""
    words = []
    for cue in read_cues(path.read_bytes(), path.name):
        texts = cue.text.split()
        step = (cue.end_s - cue.start_s) / max(1, len(texts))
        for k, text in enumerate(texts):
            start_s = cue.start_s + k * step
            words.append(Word(text=text, start_s=start_s, end_s=start_s + 0.9 * step))
    return words


def ratios(source: Path, words: list[Word], from_s: float, seconds: float) -> dict[str, float]:
    """Processor time of each template over that of the bare encode."""
    info, faces = probe(source), chosen_faces(load_settings()).detector
    layout = detect_layout(source, info, faces, LayoutOptions())
    end_s = min(from_s + seconds, info.duration_s)
    speech = SpeechMap(duration_s=info.duration_s, speech=(span(0.0, info.duration_s),))
    segment = Segment(
        rank=1,
        start_s=from_s,
        end_s=end_s,
        kept_s=end_s - from_s,
        score=80,
        parts={},
        reasons=(),
        title="Why a title stands above a page",
    )
    found = {}
    for name, template in load_templates().items():
        brand, captions = Channel(name="c").styled(template)
        options = ClipOptions(
            variants=(VERTICAL,), brand=brand, captions=captions, template=template
        )
        with FrameReader(source, info, max_width=1280) as reader:
            recording = SourceRecording("v", speech, words, layout, reader, faces)
            plan = plan_clip(recording, segment, options, FramingOptions(), VERTICAL, captions=True)
        with tempfile.TemporaryDirectory() as folder:
            work = Path(folder)
            outputs = [Output(plan, VERTICAL, work)]
            whole = processor_s(
                lambda outputs=outputs, options=options: render_clip(
                    source, info, outputs, words, options
                )
            )
            bare = processor_s(lambda work=work: bare_encode(work / CLIP, work))
        found[name] = whole / bare
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=20.0, help="of clip")
    args = parser.parse_args()
    rows: dict[str, list[str]] = {name: [] for name in load_templates()}
    heads = []
    for column, recording, captions, from_s in _MATERIAL:
        source = MEDIA / recording
        if not source.exists():
            print(f"left out: {source} is not there")
            continue
        heads.append(f"{column}: {source.stem}")
        for name, ratio in ratios(source, words_of(MEDIA / captions), from_s, args.seconds).items():
            rows[name].append(f"{ratio:.2f}")
    table = Table("template", *heads)
    for name, found in rows.items():
        table.add_row(name, *found)
    Console(width=140).print(table)


if __name__ == "__main__":
    main()

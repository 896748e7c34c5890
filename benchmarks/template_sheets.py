"""Contact sheets: every template on every kind of recording in every shape, to be looked at.

    python -m benchmarks.template_sheets --out FOLDER [--kind NAME] [--template NAME]
    python -m benchmarks.template_sheets --out docs/pictures --synthetic

A few seconds of a real recording of each kind (of both columns of `benchmarks/real/split.yaml`)
are planned and drawn as a run would, and a frame of each clip is put into one picture a kind: a
row for each template, a column for each shape. Where nobody wrote down what is said, other words
stand there at an even pace: the sheets are of looks.

`--synthetic` draws `template_shapes.jpg` of the documentation from nobody's recording: a synthetic
talk with its speaker beside the page, and one with an inset, in all shapes.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.real.split import MEDIA
from benchmarks.template_cost import words_of
from vidpipe.channels.model import Channel
from vidpipe.clips.compose import SourceRecording
from vidpipe.clips.graph.clip import CLIP, Output
from vidpipe.clips.model import ClipOptions, ClipPlan, Variant
from vidpipe.clips.plan import AudioPicture, plan_audiogram, plan_clip
from vidpipe.clips.render import render_clip
from vidpipe.framing.model import FramingOptions
from vidpipe.layout.detect import detect_layout
from vidpipe.layout.model import Layout, LayoutOptions
from vidpipe.media.faces import DlibFaces, FaceDetector
from vidpipe.media.frames import FrameReader
from vidpipe.media.probe import MediaInfo, probe
from vidpipe.pipeline.faces import chosen_faces
from vidpipe.platforms.model import load_presets, load_tiers
from vidpipe.segments.model import Segment
from vidpipe.settings import load_settings
from vidpipe.silence.model import SpeechMap
from vidpipe.templates.model import Template, load_templates
from vidpipe.testmedia.composite import make_composite
from vidpipe.timeline import span
from vidpipe.transcript.model import Word

#: One platform of each shape: 9:16, 4:5, 1:1, 16:9.
PLATFORMS = ("tiktok", "instagram_feed", "x", "youtube")
_HEIGHT, _SECONDS = 420, 3.0
_SAYING = "So here is the part that nobody tells you about the second try."


@dataclass(frozen=True)
class Kind:
    """A recording to look at, its captions if somebody wrote them, and from when."""

    name: str
    recording: str
    captions: str
    from_s: float
    title: str
    folder: Path = MEDIA

    @property
    def path(self) -> Path:
        return self.folder / self.recording

    def words(self, until_s: float) -> list[Word]:
        """What is said, or something else at an even pace."""
        if self.captions:
            return words_of(MEDIA / self.captions)
        said = _SAYING.split()
        times = np.arange(0.0, until_s, 0.35)
        return [
            Word(text=said[k % len(said)], start_s=float(t), end_s=float(t) + 0.33)
            for k, t in enumerate(times)
        ]


KINDS = (
    Kind(
        "slides-light",
        "lecture/crypto_slides_ink_145s.mp4",
        "gt/crypto_slides_ink_145s.srt",
        40.0,
        "Why short keys can never be perfectly secure",
    ),
    Kind(
        "slides-dark",
        "screencast/yolo_console_narrated_70s.mp4",
        "",
        20.0,
        "What a detector prints while it runs",
    ),
    Kind(
        "inset-light",
        "composites/office_pip.mp4",
        "composites/office_pip.srt",
        26.0,
        "Local maxima are rarely the problem",
    ),
    Kind(
        "inset-dark",
        "composites/webcam_dark_round.mp4",
        "composites/webcam_dark_round.srt",
        26.0,
        "What the curve tells you",
    ),
    Kind("talking-head", "speech/talkinghead_senator_8s_512.mp4", "", 1.0, "The second try"),
    Kind("two-people", "speech/interview_two_heads_18s.mp4", "", 3.0, "The second try"),
    Kind("podcast", "speech/ted_60s_16k.m4a", "", 12.0, "What nobody tells you about a second try"),
)


@dataclass(frozen=True)
class Looked:
    """A recording with what was seen in it."""

    kind: Kind
    path: Path
    info: MediaInfo
    words: list[Word]
    detector: FaceDetector
    layout: Layout | None

    @classmethod
    def at(cls, kind: Kind, detector: FaceDetector) -> Looked:
        path = kind.path
        info = probe(path)
        layout = None
        if not info.sound_only:
            layout = detect_layout(path, info, detector, LayoutOptions())
        return cls(kind, path, info, kind.words(info.duration_s), detector, layout)

    def plan(self, options: ClipOptions, variant: Variant) -> ClipPlan:
        length_s, first_s = self.info.duration_s, self.kind.from_s
        segment = Segment(
            rank=1,
            start_s=first_s,
            end_s=min(first_s + _SECONDS, length_s),
            kept_s=_SECONDS,
            score=80,
            parts={},
            reasons=(),
            title=self.kind.title,
            keyphrases=("second try", "perfectly secure", "maxima"),
        )
        speech = SpeechMap(duration_s=length_s, speech=(span(0.0, length_s),))
        if self.layout is None:
            heard = AudioPicture("v", speech, self.words, length_s)
            return plan_audiogram(heard, segment, options, None)
        with FrameReader(self.path, self.info, max_width=1280) as reader:
            of = SourceRecording("v", speech, self.words, self.layout, reader, self.detector)
            return plan_clip(
                of, segment, options, FramingOptions(), variant, captions=variant.captions
            )

    def pictures(self, template: Template, share: float) -> list[NDArray[np.uint8]]:
        """A frame (BGR) of a clip in each shape, all equally high."""
        brand, captions = Channel(name="c").styled(template)
        presets = load_presets()
        variants = [Variant.of(presets[name]) for name in PLATFORMS]
        options = ClipOptions(
            variants=tuple(variants),
            brand=brand,
            captions=captions,
            template=template,
            tier=load_tiers()["draft"],
        )
        with tempfile.TemporaryDirectory() as folder:
            outputs = []
            for variant in variants:
                work = Path(folder) / variant.name
                work.mkdir()
                outputs.append(Output(self.plan(options, variant), variant, work))
            render_clip(self.path, self.info, outputs, self.words, options)
            return [_frame_at(output.work / CLIP, share) for output in outputs]


def _frame_at(clip: Path, share: float) -> NDArray[np.uint8]:
    with av.open(str(clip)) as media:
        frames = list(media.decode(video=0))
        image = frames[int(share * len(frames))].to_ndarray(format="bgr24")
    width = round(image.shape[1] * _HEIGHT / image.shape[0])
    small = cv2.resize(image, (width, _HEIGHT), interpolation=cv2.INTER_AREA)
    return np.asarray(small, np.uint8)


def rows(looked: Looked, templates: Sequence[str], share: float) -> Iterator[NDArray[np.uint8]]:
    """A row of pictures for each template, under a strip with its name."""
    for name in templates:
        row = np.hstack(looked.pictures(load_templates()[name], share))
        head = np.zeros((30, row.shape[1], 3), np.uint8)
        cv2.putText(head, name, (8, 22), cv2.FONT_HERSHEY_SIMPLEX, 0.7, (255, 255, 255), 1)
        yield np.vstack([head, row])


#: What is drawn of synthetic talks, from which arrangements, and with which templates.
_SYNTHETIC = {"beside": ("spotlight", "duo"), "inset": ("boxed", "karaoke")}


def synthetic_sheet(target: Path) -> None:
    """The picture of the documentation: a row for each template."""
    detector = DlibFaces()
    drawn: list[NDArray[np.uint8]] = []
    with tempfile.TemporaryDirectory() as folder:
        for arrangement, templates in _SYNTHETIC.items():
            path = Path(folder) / f"{arrangement}.mp4"
            make_composite(path, arrangement, seed=91, pages=2, size=(1280, 720), fps=15)
            title = "Why 9 of 10 tests measure nothing"
            kind = Kind(arrangement, path.name, "", 1.0, title, Path(folder))
            drawn += rows(Looked.at(kind, detector), templates, 0.6)
    width = max(row.shape[1] for row in drawn)
    even = [np.pad(row, ((0, 0), (0, width - row.shape[1]), (0, 0))) for row in drawn]
    cv2.imwrite(str(target), np.vstack(even), [cv2.IMWRITE_JPEG_QUALITY, 82])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--kind", action="append", choices=[kind.name for kind in KINDS])
    parser.add_argument("--template", action="append", choices=list(load_templates()))
    parser.add_argument("--at", type=float, default=0.6, help="share of a clip's length")
    parser.add_argument(
        "--synthetic", action="store_true", help="the documentation's picture alone"
    )
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    if args.synthetic:
        synthetic_sheet(args.out / "template_shapes.jpg")
        return
    detector = chosen_faces(load_settings()).detector
    for kind in KINDS:
        if args.kind and kind.name not in args.kind:
            continue
        if not kind.path.exists():
            print(f"left out: {kind.recording} is not there")
            continue
        looked = Looked.at(kind, detector)
        drawn = list(rows(looked, args.template or list(load_templates()), args.at))
        target = args.out / f"{kind.name}.jpg"
        cv2.imwrite(str(target), np.vstack(drawn), [cv2.IMWRITE_JPEG_QUALITY, 85])
        print(target, flush=True)


if __name__ == "__main__":
    main()

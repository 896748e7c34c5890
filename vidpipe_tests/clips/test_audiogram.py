"""A clip of sound alone: its bars move with the voice, and it is said where they do not."""

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import ffmpeg
import numpy as np
import pytest
from PIL import Image

from vidpipe.channels.model import Brand
from vidpipe.clips.audiogram.check import look_at_audiogram
from vidpipe.clips.audiogram.waveform import Floats, envelope
from vidpipe.clips.audiogram.zones import zones
from vidpipe.clips.beside import GOOD, Compared
from vidpipe.clips.graph.clip import CLIP, Output
from vidpipe.clips.measures import measure
from vidpipe.clips.model import ClipOptions, ClipPlan, Composition, Variant
from vidpipe.clips.plan import AudioPicture, plan_audiogram
from vidpipe.clips.quality import inspect_clip
from vidpipe.clips.render import render_clip
from vidpipe.geometry import Size
from vidpipe.media.ffmpeg import render
from vidpipe.media.frames import FrameReader
from vidpipe.media.probe import MediaInfo, probe
from vidpipe.platforms.model import graphics_safe_box, load_tiers
from vidpipe.segments.model import Segment
from vidpipe.silence.model import SpeechMap
from vidpipe.templates.model import load_templates
from vidpipe.testmedia.podcast import make_podcast
from vidpipe.testmedia.script import DEMO_TALK, ScriptPage
from vidpipe.timeline import span
from vidpipe.transcript.model import Word

SAID = (
    ScriptPage("", (), DEMO_TALK[1].sentences[:1], 1.4),
    ScriptPage("", (), DEMO_TALK[1].sentences[1:2], 0.3),
)
SIZE = Size(width=1080, height=1080)
SQUARE = Variant(name="1080x1080", size=SIZE, safe_box=graphics_safe_box(SIZE))


@dataclass(frozen=True)
class Made:
    source: Path
    info: MediaInfo
    cover: Path
    plan: ClipPlan
    work: Path
    loud: Floats
    speech: SpeechMap

    def look(self, clip, cover=None):
        found = cover or self.cover
        return look_at_audiogram(clip, self.plan, SQUARE, self.loud, found, captions=True)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Two sentences with a pause between them, cut down, under a striped cover."""
    folder = tmp_path_factory.mktemp("audiogram")
    art = folder / "art.png"
    stripes = np.zeros((400, 400, 3), np.uint8)
    stripes[:, ::40], stripes[100:160] = (40, 160, 220), (220, 220, 210)
    Image.fromarray(stripes).save(art)
    source = folder / "said.mp3"
    truth = make_podcast(source, SAID, art)
    info = probe(source)
    speech = SpeechMap(
        duration_s=info.duration_s,
        speech=tuple(span(a, b) for a, b, _ in truth.sentences),
        silences=(span(truth.sentences[0][1] + 0.05, truth.sentences[1][0] - 0.05),),
    )
    words = [Word(text=w, start_s=t, end_s=t + 0.2) for t, w in truth.words]
    segment = Segment.model_construct(
        rank=1,
        start_s=0.4,
        end_s=truth.sentences[-1][1] + 0.1,
        score=80.0,
        title="How often to measure",
        hook="",
        keyphrases=(),
    )
    options = ClipOptions(
        variants=(SQUARE,), tier=load_tiers()["draft"], template=load_templates()["spotlight"]
    )
    heard = AudioPicture("default--said-0", speech, words, info.duration_s)
    plan = plan_audiogram(heard, segment, options, art)
    work = folder / "work"
    work.mkdir()
    render_clip(source, info, [Output(plan, SQUARE, work)], words, options, cover=art)
    return Made(source, info, art, plan, work, envelope(source, info, plan.edit), speech)


def test_it_is_one_part_from_beginning_to_end_as_long_as_its_sound(made):
    [part] = made.plan.parts
    assert part.composition is Composition.AUDIOGRAM
    assert (part.first_frame, part.last_frame) == (0, made.plan.edit.frames)
    assert made.plan.edit.fps == Fraction(30) and len(made.loud) == made.plan.edit.frames
    # Its pause was shortened like any other.
    assert len(made.plan.edit.spans) == 2
    found = measure(made.work / CLIP)
    assert (found.width, found.height, found.fps) == (1080, 1080, 30)
    assert found.video_duration_s == pytest.approx(made.plan.duration_s, abs=1e-3)
    assert found.audio_duration_s == pytest.approx(found.video_duration_s, abs=0.022)
    assert found.integrated_lufs == pytest.approx(-14, abs=1.0)


def test_the_bar_in_the_middle_is_as_high_as_the_clip_is_loud_at_that_moment(made):
    """Heights are measured on pixels, loudness on the clip's own coded sound."""
    clip = made.work / CLIP
    wave = zones(
        made.plan.parts[0].screen, SQUARE, captions=True, titled=made.plan.parts[0].titled
    ).wave
    with FrameReader(clip, probe(clip), max_width=1080) as reader:
        x = wave.x + wave.width // 2
        columns = [f.grey[wave.y : wave.bottom, x] for f in reader.every(0.0)]
    high = np.array([(c > 128).mean() for c in columns])
    edit = made.plan.edit
    whole = span(0.0, edit.duration_s)
    own = envelope(clip, probe(clip), type(edit).from_intervals([whole], edit.fps))
    assert len(high) == len(own)
    lags = {lag: np.corrcoef(np.roll(high, -lag)[8:-8], own[8:-8])[0, 1] for lag in range(-4, 5)}
    assert max(lags, key=lags.get) == 0 and lags[0] > 0.97
    assert high.max() > 0.8 and high.min() < 0.2


def test_a_good_one_is_called_good(made):
    assert made.look(made.work / CLIP) == look_of(black_s=0.0)
    quality = inspect_clip(
        made.work / CLIP, made.source, made.info, made.plan, SQUARE, made.speech, made.work,
        captions=True, brand=Brand(), cover=made.cover,
    )  # fmt: skip
    assert quality.issues == () and quality.ssim > 0.97
    assert quality.captions_box.intersect(SQUARE.safe_box) == quality.captions_box


def look_of(**found):
    return Compared(**{**vars(GOOD), **found})


def spoiled(made, tmp_path, change):
    """The clip with its picture changed."""
    clip = ffmpeg.input(str(made.work / CLIP))
    target = tmp_path / "spoiled.mp4"
    picture = change(clip.video)
    render(
        ffmpeg.output(picture, clip.audio, str(target), preset="ultrafast", acodec="copy"),
        timeout_s=120,
    )
    return target


def test_bars_that_stop_while_the_voice_goes_on_are_said_to_stand_still(made, tmp_path):
    held = spoiled(
        made, tmp_path,
        lambda v: v.filter("trim", end=1.5).filter("tpad", stop_mode="clone", stop_duration=30)
        .filter("trim", end=made.plan.duration_s),
    )  # fmt: skip
    found = made.look(held)
    assert found.frozen_s > 1.5 and found.black_s == 0.0


def test_bars_that_cannot_be_seen_are_said_to_be_black(made, tmp_path):
    wave = zones(
        made.plan.parts[0].screen, SQUARE, captions=True, titled=made.plan.parts[0].titled
    ).wave
    gone = spoiled(
        made, tmp_path,
        lambda v: v.filter(
            "drawbox", wave.x - 4, wave.y - 4, wave.width + 8, wave.height + 8, "black", "fill"
        ),
    )  # fmt: skip
    assert made.look(gone).black_s > 3.0


def test_another_cover_is_said_to_be_another(made, tmp_path):
    other = tmp_path / "other.png"
    with Image.open(made.cover) as art:
        art.transpose(Image.Transpose.ROTATE_90).save(other)
    assert made.look(made.work / CLIP, other).elsewhere_s > 3.0


def test_a_recording_in_which_nobody_speaks_has_a_line_of_dots(tmp_path):
    """Nothing moves, and nothing should."""
    source = tmp_path / "nothing.wav"
    silence = ffmpeg.input("anullsrc=r=48000:cl=mono", f="lavfi", t=6)
    render(ffmpeg.output(silence, str(source)), timeout_s=60)
    info = probe(source)
    segment = Segment.model_construct(
        rank=1, start_s=0.0, end_s=5.0, score=80.0, title="", hook="", keyphrases=()
    )
    options = ClipOptions(
        variants=(SQUARE,), tier=load_tiers()["draft"], template=load_templates()["spotlight"]
    )
    heard = AudioPicture("default--nothing-0", SpeechMap(duration_s=6.0), [], info.duration_s)
    plan = plan_audiogram(heard, segment, options, None)
    render_clip(source, info, [Output(plan, SQUARE, tmp_path)], [], options)
    loud = envelope(source, info, plan.edit)
    assert not loud.any()
    found = look_at_audiogram(tmp_path / CLIP, plan, SQUARE, loud, None, captions=False)
    assert found == look_of()


def test_canvases_with_bars_of_one_size_are_drawn_in_one_go(made, tmp_path):
    size = Size(width=1080, height=1350)
    tall = Variant(name="1080x1350", size=size, safe_box=graphics_safe_box(size))
    segment = Segment.model_construct(
        rank=1, start_s=0.5, end_s=2.0, score=80.0, title="Two", hook="", keyphrases=()
    )
    options = ClipOptions(variants=(SQUARE, tall), tier=load_tiers()["draft"])
    heard = AudioPicture("default--said-0", made.speech, [], made.info.duration_s)
    plan = plan_audiogram(heard, segment, options, made.cover)
    outputs = [Output(plan, variant, tmp_path / variant.name) for variant in (SQUARE, tall)]
    for output in outputs:
        output.work.mkdir()
    render_clip(made.source, made.info, outputs, [], options, cover=made.cover)
    found = [measure(output.work / CLIP) for output in outputs]
    assert [(m.width, m.height) for m in found] == [(1080, 1080), (1080, 1350)]
    widths = {zones(made.plan.parts[0].screen, o.variant, captions=False, titled=False).wave.width
              for o in outputs}  # fmt: skip
    assert len(widths) == 1

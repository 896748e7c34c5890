"""What every stage makes of a fixed input: another result wants another stage version.

The golden of each lies in `goldens/`, to be read. Inputs are made up or stored, small, and the
same on every machine; pictures and sound are made anew, so numbers of these have some room.
"""

from __future__ import annotations

import json
import subprocess
import sys
import wave
from pathlib import Path

import numpy as np
import pytest

from vidpipe.channels.wording import Term, Wording
from vidpipe.clips import render as clip_render
from vidpipe.clips import sound as clip_sound
from vidpipe.clips.compose import SourceRecording
from vidpipe.clips.graph.clip import Output
from vidpipe.clips.model import ClipOptions, Variant
from vidpipe.clips.plan import plan_clip
from vidpipe.clips.render import render_clip
from vidpipe.content.analyse import analyse
from vidpipe.content.model import TopicOptions
from vidpipe.errors import InputRejected
from vidpipe.exports import export as clip_export
from vidpipe.exports.export import choose_method, make_export
from vidpipe.exports.model import ExportOptions, MediaFacts
from vidpipe.exports.post import write_post
from vidpipe.framing.model import FramingOptions
from vidpipe.geometry import Rect
from vidpipe.layout.detect import detect_layout
from vidpipe.layout.model import (
    Layout,
    LayoutInterval,
    LayoutKind,
    LayoutOptions,
    Region,
    RegionRole,
    Slide,
)
from vidpipe.media import ffmpeg
from vidpipe.media.examine import examine
from vidpipe.media.faces import DlibFaces
from vidpipe.media.frames import FrameReader
from vidpipe.media.pcm import AudioSamples, decode_samples, level_db
from vidpipe.media.probe import probe
from vidpipe.pipeline import TALKS
from vidpipe.pipeline.rendering.renderer import CLIP_VERSION
from vidpipe.platforms import load_presets, load_tiers
from vidpipe.segments.model import Segment, SegmentOptions
from vidpipe.segments.select import select_segments
from vidpipe.silence.activity import find_silence
from vidpipe.silence.model import SilenceOptions, SpeechMap
from vidpipe.templates.model import load_templates
from vidpipe.testmedia.script import DEMO_TALK
from vidpipe.testmedia.talk import truth_of
from vidpipe.timeline import complement, span
from vidpipe.transcript.model import Transcript, Word
from vidpipe.transcript.recogniser import Recognised
from vidpipe.transcript.sentences import split_sentences
from vidpipe.transcript.sidecar import SidecarTranscript, from_sidecar, read_sidecar
from vidpipe.transcript.subtitles import to_srt
from vidpipe.transcript.transcribe import transcribe
from vidpipe.transcript.worded import worded
from vidpipe_tests.conftest import SHORT_TALK
from vidpipe_tests.pipeline.golden import FOLDER, Check, check, differences
from vidpipe_tests.recorded import saved


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Check:
    """Compares with the golden of a stage."""
    renew = request.config.getoption("--renew-goldens")

    def compare(name, result, **more):
        check(name, result, renew=renew, **more)

    return compare


def fixed_talk():
    """The demo's script with words every 0.4 s and a pause after each sentence and page."""
    words, slides, at = [], [], 0.5
    for page in DEMO_TALK:
        start = at
        for sentence in page.sentences:
            for text in sentence.split():
                words.append(Word(text=text, start_s=round(at, 3), end_s=round(at + 0.35, 3)))
                at += 0.4
            at += 0.5
        at += page.pause_s
        slides.append(Slide(start_s=round(start, 3), end_s=round(at, 3), frame_s=round(start, 3)))
    sentences = split_sentences(words)
    transcript = Transcript(
        source="sidecar", language="en", words=tuple(words), sentences=tuple(sentences)
    )
    speech = [span(s.start_s, s.end_s) for s in sentences]
    silence = complement(speech, span(0, at))
    speech_map = SpeechMap(duration_s=at, speech=tuple(speech), silences=tuple(silence))
    region = Region(
        role=RegionRole.SCREEN, rect=Rect(x=0, y=0, width=1280, height=720), confidence=0.9
    )
    whole = LayoutInterval(
        start_s=0, end_s=at, kind=LayoutKind.SCREEN, regions=(region,), confidence=0.9
    )
    layout = Layout(
        width=1280, height=720, duration_s=at, stretches=(whole,), shots=(), slides=tuple(slides)
    )
    return transcript, speech_map, layout


# Recordings


def written(path: Path, channels: int, seconds: float, rate: int = 44_100) -> Path:
    """A tone that gets louder every half second, the left side before the right."""
    times = np.arange(int(seconds * rate)) / rate
    level = 10 ** ((-50 + 8 * np.floor(times / 0.5)) / 20)
    tone = np.sin(2 * np.pi * 440 * times) * level
    sides = [tone if k == 0 else np.roll(tone, rate // 4) for k in range(channels)]
    with wave.open(str(path), "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes((np.stack(sides, 1) * 32767).astype("<i2").tobytes())
    return path


#: In a process of its own: a voice sounds a little otherwise after what it said before.
MADE = """
import sys
from pathlib import Path
from vidpipe.testmedia.recording import Room, make_recording
from vidpipe.testmedia.talk import TalkLook, make_talk
from vidpipe_tests.conftest import SHORT_TALK
from vidpipe_tests.recorded import saved

folder = Path(sys.argv[1])
for between, noise_db, between_db in (("breath", -20, -20), ("applause", -25, -9)):
    room = Room(noise="pink", noise_db=noise_db, between=between, between_db=between_db)
    saved(make_recording(room, seed=5, sentences=5).samples, folder / f"{between}.wav")
make_talk(folder / "talk.mp4", SHORT_TALK, TalkLook(width=640, height=360))
"""


@pytest.fixture(scope="module")
def media(tmp_path_factory) -> Path:
    """Speech in noise with a breath or applause between, a talk of 30 s; the same every time."""
    folder = tmp_path_factory.mktemp("goldens")
    root = Path(__file__).parents[2]
    subprocess.run([sys.executable, "-c", MADE, str(folder)], check=True, cwd=root, timeout=300)
    return folder


def test_source_video(golden, media):
    source = media / "talk.mp4"
    found, notes = examine(source, probe(source, source.name), "auto")
    made = found.model_dump(mode="json", exclude={"size_bytes", "bit_rate"})
    golden("source_video", {"media": made, "notes": notes}, within=0.05)


def test_audio(golden, tmp_path):
    source = written(tmp_path / "steps.wav", 2, 3.0)
    samples = decode_samples(source, probe(source), tmp_path / "audio.wav")
    levels = level_db(samples.read(0, samples.duration_s), 4000)
    golden(
        "audio",
        {"duration_s": samples.duration_s, "levels_db": [round(float(x), 1) for x in levels]},
        within=0.15,
    )


def test_silence_regions(golden, media):
    made = {}
    for between in ("breath", "applause"):
        samples = AudioSamples.open(media / f"{between}.wav")
        found, level = find_silence(samples, SilenceOptions())
        levels = [float(x) for x in level[::50]]
        made[between] = {**found.model_dump(mode="json"), "level_db": levels}
    golden("silence_regions", made, within=0.02, room={"_db": 0.5})


def test_layout(golden, media):
    source = media / "talk.mp4"
    found = detect_layout(source, probe(source), DlibFaces(), LayoutOptions())
    golden("layout", found.model_dump(mode="json"), within=0.1)


# Words


SRT = """1
00:00:00,500 --> 00:00:03,000
Can you hear me at the bak? Good morning,

2
00:00:03,400 --> 00:00:06,200
- my name is Grace and this is about
the nyquist theorem.

3
00:00:07,900 --> 00:00:10,600
How often do we have to look? Twice for
every period, says Shannon.

4
00:00:10,700 --> 00:00:10,900
[Applause]
"""


class Reader:
    """Stands where a recogniser is: hears fixed words, each in 0.4 s."""

    name, identity, draft, parallel = "reader", "reader-1", False, 1
    longest_s, cost_per_minute = 30.0, 0.006

    def recognise(self, passage, language):
        at = passage.interval
        said = "well so this is about the nike wist theorem and and how often we look".split()
        times = [at.start_s + 0.1 + 0.4 * k for k in range(len(said))]
        words = [
            Word(text=text, start_s=t, end_s=t + 0.35, confidence=0.4 if "n" in text else 0.9)
            for text, t in zip(said, times, strict=True)
            if t + 0.35 < at.end_s
        ]
        return Recognised(words, "en")


def as_written(transcript):
    """A transcript with its words a line each."""
    words = [
        f"{w.start_s:.2f} to {w.end_s:.2f}: {w.text}"
        + (f" ({w.confidence:.1f})" if w.confidence is not None else "")
        for w in transcript.words
    ]
    rest = transcript.model_dump(mode="json", exclude={"words"})
    return {**rest, "words": words, "srt": to_srt(transcript.words, "en").splitlines()}


def test_transcript(golden, tmp_path):
    (tmp_path / "talk.srt").write_text(SRT)
    speech = SpeechMap(duration_s=12.0, speech=(span(0.4, 6.3), span(7.8, 10.6)))
    reading = read_sidecar(tmp_path / "talk.srt", "talk.srt", speech)
    assert isinstance(reading, SidecarTranscript)
    wording = Wording(terms=(Term(name="Nyquist", sounds_like=("nike wist",)),))
    beside = worded(from_sidecar(reading, None, speech, "en", may_align=False), wording, speech)
    samples = AudioSamples.open(saved(np.zeros(16_000 * 12, np.float32), tmp_path / "quiet.wav"))
    heard = transcribe(Reader(), samples, speech, "en", [], may_align=False)
    golden(
        "transcript",
        {
            "of a sidecar": as_written(beside),
            "heard": as_written(worded(heard, wording, speech)),
        },
    )


# Content


def test_topics_and_segments(golden):
    transcript, speech, layout = fixed_talk()
    level = (np.arange(int(layout.duration_s / 0.05)) % 37).astype(np.float32) - 60
    content = analyse(transcript, speech, level, 0.05, layout, TopicOptions())
    chosen = select_segments(
        content, transcript, speech, SegmentOptions(), layout.duration_s, "talk"
    )
    # The topics follow the slides, and clips ask questions that the talk answers.
    assert len(content.topics) >= 3
    assert sum(s.title.endswith("?") for s in chosen.segments) >= 2
    # Each is a page, or what stands alone of it, without the summary of it all.
    for first, last in (
        ("What is a sound, really?", "an amplifier close by."),
        ("How often do we have to look", "can remove them afterwards."),
        ("Now each sample must be written", "a level that was set too high."),
        ("Why can a music file be ten times smaller", "make the small copy last."),
    ):
        opening = next(u for u in content.units if u.text.startswith(first))
        clip = next(s for s in chosen.segments if abs(s.start_s - opening.start_s) < 0.5)
        said = [u.text for u in content.units if clip.start_s <= u.start_s < clip.end_s]
        assert said[-1].endswith(last)
    # "Can you hear me at the back?" is in none of them.
    assert min(s.start_s for s in chosen.segments) > 15
    golden("topics", content.model_dump(mode="json"))
    golden("scored_segments", chosen.model_dump(mode="json"))


# Clips and exports


def as_run(output, **names) -> list[str]:
    """What ffmpeg is called with, an option or a filter a line; folders by name."""
    args = ffmpeg.ffmpeg.compile(output, cmd="ffmpeg", overwrite_output=True)
    lines: list[str] = []
    for before, arg in zip(["", *args], args, strict=False):
        # Which decoders there are is the build's.
        text = "…" if before == "-codec_whitelist" else arg
        for name, path in names.items():
            text = text.replace(str(path), name)
        if lines and lines[-1].startswith("-") and " " not in lines[-1] and "[" not in text:
            lines[-1] += f" {text}"
        else:
            lines += text.split(";")
    return lines


def test_rendered_clips(golden, media, tmp_path, monkeypatch):
    """Plans, captions and filter graphs of two shapes: what is encoded, without encoding it."""
    # The layout as its golden has it, and the words as they were said.
    stored = json.loads((FOLDER / "layout.json").read_bytes())
    layout = Layout.model_validate(stored["result"])
    truth = json.loads(truth_of(media / "talk.mp4").read_bytes())
    words = tuple(
        Word(text=text, start_s=t, end_s=round(t + 0.25, 3)) for t, text in truth["words"]
    )
    sentences = split_sentences(list(words))
    speech = [span(s.start_s, s.end_s) for s in sentences]
    speech_map = SpeechMap(
        duration_s=layout.duration_s,
        speech=tuple(speech),
        silences=tuple(complement(speech, span(0, layout.duration_s))),
    )
    segment = Segment(
        start_s=round(sentences[0].start_s, 2),
        end_s=round(sentences[2].end_s, 2),
        rank=1,
        score=70.0,
        parts={},
        reasons=(),
        title=SHORT_TALK[0].title,
        kept_s=10.0,
    )
    presets = load_presets()
    variants = tuple(Variant.of(presets[name]) for name in ("tiktok", "youtube"))
    options = ClipOptions(variants=variants, template=load_templates()["spotlight"])
    source = media / "talk.mp4"
    info, outputs = probe(source), []
    for variant in variants:
        with FrameReader(source, info, max_width=1280) as reader:
            recording = SourceRecording("v", speech_map, words, layout, reader, DlibFaces())
            plan = plan_clip(
                recording, segment, options, FramingOptions(), variant, captions=variant.captions
            )
        outputs.append(Output(plan, variant, tmp_path / variant.name))
        outputs[-1].work.mkdir()
    graphs, sounds = [], []

    def heard(graph, **more):
        sounds.append(as_run(graph, SOURCE=source.resolve(), WORK=tmp_path))
        return ffmpeg.render(graph, **more)

    monkeypatch.setattr(clip_sound, "render", heard)
    monkeypatch.setattr(clip_render, "render", lambda graph, **_: graphs.append(graph))
    render_clip(source, info, outputs, words, options)
    [graph] = graphs
    made = {
        o.variant.name: {
            "plan": o.plan.model_dump(mode="json"),
            "captions": _lines(o.work / "captions.ass"),
        }
        for o in outputs
    }
    command = as_run(graph, SOURCE=source.resolve(), WORK=tmp_path)
    golden(
        "rendered_clips",
        {**made, "sound": sounds, "ffmpeg": command},
        # Faces and the page are found in pictures that this machine encoded.
        room={r"\.(screen|camera|face)\b|crop=|overlay=|scale=": 4.0, "volume=": 0.5},
        version=f"{TALKS.stage('rendered_clips').version}, of a clip {CLIP_VERSION}",
    )


def _lines(path: Path) -> list[str]:
    """Of captions, without what wrote them."""
    lines = path.read_text("utf-8-sig").splitlines() if path.exists() else []
    return [line for line in lines if not line.startswith(";")]


def facts(**more) -> MediaFacts:
    """A clip as the stage before makes it."""
    plain = {
        "container": "mp4",
        "duration_s": 40.0,
        "size_bytes": 12_000_000,
        "moov_first": True,
        "edit_lists": False,
        "width": 1080,
        "height": 1920,
        "fps": 30.0,
        "video_codec": "h264",
        "video_kbps": 2_200,
        "audio_codec": "aac",
        "audio_rate": 48_000,
        "audio_channels": 2,
        "audio_kbps": 128,
        "integrated_lufs": -14.2,
        "true_peak_dbtp": -1.4,
    }
    return MediaFacts(**{**plain, **more})


#: Clips that are within every limit, over one, and that cannot be.
CLIPS = {
    "usual": {},
    "large": {"size_bytes": 600_000_000, "video_kbps": 120_000},
    "loud sound": {"audio_kbps": 400},
    "three minutes": {"duration_s": 170.0, "size_bytes": 700_000_000, "video_kbps": 32_000},
    "an hour": {"duration_s": 3_600.0, "size_bytes": 900_000_000},
}


def test_platform_exports(golden, tmp_path, monkeypatch):
    """How each platform's export is made, or why not; the post beside it."""
    graphs = []
    monkeypatch.setattr(clip_export, "render", lambda graph, **_: graphs.append(graph))
    presets = load_presets()
    made = {}
    for name, preset in presets.items():
        options = ExportOptions(preset=preset, tier=load_tiers()["standard"], loudness_lufs=-14.0)
        made[name] = {}
        for kind, more in CLIPS.items():
            try:
                method = choose_method(facts(**more), options)
            except InputRejected as error:
                made[name][kind] = f"refused: {error.message}"
                continue
            target = tmp_path / f"video.{preset.file.container}"
            make_export(method, tmp_path / "clip.mp4", facts(**more), options, "A title", target)
            made[name][kind] = [method.value, " ".join(as_run(graphs.pop(), WORK=tmp_path))]
        post = write_post(
            preset,
            options.post,
            {
                "title": "How often do we have to look?",
                "hook": "How often do we have to look?",
                "description": "Twice for every period of the fastest tone.",
                "topic": "Sampling",
                "video": "Sound in numbers",
                "file": "sound_1",
                "channel": "The lab",
            },
            ("sampling", "sound wave"),
            (),
            "en",
            40.0,
        )
        made[name]["post"] = post.model_dump(mode="json")
    golden("platform_exports", made, version=TALKS.stage("platform_exports/tiktok").version)


# The comparison itself


def test_a_difference_is_said_by_its_place_and_asks_for_a_version(tmp_path):
    made = {"topics": [{"title": "a", "start_s": 1.0}], "graph": "crop=10:20:0:5,scale=4"}
    with pytest.raises(AssertionError, match="--renew-goldens writes it"):
        check("topics", made, renew=False, folder=tmp_path)
    check("topics", made, renew=True, folder=tmp_path)
    check("topics", made, renew=False, folder=tmp_path)
    near = {"topics": [{"title": "a", "start_s": 1.001}], "graph": "crop=10:20:0:5,scale=4"}
    check("topics", near, renew=False, folder=tmp_path)
    other = {"topics": [{"title": "b", "start_s": 1.5}, {}], "graph": "crop=10:20:0:9,scale=4"}
    for renew in (False, True):
        with pytest.raises(AssertionError, match="raise the version") as error:
            check("topics", other, renew=renew, folder=tmp_path)
    for line in (
        "topics: 1 of them -> 2",
        "topics[0].title: 'a' -> 'b'",
        "topics[0].start_s: 1.0 -> 1.5",
        "graph: 'crop=10:20:0:5,scale=4' -> 'crop=10:20:0:9,scale=4'",
    ):
        assert line in str(error.value)
    with pytest.raises(AssertionError, match="has version 99, its golden"):
        check("topics", other, renew=False, version="99", folder=tmp_path)
    check("topics", other, renew=True, version="99", folder=tmp_path)
    check("topics", other, renew=False, version="99", folder=tmp_path)


def test_numbers_within_a_text_may_differ_a_little_and_its_words_not():
    old, new = ["crop=10:20:0:5", "a 1"], ["crop=11:20:0:5", "b 1"]
    assert list(differences(old, new, 1.0)) == ["[1]: 'a 1' -> 'b 1'"]
    assert len(list(differences(old, new, 0.5))) == 2
    assert list(differences({"a": True}, {"a": 1, "b": 2}, 5.0)) == ["a: True -> 1", "b: 2 is new"]


def test_every_stage_has_a_golden_of_its_version():
    kept = {p.stem: json.loads(p.read_bytes()) for p in FOLDER.glob("*.json")}
    assert set(kept) == set(TALKS.kinds)
    for name in TALKS.names():
        assert kept[name]["version"].split(",")[0] == TALKS.stage(name).version

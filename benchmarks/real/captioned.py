"""Recordings with captions burned in, and the same without: drawn over real pictures.

What is spoken is somebody else's recording, and so is what is seen; what is drawn is timed by
the words that a recogniser hears in it. Beside captions there is what looks like them and is
none: name straps, tickers, a clock, headlines, a footer, messages, a prompt that is typed at.
"""

from __future__ import annotations

import hashlib
import itertools
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ffmpeg
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont
from pydantic import TypeAdapter
from pysubs2 import Color, SSAEvent, SSAFile, SSAStyle

from benchmarks.real.figure import Column
from benchmarks.real.split import MEDIA, split
from vidpipe.geometry import Rect, Size
from vidpipe.media.ffmpeg import render
from vidpipe.media.pcm import decode_samples
from vidpipe.media.probe import probe
from vidpipe.settings import load_settings
from vidpipe.silence.activity import find_silence
from vidpipe.silence.model import SilenceOptions, SpeechMap
from vidpipe.transcript.faster_whisper import FasterWhisper
from vidpipe.transcript.model import FasterWhisperOptions, Word
from vidpipe.transcript.transcribe import transcribe

#: Of what is drawn: another one makes all recordings anew.
VERSION = 1
#: How long a recording is made, in seconds, where its sound and picture are that long.
_LENGTH_S = 30.0
_FPS = 25
KEPT = Path(tempfile.gettempdir()) / "vidpipe-captioned"
_PAGES = [*"abcd"]
#: A cue ends where nobody speaks for so long, and stays so long after its last word.
_PAUSE_S, _LINGER_S = 0.6, 0.25
_LANDSCAPE, _PORTRAIT = (16, 9), (9, 16)

Words = Sequence[Word]
Cue = tuple[float, float, str]


@dataclass(frozen=True)
class Style:
    """How captions look; lengths as shares of the shorter side, margins of the height.

    `letters` is how many a cue has at most, over `lines`; a cue of `words` has no more of
    them, and `grows` word by word, or lights each up in a colour (`karaoke`).
    """

    name: str
    font: str = "Liberation Sans"
    size: float = 0.062
    colour: str = "ffffff"
    outline: float = 2.0
    shadow: float = 0.0
    box: bool = False
    bold: bool = False
    top: bool = False
    margin: float = 0.05
    letters: int = 38
    lines: int = 1
    words: int = 99
    capitals: bool = False
    grows: bool = False
    karaoke: str = ""
    fade_s: float = 0.0
    drawn: bool = False


#: The look of `ffmpeg -vf subtitles=x.srt`, of broadcasters, of phones, of live captions.
STYLES = (
    Style("libass default", size=0.0556, outline=1.0, margin=0.035, letters=42, lines=2),
    Style("boxed", font="DejaVu Sans", box=True, letters=36, lines=2),
    Style("one word", font="DejaVu Sans", size=0.12, outline=4, bold=True, words=1, margin=0.3,
          capitals=True),
    Style("yellow", font="Nimbus Sans", colour="ffe600", outline=1.5, letters=40),
    Style("two lines", font="Noto Sans", size=0.055, letters=40, lines=2, shadow=1.0),
    Style("at the top", top=True, letters=40, lines=2),
    Style("karaoke", font="DejaVu Sans", size=0.095, outline=3, bold=True, words=4, margin=0.25,
          karaoke="20d060"),
    Style("drawn, black on white", font="P052", size=0.06, drawn=True, letters=32),
    Style("growing", font="DejaVu Sans", size=0.055, letters=40, lines=2, grows=True, box=True),
    Style("fading, three words", font="URW Gothic", size=0.09, words=3, fade_s=0.15, margin=0.22,
          bold=True, outline=2.5),
)  # fmt: skip
#: What is no caption, and is drawn all the same.
DECOYS = (
    "name strap",
    "ticker",
    "clock",
    "headlines",
    "footer",
    "messages",
    "prompt",
)


@dataclass(frozen=True)
class Source:
    """A picture and the sound that goes with it; `shape` None for the picture's own size."""

    picture: str
    sound: str
    shape: tuple[int, int] | None = None

    @property
    def name(self) -> str:
        shape = "" if self.shape is None else f" {self.shape[0]}:{self.shape[1]}"
        return f"{Path(self.picture).stem}{shape}"


@dataclass(frozen=True)
class Made:
    """A recording to look at: what was drawn, where that is, and what is heard.

    `box` is what captions ever cover, in displayed pixels; None for a recording without any.
    """

    name: str
    path: Path
    drawn: str
    box: Rect | None
    words: tuple[Word, ...]
    speech: SpeechMap


def sources(column: Column) -> list[Source]:
    """What captions are drawn over: cameras in both shapes, talks, screens."""
    spoken = {
        "build": ["speech/azure_training_audio1.wav", "speech/sonnet1_53s.mp3",
                  "speech/ted_60s_16k.m4a"],
        "held_out": ["speech/azure_testing_audio.wav", "speech/sonnet_p002.mp3"],
    }  # fmt: skip
    silent = {
        "build": ["lecture/cvpr20_rank_pip_59s_noaudio.mp4",
                  "screencast/bbb_2364_deskshare_slides_114s.flv",
                  "screencast/yolo_console_narrated_70s.mp4"],
        "held_out": ["screencast/paella_app_vfr_49s_noaudio.mp4",
                     "lecture/cvpr20_mar_scf_slides_60s_noaudio.mp4"],
    }  # fmt: skip
    own = {
        "build": [],
        "held_out": ["lecture/crypto_slides_ink_145s.mp4",
                     "screencast/bbb_b443_screencast_voice.mp4", "field/talk41.mp4"],
    }  # fmt: skip
    sounds = itertools.cycle(spoken[column])
    cameras = split()["cameras"][column]["media"]
    found = [
        Source(name, next(sounds), (_LANDSCAPE, _PORTRAIT)[(k + turn) % 2])
        for turn in (0, 1)
        for k, name in enumerate(cameras)
    ]
    found += [Source(name, next(sounds)) for name in silent[column]]
    found += [Source(f"composites/{n}.mp4", f"composites/{n}.mp4")
              for n in split()["composites"][column]]  # fmt: skip
    found += [Source(name, name) for name in own[column]]
    return [s for s in found if (MEDIA / s.picture).exists() and (MEDIA / s.sound).exists()]


def plans(column: Column) -> Iterator[tuple[Source, int, Style | str]]:
    """Each source with two styles and a decoy drawn over it, and as it is; short side in pixels."""
    every, decoys = sources(column), itertools.cycle(DECOYS)
    for k, source in enumerate(every):
        yield source, 360, ""
        yield source, (720, 360)[k % 2], STYLES[k % len(STYLES)]
        yield source, 360, STYLES[(3 * k + 5) % len(STYLES)]
        yield source, 360, next(decoys)


def made(source: Source, short: int, what: Style | str, lengthy_s: float = _LENGTH_S) -> Made:
    """One recording; made once.

    Args:
        source: picture and sound.
        short: its shorter side in pixels, where the source has a shape.
        what: captions in a style, one of `DECOYS`, or nothing.
        lengthy_s: how long it is at most.
    """
    words, speech = heard(MEDIA / source.sound)
    length_s = min(lengthy_s, probe(MEDIA / source.sound).duration_s)
    words = tuple(w for w in words if w.end_s < length_s)
    name = what.name if isinstance(what, Style) else what or "as it is"
    key = hashlib.sha256(f"{VERSION}{source}{short}{what}{length_s}".encode()).hexdigest()[:8]
    path = KEPT / f"{source.name}-{short}-{name}-{key}.mp4".replace(" ", "_").replace(":", "x")
    size = _size(source, short)
    cues = cues_of(words, what) if isinstance(what, Style) else []
    box_path = path.with_suffix(".json")
    if not path.exists():
        KEPT.mkdir(exist_ok=True)
        _make(source, size, what, cues, length_s, path)
    box = None
    if isinstance(what, Style):
        adapter = TypeAdapter(Rect)
        if not box_path.exists():
            box_path.write_bytes(adapter.dump_json(_covered(size, what, cues, length_s)))
        box = adapter.validate_json(box_path.read_bytes())
    return Made(f"{source.name} {short} {name}", path, name, box, tuple(words), speech)


def heard(path: Path) -> tuple[tuple[Word, ...], SpeechMap]:
    """Words and speech of a recording, heard once by Whisper base."""
    KEPT.mkdir(exist_ok=True)
    digest = hashlib.sha256(str(path.relative_to(MEDIA)).encode()).hexdigest()[:8]
    kept = KEPT / f"words-{path.stem}-{digest}.json"
    adapter = TypeAdapter(tuple[tuple[Word, ...], SpeechMap])
    if not kept.exists():
        wav = kept.with_suffix(".wav")
        samples = decode_samples(path, probe(path), wav)
        assert samples is not None, f"{path} has no sound"
        speech, _ = find_silence(samples, SilenceOptions())
        store = load_settings(allow_model_download=False).model_store
        whisper = FasterWhisper(FasterWhisperOptions(model="base"), store)
        done = transcribe(whisper, samples, speech, "en", [])
        kept.write_bytes(adapter.dump_json((done.words, speech)))
        wav.unlink()
    return adapter.validate_json(kept.read_bytes())


def cues_of(words: Words, style: Style) -> list[Cue]:
    """What is shown when: words together up to a pause, a full line or the style's number."""
    groups: list[list[Word]] = []
    for word in words:
        text = " ".join(w.text for w in groups[-1]) if groups else ""
        full = (
            not groups
            or len(groups[-1]) >= style.words
            or len(text) + 1 + len(word.text) > style.letters * style.lines
            or word.start_s - groups[-1][-1].end_s > _PAUSE_S
            or (text[-1:] in ".?!" and style.words > 1)
        )
        if full:
            groups.append([])
        groups[-1].append(word)
    cues: list[Cue] = []
    for k, group in enumerate(groups):
        until_s = groups[k + 1][0].start_s if k + 1 < len(groups) else group[-1].end_s + 1.0
        end_s = min(until_s, group[-1].end_s + _LINGER_S)
        if until_s - end_s < _LINGER_S:
            end_s = until_s
        if style.grows:
            for n, word in enumerate(group):
                stop_s = group[n + 1].start_s if n + 1 < len(group) else end_s
                cues.append((word.start_s, stop_s, _lined(group[: n + 1], style)))
        elif style.karaoke:
            for n, word in enumerate(group):
                stop_s = group[n + 1].start_s if n + 1 < len(group) else end_s
                cues.append((word.start_s, stop_s, _lined(group, style, n)))
        else:
            cues.append((group[0].start_s, end_s, _lined(group, style)))
    return [c for c in cues if c[1] > c[0] + 0.02]


def _lined(group: Words, style: Style, lit: int = -1) -> str:
    """The words of a cue over its lines, the one that is lit in its colour."""
    lines, length = [""], 0
    for n, word in enumerate(group):
        text = word.text.upper() if style.capitals else word.text
        if length + 1 + len(text) > style.letters and len(lines) < style.lines:
            lines.append("")
            length = 0
        length += 1 + len(text)
        shown = text
        if n == lit:
            rgb = style.karaoke
            shown = f"{{\\c&H{rgb[4:]}{rgb[2:4]}{rgb[:2]}&}}{text}{{\\c}}"
        lines[-1] += (" " if lines[-1] else "") + shown
    return r"\N".join(lines)


def _size(source: Source, short: int) -> Size:
    if source.shape is None:
        video = probe(MEDIA / source.picture).video
        assert video is not None
        return Size(width=video.width // 2 * 2, height=video.height // 2 * 2)
    across, down = source.shape
    unit = short / min(across, down)
    return Size(width=round(across * unit / 2) * 2, height=round(down * unit / 2) * 2)


def _make(
    source: Source, size: Size, what: Style | str, cues: Sequence[Cue], length_s: float, path: Path
) -> None:
    picture = _picture(source, size)
    sound = ffmpeg.input(str(MEDIA / source.sound)).audio
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        if isinstance(what, Style):
            picture = _captioned(picture, what, cues, size, work)
        elif what:
            picture = _DRAW[what](picture, size, length_s, work)
        part = path.with_suffix(".part.mp4")
        done = ffmpeg.output(
            picture,
            sound,
            str(part),
            t=length_s,
            vcodec="libx264",
            preset="ultrafast",
            crf=27,
            pix_fmt="yuv420p",
            acodec="aac",
            ac=1,
        )
        render(done, timeout_s=300)
        part.rename(path)


def _picture(source: Source, size: Size) -> Any:
    """A camera's recording over and over, cut to fill the picture: people are in its upper part."""
    shown = ffmpeg.input(str(MEDIA / source.picture), stream_loop=-1).video.filter("fps", _FPS)
    if source.shape is not None:
        shown = shown.filter(
            "scale", size.width, size.height, force_original_aspect_ratio="increase"
        ).filter("crop", size.width, size.height, "(iw-ow)/2", "(ih-oh)/4")
    else:
        shown = shown.filter("scale", size.width, size.height)
    return shown.filter("setsar", 1)


def _captioned(picture: Any, style: Style, cues: Sequence[Cue], size: Size, work: Path) -> Any:
    if style.drawn:
        return _with_drawn(picture, style, cues, size, work)
    file = work / "captions.ass"
    _ass(style, cues, size).save(str(file))
    return picture.filter("ass", filename=str(file))


def _ass(style: Style, cues: Sequence[Cue], size: Size) -> SSAFile:
    short = min(size.width, size.height)
    unit = short / 360
    made_of = SSAFile()
    made_of.info["PlayResX"], made_of.info["PlayResY"] = str(size.width), str(size.height)
    made_of.styles["Default"] = SSAStyle(
        fontname=style.font,
        # The height of a line; of a wide picture text is measured by its height.
        fontsize=round(style.size * short * 1.15),
        primarycolor=Color(*bytes.fromhex(style.colour)),
        outlinecolor=Color(0, 0, 0, 96 if style.box else 0),
        backcolor=Color(0, 0, 0, 96),
        bold=style.bold,
        borderstyle=3 if style.box else 1,
        outline=(3 if style.box else style.outline) * unit,
        shadow=style.shadow * unit,
        alignment=8 if style.top else 2,
        marginv=round(style.margin * size.height),
        marginl=round(0.04 * size.width),
        marginr=round(0.04 * size.width),
    )
    fade = f"{{\\fad({1000 * style.fade_s:.0f},{1000 * style.fade_s:.0f})}}" if style.fade_s else ""
    for start_s, end_s, text in cues:
        made_of.events.append(
            SSAEvent(start=round(1000 * start_s), end=round(1000 * end_s), text=fade + text)
        )
    return made_of


def _with_drawn(picture: Any, style: Style, cues: Sequence[Cue], size: Size, work: Path) -> Any:
    """Black letters on a white plate, as editors on phones draw them: a picture for each cue."""
    unit = min(size.width, size.height)
    font = ImageFont.truetype(_font_file(style.font), round(style.size * unit))
    for k, (start_s, end_s, text) in enumerate(cues):
        left, top, right, bottom = font.getbbox(text)
        pad = round(0.02 * unit)
        plate = Image.new("RGBA", (round(right - left) + 2 * pad, round(1.6 * style.size * unit)))
        pen = ImageDraw.Draw(plate)
        pen.rounded_rectangle((0, 0, plate.width - 1, plate.height - 1), pad, (255, 255, 255, 240))
        pen.text((pad - left, (plate.height - bottom - top) / 2), text, (16, 16, 16, 255), font)
        plate = plate.crop((0, 0, min(plate.width, size.width), plate.height))
        plate.save(work / f"cue-{k}.png")
        y = round(size.height * (1 - style.margin)) - plate.height
        picture = picture.overlay(
            ffmpeg.input(str(work / f"cue-{k}.png")),
            x=(size.width - plate.width) // 2,
            y=y,
            enable=f"between(t,{start_s:.3f},{end_s - 0.001:.3f})",
        )
    return picture


def _font_file(family: str) -> str:
    import subprocess

    said = subprocess.run(
        ["fc-match", "-f", "%{file}", family], capture_output=True, text=True, check=True
    )
    return said.stdout


def _covered(size: Size, style: Style, cues: Sequence[Cue], length_s: float) -> Rect:
    """What the captions ever cover, measured on their own over black and over white."""
    most: NDArray[np.bool_] = np.zeros((size.height, size.width), bool)
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        for colour, level in (("black", 0), ("white", 255)):
            canvas = ffmpeg.input(
                f"color=c={colour}:s={size.width}x{size.height}:r=4", f="lavfi", t=length_s
            )
            raw = work / "drawn.gray"
            drawn = _captioned(canvas, style, cues, size, work)
            render(ffmpeg.output(drawn, str(raw), format="rawvideo", pix_fmt="gray"), timeout_s=120)
            frames = np.memmap(raw, np.uint8, "r").reshape(-1, size.height, size.width)
            for frame in frames:
                most |= np.abs(frame.astype(np.int16) - level) > 64
    rows, columns = np.flatnonzero(most.any(axis=1)), np.flatnonzero(most.any(axis=0))
    return Rect(
        x=int(columns[0]),
        y=int(rows[0]),
        width=int(columns[-1] - columns[0] + 1),
        height=int(rows[-1] - rows[0] + 1),
    )


# What is no caption


def _events(picture: Any, size: Size, work: Path, style: Style, cues: Sequence[Cue]) -> Any:
    file = work / "decoy.ass"
    _ass(style, cues, size).save(str(file))
    return picture.filter("ass", filename=str(file))


def _name_strap(picture: Any, size: Size, length_s: float, work: Path) -> Any:
    """Who speaks, for six seconds at a time."""
    cues = [
        (start_s, start_s + 6.0, r"{\an1}Dr Ada Example\N{\fs20}Institute of Examples")
        for start_s in np.arange(2.0, length_s - 6.0, 17.0)
    ]
    return _events(picture, size, work, Style("", box=True, bold=True, margin=0.08), cues)


def _ticker(picture: Any, size: Size, length_s: float, work: Path) -> Any:
    """A line of news that goes by without an end."""
    news = "  +++  ".join(
        f"{place}: council votes on the new bridge after {n} years"
        for n, place in enumerate(("North", "South", "East", "West", "Harbour"), 3)
    )
    pixels = round(4.0 * 0.5 * 0.055 * min(size.width, size.height) * len(news))
    y = round(0.9 * size.height)
    move = rf"{{\an7\q2\move({size.width},{y},{-pixels},{y})}}"
    cues = [(0.0, length_s + 20.0, move + news * 4)]
    return _events(picture, size, work, Style("", size=0.055, box=True), cues)


def _clock(picture: Any, size: Size, length_s: float, work: Path) -> Any:
    """A clock that counts the seconds."""
    cues = [
        (float(k), k + 1.0, rf"{{\an3}}{k // 60:02d}:{k % 60:02d}")
        for k in range(int(length_s) + 1)
    ]
    return _events(picture, size, work, Style("", font="DejaVu Sans", size=0.08, bold=True), cues)


_HEADLINES = (
    "Ministers meet again on fishing quotas",
    "Storm reaches the coast tonight",
    "Museum opens after eleven years of work",
    "Team wins in extra time",
    "Prices for wheat fall for the third week in a row",
    "New line to the airport",
    "Court decides on the old harbour",
)


def _headlines(picture: Any, size: Size, length_s: float, work: Path) -> Any:
    """News in the lower third, every five seconds another one, whatever is said."""
    starts = np.arange(0.0, length_s, 5.0)
    cues = [
        (float(s), float(s) + 5.0, r"{\an1}" + _HEADLINES[k % len(_HEADLINES)])
        for k, s in enumerate(starts)
    ]
    return _events(picture, size, work, Style("", size=0.05, box=True, bold=True), cues)


def _footer(picture: Any, size: Size, length_s: float, work: Path) -> Any:
    """What stands under all pages."""
    text = r"{\an2}Introduction to Examples, part 3 of 12  |  example.org"
    return _events(picture, size, work, Style("", size=0.04, margin=0.02), [(0.0, length_s, text)])


def _messages(picture: Any, size: Size, length_s: float, work: Path) -> Any:
    """A chat at the side: every four seconds another line comes under the last, old ones go up."""
    lines = ["hello from Oslo", "can you hear us?", "yes, fine", "which page is this", "page nine",
             "thanks!", "is this recorded?", "it is", "good question", "bye"]  # fmt: skip
    starts = np.arange(0.0, length_s, 4.0)
    cues = [
        (
            float(s),
            float(s) + 4.0,
            r"{\an7}" + r"\N".join(lines[n % len(lines)] for n in range(max(0, k - 5), k + 1)),
        )
        for k, s in enumerate(starts)
    ]
    return _events(picture, size, work, Style("", size=0.045, top=True, box=True, margin=0.3), cues)


def _prompt(picture: Any, size: Size, length_s: float, work: Path) -> Any:
    """Commands that are typed at the lower edge, what they say above."""
    typed = ["ls -la data", "python train.py --epochs 3", "cat results.csv", "git status", "make"]
    cues: list[Cue] = []
    said: list[str] = []
    at_s, k = 0.5, 0
    while at_s < length_s:
        command = typed[k % len(typed)]
        for n in range(1, len(command) + 1):
            shown = r"\N".join([*said[-4:], "$ " + command[:n]])
            cues.append((at_s, at_s + 0.12, r"{\an1}" + shown))
            at_s += 0.12
        said += ["$ " + command, f"total {37 * (k + 2)}  ok"]
        cues.append((at_s, at_s + 2.0, r"{\an1}" + r"\N".join([*said[-4:], "$ "])))
        at_s += 2.0
        k += 1
    style = Style("", font="Noto Sans Mono", size=0.045, box=True)
    return _events(picture, size, work, style, cues)


_DRAW: dict[str, Callable[[Any, Size, float, Path], Any]] = {
    "name strap": _name_strap,
    "ticker": _ticker,
    "clock": _clock,
    "headlines": _headlines,
    "footer": _footer,
    "messages": _messages,
    "prompt": _prompt,
}

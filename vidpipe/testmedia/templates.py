"""Templates side by side: what each makes of a page and of somebody who speaks."""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from vidpipe.channels.model import Channel
from vidpipe.clips.canvas import titled
from vidpipe.clips.face_place import face_on
from vidpipe.clips.graph.clip import CLIP, Output
from vidpipe.clips.grounds import brand_ground, page_ground
from vidpipe.clips.model import ClipOptions, ClipPlan, Composition, Part, Variant
from vidpipe.clips.render import render_clip
from vidpipe.framing.model import CropPath, FacePoint, PathPoint
from vidpipe.geometry import Rect, Size
from vidpipe.media.frames import FrameReader
from vidpipe.media.probe import MediaInfo, probe
from vidpipe.platforms.model import load_tiers
from vidpipe.templates.model import Template
from vidpipe.testmedia.picture import draw_slide, draw_speaker, font, pose_at
from vidpipe.timeline import EditList, span
from vidpipe.transcript.model import Word

Picture = NDArray[np.uint8]

_PAGE = Size(width=1280, height=720)
_RATE = 10
_SOUND_RATE = 48_000
#: The page is shown for so long, then the speaker.
_PAGE_S, _SPEAKER_S = 3.0, 3.0
_TITLE = "Why 9 of 10 tests measure nothing"
_SAID = "Most of us measure what is easy. The 1 number that counts is never written down."
_KEY_WORDS = ("measure", "number", "counts")
_WORD_S = 0.37
#: When each is looked at: while a word in the middle of a caption is spoken.
_LOOKS_S = (1.35, 4.3)
#: Height of a line of text over a picture of the sheet.
_LABEL = 40
_ACROSS = 8
_FPS = Fraction(30)


def template_sheet(
    templates: Sequence[Template], channel: Channel, variant: Variant, work: Path
) -> Picture:
    """Every template on a made-up page and a made-up speaker, with its name; RGB.

    Args:
        templates: what is shown, one column each.
        channel: whose colours and fonts they have.
        variant: the canvas; a small one is quicker.
        work: an empty folder for files that may be thrown away.
    """
    source = work / "talk.mp4"
    _film(source)
    info = probe(source)
    columns = []
    for template in templates:
        folder = work / template.name
        folder.mkdir()
        columns.append(_column(template, channel, variant, source, info, folder))
    while len(columns) % min(_ACROSS, len(columns)):
        columns.append(np.zeros_like(columns[0]))
    rows = [columns[k : k + _ACROSS] for k in range(0, len(columns), _ACROSS)]
    return np.vstack([np.hstack(row) for row in rows])


def _film(target: Path) -> None:
    """A page, then a speaker, and a hum in syllables for a voice."""
    page = draw_slide(
        _PAGE.width,
        _PAGE.height,
        1,
        "What a test is worth",
        ("easy to count", "hard to count", "the one that decides"),
        105,
    )
    with av.open(str(target), "w") as media:
        stream = media.add_stream("libx264", rate=_RATE, options={"preset": "ultrafast"})
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height, stream.pix_fmt = _PAGE.width, _PAGE.height, "yuv420p"
        sound = media.add_stream("aac", rate=_SOUND_RATE, layout="mono")
        assert isinstance(sound, av.AudioStream)
        for n in range(round((_PAGE_S + _SPEAKER_S) * _RATE)):
            t_s = n / _RATE
            pose = pose_at(t_s, abs(math.sin(7 * t_s)))
            shown = page if t_s < _PAGE_S else draw_speaker(_PAGE.width, _PAGE.height, pose)
            media.mux(stream.encode(av.VideoFrame.from_ndarray(shown, format="rgb24")))
        media.mux(stream.encode(None))
        heard = av.AudioFrame.from_ndarray(_hum(), format="fltp", layout="mono")
        heard.sample_rate = _SOUND_RATE
        media.mux(sound.encode(heard))
        media.mux(sound.encode(None))


def _hum() -> NDArray[np.float32]:
    """Syllables as loud as the mouth is open, quieter towards the end of a phrase; shape (1, n)."""
    t_s = np.arange(round((_PAGE_S + _SPEAKER_S) * _SOUND_RATE)) / _SOUND_RATE
    open_ = np.abs(np.sin(7 * t_s)) * (0.6 + 0.4 * np.cos(2.5 * t_s))
    return np.asarray(0.3 * open_ * np.sin(2 * np.pi * 160 * t_s), np.float32)[None]


def _column(
    template: Template,
    channel: Channel,
    variant: Variant,
    source: Path,
    info: MediaInfo,
    folder: Path,
) -> Picture:
    brand, captions = channel.styled(template)
    options = ClipOptions(
        variants=(variant,),
        brand=brand,
        captions=captions,
        template=template,
        tier=load_tiers()["draft"],
    )
    plan = _plan(options, variant, source, info)
    render_clip(source, info, [Output(plan, variant, folder)], _words(), options)
    looks = _looks(folder / CLIP)
    label = np.zeros((_LABEL, looks[0].shape[1], 3), np.uint8)
    return np.vstack([_named(label, template.name), *looks])


def _plan(options: ClipOptions, variant: Variant, source: Path, info: MediaInfo) -> ClipPlan:
    whole = span(0.0, _PAGE_S + _SPEAKER_S)
    edit = EditList.from_intervals([whole], _FPS)
    background, backdrop = options.brand.background, options.template.backdrop
    ground = None if backdrop == "blur" else brand_ground(background)
    if backdrop == "page":
        with FrameReader(source, info) as reader:
            ground = page_ground(_PAGE.rect, span(0.0, _PAGE_S), reader, background)
    room = titled(_PAGE.rect, variant, captions=True) is not None
    turn = round(_PAGE_S * _FPS)
    page = Part(
        first_frame=0,
        last_frame=turn,
        composition=Composition.SCREEN,
        screen=_PAGE.rect,
        titled=options.template.title_zone and room,
        ground=ground,
    )
    width = min(_PAGE.width, round(_PAGE.height * variant.size.aspect))
    pose = pose_at(_LOOKS_S[1], 0.0)
    left = min(max(0, round(pose.x * _PAGE.width - width / 2)), _PAGE.width - width)
    crop = Rect(x=left, y=0, width=width, height=_PAGE.height)
    path = CropPath(rect=crop, points=(PathPoint(t_s=_PAGE_S, x=crop.x),))
    at = FacePoint(
        t_s=_LOOKS_S[1], x=pose.x * _PAGE.width, y=pose.y * _PAGE.height, height=0.5 * _PAGE.height
    )
    speaker = Part(
        first_frame=turn,
        last_frame=edit.frames,
        composition=Composition.SPEAKER,
        camera=path,
        face=face_on(variant.size, path, [at]),
    )
    return ClipPlan(
        clip_id="sheet",
        rank=1,
        title=_TITLE,
        hook=_SAID,
        key_words=_KEY_WORDS,
        score=0.0,
        segment=whole,
        edit=edit,
        parts=(page, speaker),
    )


def _words() -> list[Word]:
    starts = [0.2 + _WORD_S * k for k in range(len(_SAID.split()))]
    return [
        Word(text=text, start_s=round(s, 3), end_s=round(s + _WORD_S - 0.04, 3))
        for text, s in zip(_SAID.split(), starts, strict=True)
    ]


def _looks(clip: Path) -> list[Picture]:
    found: list[Picture] = []
    with av.open(str(clip)) as media:
        for frame in media.decode(media.streams.video[0]):
            if len(found) < len(_LOOKS_S) and frame.time >= _LOOKS_S[len(found)]:
                found.append(np.asarray(frame.to_ndarray(format="rgb24"), np.uint8))
    return found


def _named(label: Picture, name: str) -> Picture:
    from PIL import Image, ImageDraw

    image = Image.fromarray(label)
    width = label.shape[1] / 2
    ImageDraw.Draw(image).text((width, _LABEL / 2), name, "white", font(24, True), anchor="mm")
    return np.asarray(image, np.uint8)


def save_sheet(sheet: Picture, target: Path) -> None:
    """As a JPEG."""
    cv2.imwrite(str(target), cv2.cvtColor(sheet, cv2.COLOR_RGB2BGR))

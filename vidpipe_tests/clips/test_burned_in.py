"""Captions that are in the picture already: told by the words, kept whole, not drawn again."""

from __future__ import annotations

import itertools

import ffmpeg
import numpy as np
import pytest

from vidpipe.clips.burned_in import burned_in, in_step
from vidpipe.clips.keeping import cut_s, holds, whole_with
from vidpipe.clips.model import BurnedIn, Composition, Part
from vidpipe.framing.model import CropPath, PathPoint
from vidpipe.geometry import Rect, Size, iou
from vidpipe.layout.model import ChangingText, Layout, Spell
from vidpipe.media.ffmpeg import render
from vidpipe.timeline import span
from vidpipe.transcript.model import Word
from vidpipe_tests.conftest import run_all, take

LENGTH_S = 40.0
PLACE = Rect(x=160, y=600, width=960, height=100)


def spoken() -> list[Word]:
    """Words of many lengths, with a rest after some."""
    rng = np.random.default_rng(3)
    words, at = [], 0.4
    while at < LENGTH_S - 1.5:
        letters = int(rng.integers(2, 11))
        end = at + 0.07 * letters
        words.append(Word(text="x" * letters, start_s=round(at, 3), end_s=round(end, 3)))
        at = end + (0.9 if rng.random() < 0.12 else 0.04)
    return words


def captioned(words: list[Word], most: int = 30) -> list[Spell]:
    """Captions of these words, cleared where nobody speaks."""
    groups: list[list[Word]] = [[]]
    for before, word in itertools.pairwise([words[0], *words]):
        length = sum(len(w.text) for w in groups[-1])
        if length + len(word.text) > most or word.start_s - before.end_s > 0.5:
            groups.append([])
        groups[-1].append(word)
    cues = [(g[0].start_s, g[-1].end_s, 20 * sum(len(w.text) for w in g)) for g in groups if g]
    spells, at = [], 0.0
    for k, (start_s, end_s, strokes) in enumerate(cues):
        begins = at
        if start_s > at + 0.2:
            spells.append(Spell(start_s=at, end_s=start_s, strokes=0))
            begins = start_s
        until = cues[k + 1][0] if k + 1 < len(cues) else LENGTH_S
        at = until if until - end_s < 0.3 else end_s
        spells.append(Spell(start_s=begins, end_s=at, strokes=strokes))
    return spells


def shown(spells, off_middle: float = 0.0) -> Layout:
    text = ChangingText(rect=PLACE, off_middle=off_middle, spells=tuple(spells))
    whole = Layout.of_sound(LENGTH_S)
    return whole.model_copy(update={"width": 1280, "height": 720, "changing_text": text})


def test_text_that_follows_the_words_is_captions():
    words = spoken()
    found = burned_in(shown(captioned(words)), words)
    assert found is not None
    assert iou(found.rect(Size(width=1280, height=720)), PLACE) > 0.98
    assert (found.start_s, found.end_s) == (0.0, LENGTH_S)
    assert found.speech_covered > 0.9
    assert "lower part" in found.told(drawn_over=False)


def test_each_word_by_itself_is_captions_too():
    words = spoken()
    assert burned_in(shown(captioned(words, most=1)), words) is not None


def test_text_that_changes_whatever_is_said_is_none():
    words = spoken()
    rng = np.random.default_rng(5)
    headlines = [
        Spell(start_s=5.0 * k, end_s=5.0 * k + 5.0, strokes=int(rng.integers(300, 700)))
        for k in range(8)
    ]
    assert burned_in(shown(headlines, off_middle=0.2), words) is None


def test_text_that_changes_when_it_likes_is_seldom_in_step():
    words = spoken()
    by_chance = []
    for seed in range(40):
        rng = np.random.default_rng(seed)
        borders = [0.0, *np.sort(rng.uniform(0.0, LENGTH_S, 12)), LENGTH_S]
        spells = [
            Spell(start_s=a, end_s=b, strokes=int(rng.integers(200, 700)))
            for a, b in itertools.pairwise(borders)
        ]
        text = shown(spells).changing_text
        assert text is not None
        by_chance.append(in_step(text, words) > 1.75)
    assert sum(by_chance) <= 4


def test_a_name_now_and_then_covers_too_little_of_what_is_said():
    words = spoken()
    straps = [
        Spell(start_s=float(k), end_s=k + 10.0, strokes=s) for k, s in ((0, 0), (10, 500), (20, 0))
    ]
    assert burned_in(shown(straps), words) is None
    assert burned_in(shown(captioned(words)), []) is None


def test_captions_of_a_part_hold_for_that_part():
    words = spoken()
    spells = captioned(words)
    looked = [s for s in spells if s.end_s < 30.0]
    silent = Spell(start_s=35.0, end_s=LENGTH_S, strokes=0)
    found = burned_in(shown([*looked, silent]), words)
    assert found is not None
    assert found.end_s == 35.0
    assert found.holds(span(3.0, 20.0))
    assert not found.holds(span(36.0, 39.0))


def speaker(rect: Rect, *lefts: float) -> Part:
    points = tuple(PathPoint(t_s=float(k), x=x) for k, x in enumerate(lefts or (rect.x,)))
    return Part(
        first_frame=0,
        last_frame=50,
        composition=Composition.SPEAKER,
        camera=CropPath(rect=rect, points=points),
    )


def test_a_crop_that_cuts_captions_shows_as_much_more_as_they_need():
    frame = Rect(x=0, y=0, width=1280, height=720)
    narrow = speaker(Rect(x=440, y=0, width=405, height=720))
    assert not holds(narrow, PLACE)
    assert cut_s([narrow], PLACE, 25.0) == 2.0
    rect = whole_with([narrow], PLACE, [frame], frame)
    assert (rect.x, rect.right) == (PLACE.x, PLACE.right)
    assert (rect.y, rect.height) == (0, 720)
    small = Rect(x=500, y=600, width=280, height=60)
    assert holds(speaker(Rect(x=440, y=0, width=405, height=720)), small)
    assert not holds(speaker(Rect(x=440, y=0, width=405, height=720), 440, 560), small)


def test_a_page_holds_captions_that_lie_in_it_and_are_shown_once():
    page = Rect(x=0, y=0, width=1280, height=720)
    part = Part(first_frame=0, last_frame=50, composition=Composition.STACK, screen=page)
    assert holds(part, PLACE)
    cropped = part.model_copy(update={"screen": Rect(x=0, y=0, width=1280, height=640)})
    assert not holds(cropped, PLACE)
    over = part.model_copy(update={"inset": Rect(x=900, y=500, width=300, height=200)})
    assert not holds(over, PLACE)
    camera = speaker(Rect(x=900, y=500, width=300, height=200)).camera
    assert not holds(part.model_copy(update={"camera": camera}), PLACE)
    above = speaker(Rect(x=900, y=40, width=300, height=200)).camera
    assert holds(part.model_copy(update={"camera": above}), PLACE)


def test_a_talk_with_captions_gets_none_of_ours(talk, engine, tmp_path):
    """The short talk with its words burned in: noticed, said, left as it is; ours on demand."""
    path = tmp_path / "captioned.mp4"
    burn(talk.path, talk.path.with_suffix(".srt"), path)
    (tmp_path / "captioned.srt").write_bytes(talk.path.with_suffix(".srt").read_bytes())
    video_id = take(engine, path).video_id
    assert video_id is not None
    run_options = {"clips": 1, "platforms": ("tiktok",)}
    clips = clips_of(run_all(engine, video_id, **run_options))
    assert isinstance(clips.burned_in, BurnedIn)
    assert clips.burned_in.top > 0.7
    assert not clips.clips[0].files[0].captions
    assert clips.clips[0].files[0].has_subtitles
    assert "clips get none of their own" in clips.notes[0]
    over = clips_of(run_all(engine, video_id, captions={"over_burned_in": True}, **run_options))
    assert over.clips[0].files[0].captions
    assert "have their own as well" in over.notes[0]


def clips_of(ran):
    return next(r.document for r in ran if r.stage == "rendered_clips")


def burn(source, subtitles, target):
    """A recording with subtitles in its picture, as anybody does it."""
    media = ffmpeg.input(str(source))
    drawn = media.video.filter("subtitles", filename=str(subtitles))
    render(
        ffmpeg.output(drawn, media.audio, str(target), vcodec="libx264", preset="ultrafast"),
        timeout_s=120,
    )


@pytest.mark.parametrize("words", [[], spoken()])
def test_a_picture_without_such_text_has_no_captions(words):
    assert burned_in(Layout.of_sound(LENGTH_S), words) is None

"""Captions: words, where they stand, what reaches the file."""

import re
from fractions import Fraction

import pysubs2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vidpipe.channels import Brand, CaptionStyle
from vidpipe.clips.canvas import arrange
from vidpipe.clips.face_place import face_on
from vidpipe.clips.model import Composition, Part, Variant
from vidpipe.clips.text.captions import clip_words, groups_of
from vidpipe.clips.text.lettering import safe_text, text_width
from vidpipe.clips.text.overlay import TextOverlay, ass_file, caption_events
from vidpipe.framing.model import CropPath, FacePoint, PathPoint
from vidpipe.geometry import Rect, Size
from vidpipe.language.leaning import leaning
from vidpipe.media.frames import FrameReader
from vidpipe.media.probe import probe
from vidpipe.storage.keys import Folder
from vidpipe.timeline import EditList, span
from vidpipe.transcript.model import Word
from vidpipe_tests.clips.shared import VERTICAL, clip_files


@given(st.text(max_size=40))
def test_text_can_never_become_a_command(text):
    safe = safe_text(text)
    assert not set(safe) & set("{}\\\n\r")


def test_hostile_words_reach_the_file_as_text(tmp_path):
    words = [
        Word(text="{\\p1}m 0 0", start_s=0.0, end_s=0.5),
        Word(text="\\N{\\fs900}", start_s=0.5, end_s=1.0),
        Word(text="Dialogue: 0,0:00:00.00", start_s=1.0, end_s=1.5),
    ]
    part = Part(
        first_frame=0,
        last_frame=50,
        composition=Composition.SPEAKER,
        camera=CropPath(rect=Rect(x=0, y=0, width=9, height=16), points=(PathPoint(t_s=0, x=0),)),
    )
    where = arrange(part, VERTICAL, captions=True)
    path = tmp_path / "c.ass"
    overlay = TextOverlay(words, [(0.0, 2.0, where)], CaptionStyle(), Brand(), VERTICAL.size)
    ass_file(overlay).save(str(path), format_="ass")
    lines = [x for x in path.read_text().splitlines() if x.startswith("Dialogue:")]
    assert len(lines) == 3
    for line in lines:
        blocks = re.findall(r"\{[^}]*\}", line)
        ours = r"\{\\(pos\(\d+,\d+\)(\\fs\d\d\.\d)?|1c&H[0-9A-F]{6}&)\}"
        assert all(re.fullmatch(ours, b) for b in blocks)
        assert "\\fs900" not in line and "\\p1" not in line


@given(
    st.lists(st.text("abcdefghijklmnop", min_size=1, max_size=14), min_size=1, max_size=40),
    st.integers(40, 90),
)
def test_captions_fit_the_safe_box(texts, size):
    words = [Word(text=t, start_s=k * 0.3, end_s=k * 0.3 + 0.28) for k, t in enumerate(texts)]
    style = CaptionStyle()
    width = VERTICAL.safe_box.width
    groups = groups_of(words, style, size, width)
    assert [w for g in groups for line in g for w in line] == words
    for group in groups:
        assert 1 <= len(group) <= 2
        assert sum(len(line) for line in group) <= style.max_words
        for line in group:
            if len(line) > 1:
                assert text_width(" ".join(w.text for w in line), size) <= width


def test_words_follow_the_cuts():
    edit = EditList.from_intervals([span(10, 12), span(20, 22)], Fraction(25))
    words = [
        Word(text="before", start_s=9.0, end_s=9.5),
        Word(text="one", start_s=10.5, end_s=11.0),
        Word(text="cut", start_s=15.0, end_s=15.5),
        Word(text="two", start_s=20.5, end_s=21.0),
    ]
    kept = clip_words(words, edit)
    assert [(w.text, w.start_s) for w in kept] == [("One", 0.5), ("two", 2.5)]


@pytest.mark.parametrize(
    ("before", "first", "shown"),
    [
        ("So,", "in", "In"),
        ("So,", "iOS", "iOS"),
        ("So,", "ßig", "ßig"),
        ("over.", "in", "in"),
    ],
)
def test_the_first_word_has_a_capital_where_what_led_up_to_it_is_left_out(before, first, shown):
    words = [
        Word(text=before, start_s=9.5, end_s=9.9),
        Word(text=first, start_s=10.1, end_s=10.4),
        Word(text="college", start_s=10.5, end_s=11.0),
    ]
    edit = EditList.from_intervals([span(10, 12)], Fraction(25))
    assert [w.text for w in clip_words(words, edit)] == [shown, "college"]


SAID = (
    "We care about understanding what's the maximum possible amount of reward that you can "
    "extract from this system. By listening to the audio and comparing recognition results in "
    "each column, which shows the labeled transcription, you can decide which model meets your "
    "needs and where additional training and improvements are required in your test."
)


def test_captions_end_with_phrases_and_leave_no_short_word_over():
    words, at_s = [], 0.0
    for text in SAID.split():
        words.append(Word(text=text, start_s=at_s, end_s=at_s + 0.06 * len(text) + 0.1))
        at_s = words[-1].end_s + 0.02
    groups = groups_of(words, CaptionStyle(), 64, VERTICAL.safe_box.width, None, "en")
    texts = [" ".join(w.text for line in group for w in line) for group in groups]
    assert " ".join(texts) == SAID
    open_end = [t for t in texts if t.split()[-1] in leaning("en")]
    assert open_end == []
    assert min(map(len, texts)) >= 12
    # In no more captions than there must be of at most six words, or nearly.
    assert len(texts) <= 1.35 * len(words) / CaptionStyle().max_words


def drawn_times(words):
    """From when to when captions of a clip of 10 s are seen, joined where they follow."""
    part = Part(
        first_frame=0,
        last_frame=250,
        composition=Composition.SPEAKER,
        camera=CropPath(rect=Rect(x=0, y=0, width=9, height=16), points=(PathPoint(t_s=0, x=0),)),
    )
    where = arrange(part, VERTICAL, captions=True)
    overlay = TextOverlay(words, [(0.0, 10.0, where)], CaptionStyle(), Brand(), VERTICAL.size)
    seen = []
    for event in caption_events(overlay):
        if seen and event.start_s - seen[-1][1] < 1e-6:
            seen[-1][1] = event.end_s
        else:
            seen.append([event.start_s, event.end_s])
    return [(round(a, 3), round(b, 3)) for a, b in seen]


def test_captions_are_there_from_the_first_picture_on_and_do_not_flicker():
    def said(*times_s):
        return [Word(text=f"word{k}.", start_s=t, end_s=t + 0.4) for k, t in enumerate(times_s)]

    # 0.7 s of silence: it would be gone for 0.35 s.
    assert drawn_times(said(0.2, 1.3)) == [(0.0, 2.05)]
    # What comes late is not put forward; in a rest of 2 s nothing stands.
    assert drawn_times(said(0.6, 3.0)) == [(0.6, 1.35), (3.0, 3.75)]


def test_captions_cover_neither_slide_nor_seam_in_any_arrangement():
    screens = [(1280, 720), (960, 720), (1920, 800), (595, 550)]
    for width, height in screens:
        rect = Rect(x=0, y=0, width=width, height=height)
        for kind in (Composition.STACK, Composition.SCREEN):
            camera = CropPath(
                rect=Rect(x=0, y=0, width=320, height=180), points=(PathPoint(t_s=0, x=0),)
            )
            part = Part(
                first_frame=0,
                last_frame=9,
                composition=kind,
                screen=rect,
                camera=camera if kind is Composition.STACK else None,
            )
            where = arrange(part, VERTICAL, captions=True)
            assert where.screen.intersect(where.caption) is None, (kind, width, height)
            safe = VERTICAL.safe_box
            assert where.caption.intersect(safe) == where.caption
            if where.camera is not None:
                assert where.camera.intersect(where.caption) is None


FACES = [
    # Where the face is on the canvas, and what of the captions' band may touch it.
    (Rect(x=300, y=400, width=400, height=400), 0),
    (Rect(x=300, y=700, width=400, height=420), 0),
    (Rect(x=300, y=600, width=600, height=700), 0),
    (Rect(x=200, y=900, width=500, height=300), 0),
    (Rect(x=60, y=300, width=960, height=1000), 200),
]


@pytest.mark.parametrize(("face", "touched"), FACES)
def test_captions_of_a_speaker_stand_beside_the_face(face, touched):
    path = CropPath(rect=Rect(x=0, y=0, width=405, height=720), points=(PathPoint(t_s=0, x=0),))
    part = Part(
        first_frame=0, last_frame=9, composition=Composition.SPEAKER, camera=path, face=face
    )
    caption = arrange(part, VERTICAL, captions=True).caption
    assert caption.intersect(VERTICAL.safe_box) == caption
    both = caption.intersect(face)
    assert (both.height if both else 0) <= touched


def part_of(kind, face=None):
    path = CropPath(rect=Rect(x=0, y=0, width=405, height=720), points=(PathPoint(t_s=0, x=0),))
    page = Rect(x=0, y=0, width=1280, height=720)
    camera = None if kind in (Composition.SCREEN, Composition.FIT) else path
    return Part(
        first_frame=0,
        last_frame=9,
        composition=kind,
        screen=None if kind in (Composition.SPEAKER, Composition.TWO_UP) else page,
        camera=camera,
        other=camera if kind is Composition.TWO_UP else None,
        face=face,
    )


@pytest.mark.parametrize("kind", list(Composition))
@pytest.mark.parametrize("captions", [True, False])
@pytest.mark.parametrize("face", [None, *(face for face, _ in FACES)])
def test_a_smaller_canvas_is_arranged_alike(kind, captions, face):
    """At half the size everything is where it was: text is as large next to the picture, too."""
    small = Variant(
        name="small", size=Size(width=540, height=960), safe_box=VERTICAL.safe_box.scaled(0.5)
    )
    large = arrange(part_of(kind, face), VERTICAL, captions=captions)
    little = arrange(part_of(kind, face and face.scaled(0.5)), small, captions=captions)
    for name in ("caption", "screen", "camera", "other"):
        wanted, got = getattr(large, name), getattr(little, name)
        assert (wanted is None) == (got is None), name
        if wanted is not None:
            off = [2 * getattr(got, side) - getattr(wanted, side) for side in ("x", "y", "right")]
            assert max(map(abs, [*off, 2 * got.bottom - wanted.bottom])) <= 4, name


@pytest.mark.parametrize(("face", "touched"), FACES)
def test_captions_of_a_small_speaker_stand_beside_the_face(face, touched):
    size, face = Size(width=540, height=960), face.scaled(0.5)
    small = Variant(name="small", size=size, safe_box=VERTICAL.safe_box.scaled(0.5))
    caption = arrange(part_of(Composition.SPEAKER, face), small, captions=True).caption
    assert caption.intersect(small.safe_box) == caption
    both = caption.intersect(face)
    assert (both.height if both else 0) <= touched / 2


def events_of(words, timed, target):
    overlay = TextOverlay(words, timed, CaptionStyle(), Brand(), VERTICAL.size)
    ass_file(overlay).save(str(target), format_="ass")
    return [
        (e.start / 1000, e.end / 1000, int(re.search(r"pos\((\d+),(\d+)\)", e.text)[2]))
        for e in pysubs2.SSAFile.load(str(target))
    ]


def test_captions_move_where_the_picture_does(tmp_path):
    """What is said over a cut from a page to a face moves with the picture."""
    above, below = (
        arrange(part_of(kind), VERTICAL, captions=True)
        for kind in (Composition.STACK, Composition.SPEAKER)
    )
    words = [
        Word(text="said", start_s=1.0, end_s=1.4),
        Word(text="over", start_s=1.5, end_s=2.5),
        Word(text="it", start_s=2.5, end_s=2.9),
    ]
    timed = [(0.0, 2.0, above), (2.0, 4.0, below)]
    first, then = (where.caption.center[1] for where in (above, below))
    assert first != then
    assert events_of(words, timed, tmp_path / "c.ass") == [
        (1.0, 1.5, first),
        (1.5, 2.0, first),
        (2.0, 2.5, then),
        (2.5, 3.25, then),
    ]
    # Where nothing moves nothing is drawn anew.
    timed = [(0.0, 2.0, above), (2.0, 4.0, above)]
    assert len(events_of(words, timed, tmp_path / "c.ass")) == 3


def test_where_a_face_is_on_the_canvas():
    path = CropPath(
        rect=Rect(x=100, y=0, width=405, height=720),
        points=(PathPoint(t_s=0, x=100), PathPoint(t_s=10, x=300)),
    )
    # The face walks with the crop: on the canvas it stands still.
    faces = [FacePoint(t_s=t, x=100 + 20 * t + 200, y=300, height=150) for t in range(11)]
    box = face_on(VERTICAL.size, path, faces)
    scale = 1080 / 405
    assert box.x == pytest.approx((200 - 57) * scale, abs=3)
    assert box.width == pytest.approx(114 * scale, abs=4)
    assert (box.y, box.height) == (pytest.approx(225 * scale, abs=3), pytest.approx(400, abs=4))
    assert face_on(VERTICAL.size, path, []) is None


def test_captions_are_burned_into_their_band(processed):
    clip, file, path = next(clip_files(processed))
    assert file.captions
    band = arrange(clip.parts[0], VERTICAL, captions=True).caption
    with FrameReader(path, probe(path), max_width=1080) as reader:
        shown = reader.at(2.0).image
    part = shown[band.y + 20 : band.bottom - 20, band.x : band.right]
    white = (part.min(axis=2) > 200).mean()
    accent = ((part[..., 2] > 200) & (part[..., 1] > 160) & (part[..., 0] < 120)).mean()
    assert white > 0.02 and accent > 0.002
    safe = VERTICAL.safe_box
    assert safe.x <= band.x and band.right <= safe.right
    assert safe.y <= band.y and band.bottom <= safe.bottom


def test_subtitles_are_on_the_clips_own_timeline(processed):
    clips = processed.document("rendered_clips").clips
    for clip in clips:
        manifest = processed.engine.artifacts.find(
            processed.video_id, Folder.CLIPS, clip.files[0].artifact, clip.files[0].fingerprint
        )
        text = processed.engine.artifacts.path(manifest.file("clip.srt")).read_text()
        events = pysubs2.SSAFile.from_string(text)
        assert events[0].start < 2000
        assert all(0 <= e.start < e.end <= clip.duration_s * 1000 + 900 for e in events)

"""Movement on a page: towards what is written, never twice in four seconds, and back."""

import itertools
from types import SimpleNamespace

import cv2
import ffmpeg
import numpy as np
import pytest

from vidpipe.clips.auto_zoom import figure_boxes
from vidpipe.clips.canvas import arrange, stack, titled
from vidpipe.clips.graph.regions import FilterGraph
from vidpipe.clips.model import ClipOptions, Composition, Part, Variant
from vidpipe.clips.nearer import Change, changes, moved, near_to
from vidpipe.clips.text.cards import _largest
from vidpipe.clips.text.fonts import FontFallback, bundled_font
from vidpipe.clips.views import views
from vidpipe.framing.model import CropPath, PathPoint
from vidpipe.geometry import Rect, Size
from vidpipe.media.ffmpeg import render
from vidpipe.timeline import EditList, FrameSpan, span

PAGE = Rect(x=0, y=0, width=1280, height=720)
LEFT, RIGHT = (Rect(x=x, y=300, width=90, height=40) for x in (100, 1000))
EDIT = EditList(fps_num=30, fps_den=1, spans=(FrameSpan(first=0, last=1800),))


def page_part(last=1800):
    return Part(first_frame=0, last_frame=last, composition=Composition.SCREEN, screen=PAGE)


def gaps_s(parts):
    """Seconds from one movement to the next."""
    begin = [p.first_frame / 30 for p in parts if p.near and p.near[0] != p.near[1]]
    return [b - a for a, b in itertools.pairwise(begin)]


class Pages:
    """What reads a recording in which a mark is on a page from 10 s on."""

    scale, size = 0.5, Size(width=640, height=360)

    def every(self, step_s, start_s, end_s):
        for t_s in np.arange(start_s, end_s, step_s):
            grey = np.full((360, 640), 240, np.uint8)
            cv2.putText(grey, "Words that stay", (40, 60), cv2.FONT_HERSHEY_SIMPLEX, 1, 20, 2)
            if t_s >= 10:
                cv2.line(grey, (400, 200), (460, 200), 30, 3)
            if t_s >= 20:
                grey = 255 - grey
            grey[300:, 560:] = int(t_s * 37) % 255  # somebody who moves
            yield SimpleNamespace(t_s=float(t_s), grey=grey)


def test_what_is_drawn_is_found_where_it_is_and_another_page_is_no_place():
    camera = Rect(x=1100, y=580, width=180, height=140)
    seen = changes(PAGE, [camera], span(0, 25), Pages())
    assert [c.t_s for c in seen] == [10.0, 20.0]
    mark, turned = seen
    assert mark.place.intersect(Rect(x=800, y=396, width=120, height=10)) is not None
    assert mark.place.width < 200 and mark.place.height < 60
    assert turned.place is None


def test_what_is_shown_near_has_the_shape_of_the_page_and_lies_in_it():
    for place in (LEFT, RIGHT, Rect(x=1270, y=0, width=10, height=10)):
        near = near_to(place, PAGE)
        assert near.aspect == pytest.approx(PAGE.aspect, rel=0.005)
        assert near.intersect(PAGE) == near and near.intersect(place) == place
        assert 1.25 <= PAGE.width / near.width <= 1.71
    assert near_to(Rect(x=0, y=0, width=900, height=40), PAGE) is None


def test_the_picture_moves_before_the_mark_and_goes_back_when_nothing_comes():
    parts = moved(page_part(), EDIT, [Change(20.0, LEFT), Change(22.0, LEFT)])
    assert [p.near and p.near[0] == p.near[1] for p in parts] == [None, False, True, False, None]
    assert parts[1].first_frame == round(19.5 * 30)
    assert parts[0].first_frame == 0 and parts[-1].last_frame == 1800
    for a, b in itertools.pairwise(parts):
        assert a.last_frame == b.first_frame
    assert gaps_s(parts)[0] > 4


@pytest.mark.parametrize("step_s", [0.5, 1.0, 1.7])
def test_it_never_moves_twice_in_four_seconds(step_s):
    places = [LEFT, RIGHT, None]
    rng = np.random.default_rng(3)
    times = np.arange(1.0, 59.0, step_s)
    seen = [Change(float(t), places[rng.integers(3)]) for t in times if rng.random() < 0.4]
    parts = moved(page_part(), EDIT, seen)
    assert all(gap >= 4.0 for gap in gaps_s(parts))


def test_where_something_happens_everywhere_it_stays():
    seen = [Change(float(t), (LEFT, RIGHT)[t % 2]) for t in range(60)]
    assert moved(page_part(), EDIT, seen) == [page_part()]


def test_of_a_short_clip_nothing_moves_at_its_end():
    assert moved(page_part(120), EDIT, [Change(3.5, LEFT)]) == [page_part(120)]


def test_it_is_drawn_from_where_it_was_to_where_it_is_eased(tmp_path):
    """A dot of the page, followed through a movement."""
    near = near_to(LEFT, PAGE)
    part = page_part(30).model_copy(update={"near": (PAGE, near)})
    variant = Variant(name="640x360", size=Size(width=640, height=360))
    where = arrange(part, variant, captions=False)
    plan = SimpleNamespace(edit=EDIT)
    draw = FilterGraph(plan, variant, ClipOptions(variants=(variant,)), "bt709", tmp_path)
    source = ffmpeg.input("color=c=black:s=1280x720:r=30:d=1", f="lavfi").filter(
        "drawbox", LEFT.x, LEFT.y, LEFT.width, LEFT.height, color="white", t="fill"
    )
    render(
        ffmpeg.output(draw.compose(source, part, where), str(tmp_path / "%02d.png")), timeout_s=60
    )
    lefts, widths = [], []
    for k in range(1, 31):
        columns = np.flatnonzero(cv2.imread(str(tmp_path / f"{k:02d}.png"), 0).max(axis=0) > 128)
        lefts.append(columns[0])
        widths.append(len(columns))
    scale = 640 / near.width
    assert abs(lefts[0] - LEFT.x / 2) <= 1 and abs(widths[0] - LEFT.width / 2) <= 2
    assert abs(lefts[-1] - (LEFT.x - near.x) * scale) <= 2
    assert abs(widths[-1] - LEFT.width * scale) <= 2
    steps = np.abs(np.diff(np.array(lefts, float) + np.array(widths) / 2))
    assert steps[14] >= steps[:3].mean() and steps[14] >= steps[-3:].mean()
    assert views(part, where) == []
    rests = part.model_copy(update={"near": (near, near)})
    assert [v.source for v in views(rests, where)] == [near.even()]


def test_a_page_that_is_nearly_as_wide_as_the_canvas_is_as_wide():
    portrait = Variant(name="1080x1350", size=Size(width=1080, height=1350))
    page = Rect(x=0, y=0, width=1280, height=760)
    stacked = stack(page, portrait, captions=True)
    assert stacked.screen.x == 0 and stacked.screen.width == 1080
    assert stacked.camera.height > 0.33 * 1350
    narrow = stack(Rect(x=0, y=0, width=800, height=700), portrait, captions=True)
    assert narrow.screen.width < 0.9 * 1080


def test_a_title_gets_smaller_letters_before_it_is_cut():
    vertical = Variant(name="1080x1920", size=Size(width=1080, height=1920))
    page = Rect(x=0, y=0, width=1280, height=720)
    place = titled(page, vertical, captions=True).title
    letters = FontFallback(bundled_font())
    text = "Why short keys can never be perfectly secure, whoever asks"
    size, lines = _largest(text, place.width - 32, place.height, 1.0, letters)
    assert " ".join(lines) == text and size >= 42


def test_nothing_is_cut_through_where_the_picture_comes_nearer():
    place = Rect(x=300, y=420, width=200, height=60)
    alone = near_to(place, PAGE)
    assert alone is not None
    line = Rect(x=alone.x + 40, y=alone.y - 14, width=500, height=30)
    found = near_to(place, PAGE, [line])
    assert found is not None and place.intersect(found) == place
    assert line.intersect(found) in (None, line)
    # Where everything would be cut all of the page stays.
    wide = [Rect(x=20, y=y, width=1240, height=40) for y in range(20, 700, 60)]
    assert near_to(place, PAGE, wide) is None


def test_no_line_is_cut_between_two_of_its_words_nor_a_title():
    reader = SimpleNamespace(scale=0.5, size=Size(width=640, height=360))

    def every(step_s, start_s, end_s):
        for t_s in np.arange(start_s, end_s, step_s):
            grey = np.full((360, 640), 240, np.uint8)
            # Words that stand apart, from one side of the page to the other, in tall letters.
            for x, word in ((30, "Streams"), (210, "are"), (300, "secure"), (460, "today")):
                cv2.putText(grey, word, (x, 60), cv2.FONT_HERSHEY_SIMPLEX, 1.2, 20, 3)
            if t_s >= 2:
                cv2.line(grey, (520, 100), (580, 100), 30, 3)
            yield SimpleNamespace(t_s=float(t_s), grey=grey)

    reader.every = every
    (mark,) = changes(PAGE, [], span(0, 4), reader)
    title = max(mark.lines, key=lambda line: line.width)
    assert title.x <= 80 and title.right >= 1050
    near = near_to(mark.place, PAGE, mark.lines)
    assert near is None or title.intersect(near) in (None, title)


def test_a_speaker_is_drawn_from_one_size_to_the_other(tmp_path):
    crop = Rect(x=400, y=0, width=404, height=720)
    close = Rect(x=430, y=36, width=360, height=640)
    path = CropPath(rect=crop, points=(PathPoint(t_s=0.0, x=400.0),))
    part = Part(
        first_frame=0,
        last_frame=30,
        composition=Composition.SPEAKER,
        camera=path,
        near=(crop, close),
    )
    variant = Variant(name="202x360", size=Size(width=202, height=360))
    where = arrange(part, variant, captions=False)
    draw = FilterGraph(
        SimpleNamespace(edit=EDIT), variant, ClipOptions(variants=(variant,)), "bt709", tmp_path
    )
    source = ffmpeg.input("color=c=black:s=1280x720:r=30:d=1", f="lavfi").filter(
        "drawbox", 550, 300, 100, 100, color="white", t="fill"
    )
    render(
        ffmpeg.output(draw.compose(source, part, where), str(tmp_path / "%02d.png")), timeout_s=60
    )
    widths = [
        int((cv2.imread(str(tmp_path / f"{k:02d}.png"), 0).max(axis=0) > 128).sum())
        for k in range(1, 31)
    ]
    assert abs(widths[0] - 50) <= 2 and abs(widths[-1] - 100 * 202 / 360) <= 2
    assert all(b >= a - 1 for a, b in itertools.pairwise(widths))
    # What moves is not looked at; what rests is, where it does.
    assert views(part, where) == []
    rests = part.model_copy(update={"near": (close, close)})
    assert [v.source for v in views(rests, where)] == [close.even()]


class Diagrams(Pages):
    """What reads a recording of a diagram: a frame that an arrow enters; a mark in it from 10 s."""

    def every(self, step_s, start_s, end_s):
        for t_s in np.arange(start_s, end_s, step_s):
            grey = np.full((360, 640), 240, np.uint8)
            cv2.rectangle(grey, (40, 80), (590, 190), 90, 3)
            cv2.rectangle(grey, (90, 95), (180, 175), 120, cv2.FILLED)
            cv2.arrowedLine(grey, (10, 135), (88, 135), 60, 2)
            cv2.putText(grey, "Under it", (40, 260), cv2.FONT_HERSHEY_SIMPLEX, 1, 20, 2)
            if t_s >= 10:
                cv2.line(grey, (120, 130), (140, 130), 250, 3)
            yield SimpleNamespace(t_s=float(t_s), grey=grey)


def test_a_diagram_is_not_cut_through_where_the_picture_comes_nearer():
    (mark,) = changes(PAGE, [], span(0, 25), Diagrams())
    frame = Rect(x=80, y=160, width=1100, height=220)
    assert any(line.intersect(frame) == frame for line in mark.lines)
    # Without it the picture would come nearer, through the middle of the frame.
    assert near_to(mark.place, PAGE) is not None
    assert near_to(mark.place, PAGE, mark.lines) is None


def test_a_window_and_a_bar_are_no_figures():
    grey = np.full((360, 640), 240, np.uint8)
    cv2.rectangle(grey, (60, 20), (420, 340), 90, 2)
    grey[:24] = 60
    assert figure_boxes(grey) == []
    cv2.circle(grey, (530, 200), 60, 40, 2)
    (figure,) = figure_boxes(grey)
    assert figure.intersect(Rect(x=480, y=150, width=100, height=100)) is not None

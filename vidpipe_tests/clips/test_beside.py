"""What is missing, stands still or is another picture in a clip, and is not in its source.

Recordings are functions of time; a fault is the same recording at the wrong time or place,
or with a piece painted black, of which the same plan makes a clip.
"""

import functools
import itertools
from fractions import Fraction

import cv2
import ffmpeg
import numpy as np
import pytest

from vidpipe.clips.beside import Compared, compare
from vidpipe.clips.graph.clip import CLIP, Output
from vidpipe.clips.model import ClipOptions, ClipPlan, Composition, Part, Variant
from vidpipe.clips.paired import paired
from vidpipe.clips.render import render_clip
from vidpipe.framing.model import CropPath, PathPoint
from vidpipe.geometry import VERTICAL_SAFE_BOX, Rect, Size
from vidpipe.media.ffmpeg import render
from vidpipe.media.probe import probe
from vidpipe.platforms import load_tiers
from vidpipe.testmedia.picture import draw_slide, draw_speaker, pose_at
from vidpipe.timeline import EditList, span

pytestmark = pytest.mark.slow

SMALL = Variant(
    name="360x640", size=Size(width=360, height=640), safe_box=VERTICAL_SAFE_BOX.scaled(1 / 3)
)
WIDTH, HEIGHT, FPS, LENGTH_S = 640, 360, 25, 9.0
WHOLE = Rect(x=0, y=0, width=WIDTH, height=HEIGHT)
INSET = Rect(x=460, y=252, width=160, height=90)
GOOD = Compared(black_s=0.0, frozen_s=0.0, elsewhere_s=0.0)


def page(title, paper, ink, lines=5):
    """A page with a title and some lines of text, BGR."""
    image = np.full((HEIGHT, WIDTH, 3), paper, np.uint8)
    for k in range(lines):
        text = f"{title} line {k} of what it says"
        cv2.putText(image, text, (40, 70 + 44 * k), cv2.FONT_HERSHEY_SIMPLEX, 0.8, ink, 2)
    return image


DARK, WHITE = page("Dark", (34, 26, 24), (170, 150, 140)), page("White", 250, 40)
NEXT = page("Another", 250, 40, 3)


def speaker(t_s, width=WIDTH, height=HEIGHT):
    # A mouth that opens and shuts, and a head that sways.
    return draw_speaker(width, height, pose_at(t_s, 0.5 + 0.5 * np.sin(5 * t_s)))[..., ::-1]


def with_inset(under, t_s):
    image = under.copy()
    image[INSET.y : INSET.bottom, INSET.x : INSET.right] = speaker(t_s, INSET.width, INSET.height)
    return image


def noise_at(t_s, deviation):
    of_frame = np.random.default_rng(round(t_s * FPS))
    return of_frame.standard_normal((HEIGHT, WIDTH, 1), np.float32) * np.float32(deviation)


def night(t_s):
    dim = speaker(t_s) * np.float32(0.12)
    return np.clip(dim + (noise_at(t_s, 2) + np.float32(3)), 0, 255).astype(np.uint8)


def faded(t_s):
    """Out to black between 3 and 4 s, black, and in again between 5 and 6 s."""
    light = np.interp(t_s, [3, 4, 5, 6], [1, 0, 0, 1])
    return (light * speaker(t_s)).astype(np.uint8)


def barred(t_s):
    image = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    image[60:300] = speaker(t_s, WIDTH, 240)
    return image


def plain(t_s):
    """Hardly anything but a sensor's noise."""
    grey = np.clip(noise_at(t_s, 5) + np.float32(90), 0, 255).astype(np.uint8)
    return np.repeat(grey, 3, axis=2)


@functools.cache
def photograph():
    return speaker(1.0)


RECORDINGS = {
    "a dark page": lambda t_s: with_inset(DARK, t_s),
    "a dark page alone": lambda t_s: DARK,
    "a white page that turns": lambda t_s: WHITE if t_s < 5 else NEXT,
    "an empty page": lambda t_s: np.full((HEIGHT, WIDTH, 3), 250, np.uint8),
    "a camera": speaker,
    "a night": night,
    "a fade": faded,
    "bars": barred,
    "a plain wall": plain,
    "a photograph": lambda t_s: photograph(),
    "one who holds still": lambda t_s: speaker(min(t_s, 2.0)),
}
STACKED = {"a dark page", "a white page that turns"}
PAGES = {"a dark page alone", "an empty page", "a plain wall", "a photograph", "bars"}


def written(path, draw, fps=FPS):
    """The recording as a file, near lossless."""
    raw = path.with_suffix(".raw")
    with raw.open("wb") as file:
        for n in range(round(LENGTH_S * fps)):
            file.write(np.ascontiguousarray(draw(n / fps)).tobytes())
    pictures = ffmpeg.input(
        str(raw), format="rawvideo", pix_fmt="bgr24", s=f"{WIDTH}x{HEIGHT}", r=fps
    )
    made = ffmpeg.output(
        pictures, str(path), vcodec="libx264", preset="ultrafast", crf=10, pix_fmt="yuv420p"
    )
    render(made, timeout_s=60)
    raw.unlink()
    return path


def plan_of(name, fps=FPS):
    """Six seconds with a cut in the middle: stacked, a page, or a camera that moves."""
    edit = EditList.from_intervals([span(1, 4.2), span(4.6, 7.4)], Fraction(fps))
    if name in STACKED:
        camera = CropPath(rect=INSET, points=(PathPoint(t_s=1, x=INSET.x),))
        shown = {
            "composition": Composition.STACK,
            "screen": WHOLE,
            "camera": camera,
            "inset": Rect(x=452, y=244, width=176, height=106),
        }
    elif name in PAGES:
        shown = {"composition": Composition.SCREEN, "screen": WHOLE}
    else:
        points = (PathPoint(t_s=1, x=150), PathPoint(t_s=3, x=150), PathPoint(t_s=6, x=260))
        crop = Rect(x=150, y=0, width=202, height=360)
        shown = {
            "composition": Composition.SPEAKER,
            "camera": CropPath(rect=crop, points=points),
        }
    part = Part(first_frame=0, last_frame=edit.frames, **shown)
    return ClipPlan(
        clip_id="c", rank=1, title="", score=1, segment=span(1, 7.4), edit=edit, parts=(part,)
    )


def clip_of(source, plan, folder):
    folder.mkdir()
    options = ClipOptions(variants=(SMALL,), tier=load_tiers()["draft"])
    render_clip(source, probe(source), [Output(plan, SMALL, folder)], (), options)
    return folder / CLIP


def found(clip, source, plan, drawn=()):
    return compare(clip, source, probe(source), plan, SMALL, drawn, captions=False)


@pytest.fixture(scope="module")
def sources(tmp_path_factory):
    """Every recording as a file, made when it is asked for."""
    folder, made = tmp_path_factory.mktemp("sources"), {}

    def of(name):
        if name not in made:
            made[name] = written(folder / f"{len(made)}.mp4", RECORDINGS[name])
        return made[name]

    return of


@pytest.mark.parametrize("name", RECORDINGS)
def test_a_faithful_clip_is_left_alone(sources, name, tmp_path):
    plan = plan_of(name)
    clip = clip_of(sources(name), plan, tmp_path / "clip")
    assert found(clip, sources(name), plan) == GOOD


def blackened(draw, box):
    """Black from 2 to 4 s in the inset or around it, or everywhere."""

    def spoiled(t_s):
        image = draw(t_s).copy()
        if not 2 <= t_s < 4:
            return image
        inset = np.zeros((HEIGHT, WIDTH, 1), bool)
        inset[INSET.y : INSET.bottom, INSET.x : INSET.right] = True
        black = {"inset": inset, "page": ~inset, "all": True}[box]
        return np.where(black, 0, image).astype(np.uint8)

    return spoiled


@pytest.mark.parametrize(
    ("name", "box"),
    [
        ("a dark page", "inset"),
        ("a dark page", "page"),
        ("a dark page alone", "all"),
        ("an empty page", "all"),
        ("a night", "all"),
        ("bars", "all"),
        ("a photograph", "all"),
    ],
)
def test_a_region_that_is_black_is_found(sources, name, box, tmp_path):
    spoiled = written(tmp_path / "spoiled.mp4", blackened(RECORDINGS[name], box))
    plan = plan_of(name)
    seen = found(clip_of(spoiled, plan, tmp_path / "clip"), sources(name), plan)
    assert seen.black_s == pytest.approx(2.0, abs=0.6)
    assert (seen.frozen_s, seen.elsewhere_s) == (0.0, 0.0)


@pytest.mark.parametrize("name", ["a dark page", "a camera"])
def test_a_camera_that_is_frozen_is_found(sources, name, tmp_path):
    draw = RECORDINGS[name]
    held = written(tmp_path / "held.mp4", lambda t_s: draw(2.0 if 2 <= t_s < 4 else t_s))
    plan = plan_of(name)
    if name == "a camera":
        # A crop that moves would move in what is frozen, too.
        path = plan.parts[0].camera
        still = path.model_copy(update={"points": path.points[:1]})
        part = plan.parts[0].model_copy(update={"camera": still})
        plan = plan.model_copy(update={"parts": (part,)})
    seen = found(clip_of(held, plan, tmp_path / "clip"), sources(name), plan)
    assert seen.black_s == 0.0
    assert seen.frozen_s == pytest.approx(1.8, abs=0.6)


def test_a_picture_that_ends_too_early_stands_still(sources, tmp_path):
    plan = plan_of("a camera")
    clip = clip_of(sources("a camera"), plan, tmp_path / "clip")
    short = tmp_path / "short.mp4"
    render(ffmpeg.output(ffmpeg.input(str(clip)).video, str(short), t=3.5), timeout_s=60)
    seen = found(short, sources("a camera"), plan)
    assert seen.black_s == 0.0
    assert max(seen.frozen_s, seen.elsewhere_s) == pytest.approx(2.0, abs=0.6)


@pytest.mark.parametrize("name", ["a camera", "a white page that turns", "a night"])
def test_what_comes_too_late_is_found(sources, name, tmp_path):
    late = written(tmp_path / "late.mp4", lambda t_s: RECORDINGS[name](t_s + 3))
    plan = plan_of(name)
    seen = found(clip_of(late, plan, tmp_path / "clip"), sources(name), plan)
    assert seen.black_s == 0.0
    assert seen.elsewhere_s >= 1.5


@pytest.mark.parametrize("name", ["a dark page", "a dark page alone", "a night", "a photograph"])
def test_a_wrong_place_is_found(sources, name, tmp_path):
    away = written(
        tmp_path / "away.mp4", lambda t_s: np.roll(RECORDINGS[name](t_s), (40, 150), (0, 1))
    )
    plan = plan_of(name)
    seen = found(clip_of(away, plan, tmp_path / "clip"), sources(name), plan)
    assert seen.elsewhere_s > 4.0


def test_what_captions_cover_is_not_compared(sources, tmp_path):
    """A caption over the whole page, of which nothing is seen any more."""
    plan = plan_of("a dark page alone")
    clip = clip_of(sources("a dark page alone"), plan, tmp_path / "clip")
    covered = tmp_path / "covered.mp4"
    cover = ffmpeg.input(str(clip)).video.filter("drawbox", color="white", t="fill")
    render(ffmpeg.output(cover, str(covered), preset="ultrafast"), timeout_s=60)
    drawn = [np.full((640, 360), 255, np.uint8)] * 13
    assert found(covered, sources("a dark page alone"), plan, drawn) == GOOD
    assert found(covered, sources("a dark page alone"), plan).elsewhere_s > 4.0


@pytest.mark.parametrize("fps", [1, 25])
def test_pairs_show_the_same_moment(tmp_path, fps):
    """Each second of the source has a grey of its own, across a cut and behind a film."""
    source = written(
        tmp_path / "greys.mp4",
        lambda t_s: np.full((HEIGHT, WIDTH, 3), 40 + 20 * int(t_s), np.uint8),
        fps,
    )
    rate = 30 if fps == 1 else fps
    plan = plan_of("a photograph", rate)
    clip = clip_of(source, plan, tmp_path / "clip")
    film = ffmpeg.input("color=c=red:s=360x640:r=25", f="lavfi", t=2)
    behind = tmp_path / "behind.mp4"
    joined = ffmpeg.concat(film, ffmpeg.input(str(clip)).video, v=1, a=0)
    render(ffmpeg.output(joined, str(behind), preset="ultrafast", r=rate), timeout_s=60)
    for path, frames in ((clip, 0), (behind, 2 * rate)):
        pairs = list(
            paired(path, source, probe(source), plan.model_copy(update={"intro_frames": frames}))
        )
        assert len(pairs) >= 11 - (fps == 1)
        for pair in pairs:
            middle = pair.clip[pair.clip.shape[0] // 2, pair.clip.shape[1] // 2]
            assert abs(int(middle) - int(pair.source.mean())) <= 4
        assert all(0 < b.t_s - a.t_s < 1.1 for a, b in itertools.pairwise(pairs))


def test_a_page_that_was_filmed_at_an_angle_is_followed(tmp_path):
    corners = ((120, 60), (560, 30), (580, 320), (100, 300))
    flat = np.array([(0, 0), (WIDTH, 0), (WIDTH, HEIGHT), (0, HEIGHT)], np.float32)
    turn = cv2.getPerspectiveTransform(flat, np.array(corners, np.float32))
    wall = np.full((HEIGHT, WIDTH, 3), 90, np.uint8)
    slide = draw_slide(WIDTH, HEIGHT, 1, "A slide", ("One thing", "Another"), 30)[..., ::-1]
    cv2.warpPerspective(slide, turn, (WIDTH, HEIGHT), wall, borderMode=cv2.BORDER_TRANSPARENT)
    source = written(tmp_path / "filmed.mp4", lambda t_s: with_inset(wall, t_s))
    plan = plan_of("a dark page")
    part = plan.parts[0].model_copy(
        update={"screen": Rect(x=100, y=30, width=480, height=290), "corners": corners}
    )
    plan = plan.model_copy(update={"parts": (part,)})
    assert found(clip_of(source, plan, tmp_path / "clip"), source, plan) == GOOD
    other = written(tmp_path / "other.mp4", lambda t_s: with_inset(wall[:, ::-1], t_s))
    seen = found(clip_of(other, plan, tmp_path / "mirrored"), source, plan)
    assert seen.elsewhere_s > 4.0

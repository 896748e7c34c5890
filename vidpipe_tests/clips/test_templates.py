"""What templates make of words and pages, on the pixels."""

import colorsys
import itertools

import av
import cv2
import ffmpeg
import numpy as np
import pysubs2
import pytest

from vidpipe.channels.model import Brand, CaptionStyle, Channel
from vidpipe.clips.auto_zoom import says_little
from vidpipe.clips.canvas import arrange, stack, titled
from vidpipe.clips.graph.voice import voice_heights, with_voice
from vidpipe.clips.grounds import brand_ground, own_hue, write_ground
from vidpipe.clips.model import ClipPlan, Composition, Part, Variant
from vidpipe.clips.quality import captions_box, drawn_text
from vidpipe.clips.text import fonts
from vidpipe.clips.text.fonts import fonts_dir
from vidpipe.clips.text.lettering import from_right
from vidpipe.clips.text.overlay import TextOverlay, ass_file
from vidpipe.geometry import Rect, Size
from vidpipe.media.ffmpeg import render
from vidpipe.media.frames import FrameReader
from vidpipe.media.probe import probe
from vidpipe.platforms.model import load_presets
from vidpipe.templates.model import CaptionAnimation, load_templates
from vidpipe.testmedia.picture import draw_slide
from vidpipe.testmedia.templates import template_sheet
from vidpipe.timeline import EditList, FrameSpan, span
from vidpipe_tests.clips.shared import VERTICAL, clip_files, words_of
from vidpipe_tests.conftest import Processed, instructed, run_all, take

PAGE = Rect(x=0, y=0, width=1280, height=720)
SHAPES = {
    "9:16": VERTICAL,
    "4:5": Variant.of(load_presets()["instagram_feed"]),
    "1:1": Variant.of(load_presets()["x"]),
    "16:9": Variant.of(load_presets()["youtube"]),
}
SAID = "Unquestionably measurements of 9 incomprehensibilities are, after all, never done."


def page(variant, screen=PAGE, title=True):
    room = title and titled(screen, variant, captions=True) is not None
    return Part(
        first_frame=0, last_frame=300, composition=Composition.SCREEN, screen=screen, titled=room
    )


def written(path, template, variant, text=SAID, title="", **more):
    brand, captions = Channel(name="c").styled(template)
    where = arrange(page(variant, title=bool(title)), variant, captions=True)
    overlay = TextOverlay(
        words_of(text),
        [(0.0, 12.0, where)],
        captions,
        brand,
        variant.size,
        animation=template.captions.animation,
        title=title,
        **more,
    )
    ass_file(overlay).save(str(path), format_="ass")
    return where


def events(path, style="Caption"):
    return [e for e in pysubs2.load(str(path)) if e.style == style]


@pytest.mark.parametrize("name", load_templates())
@pytest.mark.parametrize("shape", SHAPES)
def test_every_template_keeps_to_the_safe_box(name, shape, tmp_path):
    variant, path = SHAPES[shape], tmp_path / "captions.ass"
    title = "A title that is rather long for a canvas which is upright and narrow"
    written(path, load_templates()[name], variant, title=title)
    drawn = drawn_text(path, variant, 5.0, tmp_path, fonts=fonts_dir())
    box = captions_box(drawn, variant)
    assert box.intersect(variant.safe_box) == box
    assert box.height > 0.05 * min(variant.size.width, variant.size.height)


@pytest.mark.parametrize("shape", ["9:16", "4:5", "1:1"])
@pytest.mark.parametrize("aspect", [16 / 9, 4 / 3, 2.4])
def test_title_page_and_captions_stand_under_each_other(shape, aspect):
    variant = SHAPES[shape]
    screen = Rect(x=0, y=0, width=round(720 * aspect), height=720)
    where = titled(screen, variant, captions=True)
    safe = variant.safe_box
    assert where.title.y >= safe.y and where.caption.bottom <= safe.bottom
    assert where.title.bottom <= where.screen.y and where.screen.bottom <= where.caption.y
    unit = variant.size.width / 1080
    assert where.title.height >= 140 * unit and where.caption.height >= 150 * unit
    assert where.screen.width >= 0.72 * variant.size.width
    assert where.screen.aspect == pytest.approx(aspect, rel=0.02)
    bare = titled(screen, variant, captions=False)
    assert bare.screen.area >= where.screen.area


@pytest.mark.parametrize("captions", [True, False])
@pytest.mark.parametrize("aspect", [16 / 9, 4 / 3])
def test_a_page_alone_fills_an_upright_canvas_with_the_voice_under_it(aspect, captions):
    screen = Rect(x=0, y=0, width=round(720 * aspect), height=720)
    where, safe = titled(screen, VERTICAL, captions=captions), VERTICAL.safe_box
    boxes = [where.title, where.screen, *([where.caption] if captions else []), where.voice]
    gaps = [below.y - above.bottom for above, below in itertools.pairwise(boxes)]
    assert min(gaps) >= 20 and max(gaps) < 1920 / 8
    assert where.title.y - safe.y < 0.05 * 1920
    # The ground under it all is as high as over it, give or take a twentieth of the canvas.
    assert abs((1920 - where.voice.bottom) - safe.y) < 0.05 * 1920
    assert where.voice.width > 0.95 * where.screen.width


@pytest.mark.parametrize("shape", ["4:5", "1:1"])
def test_a_canvas_without_room_under_its_captions_shows_no_voice(shape):
    assert titled(PAGE, SHAPES[shape], captions=True).voice is None


def test_captions_hang_right_under_their_page_however_many_lines(tmp_path):
    path, spotlight = tmp_path / "captions.ass", load_templates()["spotlight"]
    where = written(path, spotlight, VERTICAL, "one line", title="A title")
    for text in ("One line.", "Two lines of words, all unquestionably here."):
        written(path, spotlight, VERTICAL, text, title="")
        overlay = TextOverlay(
            words_of(text),
            [(0.0, 12.0, where)],
            *Channel(name="c").styled(spotlight)[::-1],
            VERTICAL.size,
        )
        ass_file(overlay).save(str(path), format_="ass")
        box = captions_box(drawn_text(path, VERTICAL, 3.0, tmp_path, fonts=fonts_dir()), VERTICAL)
        assert 0 <= box.y - where.screen.bottom < 60
        assert box.intersect(VERTICAL.safe_box) == box


def test_the_voice_of_a_clip_is_as_high_as_it_is_loud():
    loud = np.concatenate([np.full(50, 0.2), np.full(50, 0.8)]).astype(np.float32)
    assert voice_heights(loud, 4) == pytest.approx([0.25, 0.25, 1, 1])
    assert not voice_heights(np.zeros(10, np.float32), 3).any()
    assert len(voice_heights(loud[:2], 45)) == 45


def test_the_voice_is_filled_as_far_as_it_is_played_while_its_page_is_shown(tmp_path):
    variant, frames = VERTICAL.narrowed(360), 20
    edit = EditList(fps_num=10, fps_den=1, spans=(FrameSpan(first=0, last=frames),))
    where = titled(PAGE, variant, captions=True)
    shown = page(variant).model_copy(
        update={"last_frame": 15, "ground": brand_ground(Brand().background)}
    )
    rest = shown.model_copy(update={"first_frame": 15, "last_frame": frames, "titled": False})
    plan = ClipPlan(
        clip_id="c",
        rank=1,
        title="T",
        score=1,
        segment=span(0.0, 2.0),
        edit=edit,
        parts=(shown, rest),
    )
    canvas = ffmpeg.input(
        f"color=c=black:s={variant.size.width}x{variant.size.height}:r=10", f="lavfi", t=2
    )
    bare = arrange(rest, variant, captions=True)
    loud = np.full(frames, 0.7, np.float32)
    made = with_voice(canvas, plan, [where, bare], variant, Brand(), loud, tmp_path)
    render(
        ffmpeg.output(made, str(tmp_path / "v.rgb"), format="rawvideo", pix_fmt="rgb24"),
        timeout_s=60,
    )
    drawn = np.fromfile(tmp_path / "v.rgb", np.uint8)
    drawn = drawn.reshape(-1, variant.size.height, variant.size.width, 3)
    assert len(drawn) == frames
    place = where.voice
    assert not drawn[:, : place.y - 2].max() > 40 and not drawn[:, place.bottom + 2 :].max() > 40
    row = drawn[:, place.y + place.height // 2, place.x : place.right].astype(int)
    for n in (2, 7, 12):
        yellow = (row[n, :, 0] > 200) & (row[n, :, 2] < 110)
        played = np.flatnonzero(yellow).max() / place.width
        assert played == pytest.approx(n / frames, abs=0.06)
    assert row[17].max() < 40


def test_a_page_under_a_title_has_round_corners_on_its_ground(tmp_path):
    chosen = [load_templates()["spotlight"]]
    sheet = template_sheet(chosen, Channel(name="c"), VERTICAL.narrowed(360), tmp_path)
    drawn = sheet[40 : 40 + 640].mean(axis=2)
    card = titled(PAGE, VERTICAL.narrowed(360), captions=True).screen
    assert card.x > 8 and card.right < 352
    edges = (card.y + 2, card.bottom - 3), (card.x + 2, card.right - 3)
    assert all(drawn[y, x] < 110 for y in edges[0] for x in edges[1])
    assert all(drawn[card.y + card.height // 2, x] > 200 for x in edges[1])


def test_a_page_that_fills_the_canvas_has_no_title():
    assert titled(PAGE, SHAPES["16:9"], captions=True) is None
    assert titled(PAGE, SHAPES["16:9"], captions=False) is None
    upright = Rect(x=0, y=0, width=720, height=1280)
    assert titled(upright, VERTICAL, captions=True) is None


def test_a_title_takes_the_largest_letters_that_fit(tmp_path):
    sizes = {}
    for title in ("Short", "A title of quite some words that needs more than a line or even two"):
        written(tmp_path / "c.ass", load_templates()["spotlight"], VERTICAL, title=title)
        (event,) = events(tmp_path / "c.ass", "Title")
        sizes[title] = float(event.text.split("\\fs")[1].split("}")[0])
        said = event.text.split("}")[1].replace("\\N", " ")
        assert said == title or said.endswith("…")
    assert sizes["Short"] > max(list(sizes.values())[1:])


def test_a_title_from_right_to_left_stands_on_the_right(tmp_path):
    title = "למה תשעה מעשרה מבחנים"
    assert from_right(title) and not from_right("9 of 10") and not from_right("Why שלום")
    where = written(tmp_path / "c.ass", load_templates()["spotlight"], VERTICAL, title=title)
    (event,) = events(tmp_path / "c.ass", "Title")
    assert event.text.startswith("{\\an3")
    drawn = drawn_text(tmp_path / "c.ass", VERTICAL, 0.2, tmp_path, fonts=fonts_dir())
    box = captions_box(drawn[:1, : drawn.shape[1] * where.screen.y // 1080], VERTICAL)
    assert box.right > where.title.right - 20 and box.x > where.title.x + 100


def looks(path, variant, tmp_path, at_s, fps=20):
    """Pictures (BGR) of captions over grey, one for each time."""
    size = variant.size
    canvas = ffmpeg.input(
        f"color=c=0x808080:s={size.width}x{size.height}:r={fps}", f="lavfi", t=max(at_s) + 0.2
    )
    target = tmp_path / "drawn.mkv"
    drawn = canvas.filter("ass", str(path), fontsdir=str(fonts_dir()))
    render(ffmpeg.output(drawn, str(target), vcodec="ffv1", pix_fmt="yuv444p"), timeout_s=60)
    with av.open(str(target)) as media:
        frames = [f.to_ndarray(format="bgr24") for f in media.decode(media.streams.video[0])]
    return [frames[round(t * fps)] for t in at_s]


def near(image, code, within=40):
    """How many pixels have nearly a colour."""
    wanted = np.array([int(code[k : k + 2], 16) for k in (5, 3, 1)], int)
    return int((np.abs(image.astype(int) - wanted).max(axis=2) < within).sum())


SMALL = VERTICAL.narrowed(540)


def test_karaoke_fills_from_word_to_word(tmp_path):
    template = load_templates()["karaoke"]
    written(tmp_path / "c.ass", template, SMALL, "every word is filled")
    pictures = looks(tmp_path / "c.ass", SMALL, tmp_path, (0.1, 0.6, 1.1, 1.55))
    filled = [near(i, "#ffd23f") for i in pictures]
    assert all(b > 1.3 * a for a, b in itertools.pairwise(filled))


def test_pop_shows_no_word_before_it_is_spoken(tmp_path):
    written(tmp_path / "c.ass", load_templates()["pop"], SMALL, "one after the other")
    pictures = looks(tmp_path / "c.ass", SMALL, tmp_path, (0.2, 0.6, 1.0, 1.4))
    inked = [int((i != 128).any(axis=2).sum()) for i in pictures]
    assert all(b > a for a, b in itertools.pairwise(inked))
    columns = [np.flatnonzero((i != 128).any(axis=(0, 2))) for i in pictures]
    # Nothing that is there moves when more comes.
    assert abs(columns[0][0] - columns[1][0]) <= 2


def test_a_box_moves_behind_the_word_that_is_spoken(tmp_path):
    written(tmp_path / "c.ass", load_templates()["boxed"], SMALL, "now here then there")
    centres = []
    for image in looks(tmp_path / "c.ass", SMALL, tmp_path, (0.2, 0.6, 1.0)):
        wanted = np.array([0x3F, 0xD2, 0xFF])
        yellow = np.abs(image.astype(int) - wanted).max(axis=2) < 40
        columns = np.flatnonzero(yellow.any(axis=0))
        # Dark letters on it, within it.
        rows = np.flatnonzero(yellow.any(axis=1))
        inside = image[rows[0] : rows[-1], columns[0] : columns[-1]]
        assert near(inside, "#000000") > 100
        centres.append(columns.mean())
    assert centres[0] < centres[1] < centres[2]


def test_a_box_finds_its_word_from_right_to_left(tmp_path):
    written(tmp_path / "c.ass", load_templates()["boxed"], SMALL, "שלום לכם חברים")
    wanted = np.array([0x3F, 0xD2, 0xFF])
    places = [
        np.flatnonzero((np.abs(i.astype(int) - wanted).max(axis=2) < 40).any(axis=0)).mean()
        for i in looks(tmp_path / "c.ass", SMALL, tmp_path, (0.2, 1.0))
    ]
    assert places[0] > places[1]


def test_one_word_stands_alone(tmp_path):
    written(tmp_path / "c.ass", load_templates()["one_word"], VERTICAL, "just one")
    said = [e.plaintext.strip() for e in events(tmp_path / "c.ass")]
    assert said == ["JUST", "ONE"]


def test_two_tones_mark_what_it_is_about(tmp_path):
    template = load_templates()["duo"]
    written(tmp_path / "c.ass", template, VERTICAL, "It costs 40 percent.", key_words=("costs",))
    (event,) = events(tmp_path / "c.ass")
    lit = [b.split("}")[1].split("{")[0] for b in event.text.split("\\1c&H3FD2FF&")[1:]]
    assert lit == ["costs", "40"]


def test_what_runs_forward_is_highlighted_from_right_to_left(tmp_path):
    written(tmp_path / "c.ass", load_templates()["karaoke"], VERTICAL, "שלום לכם")
    assert all("\\kf" not in e.text for e in events(tmp_path / "c.ass"))
    assert len(events(tmp_path / "c.ass")) == 2


def test_a_word_wider_than_its_place_is_made_smaller(tmp_path):
    text = "Donaudampfschifffahrtsgesellschaftskapitän"
    written(tmp_path / "c.ass", load_templates()["one_word"], VERTICAL, text)
    drawn = drawn_text(tmp_path / "c.ass", VERTICAL, 0.4, tmp_path, fonts=fonts_dir())
    box = captions_box(drawn, VERTICAL)
    assert box.intersect(VERTICAL.safe_box) == box and box.width > 500


# Grounds


def test_a_ground_has_the_hue_of_its_page():
    image = np.full((90, 160, 3), 250, np.uint8)
    assert own_hue(image) is None
    image[:12] = (200, 90, 20)  # a blue bar (BGR)
    degrees, strength = own_hue(image)
    assert degrees == pytest.approx(217, abs=12) and strength > 0.5


def test_white_letters_are_read_on_every_ground(tmp_path):
    for hue in range(0, 360, 30):
        colours = [colorsys.hls_to_rgb(hue / 360, light, 0.5) for light in (0.17, 0.09)]
        ends = tuple("#" + "".join(f"{round(255 * c):02x}" for c in rgb) for rgb in colours)
        write_ground(ends, Size(width=108, height=192), tmp_path / "g.png")
        drawn = cv2.imread(str(tmp_path / "g.png"))[20:125] / 255
        linear = np.where(drawn <= 0.04045, drawn / 12.92, ((drawn + 0.055) / 1.055) ** 2.4)
        luminance = linear @ np.array([0.0722, 0.7152, 0.2126])
        assert (1.05 / (luminance + 0.05)).min() > 4.5, hue
    assert brand_ground("#12161c")[0] == "#12161c"


def test_a_small_page_leaves_more_to_the_camera():
    large = stack(PAGE, VERTICAL, captions=True)
    small = stack(PAGE, VERTICAL, captions=True, small=True)
    assert small.screen.width == pytest.approx(0.6 * 1080, abs=2)
    assert small.screen.center[0] == pytest.approx(540, abs=1)
    assert small.camera.height > 1.15 * large.camera.height
    assert small.camera.bottom == 1920 and small.screen.bottom <= small.caption.y


@pytest.mark.parametrize(
    ("title", "bullets", "little"),
    [
        ("Sampling", (), True),
        ("What a test is worth", ("easy", "hard"), True),
        ("A page of text", ("a long line of words that has much to say to us",) * 5, False),
    ],
)
def test_a_page_says_little_by_its_letters(title, bullets, little, tmp_path):
    drawn = draw_slide(1280, 720, 1, title, bullets, 105)
    assert seen_on(drawn, tmp_path) is little


def test_a_picture_on_a_page_says_something(tmp_path):
    drawn = draw_slide(1280, 720, 1, "Sampling", (), 105).copy()
    rng = np.random.default_rng(1)
    drawn[200:640, 400:1240] = rng.integers(0, 255, (440, 840, 3))
    assert seen_on(drawn, tmp_path) is False


def seen_on(drawn, tmp_path):
    path = tmp_path / "page.mp4"
    with av.open(str(path), "w") as media:
        stream = media.add_stream("libx264", rate=5)
        stream.width, stream.height, stream.pix_fmt = 1280, 720, "yuv420p"
        for _ in range(10):
            media.mux(stream.encode(av.VideoFrame.from_ndarray(drawn, format="rgb24")))
        media.mux(stream.encode(None))
    with FrameReader(path, probe(path), max_width=1280) as reader:
        return says_little(PAGE, [], span(0.0, 2.0), reader)


def test_a_sheet_shows_every_template(tmp_path):
    chosen = [load_templates()[n] for n in ("spotlight", "classic")]
    sheet = template_sheet(chosen, Channel(name="c"), VERTICAL.narrowed(180), tmp_path)
    assert sheet.shape == (40 + 2 * 320, 360, 3)
    titled_page, plain_page = sheet[40:360, :180], sheet[40:360, 180:]
    where = titled(PAGE, VERTICAL.narrowed(180), captions=True)
    ground = titled_page[4:30].mean(axis=(0, 1))
    assert ground.max() < 90 and plain_page[4:30].mean() > 90
    inside = where.screen.even()
    assert titled_page[inside.y + 8 : inside.bottom - 30, 60:150].mean() > 200
    title = titled_page[where.title.y : where.title.bottom]
    assert (title.min(axis=2) > 200).sum() > 60  # white letters


def test_a_card_and_a_title_are_not_shown_at_once(tmp_path):
    """Of a clip that begins with its title above a page the card is left out."""
    variant = VERTICAL.narrowed(180)
    opening = Channel.model_validate({"name": "c", "brand": {"title_card": "title"}})
    template_sheet([load_templates()["spotlight"]], opening, variant, tmp_path)
    made = tmp_path / "spotlight" / "captions.ass"
    assert events(made, "Title") and not events(made, "Opening")


def test_animations_are_told_apart_by_their_events(tmp_path):
    counts = {}
    for name, template in load_templates().items():
        written(tmp_path / "c.ass", template, VERTICAL, "four words are here")
        counts[name] = (template.captions.animation, len(events(tmp_path / "c.ass")))
    for animation, count in counts.values():
        whole = animation in (
            CaptionAnimation.PLAIN,
            CaptionAnimation.TWO_TONE,
            CaptionAnimation.KARAOKE,
        )
        assert count == (1 if whole else 8 if animation is CaptionAnimation.BOX else 4)


def test_the_default_style_is_unchanged_by_templates():
    brand, captions = Channel(name="c").styled(load_templates()["classic"])
    assert (brand, captions) == (Brand(), CaptionStyle())


def test_one_clip_of_a_video_looks_unlike_the_others(analysed, talk):
    """Its own template has a bar that fills; the other's has none."""
    engine, video_id = analysed()
    wanted = (
        "template: classic\n"
        "keep:\n"
        "  - {start_s: 2, end_s: 9}\n"
        "  - {start_s: 12, end_s: 19, template: one_word}\n"
    )
    with instructed(talk, wanted):
        take(engine, talk.path)
        ran = run_all(engine, video_id, clips=2, platforms=("tiktok",))
    yellow = {}
    for clip, file, made in clip_files(Processed(engine, video_id, ran)):
        assert not file.quality.captions_outside and not file.quality.elsewhere_s
        with av.open(str(made)) as media:
            frame = next(
                f for f in media.decode(media.streams.video[0]) if f.time > 0.6 * clip.duration_s
            )
        yellow[clip.rank] = near(frame.to_ndarray(format="bgr24")[-10:], "#ffd23f")
    assert yellow[1] == 0 and yellow[2] > 3000


def test_a_word_of_a_title_is_never_wider_than_its_place(tmp_path):
    title = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft"
    written(tmp_path / "c.ass", load_templates()["spotlight"], VERTICAL, title=title)
    drawn = drawn_text(tmp_path / "c.ass", VERTICAL, 0.4, tmp_path, fonts=fonts_dir())
    box = captions_box(drawn, VERTICAL)
    assert box.intersect(VERTICAL.safe_box) == box


@pytest.mark.parametrize("name", ["spotlight", "boxed"])
def test_a_clip_with_two_kinds_of_page_stands_on_one_ground(analysed, talk, name):
    """The picture of a ground is used by each of its parts."""
    engine, video_id = analysed()
    wanted = (
        f"template: {name}\n"
        "keep: [{start_s: 2, end_s: 12}]\n"
        "layout:\n"
        "  - {start_s: 0, end_s: 7, screen: {x: 0, y: 0, width: 640, height: 360}}\n"
        "  - {start_s: 7, screen: {x: 0, y: 0, width: 400, height: 360}}\n"
    )
    with instructed(talk, wanted):
        take(engine, talk.path)
        ran = run_all(engine, video_id, clips=1, platforms=("tiktok",))
    [(clip, file, _)] = list(clip_files(Processed(engine, video_id, ran)))
    assert len({p.screen for p in clip.parts}) == 2 and not file.plain
    assert len({p.ground for p in clip.parts}) == 1 and clip.parts[0].ground


def test_a_title_that_no_font_has_is_left_out_of_the_picture_alone(analysed, talk, monkeypatch):
    """Its letters are in no installed font, nor in the carried one."""
    monkeypatch.setattr(fonts, "_installed", lambda: iter(()))
    engine, video_id = analysed()
    wanted = (
        "keep: [{start_s: 2, end_s: 9, title: 机器学习的评估}]\n"
        "layout: [{screen: {x: 0, y: 0, width: 640, height: 360}}]\n"
    )
    with instructed(talk, wanted):
        take(engine, talk.path)
        ran = run_all(engine, video_id, clips=1, platforms=("tiktok",))
    [(clip, file, _)] = list(clip_files(Processed(engine, video_id, ran)))
    assert clip.title == "机器学习的评估" and not file.plain
    assert not any(part.titled for part in clip.parts)

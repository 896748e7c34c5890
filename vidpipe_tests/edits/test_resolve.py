"""What becomes of clips by what people decided: which there are, what they keep and say."""

from fractions import Fraction

import pytest

from vidpipe.clips.edits import edit_list
from vidpipe.clips.model import ClipOptions, Composition, Part, Variant
from vidpipe.clips.reframed import reframed, shaped
from vidpipe.edits.model import ClipEdit, CutEdit, EditDocument, FramingEdit, WordEdit
from vidpipe.framing.model import CropPath, PathPoint
from vidpipe.geometry import Rect, Size
from vidpipe.layout.model import Layout, LayoutInterval, LayoutKind, Region, RegionRole
from vidpipe.pipeline.editing.resolve import edited_clips
from vidpipe.pipeline.editing.words import by_words, corrected, cuts_of
from vidpipe.segments.model import Segment
from vidpipe.silence.model import SpeechMap
from vidpipe.timeline import EditList, span
from vidpipe.transcript.model import Word

WORDS = tuple(
    Word(text=text, start_s=at, end_s=at + 0.4)
    for text, at in zip(
        "We take teh big step um then we stop".split(), [k * 0.5 for k in range(9)], strict=True
    )
)


def segment(rank, start_s, end_s, **more):
    return Segment(
        rank=rank,
        start_s=start_s,
        end_s=end_s,
        score=60,
        parts={},
        reasons=(),
        title=f"Title {rank}",
        kept_s=end_s - start_s,
        **more,
    )


FOUND = (segment(1, 100, 130), segment(2, 10, 40))
IDS = {1: "one", 2: "two"}


def clips_of(*edits, found=FOUND, ids=IDS, words=()):
    return edited_clips(EditDocument(clip_edits=edits), found, ids, words, 200.0)


def test_without_edits_all_is_as_found():
    made = clips_of()
    assert [(c.segment, c.clip_id, c.edit) for c in made] == [(s, None, None) for s in FOUND]


def test_an_edit_changes_its_clip_alone_and_the_id_stays():
    made = clips_of(ClipEdit(clip="two", moment=span(10, 40), start_s=12, title="Mine"))
    assert made[0].segment == FOUND[0] and made[0].clip_id is None
    assert made[1].clip_id == "two"
    at = made[1].segment
    assert (at.start_s, at.end_s, at.title, at.rank) == (12, 40, "Mine", 2)


def test_a_dropped_clip_is_not_made():
    assert [c.segment.rank for c in clips_of(ClipEdit(clip="one", kept=False))] == [2]


def test_a_clip_is_known_again_by_its_moment_after_a_new_analysis():
    edit = ClipEdit(clip="gone", moment=span(98, 131), title="Mine")
    made = clips_of(edit)
    assert [(c.clip_id, c.segment.rank, c.segment.title) for c in made] == [
        ("gone", 1, "Mine"),
        (None, 2, "Title 2"),
    ]


def test_what_somebody_changed_stays_where_nothing_of_it_is_found_any_more():
    edit = ClipEdit(clip="gone", moment=span(160, 180), title="Mine")
    made = clips_of(edit)
    assert [(c.clip_id, c.segment.start_s) for c in made] == [
        (None, 100),
        (None, 10),
        ("gone", 160),
    ]
    assert made[2].segment.rank == 3


def test_no_found_moment_doubles_one_that_somebody_moved():
    """Of two that are found in the moment of an edited one the better match is it."""
    edit = ClipEdit(clip="gone", moment=span(95, 140), kept=False)
    two = (segment(1, 96, 118), segment(2, 119, 139))
    made = clips_of(edit, found=two, ids={1: "x", 2: "y"})
    assert len(made) == 1


def test_added_clips_come_behind_those_that_were_found_by_time():
    made = clips_of(
        ClipEdit(clip="later", added=True, start_s=150, end_s=160),
        ClipEdit(clip="early", added=True, start_s=101, end_s=110),
    )
    assert [c.clip_id for c in made] == [None, None, "early", "later"]
    assert made[3].segment.reasons == ("chosen by a person",)


def test_borders_past_the_end_are_said_and_the_clip_stays_as_found():
    (first, _) = clips_of(ClipEdit(clip="one", start_s=900, end_s=950))
    assert first.segment.start_s == 100
    assert "past the end" in first.notes[0]


def test_a_corrected_word_keeps_its_time_and_the_clips_own_word_wins():
    document = EditDocument(
        words=(WordEdit(start_s=1.0, was="teh", text="the"),),
        clip_edits=(ClipEdit(clip="one", words=(WordEdit(start_s=1.0, was="teh", text="THE"),)),),
    )
    made = edited_clips(document, FOUND, IDS, WORDS, 200.0)
    assert made[0].words[2] == WORDS[2].model_copy(update={"text": "THE"})
    assert made[1].words[2] == WORDS[2].model_copy(update={"text": "the"})


def test_several_words_share_the_time_of_one_and_none_is_not_shown():
    two = corrected(WORDS, [WordEdit(start_s=1.0, text="ab abcd")])
    assert [(w.text, w.start_s, w.end_s) for w in two[2:4]] == [
        ("ab", 1.0, 1.133),
        ("abcd", 1.133, 1.4),
    ]
    assert len(corrected(WORDS, [WordEdit(start_s=1.0, text="")])) == len(WORDS) - 1


def test_a_word_is_found_again_where_it_moved_a_little_and_not_where_it_is_another():
    moved = [w.model_copy(update={"start_s": w.start_s + 0.8}) for w in WORDS]
    assert corrected(moved, [WordEdit(start_s=1.0, was="teh", text="the")])[2].text == "the"
    assert corrected(WORDS, [WordEdit(start_s=1.0, was="dog", text="cat")]) == WORDS


def test_a_cut_takes_whole_words_and_half_of_the_gap_at_most():
    assert by_words(span(2.45, 2.95), WORDS) == span(2.46, 2.94)
    close = [w.model_copy(update={"end_s": w.start_s + 0.5}) for w in WORDS]
    assert by_words(span(2.4, 3.1), close) == span(2.5, 3.0)
    # Half a word is a word, and what lies between words is cut as it is.
    assert by_words(span(2.4, 2.75), WORDS) == span(2.46, 2.94)
    assert by_words(span(2.42, 2.48), WORDS) == span(2.42, 2.48)


def test_of_words_that_overlap_the_one_that_is_named_goes():
    """An aligner may hear the next word begin before the last one ends."""
    heard = (
        Word(text="see", start_s=1.0, end_s=1.3),
        Word(text="where", start_s=1.3, end_s=2.0),
        Word(text="we're", start_s=1.7, end_s=1.95),
        Word(text="able", start_s=1.95, end_s=2.2),
    )
    assert by_words(span(1.3, 2.0), heard) == span(1.3, 1.7)
    assert by_words(span(1.7, 1.95), heard) == span(1.7, 1.95)
    assert by_words(span(1.3, 1.95), heard) == span(1.3, 1.95)


def test_cuts_may_quote_and_what_is_not_said_is_told():
    found, odd = cuts_of(
        [CutEdit(quote="um"), CutEdit(quote="dragon"), CutEdit(start_s=90, end_s=91)],
        WORDS,
        span(0, 5),
    )
    assert found == [span(2.46, 2.94)]
    assert len(odd) == 2 and "dragon" in odd[0] and "not in it" in odd[1]


def test_an_edit_list_leaves_cuts_out_and_shortens_what_they_leave():
    fps, options = Fraction(25), ClipOptions(variants=())
    speech = SpeechMap(duration_s=60)
    at = segment(1, 0, 10)
    kept = edit_list(at, speech, (), options, fps, 60, [span(4, 6)])
    assert kept.intervals == [span(0, 4), span(6, 10)]
    quiet = SpeechMap(duration_s=60, silences=(span(3.6, 4.0), span(6.0, 6.5)))
    both = edit_list(at, quiet, (), options, fps, 60, [span(4, 6)])
    # Two short pauses round a cut are one long one, which is shortened as any other.
    assert both.duration_s == pytest.approx(3.6 + 3.5 + options.pause_target_s, abs=0.05)
    with pytest.raises(ValueError, match="at least one frame"):
        edit_list(at, speech, (), options, fps, 60, [span(0, 10)])


FRAME = Rect(x=0, y=0, width=1280, height=720)
UPRIGHT = Variant(name="1080x1920", size=Size(width=1080, height=1920))
SQUARE = Variant(name="1080x1080", size=Size(width=1080, height=1080))
PAGE, PERSON = Rect(x=0, y=0, width=960, height=720), Rect(x=960, y=0, width=320, height=240)
LAYOUT = Layout(
    width=1280,
    height=720,
    duration_s=60,
    stretches=(
        LayoutInterval(
            start_s=0,
            end_s=60,
            kind=LayoutKind.SCREEN_AND_CAMERA,
            confidence=1,
            regions=(
                Region(role=RegionRole.SCREEN, rect=PAGE, confidence=1),
                Region(role=RegionRole.CAMERA, rect=PERSON, confidence=1),
            ),
        ),
    ),
    shots=(),
    slides=(),
)
CUT = EditList.from_intervals([span(10, 14), span(16, 20)], Fraction(25))
WHOLE = Part(first_frame=0, last_frame=200, composition=Composition.FIT, screen=FRAME)


def shown(*framing, variant=UPRIGHT, part=WHOLE):
    return reframed((part,), CUT, framing, LAYOUT, FRAME, variant, captions=True)


@pytest.mark.parametrize("variant", [UPRIGHT, SQUARE], ids=lambda v: v.name)
def test_a_crop_box_is_shown_whatever_the_shape_and_never_out_of_the_picture(variant):
    box = Rect(x=1000, y=100, width=270, height=480)
    (part,) = shown(FramingEdit(camera=box), variant=variant)
    assert part.composition is Composition.SPEAKER
    crop = part.camera.rect
    assert crop.intersect(FRAME) == crop and crop.height == 480
    assert crop.aspect == pytest.approx(variant.size.aspect, rel=0.01)


def test_a_box_of_the_canvas_shape_is_taken_to_the_pixel():
    box = Rect(x=400, y=60, width=270, height=480)
    (part,) = shown(FramingEdit(camera=box))
    assert part.camera.rect == box == shaped(box, 9 / 16, FRAME)


def test_a_choice_for_a_time_cuts_the_part_and_leaves_the_rest():
    before, chosen, after = shown(FramingEdit(start_s=12, end_s=18, composition="stack"))
    assert before == WHOLE.model_copy(update={"last_frame": 50})
    assert after == WHOLE.model_copy(update={"first_frame": 150})
    assert (chosen.first_frame, chosen.last_frame) == (50, 150)
    assert chosen.composition is Composition.STACK
    # The page stays what was shown; the person is where the layout has one.
    assert chosen.screen == FRAME and chosen.camera.rect.intersect(PERSON) is not None


CROP = CropPath(rect=Rect(x=400, y=0, width=405, height=720), points=(PathPoint(t_s=10, x=400),))
CLOSE = Rect(x=420, y=40, width=360, height=640)
ZOOM = Part(
    first_frame=0,
    last_frame=101,
    composition=Composition.SPEAKER,
    camera=CROP,
    near=(CROP.rect, CLOSE),
)


def test_a_zoom_goes_on_where_it_was_around_what_a_person_chose():
    before, chosen, after = shown(
        FramingEdit(start_s=11, end_s=13, camera=Rect(x=0, y=0, width=405, height=720)), part=ZOOM
    )
    assert chosen.near is None
    assert before.near_at(0) == CROP.rect and after.near_at(100) == CLOSE
    # Eased: after a quarter of the frames it has come 0.16 of its way, after three 0.84.
    for rect, share in ((before.near_at(25), 0.156), (after.near_at(75), 0.844)):
        assert rect.width == pytest.approx(405 - share * 45, abs=1.5)
        assert rect.y == pytest.approx(share * 40, abs=1.5)


@pytest.mark.parametrize(
    ("part", "composition"),
    [
        (ZOOM, "speaker"),
        (
            Part(
                first_frame=0,
                last_frame=101,
                composition=Composition.SCREEN,
                screen=PAGE,
                near=(PAGE, Rect(x=10, y=10, width=480, height=270)),
            ),
            "screen",
        ),
    ],
    ids=["speaker", "page"],
)
def test_a_zoom_stays_where_a_person_chose_what_was_shown(part, composition):
    (same,) = shown(FramingEdit(composition=composition), part=part)
    assert same == part
    (other,) = shown(FramingEdit(composition="stack"), part=part)
    assert other.near is None


def test_what_was_followed_is_followed_where_only_the_page_changes():
    path = CropPath(rect=PERSON, points=(PathPoint(t_s=10, x=960), PathPoint(t_s=14, x=900)))
    part = Part(
        first_frame=0, last_frame=200, composition=Composition.STACK, screen=PAGE, camera=path
    )
    place = shown(FramingEdit(composition="stack"), part=part)[0].camera.rect.aspect
    fitting = path.model_copy(update={"rect": shaped(PERSON, place, FRAME)})
    part = part.model_copy(update={"camera": fitting})
    (changed,) = shown(FramingEdit(screen=Rect(x=0, y=0, width=900, height=700)), part=part)
    assert changed.camera == fitting
    assert changed.screen == Rect(x=0, y=0, width=900, height=700)


HERE, THERE = Rect(x=0, y=0, width=270, height=480), Rect(x=900, y=90, width=180, height=320)


def panned(start_s=None, end_s=None, **more):
    return FramingEdit(
        start_s=start_s, end_s=end_s, composition="speaker", camera=HERE, camera_to=THERE, **more
    )


def test_a_crop_moves_from_here_to_there_through_whatever_was_to_change():
    parts = (
        WHOLE.between(0, 70),
        WHOLE.between(70, 200).model_copy(update={"composition": Composition.SCREEN}),
    )
    before, moving, after = reframed(
        parts, CUT, (panned(12, 18),), LAYOUT, FRAME, UPRIGHT, captions=True
    )
    # Of the recording's six seconds two are cut: it moves in the four that are left.
    assert (moving.first_frame, moving.last_frame) == (50, 150)
    assert moving.composition is Composition.SPEAKER and moving.near == (HERE, THERE)
    assert (before.last_frame, after.first_frame) == (50, 150)
    assert after.composition is Composition.SCREEN and before.composition is Composition.FIT


@pytest.mark.parametrize("variant", [UPRIGHT, SQUARE], ids=lambda v: v.name)
def test_both_ends_of_a_movement_have_the_canvas_shape_and_lie_in_the_picture(variant):
    (part,) = shown(panned(), variant=variant)
    for rect, asked in zip(part.near, (HERE, THERE), strict=True):
        assert rect.intersect(FRAME) == rect and rect.height == asked.height
        assert rect.aspect == pytest.approx(variant.size.aspect, rel=0.01)


def test_a_page_comes_nearer_and_keeps_its_shape():
    near = Rect(x=600, y=300, width=100, height=360)
    (part,) = shown(FramingEdit(composition="screen", screen=PAGE, screen_to=near))
    assert part.screen == PAGE == part.near[0]
    assert part.near[1].height == 360 and part.near[1].aspect == PAGE.aspect
    assert part.near[1].intersect(FRAME) == part.near[1]
    (stacked,) = shown(FramingEdit(composition="stack", screen=PAGE, screen_to=near))
    assert stacked.composition is Composition.STACK and stacked.near == part.near


def test_what_lies_outside_of_a_clip_of_a_movement_has_been_or_is_to_come():
    # The clip begins at 10 s, half of the way, and is in the middle of the way back at its end.
    (late,) = (p for p in shown(panned(8, 12)) if p.near)
    assert (late.first_frame, late.last_frame) == (0, 50)
    assert late.near_at(0).x == pytest.approx(450, abs=10) and late.near_at(49) == THERE
    (early,) = (p for p in shown(panned(18, 22)) if p.near)
    assert (early.first_frame, early.last_frame) == (150, 200)
    assert early.near_at(150) == HERE and early.near_at(199).x == pytest.approx(450, abs=10)


def test_a_later_choice_cuts_a_movement_which_goes_on_as_if_it_had_not_been():
    whole = shown(panned())
    before, chosen, after = shown(panned(), FramingEdit(start_s=12, end_s=18, composition="fit"))
    assert chosen.near is None and chosen.composition is Composition.FIT
    assert before == whole[0].between(0, 50) and after == whole[0].between(150, 200)
    for part in (before, after):
        for frame in range(part.first_frame, part.last_frame):
            assert part.near_at(frame) == whole[0].near_at(frame), "a half is not eased again"
    assert before.near_at(0) == HERE and after.near_at(199) == THERE


def test_beside_a_page_that_moves_every_shot_keeps_its_speaker():
    first = Part(
        first_frame=0,
        last_frame=100,
        composition=Composition.STACK,
        screen=PAGE,
        camera=CropPath(rect=PERSON, points=(PathPoint(t_s=10, x=PERSON.x),)),
    )
    elsewhere = PERSON.model_copy(update={"x": 300})
    second = first.model_copy(
        update={
            "first_frame": 100,
            "last_frame": 200,
            "camera": CropPath(rect=elsewhere, points=(PathPoint(t_s=14, x=300),)),
        }
    )
    near = Rect(x=600, y=300, width=100, height=360)
    moves = FramingEdit(composition="stack", screen=PAGE, screen_to=near)
    stays = FramingEdit(composition="stack", screen=PAGE)
    moved, still = (
        reframed((first, second), CUT, (item,), LAYOUT, FRAME, UPRIGHT, captions=True)
        for item in (moves, stays)
    )
    assert [p.camera for p in moved] == [p.camera for p in still]
    assert moved[0].camera != moved[1].camera
    assert moved[0].near_at(0) == PAGE and moved[1].near_at(199).height == 360
    assert moved[0].near_at(99).x == pytest.approx(moved[1].near_at(100).x, abs=8)

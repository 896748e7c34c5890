"""The document: what can be said in it, changing it, comparing it."""

import json

import pytest

from vidpipe.edits.compare import changes
from vidpipe.edits.merging import (
    BadEdit,
    added,
    checked,
    merge_patch,
    merged,
    new_clip_id,
    patched,
    patched_clip,
    split,
    with_sidecar,
)
from vidpipe.edits.model import ClipEdit, EditDocument, FramingEdit, WordEdit
from vidpipe.geometry import Rect
from vidpipe.timeline import span

BOX = {"x": 0, "y": 0, "width": 270, "height": 480}
BASE = EditDocument(
    clip_edits=(
        ClipEdit(clip="a1", moment=span(10, 40), title="One"),
        ClipEdit(clip="b2", moment=span(50, 80), kept=False),
    )
)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"format": 2}, "format: Input should be 1"),
        ({"colour": 1}, "colour: Extra inputs are not permitted"),
        ({"clip_edits": [{"clip": "a"}, {"clip": "a"}]}, "a twice; put all of a clip in one"),
        (
            {"clip_edits": [{"clip": "a", "start_s": 9, "end_s": 4}]},
            "clip_edits.0: end_s must come after start_s",
        ),
        (
            {"clip_edits": [{"clip": "a", "cuts": [{"start_s": 1}]}]},
            "clip_edits.0.cuts.0: give start_s and end_s, or a quote",
        ),
        ({"clip_edits": [{"clip": "a", "framing": [{}]}]}, "say what to change"),
        (
            {
                "clip_edits": [
                    {"clip": "a", "framing": [{"composition": "speaker", "camera_to": BOX}]}
                ]
            },
            "clip_edits.0.framing.0: camera_to: say with camera where it moves from",
        ),
        (
            {
                "clip_edits": [
                    {
                        "clip": "a",
                        "framing": [{"composition": "stack", "camera": BOX, "camera_to": BOX}],
                    }
                ]
            },
            "camera_to: only composition speaker has a camera that moves",
        ),
        (
            {"clip_edits": [{"clip": "a", "framing": [{"screen": BOX, "screen_to": BOX}]}]},
            "screen_to: only composition stack or screen has a screen that moves",
        ),
        ({"clip_edits": [{"clip": "a", "music": "../x.mp3"}]}, "clip_edits.0.music: "),
        ({"clip_edits": [{"clip": "a", "hashtags": ["#tag"]}]}, "clip_edits.0.hashtags.0: "),
        ({"clip_edits": [{"clip": "a", "title": "two\nlines"}]}, "clip_edits.0.title: "),
        ({"clip_edits": [{"clip": "a", "added": True}]}, "needs start_s and end_s"),
        ({"words": [{"start_s": -1, "text": "x"}]}, "words.0.start_s: "),
        ({"words": [{"start_s": float("nan"), "text": "x"}]}, "words.0.start_s: "),
        (
            {"words": [{"start_s": 1, "text": "x"}, {"start_s": 1, "text": "y"}]},
            "two of them are for one word",
        ),
    ],
)
def test_what_cannot_be_is_named_by_its_field(fields, said):
    with pytest.raises(BadEdit) as refused:
        checked(EditDocument, fields)
    assert said in str(refused.value)


def test_a_document_says_only_what_was_decided():
    assert EditDocument().says_nothing
    told = BASE.as_json()
    assert told["clip_edits"][1] == {
        "clip": "b2",
        "moment": {"start_s": 50.0, "end_s": 80.0},
        "kept": False,
    }
    assert checked(EditDocument, json.loads(json.dumps(told))) == BASE


# The examples of RFC 7396, appendix A.
@pytest.mark.parametrize(
    ("target", "patch", "result"),
    [
        ({"a": "b"}, {"a": "c"}, {"a": "c"}),
        ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
        ({"a": "b"}, {"a": None}, {}),
        ({"a": "b", "b": "c"}, {"a": None}, {"b": "c"}),
        ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
        ({"a": "c"}, {"a": ["b"]}, {"a": ["b"]}),
        ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
        ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
        (["a", "b"], ["c", "d"], ["c", "d"]),
        ({"a": "b"}, ["c"], ["c"]),
        ({"a": "foo"}, None, None),
        ({"a": "foo"}, "bar", "bar"),
        ({"e": None}, {"a": 1}, {"e": None, "a": 1}),
        ([1, 2], {"a": "b", "c": None}, {"a": "b"}),
        ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
    ],
)
def test_merge_patches_are_those_of_the_rfc(target, patch, result):
    assert merge_patch(target, patch) == result


def test_null_in_a_patch_takes_a_field_back_and_an_empty_edit_goes():
    changed = patched_clip(BASE, "a1", None, {"hook": "Look", "title": None})
    assert changed.of("a1") == ClipEdit(clip="a1", moment=span(10, 40), hook="Look")
    assert patched_clip(changed, "a1", None, {"hook": None}).of("a1") is None


def test_a_patch_renames_no_clip_and_a_bad_one_is_named():
    with pytest.raises(BadEdit, match="cannot change"):
        patched_clip(BASE, "a1", None, {"clip": "b2"})
    with pytest.raises(BadEdit, match=r"clip_edits\[a1\].framing.0"):
        patched_clip(BASE, "a1", None, {"framing": [{"composition": "sideways"}]})
    with pytest.raises(BadEdit, match="template"):
        patched(BASE, {"template": "no spaces please"})


def test_a_split_gives_each_part_what_is_its_own():
    edit = ClipEdit(
        clip="a1",
        moment=span(10, 40),
        template="bold",
        words=(WordEdit(start_s=12, text="x"), WordEdit(start_s=30, text="y")),
        framing=(FramingEdit(start_s=10, end_s=20, composition="fit"),),
    )
    document, made = split(BASE.with_clip(edit), "v", edit, span(10, 40), 25, {"a1"})
    first, second = document.of("a1"), document.of(made)
    assert (first.start_s, first.end_s, second.start_s, second.end_s) == (10, 25, 25, 40)
    assert second.added and second.moment == span(25, 40) and second.template == "bold"
    assert [w.text for w in first.words] == ["x"] and [w.text for w in second.words] == ["y"]
    assert first.framing and not second.framing
    with pytest.raises(BadEdit, match="leave at least 1 s on each side"):
        split(BASE, "v", edit, span(10, 40), 39.5, set())


def test_a_split_leaves_a_movement_where_it_was_at_each_moment():
    moving = {"composition": "speaker", "camera": BOX, "camera_to": {**BOX, "x": 400}}
    edit = ClipEdit(
        clip="a1",
        framing=(
            FramingEdit.model_validate(moving),
            FramingEdit.model_validate({**moving, "start_s": 20, "end_s": 30}),
            FramingEdit(composition="fit"),
        ),
    )
    document, made = split(BASE.with_clip(edit), "v", edit, span(10, 40), 25, {"a1"})
    # What had the clip's borders keeps those of before; what stands still has those of its part.
    assert document.of("a1").framing == document.of(made).framing
    times = [(f.start_s, f.end_s, f.moves) for f in document.of(made).framing]
    assert times == [(10, 40, True), (20, 30, True), (None, None, False)]


def test_what_does_not_move_is_kept_as_before():
    """Clips of documents from before there were movements are not made again."""
    edit = ClipEdit(clip="a1", framing=(FramingEdit(composition="speaker", camera=Rect(**BOX)),))
    kept = EditDocument(clip_edits=(edit,)).as_json()["clip_edits"][0]["framing"]
    assert kept == [{"composition": "speaker", "camera": BOX}]


@pytest.mark.parametrize(("between", "cuts"), [("cut", [(40.0, 50.0)]), ("keep", [])])
def test_clips_are_merged_into_the_earliest(between, cuts):
    one, two = BASE.of("a1"), ClipEdit(clip="b2", moment=span(50, 80))
    document = merged(EditDocument(), [(two, span(50, 80)), (one, span(10, 40))], between=between)
    whole = document.of("a1")
    assert (whole.start_s, whole.end_s) == (10, 80)
    assert [(c.start_s, c.end_s) for c in whole.cuts] == cuts
    assert document.of("b2").kept is False
    with pytest.raises(BadEdit, match="at least two"):
        merged(BASE, [(one, span(10, 40)), (one, span(10, 40))], between="cut")


def test_what_was_added_goes_when_it_is_merged():
    document, made = added(EditDocument(), "v", 50, 60, "New", set())
    edit = document.of(made)
    document = merged(
        document,
        [(ClipEdit(clip="a1", moment=span(10, 40)), span(10, 40)), (edit, span(50, 60))],
        between="keep",
    )
    assert [e.clip for e in document.clip_edits] == ["a1"]


def test_ids_are_of_the_moment_and_never_another_clips():
    once = new_clip_id("v", 1, 2, set())
    assert once == new_clip_id("v", 1, 2, set()) != new_clip_id("v", 1, 3, set())
    assert new_clip_id("v", 1, 2, {once}) != once


def test_a_comparison_names_every_field_that_differs():
    after = BASE.with_clip(ClipEdit(clip="a1", moment=span(10, 40), title="Two", kept=False))
    found = changes(BASE, after.model_copy(update={"template": "bold"}))
    assert [(c.path, c.before, c.after) for c in found] == [
        ("template", None, "bold"),
        ("clip_edits[a1].kept", True, False),
        ("clip_edits[a1].title", "One", "Two"),
    ]
    assert changes(BASE, BASE) == ()


def test_a_sidecar_speaks_for_the_clips_that_it_names_alone():
    said = with_sidecar(BASE, [ClipEdit(clip="b2", title="From the sidecar")], [])
    assert said.of("a1") == BASE.of("a1")
    assert said.of("b2") == ClipEdit(clip="b2", moment=span(50, 80), title="From the sidecar")

"""Names: which transcript is whose, which nobody can carry, what is passed over and why."""

import os
import shutil

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vidpipe.errors import InputRejected
from vidpipe.intake import sidecars
from vidpipe.intake.drops import left_out, scan
from vidpipe.intake.identity import slug, storable
from vidpipe.intake.model import IntakeState
from vidpipe.intake.tails import language_in, tail_of
from vidpipe.intake.taking import notice
from vidpipe.storage.objects import ObjectInfo
from vidpipe_tests.conftest import take


def info(key, etag="e"):
    return ObjectInfo(key=key, size_bytes=10, etag=etag, modified_s=100.0)


@pytest.mark.parametrize(
    ("recording", "name", "tail"),
    [
        ("talk.mp4", "talk.srt", ".srt"),
        ("TALK.MP4", "TALK.SRT", ".srt"),
        ("talk.mp4", "Talk.en.SRT", ".en.srt"),
        ("talk.mp4", "talk.en-US.vtt", ".en-us.vtt"),
        ("talk.mp4", "talk.pt_BR.forced.srt", ".pt_br.forced.srt"),
        ("talk.mp4", "talk.german.srt", ".german.srt"),
        ("talk.mp4", "talk.mp4.srt", ".mp4.srt"),
        ("a.b c [x1].webm", "a.b c [x1].en-orig.vtt", ".en-orig.vtt"),
        ("GMT2024_Recording_1920x1080.mp4", "GMT2024_Recording.transcript.vtt", ".transcript.vtt"),
        ("GMT2024_Recording_as_1920x1080.mp4", "GMT2024_Recording.cc.vtt", ".cc.vtt"),
        ("talk.mp4", "talk.part2.srt", ""),
        ("talk.mp4", "talk2.srt", ""),
        ("talk.mp4", "talk-en.srt", ""),
        ("talk.mp4", "talk.info.json", ""),
    ],
)
def test_whose_transcript_it_is(recording, name, tail, tmp_path):
    assert tail_of(name, recording) == tail
    for each in (recording, name):
        (tmp_path / each).write_bytes(b"x")
    assert list(sidecars.beside(tmp_path / recording)) == ([tail] if tail else [])
    [seen] = scan([info(f"lab/{recording}"), info(f"lab/{name}")])
    assert list(seen.sidecars) == ([tail] if tail else [])


def test_the_longest_stem_has_the_transcript_and_the_plain_one_comes_first(tmp_path):
    for name in ("talk.mp4", "talk.en.mp4", "talk.en.srt", "talk.de.srt", "talk.vtt"):
        (tmp_path / name).write_bytes(b"x")
    found = sidecars.beside(tmp_path / "talk.mp4")
    assert set(found) == {".de.srt", ".vtt"}
    assert sidecars.transcripts(found) == [".vtt", ".de.srt"]
    assert list(sidecars.beside(tmp_path / "talk.en.mp4")) == [".srt"]
    tails = [".en.srt", ".en.forced.srt", ".json", ".yaml", ".srt"]
    assert sidecars.transcripts(tails) == [".srt", ".json", ".en.srt", ".en.forced.srt"]
    assert language_in("transcript.en-us.srt") == "en-us" and language_in("transcript.srt") == ""


def test_what_is_passed_over_has_a_row_and_a_reason(engine):
    listing = [
        info("default/talk.mp4"),
        info("default/talk.en.srt"),
        info("default/notes.txt"),
        info("default/notes.md"),
        info("default/other.srt"),
        info("default/big.mp4.part"),
        info("default/photo.jpg"),
        info("default/.hidden"),
        info("default/Thumbs.db"),
        info("default/film.wmv"),
    ]
    seen = scan(listing)
    left = left_out(listing, seen)
    assert {s.key for s in seen} == {"default/talk.mp4", "default/film.wmv"}
    assert {item.key.split("/")[1]: item.reason for item in left} == {
        "notes.txt": "no_recording",
        "notes.md": "unknown_kind",
        "other.srt": "no_recording",
        "big.mp4.part": "unfinished",
        "photo.jpg": "picture",
    }
    notice(engine.catalog, seen, left)
    rows = {row.key: row for row in engine.catalog.uploads()}
    assert rows["default/other.srt"].state == "skipped"
    assert "talk.srt" in rows["default/other.srt"].message
    assert notice(engine.catalog, seen, left) == []
    # Its recording comes: it is passed over no longer.
    more = [*listing, info("default/other.mov")]
    seen = scan(more)
    assert [s.key for s in notice(engine.catalog, seen, left_out(more, seen))] == [
        "default/other.mov"
    ]
    assert "default/other.srt" not in {row.key for row in engine.catalog.uploads()}


@pytest.mark.parametrize(
    "folder",
    [
        *("$RECYCLE.BIN/S-1-5-21", "#recycle", "@Recycle", ".Trash-1000/files", ".recycle"),
        *("@eaDir/talk.mp4", "#snapshot/daily", "__MACOSX", "lost+found", "_UNPACK_talk"),
        "talk.mp4.download",
    ],
)
@pytest.mark.parametrize("root", ["", "default/", "default/2026/"])
def test_what_was_thrown_away_or_is_being_unpacked_is_nobodys_upload(root, folder):
    listing = [
        info(f"{root}{folder}/old.mp4"),
        info(f"{root}{folder}/old.srt"),
        info("default/a.mp4"),
    ]
    seen = scan(listing)
    assert [s.key for s in seen] == ["default/a.mp4"]
    assert left_out(listing, seen) == []


@pytest.mark.parametrize(
    "name",
    ["talk.f137.mp4", "talk.f251-drc.webm", "talk.temp.mkv", "talk.tmp.mp4", "talk.mp4.ytdl"],
)
def test_halves_of_a_download_are_unfinished(name):
    listing = [info(f"default/{name}"), info("default/talk.mp4"), info("default/talk.srt")]
    seen = scan(listing)
    assert [(s.key, list(s.sidecars)) for s in seen] == [("default/talk.mp4", [".srt"])]
    assert [(p.key, p.reason) for p in left_out(listing, seen)] == [
        (f"default/{name}", "unfinished")
    ]


@pytest.mark.parametrize(
    "name", ["f137.mp4", "talk.final.mp4", "part.mp4", "trash.mp4", "a.f1x.mp4"]
)
def test_names_that_look_like_that_are_taken(name):
    assert [s.key for s in scan([info(f"default/{name}")])] == [f"default/{name}"]


@pytest.mark.parametrize(
    "name",
    [b"a\nb\t\x1b[31m.mp4", b"M\xfcller.mp4", b"x" * 250 + b".mp4", "ü".encode() * 120 + b".mov"],
)
def test_names_that_nobody_can_carry_are_rejected_and_kept(engine, tmp_path, name):
    path = tmp_path / os.fsdecode(name)
    path.write_bytes(b"no video at all")
    outcome = take(engine, path)
    assert outcome.state is IntakeState.QUARANTINED
    assert engine.store.get_bytes(outcome.quarantine_key) == b"no video at all"
    [row] = engine.catalog.uploads()
    assert row.state == "quarantined" and row.key.isprintable() and row.message


def test_a_name_of_255_bytes_is_taken(engine, talk, tmp_path):
    path = tmp_path / ("n" * 251 + ".mp4")
    shutil.copy(talk.path, path)
    assert take(engine, path).state is IntakeState.ACCEPTED


@settings(max_examples=100, deadline=None, derandomize=True)
@given(st.text(max_size=120), st.integers(20, 200))
def test_any_name_can_be_stored_and_read(text, most):
    kept = storable(text, most)
    assert len(kept.encode()) <= most and not any(ord(c) < 32 for c in kept)
    assert slug(text, 40).isascii() and 0 < len(slug(text, 40)) <= 40


@pytest.mark.parametrize(
    "text",
    [
        "clips: " + "9" * 5000,
        "clips: 1e400",
        "title: !!int many",
        "title: !!timestamp 2024-13-45",
        "title: 2024-13-45",
        "keep: [{start_s: .nan, end_s: 5}]",
        "keep: [{start_s: 1, end_s: .inf}]",
        "[" * 3000,
        "{" * 3000,
        "a: " + "[" * 500 + "]" * 500,
        'title: "\\ud800"',
        'title: "\\0"',
        "? {a: b}\n: c",
        "- just\n- a list",
        "just words",
        "5",
        "1: 2",
        "null: x",
        "? [a]\n: b",
        "title: " + "x" * 300_000,
        "layout: [{screen: {x: 1e30, y: 0, width: 9, height: 9}}]",
        "layout: [{screen: {x: 99999999999999999999, y: 0, width: 9, height: 9}}]",
        "title: !!python/object:os.system {}",
        "title: !!binary gg",
        "title: *nobody",
        "&a [*a]",
        "terms: {a: 1}",
        "length: 45-20",
        "<<: 5",
        "title: !!float x",
        "title: !!bool perhaps",
        "title: !!set [a]",
        "title: !!omap {a: b}",
        "priority: 0x" + "f" * 400,
        "priority: 190:20:30",
    ],
)
def test_no_instructions_end_as_a_bug(tmp_path, text):
    path = tmp_path / "talk.yaml"
    path.write_text(text)
    with pytest.raises(InputRejected) as refused:
        sidecars.read_instructions(path, "talk.yaml", ["tiktok"])
    assert refused.value.reason == "bad_sidecar" and refused.value.message


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | st.dates(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=6,
)
_FIELDS = ("title", "language", "terms", "clips", "length", "layout", "keep", "skip", "priority")


@settings(max_examples=120, deadline=None, derandomize=True)
@given(st.dictionaries(st.sampled_from(_FIELDS), _VALUES, max_size=4))
def test_any_instructions_are_read_or_refused(tmp_path_factory, fields):
    import yaml

    path = tmp_path_factory.mktemp("any") / "talk.yaml"
    path.write_text(yaml.safe_dump(fields, allow_unicode=True), "utf-8", "surrogatepass")
    try:
        read = sidecars.read_instructions(path, "talk.yaml", ["tiktok"])
    except InputRejected as refused:
        assert refused.message
    else:
        assert set(read.model_fields_set) <= set(fields)

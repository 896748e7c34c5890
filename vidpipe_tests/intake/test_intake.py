import shutil

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vidpipe.catalog.tables import now
from vidpipe.errors import InputRejected
from vidpipe.intake.drops import changes, family, scan
from vidpipe.intake.identity import slug, video_id
from vidpipe.intake.model import IntakeState, Sidecar
from vidpipe.intake.rules import check_name
from vidpipe.storage.keys import Folder
from vidpipe.storage.objects import ObjectInfo
from vidpipe_tests.conftest import take
from vidpipe_tests.media.coding import made


@given(st.text(max_size=300), st.from_regex(r"[a-z0-9_]{1,24}", fullmatch=True))
def test_ids_fit_a_partition_key_whatever_the_name(name, channel):
    import re

    found = video_id(channel, name + ".mp4", "0123456789abcdef")
    assert re.fullmatch(r"[a-z0-9_-]{1,64}", found)
    assert found.startswith(f"{channel}--") and found.endswith("-0123456789")


def test_slugs_read_like_the_name():
    assert slug("Über Größe: Teil 2 (final)", 40) == "uber-grosse-teil-2-final"
    assert slug("两个模型", 40) == "lianggemoxing" and slug("Привет, мир", 40) == "privet-mir"
    assert slug("محاضرة", 40) != "video" and slug("🚀🚀", 40) == "video"
    assert slug("???", 40) == "video"
    assert slug("one two three", 8) == "one-two"


@pytest.mark.parametrize("name", ["a\nb.mp4", "\0.mp4", ".mp4", "x" * 300 + ".mp4"])
def test_names_that_no_system_carries_are_refused(name):
    with pytest.raises(InputRejected):
        check_name(name)


def test_an_upload_is_accepted_once_and_its_copy_is_an_alias(engine, talk, tmp_path):
    first = take(engine, talk.path)
    assert first.state is IntakeState.ACCEPTED
    copy = tmp_path / "another name.mp4"
    shutil.copy(talk.path, copy)
    second = take(engine, copy)
    assert second.state is IntakeState.ALIAS and second.video_id == first.video_id
    assert "not processed again" in second.message
    again = take(engine, talk.path)
    assert again.state is IntakeState.ACCEPTED and not again.sidecar_changed
    assert len(engine.catalog.videos()) == 1
    assert take(engine, copy, channel="other").state is IntakeState.ACCEPTED


@pytest.mark.parametrize("sound", ["the same", "another"])
def test_a_recording_in_another_container_is_an_alias(engine, talk, tmp_path, sound):
    """As a recorder leaves it beside the file that it wrote; a new sound is a new recording."""
    written, copied = tmp_path / "2026-01-05 10-00-00.mkv", tmp_path / "2026-01-05 10-00-00.mp4"
    made(written, "-i", str(talk.path), "-c", "copy")
    coding = (
        ["-c", "copy"] if sound == "the same" else ["-c:v", "copy", "-c:a", "aac", "-b:a", "64k"]
    )
    made(copied, "-i", str(written), *coding)
    first, second = take(engine, written), take(engine, copied)
    assert first.state is IntakeState.ACCEPTED
    if sound == "another":
        assert second.state is IntakeState.ACCEPTED and second.video_id != first.video_id
        return
    assert second.state is IntakeState.ALIAS and second.video_id == first.video_id
    assert second.message.startswith(f"the same recording as {written.name}: an alias of")
    assert len(engine.catalog.videos()) == 1
    # Under another name it is somebody's request.
    renamed = copied.rename(tmp_path / "for the spring series.mp4")
    assert take(engine, renamed).state is IntakeState.ACCEPTED


def test_a_changed_sidecar_makes_the_video_wait_again(engine, talk, tmp_path):
    path = tmp_path / "talk.mp4"
    shutil.copy(talk.path, path)
    first = take(engine, path)
    engine.catalog.finish_video(first.video_id, now())
    assert engine.catalog.requests.due(5) == []
    path.with_suffix(".yaml").write_text("title: A better title\nclips: 1\n")
    second = take(engine, path)
    assert second.sidecar_changed
    [request] = engine.catalog.requests.due(5)
    assert (request.video_id, request.cause) == (first.video_id, "sidecar")
    assert engine.catalog.video(first.video_id).finished_at is None
    manifest = engine.artifacts.current(first.video_id, Folder.RAW, "sidecar")
    assert engine.artifacts.document(manifest, Sidecar).instructions.title == "A better title"
    assert engine.order(first.video_id).clip_count == 1


def test_rejected_uploads_are_kept_with_their_reason(engine, tmp_path):
    path = tmp_path / "talk.mp4"
    path.write_text("#EXTM3U\n")
    outcome = take(engine, path)
    assert outcome.state is IntakeState.QUARANTINED and outcome.reason == "playlist"
    assert engine.store.get_bytes(outcome.quarantine_key) == b"#EXTM3U\n"
    assert b"playlist" in engine.store.get_bytes(f"{outcome.quarantine_key}.reason.txt")
    row = engine.catalog.uploads()[0]
    assert (row.state, row.reason) == ("quarantined", "playlist")
    assert engine.catalog.videos() == []


def test_an_unknown_channel_is_rejected_with_the_ones_there_are(engine, talk):
    outcome = take(engine, talk.path, channel="nobody")
    assert outcome.reason == "unknown_channel"
    assert "default, other" in outcome.message


def test_a_file_outside_the_channel_folders_is_rejected_with_where_to_put_it(engine, talk):
    outcome = take(engine, talk.path, channel="")
    assert outcome.reason == "no_channel" and "default, other" in outcome.message


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("clips: many", "clips"),
        ("colour: red", "colour"),
        ("platforms: [myspace]", "myspace"),
        ("layout: [{start_s: 5}]", "a screen, a camera"),
        (
            "layout: [{end_s: 9, screen: {x: 0, y: 0, width: 9, height: 9}},"
            " {start_s: 8, camera: {x: 0, y: 0, width: 9, height: 9}}]",
            "two of them hold at 8 s",
        ),
        ("a: b: c", "not valid YAML"),
    ],
)
def test_a_bad_instruction_file_names_the_field(engine, talk, tmp_path, text, says):
    path = tmp_path / "talk.mp4"
    shutil.copy(talk.path, path)
    path.with_suffix(".yaml").write_text(text)
    outcome = take(engine, path)
    assert outcome.state is IntakeState.QUARANTINED and outcome.reason == "bad_sidecar"
    assert says in outcome.message


def info(key, etag="e", size=10, modified=100.0):
    return ObjectInfo(key=key, size_bytes=size, etag=etag, modified_s=modified)


def test_a_survey_joins_videos_and_sidecars():
    seen = scan(
        [
            info("default/talk.mp4"),
            info("default/talk.SRT"),
            info("default/talk.yaml"),
            info("default/notes.txt"),
            info("default/.hidden.mp4"),
            info("stray.mp4"),
            info("default/deep/ünï.mov"),
        ]
    )
    assert [s.key for s in seen] == ["default/deep/ünï.mov", "default/talk.mp4", "stray.mp4"]
    assert (seen[2].channel, seen[2].name) == ("", "stray.mp4")
    assert sorted(seen[1].sidecars) == [".srt", ".yaml"]
    assert seen[1].channel == "default" and seen[0].name == "deep/ünï.mov"


def test_what_changed_is_what_differs_in_version_or_sidecars():
    seen = scan([info("a/x.mp4"), info("a/y.mp4"), info("a/y.srt")])
    known = {s.key: (s.version, s.sidecar_version) for s in seen}
    assert changes(known, seen) == []
    replaced = scan([info("a/x.mp4", etag="new"), info("a/y.mp4"), info("a/y.srt")])
    assert [s.key for s in changes(known, replaced)] == ["a/x.mp4"]
    bare = scan([info("a/x.mp4"), info("a/y.mp4")])
    assert [s.key for s in changes(known, bare)] == ["a/y.mp4"]


def test_a_video_and_its_sidecars_are_one_family_wherever_a_listing_is_cut():
    keys = ["a/talk.json", "a/talk.mp4", "a/talk.part.2.mp4", "a/talk.srt"]
    assert {family(k) for k in keys} == {"a/talk"}
    assert family("a/talk-2.mp4") != family("a/talk.mp4")
    assert family("a.b/c") == "a.b/c" and family("noext") == "noext"

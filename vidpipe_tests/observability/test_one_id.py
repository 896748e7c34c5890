"""One id finds the request, the job, the run, its steps and their programs: in real processes."""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

from vidpipe.catalog.tables import now
from vidpipe.observability.context import parsed
from vidpipe_tests.conftest import make_engine

ROOT = Path(__file__).parents[2]
#: Of whoever asks: their trace, and the id that they give their request.
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
CALLER = "00f067aa0ba902b7"
REQUEST = "req-of-a-client-1"
SECRET = "store-pass-0123456789"

SERVE = "from vidpipe.cli import main; main()"
#: What the daemon does: asks the sensor, and has the run that it asks for led by a process.
RUN = """
import json, sys
import dagster as dg
from definitions import defs
from resources.vidpipe_resource import VidpipeResource
from deploy.demo import process_video
from sensors.video_requests import video_requests

with dg.DagsterInstance.get() as instance:
    with dg.build_sensor_context(instance=instance, definitions=defs) as context:
        result = video_requests(context, vidpipe=VidpipeResource())
    (wanted,) = result.run_requests
    instance.add_dynamic_partitions("videos", [wanted.partition_key])
    done = dg.execute_job(
        dg.reconstructable(process_video).get_subset(
            asset_selection=frozenset(wanted.asset_selection)
        ),
        instance=instance,
        tags={**wanted.tags, "dagster/partition": wanted.partition_key},
        run_config=wanted.run_config,
        raise_on_error=False,
    )
    with done as result:
        print(json.dumps({"run_id": result.run_id, "success": result.success, "tags": wanted.tags}))
"""


@pytest.fixture
def home(processed, tmp_path):
    home = tmp_path / "home"
    shutil.copytree(processed.engine.settings.home, home)
    catalog = make_engine(home).catalog
    # As the runs of stages that made it would have left it.
    catalog.finish_video(processed.video_id, now())
    catalog.engine.dispose()
    (home / "dagster").mkdir()
    shutil.copy(ROOT / "dagster.yaml", home / "dagster")
    return home


@pytest.fixture
def environment(home, collector):
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("VIDPIPE_", "OTEL_"))}
    return {
        **kept,
        "PYTHONPATH": str(ROOT),
        "VIDPIPE_HOME": str(home),
        "DAGSTER_HOME": str(home / "dagster"),
        "VIDPIPE_LOG__FORMAT": "json",
        "VIDPIPE_ALLOW_MODEL_DOWNLOAD": "false",
        "VIDPIPE_QUEUE__MIN_FREE_GIB": "0",
        "VIDPIPE_ACCOUNTS__MAIL__PASSWORD": SECRET,
        "OTEL_EXPORTER_OTLP_ENDPOINT": collector.url,
        "OTEL_BSP_SCHEDULE_DELAY": "200",
    }


def asked_of_the_api(environment, log, body, collector):
    """A job, asked for at a real server whose span of that has arrived; its id."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with log.open("wb") as stream:
        serve = subprocess.Popen(
            [sys.executable, "-c", SERVE, "serve", "--port", str(port)],
            env=environment,
            cwd=ROOT,
            stderr=stream,
        )
    url = f"http://127.0.0.1:{port}"
    try:
        for _ in range(600):
            try:
                httpx.get(f"{url}/health")
                break
            except httpx.HTTPError:
                assert serve.poll() is None, log.read_text()
                time.sleep(0.1)
        headers = {"X-Request-ID": REQUEST, "traceparent": f"00-{TRACE}-{CALLER}-01"}
        answer = httpx.post(f"{url}/api/v1/jobs", json=body, headers=headers)
        assert answer.status_code == 201, answer.text
        httpx.get(f"{url}/api/v1/jobs/none?token=query-secret-1")
        for _ in range(300):
            if any(span["name"] == "POST /api/v1/jobs" for span in collector.spans()):
                break
            time.sleep(0.1)
        return answer.json()["job_id"]
    finally:
        serve.terminate()
        serve.wait(timeout=20)


def lines(text):
    """Every line of a log; each is an object of JSON."""
    found = []
    for line in filter(None, text.split("\n")):
        try:
            found.append(json.loads(line))
        except ValueError:
            pytest.fail(f"no JSON: {line!r}")
    return found


def test_one_id_finds_all_of_a_video(home, environment, collector, processed, tmp_path):
    platform = "platform_exports/tiktok"
    body = {"video_id": processed.video_id, "stages": [platform], "options": {"force": True}}
    job_id = asked_of_the_api(environment, tmp_path / "serve.log", body, collector)
    done = subprocess.run(
        [sys.executable, "-c", RUN],
        env=environment,
        cwd=ROOT,
        check=False,
        capture_output=True,
        text=True,
        timeout=200,
    )
    assert done.returncode == 0, done.stderr
    run = json.loads(done.stdout.splitlines()[-1])
    assert run["success"], done.stderr

    # The request and the tags of the run.
    assert run["tags"]["vidpipe/http_request"] == REQUEST
    assert run["tags"]["vidpipe/job"] == job_id
    assert parsed(run["tags"]["vidpipe/traceparent"])[0] == TRACE

    # The logs of both processes and of those of the steps.
    served, worked = lines((tmp_path / "serve.log").read_text()), lines(done.stderr)
    of_trace = [line for line in served + worked if line.get("trace_id") == TRACE]
    by_event = {line["event"]: line for line in of_trace}
    assert {
        "http_request_done",
        "job_create_done",
        "request_open_done",
        "run_execution_started",
        "stage_run_started",
        "stage_run_done",
        "run_execution_done",
    } <= set(by_event)
    for event in ("stage_run_started", "stage_run_done"):
        line = by_event[event]
        assert line["request_id"] == REQUEST and line["job_id"] == job_id
        assert line["run_id"] == run["run_id"] and line["video_id"] == processed.video_id
        assert line["channel"] == "default" and line["stage"] == platform
    by_job = {line["event"] for line in served + worked if line.get("job_id") == job_id}
    assert {"job_create_done", "job_state_running", "stage_run_done"} <= by_job

    # One line for each step from one state to the next.
    counted = [line["event"] for line in worked if line["event"].startswith("stage_run_")]
    assert counted == ["stage_run_started", "stage_run_done"]
    assert len(worked) < 120

    # The trace: each span below the one that called it.
    spans = {span["span_id"]: span for span in collector.spans() if span["trace_id"] == TRACE}

    def above(span):
        names = []
        while span["parent"] in spans:
            span = spans[span["parent"]]
            names.append(span["name"])
        assert span["parent"] == CALLER
        return names

    (stage,) = [s for s in spans.values() if s["name"] == f"stage {platform}"]
    assert above(stage) == ["run process_video", "POST /api/v1/jobs"]
    assert stage["vidpipe.video_id"] == processed.video_id
    programs = [s for s in spans.values() if s["name"] == "program ffmpeg"]
    assert programs and all(above(s)[0] == stage["name"] for s in programs)
    assert {s["process.exit.code"] for s in programs} == {0}
    assert any(s.get("vidpipe.media_s_per_s", 0) > 0 for s in programs)
    assert any(s["name"] == "INSERT" and "POST /api/v1/jobs" in above(s) for s in spans.values())

    # Nothing secret, nothing that was said, in either.
    everything = (tmp_path / "serve.log").read_text() + done.stderr + str(collector.raw)
    assert SECRET not in everything and "query-secret-1" not in everything
    said = processed.document("transcript").words
    assert len(said) > 20
    for first, second, third in zip(said, said[1:], said[2:], strict=False):
        assert f"{first.text} {second.text} {third.text}" not in everything

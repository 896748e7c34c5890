"""From an upload to clips in one service, whatever becomes of its processes meanwhile."""

import json
import os
import signal
import subprocess
import time
from collections import Counter

import httpx
from sqlalchemy import select

from vidpipe.catalog.tables import StageRunRow
from vidpipe.media import ffmpeg
from vidpipe_tests.conftest import make_engine

LONG_S = 250
#: Of the recording: enough for one clip.
SECONDS = 11


def until(look, what, limit_s=LONG_S):
    for _ in range(limit_s * 5):
        found = look()
        if found:
            return found
        time.sleep(0.2)
    raise AssertionError(f"{what} did not come")


def uploaded(client, path):
    """A job of this file, sent as browsers send it."""
    said = {"channel": "default", "name": "talk.mp4", "size_bytes": path.stat().st_size}
    upload = client.post("/api/v1/uploads", json=said).raise_for_status().json()
    headers = {"Tus-Resumable": "1.0.0", "Upload-Offset": "0"}
    headers["Content-Type"] = "application/offset+octet-stream"
    client.patch(upload["url"], content=path.read_bytes(), headers=headers).raise_for_status()
    asked = {"upload_key": upload["key"], "options": {"clips": 1, "platforms": ["tiktok"]}}
    return client.post("/api/v1/jobs", json=asked).raise_for_status().json()["job_id"]


def beginning(path, target):
    """The first seconds of a recording, and small."""
    small = ("-t", str(SECONDS), "-vf", "scale=320:-2", "-preset", "ultrafast", "-c:a", "copy")
    command = [ffmpeg.executable(), "-v", "error", "-i", path, *small, target]
    subprocess.run(command, check=True)
    return target


def word_list(truth):
    """What is said in the beginning, each word with its time: nothing has to be aligned."""
    said = [(at, text) for at, text in truth.words if at < SECONDS - 1]
    ends = [at for at, _ in said[1:]] + [SECONDS - 0.5]
    words = [
        {"word": text, "start": at, "end": min(end, at + 0.5)}
        for (at, text), end in zip(said, ends, strict=True)
    ]
    return json.dumps({"language": "en", "words": words})


def stage_runs(engine):
    with engine.catalog.session() as session:
        return list(session.scalars(select(StageRunRow)))


def test_an_upload_becomes_clips_although_its_service_is_killed(serving, talk, tmp_path):
    first = serving("studio", "--no-browser")
    engine = make_engine(first.home)
    # Its words lie beside it, and are not recognised.
    (first.home / "drop" / "default" / "talk.json").write_text(word_list(talk.truth))
    with httpx.Client(base_url=first.url, timeout=60) as client:
        job = uploaded(client, beginning(talk.path, tmp_path / "talk.mp4"))
        until(lambda: "audio" in {run.stage for run in stage_runs(engine)}, "its sound")
        assert client.get(f"/api/v1/jobs/{job}").json()["state"] == "running"
    os.kill(first.process.pid, signal.SIGKILL)
    first.process.wait(30)
    # The process at work ends with it, and leaves what it had in hand to whoever comes next.
    until(lambda: not engine.catalog.requests.in_flight(), "the end of what was at work", 60)
    assert engine.catalog.failures.living() == []
    # Two share what is due from here on.
    second, third = serving("serve", "--process"), serving("serve", "--process")
    with httpx.Client(base_url=third.url, timeout=60) as client:
        ready = {i["name"]: i for i in client.get("/ready").json()["items"]}
        assert ready["processing"]["ok"] and "a service" in ready["processing"]["says"]

        def ended():
            found = client.get(f"/api/v1/jobs/{job}").json()
            return found if found["state"] in ("done", "failed", "cancelled") else None

        found = until(ended, "the end of the job")
        assert found["state"] == "done", (found, third.log)
        clips = client.get(f"/api/v1/videos/{found['video_id']}/clips").json()["items"]
        assert len(clips) == 1
        # Its run told its cost from its passages, beside what was said before.
        [renewed] = [one for one in found["estimates"] if one["after"] == "scored_segments"]
        assert renewed["passages"] == 1 and float(renewed["estimate"]) > float(renewed["spent"]) > 0
    made = Counter(run.stage for run in stage_runs(engine) if not run.error and not run.reused)
    assert "platform_exports/tiktok" in made and set(made.values()) == {1}, "nothing twice"
    for service in (second, third):
        service.process.terminate()
        # The server ends in order, and then by what it was told to end with.
        assert service.process.wait(60) in (0, -signal.SIGTERM)
    # They said that they end; the first one could not.
    assert {row.pid for row in engine.catalog.processes.all()} <= {first.process.pid}

"""Answers that are lost on real connections, and fakes that are started as programs."""

import asyncio
import contextlib
import json
import re
import signal
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest
import uvicorn
from pydantic import SecretStr

from vidpipe.outbound import guarded_client
from vidpipe.publishing import wire
from vidpipe.publishing.calls import Arrival
from vidpipe.publishing.model import Phase
from vidpipe_fakes import FAKES, Kind
from vidpipe_tests.publishing.driving import MemoryFiles, drive, scene_for, step

NAMES = ["youtube", "tiktok", "instagram", "facebook", "linkedin", "x", "webhook"]
ROOT = Path(__file__).parents[2]


@contextlib.asynccontextmanager
async def served(fake):
    """The fake on a port of this machine."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        config = uvicorn.Config(fake, log_level="critical", lifespan="off")
        server = uvicorn.Server(config)
        server.capture_signals = contextlib.nullcontext
        task = asyncio.create_task(server.serve(sockets=[listening]))
        while not server.started:
            await asyncio.sleep(0.005)
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            server.should_exit = True
            await task


async def to_the_end(name, number, kind):
    scene = scene_for(name)
    async with served(scene.fake) as base:
        other = scene_for(name, base)
        scene.machine = other.machine
        scene.at, scene.kind = number, kind
        async with guarded_client(allow_private=True, timeout_s=10) as client:
            while await step(scene, client):
                pass
    return scene


def lost_cases():
    for name in NAMES:
        for kind in (Kind.LOST, Kind.CUT, Kind.REFUSED):
            yield pytest.param(name, kind, id=f"{name}-{kind}")


@pytest.mark.parametrize(("name", "kind"), lost_cases())
def test_an_answer_is_lost_on_a_real_connection(name, kind):
    public = drive_and_find_the_last(name)
    scene = asyncio.run(to_the_end(name, public, kind))
    assert scene.state.phase is Phase.PUBLISHED
    assert len(scene.fake.shown()) == 1
    assert len(scene.calls) > public + 1


def drive_and_find_the_last(name):
    """The place of the request that makes the post public."""
    scene = scene_for(name)
    drive(scene)
    last = {"tiktok": "chunk", "facebook": "finish", "x": "post", "linkedin": "post"}
    wanted = last.get(name, "post" if name == "webhook" else "publish")
    return max(i for i, call in enumerate(scene.calls) if call == wanted)


def test_nobody_listens():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    scene = scene_for("x", f"http://127.0.0.1:{port}")
    call = scene.machine.plan(scene.post, scene.account, scene.state, scene.clock.now).call

    async def one(private):
        async with guarded_client(allow_private=private, timeout_s=5) as client:
            return await wire.perform(client, call, SecretStr("t"), MemoryFiles())

    assert asyncio.run(one(True)).arrival is Arrival.NOT_SENT
    refused = asyncio.run(one(False))
    assert refused.arrival is Arrival.NOT_SENT and refused.why == "address_private_address"
    state = scene.machine.take(
        scene.post, scene.account, scene.state, call, refused, scene.clock.now
    )
    assert state.held == "change" and "address" in state.fault.words


def test_fakes_are_started_as_a_program():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    # Its port is by its place among all, whichever others are started.
    first = port - list(FAKES).index("x")
    command = [sys.executable, "-m", "vidpipe_fakes", "--port", str(first), "--only", "x"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as program:
        try:
            assert f'{{"x": "http://127.0.0.1:{port}"}}' in program.stdout.readline()
            line = program.stdout.readline()
            found = re.search(r"(http://127\.0\.0\.1:\d+/)  token (\S+)", line)
            assert found and found[1] == f"http://127.0.0.1:{port}/", line
            page = fetched(found[1])
            assert "X (a fake)" in page and "Posts: 0" in page
            assert json.loads(fetched(f"{found[1]}_fake/posts")) == []
            second = subprocess.run(
                command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
            )
            assert second.returncode == 1 and len(second.stderr.splitlines()) == 1
            assert f"port {port} of this machine cannot be listened on" in second.stderr
        finally:
            program.send_signal(signal.SIGINT)
            program.wait(20)


def fetched(url):
    for _ in range(200):
        try:
            with urllib.request.urlopen(url, timeout=5) as answer:
                return answer.read().decode()
        except OSError:
            # It says where it is before it listens.
            continue
    raise AssertionError(f"nobody listens at {url}")

"""The client that is generated from the description works against a live service."""

from __future__ import annotations

import asyncio
import importlib.util
import json
import os
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from vidpipe.accounts.audit import COMMAND_LINE
from vidpipe.accounts.model import Role, Scope
from vidpipe.api.app import service
from vidpipe.api.security.gate import open_accounts
from vidpipe_tests.api.guarded import running

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "how-to" / "python-client.md").read_text("utf-8")


def block(language: str) -> str:
    [found] = re.findall(rf"^```{language}\n(.*?)^```", PAGE, re.M | re.S)
    return found


def test_every_operation_has_a_name_of_its_own():
    document = json.loads((ROOT / "docs" / "reference" / "openapi.json").read_text("utf-8"))
    names = Counter(
        operation["operationId"]
        for methods in document["paths"].values()
        for operation in methods.values()
    )
    assert [name for name, count in names.items() if count > 1] == []
    assert all(re.fullmatch(r"[a-z][a-z_]{1,39}", name) for name in names)


@pytest.fixture
def generated(tmp_path):
    """A folder with the client, made by the command of the page."""
    if importlib.util.find_spec("openapi_python_client") is None:
        pytest.skip("openapi-python-client is not installed: pip install 'vidpipe[dev]'")
    command = block("sh").replace(".venv/bin/", f"{Path(sys.executable).parent}/")
    command = command.replace("vidpipe_client", str(tmp_path / "vidpipe_client"))
    done = subprocess.run(
        ["bash", "-ec", command], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    said = done.stdout + done.stderr
    assert "Unable to parse" not in said and "Ignoring" not in said, said
    return tmp_path


def test_the_example_of_the_page_runs(generated, library, video_id):
    async def key() -> str:
        accounts = open_accounts(library.engine.settings)
        try:
            made = await accounts.keys.create(
                "client",
                COMMAND_LINE,
                organisation="default",
                role=Role.EDITOR,
                scopes=[Scope.READ, Scope.WRITE],
            )
            return made[1]
        finally:
            await accounts.close()

    token = asyncio.run(key())

    def example(token: str) -> subprocess.CompletedProcess[str]:
        with running(service(library)) as url:
            return subprocess.run(
                [sys.executable, "-c", block("python")],
                cwd=generated,
                env={**os.environ, "API_URL": url, "API_KEY": token},
                capture_output=True,
                text=True,
                timeout=120,
                check=False,
            )

    done = example(token)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0] == "queued 0 %"
    clips = library.outputs.clips(channels={"default"}).items
    for clip in clips:
        assert f"{clip.rank} {clip.title}" in lines
    assert sum("/files/" in line for line in lines) == sum(len(c.platforms) for c in clips)
    assert any(line.startswith(f"{video_id} at ") for line in lines)
    [job] = library.jobs.list(channels={"default"}).items
    assert job.stages == ("scored_segments", "rendered_clips")
    refused = example("vp_wrong")
    assert refused.returncode != 0 and "unauthenticated: the key" in refused.stderr

"""The tools with the SDK's own client, over both transports, for everybody who may call."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx2
import pytest
from mcp import Client, StdioServerParameters
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.exceptions import MCPError
from typer.testing import CliRunner

from vidpipe.accounts.audit import COMMAND_LINE
from vidpipe.accounts.model import Role, Scope
from vidpipe.api import serving
from vidpipe.api.app import service
from vidpipe.cli import app as cli
from vidpipe.library import Library
from vidpipe.mcp.http import extension
from vidpipe_tests.api.guarded import Guarded, guarded, running

TOOLS = {
    "submit_job",
    "job_status",
    "list_videos",
    "list_clips",
    "get_transcript",
    "search",
    "render_options",
    "rerender",
    "cancel_job",
    "list_reviews",
    "approve",
    "reject",
}


@contextlib.asynccontextmanager
async def over_http(url: str, headers: dict[str, str], **options) -> AsyncIterator[Client]:
    async with httpx2.AsyncClient(headers=headers) as sender:
        transport = streamable_http_client(f"{url}/mcp", http_client=sender)
        async with Client(transport, **options) as client:
            yield client


def call(url: str, headers: dict[str, str], tool: str, arguments=None, **options):
    """Call one tool over HTTP; the result."""

    async def main():
        async with over_http(url, headers, **options) as client:
            return await client.call_tool(tool, arguments or {})

    return asyncio.run(main())


def words(result) -> str:
    return " ".join(part.text for part in result.content)


@pytest.fixture(scope="module")
def served(tmp_path_factory) -> Iterator[tuple[Guarded, str]]:
    """A service that asks for a login, with the tools."""
    with guarded(tmp_path_factory.mktemp("mcp")) as made:
        app = service(made.library, host="0.0.0.0", extensions=[extension()])
        with running(app) as url:
            yield made, url


@pytest.fixture(scope="module")
def keys(served) -> dict[str, dict[str, str]]:
    made, _ = served
    return {
        "editor": made.key(role=Role.EDITOR, scopes=[Scope.READ, Scope.WRITE]),
        "reader": made.key(role=Role.EDITOR, scopes=[Scope.READ]),
        "viewer": made.key(role=Role.VIEWER, scopes=[*Scope]),
        "stranger": made.key(role=Role.ADMIN, scopes=[*Scope], organisation="default"),
        "talks": made.key(role=Role.EDITOR, scopes=[*Scope], channels=["talks"]),
    }


@pytest.mark.parametrize("mode", ["auto", "legacy"])
def test_the_tools_are_listed_with_what_they_take(served, keys, mode):
    _, url = served

    async def main():
        async with over_http(url, keys["editor"], mode=mode) as client:
            return (await client.list_tools()).tools, client.instructions

    tools, instructions = asyncio.run(main())
    assert {tool.name for tool in tools} == TOOLS
    assert "search" in instructions
    for tool in tools:
        assert tool.description and tool.output_schema is not None
        assert "ctx" not in tool.input_schema.get("properties", {})
        changes = tool.name in ("submit_job", "rerender", "cancel_job", "approve", "reject")
        assert tool.annotations.read_only_hint is not changes


def test_a_job_is_submitted_watched_and_cancelled(served, keys):
    made, url = served
    video_id = made.objects("news")["video_id"]
    job = call(url, keys["editor"], "submit_job", {"video_id": video_id, "stages": ["transcript"]})
    assert not job.is_error, words(job)
    assert job.structured_content["state"] == "queued"
    job_id = job.structured_content["job_id"]
    status = call(url, keys["editor"], "job_status", {"job_id": job_id}).structured_content
    assert status["progress"]["stages_remaining"] == ["transcript"]
    cancelled = call(url, keys["editor"], "cancel_job", {"job_id": job_id})
    assert cancelled.structured_content["state"] == "cancelled"
    again = call(url, keys["editor"], "rerender", {"video_id": video_id, "stages": ["topics"]})
    assert again.structured_content["stages"] == ["topics"]
    other = call(
        url,
        keys["editor"],
        "rerender",
        {"video_id": video_id, "options": {"clips": 3, "template": "spotlight"}},
    )
    assert not other.is_error, words(other)
    assert other.structured_content["options"]["clips"] == 3
    # Who did what is written down.
    entries = made.run(lambda accounts: accounts.audit.read(limit=4))[1:]
    assert [entry.action for entry in entries] == ["stages.request", "job.cancel", "job.create"]
    assert all(entry.actor.startswith("key:") and entry.request_id for entry in entries)
    assert {entry.organisation for entry in entries} == {"acme"}
    assert entries[1].before != entries[1].after


def test_lists_hold_what_the_key_may_see(served, keys):
    made, url = served
    mine, theirs = made.objects("news")["video_id"], made.objects("default")["video_id"]
    for tool, arguments in (
        ("list_videos", {"limit": 100}),
        ("list_clips", {"limit": 100}),
        ("search", {"q": "said", "limit": 100}),
    ):
        said = words(call(url, keys["editor"], tool, arguments))
        assert mine in said and theirs not in said, tool
        said = words(call(url, keys["stranger"], tool, arguments))
        assert theirs in said and mine not in said, tool
        said = words(call(url, keys["talks"], tool, arguments))
        assert theirs not in said and mine not in said, tool
    options = call(url, keys["editor"], "render_options").structured_content
    assert [channel["name"] for channel in options["channels"]] == ["news", "talks"]
    assert "tiktok" in {platform["name"] for platform in options["platforms"]}
    assert options["templates"][0]["name"] == "spotlight"


def test_pages_go_on(served, keys):
    made, url = served
    for _ in range(3):
        made.objects("news")
    seen, cursor = [], None
    while True:
        page = call(
            url, keys["editor"], "list_clips", {"limit": 2, "cursor": cursor}
        ).structured_content
        seen += [clip["video_id"] for clip in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert len(seen) == len(set(seen)) >= 3


@pytest.mark.parametrize("who", ["reader", "viewer"])
def test_a_key_without_the_scope_or_the_role_changes_nothing(served, keys, who):
    made, url = served
    at = made.objects("news")
    for tool, arguments in (
        ("submit_job", {"video_id": at["video_id"]}),
        ("rerender", {"video_id": at["video_id"], "stages": ["topics"]}),
        ("cancel_job", {"job_id": at["job_id"]}),
    ):
        refused = call(url, keys[who], tool, arguments)
        assert refused.is_error and "forbidden" in words(refused), tool
        assert "may not" in words(refused) or "not good for" in words(refused)
    assert made.library.jobs.get(at["job_id"]).state == "queued"
    assert len(made.library.jobs.list(channels={"news"}, video_id=at["video_id"]).items) == 1
    assert not call(url, keys[who], "job_status", {"job_id": at["job_id"]}).is_error


def test_what_is_another_organisations_is_not_there(served, keys):
    made, url = served
    at = made.objects("default")
    for tool, arguments, code in (
        ("submit_job", {"video_id": at["video_id"]}, "video_not_found"),
        ("rerender", {"video_id": at["video_id"], "stages": ["topics"]}, "video_not_found"),
        ("get_transcript", {"video_id": at["video_id"]}, "video_not_found"),
        ("list_clips", {"video_id": at["video_id"]}, "video_not_found"),
        ("job_status", {"job_id": at["job_id"]}, "job_not_found"),
        ("cancel_job", {"job_id": at["job_id"]}, "job_not_found"),
        ("render_options", {"channel": "default"}, "channel_not_found"),
    ):
        refused = call(url, keys["editor"], tool, arguments)
        assert refused.is_error and code in words(refused), (tool, words(refused))
    found = call(url, keys["editor"], "search", {"q": "said", "video_id": at["video_id"]})
    assert found.structured_content["items"] == []
    assert made.library.jobs.get(at["job_id"]).state == "queued"


@pytest.mark.parametrize(
    ("tool", "arguments"),
    [
        ("job_status", {}),
        ("job_status", {"job_id": "../../etc"}),
        ("list_videos", {"limit": 0}),
        ("list_videos", {"cursor": "nonsense"}),
        ("list_videos", {"state": ["asleep"]}),
        ("list_videos", {"chanel": "news"}),
        ("rerender", {"video_id": "VIDEO", "stage": ["topics"]}),
        ("submit_job", {}),
        ("submit_job", {"upload_key": "news/none.mp4"}),
        ("rerender", {"video_id": "VIDEO", "stages": []}),
        ("rerender", {"video_id": "VIDEO", "stages": ["none"]}),
        ("rerender", {"video_id": "VIDEO", "options": {"template": "none"}}),
        ("rerender", {"video_id": "VIDEO", "options": {"clips": 0}}),
        ("get_transcript", {"video_id": "VIDEO"}),
        ("nothing", {}),
    ],
)
def test_what_is_wrong_is_said(served, keys, tool, arguments):
    made, url = served
    video_id = made.objects("news")["video_id"]
    arguments = {k: video_id if v == "VIDEO" else v for k, v in arguments.items()}
    refused = call(url, keys["editor"], tool, arguments)
    assert refused.is_error and words(refused)
    assert "Traceback" not in words(refused) and "internal_error" not in words(refused)


@pytest.mark.parametrize(
    ("headers", "status", "code"),
    [
        ({}, 401, "unauthenticated"),
        ({"Authorization": "Bearer vp_nonsense"}, 401, "unauthenticated"),
        ({"Authorization": "Basic eDp5"}, 401, "unauthenticated"),
        ({"Origin": "https://example.org"}, 403, "foreign_origin"),
        ({"Host": "example.org"}, 421, None),
    ],
)
def test_nobody_gets_in_without_a_key(served, headers, status, code):
    _, url = served
    body = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
    accepts = {"Accept": "application/json, text/event-stream", "Content-Type": "application/json"}
    answer = httpx2.post(f"{url}/mcp", json=body, headers={**accepts, **headers})
    assert answer.status_code == status, answer.text
    if code is not None:
        said = answer.json()
        told = said["code"] if "code" in said else said["error"]["data"]["code"]
        assert told == code and answer.headers["x-request-id"]
    if status == 401:
        assert answer.headers["www-authenticate"].startswith("Bearer")


def test_clips_are_approved_with_the_scope_of_the_key(served, keys):
    made, url = served
    at = made.objects("news")
    reviewer = made.key(role=Role.EDITOR, scopes=[Scope.READ, Scope.REVIEW])
    listed = call(url, reviewer, "list_reviews", {"video_id": at["video_id"]})
    [item] = listed.structured_content["items"]
    seen = {"video_id": at["video_id"], "clip": "1", "fingerprint": item["fingerprint"]}
    for who in ("editor", "reader"):
        refused = call(url, keys[who], "approve", seen)
        assert refused.is_error and "forbidden" in words(refused)
    changed = call(url, reviewer, "approve", {**seen, "fingerprint": "0" * 64})
    assert changed.is_error and "clip_changed" in words(changed)
    told = call(url, reviewer, "reject", {**seen, "reason": "no_context"})
    assert told.structured_content["state"] == "rejected"
    second = call(url, made.key(role=Role.EDITOR, scopes=[*Scope]), "approve", seen)
    assert second.is_error and "already_decided" in words(second)
    admin = made.key(role=Role.ADMIN, scopes=[*Scope])
    log = made.client.get("/audit?action=clip.reject", headers=admin).json()["items"]
    assert log[0]["object"] == f"videos/{at['video_id']}/clips/c0ffee"


@pytest.mark.parametrize("method", ["GET", "DELETE", "PUT"])
def test_there_is_nothing_to_listen_to(served, keys, method):
    _, url = served
    headers = {**keys["editor"], "Accept": "text/event-stream"}
    answer = httpx2.request(method, f"{url}/mcp", headers=headers)
    assert answer.status_code == 405 and answer.headers["allow"] == "POST"


def test_a_key_that_is_revoked_is_refused_at_once(served):
    made, url = served
    headers = made.key(role=Role.VIEWER, scopes=[Scope.READ])
    assert not call(url, headers, "list_videos").is_error

    async def revoke(accounts):
        token = headers["Authorization"].removeprefix("Bearer ")
        [mine] = [key for key in await accounts.keys.list(["acme"]) if key.prefix in token]
        await accounts.keys.revoke(mine.id, COMMAND_LINE)

    made.run(revoke)
    assert "unauthenticated: the key" in refusal(url, headers)


def refusal(url: str, headers: dict[str, str]) -> str:
    """What the client says of a server that does not let it in."""
    with pytest.raises(BaseExceptionGroup) as refused:
        call(url, headers, "list_videos")
    error: BaseException = refused.value
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    assert isinstance(error, MCPError)
    return str(error)


def test_a_key_may_only_call_so_often(tmp_path):
    rates = {"per_address": 0, "per_user": 0, "per_key": 4, "login": 0}
    with guarded(tmp_path, rates=rates) as made:
        headers = made.key(role=Role.VIEWER, scopes=[Scope.READ])
        app = service(made.library, host="0.0.0.0", extensions=[extension()])
        body = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
        more = {"Accept": "application/json, text/event-stream"}
        with running(app) as url:
            statuses = [
                httpx2.post(f"{url}/mcp", json=body, headers={**headers, **more}).status_code
                for _ in range(12)
            ]
    assert 429 in statuses


def test_on_this_machine_no_key_is_needed(tmp_path):
    with guarded(tmp_path, host="127.0.0.1") as made:
        video_id = made.objects("default")["video_id"]
        app = service(made.library, extensions=[extension()])
        with running(app) as url:
            assert video_id in words(call(url, {}, "list_videos"))
            # A proxy passes on what comes from anywhere.
            assert "unauthenticated" in refusal(url, {"X-Forwarded-For": "203.0.113.7"})


# Standard input and output


def started(home, key: str | None = None) -> StdioServerParameters:
    env = {"VIDPIPE_HOME": str(home), "VIDPIPE_ALLOW_MODEL_DOWNLOAD": "false"}
    env["PYTHONPATH"] = os.pathsep.join(sys.path)
    if key is not None:
        env["VIDPIPE_API_KEY"] = key
    command = ["-c", "from vidpipe.cli import main; main()", "mcp"]
    return StdioServerParameters(command=sys.executable, args=command, env=env)


def test_a_program_starts_the_server_over_a_local_library(processed, tmp_path):
    home = tmp_path / "home"
    shutil.copytree(processed.engine.settings.home, home)
    said = Library(processed.engine).transcript(processed.video_id)

    async def main():
        async with Client(started(home)) as client:
            assert {tool.name for tool in (await client.list_tools()).tools} == TOOLS
            videos = await client.call_tool("list_videos", {})
            [video] = videos.structured_content["items"]
            part = await client.call_tool("get_transcript", {"video_id": video["video_id"]})
            later = await client.call_tool(
                "get_transcript",
                {"video_id": video["video_id"], "start_s": said.sentences[1].start_s},
            )
            found = await client.call_tool("search", {"q": said.sentences[0].text})
            clips = await client.call_tool("list_clips", {"video_id": video["video_id"]})
            job = await client.call_tool("submit_job", {"video_id": video["video_id"]})
            return part, later, found, clips, job

    part, later, found, clips, job = asyncio.run(main())
    sentences = part.structured_content["sentences"]
    assert [s["text"] for s in sentences] == [s.text for s in said.sentences]
    assert part.structured_content["next_start_s"] is None
    assert later.structured_content["sentences"] == sentences[1:]
    assert found.structured_content["items"][0]["start_s"] == said.sentences[0].start_s
    assert clips.structured_content["items"][0]["rank"] == 1
    assert job.structured_content["state"] == "queued"


def test_a_program_with_a_key_may_do_what_the_key_may(tmp_path):
    with guarded(tmp_path) as made:
        mine, theirs = made.objects("news"), made.objects("default")
        token = made.key(role=Role.EDITOR, scopes=[Scope.READ])["Authorization"].split()[1]

        async def main():
            async with Client(started(made.settings.home, token)) as client:
                listed = await client.call_tool("list_videos", {})
                changed = await client.call_tool("cancel_job", {"job_id": mine["job_id"]})
                other = await client.call_tool("job_status", {"job_id": theirs["job_id"]})
                return listed, changed, other

        listed, changed, other = asyncio.run(main())
        assert mine["video_id"] in words(listed) and theirs["video_id"] not in words(listed)
        assert changed.is_error and "forbidden" in words(changed)
        assert other.is_error and "job_not_found" in words(other)


def test_a_program_with_a_wrong_key_does_not_start(tmp_path):
    parameters = started(tmp_path / "home", "vp_wrong")
    done = subprocess.run(
        [parameters.command, *parameters.args],
        env={**os.environ, **parameters.env},
        input="",
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 2 and "VIDPIPE_API_KEY" in done.stderr
    assert "Traceback" not in done.stderr and done.stdout == ""


def test_the_example_of_the_page_runs(served, keys):
    made, url = served
    video_id = made.objects("news")["video_id"]
    page = (Path(__file__).parents[2] / "docs" / "how-to" / "mcp.md").read_text("utf-8")
    [example] = re.findall(r"^```python\n(.*?)^```", page, re.M | re.S)
    token = keys["editor"]["Authorization"].split()[1]
    for said, meant in (
        ("https://vidpipe.example.org", url),
        ("vp_...", token),
        ("energy", "said"),
        ('"limit": 5', '"limit": 100'),
    ):
        assert said in example
        example = example.replace(said, meant)
    done = subprocess.run(
        [sys.executable, "-c", example], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0 and video_id in done.stdout, done.stderr


def serve(home, monkeypatch, arguments=("serve",)):
    """What `vidpipe serve` would run, and what it says."""
    served = []
    monkeypatch.setenv("VIDPIPE_HOME", str(home))
    monkeypatch.setattr(
        serving.Server,
        "serve_until_told",
        lambda server: served.append(server.config.app) or True,
    )
    return CliRunner().invoke(cli, arguments), served


def test_serve_has_the_tools_where_the_extra_is_installed(tmp_path, monkeypatch):
    done, [app] = serve(tmp_path, monkeypatch)
    assert done.exit_code == 0 and "/mcp" in done.output
    assert "/mcp" in [getattr(route, "path", None) for route in app.routes]


def test_without_the_extra_serve_goes_on_and_the_command_says_what_to_install(
    tmp_path, monkeypatch
):
    for name in list(sys.modules):
        if name.startswith("vidpipe.mcp") or name.partition(".")[0] == "mcp":
            monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "mcp", None)
    done, [app] = serve(tmp_path, monkeypatch)
    assert done.exit_code == 0 and "/mcp" not in done.output
    assert "/mcp" not in [getattr(route, "path", None) for route in app.routes]
    refused, _ = serve(tmp_path, monkeypatch, ["mcp"])
    assert refused.exit_code == 2 and "pip install 'vidpipe[mcp]'" in refused.output

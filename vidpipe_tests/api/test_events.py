"""Streams of events: of a real server, as browsers and programs read them."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
import uvicorn
from cryptography.fernet import Fernet
from starlette.websockets import WebSocketDisconnect
from typer.testing import CliRunner

from vidpipe.accounts.audit import COMMAND_LINE
from vidpipe.accounts.model import Grant, Role, Scope
from vidpipe.api import event_feed
from vidpipe.api.app import service as application
from vidpipe.api.serving import Server
from vidpipe.catalog.catalog import Catalog
from vidpipe.catalog.events import emit
from vidpipe.catalog.progress import StageTick
from vidpipe.catalog.tables import now
from vidpipe.cli.app import app
from vidpipe.library import Library
from vidpipe.pipeline import Engine
from vidpipe_tests.accounts.conftest import database_url
from vidpipe_tests.api.guarded import GOOD, Guarded, guarded

__all__ = ["database_url"]


@pytest.fixture
def service(database_url: str, tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Guarded]:
    monkeypatch.setenv("VIDPIPE_DATABASE_URL", database_url)
    monkeypatch.setenv("VIDPIPE_ENCRYPTION_KEYS", f'["{Fernet.generate_key().decode()}"]')
    monkeypatch.setenv("VIDPIPE_EVENTS__RECHECK_S", "0.3")
    monkeypatch.setenv("VIDPIPE_EVENTS__STREAMS_PER_USER", "3")
    monkeypatch.setenv("VIDPIPE_EVENTS__REPLAY", "20")
    with guarded(tmp_path, public_url="http://127.0.0.1") as made:
        yield made


@contextlib.contextmanager
def serving(service: Guarded, served: Any = None) -> Iterator[str]:
    """A real server of the same application as the service's, or of another; where its API is."""
    served = served or service.client.app
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    config = uvicorn.Config(
        served, port=port, log_level="error", proxy_headers=False, lifespan="off"
    )
    server = Server(config, served.state.feed)
    thread = threading.Thread(target=server.serve_until_told)
    thread.start()
    while not server.started:
        time.sleep(0.02)
    try:
        yield f"http://127.0.0.1:{port}/api/v1"
    finally:
        server.should_exit = True
        thread.join(20)
        assert not thread.is_alive()


def happen(service: Guarded, channel: str = "news", number: int = 1) -> str:
    video_id = f"{channel}--{number}"
    with service.library.engine.catalog.writing() as session:
        emit(session, "video.completed", channel, {"video_id": video_id})
    return video_id


class Reader:
    """Reads one stream in a thread, until it is closed."""

    def __init__(self, url: str, headers: dict[str, str], **query: Any) -> None:
        self.got: list[tuple[str, dict[str, Any], str | None]] = []
        self.comments = 0
        self.over = threading.Event()
        self._client = httpx.Client(timeout=30, headers=headers)
        asking = self._client.build_request("GET", f"{url}/events", params=query)
        self._answer = self._client.send(asking, stream=True)
        self.status = self._answer.status_code
        self.headers = self._answer.headers
        if self.status == 200:
            self._thread = threading.Thread(target=self._read, daemon=True)
            self._thread.start()
            self.wait("ready", "reload")
        else:
            self.body = json.loads(self._answer.read())

    def _read(self) -> None:
        kept = b""
        with contextlib.suppress(httpx.HTTPError, httpx.StreamError):
            for more in self._answer.iter_raw():
                *blocks, kept = (kept + more).split(b"\n\n")
                for block in blocks:
                    self._one(block.decode())
        self.over.set()

    def _one(self, block: str) -> None:
        if block.startswith(":"):
            self.comments += 1
            return
        fields = dict(line.split(": ", 1) for line in block.split("\n"))
        if "event" in fields:
            self.got.append((fields["event"], json.loads(fields["data"]), fields.get("id")))

    def wait(self, *names: str, seconds: float = 20.0) -> dict[str, Any]:
        """What the first of these names says."""
        end = time.monotonic() + seconds
        while True:
            for name, data, _ in list(self.got):
                if name in names:
                    return data
            assert time.monotonic() < end, self.got
            time.sleep(0.02)

    def videos(self, count: int) -> list[str]:
        """The videos of the events that came, once there are so many."""
        end = time.monotonic() + 20.0
        while True:
            found = [data["data"]["video_id"] for name, data, _ in list(self.got) if "." in name]
            if len(found) >= count or time.monotonic() > end:
                return found
            time.sleep(0.02)

    def close(self) -> None:
        # The thread waits for bytes: only so does the server learn of it at once.
        stream = self._answer.extensions["network_stream"]
        with contextlib.suppress(OSError):
            stream.get_extra_info("socket").shutdown(socket.SHUT_RDWR)
        self._answer.close()
        self._client.close()


def viewer(service: Guarded, channels: list[str] | None = None) -> dict[str, str]:
    return service.key(role=Role.VIEWER, scopes=[Scope.READ], channels=channels)


def test_what_happens_comes_once_in_order_and_only_to_who_may_read_it(service):
    with serving(service) as url:
        news, whole = viewer(service, ["news"]), viewer(service)
        one, two = Reader(url, news), Reader(url, whole, channel=["news", "talks"])
        assert one.headers["content-type"].startswith("text/event-stream")
        assert one.headers["x-accel-buffering"] == "no"
        for number in range(3):
            for channel in ("default", "news", "talks"):
                happen(service, channel, number)
        assert two.videos(6) == [f"{c}--{n}" for n in range(3) for c in ("news", "talks")]
        assert one.videos(3) == [f"news--{n}" for n in range(3)]
        ids = [int(i or 0) for name, _, i in two.got if "." in name]
        assert ids == sorted(set(ids))
        name, data, _ = next(item for item in one.got if "." in item[0])
        assert name == data["type"] == "video.completed"
        assert (data["organisation"], data["channel"]) == ("acme", "news")
        # No session of the database is held by a stream that is open.
        pool: Any = service.library.engine.catalog.engine.pool
        assert pool.checkedout() == 0
        one.close()
        two.close()


def opened(url: str, headers: dict[str, str], **query: Any) -> Reader:
    """A stream that is let in: one that was closed counts until the server has noticed."""
    end = time.monotonic() + 20.0
    while (made := Reader(url, headers, **query)).status == 429:
        made.close()
        assert time.monotonic() < end, made.body
        time.sleep(0.1)
    return made


def test_coming_back_gives_one_of_three_answers(service):
    with serving(service) as url:
        who = viewer(service)
        first = opened(url, who)
        begin = first.wait("ready")["id"]
        first.close()
        same = opened(url, {**who, "Last-Event-ID": str(begin)})
        assert same.wait("ready") == {"id": begin, "missed": 0}
        same.close()
        for number in range(3):
            happen(service, "news", number)
            happen(service, "default", number)
        # The header goes before the query: a browser sends both when it reconnects.
        back = opened(url, {**who, "Last-Event-ID": str(begin)}, after=0)
        assert back.wait("ready") == {"id": begin, "missed": 3}
        happen(service, "news", 3)
        assert back.videos(4) == [f"news--{n}" for n in range(4)]
        back.close()
        for number in range(30):
            happen(service, "news", number)
        newest = service.library.events.newest_id()
        late = opened(url, who, after=begin)
        assert late.wait("reload") == {"id": newest, "reason": "too_many"}
        happen(service, "news", 99)
        assert late.videos(1) == ["news--99"]
        late.close()
        odd = opened(url, who, after=newest + 1000)
        assert odd.wait("reload")["reason"] == "unknown_id"
        odd.close()


def test_rooms_of_a_job_and_a_video_and_how_far_they_are(service):
    with serving(service) as url:
        who, made = viewer(service), service.objects("news")
        tick = StageTick(made["video_id"], "news", "run", "audio", 0.5, {"audio": 10.0})
        assert service.library.engine.catalog.progress.tell(tick)
        stream = Reader(url, who, job=made["job_id"])
        said = stream.wait("progress")
        assert said["data"]["stage_percent"] == 50.0 and said["data"]["eta_s"] == 5.0
        happen(service, "news", 5)
        with service.library.engine.catalog.writing() as session:
            emit(session, "video.completed", "news", {"video_id": made["video_id"]})
        assert stream.videos(1) == [made["video_id"]]
        stream.close()
        without = Reader(url, who, video=made["video_id"], progress="false", type="job.*")
        time.sleep(0.1)
        assert [name for name, _, _ in without.got] == ["ready"]
        without.close()
        theirs = service.objects("default")
        for query in (
            {"job": theirs["job_id"]},
            {"video": theirs["video_id"]},
            {"channel": "default"},
            {"organisation": "default"},
        ):
            assert Reader(url, who, **query).status == 404, query
        assert Reader(url, who, type="nothing.at_all").status == 422
        assert Reader(url, {}).status == 401


def test_a_key_that_is_revoked_closes_its_stream_and_one_that_has_too_many_gets_no_other(service):
    async def make(accounts):
        return await accounts.keys.create("k", COMMAND_LINE, organisation="acme")

    key, secret = service.run(make)
    who = {"Authorization": f"Bearer {secret}"}
    with serving(service) as url:
        opened = [Reader(url, who) for _ in range(3)]
        full = Reader(url, who)
        assert (full.status, full.body["code"]) == (429, "too_many_streams")
        opened.pop().close()
        end = time.monotonic() + 20
        while (again := Reader(url, who)).status == 429 and time.monotonic() < end:
            time.sleep(0.05)
        assert again.status == 200

        async def revoke(accounts):
            await accounts.keys.revoke(key.id, COMMAND_LINE)

        service.run(revoke)
        for stream in (*opened, again):
            assert stream.wait("closed") == {"reason": "revoked"}
            assert stream.over.wait(20)
        assert Reader(url, who).status == 401


def test_a_browsers_session_watches_until_it_is_ended(service):
    service.user("ann@example.org", Grant("acme", Role.VIEWER))
    with serving(service) as url, httpx.Client(base_url=url) as browser:
        body = {"email": "ann@example.org", "password": GOOD, "transport": "cookie"}
        answer = browser.post("/auth/login", json=body)
        assert answer.status_code == 200, answer.text
        cookies = "; ".join(f"{n}={v}" for n, v in browser.cookies.items())
        stream = Reader(url, {"Cookie": cookies, "Sec-Fetch-Site": "same-origin"})
        assert stream.status == 200
        happen(service)
        assert stream.videos(1) == ["news--1"]
        csrf = {"X-CSRF-Token": browser.cookies["vidpipe_csrf"]}
        assert browser.post("/auth/logout", headers=csrf).status_code in (200, 204)
        assert stream.wait("closed") == {"reason": "revoked"}


def test_a_server_that_ends_says_so_and_does_not_wait(service):
    with serving(service) as url:
        stream = Reader(url, viewer(service))
    assert stream.wait("closed") == {"reason": "shutdown"}
    assert stream.over.wait(20)


def test_a_quiet_stream_gets_signs_of_life(service, monkeypatch):
    monkeypatch.setattr(event_feed, "HEARTBEAT_S", 0.2)
    with serving(service) as url:
        stream = Reader(url, viewer(service))
        end = time.monotonic() + 20
        while stream.comments < 2 and time.monotonic() < end:
            time.sleep(0.02)
        assert stream.comments >= 2
        stream.close()


def test_a_database_that_is_away_for_a_while_loses_nothing(service, monkeypatch):
    with serving(service) as url:
        stream = Reader(url, viewer(service))
        catalog, failed = service.library.engine.catalog, []

        class Away:
            def __getattr__(self, name: str) -> Any:
                failed.append(name)
                raise OSError("away")

        events = catalog.events
        catalog.__dict__["events"] = Away()
        end = time.monotonic() + 20
        while not failed and time.monotonic() < end:
            time.sleep(0.02)
        # What happens meanwhile is written by others, who have their own.
        happen(service, "news", 1)
        catalog.__dict__["events"] = events
        happen(service, "news", 2)
        assert failed
        assert stream.videos(2) == ["news--1", "news--2"]
        stream.close()


def test_a_client_that_is_cut_again_and_again_reads_everything_once(service):
    from benchmarks.events import soak

    # The replay of a client that was away for long is measured by the benchmark.
    many = {"replay": 1000, "streams_per_user": 100}
    settings = service.settings.model_copy(
        update={"events": service.settings.events.model_copy(update=many)}
    )
    both = [application(Library(Engine(settings)), host="127.0.0.1") for _ in range(2)]
    with serving(service, both[0]) as one, serving(service, both[1]) as two:
        ports = [urlsplit(url).port or 0 for url in (one, two)]
        url = settings.database_url.get_secret_value()
        found = soak(Catalog(url), ports, videos=4, cuts=15, pace_s=0.02, threads=3)
    assert found["exactly_once_in_order"] and found["reloads"] == []
    assert found["events"] >= 100 and found["cuts"] >= 15
    for each in both:
        assert each.state.feed.count == 0


def test_a_stream_that_takes_nothing_is_ended_rather_than_kept():
    from vidpipe.catalog.event_log import Rooms

    stream = event_feed.Subscription("key:x", Rooms(frozenset({"news"})), True)
    for number in range(event_feed._BEHIND + 1):
        stream.put(event_feed.StreamFrame("video.completed", "{}", number, "news"))
    assert stream.ended == "lagging" and not stream.waiting


def test_pages_of_what_happened(service):
    who = viewer(service)
    ids = []
    for number in range(5):
        happen(service, "news", number)
        ids.append(service.library.events.newest_id())
        happen(service, "default", number)
    found, cursor = [], None
    while True:
        more = {"cursor": cursor} if cursor else {}
        query = {"limit": 2, "channel": "news", **more}
        page = service.client.get("/events/history", params=query, headers=who).json()
        found += [item["id"] for item in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert found == ids[::-1]
    oldest = service.client.get("/events/history?order=oldest&limit=3", headers=who).json()
    assert [item["id"] for item in oldest["items"]] == ids[:3]
    more = f"/events/history?order=oldest&cursor={oldest['next_cursor']}"
    assert [i["id"] for i in service.client.get(more, headers=who).json()["items"]] == ids[3:]
    other = service.client.get("/events/history?channel=default", headers=who)
    assert other.status_code == 404


# vidpipe watch


def finished(service: Guarded, job_id: str, video_id: str) -> None:
    """The job is done as soon as somebody watches."""
    feed, end = service.client.app.state.feed, time.monotonic() + 20
    while feed.count == 0 and time.monotonic() < end:
        time.sleep(0.02)
    time.sleep(0.2)
    # The failure that it was made with is over, and a run makes everything.
    service.library.engine.catalog.finish_video(video_id, now())


def test_the_command_watches_a_server_until_a_job_is_done(service, monkeypatch):
    made, theirs = service.objects("news"), service.objects("default")
    key = viewer(service)["Authorization"].removeprefix("Bearer ")
    monkeypatch.setenv("VIDPIPE_API_KEY", key)
    with serving(service) as url:
        server = url.removesuffix("/api/v1")
        about = (service, made["job_id"], made["video_id"])
        threading.Thread(target=finished, args=about, daemon=True).start()
        wanted = ["watch", "--server", server, "--job", made["job_id"], "--until-done"]
        said = CliRunner().invoke(app, [*wanted, "--json"])
        assert said.exit_code == 0, said.output
        told = [json.loads(line) for line in said.stdout.splitlines()]
        assert [event["type"] for event in told] == ["video.completed", "job.completed"]
        assert told[-1]["data"]["job_id"] == made["job_id"]
        # It is over: that is seen at once.
        again = CliRunner().invoke(app, wanted)
        assert again.exit_code == 0
        read = CliRunner().invoke(app, [*wanted, "--after", "0"])
        assert read.exit_code == 0 and f"job.completed  {made['job_id']}" in read.stdout
        other = CliRunner().invoke(app, ["watch", "--server", server, "--job", theirs["job_id"]])
        assert other.exit_code != 0 and "there is no job" in other.output
        monkeypatch.setenv("VIDPIPE_API_KEY", "vpk_wrong")
        unknown = CliRunner().invoke(app, ["watch", "--server", server])
        assert unknown.exit_code != 0 and "the key or token is not known" in unknown.output


# WebSocket


WS = "ws://127.0.0.1/api/v1/events/ws"


def test_a_websocket_is_told_the_same(service):
    who = viewer(service)
    happen(service, "news", 0)
    happen(service, "default", 0)
    with service.client.websocket_connect(f"{WS}?after=0&channel=news", headers=who) as ws:
        assert ws.receive_json() == {"event": "ready", "data": {"id": 0, "missed": 1}}
        assert ws.receive_json()["data"]["data"] == {"video_id": "news--0"}
        ws.send_text("what is said to it is not listened to")
        happen(service, "default", 1)
        happen(service, "news", 1)
        said = ws.receive_json()
        assert said["event"] == said["data"]["type"] == "video.completed"
        assert said["data"]["data"] == {"video_id": "news--1"}
    assert service.client.app.state.feed.count == 0


@pytest.mark.parametrize(
    "headers",
    [{}, {"Origin": "https://evil.example"}, {"Host": "evil.example"}],
    ids=["nobody", "foreign page", "foreign name"],
)
def test_a_websocket_is_refused_before_it_is_open(service, headers):
    who = viewer(service) if headers else {}
    with (
        pytest.raises(WebSocketDisconnect),
        service.client.websocket_connect(WS, headers={**who, **headers}),
    ):
        pass


def test_a_room_that_one_may_not_see_is_none_for_a_websocket_either(service):
    with (
        pytest.raises(WebSocketDisconnect),
        service.client.websocket_connect(f"{WS}?channel=default", headers=viewer(service)),
    ):
        pass
    assert service.client.app.state.feed.count == 0

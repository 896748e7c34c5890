"""A service that asks for a login: two organisations, and somebody of every role."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import functools
import itertools
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
import uvicorn
from fastapi.routing import APIRoute
from starlette.testclient import TestClient
from zxcvbn import zxcvbn

from vidpipe.accounts.accounts import Accounts
from vidpipe.accounts.audit import COMMAND_LINE
from vidpipe.accounts.mail import Mail
from vidpipe.accounts.model import Grant, Role
from vidpipe.api import app as module
from vidpipe.catalog import tables
from vidpipe.catalog.publishing_tables import PostRow
from vidpipe.catalog.review_tables import GateRow
from vidpipe.catalog.search import SearchKind, sentence_row
from vidpipe.catalog.sessions import Sessions
from vidpipe.catalog.upload_tables import AssetRow
from vidpipe.catalog.webhook_tables import DeliveryRow
from vidpipe.library import JobSpec, Library, UploadSpec
from vidpipe.pipeline import Engine
from vidpipe.settings import load_settings

GOOD = "violet tractor harbour 71"
CHANNELS = """
channels:
  default: {platforms: [tiktok]}
  news: {organisation: acme, platforms: [tiktok]}
  talks: {organisation: acme, platforms: [tiktok]}
"""
UNLIMITED = {"per_address": 0, "per_user": 0, "per_key": 0, "login": 0}
_numbers = itertools.count(1)


@dataclass
class Outbox:
    """Keeps messages in place of sending them."""

    sent: list[Mail] = field(default_factory=list)

    async def send(self, mail: Mail) -> None:
        self.sent.append(mail)

    def code(self) -> str:
        """The code of the newest message."""
        return next(
            line.strip() for line in self.sent[-1].text.splitlines() if line.startswith("    ")
        )


@dataclass
class Guarded:
    """A running service.

    Attributes:
        client: asks it without anything that says who asks.
        library: what it serves.
        outbox: what it sent.
        url: of its database.
        options: of its accounts.
    """

    client: TestClient
    library: Library
    outbox: Outbox
    settings: Any

    def run(self, work: Any) -> Any:
        """Run a coroutine function with accounts of its own over the same database."""

        async def main() -> Any:
            url = self.settings.database_url.get_secret_value()
            accounts = Accounts(Sessions(url), self.settings.accounts, ["s" * 32])
            try:
                return await work(accounts)
            finally:
                await accounts.close()

        return asyncio.run(main())

    def user(self, email: str, *grants: Grant, **more: Any) -> str:
        """Add somebody; their id."""

        async def work(accounts: Accounts) -> str:
            fields = {"password": GOOD, "verified": True, **more}
            return (await accounts.users.add(email, COMMAND_LINE, grants=grants, **fields)).id

        return self.run(work)

    def login(self, email: str, password: str = GOOD) -> dict[str, str]:
        """The header of somebody who logged in."""
        body = {"email": email, "password": password}
        answer = self.client.post("/auth/login", json=body)
        assert answer.status_code == 200, answer.text
        return {"Authorization": f"Bearer {answer.json()['access_token']}"}

    def key(self, **fields: Any) -> dict[str, str]:
        """The header of a program."""

        async def work(accounts: Accounts) -> str:
            fields.setdefault("organisation", "acme")
            return (await accounts.keys.create("key", COMMAND_LINE, **fields))[1]

        return {"Authorization": f"Bearer {self.run(work)}"}

    def objects(self, channel: str) -> dict[str, str]:
        """A video, a job, a project, a failure, an upload and an asset of a channel, each new."""
        number = next(_numbers)
        video_id = f"{channel}--talk-{number:010d}"
        row = tables.Video(
            video_id=video_id,
            channel=channel,
            sha256=f"{number:064d}",
            name="talk.mp4",
            title="talk",
            size_bytes=1,
            duration_s=60.0,
            width=1280,
            height=720,
        )
        catalog = self.library.engine.catalog
        assert catalog.accept_video(row)
        (job,) = self.library.jobs.create([JobSpec(video_id=video_id)], asked_by="local")
        project = self.library.projects.create(channel, f"project {number}")
        failure = tables.FailureRow(
            subject=video_id,
            channel=channel,
            job="processed_video",
            cause="unavailable",
            message="away",
            attempts=5,
            state="dead",
            run_id=f"run-{number}",
        )
        clip = tables.ClipRow(
            clip_id="c0ffee",
            video_id=video_id,
            rank=1,
            title="clip",
            score=50.0,
            start_s=0.0,
            end_s=10.0,
            duration_s=10.0,
            compositions=[],
            fingerprint="f" * 64,
        )
        gate = GateRow(
            video_id=video_id,
            channel=channel,
            gate="render",
            options_key="0" * 64,
            stages=["rendered_clips"],
            fingerprint="f" * 64,
            state="waiting",
        )
        export = tables.ExportRow(
            clip_id="c0ffee",
            video_id=video_id,
            platform="tiktok",
            key=f"{channel}/{video_id}/exports/tiktok-c0ffee-video.0123456789abcdef.mp4",
            size_bytes=1,
            duration_s=10.0,
            conforms=True,
        )
        said = sentence_row(video_id, channel, SearchKind.TRANSCRIPT, 0.0, 1.0, "This is said.")
        with catalog.writing() as session:
            session.add_all([failure, clip, gate, export, said])
        account = self.library.social_accounts.add(
            channel, "folder", f"posts-{number}", by="local"
        ).account
        assert account is not None
        post = PostRow(
            post_id=f"post-{number}",
            channel=channel,
            video_id=video_id,
            clip_id="c0ffef",
            platform="folder",
            account_id=account.account_id,
            fingerprint="f" * 64,
            state="scheduled",
            at=tables.now() + timedelta(days=9),
            changes={},
            created_by="local",
            claims=0,
        )
        assert catalog.posts.add(post)
        link = self.library.reviews.links.create(video_id, created_by="local").link
        comment = self.library.reviews.links.comment(
            video_id, "1", 1.0, "too loud", by="local", by_name="Ada"
        )
        spec = UploadSpec(channel, f"talk-{number:06d}.mp4", 10)
        upload = self.library.upload_sessions.create(spec, asked_by=f"user:{number}")
        asset = AssetRow(
            channel=channel,
            name=f"logo-{number}",
            kind="picture",
            media_type="image/png",
            key=f"_assets/{channel}/{number}.png",
            sha256=f"{number:064d}",
            size_bytes=1,
            asked_by="local",
        )
        assert catalog.assets.add(asset)
        self.library.engine.store.put_bytes(asset.key, b"x")
        return {
            "channel": channel,
            "upload_id": upload.upload_id,
            "name": asset.name,
            "video_id": video_id,
            "job_id": job.job_id,
            "project_id": project.project_id,
            "failure_id": str(failure.id),
            "platform": "tiktok",
            "clip": "1",
            "gate_id": str(gate.id),
            "link_id": link.link_id,
            "comment_id": str(comment.comment_id),
            "account_id": account.account_id,
            "post_id": post.post_id,
            "form": "vtt",
        }

    def endpoint(self, organisation: str, *channels: str) -> dict[str, str]:
        """A webhook and a delivery to it that failed."""
        made = self.library.webhooks.create(
            organisation=organisation,
            channels=channels or None,
            url="https://8.8.8.8/hook",
            types=["job.completed"],
            created_by="local",
        )
        endpoint_id = made.endpoint.endpoint_id
        delivery = self.library.webhooks.test(endpoint_id)
        with self.library.engine.catalog.writing() as session:
            row = session.get_one(DeliveryRow, delivery.delivery_id)
            row.state, row.due_at = "failed", None
        return {"endpoint_id": endpoint_id, "delivery_id": delivery.delivery_id}


@functools.cache
def _estimated(password: str, inputs: tuple[str, ...]) -> Any:
    return zxcvbn(password, user_inputs=list(inputs))


@contextlib.contextmanager
def guarded(
    tmp_path: Any, *, host: str = "0.0.0.0", database_url: str = "", **accounts: Any
) -> Iterator[Guarded]:
    """A service on an address, with its accounts."""
    from pwdlib.hashers import argon2

    home = tmp_path / "home"
    home.mkdir(exist_ok=True)
    (home / "channels.yaml").write_text(CHANNELS)
    # A server's database has no key beside it.
    keys = [base64.urlsafe_b64encode(b"k" * 32).decode()]
    database = {"database_url": database_url, "encryption_keys": keys} if database_url else {}
    settings = load_settings(
        home=home,
        **database,
        allow_model_download=False,
        public_url=accounts.pop("public_url", "http://testserver"),
        accounts={"secrets": ["s" * 32], "rates": UNLIMITED, **accounts},
        # What is to be sent stays where it is: no test leaves this machine.
        service={"chores": False},
    )
    library = Library(Engine(settings))
    library.engine.catalog.ready()
    outbox = Outbox()
    less = functools.partial(argon2.Argon2Hasher, time_cost=1, memory_cost=1024)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(argon2, "Argon2Hasher", less)
        # The same few passwords for every user of every test: 7 ms each.
        patch.setattr("zxcvbn.zxcvbn", lambda said, user_inputs: _estimated(said, (*user_inputs,)))
        patch.setattr("vidpipe.api.security.gate.mailer", lambda _: outbox)
        app = module.service(library, host=host)
        base = f"{settings.public_url}/api/v1"
        with TestClient(app, base_url=base) as client:
            yield Guarded(client, library, outbox, settings)


@contextlib.contextmanager
def running(app: Any) -> Iterator[str]:
    """A real server; where it is."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    server = uvicorn.Server(uvicorn.Config(app, port=port, log_level="error", proxy_headers=False))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.02)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join(20)


#: What somebody is in the organisation `acme`.
ROLES = {"viewer": Role.VIEWER, "editor": Role.EDITOR, "admin": Role.ADMIN}


def routes_of(app: Any) -> Iterator[APIRoute]:
    """Routes of an application, and of the routers that it includes."""
    for route in app.routes:
        if isinstance(route, APIRoute):
            yield route
        elif hasattr(route, "original_router"):
            yield from routes_of(route.original_router)

"""Libraries whose platforms are fakes on ports of this machine."""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import shutil
import socket
import threading
import time
from dataclasses import dataclass
from functools import cached_property
from urllib.parse import parse_qs, urlsplit

import pytest
import uvicorn
from starlette.testclient import TestClient

from vidpipe.api.app import service
from vidpipe.catalog.catalog import Catalog
from vidpipe.library import Library
from vidpipe.pipeline import Engine
from vidpipe.settings import load_settings
from vidpipe_fakes import FAKES

CHANNELS = """
channels:
  default: {platforms: [tiktok]}
  news: {platforms: [tiktok]}
"""


class Stage:
    """An address at which one fake after the other answers."""

    def __init__(self, name):
        self.name = name
        self.fake = FAKES[name]()

    async def __call__(self, scope, receive, send):
        await self.fake(scope, receive, send)


@pytest.fixture(scope="session")
def stages():
    """Every platform that has a login, each on a port of its own: stages and addresses by name."""
    made = {name: Stage(name) for name in FAKES}
    sockets = {}
    for name in made:
        sockets[name] = socket.socket()
        sockets[name].bind(("127.0.0.1", 0))
    servers = []
    for stage in made.values():
        config = uvicorn.Config(stage, log_level="critical", lifespan="off")
        servers.append(uvicorn.Server(config))

    async def run():
        tasks = []
        for server, listening in zip(servers, sockets.values(), strict=True):
            server.capture_signals = contextlib.nullcontext
            tasks.append(asyncio.create_task(server.serve(sockets=[listening])))
        await asyncio.gather(*tasks)

    thread = threading.Thread(target=lambda: asyncio.run(run()), daemon=True)
    thread.start()
    until = time.monotonic() + 30
    while not all(server.started for server in servers):
        assert time.monotonic() < until
        time.sleep(0.01)
    bases = {n: f"http://127.0.0.1:{s.getsockname()[1]}" for n, s in sockets.items()}
    yield made, bases
    for server in servers:
        server.should_exit = True
    thread.join(10)


@pytest.fixture
def fakes(stages):
    """Fakes of which nothing is known yet, by name."""
    made, _ = stages
    for name, stage in made.items():
        stage.fake = FAKES[name]()
    return {name: stage.fake for name, stage in made.items()}


@pytest.fixture
def bases(stages, fakes):
    return stages[1]


@pytest.fixture(scope="session")
def empty_catalog(tmp_path_factory):
    """The file of a catalog with its tables, and nothing in them."""
    path = tmp_path_factory.mktemp("catalog") / "catalog.sqlite"
    made = Catalog(f"sqlite:///{path}").ready()
    # Else some of it would be in a file beside it.
    made.engine.dispose()
    return path


@dataclass
class Site:
    """A library, its service, and the fakes that it posts to."""

    library: Library
    fakes: dict

    @cached_property
    def client(self):
        """Asks the service, which is made for whoever needs it."""
        return TestClient(service(self.library), base_url="http://testserver")

    @property
    def accounts(self):
        return self.library.social_accounts

    def begin(self, platform, channel="default", **more):
        """Where somebody is sent."""
        body = {"channel": channel, "platform": platform, **more}
        answer = self.client.post("/api/v1/social-accounts", json=body)
        assert answer.status_code == 201, answer.text
        return answer.json()

    def consent(self, url):
        """What the platform sends a browser back with: a path of this service and its query."""
        back = urlsplit(sent_back(url))
        return f"{back.path}?{back.query}"

    def connect(self, platform, channel="default", **more):
        """The whole round, past HTTP; the first account that it gave."""
        back = f"http://testserver/oauth/return/{platform}"
        begun = self.accounts.begin(channel, platform, by="local", redirect_uri=back, **more)
        given = query_of(self.consent(begun.authorize_url))
        self.accounts.finish(platform, state=given["state"], code=given["code"], by="local")
        found = self.accounts.list([channel])
        return next(a for a in found if a.platform == platform)

    def row(self, account_id):
        return self.library.engine.catalog.social_accounts.get(account_id)

    def change(self, account_id, **values):
        """Change a row behind everybody's back."""
        from vidpipe.catalog.publishing_tables import SocialAccountRow

        with self.library.engine.catalog.writing() as session:
            row = session.get_one(SocialAccountRow, account_id)
            for name, value in values.items():
                setattr(row, name, value)

    def ends(self, account_id, at):
        """Have an account's token end at a time."""
        from dataclasses import replace

        row = self.row(account_id)
        secret = replace(self.accounts.tokens.opened(row), expires_at=at)
        self.change(account_id, secret=self.accounts.tokens.seal(secret), expires_at=at, due_at=at)

    def events(self):
        """Types of what happened, the oldest first, with what they say."""
        from sqlalchemy import select

        from vidpipe.catalog.event_tables import EventRow

        with self.library.engine.catalog.session() as session:
            rows = session.scalars(select(EventRow).order_by(EventRow.id))
            return [(row.type, row.data) for row in rows]

    def notices(self):
        """What people were to be told: kind, message, whether it is over."""
        from sqlalchemy import select

        from vidpipe.catalog.notice_tables import NoticeRow

        with self.library.engine.catalog.session() as session:
            rows = session.scalars(select(NoticeRow).order_by(NoticeRow.id))
            return [(row.kind, row.message, row.over) for row in rows]


def sent_back(url):
    """Where a browser is sent whose user allows it."""
    at = urlsplit(url)
    asked = http.client.HTTPConnection(at.netloc, timeout=60)
    asked.request("GET", f"{at.path}?{at.query}")
    answer = asked.getresponse()
    assert answer.status == 302, answer.read()
    asked.close()
    return answer.headers["location"]


def query_of(url):
    """The query of an address, each name once."""
    return {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}


@pytest.fixture
def make_site(tmp_path, empty_catalog, fakes, bases):
    """Makes a library; several over one home share its catalog."""

    def make(**overrides):
        home = tmp_path / "home"
        home.mkdir(exist_ok=True)
        if not (home / "catalog.sqlite").exists():
            shutil.copy(empty_catalog, home / "catalog.sqlite")
        return Site(library_at(home, bases, **overrides), fakes)

    return make


@pytest.fixture
def site(make_site):
    return make_site()


@pytest.fixture(scope="module")
def lasting(tmp_path_factory, empty_catalog, stages):
    """A library of a module, for tests that leave nothing in it."""
    made, bases = stages
    home = tmp_path_factory.mktemp("lasting")
    shutil.copy(empty_catalog, home / "catalog.sqlite")
    return Site(library_at(home, bases), {name: stage.fake for name, stage in made.items()})


def library_at(home, bases, **overrides):
    """A library whose platforms are at these addresses."""
    (home / "channels.yaml").write_text(CHANNELS)
    given = {
        "home": home,
        "allow_model_download": False,
        "public_url": "http://testserver",
        "publishing": {"dry": bases},
        "service": {"chores": False},
        **overrides,
    }
    return Library(Engine(load_settings(**given)))

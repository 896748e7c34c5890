"""A library with two organisations, on SQLite and on PostgreSQL, and what sends its webhooks."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from vidpipe.accounts.mail import Mail
from vidpipe.catalog import tables
from vidpipe.catalog.catalog import Catalog
from vidpipe.catalog.event_tables import EventRow
from vidpipe.catalog.webhook_tables import DeliveryRow
from vidpipe.library import EndpointCreated, Library
from vidpipe.pipeline import Engine
from vidpipe.settings import load_settings
from vidpipe.webhooks.dispatch import Dispatcher, Surroundings
from vidpipe_tests.accounts.conftest import database_url
from vidpipe_tests.webhooks.receiver import Receiver, receiving

pytest.importorskip("standardwebhooks")
__all__ = ["database_url"]

CHANNELS = """
channels:
  default: {platforms: [tiktok]}
  news: {organisation: acme, platforms: [tiktok]}
  talks: {organisation: acme, platforms: [tiktok]}
"""
KEYS = ("MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=",)
#: As often as by default, and without waiting.
AT_ONCE = (0.0,) * 7
_numbers = itertools.count(1)


@dataclass
class Mails:
    sent: list[Mail] = field(default_factory=list)

    async def send(self, mail: Mail) -> None:
        self.sent.append(mail)


@dataclass
class Hooks:
    """A library, and how events leave it."""

    library: Library
    mails: Mails

    @property
    def catalog(self) -> Catalog:
        return self.library.engine.catalog

    def endpoint(self, receiver: Receiver, **fields: Any) -> EndpointCreated:
        given = {"organisation": "acme", "types": ["job.completed"], "created_by": "local"}
        return self.library.webhooks.create(url=receiver.url, **{**given, **fields})

    def happen(self, channel: str = "news", **fields: Any) -> str:
        """A job of a new video is done; its id."""
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
            state="accepted",
        )
        assert self.catalog.accept_video(row)
        job = tables.JobRow(
            job_id=f"job-{number}", channel=channel, asked_by="local", video_id=video_id, **fields
        )
        self.catalog.jobs.add([job])
        self.catalog.finish_video(video_id, tables.now())
        return job.job_id

    def dispatcher(self, **options: Any) -> Dispatcher:
        """One as each process has, over connections of its own."""
        engine = self.library.engine
        own = Catalog(engine.settings.database_url.get_secret_value())
        channels = engine.channels
        around = Surroundings(
            options=engine.settings.webhooks.model_copy(update=options),
            vault=lambda: self.library.webhooks.vault,
            organisation_of=lambda name: channels[name].organisation if name in channels else None,
            public_url=engine.settings.public_url,
            mailer=self.mails,
            agent="vidpipe/test",
        )
        return Dispatcher(own.webhooks, around)

    def send(self, **options: Any) -> None:
        """Send all that is due."""
        with_these = self.dispatcher(**options)
        while with_these.fan_out():
            pass
        while asyncio.run(with_these.deliver()):
            pass

    def only_delivery(self) -> DeliveryRow:
        (row,) = self.rows(DeliveryRow)
        return row

    def rows(self, table: Any) -> list[Any]:
        with self.catalog.session() as session:
            order = {EventRow: EventRow.id, DeliveryRow: DeliveryRow.event}.get(table)
            query = session.query(table)
            return list(query.order_by(order) if order is not None else query)

    def due(self, table: Any = DeliveryRow, seconds: float = -1.0) -> None:
        """Have everything that waits, leased or not, due so many seconds from now."""
        from datetime import timedelta

        from sqlalchemy import update

        at = tables.now() + timedelta(seconds=seconds)
        with self.catalog.writing() as session:
            session.execute(update(table).where(table.due_at.is_not(None)).values(due_at=at))


def open_hooks(home: Any, url: str, **settings: Any) -> Hooks:
    home.mkdir(parents=True, exist_ok=True)
    (home / "channels.yaml").write_text(CHANNELS)
    webhooks = {"allow_http": True, "allow_private": True, "timeout_s": 10}
    given = {
        "encryption_keys": KEYS,
        "public_url": "https://clips.example.org",
        "webhooks": {**webhooks, "retry_delays_s": AT_ONCE, **settings.pop("webhooks", {})},
        **settings,
    }
    return Hooks(Library(Engine(load_settings(home=home, database_url=url, **given))), Mails())


@pytest.fixture
def hooks(database_url: str, tmp_path: Any) -> Iterator[Hooks]:
    made = open_hooks(tmp_path / "home", database_url)
    yield made
    made.catalog.engine.dispose()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as made:
        yield made

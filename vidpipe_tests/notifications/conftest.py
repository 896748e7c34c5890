"""A clock that tests move, people who are told, and failures to tell them of."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import SecretStr

from vidpipe.catalog import leases, notices, processes
from vidpipe.catalog.catalog import Catalog
from vidpipe.catalog.failures import Failed
from vidpipe.catalog.notice_tables import NoticeGroupRow, NoticeRow
from vidpipe.errors import Unavailable
from vidpipe.notifications import dispatch
from vidpipe.notifications.dispatch import Notifier
from vidpipe.notifications.options import NotifyOptions, NotifyTarget
from vidpipe.notifications.words import NoticeMessage, Places
from vidpipe.operations import watch
from vidpipe_tests.catalog.conftest import catalog, database_url

__all__ = ["catalog", "database_url"]
BEGAN = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
PLACES = Places(
    "https://clips.example.org",
    "https://docs.example.org/runbook.md",
    "https://dagster.example.org/",
)
_numbers = itertools.count(1)


@dataclass
class Clock:
    """What modules take for the time."""

    at: datetime = BEGAN

    def __call__(self) -> datetime:
        return self.at

    def forward(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)

    def everywhere(self, patch: pytest.MonkeyPatch) -> Clock:
        for module in (leases, notices, processes, dispatch, watch):
            patch.setattr(module, "now", self)
        return self


@dataclass
class People:
    """Take what they are told, or refuse it."""

    heard: list[tuple[str, NoticeMessage]] = field(default_factory=list)
    away: bool = False

    def send(self, name: str, url: str, message: NoticeMessage) -> None:
        if self.away:
            raise Unavailable(f"{name}: it answered 500")
        self.heard.append((name, message))

    @property
    def titles(self) -> list[str]:
        return [message.title for _, message in self.heard]

    @property
    def last(self) -> NoticeMessage:
        return self.heard[-1][1]


def target(**fields: Any) -> NotifyTarget:
    return NotifyTarget(url=SecretStr("json://people.example.org/key"), **fields)


@dataclass
class Office:
    """A catalog, a clock, people, and what tells them."""

    catalog: Catalog
    clock: Clock
    people: People
    options: NotifyOptions = field(default_factory=lambda: NotifyOptions(targets={"ops": target()}))

    def notifier(self, people: People | None = None) -> Notifier:
        """One as each process has, over connections of its own."""
        own = Catalog(self.catalog.url.render_as_string(hide_password=False))
        return Notifier(own.notices, self.options, people or self.people, PLACES)

    def fail(self, cause: str = "unavailable", channel: str = "talks", **changes: Any) -> Failed:
        number = next(_numbers)
        said = {
            "subject": f"{channel}--talk-{number:010d}",
            "channel": channel,
            "job": "process_video",
            "stage": "transcript",
            "cause": cause,
            "message": "the store did not answer",
            "run_id": f"run-{number}",
        }
        failed = Failed(**{**said, **changes})
        self.catalog.failures.add(failed, attempts=5, dead=True)
        return failed

    def work(self, seconds: float = 0.0, every: float = 2.0) -> None:
        """Have one worker do its chores for so long."""
        notifier = self.notifier()
        until = self.clock.at + timedelta(seconds=seconds)
        while True:
            notifier.give()
            notifier.send()
            if self.clock.at >= until:
                return
            self.clock.forward(every)

    def rows(self, table: Any = NoticeGroupRow) -> list[Any]:
        with self.catalog.session() as session:
            return list(session.query(table))

    def kinds(self) -> list[str]:
        return [row.kind for row in sorted(self.rows(NoticeRow), key=lambda row: row.id)]


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock().everywhere(monkeypatch)


@pytest.fixture
def office(catalog: Catalog, clock: Clock) -> Iterator[Office]:
    return Office(catalog, clock, People())

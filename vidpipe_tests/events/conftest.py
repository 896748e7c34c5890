"""A catalog on SQLite and on a real PostgreSQL, with a video, and what happened in it."""

from __future__ import annotations

from typing import Any

import pytest

from vidpipe.catalog.catalog import Catalog
from vidpipe.catalog.event_log import EventRecord
from vidpipe_tests.accounts.conftest import database_url
from vidpipe_tests.catalog.conftest import video

__all__ = ["database_url"]

VIDEO = "default--talk-0123456789"


@pytest.fixture
def catalog(database_url: str) -> Any:
    made = Catalog(database_url)
    yield made
    made.engine.dispose()


@pytest.fixture
def filmed(catalog: Catalog) -> Catalog:
    """The same with a video."""
    assert catalog.accept_video(video())
    return catalog


def told(catalog: Catalog, after: int = 0) -> list[EventRecord]:
    """Everything that happened behind an id."""
    return catalog.events.after(after, 10_000)


def kinds(catalog: Catalog, after: int = 0) -> list[str]:
    return [event.kind for event in told(catalog, after)]

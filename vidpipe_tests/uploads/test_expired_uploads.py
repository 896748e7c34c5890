"""Uploads that end without a file: taken back, left for too long, forgotten."""

from __future__ import annotations

import time
from datetime import timedelta

import pytest

from vidpipe.catalog.tables import now
from vidpipe_tests.uploads.conftest import TUS, dropped, left
from vidpipe_tests.uploads.tus import begun, offset, send

pytestmark = pytest.mark.timeout(120)


def test_an_upload_that_is_taken_back_is_gone(client, home):
    where = begun(client)
    send(client, where, b"a" * 500, 0)
    assert client.delete(where, headers=TUS).status_code == 204
    assert left(home) == [] and dropped(home) == {}
    for answer in (
        client.head(where, headers=TUS),
        send(client, where, b"a", 500),
        client.delete(where, headers=TUS),
    ):
        assert answer.status_code == 410


def test_what_nothing_came_of_for_too_long_expires_and_is_cleaned_up(client, library, home):
    from sqlalchemy import update

    from vidpipe.catalog.upload_tables import UploadSessionRow

    old, fresh, busy = (begun(client, name=f"{name}.mp4") for name in ("old", "fresh", "busy"))
    for where in (old, fresh, busy):
        send(client, where, b"a" * 10, 0)
    ids = [where.rpartition("/")[2] for where in (old, busy)]
    with library.engine.catalog.writing() as session:
        session.execute(
            update(UploadSessionRow)
            .where(UploadSessionRow.upload_id.in_(ids))
            .values(expires_at=now() - timedelta(seconds=1))
        )
    assert client.head(old, headers=TUS).status_code == 410
    assert send(client, old, b"a", 10).status_code == 410
    with library.upload_sessions.drop.files.writing(ids[1]):
        cleaned = library.upload_sessions.clean_up()
    assert (cleaned.expired, cleaned.failed) == (1, 0), "what is written to is left alone"
    assert left(home) == sorted([fresh.rpartition("/")[2], ids[1]])
    assert library.upload_sessions.clean_up().expired == 1
    assert client.head(old, headers=TUS).status_code == 410
    assert offset(client, fresh) == 10


def test_the_service_cleans_up_by_itself(client, library, home):
    from sqlalchemy import update

    from vidpipe.catalog.upload_tables import UploadSessionRow
    from vidpipe.library.chores import chores

    begun(client)
    with library.engine.catalog.writing() as session:
        session.execute(update(UploadSessionRow).values(expires_at=now() - timedelta(seconds=1)))
    works = {chore.name: chore.work for chore in chores(library)}
    assert works["stale uploads"]() is True and works["stale uploads"]() is False
    assert left(home) == [] and works["unused assets"]() is None


def test_what_no_upload_has_any_more_is_cleaned_up(client, library, home):
    import os

    where = begun(client)
    folder = home / "drop/.uploads"
    orphan = folder / ("upload-" + "0" * 20)
    orphan.write_bytes(b"x")
    aside = folder / ("upload-" + "1" * 20 + ".piece")
    aside.write_bytes(b"x")
    assert library.upload_sessions.clean_up().left == 0
    for path in (orphan, aside, folder / where.rpartition("/")[2]):
        os.utime(path, (time.time() - 7200,) * 2)
    assert library.upload_sessions.clean_up().left == 2
    assert left(home) == [where.rpartition("/")[2]]


def test_rows_of_what_ended_long_ago_are_forgotten(client, library):
    from sqlalchemy import update

    from vidpipe.catalog.upload_tables import UploadSessionRow

    where = begun(client)
    client.delete(where, headers=TUS)
    with library.engine.catalog.writing() as session:
        session.execute(update(UploadSessionRow).values(ended_at=now() - timedelta(days=31)))
    assert library.upload_sessions.clean_up().forgotten == 1
    assert client.head(where, headers=TUS).status_code == 404

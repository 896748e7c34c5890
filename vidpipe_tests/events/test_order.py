"""Whoever reads by ids misses nothing, whatever is committed when."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from pydantic import ValidationError
from sqlalchemy import update

from vidpipe.catalog.catalog import Catalog
from vidpipe.catalog.event_log import EventRecord, JobRoom, Missed, Rooms, is_of
from vidpipe.catalog.event_tables import EventRow
from vidpipe.catalog.event_types import EVENTS, envelopes
from vidpipe.catalog.events import EVENT_TYPES, emit
from vidpipe.catalog.tables import now
from vidpipe_tests.events.conftest import VIDEO, kinds, told


def happen(catalog: Catalog, number: int, channel: str = "default") -> None:
    with catalog.writing() as session:
        emit(session, "video.completed", channel, {"video_id": f"{channel}--{number}"})


def videos(events: list[EventRecord]) -> list[str]:
    return [str(event.video_id) for event in events]


def test_who_begins_first_and_commits_last_has_the_higher_id(catalog):
    if catalog.embedded:
        pytest.skip("SQLite has one writer at a time")
    begun, go = threading.Event(), threading.Event()

    def slow() -> None:
        with catalog.writing() as session:
            emit(session, "video.completed", "default", {"video_id": "default--slow"})
            # It has a transaction id by now, and keeps it.
            session.execute(update(EventRow).where(EventRow.id < 0).values(claims=0))
            begun.set()
            assert go.wait(30)

    thread = threading.Thread(target=slow)
    thread.start()
    assert begun.wait(30)
    # Nobody waits for it, and nobody reads past it.
    happen(catalog, 1)
    seen = told(catalog)
    assert videos(seen) == ["default--1"]
    go.set()
    thread.join(30)
    assert videos(told(catalog, seen[-1].id)) == ["default--slow"]


def test_a_reader_beside_many_writers_gets_each_once_and_in_order(catalog):
    own = [Catalog(catalog.url.render_as_string(hide_password=False)) for _ in range(4)]
    writers = [
        threading.Thread(target=lambda w=w, c=c: [happen(c, 100 * w + k) for k in range(40)])
        for w, c in enumerate(own)
    ]
    for writer in writers:
        writer.start()
    got: list[EventRecord] = []
    while any(w.is_alive() for w in writers) or len(got) < 160:
        got += catalog.events.after(got[-1].id if got else 0, 7)
    for c in own:
        c.engine.dispose()
    assert len(got) == 160 and [e.id for e in got] == [e.id for e in told(catalog)]
    # Of each writer in the order in which it wrote them.
    for w in range(4):
        mine = [v for v in videos(got) if int(v[9:]) // 100 == w]
        assert mine == [f"default--{100 * w + k}" for k in range(40)]


def test_what_is_rolled_back_did_not_happen(catalog):
    def go() -> None:
        with catalog.writing() as session:
            emit(session, "video.completed", "default", {"video_id": VIDEO})
            raise KeyError

    with pytest.raises(KeyError):
        go()
    assert told(catalog) == []


def test_what_is_no_event_is_refused(catalog):
    with catalog.writing() as session:
        with pytest.raises(ValueError, match=r"no event video\.exploded"):
            emit(session, "video.exploded", "default", {})
        with pytest.raises(ValidationError):
            emit(session, "video.completed", "default", {"video": VIDEO})
        with pytest.raises(ValidationError):
            emit(session, "stage.failed", "default", {"video_id": VIDEO, "stage": "x"})
    with catalog.session() as session, pytest.raises(ValueError, match="outside of"):
        emit(session, "video.completed", "default", {"video_id": VIDEO})
    assert told(catalog) == []


def test_every_type_says_when_it_is_and_what_it_holds():
    families = {kind.partition(".")[0] for kind in EVENTS}
    assert families >= {"upload", "intake", "job", "stage", "clip", "export", "video", "failure"}
    assert families >= {"review", "edits", "budget", "quota", "service", "cost"}
    assert set(EVENTS) == set(EVENT_TYPES) and all(EVENT_TYPES.values())
    whole = envelopes()["stage.failed"].model_json_schema()
    assert whole["properties"]["type"]["const"] == "stage.failed"
    assert {"video_id", "stage", "wall_s", "error"} <= set(
        whole["$defs"]["StageFailed"]["required"]
    )


# Rooms


def record(kind: str = "stage.started", channel: str = "default", **fields) -> EventRecord:
    given = {"video_id": VIDEO, "job_id": None, **fields}
    return EventRecord(1, "event-1", kind, channel, now(), {}, **given)


def test_rooms_have_what_they_are_of_and_nothing_that_may_not_be_read():
    may = frozenset({"default", "news"})
    assert Rooms(may).have(record()) and not Rooms(may).have(record(channel="other"))
    one = Rooms(may, places=frozenset({"news"}), videos=frozenset({VIDEO}), everything=False)
    assert one.have(record()) and one.have(record(channel="news", video_id="news--x"))
    assert not one.have(record(video_id="default--other"))
    # Several rooms are one stream: what any has comes once; types narrow all of them.
    few = Rooms(may, kinds=("job.*", "stage.failed"))
    assert few.have(record("job.failed")) and few.have(record("stage.failed"))
    assert not few.have(record("stage.started"))
    assert is_of("job.failed", "job.*") and not is_of("jobs.failed", "job.*")


def test_a_job_is_told_of_its_video_once_it_has_one_and_from_then_on():
    since = now()
    room = Rooms(frozenset({"default"}), jobs={"job-1": JobRoom(None, since)}, everything=False)
    assert not room.have(record())
    knows = room.knowing(record("job.video_assigned", job_id="job-1"))
    assert knows.have(record()) and knows.have_video(VIDEO, "default")
    older = EventRecord(1, "e", "stage.started", "default", since - timedelta(1), {}, VIDEO, None)
    assert not knows.have(older)
    assert room.knowing(record("job.queued", job_id="job-2")) is room


def test_the_database_has_the_same_rooms(catalog):
    for number in range(3):
        happen(catalog, number)
        happen(catalog, number, "news")
    with catalog.writing() as session:
        said = {"job_id": "job-1", "video_id": "news--1", "state": "done"}
        emit(session, "job.completed", "news", said)
    for rooms in (
        Rooms(frozenset({"news"})),
        Rooms(frozenset()),
        Rooms(frozenset({"default", "news"}), videos=frozenset({"news--2"}), everything=False),
        Rooms(frozenset({"default"}), videos=frozenset({"news--2"}), everything=False),
        Rooms(frozenset({"default", "news"}), places=frozenset({"news"}), everything=False),
        Rooms(frozenset({"default", "news"}), kinds=("job.*",)),
        Rooms(
            frozenset({"news"}),
            jobs={"job-1": JobRoom("news--1", now() - timedelta(minutes=1))},
            everything=False,
        ),
        Rooms(
            frozenset({"news"}),
            jobs={"job-1": JobRoom("news--1", now() + timedelta(minutes=1))},
            everything=False,
        ),
    ):
        wanted = [event.id for event in told(catalog) if rooms.have(event)]
        assert [e.id for e in catalog.events.after(0, 100, rooms=rooms)] == wanted
        newest = catalog.events.page(2, rooms=rooms)
        assert [e.id for e in newest] == wanted[::-1][:2]
        if len(wanted) > 2:
            more = catalog.events.page(100, rooms=rooms, after=newest[-1].id)
            assert [e.id for e in more] == wanted[::-1][2:]


# Coming back


def test_whoever_comes_back_gets_one_of_three_answers(catalog):
    everything = Rooms(frozenset({"default"}))
    ago = now() - timedelta(days=7)

    def missed(after: int, limit: int = 10):
        return catalog.events.missed(after, limit, rooms=everything, kept_since=ago)

    assert missed(0) == (0, [])
    for number in range(5):
        happen(catalog, number, "default" if number != 2 else "news")
    ids = [event.id for event in told(catalog)]
    newest = ids[-1]
    assert missed(newest) == (newest, [])
    at, found = missed(ids[0])
    assert (at, [e.id for e in found]) == (newest, [ids[1], ids[3], ids[4]])
    assert missed(ids[0], 3)[1] == found and missed(ids[0], 2) == (newest, Missed.TOO_MANY)
    assert missed(newest + 1) == (newest, Missed.UNKNOWN_ID)
    with catalog.writing() as session:
        old = ago - timedelta(hours=2)
        session.execute(update(EventRow).where(EventRow.id <= ids[2]).values(occurred_at=old))
    assert missed(ids[0]) == (newest, Missed.EXPIRED)
    assert [e.id for e in missed(ids[2])[1]] == ids[3:]
    # Removed or not yet removed, the answer is the same.
    while catalog.events.remove_old(ago - timedelta(hours=1)):
        pass
    assert [e.id for e in told(catalog)] == ids[3:]
    assert missed(ids[0]) == (newest, Missed.EXPIRED) and missed(ids[2])[1] != []


def test_no_id_is_given_twice_when_everything_is_removed(catalog):
    happen(catalog, 1)
    happen(catalog, 2)
    newest = catalog.events.newest_id()
    assert catalog.events.remove_old(now() + timedelta(days=1)) is False
    assert [e.id for e in told(catalog)] == [newest]
    happen(catalog, 3)
    assert catalog.events.newest_id() > newest
    assert kinds(catalog) == ["video.completed"] * 2

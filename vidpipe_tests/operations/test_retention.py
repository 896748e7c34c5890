"""What is removed when its time has come, and what never is."""

import shutil
import time

import pytest

from vidpipe.catalog.failures import Failed
from vidpipe.catalog.requests import Cause
from vidpipe.catalog.tables import now
from vidpipe.errors import InputRejected, Misconfigured
from vidpipe.library import Library
from vidpipe.operations.retention import plan_removal, remove
from vidpipe.pipeline import TALKS
from vidpipe.storage.keys import Folder, video_prefix
from vidpipe_tests.api.held import asking_while_free
from vidpipe_tests.conftest import CHANNELS, make_engine, run_all, take
from vidpipe_tests.reviews.conftest import video_row

DAY_S = 86_400.0
ALL = (
    "retention: {source: 10, working: 1, preview: 2, master: 5, delivery: 30, superseded: 3,"
    " quarantine: 4}"
)


@pytest.fixture
def kept(processed, tmp_path):
    """A finished video in a channel with every policy."""
    home = tmp_path / "home"
    shutil.copytree(processed.engine.settings.home, home)
    (home / "channels.yaml").write_text(
        CHANNELS.replace("quality: draft", f"quality: draft\n    {ALL}")
    )
    engine = make_engine(home)
    engine.catalog.finish_video(processed.video_id, now())
    return engine, processed.video_id


def kinds(engine, days, **how):
    found = plan_removal(engine, at_s=time.time() + days * DAY_S, **how)
    return {r.kind for r in found.removals}, found


def test_each_kind_goes_when_its_time_has_come(kept):
    engine, _ = kept
    seen = [(days, kinds(engine, days)[0]) for days in (0.5, 1.5, 2.5, 5.5, 10.5, 31)]
    assert seen[0][1] == set() and seen[1][1] == {"working"}
    assert seen[2][1] == {"working", "preview"}
    assert "master" in seen[3][1] and "source" not in seen[3][1]
    assert {"source", "master", "working", "preview"} <= seen[4][1] and "delivery" in seen[5][1]


def test_without_a_policy_nothing_goes_ever(processed, tmp_path):
    home = tmp_path / "home"
    shutil.copytree(processed.engine.settings.home, home)
    engine = make_engine(home)
    engine.catalog.finish_video(processed.video_id, now())
    assert plan_removal(engine, at_s=time.time() + 10_000 * DAY_S).removals == []


def test_a_dry_run_removes_nothing_and_the_real_one_what_it_said(kept):
    engine, key = kept
    before = {i.key for i in engine.store.list("")}
    _, found = kinds(engine, 2.5)
    assert {i.key for i in engine.store.list("")} == before
    remove(engine, found)
    after = {i.key for i in engine.store.list("")}
    assert before - after == {r.key for r in found.removals}
    # Manifests and documents stay: a run later finds everything but what it needs itself.
    assert engine.manifest(key, "audio") is not None
    ran = run_all(engine, key)
    assert {r.stage for r in ran if not r.reused} <= {"audio", "source_video"}


def test_what_somebody_needs_by_the_time_it_is_removed_is_kept(kept):
    engine, key = kept
    _, found = kinds(engine, 400)
    before = len(list(engine.store.list("")))
    assert remove(engine, found, lambda: {key}) == 0
    engine.catalog.requests.add([key], Cause.MANUAL)
    assert remove(engine, found) == 0
    assert len(list(engine.store.list(""))) == before


def test_without_its_source_what_is_there_stays_and_what_is_not_says_so(kept):
    engine, key = kept
    remove(engine, kinds(engine, 10.5)[1])
    order = engine.order(key)
    with pytest.raises(InputRejected, match="no longer stored"):
        engine.run_stage("audio", key, order)
    assert engine.catalog.exports(key) and all(
        engine.store.head(e.key) is not None for e in engine.catalog.exports(key)
    )


@pytest.mark.parametrize("why", ["hold", "request", "failure", "run", "unfinished", "alive"])
def test_a_video_that_somebody_needs_is_kept_whole(kept, why):
    engine, key = kept
    at_work = set()
    if why == "hold":
        engine.catalog.hold_video(key, "a court asked for it")
    elif why == "request":
        engine.catalog.requests.add([key], Cause.MANUAL)
    elif why == "failure":
        failed = Failed(key, "default", "process_video", "", "unavailable", "", "r")
        engine.catalog.failures.add(failed, attempts=1, dead=True)
    elif why == "run":
        at_work = {key}
    elif why == "alive":
        engine.catalog.heartbeats.beat("run-1", key)
    else:
        engine.catalog.change_sidecar(key, "v2", 0)
        engine.catalog.requests.submitted({engine.catalog.requests.due(1)[0].id: "r"})
        engine.catalog.requests.done("r")
    found = plan_removal(engine, at_work, at_s=time.time() + 400 * DAY_S)
    assert found.removals == [] and [k.video_id for k in found.kept] == [key]
    if why == "hold":
        assert found.kept[0].why == "held: a court asked for it"
        engine.catalog.hold_video(key, None)
        assert kinds(engine, 400)[0]


def test_clips_that_a_platform_has_not_got_are_kept(kept):
    engine, key = kept
    pointer = f"default/{key}/exports/platform_exports-tiktok.current.json"
    engine.store.delete(pointer)
    seen, found = kinds(engine, 5.5)
    assert "master" not in seen
    assert [k.why for k in found.kept] == ["tiktok has not all of its clips"]


def test_what_an_older_setting_gave_goes_whole(kept):
    engine, key = kept
    channels = engine.settings.channels_file
    channels.write_text(channels.read_text().replace("count: 2", "count: 1"))
    engine = make_engine(engine.settings.home)
    run_all(engine, key)
    engine.catalog.finish_video(key, now())
    _, found = kinds(engine, 3.5)
    old = [r for r in found.removals if r.kind == "superseded"]
    assert any("/clips/" in r.key and r.key.endswith(".mp4") for r in old)
    assert any(r.key.endswith(".manifest.json") for r in old)
    remove(engine, found)
    current = engine.manifest(key, "rendered_clips")
    assert engine.artifacts.intact(current)
    assert engine.items_intact(current, TALKS.stage("rendered_clips"))


def test_rejected_uploads_go_after_their_time(kept, tmp_path):
    engine, _ = kept
    bad = tmp_path / "bad.mp4"
    bad.write_text("#EXTM3U\n")
    take(engine, bad)
    assert "quarantine" not in kinds(engine, 3)[0]
    _, found = kinds(engine, 4.5)
    assert len([r for r in found.removals if r.kind == "quarantine"]) == 2


def test_retiring_removes_everything_but_the_row(kept):
    engine, key = kept
    engine.catalog.hold_video(key, "not yet")
    with pytest.raises(Misconfigured, match="not yet"):
        Library(engine).retire([key])
    engine.catalog.hold_video(key, None)
    assert Library(engine).retire([key])[key] > 20
    assert list(engine.store.list(f"default/{key}")) == []
    row = engine.catalog.video(key)
    assert row.state == "retired" and engine.catalog.clips(key) == []
    assert engine.artifacts.current(key, Folder.RAW, "upload") is None
    with pytest.raises(Misconfigured, match="no video"):
        Library(engine).retire(["default--none-0123456789"])


def test_retiring_asks_the_store_while_nobody_waits_and_removes_what_came_meanwhile(tmp_path):
    engine = make_engine(tmp_path)
    video = video_row()
    with engine.catalog.writing() as session:
        session.add(video)
    first, late = (f"{video_prefix(video.video_id)}/raw/{name}" for name in ("first", "late"))
    engine.store.put_bytes(first, b"1")
    library = Library(engine)
    with asking_while_free(library), engine.catalog.as_one() as unit:
        assert library.retire([video.video_id]) == {video.video_id: 1}
        engine.store.local_path(late).write_bytes(b"2")
        engine.catalog.commit(unit)
    assert list(engine.store.list(video_prefix(video.video_id))) == []


# A clock that cannot be believed


def test_a_clock_that_jumped_by_years_removes_nothing(kept, monkeypatch):
    engine, _ = kept
    real = time.time()
    remove(engine, plan_removal(engine))
    before = {i.key for i in engine.store.list("default")}
    monkeypatch.setattr(time, "time", lambda: real + 1.0 + 2 * 365 * DAY_S)
    found = plan_removal(engine)
    assert {r.kind for r in found.removals} <= {"working", "preview", "master", "superseded"}
    assert "the clock went on by" in found.doubt
    # The machine's own jobs go on looking, all in the same night.
    source = {i.key for i in engine.store.list("default") if "/raw/" in i.key}
    for minute in range(60):
        monkeypatch.setattr(time, "time", lambda m=minute: real + 730 * DAY_S + 60.0 * m)
        found = plan_removal(engine)
        assert not any(r.kind in ("source", "delivery") for r in found.removals)
    assert source <= before
    # Set right again, it is believed again.
    monkeypatch.setattr(time, "time", lambda: real + 1.0)
    assert plan_removal(engine).doubt == "" and plan_removal(engine).removals == []


def test_a_machine_that_was_off_catches_up(kept, monkeypatch):
    engine, _ = kept
    real = time.time()
    doubts = []
    for day in (0, 60, *range(61, 116)):
        monkeypatch.setattr(time, "time", lambda d=day: real + d * DAY_S)
        found = plan_removal(engine)
        doubts.append(bool(found.doubt))
        remove(engine, found)
    assert doubts[:2] == [False, True] and not doubts[-1]
    assert plan_removal(engine, trust_clock=True).doubt == ""
    assert not any("/raw/upload-source" in i.key for i in engine.store.list("default"))


def test_a_first_look_under_a_wrong_clock_believes_what_happened(kept, monkeypatch):
    engine, _ = kept
    real = time.time()
    monkeypatch.setattr(time, "time", lambda: real + 3650 * DAY_S)
    found = plan_removal(engine)
    assert found.doubt and not any(r.kind == "source" for r in found.removals)


@pytest.mark.parametrize("torn", [b"", b"{}", b"\0" * 99])
def test_what_cannot_be_read_is_kept_whole(kept, torn):
    engine, key = kept
    pointer = f"default/{key}/analysis/layout.current.json"
    assert engine.store.head(pointer) is not None
    engine.store.put_bytes(pointer, torn)
    _, found = kinds(engine, 400)
    assert [r for r in found.removals if r.video_id == key] == []
    assert any("cannot be read" in k.why for k in found.kept)

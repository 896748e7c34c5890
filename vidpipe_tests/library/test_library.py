"""The library as a program uses it: values and errors, nothing printed, no rows handed out."""

import hashlib
import json
import shutil
from datetime import timedelta
from pathlib import Path

import pytest
from pydantic import BaseModel, ValidationError
from sqlalchemy import update

from vidpipe.catalog.failures import Failed
from vidpipe.catalog.tables import Video, now
from vidpipe.errors import InputRejected, Misconfigured
from vidpipe.library import Library, NotReady, UnknownFailure, UnknownVideo, VideoState
from vidpipe.pipeline.run_options import RunOptions
from vidpipe.results.model import Results
from vidpipe.storage.keys import Folder, pointer_key
from vidpipe_tests.conftest import make_engine


@pytest.fixture
def library(tmp_path):
    return Library(make_engine(tmp_path / "home"))


@pytest.fixture
def seeded(processed, tmp_path):
    """A library of its own with the short talk processed, stage by stage, as a run does it."""
    home = tmp_path / "home"
    shutil.copytree(processed.engine.settings.home, home)
    return Library(make_engine(home))


def video(library: Library, number: int, channel: str = "default", **values) -> str:
    """A row of the catalog, `number` seconds old at most: the higher, the newer."""
    video_id = f"{channel}--talk-{number:010d}"
    row = Video(
        video_id=video_id,
        channel=channel,
        sha256=f"{number:064d}",
        name=f"talk {number}.mp4",
        title=f"Talk {number}",
        size_bytes=1,
        duration_s=60.0,
        width=640,
        height=360,
        **values,
    )
    assert library.engine.catalog.accept_video(row)
    moment = now() - timedelta(days=1) + timedelta(seconds=number // 2)
    with library.engine.catalog.writing() as session:
        session.execute(update(Video).where(Video.video_id == video_id).values(created_at=moment))
    return video_id


def finished(library: Library, video_id: str) -> None:
    library.engine.catalog.finish_video(video_id, now())


def failed(library: Library, subject: str, cause: str, *, dead: bool = True) -> None:
    library.engine.catalog.requests.done("none")
    library.engine.catalog.failures.add(
        Failed(subject, "default", "process_video", "layout", cause, "because", f"run-{subject}"),
        attempts=1,
        dead=dead,
    )


def test_a_list_goes_on_where_the_page_before_ended(library):
    """Pages neither repeat nor leave out, also where many came at the same moment."""
    ids = [video(library, n) for n in range(23)]
    seen, cursor = [], None
    while True:
        page = library.list(limit=5, cursor=cursor)
        seen += [v.video_id for v in page.items]
        cursor = page.next_cursor
        if cursor is None:
            break
        assert len(page.items) == 5
    assert seen == ids[::-1]


def test_a_list_is_not_disturbed_by_what_comes_meanwhile(library):
    ids = [video(library, n) for n in range(6)]
    first = library.list(limit=3)
    video(library, 900)
    second = library.list(limit=3, cursor=first.next_cursor)
    assert [v.video_id for v in (*first.items, *second.items)] == ids[::-1]
    assert second.next_cursor is None


def test_a_list_is_narrowed_to_states_and_channels(library):
    ids = [video(library, n, "default" if n % 2 else "other") for n in range(12)]
    for n, video_id in enumerate(ids):
        if n % 3 == 0:
            finished(library, video_id)
    library.hold(ids[3], "asked for by legal")
    library.retire([ids[6]])
    failed(library, ids[9], "unexpected:KeyError")
    library.engine.catalog.heartbeats.beat("run-1", ids[1])
    found = {
        state: {v.video_id for v in library.list(states=[state], limit=4).items}
        for state in VideoState
    }
    assert found == {
        VideoState.QUEUED: {ids[n] for n in (11, 10, 8, 7)},
        VideoState.RUNNING: {ids[1]},
        VideoState.WAITING_FOR_REVIEW: set(),
        VideoState.DONE: {ids[0]},
        VideoState.FAILED: {ids[9]},
        VideoState.HELD: {ids[3]},
        VideoState.RETIRED: {ids[6]},
        VideoState.REJECTED: set(),
    }
    queued = library.list(states=[VideoState.QUEUED], limit=4)
    rest = library.list(states=[VideoState.QUEUED], limit=4, cursor=queued.next_cursor)
    assert [v.video_id for v in rest.items] == [ids[n] for n in (5, 4, 2)]
    assert {v.channel for v in library.list(channel="other").items} == {"other"}
    both = library.list(states=[VideoState.HELD, VideoState.RETIRED]).items
    assert [v.video_id for v in both] == [ids[6], ids[3]]


@pytest.mark.parametrize(
    "cursor", ["x", "e30", "WzEsMl0", "WyIyMDI2LTAxLTAxIiwgImEiXQ", "W" * 4000]
)
def test_a_cursor_that_no_list_gave_is_refused(library, cursor):
    with pytest.raises(Misconfigured, match="cursor"):
        library.list(cursor=cursor)


@pytest.mark.parametrize("limit", [0, -1, 501])
def test_a_page_has_its_limits(library, limit):
    with pytest.raises(Misconfigured, match="from 1 to 500"):
        library.list(limit=limit)


def test_every_question_about_a_video_that_is_not_there_says_so(library, tmp_path):
    asked = [
        lambda: library.status("default--none-0"),
        lambda: library.results("default--none-0"),
        lambda: library.deliver("default--none-0", tmp_path / "out"),
        lambda: library.links("default--none-0"),
        lambda: library.plan("default--none-0"),
        lambda: library.request("default--none-0"),
        lambda: library.hold("default--none-0", "a reason"),
        lambda: library.release("default--none-0"),
        lambda: library.retire(["default--none-0"]),
    ]
    for ask in asked:
        with pytest.raises(UnknownVideo, match="there is no video 'default--none-0'"):
            ask()
    assert not (tmp_path / "out").exists()


def test_what_it_answers_cannot_be_changed(seeded, processed):
    detail = seeded.status(processed.video_id)
    for view in (detail, detail.stages[0], seeded.totals(), seeded.list().items[0]):
        assert isinstance(view, BaseModel)
        with pytest.raises(ValidationError, match="frozen"):
            setattr(view, next(iter(type(view).model_fields)), None)


def test_results_are_read_from_the_store_whoever_made_them(seeded, processed, talk, tmp_path):
    """Nothing was delivered by the run that made them; what a run delivers now says the same."""
    found = seeded.results(processed.video_id)
    run = seeded.process(talk.path, tmp_path / "run")
    assert run.folder == tmp_path / "run"
    assert all(timing.reused for timing in run.results.timings)
    same = {"timings"}
    assert found.model_dump(exclude=same) == run.results.model_dump(exclude=same)
    assert [t.stage for t in found.timings] == [t.stage for t in run.results.timings]
    assert not any(timing.reused for timing in found.timings)
    for export in found.exports:
        assert seeded.engine.store.head(export.key).size_bytes == export.size_bytes


def test_results_are_put_into_a_folder_later(seeded, processed, tmp_path):
    results = seeded.deliver(processed.video_id, tmp_path / "out")
    assert results == Results.model_validate_json((tmp_path / "out/results.json").read_bytes())
    assert results.exports
    for export in results.exports:
        assert (tmp_path / "out" / export.file).stat().st_size == export.size_bytes


def test_exports_of_clips_that_are_no_more_are_no_results(seeded, processed, talk):
    """One stage was run anew alone, as the Dagster UI can: the exports are still the old ones."""
    engine, video_id = seeded.engine, processed.video_id
    order = engine.order(video_id, RunOptions(clips=1))
    for stage in ("scored_segments", "rendered_clips"):
        engine.run_stage(stage, video_id, order)
    results = seeded.results(video_id)
    assert len(results.clips) == 1
    assert {e.clip for e in results.exports} <= {results.clips[0].id}


def test_a_video_without_results_says_what_is_missing(library, talk):
    taken = library.submit(talk.path)
    with pytest.raises(NotReady, match="source_video was never made"):
        library.results(taken.video_id)
    assert library.status(taken.video_id).state is VideoState.QUEUED
    assert [r.cause for r in library.status(taken.video_id).requests] == ["upload"]


def test_files_that_retention_took_are_missed_before_anything_is_written(
    seeded, processed, tmp_path
):
    results = seeded.results(processed.video_id)
    seeded.engine.store.delete(results.exports[-1].key)
    assert seeded.results(processed.video_id) == results
    with pytest.raises(NotReady, match="no longer stored"):
        seeded.deliver(processed.video_id, tmp_path / "out")
    assert list((tmp_path / "out").rglob("*")) == []


def test_a_damaged_export_is_not_handed_out(seeded, processed, tmp_path):
    results = seeded.results(processed.video_id)
    path = seeded.engine.store.local_path(results.exports[0].key)
    path.write_bytes(b"\0" * path.stat().st_size)
    with pytest.raises(Exception, match="damaged"):
        seeded.deliver(processed.video_id, tmp_path / "out")
    assert list((tmp_path / "out").rglob("*")) == []


def test_a_file_that_is_no_recording_is_rejected_and_listed(library, tmp_path):
    bad = tmp_path / "notes.mp4"
    bad.write_text("these are notes")
    with pytest.raises(InputRejected) as caught:
        library.submit(bad)
    (upload,) = library.uploads()
    assert upload.state == "quarantined" and upload.reason == caught.value.reason
    assert library.totals().videos == 0


def test_a_file_that_is_not_there_and_a_channel_that_is_not_are_said(library, talk):
    with pytest.raises(Misconfigured, match="no file"):
        library.submit(Path("nowhere.mp4"))
    with pytest.raises(Misconfigured, match="no channel 'nobody'; there are: default, other"):
        library.submit(talk.path, channel="nobody")


def test_failures_are_listed_and_retried_by_number(library):
    one, two = video(library, 1), video(library, 2)
    for video_id in (one, two):
        finished(library, video_id)
    failed(library, one, "unavailable", dead=False)
    failed(library, two, "rejected:no_video")
    assert [f.given_up for f in library.failures()] == [True, False]
    assert [f.subject for f in library.failures(given_up=False)] == [one]
    assert library.status(one).state is VideoState.QUEUED
    assert library.status(two).state is VideoState.REJECTED
    (dead,) = library.failures(given_up=True)
    with pytest.raises(UnknownFailure, match="999"):
        library.retry([dead.id, 999])
    assert library.failures(given_up=True) == (dead,)
    assert library.retry([dead.id, dead.id]) == 1
    assert library.status(two).state is VideoState.QUEUED
    assert [r.cause for r in library.status(two).requests] == ["retry"]


def test_a_run_is_asked_for_once_and_never_of_what_is_retired(library):
    video_id = video(library, 1)
    finished(library, video_id)
    assert library.request(video_id, stages=["layout"])
    assert not library.request(video_id, stages=["layout"])
    assert library.status(video_id).requests[0].stages == ("layout",)
    with pytest.raises(
        Misconfigured, match="unknown stage layuot, platform_exports/myspace; there"
    ):
        library.request(video_id, stages=["layuot", "platform_exports/myspace", "topics"])
    assert library.request(video_id, stages=["platform_exports/tiktok"])
    library.retire([video_id])
    with pytest.raises(Misconfigured, match="is retired"):
        library.request(video_id)


def test_nothing_is_retired_when_one_cannot_be(library):
    one, two = video(library, 1), video(library, 2)
    library.hold(two, "for the archive")
    with pytest.raises(Misconfigured, match="held: for the archive"):
        library.retire([one, two])
    assert library.status(one).state is not VideoState.RETIRED


def test_a_hold_has_a_reason(library):
    video_id = video(library, 1)
    finished(library, video_id)
    with pytest.raises(Misconfigured, match="give a reason"):
        library.hold(video_id, "  ")
    library.hold(video_id, "for the archive")
    assert library.status(video_id).state is VideoState.HELD
    library.release(video_id)
    assert library.status(video_id).state is VideoState.DONE


def test_arguments_that_cannot_be_are_said(library):
    video_id = video(library, 1)
    with pytest.raises(Misconfigured, match=r"states: 'nope' .*; there are: queued, running"):
        library.list(states=["nope"])
    assert [v.video_id for v in library.list(states=["queued"]).items] == [video_id]
    with pytest.raises(Misconfigured, match="at most 400 characters"):
        library.hold(video_id, "x" * 401)
    for expires_s in (0, -1, 8 * 24 * 3600):
        with pytest.raises(Misconfigured, match="expires_s: from 1"):
            library.links(video_id, expires_s=expires_s)


def test_results_of_before_the_names_changed_say_what_to_do(seeded, processed):
    """Manifests are read, so that nothing is called damaged; documents in another form are not."""
    engine, video_id = seeded.engine, processed.video_id
    manifest = engine.manifest(video_id, "transcript")
    document = json.loads(engine.store.get_bytes(manifest.file("result.json").key))
    document.pop("detected_language")
    document["word_times"] = "heard"
    body = json.dumps(document).encode()
    engine.store.put_bytes(manifest.file("result.json").key, body)
    old = manifest.model_dump(mode="json")
    old["ingredients"] = old.pop("cache_key_inputs")
    for item in old["files"]:
        if item["name"] == "result.json":
            item.update(sha256=hashlib.sha256(body).hexdigest(), size_bytes=len(body))
    key = pointer_key(video_id, Folder.ANALYSIS, "transcript")
    engine.store.put_bytes(key, json.dumps(old).encode())
    read = engine.manifest(video_id, "transcript")
    assert read.cache_key_inputs == manifest.cache_key_inputs
    with pytest.raises(NotReady, match=r"earlier version of vidpipe, in another form.*[Rr]un"):
        seeded.results(video_id)
    assert [s.verdict for s in seeded.plan(video_id).steps].count("lost") >= 1


def test_what_was_left_without_an_end_is_asked_for_again(library):
    video_id = video(library, 1)
    library.engine.catalog.requests.submitted({library.status(video_id).requests[0].id: "run-1"})
    library.engine.catalog.requests.done("run-1")
    assert library.status(video_id).state is VideoState.QUEUED
    assert library.status(video_id).requests == ()
    assert library.request_incomplete(at_work=[video_id]) == ()
    assert library.request_incomplete() == (video_id,)
    assert [r.cause for r in library.status(video_id).requests] == ["retry"]


def test_a_list_costs_as_many_queries_however_long_it_is(library):
    from sqlalchemy import event

    def queries(limit: int) -> int:
        count = 0

        def one(*_):
            nonlocal count
            count += 1

        event.listen(library.engine.catalog.engine, "before_cursor_execute", one)
        try:
            library.list(limit=limit)
        finally:
            event.remove(library.engine.catalog.engine, "before_cursor_execute", one)
        return count

    for n in range(30):
        video(library, n)
    assert queries(2) == queries(29)

"""Versions of edits on SQLite and PostgreSQL: added, never changed, one answer for two."""

from concurrent.futures import ThreadPoolExecutor

from vidpipe.catalog.requests import Cause
from vidpipe.catalog.tables import now
from vidpipe_tests.catalog.conftest import video


def add(catalog, after, title="x", **more):
    fields = {"channel": "default", "source": "api", "created_by": "me", **more}
    return catalog.edits.add("v", {"title": title}, after=after, **fields)


def test_versions_count_up_and_stay(catalog):
    assert catalog.edits.current("v") is None
    assert add(catalog, 0, "one").version == 1
    assert add(catalog, 1, "two", based_on=0, note="again").version == 2
    assert add(catalog, 0, "late") is None and add(catalog, 7) is None
    assert [r.document["title"] for r in catalog.edits.page("v", 10)] == ["two", "one"]
    assert [r.version for r in catalog.edits.page("v", 10, before=2)] == [1]
    second = catalog.edits.get("v", 2)
    assert (second.based_on, second.note) == (0, "again")
    assert catalog.edits.current("other") is None


def test_of_many_who_save_at_once_one_has_each_version(catalog):
    add(catalog, 0)
    with ThreadPoolExecutor(4) as pool:
        saved = list(pool.map(lambda n: add(catalog, 1, f"{n}"), range(8)))
    (won,) = [row for row in saved if row is not None]
    assert catalog.edits.current("v").document == won.document


def test_the_newest_that_a_sidecar_wrote_is_found(catalog):
    add(catalog, 0, "s", source="sidecar")
    add(catalog, 1, "a")
    assert catalog.edits.by_sidecar("v").version == 1
    assert catalog.edits.by_sidecar("w") is None


def test_what_someone_waits_for_is_asked_for_beside_what_waits_and_claimed_once(catalog):
    row = video()
    assert catalog.accept_video(row)
    assert not catalog.requests.has_open([Cause.EDIT])
    assert catalog.requests.claim([Cause.EDIT], "run-0") is None
    assert catalog.requests.add([row.video_id], Cause.EDIT, stages=["rendered_clips"], wait_s=60)
    # All that was wanted before is wanted still, and the orchestrator leaves it for a moment.
    assert [r.cause for r in catalog.requests.due(10)] == ["upload"]
    assert catalog.requests.has_open([Cause.EDIT])
    assert not catalog.requests.has_claimable([Cause.EDIT], ahead_s=30)
    assert catalog.requests.has_claimable([Cause.EDIT], ahead_s=60)

    def claim(run):
        return catalog.requests.claim([Cause.EDIT], run, ahead_s=60)

    with ThreadPoolExecutor(4) as pool:
        claimed = list(pool.map(claim, [f"run-{n}" for n in range(1, 5)]))
    (request,) = [found for found in claimed if found is not None]
    assert (request.video_id, request.stages) == (row.video_id, ["rendered_clips"])
    catalog.finish_video(row.video_id, now(), None, request.stages)
    catalog.requests.done(request.run_id)
    assert [r.cause for r in catalog.requests.due(10)] == ["upload"]


def test_what_is_due_is_left_to_an_orchestrator_that_lives(catalog):
    row = video()
    assert catalog.accept_video(row)
    add = catalog.requests.add
    assert add([row.video_id], Cause.EDIT, stages=["rendered_clips"], wait_s=20)
    # It takes the upload in a moment: one run at a time works on a video.
    assert not catalog.requests.has_claimable([Cause.EDIT], ahead_s=20, shared=True)
    [upload] = catalog.requests.due(10)
    catalog.requests.submitted({upload.id: "run-1"})
    catalog.requests.done("run-1")
    assert catalog.requests.has_claimable([Cause.EDIT], ahead_s=20, shared=True)
    assert add([row.video_id], Cause.EDIT, stages=["rendered_clips"])
    assert not catalog.requests.has_claimable([Cause.EDIT], ahead_s=20, shared=True)
    assert catalog.requests.has_claimable([Cause.EDIT], ahead_s=20)

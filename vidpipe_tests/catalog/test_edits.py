"""Versions of edits on SQLite and PostgreSQL: added, never changed, one answer for two."""

from concurrent.futures import ThreadPoolExecutor

from vidpipe.catalog.requests import Cause
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


def test_what_someone_waits_for_takes_the_place_of_what_waits_and_is_claimed_once(catalog):
    row = video()
    assert catalog.accept_video(row)
    assert not catalog.requests.has_open(Cause.EDIT)
    assert catalog.requests.claim(Cause.EDIT, "run-0") is None
    assert catalog.requests.add([row.video_id], Cause.EDIT, stages=["rendered_clips"], wait_s=60)
    # All that was wanted before is wanted still, and the orchestrator leaves it for a moment.
    assert catalog.requests.due(10) == [] and catalog.requests.has_open(Cause.EDIT)
    with ThreadPoolExecutor(4) as pool:
        runs = [f"run-{n}" for n in range(1, 5)]
        claimed = list(pool.map(lambda run: catalog.requests.claim(Cause.EDIT, run), runs))
    (request,) = [found for found in claimed if found is not None]
    assert request.video_id == row.video_id and request.stages is None
    catalog.requests.done(request.run_id)
    assert catalog.requests.videos() == set()

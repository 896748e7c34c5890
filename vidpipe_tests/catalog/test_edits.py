"""Versions of edits on SQLite and PostgreSQL: added, never changed, one answer for two."""

from concurrent.futures import ThreadPoolExecutor


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

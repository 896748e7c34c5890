"""Uploads in progress and assets, on SQLite and on PostgreSQL."""

from datetime import timedelta

from vidpipe.catalog.tables import now
from vidpipe.catalog.upload_sessions import UploadSessionState
from vidpipe.catalog.upload_tables import AssetRow, UploadSessionRow


def upload(number, **changes):
    fields = {
        "upload_id": f"upload-{number:020d}",
        "channel": "default",
        "key": f"default/talk-{number}.mp4",
        "name": "talk.mp4",
        "size_bytes": 5_000_000_000,
        "protocol": "tus",
        "asked_by": "user:ann",
        "expires_at": now() + timedelta(hours=1),
    }
    return UploadSessionRow(**{**fields, **changes})


def test_no_two_that_are_open_have_one_key(catalog):
    rows = catalog.upload_sessions
    assert rows.add(upload(1, key="default/talk.mp4"))
    assert not rows.add(upload(2, key="default/talk.mp4"))
    assert rows.add(upload(3)) and not rows.rename(upload(3).upload_id, "default/talk.mp4")
    assert rows.end(upload(1).upload_id, UploadSessionState.FINISHED)
    assert rows.rename(upload(3).upload_id, "default/talk.mp4")
    assert not rows.add(upload(2, key="default/talk.mp4"))
    assert rows.add(upload(4, state="finished", key="default/free.mp4"))


def test_what_is_over_does_not_change(catalog):
    rows, upload_id = catalog.upload_sessions, upload(1).upload_id
    rows.add(upload(1, size_bytes=None))
    assert rows.measure(upload_id, 7) and not rows.measure(upload_id, 8)
    assert rows.begun(upload_id, "bucket's name") and rows.keep(upload_id, now())
    assert rows.end(upload_id, UploadSessionState.CANCELLED)
    for done in (
        rows.end(upload_id, UploadSessionState.FINISHED),
        rows.keep(upload_id, now()),
        rows.measure(upload_id, 9),
        rows.rename(upload_id, "x"),
        rows.begun(upload_id, "other"),
    ):
        assert done is False
    found = rows.get(upload_id)
    assert (found.state, found.size_bytes, found.key) == ("cancelled", 7, "default/talk-1.mp4")
    assert found.ended_at is not None and found.store_upload_id == "bucket's name"


def test_lists_hold_what_is_open_of_somebody(catalog):
    rows = catalog.upload_sessions
    for number, changes in enumerate(
        [
            {},
            {"asked_by": "user:ben"},
            {"channel": "other"},
            {"expires_at": now() - timedelta(seconds=1)},
            {"fingerprint": "mine"},
            {},
        ]
    ):
        rows.add(upload(number, **changes))
    rows.end(upload(5).upload_id, UploadSessionState.FINISHED)

    def listed(**more):
        found = rows.page(10, channels=["default"], asked_by="user:ann", **more)
        return [int(row.upload_id[-3:]) for row in found]

    assert listed() == [4, 0] and listed(fingerprint="mine") == [4]
    (newest,) = rows.page(1, channels=["default"], asked_by="user:ann")
    assert listed(after=(newest.created_at, newest.upload_id)) == [0]
    ids = [upload(number).upload_id for number in range(9)]
    assert rows.are_open(ids) == set(ids[:5])


def test_what_is_overdue_is_found_and_what_ended_is_forgotten(catalog):
    rows, at = catalog.upload_sessions, now()
    for number in (1, 2, 3):
        rows.add(upload(number, expires_at=at - timedelta(minutes=number)))
    rows.add(upload(4))
    assert [r.upload_id[-1] for r in rows.overdue(at, 2)] == ["3", "2"]
    rows.end(upload(3).upload_id, UploadSessionState.EXPIRED)
    assert [r.upload_id[-1] for r in rows.overdue(at, 5)] == ["2", "1"]
    assert rows.forget(timedelta(days=1)) == 0
    assert rows.forget(timedelta(seconds=-5)) == 1
    assert rows.get(upload(3).upload_id) is None and rows.get(upload(1).upload_id) is not None


def test_an_asset_changes_only_for_whoever_knows_its_bytes(catalog):
    def asset(name, digest, **changes):
        fields = {
            "channel": "default",
            "name": name,
            "kind": "picture",
            "media_type": "image/png",
            "key": f"_assets/default/{digest}.png",
            "sha256": digest * 64,
            "size_bytes": 3,
            "asked_by": "user:ann",
        }
        return AssetRow(**{**fields, **changes})

    rows = catalog.assets
    assert rows.add(asset("logo", "a")) and not rows.add(asset("logo", "b"))
    assert rows.add(asset("logo", "b", channel="other")) and rows.add(asset("theme", "c"))
    values = {"sha256": "d" * 64, "key": "_assets/default/d.png"}
    assert not rows.replace("default", "logo", "b" * 64, values)
    assert rows.replace("default", "logo", "a" * 64, values)
    assert rows.get("default", "logo").sha256 == "d" * 64
    keys = [f"_assets/default/{digest}.png" for digest in "abcd"]
    assert rows.used(keys) == {keys[1], keys[2], keys[3]}
    assert not rows.remove("default", "logo", "a" * 64)
    assert rows.remove("default", "logo", "d" * 64) and rows.get("default", "logo") is None
    rows.add(asset("intro", "e", kind="video"))
    assert [r.name for r in rows.page(9, channels=["default"])] == ["intro", "theme"]
    assert [r.name for r in rows.page(9, channels=["default"], kind="video")] == ["intro"]

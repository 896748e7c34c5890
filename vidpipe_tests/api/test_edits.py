"""Edits, and what a player is given, over the API."""

import gzip
import io
import json
import zipfile

import pytest

from vidpipe.api import middleware
from vidpipe.library import NotReady, TooBusy
from vidpipe.library.player import NamedFile
from vidpipe_tests.api.held import asking_while_free


@pytest.fixture
def edits(video_id):
    return f"/videos/{video_id}/edits"


def test_a_document_is_changed_by_whoever_read_it_last(client, edits):
    first = client.get(edits)
    assert first.status_code == 200 and first.headers["etag"] == '"0"'
    assert first.json()["document"]["clip_edits"] == [] and first.json()["rendered"]
    saved = client.put(edits, json={"template": "pop"}, headers={"If-Match": '"0"'})
    assert saved.status_code == 200 and saved.headers["etag"] == '"1"'
    late = client.put(edits, json={"template": "duo"}, headers={"If-Match": '"0"'})
    assert late.status_code == 412 and late.json()["code"] == "changed"
    assert late.json()["details"]["version"] == 1
    assert late.json()["details"]["document"]["template"] == "pop"
    assert client.put(edits, json={}).status_code == 428
    assert client.put(edits, json={}, headers={"If-Match": "soon"}).status_code == 422
    patched = client.patch(edits, json={"template": None}, headers={"If-Match": 'W/"1"'})
    assert patched.json()["version"] == 2 and patched.json()["document"]["template"] is None


def test_the_store_is_asked_while_nobody_waits_for_us(client, library, edits, monkeypatch):
    """Where it is a bucket, it may hang while somebody types a title."""
    rows = library.engine.catalog.edits
    with asking_while_free(library) as asked:
        saved = client.patch(
            f"{edits}/clips/1", json={"title": "One"}, headers={"If-Match": "*"}
        ).json()
        assert saved["version"] == 1 and asked
        asked.clear()
        # Somebody else was faster: it is looked at anew.
        real, first = rows.current, [None]
        monkeypatch.setattr(rows, "current", lambda v: first.pop() if first else real(v))
        saved = client.patch(
            f"{edits}/clips/1", json={"title": "Two"}, headers={"If-Match": "*"}
        ).json()
        assert (saved["version"], first) == (2, []) and asked


def test_a_bad_field_is_named_and_nothing_is_saved(client, edits):
    answer = client.patch(
        f"{edits}/clips/1", json={"template": "baroque"}, headers={"If-Match": "*"}
    )
    assert answer.status_code == 422 and answer.json()["code"] == "invalid_edit"
    (problem,) = answer.json()["details"]["problems"]
    assert "template: there is no 'baroque'; there are:" in problem
    answer = client.put(
        edits, json={"clip_edits": [{"clip": "a", "cuts": [{}]}]}, headers={"If-Match": "*"}
    )
    assert answer.status_code == 422
    assert answer.json()["details"]["errors"][0]["where"].endswith("clip_edits.0.cuts.0")
    assert client.get(edits).json()["version"] == 0
    unknown = client.patch(f"{edits}/clips/77", json={"title": "x"}, headers={"If-Match": "*"})
    assert unknown.status_code == 404 and unknown.json()["code"] == "clip_not_found"


def test_versions_are_listed_compared_and_restored(client, edits):
    always = {"If-Match": "*"}
    client.patch(f"{edits}/clips/1?note=first", json={"title": "One"}, headers=always)
    client.patch(f"{edits}/clips/1", json={"title": "Two"}, headers=always)
    listed = client.get(f"{edits}/versions?limit=1").json()
    assert [v["version"] for v in listed["items"]] == [2]
    older = client.get(f"{edits}/versions?cursor={listed['next_cursor']}").json()
    (first,) = older["items"]
    assert (first["version"], first["note"], first["source"]) == (1, "first", "api")
    assert client.get(f"{edits}/versions?cursor=abc").status_code == 422
    (change,) = client.get(f"{edits}/compare?from=1&to=2").json()["changes"]
    assert (change["field"], change["before"], change["after"]) == ("title", "One", "Two")
    back = client.post(f"{edits}/restore", json={"version": 1}, headers={"If-Match": '"2"'})
    assert back.json()["version"] == 3
    assert back.json()["document"] == client.get(f"{edits}/versions/1").json()["document"]
    assert client.get(f"{edits}/versions/9").status_code == 404


def test_clips_are_added_split_merged_and_reset(client, edits, library, video_id):
    always = {"If-Match": "*"}
    body = {"start_s": 2.0, "end_s": 9.5, "title": "Mine"}
    key = {**always, "Idempotency-Key": "one"}
    made = client.post(f"{edits}/clips", json=body, headers=key)
    assert made.status_code == 201
    again = client.post(f"{edits}/clips", json=body, headers=key)
    assert again.headers["Idempotency-Replayed"] == "true"
    (added,) = made.json()["document"]["clip_edits"]
    assert made.headers["location"].endswith(f"/edits/clips/{added['clip']}")
    assert added["added"] and added["moment"] == {"start_s": 2.0, "end_s": 9.5}
    split = client.post(f"{edits}/clips/{added['clip']}/split", json={"at_s": 5}, headers=always)
    first, second = split.json()["document"]["clip_edits"]
    assert (first["end_s"], second["start_s"]) == (5.0, 5.0)
    far = client.post(f"{edits}/clips/{added['clip']}/split", json={"at_s": 50}, headers=always)
    assert far.status_code == 422 and "at_s" in far.json()["detail"]
    merged = client.post(
        f"{edits}/merge", json={"clips": [first["clip"], second["clip"]]}, headers=always
    )
    (whole,) = merged.json()["document"]["clip_edits"]
    assert (whole["start_s"], whole["end_s"]) == (2.0, 9.5)
    gone = client.delete(f"{edits}/clips/{added['clip']}", headers=always)
    assert gone.json()["document"]["clip_edits"] == []


def test_a_render_is_a_job_with_an_estimate(client, edits):
    assert client.post(f"{edits}/render").status_code == 422
    client.patch(f"{edits}/clips/1", json={"hashtags": ["mine"]}, headers={"If-Match": "*"})
    estimate = client.get(f"{edits}/estimate").json()
    assert [c["why"] for c in estimate["clips"]] == [["hashtags"]]
    made = client.post(f"{edits}/render")
    assert made.status_code == 201 and made.json()["estimate"]["clips"] == estimate["clips"]
    job = client.get(made.headers["location"].removeprefix("/api/v1")).json()
    assert job["state"] == "queued" and "rendered_clips" in job["stages"]


def test_a_player_is_given_all_that_it_draws_and_plays(client, video_id):
    at = f"/videos/{video_id}"
    shown = client.get(f"{at}/timeline")
    assert shown.status_code == 200 and shown.json()["clips"][0]["files"]
    known = {"If-None-Match": shown.headers["etag"]}
    assert client.get(f"{at}/timeline", headers=known).status_code == 304
    peaks = client.get(f"{at}/peaks", headers={"Accept-Encoding": "gzip"})
    assert peaks.headers["content-encoding"] == "gzip"
    told = peaks.json()
    assert len(told["data"]) == 2 * told["length"]
    plain = client.get(f"{at}/peaks", headers={"Accept-Encoding": "identity"})
    assert "content-encoding" not in plain.headers and json.loads(plain.content) == told
    assert len(gzip.compress(plain.content)) < len(plain.content)
    known = {"If-None-Match": peaks.headers["etag"]}
    assert client.get(f"{at}/peaks", headers=known).status_code == 304
    archive = client.get(f"{at}/clips.zip")
    assert archive.headers["content-disposition"] == f'attachment; filename="{video_id}.zip"'
    with zipfile.ZipFile(io.BytesIO(archive.content)) as packed:
        assert packed.testzip() is None and "results.json" in packed.namelist()
    for form, media_type in (("edl", "text/plain"), ("xml", "application/xml")):
        file = client.get(f"{at}/timeline.{form}?media=/films/talk.mp4")
        assert file.headers["content-type"].startswith(media_type)
        assert "talk.mp4" in file.text
    assert client.get(f"{at}/timeline.avid").status_code == 422


def test_a_recording_is_played_in_parts(client, library, video_id):
    library.proxies.make(video_id)
    info = client.get(f"/videos/{video_id}/proxy/info").json()
    assert info["state"] == "ready" and info["size_bytes"] > 1000
    part = client.get(f"/videos/{video_id}/proxy", headers={"Range": "bytes=0-99"})
    assert part.status_code == 206 and len(part.content) == 100
    assert part.headers["content-range"] == f"bytes 0-99/{info['size_bytes']}"
    assert part.headers["content-type"] == "video/mp4"


def test_a_proxy_that_is_not_there_is_made_at_the_first_asking(client, library, video_id):
    made = []
    library.proxies.key = lambda _: made.append(1)
    answer = client.get(f"/videos/{video_id}/proxy")
    assert answer.status_code == 202 and answer.headers["retry-after"] == "2" and made
    assert answer.json()["state"] in ("ready", "absent", "making")


def test_what_cannot_be_made_is_told_and_what_is_made_is_waited_for(
    client, library, video_id, monkeypatch
):
    def refused(error):
        def key(_):
            raise error

        return key

    monkeypatch.setattr(library.proxies, "key", refused(TooBusy("many wait")))
    answer = client.get(f"/videos/{video_id}/proxy")
    assert (answer.status_code, answer.json()["code"]) == (503, "busy")
    assert answer.headers["retry-after"] == "60"
    monkeypatch.setattr(library.proxies, "key", refused(NotReady("it does not decode")))
    assert client.get(f"/videos/{video_id}/proxy").status_code == 409
    monkeypatch.setattr(library.player, "peaks", lambda _: None)
    answer = client.get(f"/videos/{video_id}/peaks")
    assert (answer.status_code, answer.headers["retry-after"]) == (202, "2")


def test_what_is_sent_takes_as_long_as_its_reader(client, library, video_id, monkeypatch):
    clocks, ends = [], []

    class Watched(middleware.RequestLimits):
        def __init__(self, max_body_bytes, time):
            super().__init__(max_body_bytes, time)
            clocks.append(time)

    def portions():
        for _ in range(2):
            ends.append(clocks[-1].when())
            yield b"PK"

    monkeypatch.setattr(middleware, "RequestLimits", Watched)
    file = NamedFile("clips.zip", "application/zip", portions())
    monkeypatch.setattr(library.player, "zipped_clips", lambda *_: file)
    assert client.get(f"/videos/{video_id}/clips.zip").content == b"PKPK"
    assert ends == [None, None]
    client.get(f"/videos/{video_id}/timeline")
    assert clocks[-1].when() is not None


def test_words_are_corrected_in_the_transcript_where_that_is_asked(client, edits, video_id):
    said = client.get(f"/videos/{video_id}/transcript").json()
    word = said["words"][3]
    change = {"words": [{"start_s": word["start_s"], "text": "two words"}]}
    client.patch(edits, json=change, headers={"If-Match": "*"})
    after = client.get(f"/videos/{video_id}/transcript?corrected=true").json()
    assert [w["text"] for w in after["words"][3:5]] == ["two", "words"]
    assert len(after["words"]) == len(said["words"]) + 1
    assert "two words" in after["sentences"][0]["text"]
    assert after["sentences"][-1]["last_word"] == said["sentences"][-1]["last_word"] + 1
    assert client.get(f"/videos/{video_id}/transcript").json() == said


def test_platforms_say_every_area_that_stays_free(client):
    areas = client.get("/platforms/tiktok").json()["safe_areas"]
    assert [a["name"] for a in areas] == ["platform", "shared", "graphics"]
    assert all(len(a["outline"]) >= 4 and a["note"] for a in areas)

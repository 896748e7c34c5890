"""What an upload is called in the drop folder, and what is put beside it."""

from __future__ import annotations

import json

import pytest

from vidpipe_tests.uploads.conftest import TUS, dropped, left, metadata
from vidpipe_tests.uploads.tus import begun, send

pytestmark = pytest.mark.timeout(120)


# Names


@pytest.mark.parametrize(
    "name",
    [
        *("../talk.mp4", "../../etc/passwd.mp4", "/etc/talk.mp4", "a/b.mp4", "a\\b.mp4", ".."),
        *("talk\0.mp4", "talk\n.mp4", ".mp4", ".hidden.mp4", " .mp4", "talk.mp4 ", " talk.mp4"),
        *("CON.mp4", "nul.mp4", "com1.talk.mp4", "a" * 300 + ".mp4", "ä" * 120 + ".mp4", ""),
        *("talk.exe", "talk", "talk.mp4.part", "talk.f137.mp4", "talk.svg", "talk\u202e4pm.mp4"),
        *("talk.mp4/", "talk.php", "..mp4", "desktop.ini"),
    ],
)
def test_names_that_would_do_harm_are_refused(client, home, name):
    body = {"channel": "default", "name": name, "size_bytes": 10}
    answer = client.post("/uploads", json=body)
    assert answer.status_code == 422, answer.text
    said = metadata(channel="default", filename=name)
    headers = {**TUS, "Upload-Length": "10", "Upload-Metadata": said}
    assert client.post("/tus", headers=headers).status_code == 422
    assert left(home) == [] and dropped(home) == {}


@pytest.mark.parametrize(
    "name", ["talk.MP4", "What? A talk: part 1 (final).mov", "会議.mkv", "e.m4a"]
)
def test_names_of_people_are_kept(client, home, name):
    where = begun(client, 3, name=name)
    assert send(client, where, b"abc", 0).status_code == 204
    assert dropped(home) == {name: b"abc"}


def test_a_name_that_is_taken_gets_a_number_and_nothing_is_overwritten(client, home):
    folder = home / "drop/default"
    folder.mkdir(parents=True)
    (folder / "talk.mp4").write_bytes(b"mine")
    second, third = begun(client, 3), begun(client, 3)
    # While they come, somebody drops a file by hand.
    (folder / "talk-2.mp4").write_bytes(b"theirs")
    assert send(client, second, b"two", 0).status_code == 204
    assert send(client, third, b"333", 0).status_code == 204
    assert dropped(home) == {
        "talk.mp4": b"mine",
        "talk-2.mp4": b"theirs",
        "talk-4.mp4": b"two",
        "talk-3.mp4": b"333",
    }
    view = client.get(second.replace("/tus/", "/uploads/")).json()
    assert (view["name"], view["key"]) == ("talk.mp4", "default/talk-4.mp4")


@pytest.mark.logs_errors
def test_a_channel_that_leads_out_of_the_drop_folder_takes_nothing(client, home, tmp_path):
    outside = tmp_path / "outside"
    outside.mkdir()
    where = begun(client, 3)
    (home / "drop/default").symlink_to(outside)
    answer = send(client, where, b"abc", 0)
    assert answer.status_code == 500 and answer.json()["code"] == "misconfigured"
    assert list(outside.iterdir()) == []


# What lies beside


def test_instructions_lie_beside_it_before_it_is_there(client, library, home):
    said = {"title": "Opening", "clips": 2}
    where = begun(client, 3, instructions=json.dumps(said))
    assert send(client, where, b"abc", 0).status_code == 204
    found = dropped(home)
    assert set(found) == {"talk.mp4", "talk.yaml"} and b"title: Opening" in found["talk.yaml"]
    (row,) = library.engine.catalog.uploads(["default/talk.mp4"])
    assert row.sidecars == {".yaml": "default/talk.yaml"}
    again = begun(client, 3, instructions=json.dumps({"title": "Other"}))
    assert send(client, again, b"abc", 0).status_code == 204
    assert b"Other" in dropped(home)["talk-2.yaml"]


@pytest.mark.parametrize(
    "said", ['{"clips": 900}', '{"nonsense": 1}', '{"platforms": ["myspace"]}', '{"template": "x"}']
)
def test_instructions_that_cannot_be_are_refused_before_a_byte_comes(client, home, said):
    fields = metadata(channel="default", filename="talk.mp4", instructions=said)
    answer = client.post("/tus", headers={**TUS, "Upload-Length": "3", "Upload-Metadata": fields})
    assert answer.status_code == 422 and answer.json()["details"]["reason"] == "bad_sidecar"
    assert left(home) == []


def test_a_transcript_is_uploaded_under_its_own_name_or_not_at_all(client, library, home):
    recording = begun(client, 3)
    transcript = begun(client, 6, name="talk.en.srt")
    assert send(client, recording, b"abc", 0).status_code == 204
    assert send(client, transcript, b"1\n2\n3\n", 0).status_code == 204
    (row,) = library.engine.catalog.uploads(["default/talk.mp4"])
    assert row.sidecars == {".en.srt": "default/talk.en.srt"}
    said = metadata(channel="default", filename="talk.en.srt")
    again = client.post("/tus", headers={**TUS, "Upload-Length": "6", "Upload-Metadata": said})
    assert again.status_code == 409 and again.json()["code"] == "name_taken"

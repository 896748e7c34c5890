"""Clips, exports, posts, texts, search and analytics of a processed talk over the API."""

from __future__ import annotations

import html
import json
import urllib.request

import pysubs2
import pytest
from starlette.testclient import TestClient

from vidpipe.api.app import service
from vidpipe.content.chapters import chapters_vtt
from vidpipe.content.model import Topic
from vidpipe.library import Library
from vidpipe_tests.api.conftest import served


def everything(client, path, limit=1, **params):
    """All items of a list, a page at a time."""
    items, cursor = [], None
    while True:
        asked = {"limit": limit, **params, **({"cursor": cursor} if cursor else {})}
        answer = client.get(path, params=asked)
        assert answer.status_code == 200, answer.text
        items += answer.json()["items"]
        cursor = answer.json()["next_cursor"]
        if cursor is None:
            return items
        assert len(items) < 500


def test_clips_across_videos_are_those_of_the_results(client, library, video_id):
    clips = everything(client, "clips")
    results = library.results(video_id)
    assert [c["clip_id"] for c in clips] == [
        c.id for c in sorted(results.clips, key=lambda c: c.segment)
    ]
    assert [c["rank"] for c in clips] == list(range(1, len(clips) + 1))
    assert clips[0]["platforms"] == ["tiktok", "youtube_shorts"]
    assert client.get("clips", params={"channel": "other"}).json()["items"] == []


def test_a_clip_is_found_by_its_rank_and_its_id(client, video_id):
    by_rank = client.get(f"videos/{video_id}/clips/1")
    assert by_rank.status_code == 200
    clip = by_rank.json()["clip"]
    assert clip["segment"] == 1 and by_rank.json()["segment"]["rank"] == 1
    by_id = client.get(f"videos/{video_id}/clips/{clip['id']}")
    assert by_id.json() == by_rank.json() and by_id.headers["etag"] == by_rank.headers["etag"]
    again = client.get(
        f"videos/{video_id}/clips/1", headers={"If-None-Match": by_rank.headers["etag"]}
    )
    assert again.status_code == 304 and again.content == b""
    other = client.get(f"videos/{video_id}/clips/1", headers={"If-None-Match": '"other"'})
    assert other.status_code == 200
    missing = client.get(f"videos/{video_id}/clips/99")
    assert (missing.status_code, missing.json()["code"]) == (404, "clip_not_found")


@pytest.mark.parametrize("what", ["results", "transcript", "layout"])
def test_what_is_large_is_not_sent_again(client, library, video_id, what):
    first = client.get(f"videos/{video_id}/{what}")
    assert first.headers["content-type"] == "application/json"
    assert first.json() == getattr(library, what)(video_id).model_dump(mode="json")
    known = {"If-None-Match": first.headers["etag"]}
    again = client.get(f"videos/{video_id}/{what}", headers=known)
    assert again.status_code == 304 and again.headers["etag"] == first.headers["etag"]


def test_an_export_has_a_link_that_leads_to_its_file(client, library, video_id):
    exports = everything(client, "exports")
    assert [(e["rank"], e["platform"]) for e in exports[:2]] == [
        (1, "tiktok"),
        (1, "youtube_shorts"),
    ]
    assert [e["platform"] for e in everything(client, "exports", platform="tiktok")] == [
        "tiktok"
    ] * (len(exports) // 2)
    one = client.get(f"videos/{video_id}/exports/1/tiktok").json()
    assert {name: one[name] for name in exports[0]} == exports[0]
    assert one["expires_at"] is None
    file = client.get(one["url"])
    assert file.status_code == 200 and len(file.content) == one["size_bytes"]
    missing = client.get(f"videos/{video_id}/exports/1/facebook")
    assert (missing.status_code, missing.json()["code"]) == (404, "export_not_found")


def test_a_link_of_a_store_that_signs_expires(home, s3_options, video_id):
    """The same library with its files in S3."""
    local = served(home)
    store = {
        "store_url": f"s3://vidpipe-test/{home.parent.name}",
        "store_options": s3_options,
    }
    far: Library = served(home, **store)
    for item in local.engine.store.list(""):
        data = local.engine.store.get_bytes(item.key)
        assert data is not None
        far.engine.store.put_bytes(item.key, data)
    found = far.outputs.export(video_id, "1", "tiktok", expires_s=600)
    assert found.expires_at is not None and "X-Amz-Expires=600" in found.url
    with urllib.request.urlopen(found.url) as answer:
        assert len(answer.read()) == found.size_bytes
    [*posts] = far.outputs.posts(channels={"default"}).items
    assert posts


def test_posts_are_what_is_written_beside_exports(client, library, video_id, tmp_path):
    posts = everything(client, "posts", limit=1)
    assert posts == everything(client, f"videos/{video_id}/posts", limit=3)
    library.deliver(video_id, tmp_path / "out")
    written = {
        (export.platform, export.clip): json.loads((tmp_path / "out" / export.post).read_text())
        for export in library.results(video_id).exports
    }
    assert len(posts) == len(written) > 0
    for post in posts:
        beside = written[post["platform"], post["clip_id"]]
        assert {name: post[name] for name in beside} == beside
        assert post["text"] and post["hashtags"] is not None
    only = everything(client, "posts", platform="tiktok")
    assert {p["platform"] for p in only} == {"tiktok"}


def test_a_post_that_is_gone_is_left_out(client, library, video_id):
    before = everything(client, "posts")
    gone = next(k.key for k in library.engine.store.list("default") if "-post." in k.key)
    library.engine.store.delete(gone)
    assert len(everything(client, "posts")) == len(before) - 1


@pytest.mark.parametrize("path", ["clips", "exports", "posts"])
@pytest.mark.parametrize(
    "cursor",
    [
        "x",
        "WyIyMDI2LTAxLTAxVDAwOjAwOjAwKzAwOjAwIiwgImEiXQ",
        "WyIyMDI2LTAxLTAxVDAwOjAwOjAwKzAwOjAwIiwgImEvLTEvYi9jIl0",
    ],
)
def test_a_cursor_of_another_list_is_refused(client, path, cursor):
    answer = client.get(path, params={"cursor": cursor})
    assert answer.status_code == 422, answer.text
    assert "cursor" in answer.json()["detail"]


@pytest.mark.parametrize(
    ("form", "media_type", "begins"),
    [
        ("srt", "application/x-subrip", "1\n00:00:0"),
        ("vtt", "text/vtt; charset=utf-8", "WEBVTT\n\n00:"),
        ("txt", "text/plain; charset=utf-8", ""),
    ],
)
def test_a_transcript_is_downloaded_as_a_file(client, library, video_id, form, media_type, begins):
    path = f"videos/{video_id}/transcript.{form}"
    answer = client.get(path)
    assert answer.status_code == 200 and answer.headers["content-type"] == media_type
    assert answer.text.startswith(begins)
    assert f'filename="{video_id}.{form}"' in answer.headers["content-disposition"]
    said = library.transcript(video_id)
    assert said.sentences[0].text.split()[0] in answer.text
    tag = answer.headers["etag"]
    assert client.get(path, headers={"If-None-Match": f'W/{tag}, "x"'}).status_code == 304
    if form != "txt":
        read = pysubs2.SSAFile.from_string(answer.text, format_=form)
        assert len(read) > 2
        assert read[-1].end / 1000 <= said.words[-1].end_s + 5
    else:
        assert answer.text.splitlines() == [s.text for s in said.sentences]


def test_chapters_are_a_track_of_webvtt(client, library, video_id):
    answer = client.get(f"videos/{video_id}/chapters.vtt")
    assert answer.headers["content-type"] == "text/vtt; charset=utf-8"
    topics = library.results(video_id).topics
    assert answer.text.startswith("WEBVTT\n\n00:00:")
    assert answer.text.count(" --> ") == len(topics) > 0
    assert all(topic.title in html.unescape(answer.text) for topic in topics)


def test_titles_of_chapters_are_no_markup():
    topic = Topic(
        start_s=1.5,
        end_s=3725.25,
        title="a --> b <c>\n& d",
        keyphrases=(),
        first_unit=0,
        last_unit=1,
    )
    assert chapters_vtt([topic]) == (
        "WEBVTT\n\n00:00:01.500 --> 01:02:05.250\na --&gt; b &lt;c&gt; &amp; d\n"
    )


def test_platforms_say_what_they_take(client):
    items = {p["name"]: p for p in client.get("platforms").json()["items"]}
    tiktok = items["tiktok"]
    assert (tiktok["width"], tiktok["height"], tiktok["aspect"]) == (1080, 1920, "9:16")
    area = tiktok["safe_area"]
    assert 0 < area["width"] < 1080 and 0 < area["height"] < 1920
    assert tiktok["max_size_bytes"] > 0 and tiktok["min_duration_s"] > 0
    assert items["podcast_audio"]["aspect"] is None and items["podcast_audio"]["safe_area"] is None
    one = client.get("platforms/tiktok")
    assert one.json() == tiktok
    tag = {"If-None-Match": one.headers["etag"]}
    assert client.get("platforms/tiktok", headers=tag).status_code == 304
    assert client.get("platforms/none").json()["code"] == "platform_not_found"


def test_a_channels_own_platforms_and_templates_are_listed_for_it(home):
    (home / "channels.yaml").write_text(
        "channels:\n"
        "  default:\n"
        "    custom_platforms: {wall: {extends: tiktok, title: Our wall}}\n"
        "    templates: {ours: {extends: spotlight, description: Ours}}\n"
        "  other: {}\n"
    )
    with TestClient(service(served(home)), base_url="http://testserver/api/v1") as client:
        own = [p["name"] for p in client.get("platforms?channel=default").json()["items"]]
        assert "wall" in own and "wall" not in client.get("platforms").text
        assert "wall" not in client.get("platforms?channel=other").text
        assert client.get("platforms/wall?channel=default").json()["title"] == "Our wall"
        assert client.get("platforms/wall").status_code == 404
        assert "ours" in client.get("templates?channel=default").text
        assert client.get("templates?channel=none").json()["code"] == "channel_not_found"
        items = client.get("templates").json()["items"]
        assert items[0]["name"] == "spotlight" and all(t["description"] for t in items)


def test_what_is_said_is_found_as_soon_as_it_is_made(client, library, video_id):
    said = library.transcript(video_id).sentences[0]
    word = max(said.text.split(), key=len).strip(".,!?")
    answer = client.get("search", params={"q": word}).json()
    hit = next(i for i in answer["items"] if i["kind"] == "transcript")
    assert hit["video_id"] == video_id and hit["channel"] == "default"
    a, z = hit["highlights"][0]["start"], hit["highlights"][0]["end"]
    assert hit["text"][a:z].lower() == word.lower()
    exact = client.get("search", params={"q": f'"{said.text}"', "kind": "transcript"}).json()
    assert [i["start_s"] for i in exact["items"]] == [said.start_s]
    segment = library.results(video_id).segments[0]
    titled = client.get("search", params={"q": segment.title, "kind": "segment"}).json()["items"]
    assert segment.start_s in [i["start_s"] for i in titled]
    assert client.get("search", params={"q": word, "channel": "other"}).json()["items"] == []
    pages = everything(client, "search", q="the")
    whole = client.get("search", params={"q": "the", "limit": 500}).json()["items"]
    assert pages == whole and len(pages) > 2


@pytest.mark.parametrize("q", ["", " ", '"', "*", "AND OR NOT", "a" * 400, "<script>", "'; --"])
def test_no_question_is_wrong(client, q):
    assert client.get("search", params={"q": q}).status_code == 200


@pytest.mark.parametrize("cursor", ["x", "WzEsIDIsIDNd", "WzEsICJhIiwgM10", "Wy0xLCAyLCAzXQ"])
def test_a_cursor_that_no_search_gave_is_refused(client, cursor):
    answer = client.get("search", params={"q": "the", "cursor": cursor})
    assert answer.status_code in ((200,) if cursor == "WzEsIDIsIDNd" else (422,))


def test_analytics_tell_what_was_done_today(client, video_id):
    found = client.get("analytics").json()
    assert (found["accepted"], found["finished"], found["given_up"]) == (1, 1, 0)
    assert found["success_rate"] == 1.0 and found["clips"] > 0 and found["exports"] > 0
    assert found["cost"] is None
    assert {"transcript", "rendered_clips"} <= {s["stage"] for s in found["stages"]}
    assert all(s["p95_s"] > 0 for s in found["stages"])
    assert [d["channel"] for d in found["days"]] == ["default"]
    before = client.get("analytics", params={"from": "2020-01-01", "to": "2020-12-31"}).json()
    assert before["days"] == [] and before["success_rate"] is None
    assert client.get("analytics", params={"channel": "other"}).json()["days"] == []
    wrong = client.get("analytics", params={"from": "2020-01-02", "to": "2020-01-01"})
    assert wrong.status_code == 422
    assert client.get("analytics?from=0001-01-01").status_code == 422
    assert client.get("analytics?to=0001-01-01").status_code == 200


def test_a_retired_video_is_in_no_list(client, library, video_id):
    library.retire([video_id])
    for path in ("clips", "exports", "posts"):
        assert client.get(path).json()["items"] == []
    assert client.get("search", params={"q": "the"}).json()["items"] == []
    found = client.get("analytics").json()
    assert (found["accepted"], found["finished"]) == (1, 1)


@pytest.mark.parametrize(
    "path",
    [
        "/videos/{v}/clips.zip",
        "/videos/{v}/timeline.edl",
        "/videos/{v}/transcript.srt",
        "/videos/{v}/chapters.vtt",
        "/costs.csv",
        "/videos/{v}/results",
        "/videos/nothing/clips.zip",
    ],
)
def test_what_is_downloaded_says_first_what_it_is(client, video_id, path):
    where = path.replace("{v}", video_id)
    got, head = client.get(where), client.head(where)
    assert head.status_code == got.status_code and head.content == b""
    for name in ("content-type", "content-disposition", "content-length", "etag"):
        assert head.headers.get(name) == got.headers.get(name), name


def test_what_only_changes_things_has_no_head(client, video_id):
    answer = client.head(f"/videos/{video_id}/retire")
    assert answer.status_code == 405 and answer.headers["allow"] == "POST"

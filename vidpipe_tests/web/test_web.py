"""The pages and the files behind them, asked as a browser asks."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from vidpipe.exports.model import PlatformExports, Rule
from vidpipe.pipeline import Engine
from vidpipe.pipeline.steps.exports import EXPORTS
from vidpipe.readiness import _links
from vidpipe.settings import load_settings
from vidpipe.storage.keys import Folder, folder_of
from vidpipe.web.documents import documents
from vidpipe_tests.web.conftest import browse, film, film_bytes


@pytest.fixture
def browser(processed):
    return browse(processed.engine)


def files_of(html: str) -> list[str]:
    return re.findall(r'(?:src|href|poster)="(/files/[^"]+)"', html)


def test_the_page_of_a_video_shows_every_clip_with_files_that_are_there(browser, processed):
    answer = browser.get(f"/videos/{processed.video_id}")
    assert answer.status_code == 200
    clips = processed.document("rendered_clips").clips
    assert clips and all(c.title.replace("'", "&#39;") in answer.text for c in clips)
    assert answer.text.count("<video controls") == len(clips)
    files = files_of(answer.text)
    # Film, poster, two platforms with subtitles each; one contact sheet.
    assert len(files) == len(clips) * 6 + 1
    for path in files:
        assert browser.head(path).status_code == 200, path


def test_a_clip_whose_file_retention_took_is_played_from_an_export(processed, tmp_path):
    home = tmp_path / "home"
    shutil.copytree(processed.engine.settings.home, home)
    engine = Engine(load_settings(home=home, allow_model_download=False))
    page = f"/videos/{processed.video_id}"
    engine.store.delete(film(processed))
    said = browse(engine).get(page).text
    [first, *_] = re.findall(r'<video [^>]*src="/files/([^"]+)"', said)
    assert folder_of(first) is Folder.EXPORTS and engine.store.head(first) is not None
    for folder in (Folder.CLIPS, Folder.EXPORTS):
        for item in engine.store.list(f"default/{processed.video_id}/{folder}"):
            if item.key.endswith(".mp4"):
                engine.store.delete(item.key)
    said = browse(engine).get(page).text
    assert "<video" not in said and "Its files were removed" in said


def test_a_page_says_why_there_are_no_clips_and_what_an_export_breaks(processed, tmp_path):
    home = tmp_path / "home"
    shutil.copytree(processed.engine.settings.home, home)
    engine = Engine(load_settings(home=home, allow_model_download=False))
    page = f"/videos/{processed.video_id}"
    broken = Rule(rule="duration", ok=False, measured="181 s", wanted="180 s at most")
    made = engine.manifest(processed.video_id, EXPORTS.of("tiktok").name)
    document = engine.artifacts.document(made, PlatformExports)
    worse = [e.model_copy(update={"rules": (broken,)}) for e in document.exports]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("vidpipe.web.pages._exports", lambda *_: worse)
        said = browse(engine).get(page).text
        assert "duration: 181 s, wanted 180 s at most" in said
    for item in engine.store.list(f"default/{processed.video_id}/{Folder.CLIPS}"):
        if "current.json" in item.key:
            engine.store.delete(item.key)
    assert engine.manifest(processed.video_id, "rendered_clips") is None
    assert "Its clips are not made yet." in browse(engine).get(page).text


def test_the_first_page_leads_to_every_video(browser, processed):
    assert f'href="/videos/{processed.video_id}"' in browser.get("/").text


def test_a_file_is_served_in_parts_so_that_a_player_can_seek(browser, processed):
    key = film(processed)
    whole = browser.get(f"/files/{key}")
    assert whole.headers["content-type"] == "video/mp4"
    part = browser.get(f"/files/{key}", headers={"Range": "bytes=10-19"})
    assert part.status_code == 206 and part.content == whole.content[10:20]


@pytest.mark.parametrize(
    "path",
    [
        "/videos/default--nothing-0000000000",
        "/files/default/default--a-b/clips/none.mp4",
        "/files/../channels.yaml",
        "/files/%2e%2e/channels.yaml",
        "/files/default/default--a-b/clips/..",
        "/files/default/default--a-b/clips/%2e%2e%2fx",
        "/files/../..--x/clips/x",
        "/files/%2e%2e/..--x/clips/x",
        "/files/_quarantine/default/x/talk.mp4",
        "/files//etc/passwd",
    ],
)
def test_what_is_not_for_showing_is_not_found(browser, path):
    assert browser.get(path).status_code == 404


def test_the_recording_itself_is_not_handed_out(browser, processed):
    raw = processed.engine.manifest(processed.video_id, "upload")
    key = next(f.key for f in raw.files if f.name.startswith("source"))
    assert folder_of(key) is Folder.RAW
    assert processed.engine.store.head(key) is not None
    assert browser.get(f"/files/{key}").status_code == 404


def test_a_picture_is_narrowed_for_the_column_it_stands_in(browser, processed):
    import cv2
    import numpy as np

    key = (
        processed.engine.manifest(processed.video_id, "source_video").file("contact_sheet.jpg").key
    )
    answer = browser.get(f"/files/{key}?width=320")
    image = cv2.imdecode(np.frombuffer(answer.content, np.uint8), cv2.IMREAD_COLOR)
    assert image.shape[1] == 320 and "immutable" in answer.headers["cache-control"]
    assert browser.get(f"/files/{key}?width=9000").content == browser.get(f"/files/{key}").content
    assert browser.get(f"/files/{film(processed)}?width=320").status_code == 404
    gone = key.replace("contact_sheet", "none")
    assert browser.get(f"/files/{gone}?width=320").status_code == 404


def test_the_documents_are_shown_and_nothing_beside_them(browser):
    page = browser.get("/docs/runbook.md")
    # Links in alerts lead to a section.
    for anchor in ("vidpipeapidown", "what-fails-and-what-happens-by-itself"):
        assert f'id="{anchor}"' in page.text
    assert page.status_code == 200 and '<h1 id="running-vidpipe">Running vidpipe</h1>' in page.text
    assert "<table>" in page.text
    assert browser.get("/docs/clips.jpg").headers["content-type"] == "image/jpeg"
    for path in ("/docs/", "/docs/none.md", "/docs/%2e%2e/pyproject.toml", "/docs/../README.md"):
        assert browser.get(path).status_code == 404, path


def test_documents_are_those_of_a_checkout_of_ours(tmp_path):
    assert documents() == Path(__file__).parents[2] / "docs"
    (tmp_path / "docs").mkdir()
    assert documents(tmp_path) is None
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "another"\n')
    assert documents(tmp_path) is None
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "vidpipe"\n')
    assert documents(tmp_path) == tmp_path / "docs"


def test_a_picture_of_a_report_is_served(browser, processed):
    store = processed.engine.store
    store.put_bytes("_reports/2026-01-01T000000/speed.png", b"\x89PNG")
    try:
        assert browser.get("/files/_reports/2026-01-01T000000/speed.png").status_code == 200
    finally:
        store.delete("_reports/2026-01-01T000000/speed.png")
    assert browser.get("/files/_reports/../../catalog.sqlite").status_code == 404
    assert browser.get("/files/_reports/%2e%2e/catalog.sqlite").status_code == 404


def test_somebodys_text_is_text(processed, tmp_path):
    home = tmp_path / "home"
    shutil.copytree(processed.engine.settings.home, home)
    engine = Engine(load_settings(home=home, allow_model_download=False))
    row = engine.catalog.video(processed.video_id)
    with engine.catalog.writing() as session:
        session.merge(row).title = "<script>alert(1)</script>"
    said = browse(engine).get(f"/videos/{row.video_id}").text
    assert "<script>" not in said and "&lt;script&gt;" in said


def test_a_bucket_hands_files_out_by_links_signed_just_now(in_bucket, processed):
    import urllib.request

    browser = browse(in_bucket(False), follow_redirects=False)
    answer = browser.get(f"/files/{film(processed)}")
    assert answer.status_code == 307
    link = answer.headers["location"]
    assert "X-Amz-Signature" in link and "X-Amz-Expires=3600" in link
    with urllib.request.urlopen(link) as opened:
        assert opened.read() == film_bytes(processed)


@pytest.mark.parametrize(
    ("wanted", "part"),
    [
        ("bytes=0-", slice(0, None)),
        ("bytes=5-9", slice(5, 10)),
        ("bytes=-7", slice(-7, None)),
        ("bytes=3-99999999999", slice(3, None)),
    ],
)
def test_a_bucket_nobody_else_reaches_is_streamed_in_parts(in_bucket, processed, wanted, part):
    browser = browse(in_bucket(True))
    answer = browser.get(f"/files/{film(processed)}", headers={"Range": wanted})
    assert answer.status_code == 206 and answer.content == film_bytes(processed)[part]


def test_streamed_whole_past_the_end_and_gone(in_bucket, processed):
    engine = in_bucket(True)
    browser = browse(engine)
    whole = browser.get(f"/files/{film(processed)}")
    assert whole.status_code == 200 and whole.content == film_bytes(processed)
    engine.store.delete(film(processed))
    assert browser.get(f"/files/{film(processed)}").status_code == 404


def test_links_that_are_kept_lead_through_us_or_to_the_cdn(processed):
    def engine(**settings) -> Engine:
        return Engine(load_settings(home=processed.engine.settings.home, **settings))

    served = engine(public_url="https://clips.example.com/")
    assert served.lasting_link("a/b c.mp4") == "https://clips.example.com/files/a/b%20c.mp4"
    assert served.page("a--b-c") == "https://clips.example.com/videos/a--b-c"
    public = engine(public_url="https://clips.example.com", cdn_url="https://cdn.example.com")
    assert public.lasting_link("a/b.mp4") == "https://cdn.example.com/a/b.mp4"
    assert engine().lasting_link("a/b.mp4").startswith("file:///") and engine().page("x") == ""


def test_the_readiness_report_says_where_links_lead(processed):
    home = processed.engine.settings.home
    here, bucket = {"home": home}, {"home": home, "store_url": "s3://clips"}
    served = {"public_url": "http://localhost:3001"}
    assert "no browser opens them" in _links(load_settings(**here))
    assert "dead in the UI" in _links(load_settings(**bucket))
    assert "signed when they are opened" in _links(load_settings(**bucket, **served))
    assert "streamed" in _links(load_settings(**bucket, **served, proxy_downloads=True))
    assert "at the CDN" in _links(load_settings(**bucket, cdn_url="https://cdn.example.com"))

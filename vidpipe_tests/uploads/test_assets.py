"""Assets of channels: what they are by their content, and a brand that names them."""

from __future__ import annotations

import io
import os
import time
import wave
from pathlib import Path

import av
import pytest
from starlette.testclient import TestClient

from vidpipe.api import audited
from vidpipe.api.app import service
from vidpipe.api.routes import assets as routes
from vidpipe.catalog.units import apart
from vidpipe.channels.model import Brand, asset_named
from vidpipe.errors import Misconfigured
from vidpipe.library import Library
from vidpipe.media import ffmpeg
from vidpipe.pipeline.planning import WORK
from vidpipe.programs import run_program
from vidpipe_tests.api.held import asking_while_free
from vidpipe_tests.uploads.conftest import noise, served
from vidpipe_tests.uploads.pictures import picture

MIB = 1 << 20


def sound(seconds: float = 1.0) -> bytes:
    made = io.BytesIO()
    with wave.open(made, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16_000)
        file.writeframes(noise(int(32_000 * seconds) // 2 * 2))
    return made.getvalue()


@pytest.fixture(scope="session")
def video(tmp_path_factory) -> bytes:
    path = tmp_path_factory.mktemp("video") / "intro.mp4"
    run_program(
        [
            ffmpeg.executable(),
            *("-v", "error", "-f", "lavfi", "-i", "color=c=blue:s=128x72:r=10:d=1"),
            *("-pix_fmt", "yuv420p", str(path)),
        ],
        timeout_s=60,
    )
    return path.read_bytes()


def put(client, name: str, data: bytes, channel: str = "default", **headers: str):
    more = {k.replace("_", "-"): v for k, v in headers.items()}
    return client.put(f"/channels/{channel}/assets/{name}", content=data, headers=more)


def test_an_asset_is_put_shown_listed_fetched_and_removed(client, library):
    made = put(client, "logo", picture())
    assert made.status_code == 201
    where = made.headers["location"].removeprefix("/api/v1")
    assert where == "/channels/default/assets/logo"
    view = made.json()
    assert (view["kind"], view["media_type"], view["reference"]) == (
        *("picture", "image/png"),
        "asset:logo",
    )
    assert (view["width"], view["height"], view["duration_s"]) == (64, 32, None)
    found = client.get(where)
    assert found.json() == view and found.headers["etag"] == made.headers["etag"]
    put(client, "theme", sound())
    listed = client.get("/channels/default/assets").json()["items"]
    assert [item["name"] for item in listed] == ["theme", "logo"]
    sounds = client.get("/channels/default/assets", params={"kind": "sound"}).json()["items"]
    assert [(s["name"], s["media_type"]) for s in sounds] == [("theme", "audio/wav")]
    assert 0.9 < sounds[0]["duration_s"] < 1.1
    content = client.get(f"{where}/content")
    assert content.content == picture() and content.headers["content-type"] == "image/png"
    assert content.headers["content-disposition"] == 'attachment; filename="logo.png"'
    assert content.headers["x-content-type-options"] == "nosniff"
    kept = client.get(f"{where}/content", headers={"If-None-Match": content.headers["etag"]})
    assert kept.status_code == 304 and kept.content == b""
    part = client.get(f"{where}/content", headers={"Range": "bytes=1-3"})
    assert part.status_code == 206 and part.content == picture()[1:4]
    assert client.delete(where).json() == view
    assert client.get(where).status_code == client.delete(where).status_code == 404
    assert client.get(f"{where}/content").status_code == 404


def test_its_content_says_what_it_is_and_not_its_name(client, video):
    for name, data, kind, media_type in (
        ("a.mp3", picture("JPEG"), "picture", "image/jpeg"),
        ("b.png", picture("WEBP"), "picture", "image/webp"),
        ("c.jpg", sound(), "sound", "audio/wav"),
        ("d", video, "video", "video/mp4"),
    ):
        made = put(client, name, data, Content_Type="text/html")
        assert made.status_code == 201, made.text
        assert (made.json()["kind"], made.json()["media_type"]) == (kind, media_type)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "empty"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>", "unknown"),
        (b"<html><script>alert(1)</script>", "unknown_kind"),
        (b"#EXTM3U\n#EXTINF:1,\n/etc/passwd\n", "unknown_kind"),
        (b"\x7fELF" + b"\0" * 100, "unknown_kind"),
        (picture()[:60], ""),
        (picture("GIF"), "unknown_kind"),
        pytest.param(
            picture(size=(7000, 7000), mode="1", colour="white"), "too_large", id="49 megapixels"
        ),
    ],
)
def test_what_is_nothing_of_all_that_is_refused(client, library, data, reason):
    answer = put(client, "logo", data)
    assert answer.status_code == 422, answer.text
    assert answer.json()["details"]["reason"].startswith(reason)
    assert client.get("/channels/default/assets").json()["items"] == []
    assert not list(library.engine.store.list("_assets"))
    assert not list((library.engine.settings.scratch / "work").iterdir())


@pytest.mark.parametrize("name", ["..", "Logo", "a b", "a%00b", ".hidden", "a" * 65, "ä"])
def test_names_that_would_do_harm_are_refused(client, name):
    assert put(client, name, picture()).status_code in (404, 405, 422)


def test_fifty_mebibytes_are_taken_and_no_more(client):
    whole = sound(1.0)
    padded = whole + b"\0" * (50 * MIB - len(whole))
    assert put(client, "long", padded).status_code == 201
    more = put(client, "longer", padded + b"\0")
    assert more.status_code == 413 and more.json()["code"] == "too_large"

    def bits():
        yield from (padded[k : k + MIB] for k in range(0, len(padded), MIB))
        yield b"\0"

    assert put(client, "longer", bits()).status_code == 413
    assert [a["name"] for a in client.get("/channels/default/assets").json()["items"]] == ["long"]


def test_another_file_takes_its_place_only_for_whoever_has_seen_it(client, library):
    first = put(client, "logo", picture())
    again = put(client, "logo", picture())
    assert again.status_code == 200 and again.json()["sha256"] == first.json()["sha256"]
    other = picture(colour="blue")
    blind = put(client, "logo", other)
    assert blind.status_code == 428 and blind.json()["code"] == "if_match_required"
    stale = put(client, "logo", other, If_Match='"0123"')
    assert stale.status_code == 412
    seen = put(client, "logo", other, If_Match=first.headers["etag"])
    assert seen.status_code == 200 and seen.headers["etag"] != first.headers["etag"]
    assert client.get("/channels/default/assets/logo/content").content == other
    assert put(client, "logo", picture(), If_Match=first.headers["etag"]).status_code == 412


def test_bytes_that_no_asset_has_are_removed_once_no_run_can_use_them(client, library):
    first = put(client, "logo", picture()).headers["etag"]
    put(client, "logo", picture(colour="blue"), If_Match=first)
    put(client, "other", picture(colour="green"))
    store = library.engine.store
    keys = [item.key for item in store.list("_assets")]
    assert len(keys) == 3 and library.assets.clean_up() == 0
    for key in keys:
        os.utime(store.local_path(key), (time.time() - 3 * 86_400,) * 2)
    assert library.assets.clean_up() == 1
    assert client.get("/channels/default/assets/logo/content").status_code == 200
    assert client.get("/channels/default/assets/other/content").status_code == 200


def test_what_is_cleaned_up_while_it_becomes_an_asset_is_stored_again(client, library, monkeypatch):
    put(client, "logo", picture())
    client.delete("/channels/default/assets/logo")
    store = library.engine.store
    (key,) = (item.key for item in store.list("_assets"))
    real = audited.settle

    def settle(*args, **more):
        # Its row is no one else's to see yet, and its bytes are in the list that was made before.
        with apart():
            assert library.engine.catalog.assets.used([key]) == set()
        store.delete(key)
        return real(*args, **more)

    monkeypatch.setattr(routes, "settle", settle)
    with asking_while_free(library) as asked:
        monkeypatch.setattr(store, "delete", lambda key: store.local_path(key).unlink())
        assert put(client, "logo", picture()).status_code == 201
    assert "put_file" in asked
    assert client.get("/channels/default/assets/logo/content").content == picture()


def test_in_a_bucket_they_are_fetched_from_there(home, s3_options):
    import httpx

    library = served(home, store_url="s3://vidpipe-test/assets", store_options=s3_options)
    with TestClient(service(library), base_url="http://testserver/api/v1") as client:
        assert put(client, "logo", picture()).status_code == 201
        where = "/channels/default/assets/logo/content"
        answer = client.get(where, follow_redirects=False)
        assert answer.status_code == 307
        fetched = httpx.get(answer.headers["location"])
        assert fetched.content == picture() and fetched.headers["content-type"] == "image/png"


# Brands


def test_an_asset_is_named_in_place_of_a_file():
    brand = Brand(logo="asset:logo", music="asset:theme.2026")
    assert asset_named(brand.logo) == "logo" and asset_named(brand.music) == "theme.2026"
    with pytest.raises(ValueError, match="there is no file"):
        Brand(logo="asset:../logo")
    assert asset_named(None) is None


def test_a_brand_s_assets_are_files_when_a_run_begins(home, video):
    (home / "channels.yaml").write_text(
        "channels:\n  default:\n    brand: {logo: 'asset:logo', music: 'asset:theme', "
        "intro: 'asset:intro'}\n"
    )
    library = served(home)
    engine = library.engine
    with TestClient(service(library), base_url="http://testserver/api/v1") as client:
        with pytest.raises(Misconfigured) as missing:
            engine.branded(engine.channels["default"])
        assert len(missing.value.problems) == 3 and "asset:theme" in missing.value.problems[1]
        put(client, "logo", sound())
        put(client, "theme", sound())
        put(client, "intro", video)
        with pytest.raises(Misconfigured, match=r"logo: asset:logo is of kind sound"):
            engine.branded(engine.channels["default"])
        before = client.get("/channels/default/assets/logo").headers["etag"]
        put(client, "logo", picture(), If_Match=before)
        brand = engine.branded(engine.channels["default"]).brand
        assert brand.logo.read_bytes() == picture() and brand.music.read_bytes() == sound()
        assert brand.logo.suffix == ".png" and brand.intro.suffix == ".mp4"
        used = client.delete("/channels/default/assets/logo")
        assert used.status_code == 409 and used.json()["code"] == "asset_in_use"


def test_clips_show_the_logo_that_is_an_asset(analysed, tmp_path):
    engine, video_id = analysed(
        "channels:\n  default: {platforms: [tiktok], quality: draft, "
        "clips: {count: 1, min_s: 4, max_s: 20}, brand: {logo: 'asset:logo'}}\n"
    )
    library = Library(engine)
    logo = tmp_path / "logo.png"
    logo.write_bytes(picture(size=(84, 84)))
    library.assets.put("default", "logo", logo, asked_by="local")
    order = engine.order(video_id)
    for stage in ("scored_segments", "rendered_clips"):
        result = engine.run_stage(stage, video_id, order)
    clip = result.document.clips[0]
    (made,) = engine.items(result.manifest, engine.pipeline.stage("rendered_clips"))
    file = next(f for f in made.files if f.name.endswith(".mp4"))
    assert clip is not None and red_pixels(engine.artifacts.path(file)) > 84 * 84 * 0.8
    assert not engine.run_stage("rendered_clips", video_id, order).items_made
    before = library.assets.get("default", "logo").sha256
    logo.write_bytes(picture(size=(84, 84), colour="blue"))
    library.assets.put("default", "logo", logo, asked_by="local", replaces=before)
    stale = {step.stage: step.verdict for step in library.plan(video_id).steps}
    assert stale["rendered_clips"] in WORK and stale["scored_segments"] not in WORK


def red_pixels(clip: Path) -> int:
    """How many pixels of its first picture are as red as the logo."""
    with av.open(str(clip)) as media:
        shown = next(media.decode(video=0)).to_ndarray(format="rgb24").astype(int)
    return int(((shown[..., 0] > 180) & (shown[..., 1] < 60) & (shown[..., 2] < 60)).sum())

"""The files of the studio as the service serves them."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.routing import Route
from starlette.testclient import TestClient

from vidpipe.web import studio
from vidpipe_tests.web.conftest import browse

ROOT = Path(__file__).parents[2]
SOURCES = ROOT / "studio"


@pytest.fixture
def browser(processed):
    return browse(processed.engine)


def directives(policy: str) -> dict[str, set[str]]:
    found = (part.split() for part in policy.split(";") if part.strip())
    return {name: set(sources) for name, *sources in found}


def test_every_address_of_the_studio_is_the_same_page(browser):
    for path in ("/studio/", "/studio/videos/none/clips/1", "/studio/search?q=x"):
        answer = browser.get(path)
        assert answer.status_code == 200 and '<div id="app">' in answer.text, path
        assert answer.headers["cache-control"] == "no-store"
    moved = browser.get("/studio", follow_redirects=False)
    assert moved.status_code == 307 and moved.headers["location"] == "/studio/"
    assert 'href="/studio/"' in browser.get("/").text


def test_nothing_inline_runs_and_each_answer_has_a_nonce_of_its_own(browser):
    first, second = browser.get("/studio/"), browser.get("/studio/")
    said = first.headers.get_list("content-security-policy")
    assert len(said) == 1
    found = directives(said[0])
    assert found["default-src"] == {"'none'"} and found["script-src"] == {"'self'"}
    assert "'unsafe-inline'" not in said[0] and "'unsafe-eval'" not in said[0]
    [nonce] = [s for s in found["style-src"] if s != "'self'"]
    assert nonce not in second.headers["content-security-policy"]
    assert nonce.removeprefix("'nonce-").removesuffix("'") in first.text
    assert "<style" not in first.text and not re.search(r"<script(?![^>]*\bsrc=)", first.text)
    # Other pages keep theirs.
    assert "script-src" not in browser.get("/").headers["content-security-policy"]


def test_files_of_a_build_are_kept_for_good_and_no_others_are_handed_out(browser):
    page = browser.get("/studio/").text
    files = re.findall(r'(?:src|href)="(/studio/assets/[^"]+)"', page)
    assert files
    for path in files:
        answer = browser.get(path)
        assert answer.status_code == 200, path
        assert "immutable" in answer.headers["cache-control"]
        assert re.search(r"-[\w-]{8}\.\w+$", path), path
    for path in ("assets/none.js", "assets/../index.html", "assets/%2e%2e/%2e%2e/%2e%2e/guard.py"):
        assert browser.get(f"/studio/{path}").status_code in (200, 404)
        assert "class Guard" not in browser.get(f"/studio/{path}").text
    assert browser.get("/studio/assets/" + "a" * 5000).status_code == 404


def test_every_file_of_a_build_is_handed_out_compressed_to_who_takes_that(browser):
    kinds = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}
    files = sorted(p for p in (studio.BUILT / "assets").iterdir())
    assert sum(p.suffix == ".js" for p in files) > 9
    for path in files:
        address = f"/studio/assets/{path.name}"
        plain = browser.get(address, headers={"Accept-Encoding": "identity"})
        small = browser.get(address, headers={"Accept-Encoding": "br;q=1.0, gzip;q=0.8, *;q=0.1"})
        assert plain.content == small.content == path.read_bytes(), path.name
        assert "content-encoding" not in plain.headers
        for answer in (plain, small):
            assert "immutable" in answer.headers["cache-control"]
            assert answer.headers["x-content-type-options"] == "nosniff"
        is_text = path.suffix in kinds
        assert (small.headers.get("content-encoding") == "gzip") is is_text, path.name
        if is_text:
            assert small.headers["content-type"].startswith(kinds[path.suffix])
            assert plain.headers["vary"] == small.headers["vary"] == "Accept-Encoding"
            assert (
                int(small.headers["content-length"]) < path.stat().st_size
                or path.stat().st_size < 400
            )


def test_gzip_is_taken_where_it_is_named_and_not_refused():
    for said in ("gzip", "deflate, GZIP;q=0.5", "x-gzip", "br, gzip ;q=1"):
        assert studio.takes_gzip(said), said
    for said in ("", "br", "identity", "gzip;q=0", "gzip; q=0.00", "gzippy"):
        assert not studio.takes_gzip(said), said


def test_a_file_that_is_gone_is_not_remembered_as_gone(browser):
    answer = browser.get("/studio/assets/Home-00000000.js")
    assert answer.status_code == 404 and answer.headers["cache-control"] == "no-store"


def test_a_checkout_without_a_build_says_what_to_do(processed, tmp_path):
    bare = studio.StudioPages(processed.engine, tmp_path)
    app = Starlette(routes=[Route("/studio/{path:path}", bare.answer)])
    answer = TestClient(app).get("/studio/")
    assert answer.status_code == 404 and "make studio" in answer.text


def test_a_store_that_hands_files_out_itself_is_played_from(in_bucket):
    for streamed in (False, True):
        said = browse(in_bucket(streamed)).get("/studio/").headers["content-security-policy"]
        hosts = {s for s in directives(said)["media-src"] if s.startswith("http")}
        assert bool(hosts) is not streamed, said
        assert hosts <= directives(said)["connect-src"]


def test_a_wheel_carries_every_built_file():
    """What setuptools would pack, by the patterns of pyproject.toml."""
    patterns = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]
    wanted = {p for p in studio.BUILT.rglob("*") if p.is_file()}
    packed = {
        path
        for pattern in patterns["package-data"]["vidpipe"]
        for path in (ROOT / "vidpipe").glob(pattern)
    }
    assert wanted and wanted <= packed


def test_the_build_is_of_the_sources_that_are_there(tmp_path):
    """Built again from the same sources and packages it is the same, byte for byte."""
    if shutil.which("node") is None or not (SOURCES / "node_modules").is_dir():
        pytest.skip("node is not installed, or not the packages of studio/: make studio")
    built = tmp_path / "built"
    made = subprocess.run(
        ["npx", "vite", "build", "--outDir", str(built), "--logLevel", "error"],
        check=False,
        cwd=SOURCES,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert made.returncode == 0, made.stdout + made.stderr
    assert _files(built) == _files(studio.BUILT), "run make studio"


def _files(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_packages_are_pinned_and_free():
    lock = json.loads((SOURCES / "package-lock.json").read_text())
    # tus-js-client uses these in Node alone: nothing of them is in a build for browsers.
    unused = {"node_modules/combine-errors", "node_modules/graceful-fs"}
    packages = ((n, p) for n, p in lock["packages"].items() if n and n not in unused)
    shipped = [p for _, p in packages if not p.get("dev")]
    free = {"MIT", "ISC", "BSD-3-Clause", "Apache-2.0", "OFL-1.1", "0BSD"}
    assert {p["license"] for p in shipped} <= free
    assert all(p["integrity"].startswith("sha512-") for p in shipped)

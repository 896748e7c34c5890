"""A real browser over the Dagster UI: pages, their errors, their pictures, their forms."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from PIL import Image
from playwright.sync_api import Error, Page, TimeoutError, sync_playwright

_FLAGS = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update"),
    "--autoplay-policy=no-user-gesture-required",
)
_LONGEST_MS = 60_000
#: Where the pictures of the documents are, how wide, and what of the UI is navigation.
_PICTURES = Path(__file__).parents[1] / "docs" / "pictures"
_WIDTH, _LEFT = 1100, 240


@dataclass
class Browser:
    """One page of a browser, and everything that was wrong on the pages it opened."""

    page: Page
    base: str
    problems: list[str] = field(default_factory=list)

    def open(self, name: str, path: str, shows: str, *, pictures: bool = True) -> float:
        """Open a page until it shows a text; how many seconds that took.

        Args:
            name: what the page is called in what is said of it.
            path: the address under the UI.
            shows: a text that is there when the page has what it is for.
            pictures: whether every picture on it must be drawn too.
        """
        url = path if path.startswith("http") else self.base + path
        began = time.monotonic()
        try:
            self.page.goto(url)
            self.page.get_by_text(shows).first.wait_for(timeout=_LONGEST_MS)
        except TimeoutError:
            self.problems.append(f"{name}: does not show {shows!r}")
            return time.monotonic() - began
        took_s = time.monotonic() - began
        self.settle()
        if pictures:
            self.problems += [f"{name}: no picture at {src}" for src in self.broken_pictures()]
        return took_s

    def settle(self) -> None:
        """Wait until nothing more comes in."""
        # The UI asks for news all the time; what is here by then is looked at.
        with suppress(TimeoutError):
            self.page.wait_for_load_state("networkidle", timeout=15_000)
        self.page.wait_for_timeout(700)

    def broken_pictures(self) -> list[str]:
        """Addresses of pictures that could not be drawn."""
        return self.page.evaluate(
            "[...document.images].filter(i => i.complete && !i.naturalWidth).map(i => i.src)"
        )

    def pictures(self) -> int:
        """How many pictures of ours are drawn."""
        return self.page.evaluate(
            "[...document.images].filter(i => i.naturalWidth && i.src.includes('/files/')).length"
        )

    def shot(self, path: Path, *, height: int = 1000, width: int = 1600) -> None:
        """A picture of the page as it is."""
        self.page.set_viewport_size({"width": width, "height": height})
        self.settle()
        path.parent.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=path, type="png")
        self.page.set_viewport_size({"width": 1600, "height": 1000})


@contextmanager
def browser(base: str) -> Iterator[Browser]:
    """A browser at an address; console errors of all pages become problems.

    Raises:
        FileNotFoundError: there is no Chromium; VIDPIPE_TEST_BROWSER names one elsewhere.
    """
    named = os.environ.get("VIDPIPE_TEST_BROWSER")
    program = named or shutil.which("chromium") or shutil.which("google-chrome")
    if program is None:
        raise FileNotFoundError("no Chromium: install one, or name it in VIDPIPE_TEST_BROWSER")
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=program, args=list(_FLAGS))
        page = opened.new_context(viewport={"width": 1600, "height": 1000}).new_page()
        found = Browser(page, base)
        page.on("console", lambda m: _note(found, m.type, f"{m.text} ({m.location.get('url')})"))
        page.on("pageerror", lambda error: _note(found, "error", str(error)))
        yield found
        with suppress(Error):
            opened.close()


def keep(found: Browser, name: str, height: int, *, left: int = _LEFT, right: int = 1600) -> None:
    """The page without its navigation, small enough to be kept with the documents."""
    path = _PICTURES / f"{name}.jpg"
    whole = path.with_suffix(".png")
    found.shot(whole, height=height)
    with Image.open(whole) as shot:
        part = shot.crop((left, 0, right, height)).convert("RGB")
    whole.unlink()
    small = part.resize((_WIDTH, round(height * _WIDTH / part.width)), Image.Resampling.LANCZOS)
    small.save(path, quality=85, subsampling=0, optimize=True)
    print(f"{path.name}: {path.stat().st_size / 1000:.0f} kB", flush=True)


def _note(found: Browser, kind: str, text: str) -> None:
    if kind == "error":
        found.problems.append(f"{found.page.url}: console: {text[:300]}")

"""The page of post figures in Chromium, for the documents: its posts are made up, and compared by
the service as it compares others.
"""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from pathlib import Path

from playwright.sync_api import Page

from vidpipe.catalog.catalog import Catalog
from vidpipe.catalog.post_figures import write
from vidpipe.catalog.publishing_tables import PostReadingRow, PostRow, SocialAccountRow
from vidpipe.settings import load_settings

_VIDEO = "default--dampers-0000000000"
_PLATFORMS = ("youtube", "tiktok", "linkedin")
_TITLES = (
    *("Why bridges hum in the wind", "A bridge that sings", "Three ways to damp a tower"),
    *("The pendulum in the attic", "What a tuned mass costs", "What a tuned mass is"),
    *("660 tonnes on a string", "How it is tuned", "The day it moved a metre"),
    *("Damping, with a bowl of water", "What inspectors look at", "From the top floor"),
    *("Hear a skyscraper creak", "Questions from the audience", "The bolt nobody checked"),
    *("How wind makes a beat", "Why towers have holes", "Steel that remembers"),
    *("A model in the wind tunnel", "When soldiers break step", "The footbridge that swayed"),
    *("What an earthquake feels", "Rubber under a hospital", "How tall is too tall"),
    *("The oldest damper there is", "A tower built crooked", "Counting cracks by sound"),
)
#: Of each factor of the score, the views that one point of it is worth in this made-up world.
_WORTH = {"hook": 19.0, "payoff": 9.0, "self_contained": 0.0, "closure": 0.0}
_AGES = (0.5, 1.5, 3.0, 5.0, 7.5, 11.0, 20.0, 31.0)


def fill(home: Path) -> None:
    """Posts of half a year with figures of their first month, in the catalog of a new home."""
    rng = random.Random(4)
    now = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    catalog = Catalog(load_settings(home=home).database_url.get_secret_value())
    catalog.upgrade()
    with catalog.writing() as session:
        for platform in _PLATFORMS:
            session.add(
                SocialAccountRow(
                    account_id=f"acc-{platform}", channel="default", platform=platform,
                    remote_id=platform, name="Bridges & Towers", state="connected", scopes=[],
                    connected_by="ada",
                )
            )  # fmt: skip
    for number, title in enumerate(_TITLES):
        factors = {name: rng.uniform(25, 95) for name in _WORTH}
        factors["score"] = sum(factors.values()) / len(factors)
        middle = sum(worth * (factors[name] - 60) for name, worth in _WORTH.items())
        for k, platform in enumerate(_PLATFORMS[: 3 if number % 2 else 2]):
            at = now - timedelta(days=5 + 6 * number, hours=3 * k + number % 4)
            views = max(300.0, (2400 + middle) * (1.0, 1.7, 0.2)[k] * rng.uniform(0.4, 1.7))
            _posted(catalog, f"{number:02}", title, platform, at, views, factors, now)
    catalog.engine.dispose()


def _posted(
    catalog: Catalog,
    clip: str,
    title: str,
    platform: str,
    at: datetime,
    views: float,
    factors: dict[str, float],
    now: datetime,
) -> None:
    """A post, and its figures at each age that it has reached: half of its views in two days."""
    post_id = f"post-{platform}-{clip}"
    with catalog.writing() as session:
        row = PostRow(
            post_id=post_id, channel="default", video_id=_VIDEO, clip_id=f"{clip:0>10}",
            platform=platform, account_id=f"acc-{platform}", fingerprint="f", state="posted",
            changes={}, title=title, score=factors["score"], created_by="ada", posted_at=at,
            url=f"https://video.example/{post_id}",
        )  # fmt: skip
        session.add(row)
        session.flush()
        session.add(PostReadingRow(post_id=post_id, factors=factors, read_at=now))
        for age in _AGES:
            read_at = at + timedelta(days=age)
            if read_at > now:
                break
            seen = views * age / (age + 2)
            counted = {"likes": int(seen / 31), "comments": int(seen / 240)}
            # LinkedIn says no views of a member's posts.
            if platform != "linkedin":
                counted |= {"views": int(seen)}
            if platform == "youtube":
                counted |= {"watch_s": 21.0 * seen}
            write(session, row, read_at, counted)


def picture(page: Page, base: str) -> None:
    """Open the page of figures."""
    page.goto(f"{base}/studio/figures?channel=default")
    page.locator("tbody tr").first.wait_for()
    page.evaluate("document.fonts.ready")
    page.wait_for_timeout(500)

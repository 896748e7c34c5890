"""The calendar of posts in Chromium: how long a page of a thousand of them keeps the browser busy,
and its picture for the documents.

The service is real; its answers about posts and accounts are made here.
"""

from __future__ import annotations

import io
import json
import random
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

from PIL import Image, ImageColor
from playwright.sync_api import Browser, CDPSession, Page, Route

_ZONE = "Europe/Berlin"
_PLATFORMS = ("youtube", "tiktok", "instagram", "linkedin")
#: The picture's moment: a Wednesday at half past ten in Berlin.
_NOON = datetime(2026, 6, 10, 8, 30, tzinfo=UTC)
#: Days from then, hour in UTC, platform, state, title, what a person has to know.
_WEEK = (
    (-2, 7, "youtube", "posted", "Why bridges hum in the wind", ""),
    (-2, 16, "tiktok", "posted", "A bridge that sings", ""),
    (-1, 10, "instagram", "posted", "Three ways to damp a tower", ""),
    (-1, 16, "youtube", "failed", "The pendulum in the attic", "YouTube could not read the file."),
    (0, 7, "linkedin", "posted", "What a tuned mass costs", ""),
    (0, 16, "youtube", "scheduled", "What a tuned mass is", ""),
    (0, 16, "tiktok", "scheduled", "660 tonnes on a string", ""),
    (1, 7, "instagram", "scheduled", "How it is tuned", ""),
    (1, 16, "tiktok", "waiting", "The day it moved a metre", "It waits for approval."),
    (2, 7, "youtube", "scheduled", "Damping, with a bowl of water", ""),
    (2, 13, "linkedin", "scheduled", "What inspectors look at", ""),
    (2, 16, "instagram", "held", "From the top floor", "Connect the account again."),
    (3, 10, "tiktok", "scheduled", "Hear a skyscraper creak", ""),
    (4, 10, "youtube", "scheduled", "Questions from the audience", ""),
)
_FREE = ((0, 10), (1, 10), (1, 16), (2, 10), (3, 7), (3, 16), (4, 7), (4, 16))
_ENDS = ("posted", "posted", "posted", "posted", "failed", "uncertain")
_AHEAD = ("scheduled", "scheduled", "scheduled", "held", "waiting")
#: Milliseconds of script, style and layout after the answer has come.
MOST_MS = 300


def calendar_of(
    count: int, now: datetime, *, days: int = 35, videos: int = 60
) -> Mapping[str, object]:
    """What `GET /calendar` says of so many posts around a moment, and of a hundred free slots."""
    rng = random.Random(1)
    begin = now.replace(minute=0, second=0, microsecond=0) - timedelta(days=days // 2)
    posts = []
    for number in range(count):
        at = begin + timedelta(minutes=15 * round(days * 96 * number / count))
        platform = _PLATFORMS[number % len(_PLATFORMS)]
        state = rng.choice(_ENDS if at < now else _AHEAD)
        posts.append(
            {
                "post_id": f"post-{number}",
                "channel": "default",
                "platform": platform,
                "account_id": f"acc-{platform}",
                "account_name": f"Our {platform}",
                "state": state,
                "title": f"{number + 1}: {rng.choice(('Why', 'How', 'When'))} it is like this",
                "at": at.isoformat(),
                "slot": at.strftime("%Y-%m-%dT%H:%MZ") if state == "scheduled" else None,
                "pinned": False,
                "rank": number % 12 + 1,
                "video_id": f"default--video-{number % videos:010d}",
                "clip_id": f"{number:010x}",
                "url": "https://video.example/1" if state == "posted" else "",
                "problem": "The file is too long." if state in ("failed", "held") else "",
            }
        )
    slots = [
        {
            "at": (at := begin + timedelta(days=days / 2 + k / 8, minutes=30)).isoformat(),
            "slot": at.strftime("%Y-%m-%dT%H:%MZ"),
            "channel": "default",
            "platform": _PLATFORMS[k % 4],
            "account_id": f"acc-{_PLATFORMS[k % 4]}",
            "post_id": None,
        }
        for k in range(100)
    ]
    return {"zone": _ZONE, "posts": posts, "slots": slots, "pauses": [], "more": False}


def week_of_picture() -> Mapping[str, object]:
    """What `GET /calendar` says in the picture."""

    def moment(days: int, hour: int) -> datetime:
        return _NOON.replace(hour=hour, minute=0) + timedelta(days=days)

    posts = [
        {
            "post_id": f"post-{number}",
            "channel": "default",
            "platform": platform,
            "account_id": f"acc-{platform}",
            "account_name": "Bridges & Towers",
            "state": state,
            "title": title,
            "at": moment(days, hour).isoformat(),
            "slot": moment(days, hour).strftime("%Y-%m-%dT%H:%MZ"),
            "pinned": False,
            "rank": number % 5 + 1,
            "video_id": "default--dampers-0000000000",
            "clip_id": f"{number:010x}",
            "url": "https://video.example/1" if state == "posted" else "",
            "problem": problem,
        }
        for number, (days, hour, platform, state, title, problem) in enumerate(_WEEK)
    ]
    taken = {(post["at"], post["platform"]) for post in posts}
    slots = [
        {
            "at": moment(days, hour).isoformat(),
            "slot": moment(days, hour).strftime("%Y-%m-%dT%H:%MZ"),
            "channel": "default",
            "platform": platform,
            "account_id": f"acc-{platform}",
            "post_id": None,
        }
        for number, (days, hour) in enumerate(_FREE)
        for platform in (_PLATFORMS[number % 4],)
        if (moment(days, hour).isoformat(), platform) not in taken
    ]
    return {"zone": _ZONE, "posts": posts, "slots": slots, "pauses": [], "more": False}


def accounts_of(now: datetime) -> list[dict[str, object]]:
    """An account at each platform."""
    return [
        {
            "account_id": f"acc-{platform}",
            "channel": "default",
            "platform": platform,
            "remote_id": f"UC{platform}",
            "name": f"Our {platform}",
            "state": "connected",
            "problem": "",
            "scopes": [],
            "expires_at": (now + timedelta(days=50)).isoformat(),
            "application": "default",
            "connected_by": "ada",
            "created_at": (now - timedelta(days=80)).isoformat(),
            "updated_at": now.isoformat(),
            "limits": {},
            "limits_at": None,
            "posts_waiting": 3,
        }
        for platform in _PLATFORMS
    ]


def _metrics(line: CDPSession) -> dict[str, float]:
    found = line.send("Performance.getMetrics")["metrics"]
    return {item["name"]: item["value"] for item in found}


def _answered(page: Page, prefix: str, whole: Mapping[str, object], now: datetime) -> list[Route]:
    """Answers everything about posts but the calendar itself; those requests are collected."""
    posts = [
        {**post, "actions": [], "score": 50.0, "figures": None, "created_at": now.isoformat()}
        for post in whole["posts"]  # type: ignore[attr-defined]
    ]
    held: list[Route] = []

    def say(route: Route, body: object) -> None:
        route.fulfill(body=json.dumps(body), content_type="application/json")

    def listed(route: Route) -> None:
        states = parse_qs(urlsplit(route.request.url).query).get("state", [])
        some = [post for post in posts if post["state"] in states][:50]
        say(route, {"items": some, "next_cursor": None, "limit": 50})

    page.route(f"{prefix}/social-posts?**", listed)
    page.route(
        f"{prefix}/social-accounts**", lambda route: say(route, {"accounts": accounts_of(now)})
    )
    page.route(f"{prefix}/social-platforms", lambda route: say(route, {"platforms": []}))
    page.route(f"{prefix}/videos/*/results", lambda route: route.fulfill(status=404, body="{}"))

    def hold(route: Route) -> None:
        held.append(route)

    page.route(f"{prefix}/calendar?**", hold)
    return held


def planned(browser: Browser, base: str, count: int = 1000) -> None:
    """How long a calendar of so many posts keeps the page busy once its answer is there."""
    for span in ("week", "month"):
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        line = page.context.new_cdp_session(page)
        line.send("Performance.enable")
        now = datetime.now(UTC)
        waiting = _answered(page, f"{base}/api/v1", calendar_of(count, now), now)
        page.goto(f"{base}/studio/calendar?span={span}")
        page.wait_for_timeout(1500)
        [asked] = waiting
        before = _metrics(line)
        body = json.dumps(calendar_of(count, datetime.now(UTC)))
        asked.fulfill(body=body, content_type="application/json")
        page.locator("a.card").first.wait_for()
        page.wait_for_timeout(500)
        after = _metrics(line)
        parts = {
            name: 1000 * (after[f"{name}Duration"] - before[f"{name}Duration"])
            for name in ("Script", "RecalcStyle", "Layout")
        }
        total = sum(parts.values())
        said = ", ".join(f"{name.lower()} {ms:.0f} ms" for name, ms in parts.items())
        cards = page.locator("a.card").count()
        print(
            f"a {span} of {count} posts ({len(body) / 1000:.0f} kB): busy for {total:.0f} ms after "
            f"the answer ({said}), {cards} cards shown, {after['Nodes']:.0f} nodes; "
            f"{'within' if total <= MOST_MS else 'OVER'} {MOST_MS} ms"
        )
        page.close()


def _poster(number: int) -> bytes:
    """A picture of two plain colours, few of which are different."""
    above, below = ImageColor.getrgb("#b9c4cc"), ImageColor.getrgb("#7f8d97")
    made, file = Image.new("RGB", (90, 160), above), io.BytesIO()
    made.paste(below, (0, 60 + 20 * (number % 4), 90, 160))
    made.save(file, "PNG")
    return file.getvalue()


def picture(page: Page, base: str) -> None:
    """Open the calendar of a made-up week in a page, at a moment within it."""
    week = week_of_picture()
    results = {
        "clips": [
            {"id": f"{number:010x}", "master": f"picture/{number:02d}-clip.mp4"}
            for number in range(len(_WEEK))
        ]
    }

    def poster(route: Route) -> None:
        number = int(route.request.url.partition("-poster")[0][-2:])
        route.fulfill(body=_poster(number), content_type="image/png")

    page.clock.set_fixed_time(_NOON)
    _answered(page, f"{base}/api/v1", week, _NOON)
    page.unroute(f"{base}/api/v1/calendar?**")
    page.unroute(f"{base}/api/v1/videos/*/results")
    page.route(
        f"{base}/api/v1/videos/*/results",
        lambda route: route.fulfill(body=json.dumps(results), content_type="application/json"),
    )
    page.route("**/picture/*-poster.jpg**", poster)
    page.route(
        f"{base}/api/v1/calendar?**",
        lambda route: route.fulfill(body=json.dumps(week), content_type="application/json"),
    )
    page.goto(f"{base}/studio/calendar")
    page.locator("a.card").first.wait_for()
    page.evaluate("document.fonts.ready")
    page.locator("a.card img").nth(5).wait_for()
    page.wait_for_timeout(500)

"""The calendar of posts in Chromium: how long a page of a thousand of them keeps the browser busy.

The service is real; its answers about posts and accounts are made here.
"""

from __future__ import annotations

import json
import random
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from playwright.sync_api import Browser, CDPSession, Page, Route

_ZONE = "Europe/Berlin"
_PLATFORMS = ("youtube", "tiktok", "instagram", "linkedin")
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


def _answered(page: Page, prefix: str, count: int) -> list[Route]:
    """Answers everything about posts but the calendar itself; those requests are collected."""
    now = datetime.now(UTC)
    whole = calendar_of(count, now)
    posts = [
        {**post, "actions": [], "score": 50.0, "figures": None, "created_at": now.isoformat()}
        for post in whole["posts"]  # type: ignore[attr-defined]
    ]
    held: list[Route] = []

    def say(route: Route, body: object) -> None:
        route.fulfill(body=json.dumps(body), content_type="application/json")

    def listed(route: Route) -> None:
        some = [post for post in posts if post["state"] in route.request.url][:50]
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
        waiting = _answered(page, f"{base}/api/v1", count)
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

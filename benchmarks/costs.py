"""What holding money for a call takes with a million entries in the ledger; and the invoice.

    python -m benchmarks.costs [--entries 1000000] [--calls 10000] [--url postgresql+psycopg2://...]

Prints milliseconds of reservations and settlements at p50 and p95, from one process and from
eight threads at once, and whether the ledger equals a service's invoices after random calls.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from random import Random

from sqlalchemy import text as sql

from vidpipe.catalog.catalog import Catalog
from vidpipe.costs import NANOS
from vidpipe.costs.accountant import Account, Accountant
from vidpipe.costs.options import BudgetOptions, CostOptions
from vidpipe.spending import Purchase

_BUCKETS = 100_000
Times = tuple[list[float], list[float]]
_RATE = {"input_tokens": (Decimal("0.15"), 1_000_000)}


def fill(catalog: Catalog, count: int) -> None:
    """Entries of a year, over 50 channels and 5,000 videos, and the buckets of videos."""
    text = "'{}'" if catalog.embedded else "'{}'::json"
    listed = text.replace("{}", "[]")
    moment = (
        "strftime('%Y-%m-%d %H:%M:%f', 'now', '-' || (30 * k) || ' seconds')"
        if catalog.embedded
        else "now() - k * interval '30 seconds'"
    )
    numbers = "WITH RECURSIVE n(k) AS (SELECT 0 UNION ALL SELECT k + 1 FROM n WHERE k < {})"
    with catalog.writing() as session:
        session.execute(
            sql(
                "INSERT INTO cost_entries (at, kind, outcome, reservation_id, amount, quantities, "
                "buckets, service, product, estimate, reserved, currency, video_id, stage, channel,"
                f" attempt) {numbers.format(count - 1)} SELECT {moment}, 'call', 'done', "
                f"'filled-' || k, 1000 + k % 977, {text}, {listed}, 'openai', 'model', 1000, 2000, "
                "'USD', 'channel' || (k % 50) || '--' || (k % 5000), 'scored_segments', "
                "'channel' || (k % 50), 1 FROM n"
            )
        )
        session.execute(
            sql(
                f"INSERT INTO cost_buckets (key, spent, reserved) {numbers.format(_BUCKETS)} "
                "SELECT 'video/filled--' || k || '/total', 5, 0 FROM n"
            )
        )


def timed(count: int, work: Callable[[int], object]) -> Times:
    """Milliseconds that each took, and those of them that a processor worked in this thread."""
    walls, worked = [], []
    for k in range(count):
        began, began_s = time.perf_counter(), time.thread_time()
        work(k)
        walls.append(1000 * (time.perf_counter() - began))
        worked.append(1000 * (time.thread_time() - began_s))
    return walls, worked


def shown(name: str, times: Times) -> str:
    said = []
    for what, found in zip(("wall", "worked"), map(sorted, times), strict=True):
        p50, p95 = found[len(found) // 2], found[int(0.95 * len(found))]
        said.append(f"{what} p50 {p50:.2f} ms, p95 {p95:.2f} ms")
    return f"{name}: {'; '.join(said)}"


def main(arguments: Sequence[str]) -> int:
    """Measure; 0 where the ledger equals the invoices."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--entries", type=int, default=1_000_000)
    parser.add_argument("--calls", type=int, default=10_000)
    parser.add_argument("--url", default="")
    asked = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        catalog = Catalog(asked.url or f"sqlite:///{folder}/catalog.sqlite")
        catalog.upgrade()
        began = time.monotonic()
        fill(catalog, asked.entries)
        print(f"{asked.entries} entries in {time.monotonic() - began:.0f} s", flush=True)
        limits = BudgetOptions(day_hard=Decimal(10**6), video_hard=Decimal(10**4))
        own = Accountant(catalog, CostOptions(breaker_failures=10**3), limits)
        _speeds(own)
        same = _invoice(own, asked.calls)
        catalog.engine.dispose()
    return 0 if same else 1


def _speeds(own: Accountant) -> None:
    asked = Purchase("openai", "model", {"input_tokens": 9000}, stated=_RATE)
    held: list[object] = []

    def reserve(k: int) -> object:
        account = Account(channel=f"channel{k % 50}", video_id=f"channel{k % 50}--{k % 5000}")
        return own.purse(account).reserve(asked)

    print(shown("reserve", timed(1000, lambda k: held.append(reserve(k)))), flush=True)
    used = {"input_tokens": 8000}
    print(shown("settle", timed(1000, lambda k: held[k].settle(used))), flush=True)  # type: ignore[attr-defined]
    with ThreadPoolExecutor(8) as pool:
        parts = list(pool.map(lambda _: timed(100, reserve), range(8)))
    both = [n for walls, _ in parts for n in walls], [n for _, worked in parts for n in worked]
    print(shown("reserve, eight at once", both), flush=True)


def _invoice(own: Accountant, calls: int) -> bool:
    """Whether random calls, failed ones among them, are booked as the service bills them."""
    random, invoice, price = Random(25), Decimal(0), Decimal("0.15") / 1_000_000
    purse = own.purse(Account(channel="invoice", video_id="invoice--0"))
    began = time.monotonic()
    for _ in range(calls):
        tokens = random.randint(1, 9000)
        held = purse.reserve(Purchase("shop", "m", {"input_tokens": tokens}, stated=_RATE))
        chance, used = random.random(), random.randint(0, tokens)
        if chance < 0.08:
            held.fail({}, away=False)
            continue
        invoice += used * price
        if chance < 0.12:
            held.fail({"input_tokens": used}, away=True)
        else:
            held.settle({"input_tokens": used})
    booked = sum(s.outside for s in own.rows.sums("service", channels=["invoice"]))
    same = booked == invoice * NANOS
    took_s = time.monotonic() - began
    print(f"{calls} calls in {took_s:.0f} s: invoices {invoice}, ledger {Decimal(booked) / NANOS}, "
          f"{'the same' if same else 'NOT the same'}")  # fmt: skip
    return same


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

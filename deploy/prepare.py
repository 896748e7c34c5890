"""Prepare an instance: schemas, pools, models. Run at every deploy; again is harmless.

    python -m deploy.prepare [--buckets]

Pools limit how many steps of a kind run at once over all runs: `encode` (x264 uses every
core it gets), `gpu` (Whisper on a card), `api` (a server that counts requests). Their
limits live in Dagster's database; here they come from the environment, `VIDPIPE_POOL_GPU`
and so on. Dagster counts steps, a server requests: `VIDPIPE_POOL_API` is in requests, and
what a step sends side by side is counted.
"""

from __future__ import annotations

import functools
import os
import sys
from urllib.parse import urlsplit

from vidpipe.catalog.catalog import Catalog
from vidpipe.errors import Misconfigured, Unavailable, VidpipeError
from vidpipe.extras import from_extra
from vidpipe.pipeline.needs import needed_models
from vidpipe.readiness import readiness
from vidpipe.settings import Settings, load_settings

with from_extra("dagster"):
    import dagster as dg

#: For one machine with one card; a cluster sets its own.
POOLS = {"encode": 2, "gpu": 1, "api": 4}


def pool_limits(settings: Settings) -> dict[str, int]:
    """How many steps of each pool may run at once.

    Raises:
        Misconfigured: one that is no number from 1 on, or fewer requests than one step sends.
    """
    limits, problems = {}, []
    for name, default in POOLS.items():
        variable = f"VIDPIPE_POOL_{name.upper()}"
        given = os.environ.get(variable, str(default))
        if given.isdigit() and 1 <= int(given) <= 1000:
            limits[name] = int(given)
        else:
            problems.append(f"{variable}: {given!r} is no number from 1 to 1000")
    sent = _requests_at_once(settings)
    if "api" in limits and limits["api"] < sent:
        problems.append(
            f"VIDPIPE_POOL_API: {limits['api']} requests at once, but one step sends {sent} "
            "(VIDPIPE_TRANSCRIPT__API__PARALLEL)"
        )
    if problems:
        raise Misconfigured(problems)
    return {**limits, "api": limits["api"] // sent}


def _requests_at_once(settings: Settings) -> int:
    """What one step of the pool `api` sends side by side, at most."""
    api = settings.transcript.api
    return api.parallel if api.url else 1


def prepare() -> None:
    """Bring both schemas up to date and set the pools.

    Raises:
        VidpipeError: what is wrong, all of it.
    """
    settings = load_settings()
    limits = pool_limits(settings)
    Catalog(settings.database_url.get_secret_value()).upgrade()
    with dg.DagsterInstance.get() as instance:
        instance.upgrade()
        for name, limit in limits.items():
            instance.event_log_storage.set_concurrency_slots(name, limit)
            print(f"pool {name}: {limit} {'step' if limit == 1 else 'steps'} at once")


def allow_model_download() -> None:
    """Fetch what runs will load, where that is allowed: before the first, not within it.

    One that cannot be had stops nothing: what stands in for it is used, and runs try again.
    """
    for need in needed_models(load_settings()):
        if not need.to_fetch():
            continue
        try:
            print(f"model {need.entry.name}: {need.located().path}")
        except Unavailable as error:
            print(f"vidpipe: {error}", file=sys.stderr)


def make_buckets() -> None:
    """Make the buckets of the settings and of the logs where they are missing.

    For a store of one's own; in a cloud they belong to whoever keeps the account.
    """
    from vidpipe.intake.folders import asking, aws_client

    settings = load_settings()
    client = aws_client("s3", settings.plain_store_options)
    urls = (settings.store_url, settings.drop_url)
    names = {urlsplit(url).netloc for url in urls if url.startswith("s3://")}
    names |= {os.environ.get("DAGSTER_LOGS_BUCKET", "")} - {""}
    there = {b["Name"] for b in asking("s3", client.list_buckets)["Buckets"]}
    for name in sorted(names - there):
        asking(name, functools.partial(client.create_bucket, Bucket=name))
        print(f"bucket {name}: made")


def main() -> int:
    """Prepare, then say whether everything that will be used is there."""
    try:
        if "--buckets" in sys.argv[1:]:
            make_buckets()
        prepare()
        allow_model_download()
    except VidpipeError as error:
        problems = error.problems if isinstance(error, Misconfigured) else [str(error)]
        for problem in problems:
            print(f"vidpipe: {problem}", file=sys.stderr)
        return error.exit_code
    missing = [item for item in readiness() if not item.ok]
    for item in missing:
        print(f"vidpipe: {item.name}: {item.says}", file=sys.stderr)
    return Misconfigured.exit_code if missing else 0


if __name__ == "__main__":
    sys.exit(main())

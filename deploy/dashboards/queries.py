"""Queries in PromQL for the metrics of vidpipe."""

from __future__ import annotations

RATE = "$__rate_interval"


def once(expression: str) -> str:
    """A figure of the catalog, which every process of the service says: of one of them."""
    return f"max without (instance, pod) ({expression})"


def rate(metric: str, over: str = RATE) -> str:
    """What a total of the catalog grows by in a second."""
    return once(f"rate({metric}[{over}])")


def increase(metric: str, over: str = "1d") -> str:
    """What a total of the catalog grew by."""
    return once(f"increase({metric}[{over}])")


def quantile(share: float, metric: str, by: str = "", over: str = "1h") -> str:
    """A quantile of a histogram of the catalog."""
    labels = ", ".join(filter(None, ("le", by)))
    return f"histogram_quantile({share}, sum by ({labels}) ({rate(f'{metric}_bucket', over)}))"


def http(share: float, by: str = "") -> str:
    """A quantile of how long the API takes to answer."""
    labels = ", ".join(filter(None, ("le", by)))
    # How long bytes of an upload take is up to whoever sends them.
    routes = 'route=~"/api/v1/.*",route!~".*/tus/.*|.*/assets/.*"'
    chosen = f"vidpipe_http_request_duration_seconds_bucket{{{routes}}}"
    return f"histogram_quantile({share}, sum by ({labels}) (rate({chosen}[{RATE}])))"


def total(expression: str) -> str:
    """All of a figure's lines together."""
    return f"sum({expression})"

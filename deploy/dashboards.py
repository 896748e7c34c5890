"""Write the dashboards of Grafana, and the rules as the Prometheus operator takes them.

    python -m deploy.dashboards

What is written is committed: a test holds it against this script, and the names of all metrics
against what the service publishes.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

_HERE = Path(__file__).parent
FOLDER = _HERE / "monitoring" / "dashboards"
RULES = _HERE / "monitoring" / "rules.yaml"
MANIFEST = _HERE / "helm" / "monitoring" / "rules.yaml"
_SOURCE = {"type": "prometheus", "uid": "${datasource}"}
#: Grafana's own: a dashboard is 24 columns wide.
_WIDTH, _HEIGHT = 24, 8
#: The version of the schema that Grafana 10 to 12 read and bring up to their own.
_SCHEMA = 39
_RATE = "$__rate_interval"
#: What outside services cost, and not own work.
_PAID = 'vidpipe_costs_total{kind!="local"}'


@dataclass(frozen=True)
class Panel:
    """One picture.

    Attributes:
        title: above it.
        queries: pairs of PromQL and of what its lines are called.
        unit: of Grafana: `s`, `bytes`, `percentunit`, `short`.
        says: in the corner, for whoever does not know the figure.
        kind: of Grafana.
        width: in columns.
        most: what is too much: drawn as a red line.
        stacked: whether lines add up.
    """

    title: str
    queries: tuple[tuple[str, str], ...]
    unit: str = "short"
    says: str = ""
    kind: str = "timeseries"
    width: int = 8
    most: float | None = None
    stacked: bool = False


@dataclass(frozen=True)
class Dashboard:
    """One page: rows of panels by their title."""

    name: str
    title: str
    rows: tuple[tuple[str, tuple[Panel, ...]], ...]


def once(expression: str) -> str:
    """A figure of the catalog, which every process of the service says: of one of them."""
    return f"max without (instance, pod) ({expression})"


def rate(metric: str, over: str = _RATE) -> str:
    """What a total of the catalog grows by in a second."""
    return once(f"rate({metric}[{over}])")


def increase(metric: str, over: str = "1d") -> str:
    """What a total of the catalog grew by."""
    return once(f"increase({metric}[{over}])")


def quantile(share: float, metric: str, by: str = "", over: str = "1h") -> str:
    """A quantile of a histogram of the catalog."""
    labels = ", ".join(filter(None, ("le", by)))
    return f"histogram_quantile({share}, sum by ({labels}) ({rate(f'{metric}_bucket', over)}))"


def _http(share: float, by: str = "") -> str:
    labels = ", ".join(filter(None, ("le", by)))
    # How long bytes of an upload take is up to whoever sends them.
    routes = 'route=~"/api/v1/.*",route!~".*/tus/.*|.*/assets/.*"'
    chosen = f"vidpipe_http_request_duration_seconds_bucket{{{routes}}}"
    return f"histogram_quantile({share}, sum by ({labels}) (rate({chosen}[{_RATE}])))"


def _total(expression: str) -> str:
    return f"sum({expression})"


def _stat(title: str, query: str, **more: Any) -> Panel:
    return Panel(title, ((query, ""),), kind="stat", width=4, **more)


OPERATIONS = Dashboard(
    "operations",
    "vidpipe: operations",
    (
        (
            "Now",
            (
                _stat("Processes that answer", 'sum(up{job="vidpipe"})'),
                _stat(
                    "Videos that wait",
                    _total(once('vidpipe_queue_requests{state="due"}')),
                ),
                _stat("Runs at work", "max(vidpipe_runs_running)"),
                _stat(
                    "Dead letters",
                    _total(once('vidpipe_failures_unresolved{state="dead"}')) + " or vector(0)",
                    most=1,
                ),
                _stat(
                    "Longest wait",
                    "max(vidpipe_queue_oldest_age_seconds)",
                    unit="s",
                    most=3600,
                ),
                _stat(
                    "Silent for",
                    "max(vidpipe_run_heartbeat_age_seconds)",
                    unit="s",
                    most=300,
                    says="The oldest heartbeat of a run that has not ended.",
                ),
            ),
        ),
        (
            "Queue and runs",
            (
                Panel(
                    "Queue by state",
                    (
                        (
                            "sum by (state) (" + once("vidpipe_queue_requests") + ")",
                            "{{state}}",
                        ),
                        (_total(once("vidpipe_uploads_pending")), "uploads to ingest"),
                    ),
                    stacked=True,
                ),
                Panel(
                    "Queue by channel",
                    (
                        (
                            "sum by (channel) ("
                            + once('vidpipe_queue_requests{state=~"due|delayed"}')
                            + ")",
                            "{{channel}}",
                        ),
                    ),
                    stacked=True,
                ),
                Panel(
                    "Oldest by channel",
                    ((once("vidpipe_queue_oldest_age_seconds"), "{{channel}}"),),
                    unit="s",
                    most=3600,
                ),
                Panel(
                    "Runs an hour by how they ended",
                    (
                        (
                            "sum by (outcome) (" + increase("vidpipe_runs_total", "1h") + ")",
                            "{{outcome}}",
                        ),
                    ),
                    stacked=True,
                ),
                Panel(
                    "Failures an hour by cause",
                    (
                        (
                            "sum by (cause) (" + increase("vidpipe_failures_total", "1h") + ") > 0",
                            "{{cause}}",
                        ),
                    ),
                    stacked=True,
                ),
                Panel(
                    "Runs requested an hour, by why",
                    (
                        (
                            "sum by (cause) (" + increase("vidpipe_run_requests_total", "1h") + ")",
                            "{{cause}}",
                        ),
                    ),
                    says="`retry`: another try of what failed.",
                    stacked=True,
                ),
                Panel(
                    "Jobs that are not over",
                    (("sum by (state) (" + once("vidpipe_jobs_active") + ")", "{{state}}"),),
                    stacked=True,
                ),
                Panel(
                    "Jobs an hour",
                    (
                        (_total(increase("vidpipe_jobs_created_total", "1h")), "created"),
                        (
                            "sum by (state) (" + increase("vidpipe_jobs_ended_total", "1h") + ")",
                            "{{state}}",
                        ),
                    ),
                ),
                Panel(
                    "Events and deliveries that are late",
                    ((once("vidpipe_webhook_lag_seconds"), "{{kind}}"),),
                    unit="s",
                    most=300,
                    says="Of webhooks: for how long the oldest has been due.",
                ),
                Panel(
                    "Links to fetch",
                    (("sum by (state) (" + once("vidpipe_downloads_active") + ")", "{{state}}"),),
                    stacked=True,
                ),
                Panel(
                    "Share of runs given up",
                    (
                        ("vidpipe:run_failures:ratio1h", "last hour"),
                        ("vidpipe:run_failures:ratio1d", "last day"),
                    ),
                    unit="percentunit",
                    most=0.05,
                ),
            ),
        ),
        (
            "How long it takes",
            (
                Panel(
                    "A video",
                    tuple(
                        (quantile(q, "vidpipe_video_processing_duration_seconds"), f"p{q * 100:g}")
                        for q in (0.5, 0.95)
                    ),
                    unit="s",
                    most=600,
                    says="From the begin to the end of a run that made all of it.",
                ),
                Panel(
                    "Waiting for a run",
                    tuple(
                        (quantile(q, "vidpipe_queue_wait_seconds"), f"p{q * 100:g}")
                        for q in (0.5, 0.95)
                    ),
                    unit="s",
                ),
                Panel(
                    "Stages, p95",
                    ((quantile(0.95, "vidpipe_stage_duration_seconds", "stage"), "{{stage}}"),),
                    unit="s",
                ),
            ),
        ),
        (
            "The service",
            (
                Panel(
                    "The API",
                    tuple((_http(q), f"p{q * 100:g}") for q in (0.5, 0.95, 0.99)),
                    unit="s",
                    most=1,
                ),
                Panel("The API by route, p95", ((_http(0.95, "route"), "{{route}}"),), unit="s"),
                Panel(
                    "Requests a second by status",
                    (
                        (
                            "sum by (status) (rate("
                            f"vidpipe_http_request_duration_seconds_count[{_RATE}]))",
                            "{{status}}",
                        ),
                        ("sum(vidpipe_http_requests_in_progress)", "in progress"),
                    ),
                ),
                Panel(
                    "Connections in use",
                    (
                        (
                            'vidpipe_database_connections{state="in_use"} / ignoring (state) '
                            "vidpipe_database_connections_max",
                            "{{instance}} {{pool}}",
                        ),
                    ),
                    unit="percentunit",
                    most=0.8,
                ),
                Panel(
                    "Statements, p95",
                    (
                        (
                            "histogram_quantile(0.95, sum by (le, pool) (rate("
                            f"vidpipe_database_query_duration_seconds_bucket[{_RATE}])))",
                            "{{pool}}",
                        ),
                        ("max(vidpipe_catalog_read_duration_seconds)", "reading these metrics"),
                    ),
                    unit="s",
                ),
                Panel(
                    "Processor and memory",
                    (
                        (
                            f'rate(process_cpu_seconds_total{{job="vidpipe"}}[{_RATE}])',
                            "{{instance}} cores",
                        ),
                        (
                            'process_resident_memory_bytes{job="vidpipe"} / 2^30',
                            "{{instance}} GiB",
                        ),
                    ),
                ),
                Panel(
                    "Free on disks",
                    (
                        (
                            "vidpipe_disk_free_bytes / vidpipe_disk_size_bytes",
                            "{{instance}} {{folder}}",
                        ),
                    ),
                    unit="percentunit",
                ),
                Panel(
                    "Graphics cards",
                    (
                        ("vidpipe_gpu_utilization_ratio", "{{instance}} {{gpu}} busy"),
                        (
                            "vidpipe_gpu_memory_used_bytes / vidpipe_gpu_memory_size_bytes",
                            "{{instance}} {{gpu}} memory",
                        ),
                    ),
                    unit="percentunit",
                    says="Of the machines that the service runs on; nothing where none has a card.",
                ),
                Panel(
                    "Heat of cards",
                    (("vidpipe_gpu_temperature_celsius", "{{instance}} {{gpu}}"),),
                    unit="celsius",
                ),
            ),
        ),
    ),
)

QUALITY = Dashboard(
    "quality",
    "vidpipe: quality",
    (
        (
            "What comes in",
            (
                Panel(
                    "Uploads a day by decision",
                    (
                        (
                            "sum by (state) (" + increase("vidpipe_uploads_decided_total") + ")",
                            "{{state}}",
                        ),
                    ),
                    stacked=True,
                ),
                Panel(
                    "In quarantine by reason",
                    (
                        (
                            "sum by (reason) (" + once("vidpipe_uploads_quarantined") + ")",
                            "{{reason}}",
                        ),
                    ),
                    stacked=True,
                ),
                Panel(
                    "Not finished, by channel",
                    ((once("vidpipe_videos_unfinished"), "{{channel}}"),),
                    stacked=True,
                ),
            ),
        ),
        (
            "What becomes of it",
            (
                Panel(
                    "Runs that succeed",
                    (("1 - vidpipe:run_failures:ratio1d", "last day"),),
                    unit="percentunit",
                    says="Without rejected files and runs that someone ended.",
                ),
                Panel(
                    "Exports that conform, by platform",
                    (
                        (
                            "sum by (platform) ("
                            + increase('vidpipe_exports_total{conforms="true"}')
                            + ") / sum by (platform) ("
                            + increase("vidpipe_exports_total")
                            + ")",
                            "{{platform}}",
                        ),
                    ),
                    unit="percentunit",
                ),
                Panel(
                    "Scores of clips",
                    tuple(
                        (quantile(q, "vidpipe_clip_score", over="1d"), f"p{q * 100:g}")
                        for q in (0.1, 0.5, 0.9)
                    ),
                ),
                Panel(
                    "Clips for an hour of recording",
                    (
                        (
                            "3600 * sum by (channel) ("
                            + increase("vidpipe_clips_total")
                            + ") / sum by (channel) ("
                            + increase("vidpipe_recording_seconds_total")
                            + ")",
                            "{{channel}}",
                        ),
                    ),
                ),
                Panel(
                    "Waiting for review",
                    (
                        (
                            once('vidpipe_jobs_active{state="waiting_for_review"}'),
                            "{{channel}}",
                        ),
                    ),
                ),
                Panel(
                    "Results of stages that were found again",
                    (
                        (
                            "sum by (stage) ("
                            + increase('vidpipe_stage_runs_total{outcome="reused"}')
                            + ") / sum by (stage) ("
                            + increase("vidpipe_stage_runs_total")
                            + ")",
                            "{{stage}}",
                        ),
                    ),
                    unit="percentunit",
                    says="High after retries and changes of settings, low with fresh uploads.",
                ),
                Panel(
                    "Not resolved, by channel, cause and state",
                    ((once("vidpipe_failures_unresolved"), ""),),
                    kind="table",
                    width=24,
                ),
            ),
        ),
    ),
)

COST = Dashboard(
    "cost",
    "vidpipe: cost",
    (
        (
            "Work",
            (
                Panel(
                    "Hours of work a day, by channel",
                    (
                        (
                            increase("vidpipe_work_seconds_total") + " / 3600",
                            "{{channel}}",
                        ),
                    ),
                    unit="h",
                    stacked=True,
                    says="Seconds that stages worked, whatever the machine costs by the hour.",
                ),
                Panel(
                    "Hours of recording a day, by channel",
                    (
                        (
                            increase("vidpipe_recording_seconds_total") + " / 3600",
                            "{{channel}}",
                        ),
                    ),
                    unit="h",
                    stacked=True,
                ),
                Panel(
                    "Videos a day, by channel",
                    (
                        (increase("vidpipe_videos_accepted_total"), "{{channel}} accepted"),
                        (increase("vidpipe_videos_finished_total"), "{{channel}} finished"),
                    ),
                ),
                Panel(
                    "Real-time factor by stage",
                    (("vidpipe:stage_real_time_factor:ratio1d", "{{stage}}"),),
                    says="Seconds of work for a second of recording, last day.",
                    stacked=True,
                    width=12,
                ),
                Panel(
                    "Hours of work a day, by stage",
                    (
                        (
                            increase("vidpipe_stage_duration_seconds_sum") + " / 3600",
                            "{{stage}}",
                        ),
                    ),
                    unit="h",
                    stacked=True,
                    width=12,
                ),
            ),
        ),
        (
            "Encoding",
            (
                Panel(
                    "Encode ratio",
                    (
                        (
                            increase("vidpipe_encode_seconds_total")
                            + " / "
                            + increase("vidpipe_encode_media_seconds_total"),
                            "seconds for a second of clip",
                        ),
                        (
                            increase("vidpipe_encode_seconds_total")
                            + " / "
                            + increase("vidpipe_encode_estimated_seconds_total"),
                            "taken / estimated",
                        ),
                    ),
                ),
                Panel(
                    "Encodes a day",
                    ((increase("vidpipe_encodes_total"), "encodes"),),
                ),
                Panel(
                    "Bytes encoded a day",
                    ((increase("vidpipe_encode_bytes_total"), "bytes"),),
                    unit="bytes",
                ),
            ),
        ),
        (
            "Money",
            (
                Panel(
                    "Spent on services a day",
                    (
                        (
                            f"sum by (service) ({increase(_PAID)})",
                            "{{service}}",
                        ),
                    ),
                    says="In the currency of the ledger; `vidpipe costs` is exact.",
                    stacked=True,
                ),
                Panel(
                    "Spent by channel a day",
                    ((increase("vidpipe_channel_costs_total"), "{{channel}}"),),
                    says="Services and own work.",
                    stacked=True,
                ),
                Panel(
                    "Services and own work a day",
                    ((f"sum by (kind) ({increase('vidpipe_costs_total')})", "{{kind}}"),),
                    says="Calls, corrections of calls, own work at the prices of `vidpipe prices`.",
                    stacked=True,
                ),
            ),
        ),
        (
            "What may be spent",
            (
                Panel(
                    "Of hard limits, spent and held",
                    (
                        (
                            f"({once('vidpipe_budget_spent')} + {once('vidpipe_budget_reserved')})"
                            " / ignoring (limit) " + once('vidpipe_budget_limit{limit="hard"}'),
                            "{{scope}} {{subject}} {{period}}",
                        ),
                    ),
                    unit="percentunit",
                    most=1,
                    says="Nothing where no limit is set.",
                ),
                Panel(
                    "Of quotas, used",
                    (
                        (
                            once("vidpipe_quota_used") + " / " + once("vidpipe_quota_limit"),
                            "{{service}} {{what}}",
                        ),
                    ),
                    unit="percentunit",
                    most=1,
                ),
                Panel(
                    "Waits for money or quota",
                    (
                        (
                            "sum by (of) (" + once("vidpipe_queue_unpaid") + ")",
                            "runs and posts for a {{of}}",
                        ),
                        (
                            "count(" + once("vidpipe_service_available") + " == 0)",
                            "services out of order",
                        ),
                    ),
                ),
                Panel(
                    "A video on average, last day",
                    (("vidpipe:cost_per_video:avg1d", "in the currency of the ledger"),),
                    most=2.5,
                    width=12,
                ),
                Panel(
                    "Posts that are late",
                    ((once("vidpipe_posts_oldest_due_age_seconds"), "{{channel}}"),),
                    unit="s",
                    most=300,
                    width=12,
                ),
            ),
        ),
        (
            "Room",
            (
                Panel(
                    "Used on disks",
                    (
                        (
                            "vidpipe_disk_size_bytes - vidpipe_disk_free_bytes",
                            "{{instance}} {{folder}}",
                        ),
                    ),
                    unit="bytes",
                    width=24,
                ),
            ),
        ),
    ),
)

DASHBOARDS = (OPERATIONS, QUALITY, COST)


def model(dashboard: Dashboard) -> dict[str, Any]:
    """The dashboard as Grafana reads it."""
    panels: list[dict[str, Any]] = []
    y = 0
    for title, row in dashboard.rows:
        panels.append(
            {
                "id": len(panels) + 1,
                "type": "row",
                "title": title,
                "collapsed": False,
                "gridPos": {"h": 1, "w": _WIDTH, "x": 0, "y": y},
                "panels": [],
            }
        )
        y = _lay(panels, row, y + 1)
    return {
        "uid": f"vidpipe-{dashboard.name}",
        "title": dashboard.title,
        "tags": ["vidpipe"],
        "schemaVersion": _SCHEMA,
        "editable": True,
        "graphTooltip": 1,
        "refresh": "1m",
        "time": {"from": "now-6h", "to": "now"},
        "timezone": "browser",
        "templating": {
            "list": [
                {
                    "name": "datasource",
                    "label": "Prometheus",
                    "type": "datasource",
                    "query": "prometheus",
                }
            ]
        },
        "panels": panels,
    }


def _lay(panels: list[dict[str, Any]], row: Sequence[Panel], y: int) -> int:
    """Panels side by side, from a height on; the height under them."""
    x = height = 0
    for panel in row:
        if x + panel.width > _WIDTH:
            x, y = 0, y + height
        height = 4 if panel.kind == "stat" else _HEIGHT
        at = {"h": height, "w": panel.width, "x": x, "y": y}
        panels.append(_drawn(panel, len(panels) + 1, at))
        x += panel.width
    return y + height


def _drawn(panel: Panel, number: int, at: dict[str, int]) -> dict[str, Any]:
    steps: list[dict[str, Any]] = [{"value": None, "color": "green"}]
    if panel.most is not None:
        steps.append({"value": panel.most, "color": "red"})
    custom: dict[str, Any] = {}
    if panel.kind == "timeseries":
        custom = {
            "fillOpacity": 20 if panel.stacked else 0,
            "stacking": {"mode": "normal" if panel.stacked else "none"},
            "thresholdsStyle": {"mode": "off" if panel.most is None else "line"},
        }
    instant = panel.kind == "table"
    drawn = {
        "id": number,
        "type": panel.kind,
        "title": panel.title,
        "datasource": _SOURCE,
        "gridPos": at,
        "targets": [
            {
                "refId": chr(ord("A") + k),
                "datasource": _SOURCE,
                "expr": query,
                "legendFormat": called or "__auto",
                "instant": instant,
                "range": not instant,
                **({"format": "table"} if instant else {}),
            }
            for k, (query, called) in enumerate(panel.queries)
        ],
        "fieldConfig": {
            "defaults": {
                "unit": panel.unit,
                "thresholds": {"mode": "absolute", "steps": steps},
                **({"custom": custom} if custom else {}),
            },
            "overrides": [],
        },
    }
    return {**drawn, "description": panel.says} if panel.says else drawn


def manifest(rules: dict[str, Any]) -> dict[str, Any]:
    """Rules as the operator of Prometheus takes them."""
    return {
        "apiVersion": "monitoring.coreos.com/v1",
        "kind": "PrometheusRule",
        "metadata": {"name": "vidpipe", "labels": {"app": "vidpipe-links"}},
        "spec": rules,
    }


def written() -> dict[Path, str]:
    """Every file that this script writes."""
    made = {
        FOLDER / f"{dashboard.name}.json": json.dumps(model(dashboard), indent=2) + "\n"
        for dashboard in DASHBOARDS
    }
    rules = yaml.safe_load(RULES.read_text("utf-8"))
    text = yaml.safe_dump(manifest(rules), sort_keys=False, width=96)
    made[MANIFEST] = f"# Written by deploy/dashboards.py from {RULES.name}: change that.\n{text}"
    return made


def main() -> int:
    """Write them."""
    for path, content in written().items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())

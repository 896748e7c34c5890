"""Whether it works: queue, runs, failures, the service."""

from __future__ import annotations

from deploy.dashboards.panels import Dashboard, Panel, stat
from deploy.dashboards.queries import RATE, http, increase, once, quantile, total

OPERATIONS = Dashboard(
    "operations",
    "vidpipe: operations",
    (
        (
            "Now",
            (
                stat("Processes that answer", 'sum(up{job="vidpipe"})'),
                stat(
                    "Videos that wait",
                    total(once('vidpipe_queue_requests{state="due"}')),
                ),
                stat("Runs at work", "max(vidpipe_runs_running)"),
                stat(
                    "Dead letters",
                    total(once('vidpipe_failures_unresolved{state="dead"}')) + " or vector(0)",
                    most=1,
                ),
                stat(
                    "Longest wait",
                    "max(vidpipe_queue_oldest_age_seconds)",
                    unit="s",
                    most=3600,
                ),
                stat(
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
                        (total(once("vidpipe_uploads_pending")), "uploads to ingest"),
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
                        (total(increase("vidpipe_jobs_created_total", "1h")), "created"),
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
                    tuple((http(q), f"p{q * 100:g}") for q in (0.5, 0.95, 0.99)),
                    unit="s",
                    most=1,
                ),
                Panel("The API by route, p95", ((http(0.95, "route"), "{{route}}"),), unit="s"),
                Panel(
                    "Requests a second by status",
                    (
                        (
                            "sum by (status) (rate("
                            f"vidpipe_http_request_duration_seconds_count[{RATE}]))",
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
                            f"vidpipe_database_query_duration_seconds_bucket[{RATE}])))",
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
                            f'rate(process_cpu_seconds_total{{job="vidpipe"}}[{RATE}])',
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

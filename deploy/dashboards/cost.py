"""What it costs: work, encoding, money, room."""

from __future__ import annotations

from deploy.dashboards.panels import Dashboard, Panel
from deploy.dashboards.queries import increase, once

#: What outside services cost, and not own work.
_PAID = 'vidpipe_costs_total{kind!="local"}'

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

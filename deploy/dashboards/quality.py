"""What comes in, and what becomes of it."""

from __future__ import annotations

from deploy.dashboards.panels import Dashboard, Panel
from deploy.dashboards.queries import increase, once, quantile

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

"""Where the orchestrator shows what it runs."""

from __future__ import annotations


def run_link(ui_url: str, run_id: str) -> str:
    """A run in the Dagster UI; empty where either is not known."""
    return f"{ui_url.rstrip('/')}/runs/{run_id}" if ui_url and run_id else ""

"""The dashboards of Grafana, and the rules as the Prometheus operator takes them.

    python -m deploy.dashboards

What is written is committed: a test holds it against this package, and the names of all metrics
against what the service publishes.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import yaml

from deploy.dashboards.cost import COST
from deploy.dashboards.operations import OPERATIONS
from deploy.dashboards.panels import model
from deploy.dashboards.quality import QUALITY

_DEPLOY = Path(__file__).parents[1]
FOLDER = _DEPLOY / "monitoring" / "dashboards"
RULES = _DEPLOY / "monitoring" / "rules.yaml"
MANIFEST = _DEPLOY / "helm" / "monitoring" / "rules.yaml"
DASHBOARDS = (OPERATIONS, QUALITY, COST)


def manifest(rules: dict[str, Any]) -> dict[str, Any]:
    """Rules as the operator of Prometheus takes them."""
    return {
        "apiVersion": "monitoring.coreos.com/v1",
        "kind": "PrometheusRule",
        "metadata": {"name": "vidpipe", "labels": {"app": "vidpipe-links"}},
        "spec": rules,
    }


def written() -> dict[Path, str]:
    """Every file that `python -m deploy.dashboards` writes."""
    made = {
        FOLDER / f"{dashboard.name}.json": json.dumps(model(dashboard), indent=2) + "\n"
        for dashboard in DASHBOARDS
    }
    rules = yaml.safe_load(RULES.read_text("utf-8"))
    text = yaml.safe_dump(manifest(rules), sort_keys=False, width=96)
    made[MANIFEST] = f"# Written by deploy/dashboards from {RULES.name}: change that.\n{text}"
    return made

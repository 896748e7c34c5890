"""What a dashboard consists of, and how Grafana reads it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

_SOURCE = {"type": "prometheus", "uid": "${datasource}"}
#: Grafana's own: a dashboard is 24 columns wide.
_WIDTH, _HEIGHT = 24, 8
#: The version of the schema that Grafana 10 to 12 read and bring up to their own.
_SCHEMA = 39


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


def stat(title: str, query: str, **more: Any) -> Panel:
    """A figure alone, as it is now."""
    return Panel(title, ((query, ""),), kind="stat", width=4, **more)


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

"""Metrics in the formats of Prometheus and OpenMetrics, made when they are asked for."""

from vidpipe.observability.metrics.exporter import Exporter

__all__ = ["Exporter"]

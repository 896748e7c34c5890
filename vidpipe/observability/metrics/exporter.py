"""Everything that is published, and how it is written."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import prometheus_client
from prometheus_client import CollectorRegistry, GCCollector, PlatformCollector, ProcessCollector
from prometheus_client.core import InfoMetricFamily
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector
from sqlalchemy import Engine as DatabaseEngine

from vidpipe.catalog.catalog import Catalog
from vidpipe.costs.accountant import Accountant
from vidpipe.observability.metrics.catalog import PREFIX, CatalogCollector
from vidpipe.observability.metrics.money import MoneyCollector
from vidpipe.observability.metrics.process import (
    DiskCollector,
    GpuCollector,
    PoolCollector,
    QueryMetrics,
)
from vidpipe.openai_client import service_of
from vidpipe.pipeline.engine import Engine
from vidpipe.spending import LOCAL


class _Build(Collector):
    """Which version runs here."""

    def __init__(self, version: str) -> None:
        self._version = version

    def collect(self) -> list[InfoMetricFamily]:
        """One series that is always 1."""
        says = "The version that runs here."
        return [InfoMetricFamily(f"{PREFIX}build", says, value={"version": self._version})]


class Exporter:
    """The metrics of one process of the service.

    Args:
        engine: whose catalog, channels and folders they are of.
        databases: other pools of connections of this process, by what they are for.
        version: of vidpipe.

    Attributes:
        registry: what is published; whoever has figures of its own adds them.
    """

    def __init__(
        self, engine: Engine, databases: Mapping[str, DatabaseEngine], version: str
    ) -> None:
        # A series for when each other one was made would double them.
        prometheus_client.disable_created_metrics()  # type: ignore[no-untyped-call]
        self.registry = CollectorRegistry()
        self._engine = engine
        self._pools: dict[str, DatabaseEngine] = {}
        folders = {"scratch": engine.settings.scratch, "store": engine.store.root}
        made: tuple[Collector, ...] = (
            _Build(version),
            CatalogCollector(self._catalog, engine.channels, services=self._services),
            MoneyCollector(self._accountant, engine.channels),
            PoolCollector(self._pools),
            DiskCollector({name: folder for name, folder in folders.items() if folder}),
            GpuCollector(),
        )
        for collector in made:
            self.registry.register(collector)
        # After the catalog, which it measures the reading of.
        self._queries = QueryMetrics(self.registry)
        for name, database in databases.items():
            self._watch(name, database)
        for kind in (ProcessCollector, PlatformCollector, GCCollector):
            kind(registry=self.registry)

    def _services(self) -> Collection[str]:
        """What may cost something here: services that have a price, those that settings name, and
        this deployment's own work."""
        own, settings = self._engine.accountant, self._engine.settings
        listed = {price.service for price in own.prices.listed}
        asked = (settings.transcript.api, settings.llm)
        set_here = {own.services.named(service_of(one)) for one in asked if one.url}
        return sorted({LOCAL, *listed, *set_here})

    def _catalog(self) -> Catalog:
        """The catalog, which is opened when it is first asked for and not before."""
        catalog = self._engine.catalog
        if "catalog" not in self._pools:
            self._watch("catalog", catalog.engine)
        return catalog

    def _accountant(self) -> Accountant:
        self._catalog()
        return self._engine.accountant

    def _watch(self, name: str, database: DatabaseEngine) -> None:
        self._pools[name] = database
        self._queries.watch(name, database)

    def write(self, accept: str) -> tuple[bytes, str]:
        """All of it, in the format that is asked for.

        Args:
            accept: the header of that name of the request.

        Returns:
            The text and its media type: OpenMetrics where that is wanted, else the text format
            of Prometheus.
        """
        encoder, media_type = choose_encoder(accept)
        return encoder(self.registry), media_type

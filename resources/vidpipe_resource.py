"""The engine as a Dagster resource."""

import dagster as dg
from pydantic import Field, PrivateAttr

from vidpipe.pipeline import Engine
from vidpipe.settings import load_settings
from vidpipe.storage.objects import ObjectStore


class VidpipeResource(dg.ConfigurableResource):  # type: ignore[type-arg]
    """Store, catalog, channels and settings of this deployment.

    Everything comes from the environment (`VIDPIPE_*`) and /run/secrets; `home`
    overrides VIDPIPE_HOME.
    """

    home: str = Field(
        default="", description="folder of everything embedded; VIDPIPE_HOME if empty"
    )
    _engine: Engine | None = PrivateAttr(default=None)

    @property
    def engine(self) -> Engine:
        """The engine, made on first use."""
        if self._engine is None:
            overrides = {"home": self.home} if self.home else {}
            self._engine = Engine(load_settings(**overrides))
        return self._engine

    def drop_store(self) -> ObjectStore:
        """The drop folder."""
        settings = self.engine.settings
        return ObjectStore(settings.drop_url, settings.plain_drop_options)

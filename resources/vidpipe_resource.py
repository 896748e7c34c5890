"""The engine as a Dagster resource."""

import dagster as dg
from pydantic import Field, PrivateAttr

from vidpipe.intake.folders import DropFolder, drop_folder
from vidpipe.intake.notifications import Queue
from vidpipe.pipeline import Engine
from vidpipe.settings import load_settings


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

    def drop_folder(self) -> DropFolder:
        """The drop folder."""
        settings = self.engine.settings
        return drop_folder(settings.drop_url, settings.plain_drop_options)

    def drop_queue(self) -> Queue | None:
        """The queue that tells of objects in it, if there is one."""
        settings = self.engine.settings
        if not settings.drop_queue_url:
            return None
        return Queue(settings.drop_queue_url, settings.plain_drop_options)

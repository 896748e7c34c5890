"""What can be set of the database."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class PoolOptions(BaseModel):
    """Connections to the database that one process of the service keeps (PostgreSQL)."""

    model_config = ConfigDict(frozen=True)

    # 10 and 10 are the figures of the service's requirements.
    size: int = Field(default=10, ge=1, le=1000, description="connections kept open")
    overflow: int = Field(default=10, ge=0, le=1000, description="connections more under load")
    timeout_s: float = Field(
        default=5.0, gt=0, le=300, description="seconds that a request waits for a connection"
    )

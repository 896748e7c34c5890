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


class EventOptions(BaseModel):
    """What happened: how long it is kept, and who may watch it."""

    model_config = ConfigDict(frozen=True)

    keep_days: float = Field(
        default=7.0, gt=0, le=3650, description="days that events are kept, for whoever comes back"
    )
    replay: int = Field(
        default=1000,
        ge=0,
        le=100_000,
        description="maximum of missed events that a stream tells again; whoever missed more is "
        "told to fetch everything again",
    )
    streams: int = Field(
        default=1000, ge=1, le=100_000, description="maximum open streams of one server process"
    )
    streams_per_user: int = Field(
        default=20,
        ge=1,
        le=100_000,
        description="maximum open streams of one user or key in one server process",
    )
    recheck_s: float = Field(
        default=15.0,
        gt=0,
        le=3600,
        description="seconds between two looks at whether who has a stream open may still read",
    )

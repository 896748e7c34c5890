"""What may be fetched from links, and how long that may take."""

from __future__ import annotations

import ipaddress

from pydantic import BaseModel, ConfigDict, Field, field_validator


class DownloadOptions(BaseModel):
    """Recordings that jobs fetch from links."""

    model_config = ConfigDict(frozen=True)

    max_gib: float = Field(
        default=10.0, gt=0, le=2**20, description="maximum GiB of a recording behind a link"
    )
    time_limit_s: float = Field(
        default=7200.0,
        gt=0,
        le=7 * 86400,
        description="seconds after which an attempt to fetch a recording is given up; the next "
        "one goes on where the server allows",
    )
    read_timeout_s: float = Field(
        default=30.0,
        gt=0,
        le=3600,
        description="seconds that a server may take to connect, and to send the next piece",
    )
    max_redirects: int = Field(default=5, ge=0, le=20, description="redirects that are followed")
    per_channel: int = Field(
        default=2, ge=1, le=1000, description="recordings of one channel that are fetched at once"
    )
    per_process: int = Field(
        default=2,
        ge=0,
        le=100,
        description="recordings that `vidpipe serve`, and each `vidpipe worker`, fetch at once",
    )
    pages: bool = Field(
        default=True,
        description="whether pages are searched for their recording (needs the extra links)",
    )
    allow_private: bool = Field(
        default=False,
        description="DANGEROUS: whether links may lead to this machine and its private network; "
        "then whoever may create jobs can read what only this machine can reach",
    )
    allowed_networks: tuple[str, ...] = Field(
        default=(),
        description="private networks that links may lead to, as JSON: "
        '["10.20.0.0/16"]; none by default',
    )

    @field_validator("allowed_networks")
    @classmethod
    def _networks(cls, given: tuple[str, ...]) -> tuple[str, ...]:
        for network in given:
            ipaddress.ip_network(network)
        return given

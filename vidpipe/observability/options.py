"""What can be set of logs."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class LogOptions(BaseModel):
    """What is logged, and in which form."""

    model_config = ConfigDict(frozen=True)

    format: Literal["auto", "json", "console"] = Field(
        default="auto",
        description="form of the log: `json` one object a line, `console` for people; auto: "
        "console on a terminal, else json",
    )
    level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="the least that is logged"
    )

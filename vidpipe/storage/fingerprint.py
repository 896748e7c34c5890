"""Fingerprints: what made an artifact, in one hash."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel


def canonical_json(value: Any) -> str:
    """JSON with sorted keys and no spaces; pydantic models by their fields."""

    def plain(item: Any) -> Any:
        if isinstance(item, BaseModel):
            return item.model_dump(mode="json")
        raise TypeError(f"{type(item).__name__} has no place in a fingerprint")

    return json.dumps(value, sort_keys=True, separators=(",", ":"), default=plain)


def fingerprint(cache_key_inputs: Mapping[str, Any]) -> str:
    """Hex SHA-256 of everything that can change the result.

    Ingredients are: stage, version, options (not threads, keys or timeouts),
    identity of models and ffmpeg, content hashes of the inputs.
    """
    return hashlib.sha256(canonical_json(cache_key_inputs).encode()).hexdigest()

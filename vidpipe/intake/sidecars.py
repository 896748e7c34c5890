"""Sidecars: transcripts and instructions beside an upload, of the same stem."""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from pathlib import Path

import yaml
from pydantic import ValidationError

from vidpipe.errors import InputRejected
from vidpipe.intake.model import Instructions

#: In order of preference, when several lie beside one video.
TRANSCRIPT_SUFFIXES = (".srt", ".vtt", ".json")
INSTRUCTION_SUFFIXES = (".yaml", ".yml")
SIDECAR_SUFFIXES = TRANSCRIPT_SUFFIXES + INSTRUCTION_SUFFIXES


def beside(video: Path) -> dict[str, Path]:
    """Sidecar files of a local video, by suffix."""
    found = {}
    for suffix in SIDECAR_SUFFIXES:
        path = video.with_suffix(suffix)
        if path.is_file():
            found[suffix] = path
    return found


def read_instructions(path: Path, name: str, platforms: Collection[str]) -> Instructions:
    """Read `talk.yaml`, for a channel that may use these platforms.

    Raises:
        InputRejected: not YAML, or a field that is unknown or out of range, named.
    """
    try:
        raw = yaml.safe_load(path.read_text("utf-8-sig"))
        instructions = Instructions.model_validate(raw or {})
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise InputRejected("bad_sidecar", f"it is not valid YAML: {error}", name=name) from error
    except ValidationError as error:
        said = "; ".join(
            f"{'.'.join(str(p) for p in e['loc']) or 'file'}: {e['msg']}" for e in error.errors()
        )
        raise InputRejected("bad_sidecar", f"{said}. Correct it.", name=name) from error
    unknown = [p for p in instructions.platforms if p not in platforms]
    if unknown:
        raise InputRejected(
            "bad_sidecar",
            f"platforms: unknown {', '.join(unknown)}; there are: {', '.join(platforms)}",
            name=name,
        )
    return instructions


def version(parts: dict[str, str]) -> str:
    """One short string for the state of all sidecars; empty when there are none."""
    if not parts:
        return ""
    joined = "\n".join(f"{k}={v}" for k, v in sorted(parts.items()))
    return hashlib.sha256(joined.encode()).hexdigest()[:32]

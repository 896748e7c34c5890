"""What people decided of a whole video, in place of what its sidecar says."""

from __future__ import annotations

from typing import Any

from vidpipe.edits.model import EditDocument
from vidpipe.intake.model import Instructions

#: Fields that both have. `layout` is taken where it is used: the sidecar's is an input there.
SHARED = ("keep", "skip", "platforms", "template")


def overlaid(instructions: Instructions, edits: EditDocument) -> Instructions:
    """Instructions with each field that the document decides as it decides it."""
    told: dict[str, Any] = {name: getattr(edits, name) for name in SHARED}
    update = {name: value for name, value in told.items() if value is not None}
    return instructions.model_copy(update=update) if update else instructions

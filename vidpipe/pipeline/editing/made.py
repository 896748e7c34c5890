"""Of which edits the clips that there are were made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from vidpipe.edits.model import EditDocument
from vidpipe.storage.artifacts import Manifest


def edits_told(document: EditDocument) -> dict[str, Any]:
    """What a document says of clips and words, as fingerprints have it; nothing for nothing."""
    told = {
        "words": [w.model_dump(mode="json") for w in document.words],
        "clips": {
            e.clip: e.model_dump(mode="json", exclude_defaults=True)
            for e in document.clip_edits
            if e.is_edited
        },
    }
    return {name: value for name, value in told.items() if value}


@dataclass(frozen=True)
class EditsMade:
    """What clips were made of.

    Attributes:
        clips: by id, what was decided of each.
        words: corrections of the transcript.
    """

    clips: Mapping[str, Mapping[str, Any]]
    words: list[Any]

    def says(self, document: EditDocument) -> bool:
        """Whether a document says the same of clips and words."""
        told = edits_told(document)
        same_clips = bool(told.get("clips", {}) == self.clips)
        return same_clips and bool(told.get("words", []) == self.words)


def edits_made(rendered: Manifest) -> EditsMade:
    """The edits that a result of the clip stage was made of."""
    told = rendered.cache_key_inputs.get("identity", {}).get("edits", {})
    return EditsMade(clips=told.get("clips", {}), words=told.get("words", []))

"""Every model that vidpipe uses, as a registry; fetching, verifying and finding them.

Belongs here: what there is, where it comes from, under which licence and with which
digest; getting it into one folder and proving that it is whole. Does not belong here:
loading a model or using one, which is the stage's that needs it. Adding a model is an
entry in `registry.yaml`.
"""

from vidpipe.models.model import FileDigest, Located, ModelEntry
from vidpipe.models.registry import chosen, entries, entry
from vidpipe.models.store import ModelStore, Needed, bundled_model

__all__ = [
    "FileDigest",
    "Located",
    "ModelEntry",
    "ModelStore",
    "Needed",
    "bundled_model",
    "chosen",
    "entries",
    "entry",
]

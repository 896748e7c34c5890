"""What is done to a video: plain Python, from an uploaded file to finished clips.

Belongs here: every stage, the types between them, storage, catalog and the
command line. Does not belong here: anything that knows about Dagster; when and
where a stage runs is decided in `assets`, `resources` and `sensors`.
"""

from __future__ import annotations

import os
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from vidpipe.errors import InputRejected, Misconfigured, Unavailable, VidpipeError
    from vidpipe.library import Library, NotReady, UnknownVideo, VideoState, process
    from vidpipe.pipeline.run_options import RunOptions as RunOptions
    from vidpipe.results.model import Results
    from vidpipe.settings import Settings

    __version__: str

__all__ = [
    "InputRejected",
    "Library",
    "Misconfigured",
    "NotReady",
    "Results",
    "RunOptions",
    "Settings",
    "Unavailable",
    "UnknownVideo",
    "VideoState",
    "VidpipeError",
    "__version__",
    "process",
]

# Libraries that would tell their makers how they are used are asked not to, before any of them
# is loaded: ONNX Runtime reads its switch when it is imported, Hugging Face's hub likewise.
for _switch in ("ORT_DISABLE_TELEMETRY", "HF_HUB_DISABLE_TELEMETRY", "DO_NOT_TRACK"):
    os.environ.setdefault(_switch, "1")

#: Where the public names are. They are loaded when they are asked for: the library alone takes
#: seconds, and `vidpipe --help` needs none of it.
_PLACES = {
    "InputRejected": "vidpipe.errors",
    "Library": "vidpipe.library",
    "Misconfigured": "vidpipe.errors",
    "NotReady": "vidpipe.library",
    "Results": "vidpipe.results.model",
    "RunOptions": "vidpipe.pipeline.run_options",
    "Settings": "vidpipe.settings",
    "Unavailable": "vidpipe.errors",
    "UnknownVideo": "vidpipe.library",
    "VideoState": "vidpipe.library",
    "VidpipeError": "vidpipe.errors",
    "process": "vidpipe.library",
}


def __getattr__(name: str) -> object:
    """A public name, loaded when it is first asked for."""
    if name != "__version__" and name not in _PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    # Of the version, all that was installed with it is read.
    found = _version() if name == "__version__" else getattr(import_module(_PLACES[name]), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


def _version() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("vidpipe")
    except PackageNotFoundError:
        return "0+not.installed"

"""What is done to a video: plain Python, from an uploaded file to finished clips.

Belongs here: every stage, the types between them, storage, catalog and the
command line. Does not belong here: anything that knows about Dagster; when and
where a stage runs is decided in `assets`, `resources` and `sensors`.
"""

import os

__version__: str

# Libraries that would tell their makers how they are used are asked not to, before any of them
# is loaded: ONNX Runtime reads its switch when it is imported, Hugging Face's hub likewise.
for _switch in ("ORT_DISABLE_TELEMETRY", "HF_HUB_DISABLE_TELEMETRY", "DO_NOT_TRACK"):
    os.environ.setdefault(_switch, "1")


def __getattr__(name: str) -> str:
    """The version, as installed; it is looked up when it is asked for."""
    if name != "__version__":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("vidpipe")
    except PackageNotFoundError:
        return "0+not.installed"

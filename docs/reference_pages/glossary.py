"""The terms of the code."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Iterator

from reference_pages.markdown import cell, table_of

#: Packages in the order in which a recording meets them, and the modules whose classes are terms.
TERMS = {
    "The library and its videos": ("vidpipe.library.state", "vidpipe.library.views"),
    "Channels, platforms, looks": (
        "vidpipe.channels.model",
        "vidpipe.platforms.model",
        "vidpipe.templates.model",
    ),
    "Uploads": ("vidpipe.intake.model", "vidpipe.intake.drops", "vidpipe.media.probe"),
    "Analysis": (
        "vidpipe.silence.model",
        "vidpipe.transcript.model",
        "vidpipe.layout.model",
        "vidpipe.content.model",
        "vidpipe.segments.model",
    ),
    "Clips and exports": (
        "vidpipe.framing.model",
        "vidpipe.clips.model",
        "vidpipe.exports.model",
    ),
    "The pipeline": (
        "vidpipe.pipeline.pipeline",
        "vidpipe.pipeline.stage",
        "vidpipe.pipeline.stage_run",
        "vidpipe.pipeline.order",
        "vidpipe.pipeline.run_options",
        "vidpipe.pipeline.planning",
        "vidpipe.storage.artifacts",
        "vidpipe.storage.keys",
    ),
    "Accounts": (
        "vidpipe.accounts.model",
        "vidpipe.accounts.users",
        "vidpipe.accounts.keys",
        "vidpipe.accounts.logins",
        "vidpipe.accounts.audit",
    ),
    "Operation": (
        "vidpipe.catalog.requests",
        "vidpipe.catalog.failures",
        "vidpipe.catalog.heartbeats",
        "vidpipe.operations.fairness",
        "vidpipe.operations.recovery",
        "vidpipe.operations.retention",
        "vidpipe.errors",
    ),
    "Publishing": (
        "vidpipe.publishing.model",
        "vidpipe.publishing.calls",
        "vidpipe.publishing.machine",
        "vidpipe.publishing.oauth",
        "vidpipe.catalog.post_states",
        "vidpipe.library.publishing.views",
        "vidpipe.library.publishing.figures",
        "vidpipe.library.publishing.post_analytics",
    ),
}


def glossary() -> str:
    """Every term of the code that a reader of it, or of its data, meets: its class's docstring."""
    parts = [
        "# Glossary\n",
        "What vidpipe calls things, from the code's own docstrings. A word means one thing: no "
        "two classes share a name. Values of enumerations are written as they are stored.\n",
    ]
    for title, modules in TERMS.items():
        rows = sorted(row for name in modules for row in _terms(name))
        parts.append(f"## {title}\n\n" + table_of(("term", "what it is", "where"), rows) + "\n")
    return "\n".join(parts)


def _terms(name: str) -> Iterator[tuple[str, ...]]:
    """(term, the first paragraph of its docstring with its values, module) of public classes."""
    module = importlib.import_module(name)
    for term, item in vars(module).items():
        own = inspect.isclass(item) and item.__module__ == name and not term.startswith("_")
        if not own:
            continue
        said = " ".join((inspect.getdoc(item) or "").split("\n\n")[0].split())
        values = [f"`{m.value}`" for m in getattr(item, "__members__", {}).values()]
        if values:
            said = f"{said} {', '.join(values)}."
        yield f"**{term}**", cell(said), f"`{name}`"

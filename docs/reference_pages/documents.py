"""What is read and written as JSON: edits, results, events, the API."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

from reference_pages.markdown import cell, cells, doc_of, field_rows, table_of


def edits() -> str:
    """Every field of the edit document."""
    from vidpipe.edits.model import EditDocument

    schema = EditDocument.model_json_schema()
    parts = [
        "# The edit document\n",
        "What people decide of a video and its clips; [how to](../how-to/edit-clips.md). Times are "
        "seconds of the recording, boxes pixels of its picture as it is displayed, from the top "
        "left. What is left out, or null, is as the sidecar, the channel or the pipeline has it.\n",
        _example(),
    ]
    models = {"EditDocument": schema, **schema["$defs"]}
    for name, model in models.items():
        if "properties" not in model:
            continue
        rows = [
            (f"`{field}`", _kind(spec), _held(spec)) for field, spec in model["properties"].items()
        ]
        parts.append(f"## {name}\n\n{model.get('description', '')}\n\n")
        parts.append(table_of(("field", "", ""), rows) + "\n")
    return "\n".join(parts)


def _example() -> str:
    """A document with something of everything."""
    from vidpipe.edits.model import EditDocument

    told = {
        "skip": [{"quote": "can you all hear me"}],
        "words": [{"start_s": 12.34, "was": "nequist", "text": "Nyquist"}],
        "clip_edits": [
            {
                "clip": "a1b2c3d4e5",
                "start_s": 95.2,
                "end_s": 128.0,
                "cuts": [{"start_s": 101.4, "end_s": 101.9}, {"quote": "you know"}],
                "title": "Why sampling works",
                "hashtags": ["sampling"],
                "music": "none",
                "framing": [
                    {
                        "start_s": 95.2,
                        "end_s": 103,
                        "composition": "speaker",
                        "camera": {"x": 640, "y": 0, "width": 405, "height": 720},
                    }
                ],
                "platforms": ["tiktok"],
            },
            {"clip": "0f1e2d3c4b", "kept": False},
        ],
    }
    shown = json.dumps(EditDocument.model_validate(told).as_json(), indent=2)
    return f"```json\n{shown}\n```\n"


def _held(spec: dict[str, Any]) -> str:
    """What a field is, and the limits that it is held to."""
    limits = {
        "maxItems": "at most {} of them",
        "maxLength": "at most {} characters",
        "pattern": "`{}`",
    }
    inner = [spec, *spec.get("anyOf", ())]
    told = [
        text.format(part[name]) for part in inner for name, text in limits.items() if name in part
    ]
    return cell("; ".join(p for p in (spec.get("description", ""), *told) if p))


def results() -> str:
    """Every field of results.json."""
    from vidpipe.results.model import Results

    schema = Results.model_json_schema()
    parts = [
        "# results.json\n",
        "Lies beside the clips that `vidpipe run` writes. "
        "[The JSON Schema](../../vidpipe/results/results.schema.json) is what it is held to; "
        "`vidpipe schema` prints it.\n",
    ]
    models = {"Results": schema, **schema.get("$defs", {})}
    for name, model in models.items():
        if "properties" not in model:
            continue
        rows = [
            (f"`{field}`", _kind(spec), cell(spec.get("description", "")))
            for field, spec in model["properties"].items()
        ]
        parts.append(f"## {name}\n\n{model.get('description', '')}\n\n")
        parts.append(table_of(("field", "", ""), rows) + "\n")
    return "\n".join(parts)


def _kind(spec: dict[str, Any]) -> str:
    """The type of a JSON Schema, in a word or two."""
    if "$ref" in spec:
        name = spec["$ref"].rpartition("/")[2]
        return f"[{name}](#{name.lower()})"
    if "anyOf" in spec:
        return " or ".join(_kind(item) for item in spec["anyOf"])
    if spec.get("type") == "array":
        items = spec.get("items") or {}
        return f"list of {_kind(items)}" if items else "list"
    if "enum" in spec:
        return " or ".join(f"`{item}`" for item in spec["enum"])
    return str(spec.get("const") or spec.get("type", "any"))


def events() -> str:
    """Every type of event, and what it says."""
    from vidpipe.catalog.event_types import EVENTS, EventError, EventView, StageProgress

    parts = [
        "# Events\n",
        "What happens, as [streams](../how-to/follow-events.md), lists and "
        "[webhooks](../how-to/webhooks.md) tell of it: ids, states, codes and figures, no texts. "
        "Fields may be added; ignore those that you do not know.\n",
        "## What all of them have\n",
        table_of(("field", "default", ""), [cells(row) for row in field_rows(EventView, "", ".")])
        + "\n",
        "`error` of those that failed:\n",
        table_of(("field", "default", ""), [cells(row) for row in field_rows(EventError, "", ".")])
        + "\n",
    ]
    for kind, data in EVENTS.items():
        rows = [cells(row) for row in field_rows(data, "", ".")]
        parts.append(f"## {kind}\n\n{doc_of(data)}\n")
        parts.append(table_of(("field of `data`", "default", ""), rows) + "\n")
    rows = [cells(row) for row in field_rows(StageProgress, "", ".")]
    parts.append(f"## progress\n\n{doc_of(StageProgress)}\n\nNo event: it has no id, and only the ")
    parts[-1] += "last of each video is kept. It is told in streams alone.\n"
    parts.append(table_of(("field of `data`", "default", ""), rows) + "\n")
    return "\n".join(parts)


def openapi() -> str:
    """The document of the API, as `/api/v1/openapi.json` serves it."""
    from vidpipe.api.app import api_app
    from vidpipe.library import Library
    from vidpipe.settings import load_settings

    with tempfile.TemporaryDirectory() as folder:
        library = Library.open(load_settings(home=Path(folder), channels_file=None))
        app = api_app(library)
        return json.dumps(app.openapi(), indent=1, ensure_ascii=False) + "\n"

"""Writes docs/reference from the code: `make docs`. A test holds both equal."""

from __future__ import annotations

import dataclasses
import importlib
import inspect
import json
import os
import re
import tempfile
import typing
from collections.abc import Iterator
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "reference"
_NOTE = "<!-- Written by `make docs` from the code; change it there. -->\n\n"


def pages() -> dict[str, str]:
    """Every page by its name."""
    made = {
        "settings": settings(),
        "cli": cli(),
        "channels": channels(),
        "templates": templates(),
        "platforms": platforms(),
        "publishing": publishing(),
        "models": models(),
        "results": results(),
        "events": events(),
        "edits": edits(),
        "tables": tables(),
        "graph": graph(),
        "glossary": glossary(),
    }
    return {name: _NOTE + text.strip() + "\n" for name, text in made.items()}


# Models


def _rows(model: Any, prefix: str, separator: str, change: Any = str) -> Iterator[tuple[str, ...]]:
    """(name, default, what it is) of every field, those of nested models after their own."""
    from pydantic import BaseModel
    from pydantic_core import PydanticUndefined

    fields = getattr(model, "model_fields", None) or model.__pydantic_fields__
    for name, field in fields.items():
        kind = field.annotation
        path = f"{prefix}{change(name)}"
        nested = isinstance(kind, type) and (
            issubclass(kind, BaseModel) or dataclasses.is_dataclass(kind)
        )
        if nested:
            yield from _rows(kind, f"{path}{separator}", separator, change)
            continue
        default = field.get_default(call_default_factory=True)
        shown = "required" if default is PydanticUndefined else _default(default)
        yield path, shown, _said(field)


def _default(value: Any) -> str:
    if hasattr(value, "get_secret_value"):
        value = value.get_secret_value()
    if value in (None, "", (), [], {}):
        return ""
    if isinstance(value, tuple | list):
        return f"`{', '.join(map(str, value))}`"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    text = str(getattr(value, "value", value)).replace("\n", "\\n")
    return f"`{text}`"


def _said(field: Any) -> str:
    """Its description, and the limits that it is held to."""
    limits = []
    for item in field.metadata:
        for name, sign in (("ge", "≥"), ("gt", ">"), ("le", "≤"), ("lt", "<")):
            if getattr(item, name, None) is not None:
                limits.append(f"{sign} {getattr(item, name):g}")
    choices = (
        re.findall(r"'([^']+)'", str(field.annotation))
        if "Literal" in str(field.annotation)
        else []
    )
    parts = [field.description or "", ", ".join(limits), " or ".join(f"`{c}`" for c in choices)]
    return _cell("; ".join(part for part in parts if part))


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def _table(head: tuple[str, ...], rows: Iterator[tuple[str, ...]] | list[tuple[str, ...]]) -> str:
    lines = [f"| {' | '.join(head)} |", f"|{'---|' * len(head)}"]
    lines += [f"| {' | '.join(row)} |" for row in rows]
    return "\n".join(lines)


def _doc(item: Any) -> str:
    """The docstring as paragraphs of Markdown."""
    return inspect.getdoc(item) or ""


# Pages


def settings() -> str:
    """Every variable of the environment."""
    from vidpipe.settings import Settings

    rows = [
        (f"`{name}`", default, said)
        for name, default, said in _rows(Settings, "VIDPIPE_", "__", str.upper)
    ]
    return f"""# Settings

Each comes from the environment, or from a file of its name in `/run/secrets`. Lists and
mappings are JSON. An unknown name that begins with `VIDPIPE_` stops the start; the
message names the closest known one.

{_table(("variable", "default", ""), rows)}

What the recognisers' options mean: `FASTER_WHISPER` and `TRANSFORMERS` take a `PATH` (a
folder of weights) before a `MODEL` (a name on the hub); `API` asks the server at `URL`.
"""


def cli() -> str:
    """Every command with its arguments and options, from their annotations."""
    import vidpipe.cli  # noqa: F401
    from vidpipe.cli.app import app

    parts = ["# The vidpipe command\n"]
    commands = [("", command) for command in app.registered_commands]
    for group in app.registered_groups:
        assert group.typer_instance is not None
        inner = group.typer_instance.registered_commands
        commands += [(f"{group.name} ", command) for command in inner]
    for before, command in commands:
        assert command.callback is not None
        name = before + (command.name or command.callback.__name__.replace("_", "-"))
        rows, usage = [], [name]
        for shown, required, said in _parameters(command.callback):
            usage.append(shown if required else f"[{shown}]")
            rows.append((f"`{shown}`", said))
        text = _doc(command.callback)
        parts.append(f"## {name}\n\n{text}\n\n```text\nvidpipe {' '.join(usage)}\n```\n")
        if rows:
            parts.append(_table(("", ""), rows) + "\n")
    parts.append(
        "## Exit codes\n\n"
        "| | |\n|---|---|\n"
        "| 0 | done, also when there was nothing worth cutting |\n"
        "| 1 | a bug in vidpipe, with its traceback |\n"
        "| 2 | wrong usage or a wrong setting: each problem on a line |\n"
        "| 3 | the file was rejected, or keeps not to a rule |\n"
        "| 4 | something is unavailable: trying again can help |\n"
        "| 5 | someone has to approve before it goes on |\n"
    )
    return "\n".join(parts)


def _parameters(callback: Any) -> Iterator[tuple[str, bool, str]]:
    """(how it is written, whether it must be, what it is) of each parameter of a command."""
    hints = typing.get_type_hints(callback, include_extras=True)
    for name, parameter in inspect.signature(callback).parameters.items():
        kind, info = typing.get_args(hints[name])[:2]
        if getattr(info, "hidden", False):
            continue
        required = parameter.default is inspect.Parameter.empty
        default = None if required else parameter.default
        more = f" (default {default})" if default not in (None, "", False) else ""
        said = _cell((info.help or "") + more)
        if type(info).__name__ == "ArgumentInfo":
            yield info.metavar or name.upper(), required, said
            continue
        # The first one that an annotation names stands where a default would.
        named = (info.default, *(info.param_decls or ()))
        flags = [d for d in named if isinstance(d, str) and d.startswith("--")]
        flag = flags[0] if flags else f"--{name.replace('_', '-')}"
        value = info.metavar or _value(kind)
        switches = kind is bool or bool in typing.get_args(kind)
        yield flag if switches else f"{flag} {value}", required, said


def _value(kind: Any) -> str:
    """What stands behind an option of this type."""
    inner = [k for k in typing.get_args(kind) if k is not type(None)]
    if typing.get_origin(kind) is typing.Literal:
        return "/".join(inner)
    if inner:
        return _value(inner[0])
    return {int: "N", float: "X", Path: "FILE"}.get(kind, "NAME")


def channels() -> str:
    """Every field of a channel."""
    from vidpipe.channels.model import Channel

    rows = [
        (f"`{name}`", default, said)
        for name, default, said in _rows(Channel, "", ".")
        if name != "name"
    ]
    return f"""# Channels

`channels.yaml` lies in `VIDPIPE_HOME`, or where `VIDPIPE_CHANNELS_FILE` says. Under
`channels:` stands a name (the folder under the drop folder) and what differs from here;
[an example with everything](../../deploy/channels.example.yaml).

{_table(("field", "default", ""), rows)}
"""


def templates() -> str:
    """Every bundled template, and every field of one."""
    from vidpipe.templates.model import Template, load_templates

    known = [
        (
            f"`{name}`",
            f"`{t.captions.animation.value}`",
            "yes" if t.title_zone else "",
            f"`{t.backdrop}`",
            f"`{t.punch_in}`",
            t.description,
        )
        for name, t in load_templates().items()
    ]
    fields = [
        (f"`{name}`", default, said)
        for name, default, said in _rows(Template, "", ".")
        if name not in ("name", "description")
    ]
    columns = ("template", "captions", "title zone", "backdrop", "punch in", "")
    return f"""# Templates

How clips look; [how to choose and change one](../how-to/channels-and-brand.md#how-clips-look).

{_table(columns, known)}

A channel's own, under its `templates`, may extend one of them (`extends`) and say what differs:

{_table(("field", "default", ""), fields)}
"""


def platforms() -> str:
    """What each platform takes."""
    from vidpipe.platforms import load_presets, load_tiers

    rows = []
    for item in load_presets().values():
        shape, codec, rate = "sound alone", "", ""
        if item.video is not None:
            size = item.video.size
            shape = f"{size.width}x{size.height}"
            rate = f"{item.video.max_kbps} kbit/s"
        if item.screen is not None:
            codec = "burned in" if item.screen.captions else "beside it"
        lengths = f"{item.file.min_duration_s:g} to {item.file.max_duration_s:g} s"
        megabytes = f"{item.file.max_size_bytes / 1e6:,.0f} MB"
        counted = {"utf16": "UTF-16 units"}.get(item.text.counted_in, item.text.counted_in)
        text = f"{item.text.description_characters:,} {counted}, {item.text.max_hashtags} hashtags"
        rows.append((f"`{item.name}`", item.title, shape, rate, lengths, megabytes, codec, text))
    tiers = [
        (f"`{name}`", str(t.crf), t.preset, f"{t.max_kbps} kbit/s", f"{t.least_kbps} kbit/s")
        for name, t in load_tiers().items()
    ]
    head = ("name", "", "shape", "at most", "length", "size at most", "captions", "text")
    return f"""# Platforms

One file each in [vidpipe/platforms/presets](../../vidpipe/platforms/presets), every group of
figures with its source and the date it was looked up.

{_table(head, rows)}

## Quality

{_table(("tier", "CRF", "x264 preset", "at most at 1080x1920", "squeezed to at least"), tiers)}
"""


def publishing() -> str:
    """What is sent to each platform, its limits, its refusals."""
    import yaml

    from vidpipe import publishing
    from vidpipe.publishing.oauth_platforms import OAUTH

    said = yaml.safe_load((Path(publishing.__file__).parent / "described.yaml").read_text("utf-8"))
    parts = []
    for name, item in said.items():
        title, faults = _publisher(name)
        parts.append(f"## {title}\n\n{item['api']}. {item['says'].strip()}\n")
        rows = [(f"`{call}`", what) for call, what in item["sent"].items()]
        parts.append(_table(("name", "request"), rows))
        rows = [(f"`{call}`", what) for call, what in item["lookups"].items()]
        parts.append("\nNever repeated before it was looked up:\n")
        parts.append(_table(("request", "how it is looked up"), rows))
        if item["limits"]:
            head = ("limit", "figure", "source", "looked up")
            parts.append("\n" + _table(head, [tuple(map(str, row)) for row in item["limits"]]))
        if name in OAUTH:
            scopes = ", ".join(f"`{scope}`" for scope in OAUTH[name].scopes)
            pkce = {"S256": "S256", "hex": "SHA-256 in hexadecimal", "": "not offered to servers"}
            parts.append(f"\nScopes: {scopes}. PKCE: {pkce[OAUTH[name].challenge]}.\n")
        rows = [
            (f"`{code}`", str(rule.remedy).replace("_", " "), _cell(rule.words))
            for code, rule in faults.items()
        ]
        parts.append("\nRefusals:\n")
        parts.append(_table(("code", "what follows", "in words"), rows) + "\n")
    return "\n".join([_PUBLISHING, *parts])


_PUBLISHING = """# Publishing

How vidpipe posts a clip: what it sends, what it looks up, which limits it keeps, and what a refusal
means. How the parts fit together: [publishing](../explanation/publishing.md).

What follows a refusal: *refresh*: a fresh access token, then the same again; *reconnect*: the post
waits until the account is connected again; *fix*: it waits until the post is changed; *wait*: until
the time that the platform names, else until a quota is renewed or longer each time; *restart*: a
new upload, at most three times; *look*: it is looked up whether it was taken; *give up*: the post
has failed, or an operator has to look whether it is public.

A code such as `chunk:404` is the status of the answer to that request.
"""


def _publisher(name: str) -> tuple[str, Any]:
    """Title and refusals of a platform."""
    from vidpipe.publishing.folder import PostFolder
    from vidpipe.publishing.platforms import PLATFORMS
    from vidpipe.publishing.webhook import PostingWebhook

    kind = {"webhook": PostingWebhook, "folder": PostFolder}.get(name) or PLATFORMS[name]
    titles = {"webhook": "A webhook", "folder": "A folder"}
    return titles.get(name, kind.title), kind.faults


def models() -> str:
    """Every model of the registry."""
    from vidpipe.models import entries
    from vidpipe.models.store import megabytes

    rows = []
    for item in entries().values():
        held = "pinned" if item.pinned else "first fetch" if item.fetched else "its package"
        size = megabytes(item.size_bytes) if item.size_bytes else ""
        stages = ", ".join(item.stages)
        rows.append(
            (f"`{item.name}`", item.purpose, stages, size, item.licence, str(item.source), held)
        )
    head = ("name", "", "stage", "size", "licence", "from", "held against")
    return f"""# Models

[The registry](../../vidpipe/models/registry.yaml); [what is fetched when, and what you
trust](../how-to/models.md). The licence is that of the weights.

{_table(head, rows)}
"""


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
        parts.append(_table(("field", "", ""), rows) + "\n")
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
    return _cell("; ".join(p for p in (spec.get("description", ""), *told) if p))


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
            (f"`{field}`", _kind(spec), _cell(spec.get("description", "")))
            for field, spec in model["properties"].items()
        ]
        parts.append(f"## {name}\n\n{model.get('description', '')}\n\n")
        parts.append(_table(("field", "", ""), rows) + "\n")
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
        _table(("field", "default", ""), [_cells(row) for row in _rows(EventView, "", ".")]) + "\n",
        "`error` of those that failed:\n",
        _table(("field", "default", ""), [_cells(row) for row in _rows(EventError, "", ".")])
        + "\n",
    ]
    for kind, data in EVENTS.items():
        rows = [_cells(row) for row in _rows(data, "", ".")]
        parts.append(f"## {kind}\n\n{_doc(data)}\n")
        parts.append(_table(("field of `data`", "default", ""), rows) + "\n")
    rows = [_cells(row) for row in _rows(StageProgress, "", ".")]
    parts.append(f"## progress\n\n{_doc(StageProgress)}\n\nNo event: it has no id, and only the ")
    parts[-1] += "last of each video is kept. It is told in streams alone.\n"
    parts.append(_table(("field of `data`", "default", ""), rows) + "\n")
    return "\n".join(parts)


def _cells(row: tuple[str, ...]) -> tuple[str, ...]:
    name, default, said = row
    return f"`{name}`", default, said


def tables() -> str:
    """The tables of the catalog."""
    from sqlalchemy.dialects import postgresql

    import vidpipe.catalog.account_tables
    import vidpipe.catalog.event_tables
    import vidpipe.catalog.upload_tables
    import vidpipe.catalog.webhook_tables  # noqa: F401
    from vidpipe.catalog import tables as module

    parts = [
        "# Tables of the catalog\n",
        "One database, SQLite or PostgreSQL (`VIDPIPE_DATABASE_URL`). Read them as you like; "
        "only vidpipe writes. Times are UTC.\n",
    ]
    dialect = postgresql.dialect()
    classes = {m.local_table.name: m.class_ for m in module.Base.registry.mappers}
    for table in module.Base.metadata.sorted_tables:
        rows = []
        for column in table.columns:
            marks = [
                "key" if column.primary_key else "",
                "" if column.nullable or column.primary_key else "never null",
                *(f"of {key.column}" for key in column.foreign_keys),
            ]
            kind = column.type.compile(dialect=dialect).lower()
            rows.append((f"`{column.name}`", kind, ", ".join(m for m in marks if m)))
        parts.append(f"## {table.name}\n\n{_doc(classes[table.name])}\n\n")
        parts.append(_table(("column", "type", ""), rows) + "\n")
    return "\n".join(parts)


def graph() -> str:
    """Assets, checks, jobs, sensors, schedules, the launch form."""
    import dagster as dg

    from definitions import build_defs
    from resources.run_options import RunOptionsResource

    kept = {k: v for k, v in os.environ.items() if k.startswith("VIDPIPE_")}
    with tempfile.TemporaryDirectory() as home:
        for name in kept:
            del os.environ[name]
        os.environ["VIDPIPE_HOME"] = home
        try:
            defs = build_defs()
        finally:
            del os.environ["VIDPIPE_HOME"]
            os.environ.update(kept)
    found = defs.resolve_asset_graph()
    parts = ["# The graph in Dagster\n", "## Assets\n"]
    order = ("ingest", "analysis", "content", "clips", "exports", "operations")
    rows = []
    for key in found.toposorted_asset_keys:
        node = found.get(key)
        after = ", ".join(sorted(k.to_user_string() for k in node.parent_keys))
        rows.append((node.group_name, f"`{key.to_user_string()}`", _cell(node.description), after))
    rows.sort(key=lambda row: order.index(row[0]))
    parts.append(_table(("group", "asset", "", "rests on"), rows) + "\n")
    parts.append("## Checks\n")
    checks: dict[str, tuple[str, ...]] = {}
    for key in sorted(found.asset_check_keys):
        spec = found.get_check_spec(key)
        asset = key.asset_key.to_user_string()
        asset = "platform_exports/…" if asset.startswith("platform_exports") else asset
        said = "Every file keeps to every rule of its platform; none was refused."
        said = said if key.name == "conforms" else _cell(spec.description or "")
        stops = "stops the run" if spec.blocking else "warns"
        checks.setdefault(f"{asset}{key.name}", (f"`{asset}`", f"`{key.name}`", said, stops))
    parts.append(_table(("asset", "check", "", "if it fails"), list(checks.values())) + "\n")
    parts.append("## Jobs\n")
    jobs = [j for j in defs.resolve_all_job_defs() if not j.name.startswith("__")]
    rows = [(f"`{j.name}`", _cell(j.description or "")) for j in sorted(jobs, key=lambda j: j.name)]
    parts.append(_table(("job", ""), rows) + "\n")
    parts.append("## The launch form\n\n" + _doc(RunOptionsResource) + "\n")
    rows = [
        (f"`{name}`", _default(f.get_default()), _cell(f.description or ""))
        for name, f in RunOptionsResource.model_fields.items()
    ]
    parts.append(_table(("field", "default", ""), rows) + "\n")
    parts.append("## Sensors\n")
    repository: dg.RepositoryDefinition = defs.get_repository_def()
    rows = [
        (f"`{s.name}`", f"{s.minimum_interval_seconds or 30} s", _cell(s.description or ""))
        for s in sorted(repository.sensor_defs, key=lambda s: s.name)
    ]
    parts.append(_table(("sensor", "every", ""), rows) + "\n")
    parts.append("## Schedules\n")
    rows = [
        (f"`{s.name}`", f"`{s.cron_schedule}`", _cell(s.description or ""))
        for s in sorted(repository.schedule_defs, key=lambda s: s.name)
    ]
    parts.append(_table(("schedule", "when (UTC)", ""), rows) + "\n")
    parts.append(
        "## Tags of runs\n\nThe run list is filtered by them.\n\n"
        + _table(
            ("tag", ""),
            [
                ("`dagster/partition`", "the video"),
                ("`vidpipe/channel`", "whose it is"),
                (
                    "`vidpipe/cause`",
                    "why there is this run: `upload`, `sidecar`, `retry`, `stale`, `manual`, "
                    "`backfill`",
                ),
                ("`dagster/priority`", "its place in the queue: higher goes first"),
                ("`vidpipe/request`", "the request in the catalog that it answers"),
            ],
        )
        + "\n"
    )
    return "\n".join(parts)


# Glossary

#: Packages in the order in which a recording meets them, and the modules whose classes are terms.
_TERMS = {
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
    for title, modules in _TERMS.items():
        rows = sorted(row for name in modules for row in _terms(name))
        parts.append(f"## {title}\n\n" + _table(("term", "what it is", "where"), rows) + "\n")
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
        yield f"**{term}**", _cell(said), f"`{name}`"


# The API


def openapi() -> str:
    """The document of the API, as `/api/v1/openapi.json` serves it."""
    from vidpipe.api.app import api_app
    from vidpipe.library import Library
    from vidpipe.settings import load_settings

    with tempfile.TemporaryDirectory() as folder:
        library = Library.open(load_settings(home=Path(folder), channels_file=None))
        app = api_app(library)
        return json.dumps(app.openapi(), indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    (FOLDER / "openapi.json").write_text(openapi(), "utf-8")
    print("docs/reference/openapi.json")
    for name, text in pages().items():
        (FOLDER / f"{name}.md").write_text(text, "utf-8")
        print(f"docs/reference/{name}.md")

"""Examples of what is sent and answered, by name of the schema and of the field."""

from __future__ import annotations

from typing import Any

_VIDEO, _JOB = "default--talk-0123456789", "job-0123456789abcdef0123"
_ENDPOINT, _DELIVERY = "endpoint-0123456789abcdef0123", "delivery-0123456789abcdef0123"
_HOOK, _TYPES = "https://hooks.example.org/vidpipe", ["job.completed", "job.failed"]
_MOMENT = "2026-01-31T12:00:00Z"
_PROJECT, _BATCH = "project-0123456789abcdef0123", "batch-0123456789abcdef0123"
#: What a field of this name holds, wherever it stands.
_FIELDS: dict[str, Any] = {
    "archived": False,
    "attempts": 1,
    "batch_id": None,
    "cause": "unavailable",
    "channel": "default",
    "code": "unavailable",
    "current_stage": "transcript",
    "description": "Lectures of the spring term",
    "delivery_id": _DELIVERY,
    "duration_s": 3600.0,
    "ended_at": None,
    "endpoint_id": _ENDPOINT,
    "error": None,
    "eta_s": 412.5,
    "event_id": "event-0123456789abcdef0123456789abcdef",
    "failure": None,
    "failures": [],
    "fingerprint": "0123456789abcdef" * 4,
    "finished_at": None,
    "height": 1080,
    "hold": None,
    "job_id": _JOB,
    "key": "default/talk.mp4",
    "limit": 50,
    "name": "talk.mp4",
    "next_cursor": None,
    "percentage": 40,
    "platform": "tiktok",
    "platforms": ["tiktok", "youtube_shorts"],
    "project_id": _PROJECT,
    "reason": "used in the exhibition until June",
    "stage": "transcript",
    "stages": None,
    "stages_completed": ["source_video", "silence_regions"],
    "stages_remaining": ["transcript", "layout"],
    "subject": _VIDEO,
    "title": "Talk",
    "upload_id": "upload-0123456789abcdef0123",
    "upload_key": "default/talk.mp4",
    "version": "1.0.0",
    "video_id": _VIDEO,
    "width": 1920,
}
#: What is not the same wherever it stands.
_WHOLE: dict[str, Any] = {
    "JobCreate": {"upload_key": "default/talk.mp4", "project_id": _PROJECT},
    "JobBatch": {"jobs": [{"video_id": _VIDEO}, {"upload_key": "default/talk.mp4"}]},
    "StagesCreate": {"stages": ["scored_segments", "rendered_clips"]},
    "PlatformCreate": {"platform": "youtube_shorts"},
    "ProjectCreate": {
        "channel": "default",
        "name": "Spring term",
        "description": "Lectures of the spring term",
    },
    "ProjectUpdate": {"name": "Summer term"},
    "EndpointCreate": {
        "url": _HOOK,
        "types": _TYPES,
        "organisation": "default",
        "description": "tickets",
    },
    "EndpointUpdate": {"enabled": False},
    "EndpointView": {
        "endpoint_id": _ENDPOINT,
        "organisation": "default",
        "channels": None,
        "url": _HOOK,
        "description": "tickets",
        "types": _TYPES,
        "enabled": True,
        "disabled_because": None,
        "disabled_at": None,
        "failing_since": None,
        "last_success_at": _MOMENT,
        "old_secret_until": None,
        "created_by": "user:0123456789abcdef0123456789abcdef",
        "revision": 1,
        "created_at": _MOMENT,
        "updated_at": _MOMENT,
    },
    "SecretRotate": {"overlap_h": 24.0},
    "ReplayMany": {"since": _MOMENT},
    "UploadCreate": {
        "channel": "default",
        "name": "talk.mp4",
        "size_bytes": 1_500_000_000,
        "content_type": "video/mp4",
        "fingerprint": "talk.mp4-1500000000-1700000000",
        "instructions": {"title": "Opening"},
    },
    "PartsSign": {"numbers": [1, 2, 3]},
    "ClipsMerge": {"clips": ["a1b2c3d4e5", "2"], "between": "cut"},
    "ClipCreate": {"start_s": 95.2, "end_s": 128.0, "title": "Why sampling works"},
    "ClipSplit": {"at_s": 110.4},
    "EditsRestore": {"version": 2},
    "EditDocument": {
        "template": "pop",
        "words": [{"start_s": 12.34, "was": "nequist", "text": "Nyquist"}],
        "clip_edits": [
            {
                "clip": "a1b2c3d4e5",
                "title": "Why sampling works",
                "cuts": [{"start_s": 101.4, "end_s": 101.9}],
            }
        ],
    },
    "HoldBody": {"reason": "used in the exhibition until June"},
}


def example_of(schema: dict[str, Any], schemas: dict[str, Any], field: str = "") -> Any:
    """A value that a schema allows: what a field of this name usually holds, else what the
    schema says itself, else the plainest value of its kind.

    Args:
        schema: a JSON Schema, in whole or a reference.
        schemas: those that are referred to, by name.
        field: the name of the field that it describes.
    """
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return _WHOLE.get(name) or example_of(schemas[name], schemas, field)
    if "properties" in schema:
        return {
            name: example_of(inner, schemas, name) for name, inner in schema["properties"].items()
        }
    if _allows(schema, field):
        return _FIELDS[field]
    return _plain(schema, schemas, field)


def _plain(schema: dict[str, Any], schemas: dict[str, Any], field: str) -> Any:
    for key in ("const", "default"):
        if key in schema:
            return schema[key]
    if "enum" in schema:
        return schema["enum"][0]
    for key in ("anyOf", "oneOf", "allOf"):
        if key in schema:
            return example_of(schema[key][0], schemas, field)
    if schema.get("type") == "array":
        return _array(schema, schemas)
    if schema.get("format") == "date-time":
        return "2026-01-31T12:00:00Z"
    plain = {"string": field or "text", "integer": 1, "number": 1.0, "boolean": True, "object": {}}
    return plain.get(schema.get("type", "object"))


def _array(schema: dict[str, Any], schemas: dict[str, Any]) -> list[Any]:
    if "prefixItems" in schema:
        return [example_of(item, schemas) for item in schema["prefixItems"]]
    return [example_of(schema["items"], schemas)] if "items" in schema else []


def _allows(schema: dict[str, Any], field: str) -> bool:
    """Whether what a field of this name usually holds is of the kind that the schema says."""
    if field not in _FIELDS:
        return False
    value = _FIELDS[field]
    kinds = {item.get("type") for item in (schema, *schema.get("anyOf", ()))}
    if "enum" in schema or "const" in schema or any("$ref" in i for i in schema.get("anyOf", ())):
        return value is None and "null" in kinds
    if value is None:
        return "null" in kinds
    if isinstance(value, list):
        return "array" in kinds and "$ref" not in schema.get("items", {})
    names = {bool: "boolean", int: "integer", float: "number", str: "string"}
    return names[type(value)] in kinds or (type(value) is int and "number" in kinds)

"""The description of the API: as OpenAPI 3.1, and as a page that loads nothing."""

from __future__ import annotations

import json
from typing import Any

from fastapi import APIRouter, FastAPI, Request
from fastapi.openapi.utils import get_openapi
from fastapi.responses import HTMLResponse
from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from markdown_it import MarkdownIt
from markupsafe import Markup
from pydantic import BaseModel

from vidpipe.api.examples import example_of
from vidpipe.api.problems import Problem
from vidpipe.catalog.event_types import ProgressEvent, envelopes

router = APIRouter()
_PAGES = Environment(
    loader=PackageLoader("vidpipe.api"), autoescape=select_autoescape(), undefined=StrictUndefined
)
_MARKDOWN = MarkdownIt("commonmark", {"html": False})
_METHODS = ("get", "post", "put", "patch", "delete")
DESCRIPTION = """\
Have recordings processed, follow jobs, fetch clips and what chose them.

Errors are `application/problem+json` (RFC 9457): branch on `code`, show `detail`, and name the
`request_id` to whoever runs the service. Lists are paged: give `next_cursor` back as `cursor`.
Whatever creates something takes an `Idempotency-Key`. Moments are UTC and end in `Z`.
"""


def document(app: FastAPI) -> dict[str, Any]:
    """The OpenAPI document, made once."""
    if app.openapi_schema is None:
        made = get_openapi(
            title=app.title,
            # The version of the package changes with every commit, and the API does not.
            version="1",
            summary=app.summary,
            description=DESCRIPTION,
            routes=app.routes,
            servers=app.servers,
        )
        schemas = made["components"]["schemas"]
        problem = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
        schemas["Problem"] = problem
        schemas.update(_events())
        schemas["EventPage"]["properties"]["items"]["items"] = {
            "$ref": "#/components/schemas/Event"
        }
        for unused in ("HTTPValidationError", "ValidationError"):
            schemas.pop(unused, None)
        for methods in made["paths"].values():
            for operation in methods.values():
                _give_examples(operation, schemas)
        app.openapi_schema = made
    return app.openapi_schema


def _events() -> dict[str, Any]:
    """What an event of each type is, and that an event is one of these."""
    found: dict[str, Any] = {}
    names: dict[str, str] = {}
    models: dict[str, type[BaseModel]] = {**envelopes(), "progress": ProgressEvent}
    for kind, model in models.items():
        made = model.model_json_schema(ref_template="#/components/schemas/{model}")
        found.update(made.pop("$defs", {}))
        found[model.__name__] = made
        names[kind] = f"#/components/schemas/{model.__name__}"
    del names["progress"]
    one_of = [{"$ref": where} for where in names.values()]
    return {
        "Event": {"oneOf": one_of, "discriminator": {"propertyName": "type", "mapping": names}},
        **found,
    }


def _give_examples(operation: dict[str, Any], schemas: dict[str, Any]) -> None:
    contents = [response.get("content", {}) for response in operation["responses"].values()]
    contents.append(operation.get("requestBody", {}).get("content", {}))
    for content in contents:
        for media in content.values():
            if "example" not in media and "schema" in media:
                media["example"] = example_of(media["schema"], schemas)


@router.get("/docs", include_in_schema=False)
def docs(request: Request) -> HTMLResponse:
    """Every operation on one page, without a script."""
    said = document(request.app)
    operations = [
        {
            "method": method.upper(),
            "path": f"{said['servers'][0]['url']}{path}",
            "tag": operation["tags"][0],
            **operation,
        }
        for path, methods in said["paths"].items()
        for method, operation in methods.items()
        if method in _METHODS
    ]
    body = _PAGES.get_template("reference.html").render(
        title=said["info"]["title"],
        description=_marked(said["info"]["description"]),
        operations=operations,
        marked=_marked,
        pretty=_pretty,
    )
    return HTMLResponse(body)


def _marked(text: str) -> Markup:
    return Markup(_MARKDOWN.render(text))  # noqa: S704


def _pretty(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False)

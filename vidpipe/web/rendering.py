"""Templates of pages."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from starlette.requests import Request
from starlette.responses import HTMLResponse

from vidpipe.timeline import clock
from vidpipe.web.viewer import viewer_of

_PAGES = Environment(
    loader=PackageLoader("vidpipe.web"), autoescape=select_autoescape(), undefined=StrictUndefined
)
_PAGES.filters["clock"] = clock
_PAGES.filters["path"] = quote


def page(request: Request, template: str, status: int = 200, **values: Any) -> HTMLResponse:
    """A page for whoever asks.

    Args:
        request: says who looks.
        template: its file in `web/templates`.
        status: of the answer.
        values: what the template names.
    """
    body = _PAGES.get_template(template).render(viewer=viewer_of(request.scope), **values)
    return HTMLResponse(body, status)

"""Templates of pages."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from urllib.parse import quote

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from markupsafe import Markup, escape
from starlette.requests import Request
from starlette.responses import HTMLResponse

from vidpipe.timeline import clock
from vidpipe.web.viewer import viewer_of

_PAGES = Environment(
    loader=PackageLoader("vidpipe.web"), autoescape=select_autoescape(), undefined=StrictUndefined
)
_PAGES.filters["clock"] = clock
_PAGES.filters["path"] = quote


def ago(at: datetime | None, now: datetime) -> str:
    """How long ago a moment was, or how soon it comes, in words of one unit."""
    if at is None:
        return ""
    seconds = (now - at).total_seconds()
    for unit, length in (("d", 86400), ("h", 3600), ("min", 60)):
        if abs(seconds) >= length:
            said = f"{abs(seconds) / length:.0f} {unit}"
            break
    else:
        said = f"{abs(seconds):.0f} s"
    return f"in {said}" if seconds < 0 else f"{said} ago"


def gib(size: int) -> str:
    """Bytes as people read them."""
    return f"{size / 2**30:.0f} GiB" if size >= 10 * 2**30 else f"{size / 2**30:.1f} GiB"


def commands(text: str) -> Markup:
    """A text in which what is between backquotes is typed."""
    code = Markup("<code>{}</code>")
    parts = (code.format(p) if n % 2 else escape(p) for n, p in enumerate(text.split("`")))
    return Markup("").join(parts)


_PAGES.filters["ago"] = ago
_PAGES.filters["commands"] = commands
_PAGES.filters["gib"] = gib


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

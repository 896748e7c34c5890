"""What is sent to platforms."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from reference_pages.markdown import cell, table_of


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
        parts.append(table_of(("name", "request"), rows))
        rows = [(f"`{call}`", what) for call, what in item["lookups"].items()]
        parts.append("\nNever repeated before it was looked up:\n")
        parts.append(table_of(("request", "how it is looked up"), rows))
        if item["limits"]:
            head = ("limit", "figure", "source", "looked up")
            parts.append("\n" + table_of(head, [tuple(map(str, row)) for row in item["limits"]]))
        if name in OAUTH:
            scopes = ", ".join(f"`{scope}`" for scope in OAUTH[name].scopes)
            pkce = {"S256": "S256", "hex": "SHA-256 in hexadecimal", "": "not offered to servers"}
            parts.append(f"\nScopes: {scopes}. PKCE: {pkce[OAUTH[name].challenge]}.\n")
        rows = [
            (f"`{code}`", str(rule.remedy).replace("_", " "), cell(rule.words))
            for code, rule in faults.items()
        ]
        parts.append("\nRefusals:\n")
        parts.append(table_of(("code", "what follows", "in words"), rows) + "\n")
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

"""Uploads by tus, as tests send them."""

from __future__ import annotations

from vidpipe_tests.uploads.conftest import PIECE, TUS, metadata


def begun(client, size: int | None = 1000, name: str = "talk.mp4", **fields) -> str:
    """The address of a new upload, under the client's base."""
    length = {"Upload-Defer-Length": "1"} if size is None else {"Upload-Length": str(size)}
    said = metadata(channel="default", filename=name, **fields)
    made = client.post("/tus", headers={**TUS, **length, "Upload-Metadata": said})
    assert made.status_code == 201, made.text
    return made.headers["location"].removeprefix("/api/v1")


def send(client, where: str, data: bytes, offset: int, **headers: str):
    more = {k.replace("_", "-"): v for k, v in headers.items()}
    return client.patch(
        where, content=data, headers={**PIECE, "Upload-Offset": str(offset), **more}
    )


def offset(client, where: str) -> int:
    found = client.head(where, headers=TUS)
    assert found.status_code == 200, found.headers
    assert found.headers["cache-control"] == "no-store"
    return int(found.headers["upload-offset"])

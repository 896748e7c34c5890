"""Recordings as servers of strangers send them."""

from __future__ import annotations


def media(film: bytes, size: int) -> bytes:
    """A file that begins as a recording and has so many bytes."""
    return film + bytes(max(0, size - len(film)))


def ranged(data: bytes, *, breaks: list[int], etag: str = '"a"', ranges: bool = True):
    """A server that hangs up after so many bytes of each answer, in turn; then no more."""
    left = list(breaks)

    def answer(handler):
        begin = 0
        asked = handler.headers.get("Range", "")
        if ranges and asked and handler.headers.get("If-Range") == etag:
            begin = int(asked.removeprefix("bytes=").removesuffix("-"))
        handler.send_response(206 if begin else 200)
        handler.send_header("Content-Type", "video/mp4")
        handler.send_header("ETag", etag)
        handler.send_header("Content-Length", str(len(data) - begin))
        if begin:
            handler.send_header("Content-Range", f"bytes {begin}-{len(data) - 1}/{len(data)}")
        handler.end_headers()
        end = begin + left.pop(0) if left else len(data)
        handler.wfile.write(data[begin:end])
        handler.wfile.flush()
        if end < len(data):
            handler.close_connection = True
            handler.connection.shutdown(2)

    return answer

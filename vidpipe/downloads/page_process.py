"""Run as a program of its own: finds the recording of a public page and fetches it.

    python -I page_process.py FOLDER

`FOLDER/task.json` says what is wanted; files are written beside it, and `FOLDER/result.json`
says what became of it. Imports nothing of vidpipe. Whatever the code of yt-dlp does for one of
its many sites, this process connects to its proxy alone and starts no program: an audit hook
refuses everything else, so that there is no way around what the proxy refuses.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import resource
import sys
import threading
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

_STARTS = ("subprocess.", "os.exec", "os.posix_spawn", "os.spawn", "os.system", "os.fork", "pty.")
_LINE = 300
_LOGIN = ("log in", "login", "sign in", "registered users", "--cookies", "private video", "members")


def shut_in(address: tuple[str, int]) -> None:
    """From now on this process connects to this address alone, and starts no program."""

    def watch(event: str, given: tuple[Any, ...]) -> None:
        if event.startswith(_STARTS):
            raise PermissionError(f"not allowed here: {event}")
        if event in ("socket.connect", "socket.sendto", "socket.sendmsg"):
            where = given[1]
            if not isinstance(where, tuple) or tuple(where[:2]) != address:
                raise PermissionError("not allowed here: a connection past the proxy")
        if event in ("socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr"):
            host = given[0].decode() if isinstance(given[0], bytes) else given[0]
            if host != address[0]:
                raise PermissionError("not allowed here: a question past the proxy")

    sys.addaudithook(watch)


class _Words:
    """What yt-dlp says, kept for the errors that it only says."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def debug(self, message: str) -> None:
        if not message.startswith("[debug]"):
            self.said = [*self.said[-50:], message[:_LINE]]

    def warning(self, message: str) -> None:
        self.debug(message)

    def error(self, message: str) -> None:
        self.debug(message)


def _options(task: dict[str, Any], folder: Path, words: _Words, progress: list[Any]) -> Any:
    import yt_dlp

    def reject(info: dict[str, Any], *, incomplete: bool = False) -> str | None:
        del incomplete
        if info.get("is_live") or info.get("live_status") in ("is_live", "is_upcoming"):
            raise _Found("live", "")
        if (info.get("duration") or 0) > task["max_duration_s"]:
            raise _Found("too_long", f"{info['duration'] / 3600:.1f}")
        return None

    def hook(state: dict[str, Any]) -> None:
        received = int(state.get("downloaded_bytes") or 0)
        total = state.get("total_bytes") or state.get("total_bytes_estimate")
        progress[:] = [received, int(total) if total else None]
        if received > task["max_bytes"]:
            raise _Found("too_large", "")

    class _Found(yt_dlp.utils.DownloadCancelled):  # type: ignore[misc]
        """The reason why it is not fetched."""

        def __init__(self, kind: str, said: str) -> None:
            self.kind = kind
            super().__init__(said)

    return {
        "proxy": task["proxy"],
        "paths": {"home": str(folder / "media"), "temp": str(folder / "media")},
        "outtmpl": {"default": "recording.%(format_id)s.%(ext)s"},
        "restrictfilenames": True,
        # No program of FFmpeg is found, so that nothing of a stranger's is given to one: two
        # streams stay two files.
        "ffmpeg_location": str(folder / "none"),
        "format": "bv*+ba/b/ba",
        "format_sort": ["res:1080", "vext:mp4", "aext:m4a"],
        "allow_multiple_audio_streams": False,
        "external_downloader": {"default": "native"},
        "hls_prefer_native": True,
        "fixup": "never",
        "max_filesize": task["max_bytes"],
        "match_filter": reject,
        "progress_hooks": [hook],
        "logger": words,
        "noplaylist": True,
        "extract_flat": "in_playlist",
        "default_search": "error",
        "enable_file_urls": False,
        "cachedir": False,
        "usenetrc": False,
        "cookiefile": None,
        "js_runtimes": {},
        "remote_components": set(),
        "socket_timeout": task["read_s"],
        "retries": 3,
        "fragment_retries": 3,
        "extractor_retries": 1,
        "skip_unavailable_fragments": False,
        "updatetime": False,
        "noprogress": True,
        "quiet": True,
        "writethumbnail": False,
        "writesubtitles": False,
        "postprocessors": [],
        "color": {"stdout": "never", "stderr": "never"},
    }


def fetch(task: dict[str, Any], folder: Path, progress: list[Any]) -> dict[str, Any]:
    """Fetch the recording of `task["url"]`; what became of it, as `result.json` has it."""
    import yt_dlp

    words = _Words()
    try:
        with yt_dlp.YoutubeDL(_options(task, folder, words, progress)) as loader:
            info = loader.extract_info(task["url"], download=True) or {}
    except Exception as error:
        return {"error": _error(error)}
    if info.get("_type", "video") != "video":
        return {"error": {"kind": "several", "said": str(len(list(info.get("entries") or ())))}}
    items = info.get("requested_downloads") or ()
    parts = [part for item in items for part in item.get("requested_formats") or ()]
    named = [str(item.get("filepath", "")) for item in parts or items]
    files = [path for path in named if path and Path(path).is_file()]
    if not files:
        large = any("max-filesize" in line for line in words.said)
        return {"error": {"kind": "too_large" if large else "nothing", "said": ""}}
    title = str(info.get("title") or "")
    if info.get("extractor_key") in ("Generic", "HTML5MediaEmbed"):
        # It numbers what it finds on a page.
        title = title.removesuffix(" (1)")
    return {"files": files, "title": title[:_LINE]}


def _error(error: BaseException) -> dict[str, Any]:
    """What it is of all that can be wrong, and the words for it."""
    chain: list[BaseException] = []
    left: list[Any] = [error]
    while left and len(chain) < 20:
        one = left.pop(0)
        if not isinstance(one, BaseException) or one in chain:
            continue
        chain.append(one)
        about = getattr(one, "exc_info", None) or ()
        left += [*about[1:2], getattr(one, "cause", None), getattr(one, "reason", None)]
        left += [one.__cause__, one.__context__]
    said = str(getattr(error, "msg", None) or error)
    kind = next((one.kind for one in chain if hasattr(one, "kind")), None)
    statuses = [getattr(one, "status", None) for one in chain]
    status = next((one for one in statuses if isinstance(one, int)), None)
    names = {type(one).__name__ for one in chain}
    answered = re.search(r"HTTP Error (\d{3})", said)
    if status is None and answered is not None:
        status, names = int(answered[1]), names | {"HTTPError"}
    return {"kind": kind or _kind(names, said, chain), "status": status, "said": said[:_LINE]}


def _kind(names: set[str], said: str, chain: list[BaseException]) -> str:
    if any(isinstance(one, OSError) and one.errno == 27 for one in chain):
        return "too_large"
    if "UnsupportedError" in names:
        return "nothing"
    if "GeoRestrictedError" in names:
        return "geo"
    if any(word in said.lower() for word in _LOGIN):
        return "login"
    if "HTTPError" in names:
        return "status"
    if "Giving up after" in said or names & {
        "TransportError",
        "ProxyError",
        "SSLError",
        "IncompleteRead",
        "URLError",
    }:
        return "network"
    return "nothing" if "ExtractorError" in names else "other"


def main(folder: Path) -> None:
    """Do what `task.json` says; prints a line twice a second with how far it is."""
    task = json.loads((folder / "task.json").read_text("utf-8"))
    (folder / "task.json").unlink()
    kept = {"PATH": "/nowhere", "HOME": str(folder), "LANG": "C.UTF-8", "YTDLP_NO_PLUGINS": "1"}
    os.environ.clear()
    os.environ.update(kept)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with contextlib.suppress(ValueError, OSError):
        # Not everywhere, and nowhere more than this process may have already.
        resource.setrlimit(resource.RLIMIT_AS, (task["memory_bytes"],) * 2)
    resource.setrlimit(resource.RLIMIT_FSIZE, (task["max_bytes"], task["max_bytes"]))
    progress: list[Any] = [0, None]

    def tell() -> None:
        while True:
            print(json.dumps(progress), flush=True)
            time.sleep(0.5)

    threading.Thread(target=tell, daemon=True).start()
    proxy = urlsplit(task["proxy"])
    assert proxy.hostname is not None and proxy.port is not None
    # What connects beneath Python is not seen by the hook: yt-dlp would use it if it were there.
    sys.modules["curl_cffi"] = None  # type: ignore[assignment]
    shut_in((proxy.hostname, proxy.port))
    result = fetch(task, folder, progress)
    (folder / "result.json").write_text(json.dumps(result), "utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))

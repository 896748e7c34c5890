"""The recording of a public page, by yt-dlp in a process of its own behind our proxy."""

from __future__ import annotations

import importlib.util
import json
import re
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from vidpipe.downloads.direct import KINDS
from vidpipe.downloads.model import (
    DownloadFailed,
    DownloadLimits,
    DownloadProgress,
    Fetched,
    WebPage,
    timed_out,
    too_large,
)
from vidpipe.downloads.names import safe_name
from vidpipe.downloads.proxy import ProxyWatch, guarding_proxy
from vidpipe.extras import not_installed
from vidpipe.media.containers import MATROSKA, Container, identify_file, open_options
from vidpipe.outbound import AddressGuard
from vidpipe.programs import ProgramFailed, memory_bound, run_program

#: For pages, playlists and what is sent again, besides the recording.
_BESIDES_BYTES = 256 << 20
_MEMORY_BYTES = 2 << 30
_REMUX_BYTES = 2 << 30


def fetch_page(
    url: str,
    page: WebPage,
    folder: Path,
    guard: AddressGuard,
    limits: DownloadLimits,
    progress: DownloadProgress,
) -> Fetched:
    """The recording that a public page shows, in `folder`; arguments as of `fetch_direct`.

    Raises:
        DownloadFailed: see its codes.
        DownloadStopped: it was told to leave off.
        Unavailable: there is no room on a disk.
    """
    if importlib.util.find_spec("yt_dlp") is None:
        raise DownloadFailed(
            "not_media",
            f"{page.said}. Give the link of the file itself ({KINDS}). Pages are searched where "
            f"yt-dlp is there: {not_installed('yt_dlp', 'links')}",
        )
    work = folder / "page"
    shutil.rmtree(work, ignore_errors=True)
    (work / "media").mkdir(parents=True)
    try:
        with guarding_proxy(
            guard, silent_s=limits.read_s, most_bytes=limits.max_bytes + _BESIDES_BYTES
        ) as watch:
            result = _run(url, work, watch, limits, progress)
            failed = _failure(result, watch, limits)
        if failed is not None:
            raise failed
        found, kind = _whole([Path(name) for name in result["files"]], work)
        if found.stat().st_size > limits.max_bytes:
            raise too_large(limits, found.stat().st_size)
        target = folder / "part"
        found.replace(target)
        progress.received = progress.total = target.stat().st_size
        title = re.sub(r"[/\\]", "-", str(result["title"]))
        return Fetched(target, safe_name(f"{title}.", kind), progress.received)
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _run(
    url: str, work: Path, watch: ProxyWatch, limits: DownloadLimits, progress: DownloadProgress
) -> dict[str, Any]:
    task = work / "task.json"
    task.touch(mode=0o600)
    wanted = {
        "url": url,
        "proxy": watch.url,
        "max_bytes": limits.max_bytes,
        "max_duration_s": limits.max_duration_s,
        "read_s": limits.read_s,
        "memory_bytes": _MEMORY_BYTES,
    }
    task.write_text(json.dumps(wanted), "utf-8")

    def tell(line: str) -> None:
        progress.check()
        try:
            received, total = json.loads(line)
        except (ValueError, TypeError):
            return
        progress.received, progress.total = int(received), total and int(total)

    program = Path(__file__).with_name("page_process.py")
    try:
        run_program(
            [sys.executable, "-I", str(program), str(work)],
            timeout_s=limits.time_s,
            on_line=tell,
        )
        result: dict[str, Any] = json.loads((work / "result.json").read_text("utf-8"))
    except ProgramFailed as error:
        if error.code is None:
            raise timed_out(f"it was not received in {limits.time_s / 60:.0f} minutes") from error
        raise DownloadFailed("not_media", "the page could not be searched") from error
    return result


def _failure(
    result: dict[str, Any], watch: ProxyWatch, limits: DownloadLimits
) -> DownloadFailed | None:
    """Why there is no recording, in words of ours; None where there is one."""
    error = result.get("error")
    if error is None:
        return None
    if watch.refused is not None:
        code = watch.refused.reason
        code = code if code == "private_address" else "url_refused"
        return DownloadFailed(
            code, f"the page leads on to where nothing is fetched: {watch.refused}"
        )
    kind, said = error["kind"], str(error.get("said", ""))
    if watch.full or kind == "too_large":
        return too_large(limits)
    if kind == "status":
        return _status(int(error.get("status") or 0))
    if kind == "too_long":
        return DownloadFailed(
            "too_long",
            f"it is {said} hours long, and at most {limits.max_duration_s / 3600:g} are taken",
        )
    return _KINDS.get(kind, _KINDS["other"])()


def _status(status: int) -> DownloadFailed:
    if status in (401, 402, 403, 407):
        return _login()
    if status in (404, 410, 451):
        return DownloadFailed("gone", f"the page answered {status}: it is not there (any more)")
    if status == 429 or status >= 500:
        return DownloadFailed("unreachable", f"the page answered {status}", retry=True)
    return DownloadFailed("refused", f"the page answered {status}")


def _login() -> DownloadFailed:
    return DownloadFailed(
        "needs_login", "the page shows it only to those who log in. Give a link that needs none"
    )


_KINDS: dict[str, Callable[[], DownloadFailed]] = {
    "nothing": lambda: DownloadFailed(
        "not_media",
        f"no recording is found on this page. Give the link of the file itself: {KINDS}",
    ),
    "several": lambda: DownloadFailed(
        "not_media", "the page has several recordings. Give the link of one of them"
    ),
    "live": lambda: DownloadFailed(
        "live", "it is broadcast live, or will be. Give the link when it is over"
    ),
    "geo": lambda: DownloadFailed("refused", "the page does not show it in this country"),
    "login": _login,
    "network": lambda: DownloadFailed(
        "unreachable", "the page or its recording cannot be reached", retry=True
    ),
    "other": lambda: DownloadFailed("not_media", "the page could not be searched"),
}


def _whole(files: list[Path], work: Path) -> tuple[Path, Container]:
    """The file of the recording: picture and sound that came apart are put together.

    Raises:
        DownloadFailed: one of them is none of a recording.
    """
    kinds = [identify_file(path) for path in files[:2]]
    if None in kinds or not kinds:
        raise DownloadFailed("not_media", f"what the page shows is no recording: {KINDS}")
    known = [kind for kind in kinds if kind is not None]
    if len(files) == 1:
        return files[0], known[0]
    return _joined(files[0], known[0], files[1], known[1], work / "whole.mkv"), MATROSKA


def _joined(
    picture: Path, picture_kind: Container, sound: Path, sound_kind: Container, target: Path
) -> Path:
    """Both in one file, as they are. Nothing is opened but the two."""
    import av

    def opened(path: Path, kind: Container) -> Any:
        return av.open(str(path), format=kind.demuxer, options=open_options(kind))

    try:
        with (
            memory_bound(_REMUX_BYTES),
            opened(picture, picture_kind) as one,
            opened(sound, sound_kind) as two,
            av.open(str(target), "w", format="matroska") as made,
        ):
            sources = [one.streams.video[0], two.streams.audio[0]]
            streams = [made.add_stream_from_template(source) for source in sources]
            waiting = [container.demux(s) for container, s in zip((one, two), sources, strict=True)]
            heads = [next(packets, None) for packets in waiting]
            while any(head is not None for head in heads):
                number = _first(heads)
                packet = heads[number]
                assert packet is not None
                if packet.dts is not None:
                    packet.stream = streams[number]
                    made.mux(packet)
                heads[number] = next(waiting[number], None)
    except (av.FFmpegError, IndexError, ValueError) as error:
        raise DownloadFailed(
            "not_media", "picture and sound of the page cannot be put together"
        ) from error
    return target


def _first(heads: list[Any]) -> int:
    """Which of the packets comes first; one without a time comes at once."""

    def at(number: int) -> float:
        packet = heads[number]
        if packet is None:
            return float("inf")
        return float(packet.dts * packet.time_base) if packet.dts is not None else float("-inf")

    return min(range(len(heads)), key=at)

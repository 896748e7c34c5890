"""What a browser plays of a recording: the recording itself, or a small video made once."""

from __future__ import annotations

import shutil
import threading
from collections import deque
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import Any

from vidpipe.catalog.tables import Video
from vidpipe.errors import InputRejected, Unavailable
from vidpipe.intake.model import SourceVideo, Upload
from vidpipe.library.errors import TooBusy, UnknownVideo
from vidpipe.library.player_views import ProxyView
from vidpipe.media.pcm import decode_samples
from vidpipe.media.probe import MediaInfo
from vidpipe.media.proxies import make_proxy, plays_in_browsers
from vidpipe.observability import events
from vidpipe.operations.disk_space import low_disk_space
from vidpipe.pipeline.engine import Engine
from vidpipe.programs import ProgramFailed
from vidpipe.results.stored import NotReady
from vidpipe.silence.model import AudioTrack
from vidpipe.storage.artifacts import Manifest, StoredFile
from vidpipe.storage.fingerprint import fingerprint
from vidpipe.storage.keys import Folder

#: Of the file, as long as the same recording gives the same one.
_VERSION = "1"
_NAME = "proxy.mp4"
#: Recordings that wait for their proxy in one process; seconds before what failed is tried again.
MOST_WAITING, AGAIN_S = 20, 600.0
_GONE = "its recording is not stored any more"


@dataclass
class _Making:
    """A proxy that waits for the thread of this process, is made by it, or could not be made."""

    fraction: float = 0.0
    problem: str | None = None
    at_work: bool = True
    ended_s: float = 0.0


class Proxies:
    """Finds what browsers play; has it made in the background where it must be, one at a time.

    Another process that is asked at the same time makes it, too, and stores the same.
    """

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._lock = threading.Lock()
        self._making: dict[str, _Making] = {}
        self._waiting: deque[str] = deque()
        self._worker: threading.Thread | None = None

    def view(self, video_id: str) -> ProxyView:
        """What there is to play, and how far it is.

        Raises:
            UnknownVideo: there is none of this id.
        """
        row = self._video(video_id)
        upload, info = self._recording(video_id)
        file = self._playable(upload, info, video_id)
        made = self._making.get(video_id)
        making = file is None and made is not None and made.at_work
        width, height = row.width or 0, row.height or 0
        return ProxyView(
            state="ready" if file is not None else "making" if making else "absent",
            of="source" if plays_in_browsers(info) else "proxy",
            width=width,
            height=height,
            fps=info.video.fps if info.video is not None else None,
            duration_s=row.duration_s,
            size_bytes=file.size_bytes if file is not None else None,
            percentage=round(100 * made.fraction) if making and made is not None else None,
            problem=self._problem(upload, made) if file is None else None,
        )

    def key(self, video_id: str) -> str | None:
        """Where the file lies that a browser plays; None while it is made, which begins now.

        Raises:
            UnknownVideo: there is none of this id.
            NotReady: the recording is not stored any more, or the last try failed a short time
                ago; says why.
            TooBusy: many others wait already.
        """
        self._video(video_id)
        upload, info = self._recording(video_id)
        file = self._playable(upload, info, video_id)
        if file is not None:
            return file.key
        with self._lock:
            self._forget()
            made = self._making.get(video_id)
            if made is not None and made.at_work:
                return None
            problem = self._problem(upload, made)
            if problem is not None:
                raise NotReady(f"{video_id}: there is nothing to play: {problem}")
            if len(self._waiting) >= MOST_WAITING:
                raise TooBusy("many recordings wait to be made small; ask again in a minute")
            self._making[video_id] = _Making()
            self._waiting.append(video_id)
            if self._worker is None:
                self._worker = threading.Thread(target=self._work, name="proxies", daemon=True)
                self._worker.start()
        return None

    def _problem(self, upload: Manifest, made: _Making | None) -> str | None:
        """Why none can be made now, as far as that is known."""
        if made is not None and (made.at_work or made.problem is not None):
            return made.problem
        return _GONE if self.engine.store.head(_source(upload).key) is None else None

    def _forget(self) -> None:
        """What ended a while ago: it may be tried again."""
        now_s = monotonic()
        for video_id, made in list(self._making.items()):
            failed = made.problem is not None and now_s - made.ended_s < AGAIN_S
            if not (made.at_work or failed):
                del self._making[video_id]

    def make(self, video_id: str) -> str:
        """Make it now, in this thread; where it lies.

        Raises:
            UnknownVideo: there is none of this id.
            NotReady: the recording is not stored any more.
            InputRejected: it does not decode.
            Unavailable: there is no room for it, or the store is away.
        """
        self._video(video_id)
        upload, info = self._recording(video_id)
        file = self._playable(upload, info, video_id)
        if file is None:
            file = self._made(video_id, upload, info, _Making())
        return file.key

    def _work(self) -> None:
        """One after the other, until none waits."""
        while True:
            with self._lock:
                if not self._waiting:
                    self._worker = None
                    return
                video_id = self._waiting.popleft()
            self._make(video_id, self._making[video_id])

    def _make(self, video_id: str, making: _Making) -> None:
        try:
            upload, info = self._recording(video_id)
            # A file that another process has made meanwhile is not made again.
            if self._playable(upload, info, video_id) is None:
                self._made(video_id, upload, info, making)
        except Exception as error:
            making.problem = _why(error)
            kind, why = type(error).__name__, str(error)
            if isinstance(error, (NotReady, InputRejected, Unavailable)):
                events.warning("proxy_make_failed", video_id=video_id, kind=kind, message=why)
            else:
                events.error("proxy_make_failed", cause=error, video_id=video_id, kind=kind)
        finally:
            making.ended_s, making.at_work = monotonic(), False

    def _made(
        self, video_id: str, upload: Manifest, info: MediaInfo, making: _Making
    ) -> StoredFile:
        artifacts = self.engine.artifacts
        inputs = self._inputs(upload, info)
        if low_disk_space(self.engine.settings) is not None:
            raise Unavailable("there is too little room on the disk")
        if self.engine.store.head(_source(upload).key) is None:
            raise NotReady(_GONE)
        work = artifacts.workspace("proxy")
        try:
            source = artifacts.path(_source(upload))
            target = work / _NAME

            def tell(fraction: float) -> None:
                making.fraction = fraction

            make_proxy(source, info, self._sound(video_id, source, info, work), target, tell)
            made = artifacts.publish(
                video_id=video_id,
                folder=Folder.FRAMES,
                artifact="proxy",
                fingerprint=fingerprint(inputs),
                cache_key_inputs=inputs,
                files={_NAME: target},
            )
            return made.file(_NAME)
        except ProgramFailed as error:
            raise InputRejected("not_decodable", "its recording does not decode") from error
        finally:
            shutil.rmtree(work, ignore_errors=True)

    def _sound(self, video_id: str, source: Path, info: MediaInfo, work: Path) -> Path | None:
        """The sound from time 0 on: as it was decoded for analysis, else decoded now."""
        if not info.heard:
            return None
        heard = self.engine.manifest(video_id, "audio")
        if heard is not None and self.engine.artifacts.intact(heard):
            track = self.engine.artifacts.document(heard, AudioTrack)
            if not track.has_audio:
                return None
            return self.engine.artifacts.path(heard.file("audio.wav"))
        target = work / "audio.wav"
        return target if decode_samples(source, info, target) is not None else None

    def _playable(self, upload: Manifest, info: MediaInfo, video_id: str) -> StoredFile | None:
        """The file that a browser plays, if it is there."""
        if plays_in_browsers(info):
            source = _source(upload)
            return source if self.engine.store.head(source.key) is not None else None
        identity = fingerprint(self._inputs(upload, info))
        artifacts = self.engine.artifacts
        found = artifacts.manifest(video_id, Folder.FRAMES, "proxy", identity)
        if found is None or not artifacts.intact(found):
            return None
        return found.file(_NAME)

    def _inputs(self, upload: Manifest, info: MediaInfo) -> dict[str, Any]:
        return {
            "proxy": _VERSION,
            "source": _source(upload).sha256,
            "media": info.model_dump(mode="json", include={"video", "audio", "mixed"}),
        }

    def _recording(self, video_id: str) -> tuple[Manifest, MediaInfo]:
        """The upload, and how its recording is used as far as that is known."""
        upload = self.engine.manifest(video_id, "upload")
        if upload is None:
            raise UnknownVideo(video_id)
        chosen = self.engine.manifest(video_id, "source_video")
        if chosen is not None:
            return upload, self.engine.artifacts.document(chosen, SourceVideo).media
        return upload, self.engine.artifacts.document(upload, Upload).media

    def _video(self, video_id: str) -> Video:
        row = self.engine.catalog.video(video_id)
        if row is None:
            raise UnknownVideo(video_id)
        return row


def _source(upload: Manifest) -> StoredFile:
    return next(file for file in upload.files if file.name.startswith("source"))


def _why(error: Exception) -> str:
    """What went wrong, in words that say nothing of the deployment."""
    if isinstance(error, NotReady):
        return str(error)
    if isinstance(error, InputRejected):
        return error.message
    if isinstance(error, FileNotFoundError):
        return _GONE
    if isinstance(error, Unavailable):
        return "there is no room for it, or the store is away; it is tried again in ten minutes"
    return "it could not be made; the log of the server says why"

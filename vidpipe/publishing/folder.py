"""A folder as a platform: a post is a folder of its own in it, there at once and as a whole."""

from __future__ import annotations

import errno
import json
import os
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from vidpipe.publishing.calls import Auth, PlatformCall, PostFiles, Reply, Slice, count_at, text_at
from vidpipe.publishing.checks import conformance
from vidpipe.publishing.faults import FaultRule
from vidpipe.publishing.machine import Machine, Taker, Turn
from vidpipe.publishing.model import (
    THUMBNAIL,
    VIDEO,
    Charge,
    Phase,
    PostingAccount,
    PostRefusal,
    Publication,
    Remedy,
    RemoteState,
    Task,
    Verb,
)
from vidpipe.publishing.wire import as_reply

CHUNK_BYTES = 8 * 2**20
_PIECE = 2**20
_NAMES = {"image/jpeg": ".jpg", "image/png": ".png", "video/mp4": ".mp4", "audio/mp4": ".m4a"}
#: What an operating system says, as a status: what passes, and what a person has to change.
_STATUS = {
    errno.ENOSPC: 507, errno.EDQUOT: 507, errno.EIO: 503, errno.ENOENT: 404, errno.EACCES: 403,
    errno.EPERM: 403, errno.EROFS: 403, errno.EEXIST: 409, errno.ENOTEMPTY: 409,
}  # fmt: skip

FAULTS: Mapping[str, FaultRule] = {
    "os:403": FaultRule(Remedy.RECONNECT, "The folder may not be written to: give vidpipe leave."),
    "os:404": FaultRule(Remedy.RESTART, "The folder's unfinished copy is gone."),
    "os:507": FaultRule(Remedy.WAIT, "The folder's disk is full: make room.", 900.0),
}


class PostFolder(Machine):
    """A folder for posts. Its requests are not for the network: `act` makes them.

    Args:
        root: the folder; made when the first post comes.
        chunk_bytes: how much is written at once.
    """

    name = "folder"
    title = "The folder"
    faults = FAULTS

    def __init__(self, root: Path, chunk_bytes: int = CHUNK_BYTES) -> None:
        super().__init__("")
        self._root = root
        self._chunk = chunk_bytes

    def codes(self, reply: Reply) -> Sequence[str]:
        return [f"os:{reply.status}"]

    def check(self, post: Publication, account: PostingAccount) -> tuple[PostRefusal, ...]:
        return tuple(conformance(post))

    def estimate(self, post: Publication) -> tuple[Charge, ...]:
        return ()

    # What is asked

    def next(self, turn: Turn) -> PlatformCall | RemoteState:
        post, state = turn.post, turn.state
        if state.phase is Phase.NEW:
            return self._local("open", Verb.START, post.key, self.described(post))
        if state.phase is Phase.SENDING:
            for name, kind, size in attached(post):
                if name not in state.parts:
                    return self._write(post, name, kind, size, state)
            return state.having(phase=Phase.FINISHING)
        return self._local("move", Verb.FINISH, post.key, once=True)

    def described(self, post: Publication) -> bytes:
        """`post.json`: all that is said of the post."""
        said = post.model_dump(mode="json", exclude={"rules", "link"})
        return json.dumps(said, ensure_ascii=False, indent=1).encode()

    def _write(
        self, post: Publication, name: str, kind: str, size: int, state: RemoteState
    ) -> PlatformCall:
        end = min(state.sent + self._chunk, size)
        place = f"{post.key}/{file_name(name, kind)}"
        headers = (("Content-Range", f"bytes {state.sent}-{end - 1}/{size}"), ("name", name))
        body = (Slice(name, state.sent, end),)
        return PlatformCall("write", Verb.SEND, "WRITE", place, headers, body, Auth.NONE)

    def update(self, turn: Turn) -> PlatformCall | None:
        post = turn.post
        return self._local("update", Verb.UPDATE, post.key, self.described(post))

    def review(self, turn: Turn) -> PlatformCall | None:
        return self._local("review", Verb.LOOK, turn.post.key)

    def delete(self, turn: Turn) -> PlatformCall | None:
        post = turn.post
        return self._local("delete", Verb.DELETE, post.key)

    def discard(self, turn: Turn) -> PlatformCall | None:
        post = turn.post
        return self._local("discard", Verb.CANCEL, post.key)

    def lookup(self, turn: Turn) -> PlatformCall:
        post = turn.post
        return self._local("there", Verb.LOOK, post.key)

    def _local(
        self, name: str, verb: Verb, place: str, *body: bytes, once: bool = False
    ) -> PlatformCall:
        return PlatformCall(
            name, verb, name.upper(), place, (), body, Auth.NONE, once=once, public=once
        )

    # What answers mean

    def takers(self) -> Mapping[str, Taker]:
        return {
            "open": self._opened,
            "write": self._written,
            "move": self._moved,
            "there": self._sought,
            "review": self._reviewed,
            "update": self.done_task,
            "delete": self.done_task,
            "discard": self.done_task,
        }

    def _opened(self, turn: Turn) -> RemoteState:
        post, state, reply = turn.post, turn.state, turn.reply
        if text_at(reply.json(), "state") == "there":
            return self._moved(turn.at(state))
        return state.having(phase=Phase.SENDING, remote_id=post.key)

    def _written(self, turn: Turn) -> RemoteState:
        state, reply = turn.state, turn.reply
        read = reply.object()
        sent, total = count_at(read, "size") or 0, count_at(read, "total") or 0
        if sent < total:
            return state.having(sent=sent)
        return state.having(sent=0, parts=(*state.parts, text_at(read, "name")))

    def _moved(self, turn: Turn) -> RemoteState:
        post, state = turn.post, turn.state
        place = (self._root / post.key).absolute().as_uri()
        return state.having(phase=Phase.PUBLISHED, armed="", post_id=post.key, url=place)

    def _sought(self, turn: Turn) -> RemoteState:
        state, reply = turn.state, turn.reply
        if text_at(reply.object(), "state") == "there":
            return self._moved(turn.at(state))
        return state.having(armed="")

    def _reviewed(self, turn: Turn) -> RemoteState:
        gone = text_at(turn.reply.object(), "state") != "there"
        return self._ended_task(turn.state.having(task=Task.DELETE) if gone else turn.state)

    # Making them

    def act(self, call: PlatformCall, files: PostFiles) -> Reply:
        """Make one request in the folder.

        Raises:
            InputRejected, Unavailable: of the post's files.
        """
        key, _, name = call.url.partition("/")
        whole, partial = self._root / key, self._root / f".{key}.partial"
        acts: dict[str, Callable[[], object]] = {
            "open": lambda: self._open(whole, partial, call),
            "write": lambda: _write(partial / name, call, files),
            "move": lambda: _move(partial, whole),
            "there": lambda: {"state": "there" if whole.is_dir() else "not"},
            "review": lambda: {"state": "there" if whole.is_dir() else "not"},
            "update": lambda: _replace(whole / "post.json", _plain(call)),
            "delete": lambda: _remove(whole),
            "discard": lambda: _remove(partial),
        }
        try:
            return as_reply(200, acts[call.name]())
        except OSError as error:
            said = {"error": error.strerror or type(error).__name__}
            return as_reply(_STATUS.get(error.errno or 0, 500), said)

    def _open(self, whole: Path, partial: Path, call: PlatformCall) -> dict[str, str]:
        if whole.is_dir():
            return {"state": "there"}
        _remove(partial)
        partial.mkdir(parents=True)
        (partial / "post.json").write_bytes(_plain(call))
        return {"state": "open"}


def attached(post: Publication) -> Iterator[tuple[str, str, int]]:
    """Name, type and bytes of each file of a post."""
    yield VIDEO, post.video.content_type, post.video.size_bytes
    if post.thumbnail is not None:
        yield THUMBNAIL, post.thumbnail.content_type, post.thumbnail.size_bytes
    for caption in post.captions:
        yield caption.file, "captions", caption.size_bytes


def file_name(name: str, kind: str) -> str:
    """What a file of a post is called in its folder."""
    ending = ".srt" if kind == "captions" else _NAMES.get(kind, "")
    return name.replace(":", ".") + ending


def _plain(call: PlatformCall) -> bytes:
    return b"".join(piece for piece in call.body if isinstance(piece, bytes))


def _write(path: Path, call: PlatformCall, files: PostFiles) -> dict[str, object]:
    (piece,) = call.body
    assert isinstance(piece, Slice)
    with path.open("r+b" if path.exists() else "xb") as out:
        out.seek(piece.start)
        for start in range(piece.start, piece.end, _PIECE):
            out.write(files.read(piece.file, start, min(start + _PIECE, piece.end)))
        out.flush()
        os.fsync(out.fileno())
    total = dict(call.headers)["Content-Range"].rpartition("/")[2]
    return {"size": piece.end, "total": int(total), "name": piece.file}


def _move(partial: Path, whole: Path) -> dict[str, str]:
    if not whole.is_dir():
        partial.rename(whole)
    return {"state": "there"}


def _replace(path: Path, data: bytes) -> dict[str, str]:
    beside = path.with_name(f".{path.name}.new")
    beside.write_bytes(data)
    beside.replace(path)
    return {"state": "there"}


def _remove(folder: Path) -> dict[str, str]:
    if folder.is_dir():
        shutil.rmtree(folder)
    return {"state": "not"}

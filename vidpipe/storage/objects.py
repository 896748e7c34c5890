"""One object store behind one small interface, over obstore."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import uuid
from collections.abc import Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import obstore
from obstore import exceptions as store_errors
from obstore.store import AzureStore, GCSStore, S3Store

from vidpipe.addresses import holds_secret, shown
from vidpipe.errors import Misconfigured, Unavailable
from vidpipe.storage.folder import ObjectFolder
from vidpipe.storage.listing import ObjectInfo
from vidpipe.stuck import further, silent

__all__ = ["ObjectInfo", "ObjectStore", "sha256_file"]

_CHUNK = 1 << 20
#: How long a store may take for an upload, in which it says nothing: a line of 8 Mbit/s.
_PUT_S, _PUT_BYTES_PER_S = 300.0, 1e6
#: How a file system says that we may not.
_REFUSED = (errno.EACCES, errno.EPERM, errno.EROFS)


class ObjectStore:
    """Reads and writes whole objects; a partly written one is never visible.

    Keys are relative to the URL's path. Every method raises `Unavailable` when
    the store cannot be reached, so that callers may try again.
    """

    def __init__(self, url: str, options: Mapping[str, str] | None = None) -> None:
        #: As it is shown: without anything that is secret.
        self.url = shown(url.rstrip("/"))
        try:
            self._open(url.rstrip("/"), options)
        except (store_errors.BaseError, ValueError, TypeError) as error:
            raise Misconfigured(f"store {self.url}: {_first_line(error)}") from error

    def _open(self, url: str, options: Mapping[str, str] | None) -> None:
        parts = urlsplit(url)
        self.scheme = parts.scheme
        self._folder: ObjectFolder | None = None
        self._store: Any = None
        settings: dict[str, Any] = dict(options or {})
        # Plain http only where an endpoint asks for it (a local server, an emulator).
        endpoint = settings.get("endpoint", "")
        client: Any = {"timeout": "120s"}
        if str(endpoint).startswith("http://"):
            client["allow_http"] = True
        if self.scheme in ("s3", "gs") and holds_secret(url):
            raise Misconfigured(f"store {self.url}: keys go into its options, not into its URL")
        if self.scheme == "file":
            with self._translate(""):
                self._folder = _folder_at(Path(unquote(parts.path)))
        elif self.scheme == "s3":
            self._store = S3Store.from_url(url, client_options=client, **settings)
        elif self.scheme in ("az", "azure", "abfs"):
            self._store = AzureStore.from_url(url, client_options=client, **settings)
        elif self.scheme == "gs":
            self._store = GCSStore.from_url(url, client_options=client, **settings)
        else:
            raise Misconfigured(
                f"store {shown(url)!r}: use file:///folder, s3://bucket/prefix, "
                "az://container/prefix or gs://bucket/prefix"
            )

    @property
    def is_local(self) -> bool:
        return self._folder is not None

    @property
    def root(self) -> Path | None:
        """The folder, when the store is one."""
        return self._folder.root if self._folder is not None else None

    def local_path(self, key: str) -> Path | None:
        """The object as a file, when the store is a folder; None elsewhere.

        Raises:
            FileNotFoundError: the key leads out of the folder, by itself or by a link.
        """
        return self._folder.path(key) if self._folder is not None else None

    def put_file(
        self,
        key: str,
        source: Path,
        *,
        move: bool = False,
        attributes: Mapping[str, str] | None = None,
    ) -> None:
        """Store a file whole: by rename on local disk, by one (multi-part) upload elsewhere.

        `attributes` go with an object in a bucket: `Content-Type`, and metadata of ours.
        """
        with self._translate(key):
            if self._folder is not None:
                self._folder.put_file(key, source, move=move)
                return
            with silent(_PUT_S + source.stat().st_size / _PUT_BYTES_PER_S):
                obstore.put(self._store, key, source, attributes=dict(attributes or {}))
        if move:
            source.unlink(missing_ok=True)

    def put_bytes(self, key: str, data: bytes, *, only_if_absent: bool = False) -> bool:
        """Store bytes; with `only_if_absent` returns False where something is there already."""
        with self._translate(key):
            if self._folder is not None:
                return self._folder.put_bytes(key, data, only_if_absent=only_if_absent)
            try:
                obstore.put(
                    self._store, key, data, mode="create" if only_if_absent else "overwrite"
                )
            except store_errors.AlreadyExistsError:
                return False
        return True

    def get_bytes(self, key: str) -> bytes | None:
        """The object's bytes, or None when there is none."""
        with self._translate(key):
            try:
                if self._folder is not None:
                    return self._folder.get_range(key, 0, None)
                return bytes(obstore.get(self._store, key).bytes())
            except (store_errors.NotFoundError, FileNotFoundError):
                return None

    def get_range(self, key: str, first: int, end: int) -> bytes:
        """Bytes `[first, end)` of the object.

        Raises:
            FileNotFoundError: there is no such object.
        """
        with self._translate(key):
            if self._folder is not None:
                return self._folder.get_range(key, first, end)
            try:
                return bytes(obstore.get_range(self._store, key, start=first, end=end))
            except (store_errors.NotFoundError, FileNotFoundError):
                raise FileNotFoundError(f"{self.url}/{key}") from None

    def fetch(self, key: str, target: Path) -> str:
        """Write the object to a local file, whole or not at all; its SHA-256, in hex.

        Raises:
            FileNotFoundError: there is no such object.
        """
        target.parent.mkdir(parents=True, exist_ok=True)
        temporary = target.with_name(f".{uuid.uuid4().hex}")
        digest = hashlib.sha256()
        try:
            with self._translate(key), temporary.open("wb") as file:
                for chunk in self._chunks(key):
                    digest.update(chunk)
                    file.write(chunk)
            os.replace(temporary, target)
        finally:
            with contextlib.suppress(OSError):
                temporary.unlink(missing_ok=True)
        return digest.hexdigest()

    def _chunks(self, key: str) -> Iterator[bytes]:
        if self._folder is not None:
            with self._folder.path(key).open("rb") as file:
                while chunk := file.read(_CHUNK):
                    further()
                    yield chunk
            return
        try:
            stream = obstore.get(self._store, key)
        except (store_errors.NotFoundError, FileNotFoundError):
            raise FileNotFoundError(f"{self.url}/{key}") from None
        for part in stream.stream(min_chunk_size=_CHUNK * 8):
            further()
            yield bytes(part)

    def head(self, key: str) -> ObjectInfo | None:
        with self._translate(key):
            try:
                if self._folder is not None:
                    return self._folder.head(key)
                return _info(obstore.head(self._store, key))
            except (store_errors.NotFoundError, FileNotFoundError):
                return None

    def list(self, prefix: str) -> Iterator[ObjectInfo]:
        """Objects under `prefix/`, page by page; an unreachable store raises, it is not empty."""
        with self._translate(prefix):
            if self._folder is not None:
                yield from self._folder.list(prefix)
                return
            for page in obstore.list(self._store, prefix=prefix or None):
                for item in page:
                    yield _info(item)

    def sweep(self) -> int:
        """Remove staged files of writers that are gone; how many."""
        return self._folder.sweep() if self._folder is not None else 0

    def delete(self, key: str) -> None:
        """Remove the object; nothing happens when there is none."""
        with self._translate(key):
            try:
                if self._folder is not None:
                    self._folder.delete(key)
                else:
                    obstore.delete(self._store, key)
            except (store_errors.NotFoundError, FileNotFoundError):
                return

    def rename(self, key: str, name: str) -> bool:
        """Give an object of a bucket another key, unless something has that: then False.

        Raises:
            FileNotFoundError: there is no such object.
        """
        with self._translate(key):
            try:
                obstore.rename(self._store, key, name, overwrite=False)
            except store_errors.AlreadyExistsError:
                return False
            except store_errors.NotFoundError:
                raise FileNotFoundError(f"{self.url}/{key}") from None
        return True

    def download_url(self, key: str, *, expires_s: int = 3600) -> str:
        """A link to read the object: signed and expiring, a file: link on local disk."""
        return self._link("GET", key, expires_s)

    def upload_url(self, key: str, *, expires_s: int = 3600) -> str:
        """A link to write the object with one PUT."""
        return self._link("PUT", key, expires_s)

    def _link(self, method: str, key: str, expires_s: int) -> str:
        if self._folder is not None:
            return (self._folder.root / key).as_uri()
        verb: Any = method
        with self._translate(key):
            return str(
                obstore.sign(self._store, verb, key, expires_in=timedelta(seconds=expires_s))
            )

    def _translate(self, key: str) -> _Translate:
        return _Translate(f"{self.url}/{key}")


def _folder_at(root: Path) -> ObjectFolder:
    try:
        return ObjectFolder(root)
    except (FileNotFoundError, FileExistsError, NotADirectoryError) as error:
        raise Misconfigured(f"store {root}: no folder can be made there") from error


class _Translate:
    """Turns the client's errors into ours, naming the object."""

    def __init__(self, where: str) -> None:
        self.where = where

    def __enter__(self) -> None:
        return None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: Any
    ) -> None:
        if error is None or isinstance(error, (store_errors.NotFoundError, FileNotFoundError)):
            return
        if isinstance(
            error, (store_errors.PermissionDeniedError, store_errors.UnauthenticatedError)
        ):
            raise Misconfigured(
                f"{self.where}: the store refuses these credentials ({_first_line(error)})"
            ) from error
        if isinstance(error, OSError) and error.errno in _REFUSED:
            raise Misconfigured(
                f"{self.where}: {_first_line(error)}. The store must be a folder that vidpipe "
                "may write: give it the rights, or set VIDPIPE_STORE_URL"
            ) from error
        if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise Unavailable(
                f"{self.where}: {error.strerror}. Make room; what is finished is kept and found "
                "again by the next run"
            ) from error
        if isinstance(error, (store_errors.BaseError, OSError)):
            raise Unavailable(f"{self.where}: {_first_line(error)}") from error


def _first_line(error: BaseException) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:300]


def _info(meta: Any) -> ObjectInfo:
    return ObjectInfo(
        key=meta["path"],
        size_bytes=meta["size"],
        etag=meta.get("e_tag"),
        modified_s=meta["last_modified"].timestamp(),
    )


def sha256_file(path: Path) -> str:
    """Hex SHA-256 of a file, read in pieces."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            further()
            digest.update(chunk)
    return digest.hexdigest()

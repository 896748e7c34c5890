"""One object store behind one small interface, over obstore."""

from __future__ import annotations

import hashlib
import os
import shutil
import time
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import obstore
from obstore import exceptions as store_errors
from obstore.store import AzureStore, GCSStore, LocalStore, S3Store

from vidpipe.errors import Misconfigured, Unavailable

_CHUNK = 1 << 20


@dataclass(frozen=True)
class ObjectInfo:
    """What a listing says of an object."""

    key: str
    size_bytes: int
    etag: str | None
    modified_s: float


class ObjectStore:
    """Reads and writes whole objects; a partly written one is never visible.

    Keys are relative to the URL's path. Every method raises `Unavailable` when
    the store cannot be reached, so that callers may try again.
    """

    def __init__(self, url: str, options: Mapping[str, str] | None = None) -> None:
        self.url = url.rstrip("/")
        parts = urlsplit(self.url)
        self.scheme = parts.scheme
        self.root: Path | None = None
        settings: dict[str, Any] = dict(options or {})
        # Plain http only where an endpoint asks for it (a local server, an emulator).
        endpoint = settings.get("endpoint", "")
        client: Any = {"timeout": "120s"}
        if str(endpoint).startswith("http://"):
            client["allow_http"] = True
        if self.scheme == "file":
            self.root = Path(unquote(parts.path))
            self.root.mkdir(parents=True, exist_ok=True)
            self._store: Any = LocalStore(prefix=self.root, mkdir=True)
        elif self.scheme == "s3":
            self._store = S3Store.from_url(self.url, client_options=client, **settings)
        elif self.scheme in ("az", "azure", "abfs"):
            self._store = AzureStore.from_url(self.url, client_options=client, **settings)
        elif self.scheme == "gs":
            self._store = GCSStore.from_url(self.url, client_options=client, **settings)
        else:
            raise Misconfigured(
                f"store {url!r}: use file:///folder, s3://bucket/prefix, "
                "az://container/prefix or gs://bucket/prefix"
            )

    @property
    def is_local(self) -> bool:
        return self.root is not None

    def local_path(self, key: str) -> Path | None:
        """The object as a file, when the store is a folder; None elsewhere."""
        return self.root / key if self.root is not None else None

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
        if self.root is not None:
            target = self.root / key
            target.parent.mkdir(parents=True, exist_ok=True)
            staging = self.root / ".staging"
            staging.mkdir(exist_ok=True)
            temporary = staging / uuid.uuid4().hex
            try:
                if move:
                    shutil.move(source, temporary)
                else:
                    shutil.copyfile(source, temporary)
                os.replace(temporary, target)
            finally:
                temporary.unlink(missing_ok=True)
            return
        with self._translate(key):
            obstore.put(self._store, key, source, attributes=dict(attributes or {}))
        if move:
            source.unlink(missing_ok=True)

    def put_bytes(self, key: str, data: bytes, *, only_if_absent: bool = False) -> bool:
        """Store bytes; with `only_if_absent` returns False where something is there already."""
        with self._translate(key):
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
                return bytes(obstore.get(self._store, key).bytes())
            except (store_errors.NotFoundError, FileNotFoundError):
                return None

    def get_range(self, key: str, first: int, end: int) -> bytes:
        """Bytes `[first, end)` of the object.

        Raises:
            FileNotFoundError: there is no such object.
        """
        with self._translate(key):
            try:
                return bytes(obstore.get_range(self._store, key, start=first, end=end))
            except (store_errors.NotFoundError, FileNotFoundError):
                raise FileNotFoundError(f"{self.url}/{key}") from None

    def fetch(self, key: str, target: Path) -> None:
        """Write the object to a local file, whole or not at all.

        Raises:
            FileNotFoundError: there is no such object.
        """
        target.parent.mkdir(parents=True, exist_ok=True)
        temporary = target.with_name(f".{target.name}.{uuid.uuid4().hex}")
        try:
            with self._translate(key):
                try:
                    stream = obstore.get(self._store, key)
                except (store_errors.NotFoundError, FileNotFoundError):
                    raise FileNotFoundError(f"{self.url}/{key}") from None
                with temporary.open("wb") as file:
                    for chunk in stream.stream(min_chunk_size=_CHUNK * 8):
                        file.write(chunk)
            os.replace(temporary, target)
        finally:
            temporary.unlink(missing_ok=True)

    def head(self, key: str) -> ObjectInfo | None:
        with self._translate(key):
            try:
                return _info(obstore.head(self._store, key))
            except (store_errors.NotFoundError, FileNotFoundError):
                return None

    def list(self, prefix: str) -> Iterator[ObjectInfo]:
        """Objects under `prefix/`, page by page; an unreachable store raises, it is not empty."""
        with self._translate(prefix):
            for page in obstore.list(self._store, prefix=prefix or None):
                for item in page:
                    if not item["path"].startswith(".staging/"):
                        yield _info(item)

    def sweep(self) -> int:
        """Remove staged files of writers that were killed an hour ago or more; how many."""
        if self.root is None:
            return 0
        old = [
            p for p in (self.root / ".staging").glob("*") if p.stat().st_mtime < time.time() - 3600
        ]
        for path in old:
            path.unlink(missing_ok=True)
        return len(old)

    def delete(self, key: str) -> None:
        """Remove the object; nothing happens when there is none."""
        with self._translate(key):
            try:
                obstore.delete(self._store, key)
            except (store_errors.NotFoundError, FileNotFoundError):
                return

    def download_url(self, key: str, *, expires_s: int = 3600) -> str:
        """A link to read the object: signed and expiring, a file: link on local disk."""
        return self._link("GET", key, expires_s)

    def upload_url(self, key: str, *, expires_s: int = 3600) -> str:
        """A link to write the object with one PUT."""
        return self._link("PUT", key, expires_s)

    def _link(self, method: str, key: str, expires_s: int) -> str:
        if self.root is not None:
            return (self.root / key).as_uri()
        verb: Any = method
        with self._translate(key):
            return str(
                obstore.sign(self._store, verb, key, expires_in=timedelta(seconds=expires_s))
            )

    def _translate(self, key: str) -> _Translate:
        return _Translate(f"{self.url}/{key}")


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
            digest.update(chunk)
    return digest.hexdigest()

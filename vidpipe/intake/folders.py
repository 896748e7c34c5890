"""Drop folders as they are: on local disk, in S3, in any other bucket."""

from __future__ import annotations

import contextlib
import errno
import functools
import os
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from stat import S_ISREG
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import unquote, urlsplit

from vidpipe.addresses import holds_secret, shown
from vidpipe.errors import InputRejected, Misconfigured, Unavailable
from vidpipe.intake.drops import SkippedObject, family, is_version
from vidpipe.storage.objects import ObjectInfo, ObjectStore

if TYPE_CHECKING:
    from collections.abc import Callable

#: Objects of one slice, and seconds after which a slice ends where it is: a sensor's tick
#: may last 60 s, and 100,000 objects must be through in ten ticks.
SLICE_OBJECTS = 15_000
SLICE_S = 5.0
_CHUNK = 8 << 20
_NOT_UTF8 = "its name is not UTF-8. Rename it"
_LEADS_OUT = (
    "it is a symbolic link that leads out of the drop folder. Put the file itself there, or a "
    "hard link to it"
)
_LEADS_NOWHERE = "it is a symbolic link that leads nowhere. Put the file itself there"
_LINKED_FOLDER = (
    "it is a symbolic link to a folder, which is not followed. Mount the folder there, or drop "
    "its files"
)


class ObjectChanged(Exception):
    """The object is no longer the one that was listed; the next listing has the new one."""


@dataclass(frozen=True)
class ListingPage:
    """Part of a listing, whole families of keys.

    Attributes:
        items: objects in the order of their keys.
        after: where the next slice begins; empty when this was the last one.
        refused: what cannot be read or may not be followed, to be told to a person.
    """

    items: tuple[ObjectInfo, ...]
    after: str = ""
    refused: tuple[SkippedObject, ...] = ()


class DropFolder(Protocol):
    """A place that videos are dropped into, under `{channel}/{name}`."""

    @property
    def polled(self) -> bool:
        """Whether what is being written can be seen half: a file can, an object cannot."""
        ...

    def slice(self, after: str) -> ListingPage:
        """The objects after a key, some of them; a failed listing raises, it is not empty."""
        ...

    def family(self, prefix: str) -> list[ObjectInfo]:
        """The objects whose keys begin with `prefix` and go on with a dot."""
        ...

    def fetch(self, key: str, version: str, target: Path) -> Path:
        """The object as a file: in place on local disk, else written to `target`.

        Raises:
            FileNotFoundError: it is gone.
            Replaced: it is not the one of this version any more; no version, no question.
        """
        ...


def drop_folder(url: str, options: Mapping[str, str]) -> DropFolder:
    """The drop folder of a URL.

    Raises:
        Misconfigured: no such kind of folder, or its client is not installed.
    """
    try:
        scheme = urlsplit(url).scheme
    except ValueError as error:
        raise Misconfigured(f"VIDPIPE_DROP_URL: {shown(url)!r}: {error}") from error
    if scheme == "s3" and holds_secret(url):
        raise Misconfigured(f"VIDPIPE_DROP_URL: {shown(url)}: keys go into VIDPIPE_DROP_OPTIONS")
    if scheme == "file":
        return LocalFolder(Path(unquote(urlsplit(url).path)))
    if scheme == "s3":
        return S3Folder(url, options)
    return BucketFolder(ObjectStore(url, options))


class LocalFolder:
    """A folder on this machine, listed whole every time.

    One thing in it that cannot be read stops nothing else. Symbolic links are followed as
    long as they stay within the folder: who may drop files is not to read others.
    """

    def __init__(self, root: Path) -> None:
        self.root = root

    @property
    def polled(self) -> bool:
        return True

    def slice(self, after: str) -> ListingPage:
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            os.scandir(self.root).close()
        except OSError as error:
            raise Unavailable(f"{self.root}: {error.strerror}") from error
        items: list[ObjectInfo] = []
        refused: list[SkippedObject] = []
        for path in self._files(refused):
            key = path.relative_to(self.root).as_posix()
            try:
                key.encode()
                info = self._info(key)
            except UnicodeEncodeError:
                shown = os.fsencode(key).decode("utf-8", "backslashreplace")
                refused.append(SkippedObject(shown, "bad_name", _NOT_UTF8))
                continue
            except InputRejected as error:
                refused.append(SkippedObject(key, error.reason, error.message))
                continue
            if info is not None and key > after:
                items.append(info)
        return ListingPage(tuple(sorted(items, key=lambda i: i.key)), refused=tuple(refused))

    def _files(self, refused: list[SkippedObject]) -> Iterator[Path]:
        def fail(error: OSError) -> None:
            if not isinstance(error, FileNotFoundError):
                where = Path(error.filename).relative_to(self.root).as_posix()
                why = f"the folder cannot be read ({error.strerror}): give vidpipe the rights to it"
                refused.append(SkippedObject(where, "unreadable", why))

        for where, folders, names in os.walk(self.root, onerror=fail):
            folders[:] = [f for f in folders if not f.startswith(".")]
            links = [f for f in folders if (Path(where) / f).is_symlink()]
            for path in (Path(where) / name for name in links):
                key = os.fsencode(path.relative_to(self.root)).decode("utf-8", "backslashreplace")
                refused.append(SkippedObject(key, "link", _LINKED_FOLDER))
            yield from (Path(where) / name for name in names if not name.startswith("."))

    def _info(self, key: str) -> ObjectInfo | None:
        """What is there of this key; None for nothing, and for what is no file.

        Raises:
            InputRejected: a link that leads out of the folder or nowhere.
        """
        path = self.root / key
        try:
            found = path.stat()
        except (FileNotFoundError, NotADirectoryError) as error:
            if path.is_symlink():
                raise InputRejected("link", _LEADS_NOWHERE, name=key) from error
            return None
        except OSError as error:
            why = _LEADS_NOWHERE if error.errno == errno.ELOOP else f"{error.strerror}"
            raise InputRejected("unreadable", why, name=key) from error
        if not S_ISREG(found.st_mode):
            return None
        if not Path(os.path.realpath(path)).is_relative_to(os.path.realpath(self.root)):
            raise InputRejected("link", _LEADS_OUT, name=key)
        return ObjectInfo(key, found.st_size, None, found.st_mtime)

    def family(self, prefix: str) -> list[ObjectInfo]:
        folder = (self.root / prefix).parent
        found = []
        for path in folder.glob("*"):
            key = path.relative_to(self.root).as_posix()
            if key.startswith(f"{prefix}."):
                with contextlib.suppress(InputRejected):
                    found.append(self._info(key))
        return [info for info in found if info is not None]

    def fetch(self, key: str, version: str, target: Path) -> Path:
        path = self.root / key
        info = self._info(key)
        if info is None:
            raise FileNotFoundError(str(path))
        if version and not is_version(info, version):
            raise ObjectChanged(key)
        try:
            path.open("rb").close()
        except OSError as error:
            raise Unavailable(
                f"{path} cannot be read ({error.strerror}): give vidpipe the rights to it"
            ) from error
        return path


class BucketFolder:
    """A bucket of Azure or Google, listed whole every time."""

    def __init__(self, store: ObjectStore) -> None:
        self.store = store

    @property
    def polled(self) -> bool:
        return False

    def slice(self, after: str) -> ListingPage:
        items = [i for i in self.store.list("") if i.key > after]
        return ListingPage(tuple(sorted(items, key=lambda i: i.key)))

    def family(self, prefix: str) -> list[ObjectInfo]:
        folder = prefix.rpartition("/")[0]
        return [i for i in self.store.list(folder) if i.key.startswith(f"{prefix}.")]

    def fetch(self, key: str, version: str, target: Path) -> Path:
        if version:
            info = self.store.head(key)
            if info is None:
                raise FileNotFoundError(f"{self.store.url}/{key}")
            if not is_version(info, version):
                raise ObjectChanged(key)
        self.store.fetch(key, target)
        return target


class S3Folder:
    """A bucket of S3 or what speaks like it, listed in slices.

    Over boto3 and not over the store's client: that one refuses a whole listing for one
    key with an empty or dotted part (`a//b.mp4`), which anybody may drop. The store must
    list by key in the order of UTF-8, as S3 does (its directory buckets do not).
    """

    def __init__(self, url: str, options: Mapping[str, str]) -> None:
        parts = urlsplit(url)
        self.url = url.rstrip("/")
        self.bucket = parts.netloc
        prefix = unquote(parts.path).strip("/")
        self.prefix = f"{prefix}/" if prefix else ""
        self._client = aws_client("s3", options)

    @property
    def polled(self) -> bool:
        return False

    def slice(self, after: str) -> ListingPage:
        started = time.monotonic()
        items: list[ObjectInfo] = []
        for page, more in self._pages(self.prefix, after=after):
            items += page
            if not more:
                return ListingPage(tuple(items))
            if len(items) >= SLICE_OBJECTS or time.monotonic() - started > SLICE_S:
                whole = _whole_families(items)
                if whole:
                    return ListingPage(tuple(whole), after=whole[-1].key)
        return ListingPage(tuple(items))

    def family(self, prefix: str) -> list[ObjectInfo]:
        return [i for page, _ in self._pages(f"{self.prefix}{prefix}.") for i in page]

    def _pages(self, prefix: str, *, after: str = "") -> Iterator[tuple[list[ObjectInfo], bool]]:
        where: dict[str, str] = {"StartAfter": f"{self.prefix}{after}"} if after else {}
        while True:
            ask = functools.partial(
                self._client.list_objects_v2, Bucket=self.bucket, Prefix=prefix, **where
            )
            answer = self._ask(prefix, ask)
            page = [
                ObjectInfo(
                    key=item["Key"].removeprefix(self.prefix),
                    size_bytes=item["Size"],
                    etag=item["ETag"],
                    modified_s=item["LastModified"].timestamp(),
                )
                for item in answer.get("Contents", ())
                if not item["Key"].endswith("/")
            ]
            more = bool(answer.get("IsTruncated"))
            yield page, more
            if not more:
                return
            where = {"ContinuationToken": answer["NextContinuationToken"]}

    def fetch(self, key: str, version: str, target: Path) -> Path:
        answer = self._ask(
            key, lambda: self._client.get_object(Bucket=self.bucket, Key=f"{self.prefix}{key}")
        )
        info = ObjectInfo(
            key, answer["ContentLength"], answer["ETag"], answer["LastModified"].timestamp()
        )
        if version and not is_version(info, version):
            answer["Body"].close()
            raise ObjectChanged(key)

        def write() -> None:
            with target.open("wb") as file:
                for chunk in answer["Body"].iter_chunks(_CHUNK):
                    file.write(chunk)

        try:
            self._ask(key, write)
        except BaseException:
            target.unlink(missing_ok=True)
            raise
        return target

    def _ask(self, key: str, work: Callable[[], Any]) -> Any:
        return asking(f"{self.url}/{key}", work)


def _whole_families(items: list[ObjectInfo]) -> list[ObjectInfo]:
    """Without the last family, of which more may follow."""
    last = family(items[-1].key)
    return [i for i in items if family(i.key) != last]


def aws_client(service: str, options: Mapping[str, str], **config: Any) -> Any:
    """A client of AWS, or of what speaks like it, by the store's names of options.

    `config` are further arguments of botocore's `Config`.

    Raises:
        Misconfigured: boto3 is not installed.
    """
    try:
        import boto3
        from botocore.config import Config
    except ImportError as error:
        raise Misconfigured(f"{service}: pip install 'vidpipe[aws]'") from error
    names = {
        "endpoint": "endpoint_url",
        "access_key_id": "aws_access_key_id",
        "secret_access_key": "aws_secret_access_key",
        "session_token": "aws_session_token",
        "region": "region_name",
    }
    return boto3.client(
        service,
        config=Config(
            connect_timeout=5,
            read_timeout=25,
            retries={"mode": "standard", "total_max_attempts": 3},
            **config,
        ),
        **{names[k.lower()]: v for k, v in options.items() if k.lower() in names},
    )


def asking(where: str, work: Callable[[], Any]) -> Any:
    """Turn what AWS's client raises into our errors, naming the object.

    Raises:
        FileNotFoundError: there is no such object.
        Misconfigured: no such bucket or queue, or it is refused.
        Unavailable: everything else that is not our bug.
    """
    from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError
    from urllib3.exceptions import HTTPError

    try:
        return work()
    except ClientError as error:
        said = error.response.get("Error", {})
        code = str(said.get("Code", ""))
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        if code in ("NoSuchKey",):
            raise FileNotFoundError(where) from error
        if code in ("NoSuchBucket", "AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist"):
            raise Misconfigured(f"{where}: there is no such bucket or queue") from error
        if status in (401, 403):
            raise Misconfigured(f"{where}: these credentials are refused ({code})") from error
        raise Unavailable(f"{where}: {code or status} {said.get('Message', '')}"[:300]) from error
    except NoCredentialsError as error:
        raise Misconfigured(f"{where}: no credentials are given") from error
    except (BotoCoreError, HTTPError, ConnectionError, TimeoutError) as error:
        first = (str(error).splitlines() or [type(error).__name__])[0]
        raise Unavailable(f"{where}: {first[:300]}") from error

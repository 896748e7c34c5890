"""Uploads from a browser straight into a bucket: signed here, sent past us.

What is there is asked of the bucket: nothing that a browser or a process of ours remembered counts.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlsplit

from vidpipe.errors import InputRejected
from vidpipe.intake.folders import asking, aws_client
from vidpipe.storage.objects import ObjectStore
from vidpipe.uploads.errors import UploadEnded, UploadIncomplete, UploadNameTaken

#: What S3 allows: https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html
LEAST_PART, MOST_PART, MOST_PARTS, MOST_OBJECT = 5 << 20, 5 << 30, 10_000, 5 << 40
#: Few enough requests, and little to send again when a line drops.
_PART = 16 << 20
#: What one PUT may bring: of Azure's Put Blob 5000 MiB, of Google 5 TiB.
_MOST_PUT = {"gs": 5 << 40}
_MOST_AZURE_PUT = 5000 << 20
#: The metadata of an object that says which upload it came of.
_MARK = "vidpipe-upload"
#: Where single uploads to other buckets wait for their name; hidden from listings.
_WAITING = ".uploads"


@dataclass(frozen=True)
class UploadedPart:
    """A part that a bucket has.

    Attributes:
        number: from 1.
        size_bytes: of it.
        etag: what the bucket calls its content.
    """

    number: int
    size_bytes: int
    etag: str


def part_size(size_bytes: int) -> int:
    """Bytes of each part but the last: 16 MiB, and more where 10,000 of them would not do."""
    least = math.ceil(size_bytes / MOST_PARTS)
    return max(_PART, math.ceil(least / (1 << 20)) << 20)


def part_count(size_bytes: int, part_size_bytes: int) -> int:
    """How many parts that makes."""
    return max(1, math.ceil(size_bytes / part_size_bytes))


class MultipartBucket:
    """Multipart uploads into a bucket of S3, or of what speaks like it."""

    def __init__(self, url: str, options: Mapping[str, str]) -> None:
        parts = urlsplit(url)
        self.url = url.rstrip("/")
        self.bucket = parts.netloc
        prefix = unquote(parts.path).strip("/")
        self.prefix = f"{prefix}/" if prefix else ""
        # A browser that sends parts knows nothing of the checksums that boto3 would announce.
        self._client = aws_client(
            "s3",
            options,
            signature_version="s3v4",
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
        )

    def begin(self, key: str, upload_id: str, media_type: str) -> str:
        """Begin an upload; the bucket's name for it."""
        said = self._ask(
            key,
            lambda: self._client.create_multipart_upload(
                **self._at(key),
                ContentType=media_type or "application/octet-stream",
                Metadata={_MARK: upload_id},
            ),
        )
        return str(said["UploadId"])

    def sign(
        self, key: str, store_upload_id: str, numbers: Sequence[int], expires_s: int
    ) -> dict[int, str]:
        """Links to PUT these parts to, by number."""
        return {
            number: str(
                self._client.generate_presigned_url(
                    "upload_part",
                    Params={
                        **self._at(key),
                        "UploadId": store_upload_id,
                        "PartNumber": number,
                    },
                    ExpiresIn=expires_s,
                )
            )
            for number in numbers
        }

    def parts(self, key: str, store_upload_id: str) -> tuple[UploadedPart, ...]:
        """What is there, by number.

        Raises:
            UploadEnded: the bucket has no such upload (any more).
        """
        found: list[UploadedPart] = []
        marker = 0
        while True:
            said = self._of_upload(
                key,
                lambda after=marker: self._client.list_parts(
                    **self._at(key), UploadId=store_upload_id, PartNumberMarker=after
                ),
            )
            found += [
                UploadedPart(part["PartNumber"], part["Size"], part["ETag"])
                for part in said.get("Parts", ())
            ]
            if not said.get("IsTruncated"):
                return tuple(sorted(found, key=lambda part: part.number))
            marker = int(said["NextPartNumberMarker"])

    def complete(self, key: str, store_upload_id: str, parts: Sequence[UploadedPart]) -> None:
        """Make one object of the parts.

        Raises:
            UploadNameTaken: there is an object of this key.
            UploadEnded: the bucket has no such upload (any more).
        """
        if self.marked(key) is not None:
            raise UploadNameTaken(key)
        listed = [{"PartNumber": part.number, "ETag": part.etag} for part in parts]
        self._of_upload(
            key,
            lambda: self._client.complete_multipart_upload(
                **self._at(key),
                UploadId=store_upload_id,
                MultipartUpload={"Parts": listed},
                IfNoneMatch="*",
            ),
        )

    def abort(self, key: str, store_upload_id: str) -> None:
        """Forget an upload and its parts."""
        with suppress(UploadEnded):
            self._of_upload(
                key,
                lambda: self._client.abort_multipart_upload(
                    **self._at(key), UploadId=store_upload_id
                ),
            )

    def forget_empty(self, key: str) -> None:
        """Forget what was begun under a key and has no part: whoever began it died before its
        name was kept, so that nobody can send anything to it.

        What has parts may be another program's, which knows its name.
        """
        for name in self._begun(key):
            with suppress(UploadEnded):
                if not self.parts(key, name):
                    self.abort(key, name)

    def marked(self, key: str) -> str | None:
        """The upload that the object of this key came of, empty for none of ours; None without
        an object."""
        try:
            said = self._ask(key, lambda: self._client.head_object(**self._at(key)))
        except FileNotFoundError:
            return None
        return str(said.get("Metadata", {}).get(_MARK, ""))

    def put(self, key: str, data: bytes) -> bool:
        """Store a small object; False where there is one."""
        if self.marked(key) is not None:
            return False
        try:
            self._of_upload(
                key,
                lambda: self._client.put_object(**self._at(key), Body=data, IfNoneMatch="*"),
            )
        except UploadNameTaken:
            return False
        return True

    def read(self, key: str) -> bytes | None:
        """A small object; None without one."""
        try:
            said = self._ask(key, lambda: self._client.get_object(**self._at(key)))
        except FileNotFoundError:
            return None
        return bytes(self._ask(key, said["Body"].read))

    def delete(self, key: str) -> None:
        """Remove an object."""
        self._ask(key, lambda: self._client.delete_object(**self._at(key)))

    def exists(self, key: str) -> bool:
        """Whether there is an object of this key."""
        return self.marked(key) is not None

    def _begun(self, key: str) -> list[str]:
        said = self._ask(
            key,
            lambda: self._client.list_multipart_uploads(
                Bucket=self.bucket, Prefix=f"{self.prefix}{key}"
            ),
        )
        return [
            str(item["UploadId"])
            for item in said.get("Uploads", ())
            if item["Key"] == f"{self.prefix}{key}"
        ]

    def _at(self, key: str) -> dict[str, str]:
        return {"Bucket": self.bucket, "Key": f"{self.prefix}{key}"}

    def _of_upload(self, key: str, work: Any) -> Any:
        """Ask, and tell what a bucket says of uploads and conditions."""
        from botocore.exceptions import ClientError

        def told() -> Any:
            try:
                return work()
            except ClientError as error:
                code = str(error.response.get("Error", {}).get("Code", ""))
                if code == "NoSuchUpload":
                    raise UploadEnded("the bucket has no such upload any more") from error
                if code == "PreconditionFailed":
                    raise UploadNameTaken(key) from error
                if code in ("InvalidPart", "InvalidPartOrder"):
                    raise UploadIncomplete("a part was sent again meanwhile: try again") from error
                raise

        return self._ask(key, told)

    def _ask(self, key: str, work: Any) -> Any:
        from botocore.exceptions import ClientError

        def told() -> Any:
            try:
                return work()
            except ClientError as error:
                # An answer to HEAD has no body that could say more.
                if str(error.response.get("Error", {}).get("Code", "")) == "404":
                    raise FileNotFoundError(f"{self.url}/{key}") from error
                raise

        return asking(f"{self.url}/{key}", told)


class SinglePutBucket:
    """Uploads with one signed PUT, into a bucket of Google or Azure, whose parts nobody can sign.

    The object waits under a hidden name, and gets its own once it is whole.
    """

    def __init__(self, store: ObjectStore) -> None:
        self.store = store

    @property
    def headers(self) -> dict[str, str]:
        """What a PUT has to send along."""
        return {} if self.store.scheme == "gs" else {"x-ms-blob-type": "BlockBlob"}

    @property
    def most_bytes(self) -> int:
        """What one PUT may bring."""
        return _MOST_PUT.get(self.store.scheme, _MOST_AZURE_PUT)

    def check(self, size_bytes: int) -> None:
        """Refuse what one PUT cannot bring.

        Raises:
            InputRejected: it is larger.
        """
        if size_bytes > self.most_bytes:
            raise InputRejected(
                "too_large",
                f"this store takes {self.most_bytes >> 20} MiB with one PUT, and its parts cannot "
                "be signed: drop larger files into the bucket with its own client",
            )

    def url(self, upload_id: str, expires_s: int) -> str:
        """The link to PUT to."""
        return self.store.upload_url(f"{_WAITING}/{upload_id}", expires_s=expires_s)

    def size(self, upload_id: str) -> int | None:
        """Bytes that came; None before they did."""
        found = self.store.head(f"{_WAITING}/{upload_id}")
        return found.size_bytes if found is not None else None

    def name(self, upload_id: str, key: str) -> bool:
        """Give the whole object its key; False where something has that.

        Raises:
            FileNotFoundError: nothing came, or it has its name already.
        """
        return self.store.rename(f"{_WAITING}/{upload_id}", key)

    def remove(self, upload_id: str) -> None:
        """Forget what came."""
        self.store.delete(f"{_WAITING}/{upload_id}")

    def waiting(self, before_s: float) -> list[str]:
        """Ids of uploads of which something came before this moment (Unix seconds)."""
        return [
            item.key.rpartition("/")[2]
            for item in self.store.list(_WAITING)
            if item.modified_s < before_s
        ]

    def exists(self, key: str) -> bool:
        """Whether there is an object of this key."""
        return self.store.head(key) is not None

    def put(self, key: str, data: bytes) -> bool:
        """Store a small object; False where there is one."""
        return self.store.put_bytes(key, data, only_if_absent=True)

    def has(self, key: str, size_bytes: int | None) -> bool:
        """Whether there is an object of this key and size."""
        found = self.store.head(key)
        return found is not None and found.size_bytes == size_bytes

    def read(self, key: str) -> bytes | None:
        """A small object; None without one."""
        return self.store.get_bytes(key)

    def delete(self, key: str) -> None:
        """Remove an object."""
        self.store.delete(key)


def check_parts(
    parts: Sequence[UploadedPart], size_bytes: int, part_size_bytes: int
) -> tuple[UploadedPart, ...]:
    """The parts of a whole upload.

    Raises:
        UploadIncomplete: some are missing, or not as long as they have to be.
    """
    count = part_count(size_bytes, part_size_bytes)
    known = {part.number: part for part in parts}
    sizes = dict.fromkeys(range(1, count), part_size_bytes)
    sizes[count] = size_bytes - part_size_bytes * (count - 1)
    wrong = [n for n, size in sizes.items() if n not in known or known[n].size_bytes != size]
    if wrong or len(known) != count:
        said = f"{count - len(wrong)} of {count} parts are there as they have to be"
        raise UploadIncomplete(f"{said}: send the others", tuple(wrong[:100]))
    return tuple(known[number] for number in sorted(known))

"""The other way in: a bucket tells of its objects through a queue (SQS)."""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote_plus, urlsplit

from vidpipe.intake.folders import asking, aws_client

#: Messages of one tick, and of one request to the queue.
_MESSAGES = 500
_AT_ONCE = 10


@dataclass(frozen=True)
class Message:
    """One message: the keys it tells of (none for a test message), and how to answer it."""

    receipt: str
    keys: tuple[tuple[str, str], ...]


class Queue:
    """An SQS queue that a bucket, SNS or EventBridge writes to."""

    def __init__(self, url: str, options: Mapping[str, str]) -> None:
        self.url = url
        endpoint = {}
        if options.get("endpoint"):
            parts = urlsplit(url)
            endpoint = {"endpoint": f"{parts.scheme}://{parts.netloc}"}
        self._client = aws_client("sqs", {**options, **endpoint})

    def receive(self) -> list[Message]:
        """What is there, some hundreds at most; each stays in the queue until it is answered."""
        messages: list[Message] = []
        while len(messages) < _MESSAGES:
            answer = asking(
                self.url,
                lambda: self._client.receive_message(
                    QueueUrl=self.url, MaxNumberOfMessages=_AT_ONCE, WaitTimeSeconds=0
                ),
            )
            batch = answer.get("Messages", ())
            if not batch:
                break
            messages += [Message(m["ReceiptHandle"], created(m["Body"])) for m in batch]
        return messages

    def count(self) -> int:
        """About how many messages wait."""
        name = "ApproximateNumberOfMessages"
        answer = asking(
            self.url,
            lambda: self._client.get_queue_attributes(QueueUrl=self.url, AttributeNames=[name]),
        )
        return int(answer["Attributes"][name])

    def answer(self, messages: Sequence[Message]) -> None:
        """What these tell of is written down: they may go."""
        for k in range(0, len(messages), _AT_ONCE):
            entries = [
                {"Id": str(n), "ReceiptHandle": m.receipt}
                for n, m in enumerate(messages[k : k + _AT_ONCE])
            ]
            asking(
                self.url,
                functools.partial(
                    self._client.delete_message_batch, QueueUrl=self.url, Entries=entries
                ),
            )


def created(body: str) -> tuple[tuple[str, str], ...]:
    """(bucket, key) of the objects that a message says were written.

    S3's own messages (keys encoded as in a form), the same wrapped by SNS, and those of
    EventBridge (keys as they are). What is neither tells of nothing: the queue may carry
    test messages, and a listing finds what a message garbled.
    """
    try:
        told: Any = json.loads(body)
        if isinstance(told, dict) and isinstance(told.get("Message"), str):
            told = json.loads(told["Message"])
    except ValueError:
        return ()
    if not isinstance(told, dict):
        return ()
    if told.get("detail-type") == "Object Created":
        detail = told.get("detail", {})
        return ((str(detail["bucket"]["name"]), str(detail["object"]["key"])),)
    found = []
    for record in told.get("Records", ()):
        if str(record.get("eventName", "")).removeprefix("s3:").startswith("ObjectCreated"):
            item = record["s3"]
            found.append((str(item["bucket"]["name"]), unquote_plus(item["object"]["key"])))
    return tuple(found)

"""Being told of objects: over a real wire, and by whatever wraps the message."""

import json
from datetime import timedelta

import boto3
import dagster as dg
import pytest

from resources.vidpipe_resource import VidpipeResource
from sensors.drop_notifications import drop_notifications
from vidpipe.catalog.inbox import Inbox
from vidpipe.catalog.tables import now
from vidpipe.catalog.turns import ChoreTurnRow
from vidpipe.errors import Misconfigured, Unavailable
from vidpipe.intake.notifications import Queue, created
from vidpipe.library import Library
from vidpipe.library.due import ListedPart
from vidpipe.library.processor import Processor

RECORD = {
    "eventName": "ObjectCreated:Put",
    "s3": {"bucket": {"name": "b"}, "object": {"key": "a/talk+%C3%BC+%2B.mp4"}},
}


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (json.dumps({"Records": [RECORD]}), (("b", "a/talk ü +.mp4"),)),
        (
            json.dumps({"Message": json.dumps({"Records": [RECORD, RECORD]})}),
            (("b", "a/talk ü +.mp4"),) * 2,
        ),
        (
            json.dumps(
                {
                    "detail-type": "Object Created",
                    "detail": {"bucket": {"name": "b"}, "object": {"key": "a/as+it is.mp4"}},
                }
            ),
            (("b", "a/as+it is.mp4"),),
        ),
        (json.dumps({"Records": [{**RECORD, "eventName": "ObjectRemoved:Delete"}]}), ()),
        (json.dumps({"Event": "s3:TestEvent"}), ()),
        ("not json", ()),
        ("[1, 2]", ()),
    ],
)
def test_messages_are_read_whoever_sent_them(body, told):
    assert created(body) == told


@pytest.fixture
def told(s3_options, tmp_path, monkeypatch):
    """A home whose drop folder is a bucket that tells a queue of its objects."""
    aws = {
        "endpoint_url": s3_options["endpoint"],
        "aws_access_key_id": "test",
        "aws_secret_access_key": "test",
        "region_name": "us-east-1",
    }
    s3, sqs = boto3.client("s3", **aws), boto3.client("sqs", **aws)
    name = tmp_path.name.replace("_", "-")[-30:].strip("-")
    s3.create_bucket(Bucket=name)
    queue = sqs.create_queue(QueueName=name)["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])
    wanted = {"QueueArn": arn["Attributes"]["QueueArn"], "Events": ["s3:ObjectCreated:*"]}
    s3.put_bucket_notification_configuration(
        Bucket=name, NotificationConfiguration={"QueueConfigurations": [wanted]}
    )
    monkeypatch.setenv("VIDPIPE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("VIDPIPE_DROP_URL", f"s3://{name}/in")
    monkeypatch.setenv("VIDPIPE_DROP_OPTIONS", json.dumps(s3_options))
    monkeypatch.setenv("VIDPIPE_DROP_QUEUE_URL", queue)
    resource = VidpipeResource()

    def put(key):
        s3.put_object(Bucket=name, Key=key, Body=b"x")

    return resource, put, lambda: _waiting(sqs, queue)


def _waiting(sqs, queue):
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    found = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=names)["Attributes"]
    return sum(int(found[name]) for name in names)


def tick(resource):
    with dg.DagsterInstance.ephemeral() as instance:
        result = drop_notifications(dg.build_sensor_context(instance=instance), vidpipe=resource)
    return (
        result.skip_message
        if isinstance(result, dg.SkipReason)
        else (result.skip_reason.skip_message)
    )


def test_an_object_with_its_sidecars_is_noticed_when_told_of(told):
    resource, put, waiting = told
    put("in/default/talk ü +.srt")
    put("in/default/talk ü +.mp4")
    put("in/default/notes.txt")
    put("elsewhere/talk.mp4")
    assert "1 videos new or changed" in tick(resource)
    [row] = resource.engine.catalog.uploads()
    assert row.key == "default/talk ü +.mp4" and set(row.sidecars) == {".srt"}
    assert waiting() == 0 and "no notification" in tick(resource)
    # A sidecar that comes later is a change of its video.
    put("in/default/talk ü +.yaml")
    assert "1 videos new or changed" in tick(resource)


def test_messages_stay_until_what_they_tell_of_is_written_down(told, monkeypatch):
    resource, put, waiting = told
    put("in/default/talk.mp4")

    def away(*_):
        raise Unavailable("the catalog is away")

    with monkeypatch.context() as patch:
        patch.setattr(Inbox, "notice", away)
        assert "stay in the queue" in tick(resource)
    # The bucket itself said hello to the queue first.
    assert waiting() == 2 and resource.engine.catalog.uploads() == []


def test_without_a_queue_it_says_so_and_a_wrong_one_is_named(told, s3_options, monkeypatch):
    queue = Queue(f"{s3_options['endpoint']}/123456789012/never-made", s3_options)
    with pytest.raises(Misconfigured, match="never-made"):
        queue.receive()
    monkeypatch.setenv("VIDPIPE_DROP_QUEUE_URL", "")
    assert "not set" in tick(VidpipeResource())


def test_a_service_hears_of_objects_whatever_becomes_of_its_listing(told, monkeypatch):
    resource, put, waiting = told
    processor = Processor(Library(resource.engine))

    def away(*_):
        raise Unavailable("away")

    def noticed():
        return sorted(row.key for row in resource.engine.catalog.uploads())

    with monkeypatch.context() as patch:
        patch.setattr("vidpipe.library.processor.list_part", away)
        put("in/default/one.mp4")
        with pytest.raises(Unavailable):
            processor.notice()
        assert processor.hear() and noticed() == ["default/one.mp4"] and waiting() == 0
        assert not processor.hear(), "again at once, as there were some"
        put("in/default/two.mp4")
        assert not processor.hear(), "then seconds later"
        # The listing has had its turn, and has the next in half a minute.
        with resource.engine.catalog.writing() as session:
            session.query(ChoreTurnRow).update({"due_at": now()})
        assert processor.hear() and len(noticed()) == 2
    put("in/default/three.mp4")
    with monkeypatch.context() as patch:
        patch.setattr("vidpipe.library.processor.read_notifications", away)
        with resource.engine.catalog.writing() as session:
            session.query(ChoreTurnRow).update({"due_at": now()})
        with pytest.raises(Unavailable):
            processor.hear()
        processor.notice()
    assert "default/three.mp4" in noticed()


def test_a_listing_that_takes_long_stays_the_process_s_that_began_it(told, monkeypatch):
    resource, put, _ = told
    processor, turns = Processor(Library(resource.engine)), resource.engine.catalog.turns
    put("in/default/one.mp4")
    seen = []

    def slow(engine, folder, after=""):
        seen.append(after)
        assert turns.take("drop folder") is None
        with engine.catalog.writing() as session:
            # As after minutes of listing.
            due_at = session.query(ChoreTurnRow).one().due_at
            assert due_at > now() + timedelta(seconds=200)
            session.query(ChoreTurnRow).update({"due_at": now() + timedelta(seconds=10)})
        return ListedPart(1, (), (), (), "more" if len(seen) < 3 else "")

    monkeypatch.setattr("vidpipe.library.processor.list_part", slow)
    processor.notice()
    assert seen == ["", "more", "more"]

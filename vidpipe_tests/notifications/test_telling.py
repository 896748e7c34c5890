"""Failures become messages: grouped, soon, once, again when it did not work, and over."""

from __future__ import annotations

import logging
import threading
from datetime import timedelta

import pytest

from vidpipe.catalog.failures import Failed
from vidpipe.catalog.notice_kinds import NoticeLevel
from vidpipe.catalog.notice_tables import NoticeRow
from vidpipe.catalog.notices import Notice, tell
from vidpipe.errors import RETRY_DELAYS_S
from vidpipe.notifications.options import NotifyOptions
from vidpipe.operations.recovery import note_failure, requeue
from vidpipe_tests.catalog.conftest import video
from vidpipe_tests.notifications.conftest import People, target


def test_ten_failures_of_one_cause_in_a_minute_are_one_message(office):
    failed = []
    for _ in range(10):
        failed.append(office.fail())
        office.work(5)
    office.work(60)
    assert office.people.titles == ["❌ talks: 10 videos were given up (unavailable)"]
    text = office.people.last.text
    assert failed[0].subject in text and "at transcript, after 5 tries" in text
    assert "the store did not answer" in text and "… and 7 more" in text
    assert f"https://clips.example.org/videos/{failed[0].subject}" in text
    assert f"https://dagster.example.org/runs/{failed[0].run_id}" in text
    assert "vidpipe failures --cause unavailable --retry-all" in text
    assert "https://docs.example.org/runbook.md#a-video-was-given-up" in text
    assert [row.untold for row in office.rows()] == [0]


def test_a_storm_of_many_causes_is_a_digest(office):
    for number in range(20):
        for _ in range(1 + number % 3):
            office.fail(cause=f"unexpected:E{number}", channel=f"c{number % 7}")
    office.work(130, every=10)
    assert len(office.people.heard) <= 3
    digest = office.people.heard[0][1]
    assert "things went wrong, of" in digest.title and "causes more:" in digest.text
    assert sum(row.told for row in office.rows()) == 39
    assert not any(row.untold for row in office.rows())


def test_what_is_told_is_told_again_with_what_came_since(office):
    office.fail()
    office.work(62)
    office.fail()
    office.fail()
    office.work(100)
    assert len(office.people.heard) == 1
    office.work(140)
    assert office.people.titles[1:] == ["❌ talks: 2 videos were given up (unavailable)"]
    assert "1 were told before, since 2026-03-04 12:00 UTC." in office.people.last.text


def test_it_is_said_when_nothing_of_it_is_left(office):
    catalog = office.catalog
    catalog.accept_video(video())
    office.fail(subject="default--talk-0123456789", channel="default")
    office.fail(channel="default")
    office.work(62)
    assert "talk [default--talk-0123456789]" in office.people.last.text
    requeue(catalog, catalog.failures.living()[:1])
    office.notifier().end_resolved()
    office.work(10)
    assert len(office.people.heard) == 1
    requeue(catalog, catalog.failures.living())
    for _ in range(2):
        office.notifier().end_resolved()
        office.work(10)
    assert office.people.titles[1:] == [
        "✅ default: No video is given up for this cause any more (unavailable)"
    ]
    assert office.people.last.text == "You were told of 2 since 2026-03-04 12:00 UTC."
    assert office.people.last.level == NoticeLevel.INFO


def test_each_target_is_told_what_it_wants(office):
    office.options = NotifyOptions(
        targets={
            "all": target(level="info"),
            "ops": target(level="error"),
            "talks": target(channels=("talks",)),
            "files": target(kinds=("upload.*",)),
            "off": target().model_copy(update={"url": type(target().url)("")}),
        }
    )
    office.fail(cause="cancelled")
    office.fail(cause="rejected:no_speech", channel="news")
    office.fail(cause="worker_lost", channel="news")
    office.fail(cause="process_lost", subject="talks/a.mp4")
    office.catalog.notices.add(Notice("process.lost", "silent", subject="p"))
    office.work(70)
    heard = dict(office.people.heard)
    assert len(office.people.heard) == len(heard) == 4
    assert "5 things went wrong, of 5 causes" in heard["all"].title
    assert "2 things went wrong" in heard["ops"].title
    assert heard["talks"].title == heard["files"].title
    assert "An upload was given up (process_lost)" in heard["files"].title
    assert "off" not in {row.target for row in office.rows()}


def test_a_target_away_is_tried_again_and_loses_nothing(office, caplog):
    office.people.away = True
    with caplog.at_level(logging.INFO, "vidpipe"):
        office.fail()
        office.work(70)
        office.fail()
        (row,) = office.rows()
        assert row.failures >= 1 and row.last_error == "ops: it answered 500"
        office.work(600, every=10)
        assert 5 <= office.rows()[0].failures <= 8
        office.people.away = False
        office.work(340)
    assert office.people.titles == ["❌ talks: 2 videos were given up (unavailable)"]
    assert office.rows()[0].failures == 0 and office.rows()[0].last_error is None
    assert "json://" not in caplog.text and "notification_delivery_failed" in caplog.text


@pytest.mark.logs_errors
def test_what_no_target_takes_for_days_is_dropped_with_a_word(office, caplog):
    office.people.away = True
    office.fail()
    office.work(70)
    office.clock.forward(3 * 86400 + 1)
    with caplog.at_level(logging.ERROR, "vidpipe"):
        office.work()
    assert "notification_delivery_dropped" in caplog.text
    assert office.rows()[0].untold == 0 and office.rows()[0].due_at is None
    office.people.away = False
    office.fail()
    office.work(70)
    assert office.people.titles == ["❌ talks: A video was given up (unavailable)"]


def test_workers_beside_each_other_tell_once(office):
    for number in range(30):
        office.fail(cause=f"unexpected:E{number % 5}", channel=f"c{number % 2}")
    told = [People() for _ in range(4)]
    notifiers = [office.notifier(people) for people in told]
    ready = threading.Barrier(len(told))

    def work(notifier):
        ready.wait()
        for _ in range(20):
            notifier.give()
            notifier.send()

    for forward in (0, 61):
        office.clock.forward(forward)
        threads = [threading.Thread(target=work, args=(n,)) for n in notifiers]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    text = "\n".join(message.text for people in told for _, message in people.heard)
    for number in range(5):
        for channel in ("c0", "c1"):
            assert text.count(f"{channel}: 3 videos were given up (unexpected:E{number})") == 1
    assert sum(row.told for row in office.rows()) == 30


def test_a_worker_that_dies_while_it_tells_leaves_it_to_another(office):
    office.fail()
    office.notifier().give()
    office.clock.forward(61)
    dead = office.notifier()
    (claimed,) = dead._rows.claim("ops", dead._pace)
    office.fail()
    office.work(200, every=10)
    assert office.people.heard == []
    office.work(110, every=10)
    assert office.people.titles == ["❌ talks: 2 videos were given up (unavailable)"]
    # Back from the dead it changes nothing.
    dead._rows.sent([claimed], dead._pace)
    assert [(row.told, row.untold) for row in office.rows()] == [(2, 0)]


def test_what_comes_while_it_is_sent_is_told_next(office):
    office.fail()
    office.notifier().give()
    office.clock.forward(61)
    slow = office.notifier()
    groups = slow._rows.claim("ops", slow._pace)
    office.clock.forward(5)
    later = office.fail()
    office.work()
    office.clock.forward(5)
    slow._rows.sent(groups, slow._pace)
    (row,) = office.rows()
    assert (row.told, row.untold) == (1, 1)
    assert row.due_at == groups[0].due_at - timedelta(seconds=300) + timedelta(seconds=240)
    assert [example["subject"] for example in row.examples] == [later.subject]
    office.work(240)
    assert office.people.titles == ["❌ talks: A video was given up (unavailable)"]


def test_a_condition_is_told_at_once_reminded_of_and_over(office):
    conditions = office.catalog.conditions
    notice = Notice("worker.silent", "the last heartbeat came at noon", subject="worker")
    assert conditions.holds(notice, remind_s=6 * 3600)
    assert not conditions.holds(notice, remind_s=6 * 3600)
    office.work(2)
    assert office.people.titles == ["🚨 No worker is alive"]
    office.clock.forward(6 * 3600)
    assert conditions.holds(notice, remind_s=6 * 3600)
    office.work(2)
    assert len(office.people.heard) == 2
    assert conditions.over("worker.silent", "worker", "alive")
    assert not conditions.over("worker.silent", "worker", "alive")
    office.work(2)
    assert office.people.titles[2:] == ["✅ A worker is alive again"]
    assert conditions.all() == []


def test_a_condition_that_comes_and_goes_is_no_news(office):
    conditions = office.catalog.conditions
    for _ in range(5):
        conditions.holds(Notice("disk.low", "1 GiB free", subject="host"), remind_s=3600)
        office.work(20)
        conditions.over("disk.low", "host", "room")
        office.work(20)
    assert office.people.heard == []
    conditions.holds(Notice("disk.low", "1 GiB free", subject="host"), remind_s=3600)
    office.work(62)
    assert office.people.titles == ["❌ A disk is nearly full"]


def test_a_retried_failure_is_told_when_it_is_final(office):
    catalog = office.catalog
    catalog.accept_video(video())
    for number in range(len(RETRY_DELAYS_S) + 1):
        assert office.rows(NoticeRow) == []
        note_failure(catalog, _failed(f"r{number}"), passing=True)
    (row,) = office.rows(NoticeRow)
    assert (row.kind, row.data["attempts"], row.name) == ("video.failed", 5, "talk")
    note_failure(catalog, _failed("r4"), passing=True)
    assert len(office.rows(NoticeRow)) == 1


def _failed(run_id):
    subject = "default--talk-0123456789"
    return Failed(subject, "default", "process_video", "layout", "worker_lost", "gone", run_id)


def test_what_strangers_name_mentions_nobody_and_leads_nowhere(office):
    office.fail(message="see https://evil.example/x @channel <!here>\n\x1b[31mnow")
    office.fail(channel="talks", subject="talks--@everyone-1")
    office.work(62)
    text = office.people.last.text
    assert "https://evil" not in text and "@channel" not in text and "@everyone" not in text
    assert "\x1b" not in text and "\nnow" not in text


def test_old_notices_and_targets_that_are_gone_are_removed(office):
    office.fail()
    office.work(62)
    office.options = NotifyOptions(targets={"other": target()})
    assert not office.notifier().tidy()
    assert office.rows() == [] and len(office.rows(NoticeRow)) == 1
    office.clock.forward(31 * 86400)
    assert not office.notifier().tidy()
    assert office.rows(NoticeRow) == []


def test_nobody_is_told_before_a_failure_is_committed(office):
    def ended():
        with office.catalog.writing() as session:
            tell(session, Notice("test", "never"))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        ended()
    assert office.rows(NoticeRow) == []

"""Everything that fails for good is told of, where it does, and each kind is told in words."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from vidpipe.catalog import events
from vidpipe.catalog.notice_kinds import CONDITIONS, NOTICE_KINDS, NoticeLevel
from vidpipe.catalog.notice_tables import NoticeGroupRow, NoticeRow
from vidpipe.catalog.notices import tell_of_event
from vidpipe.catalog.tables import UploadRow
from vidpipe.notifications.options import NotifyOptions
from vidpipe.notifications.words import KINDS, message
from vidpipe_tests.notifications.conftest import BEGAN, PLACES, target

RUNBOOK = Path(__file__).parents[2] / "docs" / "runbook.md"


def anchors(text: str) -> set[str]:
    """The anchors of a document's headings, as a forge and `vidpipe serve` give them."""
    words = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    return {re.sub(r"\s", "-", re.sub(r"[^\w\s-]", "", w.lower()).strip()) for w in words}


@pytest.mark.parametrize("kind", NOTICE_KINDS)
def test_each_kind_has_words_and_a_section_of_the_runbook(kind):
    known = KINDS[kind]
    assert known.section in anchors(RUNBOOK.read_text("utf-8"))
    assert known.todo and not known.todo.endswith(".")
    assert known.over or kind not in CONDITIONS
    for untold in (1, 3):
        group = NoticeGroupRow(
            target="ops",
            group_id="g",
            kind=kind,
            cause="because",
            channel=None,
            level=NOTICE_KINDS[kind],
            untold=untold,
            told=0,
            examples=[{"subject": "it", "name": "It", "message": "why"}],
            first_at=BEGAN,
            last_at=BEGAN,
        )
        said = message([group], PLACES)
        # In commands and addresses it says where an id goes.
        text = said.text.replace("{job_id}", "").replace("{post_id}", "")
        assert "{" not in said.title + text
        assert f"https://docs.example.org/runbook.md#{known.section}" in said.text


def test_kinds_with_words_are_those_that_there_are():
    assert KINDS.keys() == NOTICE_KINDS.keys()


def test_a_rejected_upload_and_one_that_was_accepted(office):
    for state, reason in (("quarantined", "no_video"), ("skipped", "not_media")):
        office.catalog.inbox.decide(
            UploadRow(
                key=f"talks/{state}.txt",
                channel="talks",
                version="1",
                size_bytes=1,
                state=state,
                reason=reason,
                message="it has no picture",
            )
        )
    (row,) = office.rows(NoticeRow)
    assert (row.kind, row.level) == ("upload.rejected", "warning")
    assert (row.subject, row.cause) == ("talks/quarantined.txt", "no_video")


@pytest.mark.parametrize(
    ("cause", "level"),
    [
        ("unavailable", NoticeLevel.ERROR),
        ("rejected:no_speech", NoticeLevel.WARNING),
        ("cancelled", NoticeLevel.INFO),
    ],
)
def test_how_much_a_cause_matters(office, cause, level):
    office.fail(cause=cause)
    assert [row.level for row in office.rows(NoticeRow)] == [level]


def test_events_of_some_types_are_told_of_and_over(office):
    data = {"service": "gemini", "failures": 5}
    with office.catalog.writing() as session:
        tell_of_event(session, "service.unavailable", "talks", data)
        tell_of_event(session, "video.completed", "talks", {"video_id": "talks--a-1"})
    (row,) = office.rows(NoticeRow)
    assert (row.subject, row.message) == ("gemini", "5 calls failed one after the other")
    office.work(62)
    assert office.people.titles == ["❌ talks: An outside service is away"]
    with office.catalog.writing() as session:
        tell_of_event(session, "service.recovered", "talks", {"service": "gemini"})
    office.work(2)
    assert office.people.titles[1:] == ["✅ talks: The outside service answers again"]


def test_a_service_answers_again_whichever_channel_sees_it(office):
    office.options = NotifyOptions(targets={"talks": target(channels=("talks",))})
    data = {"service": "gemini", "failures": 5}
    with office.catalog.writing() as session:
        tell_of_event(session, "service.unavailable", "talks", data)
    office.work(62)
    with office.catalog.writing() as session:
        tell_of_event(session, "service.recovered", "news", {"service": "gemini"})
    office.work(2)
    assert office.people.titles[1:] == ["✅ talks: The outside service answers again"]


def test_what_an_event_says_is_in_the_message(office):
    spent = {"nanos": 150_200_000_000, "soft_nanos": 150_000_000_000, "currency": "USD"}
    quota = {"quota": "youtube.units", "service": "youtube", "until": "2026-03-01T08:00:00Z"}
    with office.catalog.writing() as session:
        tell_of_event(session, "budget.soft_limit", "talks", {"budget": "channel/day", **spent})
        tell_of_event(session, "quota.exhausted", "talks", quota)
    office.work(62)
    text = office.people.last.text
    assert "• channel/day: 150.20 of 150.00 USD are spent" in text
    assert "• youtube.units: calls wait until 2026-03-01T08:00:00Z" in text


def test_emitting_an_event_is_enough(office, monkeypatch):
    seen = []
    monkeypatch.setattr(events, "tell_of_event", lambda _, *given: seen.append(given))
    with office.catalog.writing() as session:
        events.emit(session, "video.completed", "talks", {"video_id": "talks--a-1"})
    assert seen == [("video.completed", "talks", {"video_id": "talks--a-1"})]


def test_a_target_of_kinds_that_there_are_not_is_refused():
    with pytest.raises(ValueError, match=r"none of video\.failed"):
        target(kinds=("vido.*",))
    with pytest.raises(ValueError, match="a target's name"):
        NotifyOptions(targets={"Ops Team": target()})

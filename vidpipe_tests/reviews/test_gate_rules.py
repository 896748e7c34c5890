"""When a channel asks: trusted hours, what its gates stand before, and what a decision does."""

import threading
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from pydantic import ValidationError

from vidpipe.catalog.reviews import Halt, halt, locked
from vidpipe.channels.model import load_channels
from vidpipe.channels.reviews import GateName, ReviewRules, TrustedHours
from vidpipe.library import (
    GateState,
    JobSpec,
    JobState,
    NotApproved,
    NotDecided,
    Reason,
    UnknownGate,
    VideoState,
)
from vidpipe_tests.reviews.conftest import ADA, BEN, ONE, TWO, VIDEO, two_clips, video_row

BERLIN = ZoneInfo("Europe/Berlin")
OFFICE = TrustedHours(timezone="Europe/Berlin", begin="09:00", end="17:30")


def at(text, zone=BERLIN):
    return datetime.fromisoformat(text).replace(tzinfo=zone)


@pytest.mark.parametrize(
    ("moment", "hold"),
    [
        (at("2026-11-27T09:00"), True),
        (at("2026-11-27T17:29"), True),
        (at("2026-11-27T17:30"), False),
        (at("2026-11-27T08:59"), False),
        (at("2026-11-28T12:00"), False),
        # The same moment, told by another clock: 08:30 UTC is 09:30 in Berlin in winter.
        (at("2026-11-27T08:30", ZoneInfo("UTC")), True),
        (at("2026-07-03T07:30", ZoneInfo("UTC")), True),
        (at("2026-07-03T06:59", ZoneInfo("UTC")), False),
    ],
)
def test_trusted_hours_are_those_of_a_place(moment, hold):
    assert OFFICE.hold(moment) is hold


@pytest.mark.parametrize(
    ("moment", "hold"),
    [
        (at("2026-11-27T23:00"), True),
        (at("2026-11-28T05:59"), True),
        (at("2026-11-28T06:00"), False),
        (at("2026-11-28T23:00"), False),
        (at("2026-11-29T05:00"), False),
    ],
)
def test_a_night_belongs_to_the_day_on_which_it_begins(moment, hold):
    night = TrustedHours(timezone="Europe/Berlin", weekdays=["fri"], begin="22:00", end="06:00")
    assert night.hold(moment) is hold


def test_a_gate_asks_always_never_or_outside_of_trusted_hours():
    rules = ReviewRules(render="ask", publish="ask_outside_hours", trusted_hours=OFFICE)
    day, night = at("2026-11-27T12:00"), at("2026-11-27T23:00")
    assert [rules.asks(GateName.RENDER, moment) for moment in (day, night)] == [True, True]
    assert [rules.asks(GateName.PUBLISH, moment) for moment in (day, night)] == [False, True]
    assert not rules.asks(GateName.EXPORT, night) and rules.active
    assert not ReviewRules(export=False).active


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"publish": "ask_outside_hours"}, "needs trusted_hours"),
        ({"publish": "sometimes"}, "publish"),
        ({"trusted_hours": {"timezone": "Mars/Olympus"}}, "no time zone"),
        ({"trusted_hours": {"timezone": "../../etc/passwd"}}, "no time zone"),
        ({"trusted_hours": {"begin": 570}}, "quotes"),
        ({"trusted_hours": {"weekdays": []}}, "weekdays"),
    ],
)
def test_rules_that_cannot_be_are_refused(given, words):
    with pytest.raises(ValidationError, match=words):
        ReviewRules(**given)


def test_rules_are_read_from_the_channels_file(tmp_path):
    path = tmp_path / "channels.yaml"
    path.write_text(
        "channels:\n  news:\n    review:\n      export: off\n      publish: ask_outside_hours\n"
        "      trusted_hours: {timezone: Europe/Berlin, begin: '09:00', end: '17:30'}\n"
    )
    rules = load_channels(path)["news"].review
    assert rules.export == "off" and rules.trusted_hours.weekdays[-1] == "fri"


# Rows


@pytest.fixture
def library(open_library, database_url):
    library = open_library("render: ask, publish: ask", database_url)
    assert library.engine.catalog.accept_video(video_row())
    two_clips(library.engine.catalog)
    yield library
    library.engine.catalog.engine.dispose()


def wait_at(library, gate="render", fingerprint=ONE, stages=("rendered_clips",), **more):
    from vidpipe.catalog.requests import close_requests

    with library.engine.catalog.writing() as session:
        video = locked(session, VIDEO)
        close_requests(session, VIDEO)
        return halt(session, video, Halt(gate, fingerprint, tuple(stages), **more)).id


def open_requests(library):
    rows = library.engine.catalog.requests.of_video(VIDEO)
    return [(row.cause, row.stages, row.run_options) for row in rows if row.state == "open"]


def test_an_approval_asks_for_the_rest_with_the_options_of_what_was_asked(library):
    number = wait_at(library, run_options={"clips": 3})
    made = library.reviews.approve_gate(number, ONE, ADA)
    assert made.state is GateState.APPROVED
    assert open_requests(library) == [("review", ["rendered_clips"], {"clips": 3})]
    assert library.reviews.approve_gate(number, ONE, ADA).gate_id == number
    assert len(open_requests(library)) == 1


def test_who_decides_on_a_gate_second_or_on_something_else_is_told(library):
    number = wait_at(library)
    with pytest.raises(NotDecided) as changed:
        library.reviews.approve_gate(number, TWO, ADA)
    assert changed.value.code == "gate_changed"
    assert changed.value.details == {"fingerprint": ONE}
    library.reviews.reject_gate(number, ONE, Reason.OFF_BRAND, ADA)
    with pytest.raises(NotDecided, match=r"ada@example\.org rejected") as second:
        library.reviews.approve_gate(number, ONE, BEN)
    assert second.value.details["decision"]["verdict"] == "rejected"
    with pytest.raises(UnknownGate):
        library.reviews.approve_gate(number + 1, ONE, ADA)


def test_of_many_at_a_gate_exactly_one_decides(library):
    number, start, ended = wait_at(library), threading.Barrier(6), []

    def decide(which):
        from vidpipe.catalog.reviews import Decider

        who = Decider(f"user:{which}", f"user {which}")
        start.wait()
        try:
            library.reviews.approve_gate(number, ONE, who)
            ended.append(None)
        except NotDecided as error:
            ended.append(error.details["decision"]["by"])

    threads = [threading.Thread(target=decide, args=(which,)) for which in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    winner = library.reviews.gate(number).by
    assert sorted(ended, key=str) == sorted([None, *[winner] * 5], key=str)
    assert len(open_requests(library)) == 1


def test_another_form_of_what_waits_is_another_question(library):
    number = wait_at(library)
    assert wait_at(library, fingerprint=TWO, stages=["platform_exports/tiktok"]) == number
    found = library.reviews.gate(number)
    assert found.fingerprint == TWO
    assert found.stages == ("rendered_clips", "platform_exports/tiktok")
    # With other options it waits by itself.
    assert wait_at(library, run_options={"clips": 3}) != number


def test_jobs_wait_for_what_they_asked_for_and_no_other(library):
    wait_at(library)
    [whole] = library.jobs.create([JobSpec(video_id=VIDEO)], asked_by="local")
    words = JobSpec(video_id=VIDEO, stages=["transcript"])
    [part] = library.jobs.create([words], asked_by="local")
    wait_at(library)
    library.engine.catalog.finish_video(VIDEO, video_row().created_at or _moment(), None, [])
    assert library.jobs.get(whole.job_id).state is JobState.WAITING_FOR_REVIEW
    assert library.jobs.get(part.job_id).state is JobState.DONE
    assert library.status(VIDEO).state is VideoState.WAITING_FOR_REVIEW
    # Nothing of it is removed meanwhile, whatever its age.
    assert library.engine.catalog.reviews.all_waiting() == {VIDEO}


def test_a_job_that_is_cancelled_at_a_gate_does_not_go_on(library):
    wait_at(library)
    [whole] = library.jobs.create([JobSpec(video_id=VIDEO)], asked_by="local")
    [part] = library.jobs.create(
        [JobSpec(video_id=VIDEO, stages=["rendered_clips"])], asked_by="local"
    )
    number = wait_at(library)
    library.engine.catalog.failures.resolved(VIDEO)
    assert library.jobs.get(whole.job_id).state is JobState.WAITING_FOR_REVIEW
    library.jobs.cancel(part.job_id)
    assert library.reviews.gate(number).state is GateState.WAITING, "another job waits there"
    library.jobs.cancel(whole.job_id)
    assert library.reviews.gate(number).state is GateState.VOID
    with pytest.raises(NotDecided):
        library.reviews.approve_gate(number, ONE, ADA)
    assert open_requests(library) == []


def _moment():
    from vidpipe.catalog.tables import now

    return now()


def test_a_video_that_is_retired_waits_for_nobody(library):
    number = wait_at(library)
    library.retire([VIDEO])
    assert library.reviews.gate(number).state is GateState.VOID
    with pytest.raises(NotDecided):
        library.reviews.approve_gate(number, ONE, ADA)


def test_clips_are_decided_on_one_by_one(library):
    number = wait_at(library, gate="publish", stages=())
    with pytest.raises(NotDecided) as refused:
        library.reviews.approve_gate(number, ONE, ADA)
    assert refused.value.code == "decide_clips"
    assert library.reviews.gate(number).pending_clips == 2
    library.reviews.approve(VIDEO, "1", ONE, ADA)
    assert library.reviews.gate(number).pending_clips == 1
    with pytest.raises(NotApproved, match="nobody approved"):
        library.reviews.may_publish(VIDEO, "2")
    library.reviews.reject(VIDEO, "2", TWO, Reason.DUPLICATE, BEN)
    found = library.reviews.gate(number)
    assert (found.state, found.by_name) == (GateState.APPROVED, "ben@example.org")
    assert library.reviews.may_publish(VIDEO, "1").by_name == "ada@example.org"
    assert open_requests(library) == []


def test_in_trusted_hours_a_clip_may_be_published_unless_it_waits_already(open_library):
    hours = "trusted_hours: {timezone: Europe/Berlin}"
    library = open_library(f"publish: ask_outside_hours, {hours}")
    assert library.engine.catalog.accept_video(video_row())
    two_clips(library.engine.catalog)
    day, night = at("2026-11-27T12:00"), at("2026-11-27T23:00")
    assert library.reviews.may_publish(VIDEO, "1", at=day) is None
    with pytest.raises(NotApproved):
        library.reviews.may_publish(VIDEO, "1", at=night)
    # What was asked at night is answered by somebody, not by the clock.
    wait_at(library, gate="publish", stages=())
    with pytest.raises(NotApproved):
        library.reviews.may_publish(VIDEO, "1", at=day)


def test_what_waits_is_counted(library):
    from vidpipe.observability.metrics.catalog import CatalogCollector

    wait_at(library)
    collector = CatalogCollector(lambda: library.engine.catalog, ["default"])
    found = {
        (sample.name, sample.labels.get("gate")): sample.value
        for metric in collector.collect()
        for sample in metric.samples
        if sample.name.startswith("vidpipe_reviews")
    }
    assert found["vidpipe_reviews_waiting", "render"] == 1
    assert found["vidpipe_reviews_waiting", "publish"] == 0
    assert found["vidpipe_reviews_oldest_age_seconds", None] >= 0

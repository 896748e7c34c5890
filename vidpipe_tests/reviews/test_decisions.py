"""Approving and rejecting: what counts, for which form of a clip, and whose word it is."""

import threading

import pytest
from sqlalchemy import select

from vidpipe.accounts.audit import Actor
from vidpipe.catalog.account_tables import AuditRow
from vidpipe.catalog.webhook_tables import EventRow
from vidpipe.library import NotApproved, NotDecided, Reason, Refused, ReviewState, UnknownClip
from vidpipe_tests.reviews.conftest import (
    ADA,
    BEN,
    ONE,
    TWO,
    VIDEO,
    clip_row,
    render,
    two_clips,
    video_row,
)


@pytest.fixture
def library(open_library, database_url):
    library = open_library("", database_url)
    assert library.engine.catalog.accept_video(video_row())
    two_clips(library.engine.catalog)
    yield library
    library.engine.catalog.engine.dispose()


def states(library):
    page = library.reviews.list(channels=["default"])
    return {item.clip_id: item.state for item in page.items}


def emitted(library):
    """Types and data of what was emitted, where somebody listens."""
    with library.engine.catalog.session() as session:
        rows = session.scalars(select(EventRow).order_by(EventRow.id)).all()
    return [(row.type, row.data) for row in rows]


def listen(library):
    library.webhooks.create(
        organisation="default",
        url="https://8.8.8.8/hook",
        types=["review.needed", "review.decided", "review.voided"],
        created_by="local",
    )


def test_a_clip_is_approved_and_another_rejected_with_a_reason(library):
    made = library.reviews.approve(VIDEO, "1", ONE, ADA, note=" good ")
    assert (made.state, made.decision.by_name, made.decision.note) == (
        ReviewState.APPROVED,
        "ada@example.org",
        "good",
    )
    library.reviews.reject(VIDEO, "c2", TWO, Reason.NO_CONTEXT, BEN, note="who is it?")
    assert states(library) == {"c1": ReviewState.APPROVED, "c2": ReviewState.REJECTED}
    withheld = library.engine.catalog.reviews.withheld(VIDEO)
    assert withheld == {
        "c2": "ben@example.org rejected it: not understood without what comes before: who is it?"
    }


def test_what_was_not_seen_is_not_approved(library):
    with pytest.raises(NotDecided) as refused:
        library.reviews.approve(VIDEO, "c1", TWO, ADA)
    assert refused.value.code == "clip_changed"
    assert refused.value.details == {"fingerprint": ONE}
    assert states(library)["c1"] is ReviewState.PENDING


def test_the_second_to_decide_is_told_who_was_first_and_what_they_said(library):
    library.reviews.reject(VIDEO, "c1", ONE, Reason.DUPLICATE, ADA)
    with pytest.raises(NotDecided) as refused:
        library.reviews.approve(VIDEO, "c1", ONE, BEN)
    said = refused.value.details["decision"]
    assert refused.value.code == "already_decided"
    assert (said["by_name"], said["verdict"]) == ("ada@example.org", "rejected")
    # Sent again by the same person it is the same decision.
    again = library.reviews.reject(VIDEO, "c1", ONE, Reason.DUPLICATE, ADA)
    assert len(again.history) == 1


def test_of_many_who_decide_at_once_exactly_one_does(library):
    start = threading.Barrier(8)
    ended = []

    def decide(number):
        from vidpipe.catalog.reviews import Decider

        who = Decider(f"user:{number}", f"user {number}")
        start.wait()
        try:
            if number % 2:
                library.reviews.approve(VIDEO, "c1", ONE, who)
            else:
                library.reviews.reject(VIDEO, "c1", ONE, Reason.OFF_BRAND, who)
            ended.append((number, None))
        except NotDecided as error:
            ended.append((number, error.details["decision"]["by"]))

    threads = [threading.Thread(target=decide, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    winners = [number for number, other in ended if other is None]
    assert len(ended) == 8 and len(winners) == 1
    assert {other for _, other in ended if other} == {f"user:{winners[0]}"}
    assert len(library.reviews.get(VIDEO, "c1").history) == 1


def test_a_decision_is_taken_back_once_and_by_name(library):
    made = library.reviews.approve(VIDEO, "c1", ONE, ADA)
    number = made.decision.decision_id
    undone = library.reviews.undo(VIDEO, "c1", number, BEN)
    assert undone.state is ReviewState.PENDING and undone.decision is None
    assert undone.history[0].undone_by == "user:ben" and not undone.history[0].stands
    with pytest.raises(NotDecided) as refused:
        library.reviews.undo(VIDEO, "c1", number, BEN)
    assert refused.value.code == "decision_not_standing"
    assert library.reviews.reject(VIDEO, "c1", ONE, Reason.DUPLICATE, BEN).state == "rejected"


def test_an_approval_is_void_when_the_clip_is_made_anew_and_says_so(library):
    listen(library)
    library.reviews.approve(VIDEO, "c1", ONE, ADA)
    assert library.reviews.approved("c1", ONE).by == "user:ada"
    render(library.engine.catalog, clip_row("c1", 1, "3" * 64), clip_row("c2", 2, TWO))
    item = library.reviews.get(VIDEO, "c1")
    assert item.state is ReviewState.PENDING and item.decision is None
    assert item.voided.by_name == "ada@example.org" and not item.voided.stands
    assert library.reviews.approved("c1", ONE) is None
    assert library.reviews.approved("c1", "3" * 64) is None
    assert ("review.voided", {"video_id": VIDEO, "clip_id": "c1"}) in emitted(library)
    # What was approved is there again: so is the approval.
    two_clips(library.engine.catalog)
    assert library.reviews.get(VIDEO, "c1").state is ReviewState.APPROVED


def test_the_same_clip_made_again_keeps_its_approval(library):
    listen(library)
    library.reviews.approve(VIDEO, "c1", ONE, ADA)
    two_clips(library.engine.catalog)
    assert library.reviews.get(VIDEO, "c1").state is ReviewState.APPROVED
    assert "review.voided" not in [kind for kind, _ in emitted(library)]


def test_approvals_survive_a_restart(library, open_library):
    library.reviews.approve(VIDEO, "c1", ONE, ADA)
    url = library.engine.catalog.url.render_as_string(hide_password=False)
    again = open_library("", url)
    assert again.reviews.approved("c1", ONE, VIDEO).by_name == "ada@example.org"
    again.engine.catalog.engine.dispose()


def test_decisions_are_told_of_and_written_down(open_library):
    library = open_library()
    assert library.engine.catalog.accept_video(video_row())
    two_clips(library.engine.catalog)
    listen(library)
    by = Actor("user:ada", "req-0123456789ab")
    library.reviews.reject(VIDEO, "c1", ONE, Reason.OTHER, ADA, note="my reasons", audit=by)
    data = {"video_id": VIDEO, "clip_id": "c1", "gate": None}
    data |= {"verdict": "rejected", "reason": "other", "by": "user:ada"}
    assert ("review.decided", data) in emitted(library)
    with library.engine.catalog.session() as session:
        [row] = session.scalars(select(AuditRow).where(AuditRow.action == "clip.reject"))
    assert (row.actor, row.object, row.organisation) == (
        "user:ada",
        f"videos/{VIDEO}/clips/c1",
        "default",
    )
    assert row.details == {"reason": "other"}


@pytest.mark.parametrize("note", ["", "   "])
def test_another_reason_needs_words(library, note):
    with pytest.raises(Refused, match="needs a note"):
        library.reviews.reject(VIDEO, "c1", ONE, Reason.OTHER, ADA, note=note)
    assert states(library)["c1"] is ReviewState.PENDING


def test_there_is_nothing_to_decide_on_a_clip_that_is_gone(library):
    with pytest.raises(UnknownClip):
        library.reviews.approve(VIDEO, "9", ONE, ADA)
    library.retire([VIDEO])
    with pytest.raises(UnknownClip):
        library.reviews.approve(VIDEO, "c1", ONE, ADA)


def test_lists_are_narrowed_and_paged(library):
    catalog = library.engine.catalog
    for number in range(3):
        video_id = f"default--other-{number:010d}"
        assert catalog.accept_video(video_row(video_id))
        two_clips(catalog, video_id)
    library.reviews.approve(VIDEO, "c1", ONE, ADA)
    found, cursor = [], None
    while True:
        page = library.reviews.list(channels=["default"], limit=3, cursor=cursor)
        found += [(item.video_id, item.rank) for item in page.items]
        cursor = page.next_cursor
        if cursor is None:
            break
    assert len(found) == len(set(found)) == 8
    approved = library.reviews.list(channels=["default"], state=ReviewState.APPROVED)
    assert [item.clip_id for item in approved.items] == ["c1"]
    assert not library.reviews.list(channels=["other"]).items
    assert not library.reviews.list(channels=["default"], needed=True).items


def test_what_is_rejected_is_not_published_even_without_a_gate(library):
    assert library.reviews.may_publish(VIDEO, "c1") is None
    library.reviews.reject(VIDEO, "c1", ONE, Reason.RIGHTS_OR_PRIVACY, ADA)
    with pytest.raises(NotApproved, match="rights or privacy"):
        library.reviews.may_publish(VIDEO, "c1")
    library.reviews.approve(VIDEO, "c2", TWO, ADA)
    assert library.reviews.may_publish(VIDEO, "c2").by == "user:ada"

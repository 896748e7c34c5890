"""Which posts go out: approved ones, to accounts that work, within quotas; what people may do."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import pytest
from cryptography.fernet import Fernet
from sqlalchemy import select

from vidpipe.catalog.event_tables import EventRow
from vidpipe.catalog.notice_tables import NoticeRow
from vidpipe.catalog.post_states import ACCOUNT_BROKEN
from vidpipe.catalog.publishing_tables import PostRow, SocialAccountRow
from vidpipe.catalog.social_accounts import FoundAccount
from vidpipe.catalog.states import WrongState
from vidpipe.catalog.tables import now
from vidpipe.catalog.turns import ChoreTurnRow
from vidpipe.library import AlreadyPosted, NotApproved, PostChanges, Refused
from vidpipe.library.errors import AccountBroken
from vidpipe.library.publishing.schedule_views import ScheduleConflict
from vidpipe_fakes import Kind
from vidpipe_tests.posts.scene import START, shown, stock
from vidpipe_tests.reviews.conftest import ADA, KEY, VIDEO


def notices(scene):
    with scene.library.engine.catalog.session() as session:
        return [(row.kind, row.subject) for row in session.scalars(select(NoticeRow))]


def event_types(scene):
    query = select(EventRow.type).where(EventRow.type.startswith("post.")).order_by(EventRow.id)
    with scene.library.engine.catalog.session() as session:
        return list(session.scalars(query))


# Approval


def test_a_clip_that_waits_for_approval_is_posted_when_it_has_it(open_posts):
    scene = open_posts("tiktok", rules="publish: ask")
    post = scene.make(scene.account("tiktok"))
    assert post.state == "waiting" and post.code == "not_approved"
    scene.work()
    assert scene.calls == 0 and scene.posts.get(post.post_id).state == "waiting"
    scene.approve()
    # It is due at once, not when it is looked at again anyway.
    scene.work()
    found = scene.posts.get(post.post_id)
    assert scene.calls > 0 and found.approved_by == ADA.id
    scene.drive()
    assert scene.posts.get(post.post_id).state == "posted"
    assert event_types(scene) == ["post.created", "post.scheduled", "post.posted"]


def test_a_rejected_clip_is_refused_and_a_taken_back_approval_counts_no_more(open_posts):
    scene = open_posts("tiktok", rules="publish: ask")
    account = scene.account("tiktok")
    scene.approve()
    later = START + timedelta(hours=2)
    post = scene.make(account, at_once=False, at=later)
    assert post.state == "scheduled"
    decision = scene.library.reviews.get(VIDEO, "c1").decision.decision_id
    scene.library.reviews.undo(VIDEO, "c1", decision, ADA)
    scene.work()
    found = scene.posts.get(post.post_id)
    assert found.state == "waiting" and found.at == later
    scene.clock.now = later + timedelta(minutes=1)
    scene.work()
    assert scene.calls == 0
    scene.library.reviews.reject(VIDEO, "c2", scene.fingerprint("c2"), "not_interesting", ADA)
    with pytest.raises(NotApproved):
        scene.make(account, "c2")


def test_a_clip_made_anew_waits_again_and_only_the_approved_file_is_sent(open_posts):
    scene = open_posts("tiktok", rules="publish: ask")
    scene.approve()
    post = scene.make(scene.account("tiktok"), at_once=False, at=START + timedelta(hours=1))
    old = scene.row(post.post_id).fingerprint
    stock(scene, "c1", "c2", version="2")
    scene.clock.now = START + timedelta(hours=1)
    scene.work()
    assert scene.posts.get(post.post_id).state == "waiting" and scene.calls == 0
    scene.approve()
    scene.drive()
    assert scene.posts.get(post.post_id).state == "posted"
    assert scene.row(post.post_id).fingerprint == scene.fingerprint() != old
    (there,) = scene.fakes["tiktok"].shown()
    assert "version 2" in there.text


def test_where_nobody_has_to_approve_what_was_chosen_is_posted_and_nothing_else(open_posts):
    scene = open_posts("tiktok")
    post = scene.make(scene.account("tiktok"), at_once=False, at=START + timedelta(hours=1))
    assert post.state == "scheduled"
    stock(scene, "c1", "c2", version="2")
    scene.clock.now = START + timedelta(hours=1)
    scene.work()
    found = scene.posts.get(post.post_id)
    assert (found.state, found.code) == ("waiting", "clip_changed") and found.problem
    assert scene.calls == 0
    # Somebody looked at it: the platform gets what they saw.
    scene.approve()
    scene.drive()
    assert scene.posts.get(post.post_id).state == "posted"
    (there,) = scene.fakes["tiktok"].shown()
    assert "version 2" in there.text


def test_an_approval_that_goes_before_it_is_public_takes_it_back(open_posts):
    scene = open_posts("youtube", rules="publish: ask")
    scene.approve()
    post = scene.make(scene.account("youtube"))
    # Nothing of it is public before its last request: now it is processed.
    scene.work()
    assert scene.posts.get(post.post_id).state == "posting" and scene.fakes["youtube"].videos
    decision = scene.library.reviews.get(VIDEO, "c1").decision.decision_id
    scene.library.reviews.undo(VIDEO, "c1", decision, ADA)
    for _ in range(40):
        if scene.posts.get(post.post_id).state == "waiting":
            break
        scene.clock.now = max(scene.clock.now, scene.due() or scene.clock.now)
        scene.work()
    assert scene.posts.get(post.post_id).state == "waiting"
    assert shown(scene.fakes["youtube"]) == 0 and not scene.fakes["youtube"].videos


def test_without_an_export_it_waits_and_says_for_what(open_posts):
    scene = open_posts("facebook")
    engine = scene.library.engine
    stage = engine.manifest(VIDEO, "platform_exports/facebook")
    reels = engine.manifest(VIDEO, "platform_exports/instagram_reels")
    for made in (stage, reels):
        for key in engine.artifacts.keys_of(engine.pipeline.folder(made.artifact), made):
            engine.store.delete(key)
        stem = made.artifact.replace("/", "-")
        engine.store.delete(f"default/{VIDEO}/exports/{stem}.current.json")
    post = scene.make(scene.account("facebook"))
    scene.work()
    found = scene.posts.get(post.post_id)
    assert (found.state, found.code) == (
        "waiting",
        "no_export",
    ) and "run the video" in found.problem
    refusals = scene.posts.detail(post.post_id).refusals
    assert [one.field for one in refusals] == ["video"]


def test_what_would_be_refused_is_said_before_anything_is_sent(open_posts):
    scene = open_posts("youtube")
    account = scene.account("youtube")
    post = scene.make(account, changes=PostChanges(title="a <b> title"))
    said = scene.posts.detail(post.post_id)
    assert [one.field for one in said.refusals] == ["title"]
    scene.work()
    found = scene.posts.get(post.post_id)
    assert (found.state, found.code) == ("held", "refused") and scene.calls == 0
    assert notices(scene) == [("post.held", post.post_id)]
    scene.posts.change(post.post_id, PostChanges(title="A title"))
    scene.drive()
    assert scene.posts.get(post.post_id).state == "posted"
    assert scene.fakes["youtube"].shown()[0].text == "A title"


# Accounts


def test_an_account_takes_a_clip_once(open_posts):
    scene = open_posts("x")
    account = scene.account("x")
    first = scene.make(account)
    with pytest.raises(AlreadyPosted) as error:
        scene.make(account)
    assert error.value.post_id == first.post_id
    scene.posts.cancel(first.post_id)
    assert scene.make(account).post_id != first.post_id
    with pytest.raises(AlreadyPosted):
        scene.posts.retry(first.post_id)


def test_what_another_account_is_to_post_is_said_long_before_it_would_go_out(
    open_posts, monkeypatch
):
    scene = open_posts("x")
    later = [{"at_once": False, "at": START + timedelta(days=days)} for days in (1, 7)]
    first = scene.make(scene.account("x"), **later[0])
    other = scene.account("x", 2)
    with pytest.raises(Refused, match=first.post_id):
        scene.make(other, **later[1])
    with monkeypatch.context() as at_once:
        # Two people make theirs in the same moment: neither sees the other's.
        at_once.setattr(scene.posts.schedule, "duplicate", lambda *_: "")
        second = scene.make(other, **later[1])
    assert second.state == "scheduled"
    (refusal,) = scene.posts.detail(second.post_id).refusals
    assert refusal.field == "clip" and first.post_id in refusal.words
    assert scene.posts.detail(first.post_id).refusals == ()
    while scene.work():
        pass
    assert scene.clock.now == START and scene.calls == 0
    found = scene.posts.get(second.post_id)
    assert (found.state, found.code) == ("held", "duplicate")
    assert first.post_id in found.problem and "take that post back" in found.problem
    assert scene.posts.get(first.post_id).state == "scheduled"
    assert notices(scene) == [("post.held", second.post_id)]
    # It goes when the other one does not, and only then.
    assert scene.posts.retry(second.post_id).state == "queued"
    while scene.work():
        pass
    assert scene.posts.get(second.post_id).state == "held"
    scene.posts.cancel(first.post_id)
    scene.posts.retry(second.post_id)
    scene.drive()
    assert scene.posts.get(second.post_id).state == "posted" and shown(scene.fakes["x"]) == 1


def test_of_an_account_whose_tokens_are_refused_all_posts_wait_and_go_on(open_posts):
    scene = open_posts("youtube")
    account = scene.account("youtube")
    one = scene.make(account)
    two = scene.make(account, "c2", at_once=False, at=START + timedelta(hours=3))
    fake = scene.fakes["youtube"]
    fake.trouble("", Kind.EXPIRED, skip=2, times=3)
    for _ in range(60):
        if scene.posts.get(one.post_id).state == "held":
            break
        assert scene.due(), (scene.states(), [c.op for c in fake.log], [c.status for c in fake.log])
        scene.clock.now = max(scene.clock.now, scene.due())
        assert scene.work()
    states = [scene.posts.get(post.post_id) for post in (one, two)]
    assert [(p.state, p.code) for p in states] == [("held", ACCOUNT_BROKEN)] * 2
    assert all(p.problem for p in states)
    catalog = scene.library.engine.catalog
    with catalog.session() as session:
        assert session.get_one(SocialAccountRow, account).state == "broken"
    # It is connected again.
    from vidpipe.catalog.posts import release_posts

    with catalog.writing() as session:
        row = session.get_one(SocialAccountRow, account)
        row.state, row.problem = "connected", ""
        assert release_posts(session, account) == 2
    scene.clock.now = START + timedelta(hours=3)
    scene.drive()
    assert {scene.posts.get(p.post_id).state for p in (one, two)} == {"posted"}
    assert shown(fake) == 2


def test_a_fresh_token_is_asked_for_and_it_goes_on(open_posts, monkeypatch):
    scene = open_posts("youtube")
    scene.account("youtube")
    fake = scene.fakes["youtube"]
    fake.trouble("", Kind.EXPIRED, skip=2, times=1)
    asked = []
    real = type(scene.library.social_accounts).token

    def token(self, account_id, *, fresh=False, refused=None):
        asked.append(fresh)
        return real(self, account_id)

    monkeypatch.setattr(type(scene.library.social_accounts), "token", token)
    post = scene.make("account-youtube-1")
    scene.drive()
    assert scene.posts.get(post.post_id).state == "posted" and asked.count(True) == 1


def test_an_account_that_breaks_while_it_is_asked_for_a_token_holds_the_post(
    open_posts, monkeypatch
):
    scene = open_posts("x")

    def broken(self, account_id, **_):
        raise AccountBroken(account_id, "Connect it again.")

    monkeypatch.setattr(type(scene.library.social_accounts), "token", broken)
    post = scene.make(scene.account("x"))
    scene.drive()
    found = scene.posts.get(post.post_id)
    assert (found.state, found.code) == ("held", ACCOUNT_BROKEN) and scene.calls == 0
    assert "Connect it again." in found.problem


def test_an_account_of_another_channel_and_a_channel_without_exports_are_refused(open_posts):
    scene = open_posts("x")
    other = scene.account("x", 2, channel="elsewhere")
    with pytest.raises(Refused, match="elsewhere"):
        scene.make(other)
    with pytest.raises(Refused, match="none of 'podcast_audio'"):
        scene.make(scene.account("x"), changes=PostChanges(export="podcast_audio"))


# Quotas


SERVICES = """
services:
  youtube:
    quotas:
      - {what: units, most: 700, per: day, zone: America/Los_Angeles}
      - {what: uploads, most: 1, per: day, zone: America/Los_Angeles}
"""


def test_an_empty_bucket_waits_for_its_reset_and_others_go_on(open_posts, tmp_path):
    file = tmp_path / "services.yaml"
    file.write_text(SERVICES)
    scene = open_posts(costs={"services_file": file})
    one = scene.make(scene.account("youtube"))
    for _ in range(60):
        if scene.posts.get(one.post_id).state == "posted":
            break
        scene.clock.now = max(scene.clock.now, scene.due())
        scene.work()
    two = scene.make("account-youtube-1", "c2")
    for _ in range(3):
        scene.work()
    found = scene.posts.get(two.post_id)
    assert found.code == "quota_exhausted" and "youtube/fakes allows" in found.problem
    # Midnight in Los Angeles: eight hours behind in November.
    assert found.waits_until == START.replace(day=4, hour=8)
    unpaid = scene.library.engine.accountant.rows.unpaid
    assert unpaid(scene.clock.now) == {("default", "quota"): 1}
    other = scene.make(scene.account("x"), "c2")
    for _ in range(60):
        if scene.posts.get(other.post_id).state == "posted":
            break
        scene.clock.now = max(scene.clock.now, scene.due())
        scene.work()
    assert scene.clock.now < found.waits_until
    scene.drive()
    assert scene.posts.get(two.post_id).state == "posted"
    assert scene.clock.now >= found.waits_until
    assert unpaid(scene.clock.now) == {}


def test_an_account_that_is_given_another_project_waits_for_the_old_ones_quota_no_more(open_posts):
    scene = open_posts("youtube")
    fake = scene.fakes["youtube"]
    fake.trouble("", Kind.QUOTA, skip=1)
    account = scene.account("youtube")
    post = scene.make(account).post_id
    scene.work()
    scene.work()
    waits = scene.posts.get(post)
    assert waits.state == "posting" and waits.waits_until > scene.clock.now
    rows = scene.library.engine.catalog.social_accounts
    row = rows.get(account)
    found = FoundAccount(row.remote_id, row.name, row.secret, (), None, None)
    where = {"channel": row.channel, "platform": row.platform, "by": "user:ada"}
    assert rows.connect([found], **where, application="second") == [account]
    assert scene.row(post).due_at < waits.waits_until
    scene.clock.now += timedelta(minutes=1)
    with scene.library.engine.catalog.writing() as session:
        session.get_one(PostRow, post).due_at = scene.clock.now
    scene.drive()
    assert scene.posts.get(post).state == "posted" and scene.clock.now < waits.waits_until
    assert shown(fake) == 1


def test_a_project_of_its_own_has_quotas_of_its_own(open_posts, tmp_path):
    from vidpipe.library.publishing.charges import purchase_of
    from vidpipe.publishing.calls import PlatformCall
    from vidpipe.publishing.model import Charge, Verb

    file = tmp_path / "services.yaml"
    file.write_text(SERVICES)
    scene = open_posts("x", costs={"services_file": file})
    call = PlatformCall(
        "start",
        Verb.START,
        "POST",
        "https://x",
        charges=(Charge(bucket="youtube.uploads", amount=1),),
    )
    services = scene.library.engine.accountant.services
    holds = [
        services.holds(purchase_of(call, "youtube", project), START) for project in ("", "a", "b")
    ]
    keys = [hold.key for (hold,) in holds]
    assert len(set(keys)) == 3 and all("uploads" in key for key in keys)


# What people do


def test_a_post_is_cancelled_before_it_is_public_and_nothing_is_left(open_posts):
    scene = open_posts("youtube")
    post = scene.make(scene.account("youtube"))
    scene.dies, scene.dies_at = "after", 3
    scene.work()
    assert scene.posts.cancel(post.post_id).state == "posting"
    scene.drive()
    assert scene.posts.get(post.post_id).state == "cancelled"
    assert not scene.fakes["youtube"].videos
    with pytest.raises(WrongState):
        scene.posts.cancel(post.post_id)


def test_what_is_posted_is_changed_looked_at_and_taken_down(open_posts):
    scene = open_posts("youtube")
    post = scene.make(scene.account("youtube"))
    scene.drive()
    assert scene.posts.get(post.post_id).url.startswith("https://")
    scene.posts.change(post.post_id, PostChanges(title="Another title"))
    scene.work()
    (there,) = scene.fakes["youtube"].shown()
    found = scene.posts.get(post.post_id)
    assert (there.text, found.title, found.state) == ("Another title", "Another title", "posted")
    # It is looked whether it is there, and less often the longer it is.
    for wait in (timedelta(minutes=10), timedelta(hours=1), timedelta(days=1), timedelta(days=7)):
        due = scene.row(post.post_id).due_at
        assert due == found.posted_at + wait
        scene.clock.now = due
        scene.work()
    assert scene.row(post.post_id).due_at is None
    assert scene.posts.get(post.post_id).state == "posted"
    scene.posts.delete(post.post_id)
    scene.work()
    assert scene.posts.get(post.post_id).state == "deleted" and not scene.fakes["youtube"].shown()
    assert scene.make("account-youtube-1").state == "scheduled"


def test_what_somebody_took_down_at_the_platform_is_noticed(open_posts):
    scene = open_posts("youtube")
    post = scene.make(scene.account("youtube"))
    scene.drive()
    scene.fakes["youtube"].videos.clear()
    scene.clock.now += timedelta(minutes=11)
    scene.work()
    found = scene.posts.get(post.post_id)
    assert (found.state, found.code) == ("deleted", "deleted") and found.problem
    assert event_types(scene)[-1] == "post.deleted"


def test_of_what_is_uncertain_a_person_decides(open_posts):
    scene = open_posts("webhook")
    account = scene.account("webhook")
    scene.fakes["webhook"].trouble("", Kind.LOST, times=10_000)
    post = scene.make(account)
    scene.drive()
    found = scene.posts.get(post.post_id)
    assert found.state == "uncertain" and "may be public" in found.problem
    assert ("post.uncertain", post.post_id) in notices(scene)
    with pytest.raises(Refused):
        scene.posts.decide(post.post_id, posted=True, url="javascript:x")
    there = scene.posts.decide(post.post_id, posted=True, url="https://example.com/1")
    assert (there.state, there.url) == ("posted", "https://example.com/1")
    other = scene.make(account, "c2")
    scene.drive()
    assert scene.posts.decide(other.post_id, posted=False).state == "failed"
    scene.fakes["webhook"]._troubles.clear()
    assert scene.posts.retry(other.post_id).state in ("queued", "scheduled")
    for _ in range(5):
        scene.clock.now = max(scene.clock.now, scene.due() or scene.clock.now)
        scene.work()
        if scene.posts.get(other.post_id).state == "posted":
            break
    assert scene.posts.get(other.post_id).state == "posted"


def test_nothing_secret_is_shown_or_told(open_posts):
    scene = open_posts("youtube")
    post = scene.make(scene.account("youtube"))
    scene.drive()
    session = scene.progress(post.post_id).state.session
    tokens = list(scene.fakes["youtube"].tokens)
    row = scene.row(post.post_id)
    shown_text = scene.posts.detail(post.post_id).model_dump_json()
    with scene.library.engine.catalog.session() as opened:
        told = [str(row.data) for row in opened.scalars(select(EventRow))]
    for secret in filter(None, (session, *tokens)):
        assert secret not in shown_text and secret not in (row.remote or "")
        assert not any(secret in text for text in told)


def test_of_two_that_retry_the_same_clip_at_once_one_is_told_so(open_posts, monkeypatch):
    scene = open_posts("x")
    account = scene.account("x")
    posts = []
    for _ in range(2):
        posts.append(scene.make(account).post_id)
        with scene.library.engine.catalog.writing() as session:
            row = session.get_one(PostRow, posts[-1])
            row.state, row.standing, row.due_at = "failed", False, None
    # Both have looked before either has written.
    monkeypatch.setattr(scene.posts.rows, "standing", lambda *_: None)
    assert scene.posts.retry(posts[0]).state == "queued"
    with pytest.raises(AlreadyPosted):
        scene.posts.retry(posts[1])
    assert scene.posts.get(posts[1]).state == "failed"


def test_a_move_that_is_refused_changes_no_words(open_posts):
    scene = open_posts("x")
    account = scene.account("x")
    later = START + timedelta(hours=3)
    scene.make(account, "c2", at_once=False, at=later)
    post = scene.make(account, at_once=False, at=later + timedelta(hours=3))
    new = PostChanges(title="New")
    with pytest.raises(ScheduleConflict):
        scene.posts.move(post.post_id, at=later, changes=new)
    assert scene.posts.get(post.post_id).title == post.title
    moved = scene.posts.move(post.post_id, at=later + timedelta(hours=1), changes=new)
    assert (moved.title, moved.at) == ("New", later + timedelta(hours=1))
    # What cannot be said any more is no reason to move.
    again = PostChanges(export="nothing")
    with pytest.raises(Refused):
        scene.posts.move(post.post_id, at=later + timedelta(hours=2), changes=again)
    assert scene.posts.get(post.post_id).at == moved.at


def test_what_waits_is_looked_at_ever_less_and_after_what_is_to_go_out(open_posts):
    scene = open_posts("x", rules="publish: ask")
    account = scene.account("x")
    post = scene.make(account).post_id
    with scene.library.engine.catalog.writing() as session:
        session.get_one(PostRow, post).created_at = START
    pauses = []
    for _ in range(10):
        before = scene.clock.now = max(scene.clock.now, scene.row(post).due_at)
        scene.work()
        pauses.append((scene.row(post).due_at - before) / timedelta(minutes=1))
    assert pauses[:5] == [5, 5, 10, 20, 40] and pauses[-1] == 360
    # It is due longest, and another goes before it.
    scene.approve("c2")
    other = scene.make(account, "c2").post_id
    scene.clock.now = scene.row(post).due_at + timedelta(hours=1)
    assert scene.row(post).due_at < scene.clock.now
    with scene.library.engine.catalog.writing() as session:
        session.get_one(PostRow, other).due_at = scene.clock.now
    assert scene.driver._claim(Counter()).post_id == other


def test_posts_are_sealed_anew_in_portions_once_a_key_by_one_process(open_posts, monkeypatch):
    scene = open_posts("x")
    post = scene.make(scene.account("x")).post_id
    with scene.library.engine.catalog.writing() as session:
        row = session.get_one(PostRow, post)
        columns = {c.key: getattr(row, c.key) for c in PostRow.__table__.columns}
        vault = scene.library.webhooks.vault
        row.remote = vault.seal("old")
        for number in range(4):
            own = {"post_id": f"{post}-{number}", "clip_id": f"o{number}", "slot": None}
            session.add(PostRow(**{**columns, **own, "remote": vault.seal("old")}))
    seen = []
    monkeypatch.setattr(
        type(vault), "renewed", lambda _, sealed: (seen.append(sealed), f"new {len(seen)}")[1]
    )
    last = scene.posts.rows.reseal(vault.renewed, limit=2)
    assert last == f"{post}-0" and len(seen) == 2
    assert scene.row(post).remote == "new 1"
    last = scene.posts.rows.reseal(vault.renewed, after=last, limit=2)
    assert last == f"{post}-2" and len(seen) == 4
    assert scene.posts.rows.reseal(vault.renewed, after=last, limit=2) is None and len(seen) == 5
    assert not scene.posts.reseal() and len(seen) == 10
    # Another process finds that it was done; one that died half-way is followed where it was.
    other = open_posts()
    assert not other.posts.reseal() and len(seen) == 10
    with scene.library.engine.catalog.writing() as session:
        turn = session.scalars(select(ChoreTurnRow)).one()
        assert turn.place == "" and turn.due_at > now() + timedelta(days=6)
        turn.place, turn.due_at, turn.lease = last, now(), "of a process that died"
    assert not other.posts.reseal() and len(seen) == 11
    # A new first key: all of them are looked at again, by one.
    fresh = Fernet.generate_key().decode()
    third = open_posts(encryption_keys=[fresh, KEY])
    assert not third.posts.reseal() and len(seen) == 16
    assert not third.posts.reseal() and not other.posts.reseal() and len(seen) == 16

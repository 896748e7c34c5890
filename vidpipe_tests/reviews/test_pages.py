"""The pages behind review links, asked as a browser asks: real clips, forms, no script."""

import re
import shutil
from datetime import timedelta
from html.parser import HTMLParser

import pytest
from sqlalchemy import select, update
from starlette.testclient import TestClient

from vidpipe.api import review_pages
from vidpipe.api.app import service
from vidpipe.catalog.account_tables import AuditRow
from vidpipe.catalog.review_states import Reason
from vidpipe.catalog.review_tables import ReviewLinkRow
from vidpipe.catalog.reviews import Decider
from vidpipe.catalog.tables import ClipRow, now
from vidpipe.library import Library, LinkPermission, ReviewState
from vidpipe.pipeline import Engine
from vidpipe.settings import load_settings
from vidpipe.web.reviewed import seconds_of, time_of


@pytest.fixture
def library(processed, tmp_path):
    """The short talk with its clips, in a home of its own."""
    home = tmp_path / "home"
    shutil.copytree(processed.engine.settings.home, home)
    settings = load_settings(
        home=home, allow_model_download=False, public_url="http://testserver",
        service={"chores": False}, accounts={"rates": {"per_address": 0}},
    )  # fmt: skip
    return Library(Engine(settings))


@pytest.fixture
def video_id(library):
    return library.list().items[0].video_id


@pytest.fixture
def client(library):
    # Not a machine's own service: what everybody is shown.
    app = service(library, host="0.0.0.0")
    return TestClient(app, base_url="http://testserver", follow_redirects=False)


def link_to(library, video_id, permission=LinkPermission.DECIDE, **more):
    made = library.reviews.links.create(video_id, permission=permission, created_by="local", **more)
    return made.url.removeprefix("http://testserver"), made.link


class Forms(HTMLParser):
    """The forms of a page: where each goes, and what it sends as it stands."""

    def __init__(self, text):
        super().__init__()
        self.found = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        at = dict(attrs)
        if tag == "form":
            self.found.append((at["action"], {}))
        elif tag in ("input", "textarea") and self.found:
            self.found[-1][1][at.get("name", "")] = at.get("value") or ""

    def to(self, what):
        return next(form for form in self.found if form[0].endswith(f"/{what}"))


def send(client, page, what, **fields):
    """Fill in a form of a page and send it."""
    action, given = Forms(page).to(what)
    return client.post(action, data={**given, "name": "Cleo", **fields})


def clips_of(library, video_id):
    return library.reviews.list(channels=["default"], video_id=video_id).items


def test_clips_are_watched_commented_on_and_decided_on_without_an_account(
    client, library, video_id
):
    where, link = link_to(library, video_id, label="Marketing")
    page = client.get(where)
    assert page.status_code == 200 and "<script" not in page.text
    first, second = clips_of(library, video_id)
    assert page.text.count("<video") == 2 and first.title in page.text
    film = client.get(f"{where}/{first.clip_id}/film", headers={"Range": "bytes=0-99"})
    assert (film.status_code, len(film.content)) == (206, 100)
    assert film.headers["content-type"] == "video/mp4"
    captions = client.get(f"{where}/{first.clip_id}/captions")
    assert captions.text.startswith("WEBVTT") and f"{first.clip_id}/captions" in page.text
    assert client.get(f"{where}/{first.clip_id}/poster").headers["content-type"] == "image/jpeg"

    text = "<b>too</b> late & loud"
    commented = send(client, page.text, "comment", at="0:04.5", text=text)
    assert (commented.status_code, commented.headers["location"]) == (
        303,
        f"{where}#clip-{first.clip_id}",
    )
    page = client.get(where)
    assert "&lt;b&gt;too&lt;/b&gt; late &amp; loud" in page.text and "0:04.5" in page.text
    assert 'value="Cleo"' in page.text

    assert send(client, page.text, "decide", verdict="approve").status_code == 303
    made = library.reviews.get(video_id, first.clip_id)
    assert made.state is ReviewState.APPROVED
    assert (made.decision.by, made.decision.by_name) == (f"link:{link.link_id}", "Cleo (by link)")
    page = client.get(where)
    assert "Approved" in page.text
    rejected = send(client, page.text, "decide", verdict="reject", reason="no_context")
    assert rejected.status_code == 303
    assert library.reviews.get(video_id, second.clip_id).state is ReviewState.REJECTED
    assert send(client, client.get(where).text, "undo").status_code == 303
    assert library.reviews.get(video_id, first.clip_id).state is ReviewState.PENDING
    with library.engine.catalog.session() as session:
        rows = session.scalars(select(AuditRow).where(AuditRow.actor == f"link:{link.link_id}"))
        assert [row.action for row in rows] == [
            "comment.create", "clip.approve", "clip.reject", "clip.undo",
        ]  # fmt: skip


def test_whoever_decides_on_what_was_changed_is_told_and_asked_again(client, library, video_id):
    where, _ = link_to(library, video_id)
    page, first = client.get(where).text, clips_of(library, video_id)[0]
    with library.engine.catalog.writing() as session:
        session.execute(
            update(ClipRow).where(ClipRow.clip_id == first.clip_id).values(fingerprint="9" * 64)
        )
    answer = send(client, page, "decide", verdict="approve")
    assert answer.status_code == 409 and "was changed since you saw it" in answer.text
    assert library.reviews.get(video_id, first.clip_id).state is ReviewState.PENDING
    # The page that says so has the clip as it is.
    assert send(client, answer.text, "decide", verdict="approve").status_code == 303


@pytest.mark.parametrize(
    ("what", "fields", "words"),
    [
        ("comment", {"at": "soon", "text": "x"}, "Say when in the clip"),
        ("comment", {"at": "9:00", "text": "x"}, "the length of the clip"),
        ("comment", {"at": "0:01", "text": " "}, "1 to 2000 characters"),
        ("comment", {"at": "0:01", "text": "x", "name": " "}, "Say who you are"),
        ("comment", {"at": "0:01", "text": "x", "name": "x" * 81}, "Say who you are"),
        ("decide", {"verdict": "reject", "reason": ""}, "Say why it is rejected"),
        ("decide", {"verdict": "reject", "reason": "other"}, "needs a note"),
        ("decide", {"verdict": "perhaps"}, "Say why it is rejected"),
        ("decide", {"verdict": "approve", "note": "n\x00"}, "Note: it holds control characters"),
        ("comment", {"at": "0:01", "text": "n\x1b[2J"}, "Text: it holds control characters"),
    ],
)
def test_a_form_that_cannot_be_obeyed_says_why_and_keeps_what_was_typed(
    client, library, video_id, what, fields, words
):
    where, _ = link_to(library, video_id)
    answer = send(client, client.get(where).text, what, **fields)
    assert answer.status_code == 422 and words in answer.text
    if fields.get("text", "").strip():
        assert f">{fields['text']}</textarea>" in answer.text
    assert not library.reviews.links.comments(video_id).items


def test_a_link_is_good_for_what_it_was_made_for(client, library, video_id):
    first, second = clips_of(library, video_id)
    looks, _ = link_to(library, video_id, LinkPermission.VIEW, clips=["1"])
    page = client.get(looks)
    assert "<form" not in page.text and second.title not in page.text
    assert client.get(f"{looks}/{second.clip_id}/film").status_code == 404
    comments, _ = link_to(library, video_id, LinkPermission.COMMENT)
    assert "/decide" not in client.get(comments).text
    fields = {"name": "Cleo", "verdict": "approve", "fingerprint": first.fingerprint}
    for where in (looks, comments):
        refused = client.post(f"{where}/{first.clip_id}/decide", data=fields)
        assert refused.status_code == 403
    # Nobody takes back what somebody else decided.
    decides, _ = link_to(library, video_id)
    other, _ = link_to(library, video_id)
    client.post(f"{decides}/{first.clip_id}/decide", data=fields)
    number = library.reviews.get(video_id, first.clip_id).decision.decision_id
    taken = {"name": "Cleo", "decision": str(number)}
    assert client.post(f"{other}/{first.clip_id}/undo", data=taken).status_code == 422
    assert library.reviews.get(video_id, first.clip_id).state is ReviewState.APPROVED


def test_strangers_see_neither_addresses_nor_what_the_team_says_among_itself(
    client, library, video_id
):
    first = clips_of(library, video_id)[0]
    ada = Decider("user:ada", "ada@internal.example")
    library.reviews.reject(
        video_id, first.clip_id, first.fingerprint, Reason.OTHER, ada, note="idiot"
    )
    links = library.reviews.links
    links.comment(video_id, first.clip_id, 1.0, "between us", by=ada.id, by_name=ada.name)
    where, _ = link_to(library, video_id)
    page = client.get(where)
    assert send(client, page.text, "comment", at="0:01", text="from outside").status_code == 303
    decided = {"verdict": "reject", "reason": "other", "note": "from a client"}
    assert send(client, page.text, "decide", **decided).status_code == 303
    page = client.get(where).text
    for shown in ("the team", "between us", "from outside", "from a client", "Cleo (by link)"):
        assert shown in page
    assert "internal.example" not in page and "idiot" not in page
    fields = {"name": "Cleo", "verdict": "approve", "fingerprint": first.fingerprint}
    late = client.post(f"{where}/{first.clip_id}/decide", data=fields)
    assert late.status_code == 409 and "The team rejected this clip already" in late.text
    assert "internal.example" not in late.text
    # It is made anew: what was decided of the earlier form is nobody's else, either.
    with library.engine.catalog.writing() as session:
        session.execute(
            update(ClipRow).where(ClipRow.clip_id == first.clip_id).values(fingerprint="9" * 64)
        )
    again = client.get(where).text
    assert "The team rejected an earlier form" in re.sub(r"\s+", " ", again)
    assert "internal.example" not in again
    looks, _ = link_to(library, video_id, LinkPermission.VIEW)
    page = client.get(looks).text
    assert "Rejected" in page
    for hidden in ("internal.example", "team", "between us", "outside", "client", "Cleo"):
        assert hidden not in page, hidden


def test_the_newest_comments_are_shown_however_many_others_there_are(
    client, library, video_id, monkeypatch
):
    first, second = clips_of(library, video_id)
    links = library.reviews.links
    monkeypatch.setattr(review_pages, "_COMMENTS", 2)
    for k in range(3):
        links.comment(video_id, first.clip_id, 1.0, f"said {k}", by="local", by_name="me")
    links.comment(video_id, second.clip_id, 1.0, "elsewhere", by="local", by_name="me")
    page = client.get(link_to(library, video_id, clips=[first.clip_id])[0]).text
    assert "said 0" not in page and "elsewhere" not in page
    assert page.index("said 1") < page.index("said 2")


@pytest.mark.logs_errors
def test_an_error_that_nobody_thought_of_is_a_page_all_the_same(
    client, library, video_id, monkeypatch
):
    where, _ = link_to(library, video_id)

    def broken(*_, **__):
        raise ValueError("secret of the database")

    page = client.get(where).text
    monkeypatch.setattr(library.reviews, "approve", broken)
    answer = send(client, page, "decide", verdict="approve")
    assert answer.status_code == 500 and "cannot be shown for the moment" in answer.text


def test_what_retention_took_is_missed_in_words_of_ours(client, library, video_id, monkeypatch):
    where, _ = link_to(library, video_id)
    clip = clips_of(library, video_id)[0].clip_id
    monkeypatch.setattr(library.engine.store, "head", lambda _: None)
    for what in ("film", "poster", "captions"):
        answer = client.get(f"{where}/{clip}/{what}")
        assert answer.status_code == 404 and "default--" not in answer.text
        assert "It is not stored any more." in answer.text


def test_films_of_a_bucket_pass_through_the_service(client, library, video_id, monkeypatch):
    where, _ = link_to(library, video_id)
    clip = clips_of(library, video_id)[0].clip_id
    monkeypatch.setattr(type(library.engine.store), "is_local", False)
    monkeypatch.setattr(library.engine, "link", lambda *_, **__: "https://cdn.example/for-ever")
    film = client.get(f"{where}/{clip}/film", headers={"Range": "bytes=0-9"})
    assert (film.status_code, len(film.content)) == (206, 10)


def test_a_link_that_does_not_hold_is_the_same_as_none(client, library, video_id):
    revoked, link = link_to(library, video_id)
    library.reviews.links.revoke(link.link_id)
    expired, gone = link_to(library, video_id)
    with library.engine.catalog.writing() as session:
        session.get_one(ReviewLinkRow, gone.link_id).expires_at = now() - timedelta(seconds=1)
    locked, _ = link_to(library, video_id, password="tall blue door")
    clip = clips_of(library, video_id)[0].clip_id
    never = f"/review/{'x' * 43}"
    answers = {
        (answer.status_code, answer.text)
        for path in (revoked, expired, never, "/review/short")
        for answer in (
            client.get(path),
            client.get(f"{path}/{clip}/film"),
            client.post(f"{path}/unlock", data={"password": "x"}),
            client.post(f"{path}/{clip}/comment", data={}),
        )
    }
    assert len(answers) == 1 and answers.pop()[0] == 404
    assert client.get(f"{locked}/{clip}/film").status_code == 404
    library.retire([video_id])
    retired, _ = link_to(library, video_id)
    assert client.get(retired).status_code == 404


def test_a_password_is_asked_for_tried_slowly_and_kept_as_a_hash(client, library, video_id):
    where, link = link_to(library, video_id, password="tall blue door")
    page = client.get(where)
    assert page.status_code == 200 and "Password" in page.text and "<video" not in page.text
    title = library.status(video_id).title
    assert title not in page.text
    wrong = client.post(f"{where}/unlock", data={"password": "small red door"})
    assert wrong.status_code == 403 and "not the password" in wrong.text
    right = client.post(f"{where}/unlock", data={"password": "tall blue door"})
    assert right.status_code == 303
    cookie = right.headers["set-cookie"]
    assert "HttpOnly" in cookie and f"Path={where}" in cookie and "SameSite=lax" in cookie
    assert "<video" in client.get(where).text
    # The proof of one link opens no other, though it has the same password.
    other, _ = link_to(library, video_id, password="tall blue door")
    proof = re.match(r"vidpipe_review=(\w+)", cookie)[1]
    assert "<video" not in client.get(other, headers={"Cookie": f"vidpipe_review={proof}"}).text
    client.cookies.clear()
    tries = [client.post(f"{where}/unlock", data={"password": "x"}) for _ in range(12)]
    assert tries[-1].status_code == 429 and "retry-after" in tries[-1].headers
    with library.engine.catalog.session() as session:
        row = session.get_one(ReviewLinkRow, link.link_id)
    token = where.rpartition("/")[2]
    assert row.password_hash.startswith("$argon2id$") and token not in str(vars(row))


def test_answers_are_kept_by_nobody_and_say_what_a_browser_may_do(client, library, video_id):
    where, _ = link_to(library, video_id)
    clip = clips_of(library, video_id)[0].clip_id
    for path in (where, f"{where}/{clip}/film", "/review/nothing"):
        headers = client.get(path).headers
        assert headers["cache-control"] == "private, no-store", path
        assert "noindex" in headers["x-robots-tag"]
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy and "script-src" not in policy
    foreign = {"Origin": "https://evil.example"}
    fields = {"name": "Eve", "at": "0:01", "text": "spam"}
    refused = client.post(f"{where}/{clip}/comment", data=fields, headers=foreign)
    assert refused.status_code == 404 and not library.reviews.links.comments(video_id).items


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("12", 12.0),
        ("0:12.5", 12.5),
        (" 1:02 ", 62.0),
        ("1:02:03,25", 3723.25),
        ("-1", None),
        ("1e9", None),
        ("", None),
        ("nan", None),
        ("٣", None),
    ],
)
def test_times_are_read_as_they_are_typed(text, seconds):
    assert seconds_of(text) == seconds


def test_times_are_shown_as_they_are_read():
    assert [time_of(s) for s in (0, 4.52, 59.96, 3725.0)] == [
        "0:00.0",
        "0:04.5",
        "1:00.0",
        "62:05.0",
    ]
    assert seconds_of(time_of(83.4)) == pytest.approx(83.4)


def test_browsers_say_where_a_form_comes_from(client, library, video_id):
    """With `no-referrer` alone Chromium sends `Origin: null` with a form, which is refused."""
    where, _ = link_to(library, video_id, password="tall blue door")
    for path in (where, "/login", "/review/nothing"):
        assert '<meta name="referrer" content="same-origin">' in client.get(path).text, path


def test_a_guest_looks_as_often_as_a_person_would(client, library, video_id, monkeypatch):
    monkeypatch.setattr(review_pages, "_PAGES", 3)
    monkeypatch.setattr(review_pages, "_PIECES", 2)
    where, _ = link_to(library, video_id)
    shown = [client.get(where) for _ in range(4)]
    assert [one.status_code for one in shown] == [200, 200, 200, 429]
    assert int(shown[-1].headers["retry-after"]) > 0 and "Too many requests" in shown[-1].text
    clip = library.engine.catalog.clips(video_id)[0].clip_id
    pieces = [client.get(f"{where}/{clip}/poster").status_code for _ in range(3)]
    assert pieces == [200, 200, 429], "files are counted by themselves"
    other, _ = link_to(library, video_id)
    assert client.get(other).status_code == 200

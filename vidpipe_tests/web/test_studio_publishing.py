"""Accounts, the calendar and publishing in Chromium, over the service and a platform's fake."""

from __future__ import annotations

import contextlib
import json
import shutil
import socket
import sqlite3
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import uvicorn

from vidpipe_fakes import FakeTikTok
from vidpipe_tests.uploads.conftest import Server
from vidpipe_tests.web.conftest import PHONE

pytestmark = pytest.mark.timeout(240)
AXE = Path(__file__).parents[2] / "studio/node_modules/axe-core/axe.min.js"
RULES = """
    review: {publish: ask}
    publishing:
      timezone: Asia/Kathmandu
      slots: [{times: ['09:30', '18:00']}]
      spacing_minutes: 60
      ahead_days: 20
"""


@pytest.fixture(scope="module")
def tiktok() -> Iterator[str]:
    """The address of TikTok's fake."""
    listening = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(FakeTikTok(), log_level="critical", lifespan="off")
    server = uvicorn.Server(config)
    server.capture_signals = contextlib.nullcontext
    thread = threading.Thread(target=lambda: server.run(sockets=[listening]), daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    server.should_exit = True
    thread.join(10)


@pytest.fixture(scope="module")
def served(processed, tiktok, tmp_path_factory) -> Iterator[Server]:
    home = tmp_path_factory.mktemp("publishing") / "home"
    shutil.copytree(processed.engine.settings.home, home)
    channels = home / "channels.yaml"
    named = "    platforms: [tiktok, youtube_shorts]\n"
    channels.write_text(channels.read_text().replace(named, named + RULES.lstrip("\n"), 1))
    made = Server(
        home,
        {
            "VIDPIPE_ALLOW_MODEL_DOWNLOAD": "false",
            "VIDPIPE_PUBLISHING__DRY": json.dumps({"tiktok": tiktok}),
        },
    )
    made.start()
    yield made
    made.kill()


@pytest.fixture
def folder(api, request) -> Iterator[dict[str, Any]]:
    """An account that is a folder, for one test."""
    name = "".join(c if c.isalnum() else "-" for c in request.node.name).strip("-")
    wanted = {"channel": "default", "platform": "folder", "address": name}
    made = api.post("/social-accounts", json=wanted).json()["account"]
    yield made
    api.delete(f"/social-accounts/{made['account_id']}")


@pytest.fixture
def queued(api, video, folder):
    """Posts of the video's clips to the folder, which stand in no other test's way."""
    made: list[str] = []

    def post(rank: int = 1, **wanted: Any) -> dict[str, Any]:
        body = {"video_id": video, "clip": str(rank), "account_id": folder["account_id"], **wanted}
        body["anyway"] = True
        answer = api.post("/social-posts", json=body)
        assert answer.status_code == 201, answer.text
        made.append(answer.json()["post_id"])
        return answer.json()

    yield post
    for one in made:
        api.post(f"/social-posts/{one}/cancel")


@pytest.fixture
def unposted(api, video) -> None:
    """No post of the video is under way, whatever an earlier test or attempt left."""
    for one in api.get("/social-posts", params={"video_id": video, "limit": 100}).json()["items"]:
        api.post(f"/social-posts/{one['post_id']}/cancel")


@pytest.fixture
def approved(api, video) -> None:
    for item in api.get("/reviews", params={"video_id": video}).json()["items"]:
        if item["state"] != "approved":
            path = f"/videos/{video}/clips/{item['clip_id']}/approve"
            assert api.post(path, json={"fingerprint": item["fingerprint"]}).status_code == 200


def creators(api) -> list[dict[str, Any]]:
    """The accounts at TikTok."""
    accounts = api.get("/social-accounts").json()["accounts"]
    return [account for account in accounts if account["platform"] == "tiktok"]


def connect_tiktok(one) -> None:
    one.open("/studio/accounts", "YouTube")
    one.page.get_by_role("button", name="Connect an account at TikTok").click()
    one.page.get_by_text("TikTok is connected").wait_for()
    one.page.get_by_role("link", name="Back to the accounts").click()
    one.page.locator(".list .name", has_text="Fake creator").wait_for()


def moment(api, post: dict[str, Any]) -> datetime:
    return datetime.fromisoformat(api.get(f"/social-posts/{post['post_id']}").json()["at"])


def shown_day(at: datetime) -> str:
    """The day of a moment in the channel's time zone."""
    return at.astimezone(ZoneInfo("Asia/Kathmandu")).date().isoformat()


def test_an_account_is_connected_through_its_platform_and_disconnected(visits, api):
    one = visits()
    one.open("/studio/accounts", "YouTube")
    # What nobody set up says what the operator has to do.
    off = one.page.get_by_role("listitem").filter(
        has=one.page.get_by_role("heading", name="YouTube")
    )
    off.get_by_text("VIDPIPE_PUBLISHING__DRY names no fake of YouTube").wait_for()
    connect_tiktok(one)
    one.page.get_by_role("button", name="Look again Fake creator").click()
    one.page.get_by_text("looked at again").wait_for()
    one.page.get_by_role("button", name="Disconnect… Fake creator").click()
    one.page.get_by_role("button", name="Disconnect", exact=True).click()
    one.page.get_by_role("button", name="Connect again Fake creator").click()
    one.page.get_by_text("TikTok is connected").wait_for()
    assert [account["state"] for account in creators(api)] == ["connected"]


def test_a_clip_waits_for_approval_and_tiktok_asks_who_may_see_it(
    visits, api, undecided, unposted, video, clip
):
    one = visits()
    if not creators(api):
        connect_tiktok(one)
    one.open(f"/studio/videos/{video}/clips/{clip['id']}", "of 100")
    one.page.get_by_role("tab", name="Publish").click()
    one.page.get_by_text("This clip is not approved").wait_for()
    one.page.get_by_label("TikTok · Fake creator").check()
    send = one.page.get_by_role("button", name="Put into the queue")
    who = one.page.get_by_label("Who can see it")
    one.until(lambda: who.input_value() == "" and send.is_disabled(), "it may be sent at once")
    one.page.get_by_role("link", name="Music Usage Confirmation").wait_for()
    comment, stitch = (one.page.get_by_label(n, exact=True) for n in ("Comment", "Stitch"))
    one.until(lambda: not comment.is_checked(), "comments are allowed unasked")
    one.until(stitch.is_disabled, "the account lets nobody stitch")
    who.select_option("private")
    one.page.get_by_label("Somebody else’s").check()
    one.page.get_by_text("Choose who can see it.").wait_for()
    one.page.get_by_label("Somebody else’s").uncheck()
    who.select_option("private")
    one.page.get_by_label("Caption", exact=True).fill("x" * 2201)
    one.page.get_by_text("1 too many").wait_for()
    one.until(send.is_disabled, "a caption that is too long may be sent")
    one.page.get_by_label("Caption", exact=True).fill("Said here")
    send.click()
    one.page.get_by_text("Waits for approval").first.wait_for()
    items = api.get("/social-posts", params={"video_id": video}).json()["items"]
    [post] = [item for item in items if item["state"] == "waiting"]
    detail = api.get(f"/social-posts/{post['post_id']}").json()
    assert (detail["state"], detail["text"], detail["privacy"]) == (
        "waiting",
        "Said here",
        "private",
    )
    assert detail["changes"]["tiktok"]["disable_comment"] is True
    one.page.get_by_role("button", name="Approve").click()
    one.page.get_by_text("Scheduled").first.wait_for()
    assert api.post(f"/social-posts/{post['post_id']}/cancel").status_code == 200
    one.page.get_by_text("Cancelled").first.wait_for()


def test_posts_are_moved_by_mouse_by_keys_and_in_a_dialog(visits, api, queued, approved):
    """Slots are at 03:45 and 12:15 UTC; the time zone is one of no whole hours."""
    post = queued()
    one = visits()
    one.until(lambda: api.get(f"/social-posts/{post['post_id']}").json()["at"], "it has no slot")
    first = moment(api, post)
    day = first + timedelta(days=8)
    local = shown_day(day)
    one.open(f"/studio/calendar?day={local}", "Times are those of Asia/Kathmandu")
    one.page.locator(f"[data-day='{local}'] .slot").first.wait_for()
    # The post is in another week: keys bring it here.
    one.open(f"/studio/calendar?day={shown_day(first)}", "Times are those of")
    card = one.page.locator(f"#post-{post['post_id']}")
    card.focus()
    one.press("m", *["ArrowRight"] * 8, "Enter")
    one.until(lambda: moment(api, post) == first + timedelta(days=8), "keys do not move it")
    one.page.locator(f"[data-day='{local}'] #post-{post['post_id']}").wait_for()
    # By mouse onto the other slot of that day.
    clock = "18:00" if first.hour == 3 else "09:30"
    # Another account, of another test, may have its slot at that time.
    own = f"[data-day='{local}'] .slot[data-platform='folder']"
    card.drag_to(one.page.locator(own, has_text=clock).first)
    one.until(
        lambda: moment(api, post).date() == day.date() and moment(api, post).hour != first.hour,
        "the mouse does not move it",
    )
    moved = api.get(f"/social-posts/{post['post_id']}").json()
    assert moved["slot"], (moved["at"], clock)
    # Onto a time that is no slot.
    at = one.page.locator(f"td[data-day='{local}'][data-hour='14']")
    card.drag_to(at, target_position={"x": 20, "y": 4})
    wanted = datetime.fromisoformat(f"{local}T14:00:00+05:45")
    one.until(lambda: moment(api, post) == wanted, "a time is not taken")
    # And in a dialog.
    card.click()
    dialog = one.page.get_by_role("dialog")
    dialog.get_by_label("Time in Asia/Kathmandu").fill(f"{local}T15:20")
    dialog.get_by_role("button", name="Set this time").click()
    wanted = datetime.fromisoformat(f"{local}T15:20:00+05:45")
    one.until(lambda: moment(api, post) == wanted, "the dialog does not move it")
    dialog.get_by_role("button", name="Next free slot").click()
    one.until(lambda: moment(api, post) == first, "it gets no free slot")
    dialog.get_by_role("button", name="Cancel the post").click()
    one.until(
        lambda: api.get(f"/social-posts/{post['post_id']}").json()["state"] == "cancelled",
        "it is not cancelled",
    )


def test_two_people_want_one_moment_and_the_second_is_asked(visits, api, folder, queued, approved):
    """Each has a page of their own; what the first one does is not known to what the second one
    has in hand."""
    begin = datetime.now(UTC) + timedelta(days=4)
    day = begin.astimezone(ZoneInfo("Asia/Kathmandu")).date()

    def at(clock: str, later: int = 0) -> datetime:
        return datetime.fromisoformat(f"{day + timedelta(days=later)}T{clock}:00+05:45")

    ada_s, ben_s = queued(1, at=at("14:00").isoformat()), queued(2, at=at("14:00", 1).isoformat())
    ada, ben = visits(), visits()

    def move_to(one, post, moment: datetime) -> None:
        """Type a time into the dialog of a post; nothing is sent yet."""
        one.open(f"/studio/calendar?day={day}&post={post['post_id']}", "Post now")
        field = one.page.get_by_role("dialog").get_by_label("Time in Asia/Kathmandu")
        field.wait_for()
        one.until(lambda: field.input_value() != "", "the time is not shown")
        field.fill(moment.strftime("%Y-%m-%dT%H:%M"))

    def send(one) -> None:
        one.page.get_by_role("dialog").get_by_role("button", name="Set this time").click()

    # Both type the same time: the first one gets it, and nobody may have it too.
    move_to(ada, ada_s, at("16:00", 2))
    move_to(ben, ben_s, at("16:00", 2))
    send(ada)
    ada.until(lambda: moment(api, ada_s) == at("16:00", 2), "the first one does not get it")
    send(ben)
    told = ben.page.get_by_role("dialog").get_by_role("alert")
    told.wait_for()
    anyway = ben.page.get_by_role("button", name="Post it then all the same")
    assert "another post" in told.inner_text() and anyway.count() == 0
    assert moment(api, ben_s) == at("14:00", 1)
    # One that is only too near is asked about, and goes when it is wanted all the same.
    time = ben.page.get_by_role("dialog").get_by_label("Time in Asia/Kathmandu")
    time.fill(at("16:20", 2).strftime("%Y-%m-%dT%H:%M"))
    send(ben)
    anyway.wait_for()
    assert moment(api, ben_s) == at("14:00", 1)
    anyway.click()
    ben.until(lambda: moment(api, ben_s) == at("16:20", 2), "it does not go all the same")
    # In the calendar: the second one has the post in hand while the first one takes its aim.
    ben.open(f"/studio/calendar?day={day + timedelta(days=2)}", "Times are those of")
    card = ben.page.locator(f"#post-{ben_s['post_id']}")
    card.focus()
    ben.press("m", "ArrowRight")
    bar = ben.page.get_by_role("group", name="Move ")
    bar.get_by_text("16:20").wait_for()
    moved = api.patch(f"/social-posts/{ada_s['post_id']}", json={"at": at("16:20", 3).isoformat()})
    assert moved.status_code == 200, moved.text
    ben.press("Enter")
    box = ben.page.get_by_role("alertdialog", name="It cannot go there")
    box.wait_for()
    leave = box.get_by_role("button", name="Leave it where it is")
    ben.until(lambda: leave.evaluate("e => e === document.activeElement"), "keys are elsewhere")
    ben.press("Enter")
    box.wait_for(state="detached")
    focused = f"document.activeElement?.id === 'post-{ben_s['post_id']}'"
    ben.until(lambda: ben.page.evaluate(focused), "the post has lost the focus")
    assert moment(api, ben_s) == at("16:20", 2)
    # And one that somebody cancels meanwhile is not brought back.
    move_to(ada, ada_s, at("10:00", 5))
    api.post(f"/social-posts/{ada_s['post_id']}/cancel").raise_for_status()
    ada.page.get_by_role("dialog").get_by_text("Cancelled").first.wait_for()
    assert ada.page.get_by_role("button", name="Set this time").count() == 0
    assert api.get(f"/social-posts/{ada_s['post_id']}").json()["state"] == "cancelled"


def test_what_is_written_is_kept_whatever_happens_meanwhile(
    visits, api, folder, queued, approved, video, clip
):
    at = datetime.now(UTC) + timedelta(days=2)
    post, other = queued(2, at=at.isoformat()), queued()
    one = visits()
    one.open(f"/studio/calendar?day={shown_day(at)}&post={post['post_id']}", "Post now")
    one.page.get_by_text("Dry run: posts go to fakes").first.wait_for()
    dialog = one.page.get_by_role("dialog")
    time = dialog.get_by_label("Time in Asia/Kathmandu")
    typed = f"{shown_day(at + timedelta(days=5))}T09:15"
    time.fill(typed)
    with one.page.expect_response(lambda answer: answer.url.endswith(post["post_id"])):
        api.post(f"/social-posts/{other['post_id']}/cancel")
    one.page.wait_for_timeout(200)
    assert time.input_value() == typed
    # A selection that ends beside the dialog, and then a press beside it.
    text = dialog.locator("textarea").first
    text.fill("Written here")
    box = text.bounding_box()
    one.page.mouse.move(box["x"] + 60, box["y"] + 10)
    one.page.mouse.down()
    one.page.mouse.move(5, box["y"] + 10)
    one.page.mouse.up()
    one.page.mouse.click(5, box["y"] + 10)
    assert text.input_value() == "Written here"
    # The service is away while another is queued.
    one.open(f"/studio/videos/{video}/clips/{clip['id']}", "of 100")
    one.page.get_by_role("tab", name="Publish").click()
    one.page.get_by_label(f"Folder · {folder['name']}").check()
    text = one.page.locator(".publish textarea").first
    text.fill("Kept")
    one.page.route("**/api/v1/social-posts", lambda route: route.abort())
    one.page.get_by_role("button", name="Put into the queue").click()
    one.page.get_by_text("It was not queued: try again").wait_for()
    assert text.input_value() == "Kept"
    one.problems = [said for said in one.problems if "ERR_FAILED" not in said]


@pytest.fixture
def unpaused(api) -> Iterator[None]:
    """No channel is paused, whatever an earlier attempt left; nor is one afterwards."""

    path = "/channels/default/publishing-pause"
    api.delete(path)
    yield
    api.delete(path)


def test_a_channel_is_paused_and_goes_on(visits, api, queued, approved, unpaused):
    one = visits()
    one.open("/studio/calendar?span=month", "Times are those of")
    one.page.get_by_role("button", name="Pause…").click()
    one.page.get_by_label("Why").fill("Holidays")
    one.page.get_by_role("button", name="Pause", exact=True).click()
    one.page.get_by_text("until somebody resumes it: Holidays").wait_for()
    [pause] = api.get("/publishing-pauses").json()["items"]
    assert (pause["channel"], pause["reason"]) == ("default", "Holidays")
    one.page.get_by_role("button", name="Resume").click()
    one.page.get_by_text("Holidays").wait_for(state="detached")
    assert api.get("/publishing-pauses").json()["items"] == []


def test_what_is_uncertain_is_decided_and_what_is_posted_is_shown(
    visits, api, served, folder, queued, approved, video, clip
):
    later = datetime.now(UTC) + timedelta(days=3)
    post = queued(2, at=later.isoformat())
    one = visits()
    one.open("/studio/calendar", "Needs you")
    card = one.page.get_by_label("Needs you").locator("a.card")

    def shown() -> bool:
        # The service may have the post in hand just then, and write it again.
        with sqlite3.connect(served.home / "catalog.sqlite", timeout=30) as catalog:
            catalog.execute(
                "UPDATE posts SET state = 'uncertain', due_at = NULL WHERE post_id = ?",
                (post["post_id"],),
            )
        one.page.reload()
        one.page.get_by_text("Needs you").first.wait_for()
        one.page.wait_for_timeout(1500)
        return bool(card.count() == 1)

    one.until(shown, "what is uncertain is not shown", within_s=90)
    card.click()
    dialog = one.page.get_by_role("dialog")
    dialog.get_by_label("Its address there").fill("https://video.example/watch/1")
    dialog.get_by_role("button", name="It is there").click()
    dialog.get_by_text("Posted", exact=True).wait_for(timeout=90_000)
    found = api.get(f"/social-posts/{post['post_id']}").json()
    assert (found["state"], found["url"]) == ("posted", "https://video.example/watch/1")
    # Another is posted at once, from the page of its clip; the page says so by itself.
    one.open(f"/studio/videos/{video}/clips/{clip['id']}", "of 100")
    one.page.get_by_role("tab", name="Publish").click()
    one.page.get_by_label(f"Folder · {folder['name']}").check()
    one.page.get_by_label("Now").check()
    one.page.get_by_role("button", name="Post now").click()
    # The service posts it when it gets to it, on a machine that may be busy.
    one.page.locator(".posts .tag.good").wait_for(timeout=120_000)
    assert list((served.home / "posts" / folder["remote_id"]).rglob("*.mp4"))


def test_what_is_filled_in_is_accessible(visits, folder, queued, approved):
    if not AXE.exists():
        pytest.skip("axe-core is not installed: npm ci in studio/")
    at = datetime.now(UTC) + timedelta(days=1)
    post = queued(2, at=at.isoformat())
    day = shown_day(at)
    month = f"/studio/calendar?span=month&day={day}"
    opened = f"/studio/calendar?day={day}&post={post['post_id']}"
    pages = [
        ("light", month, "Times are those of"),
        ("light", opened, "Post now"),
        ("dark", opened, "Post now"),
        ("light", "/studio/accounts", folder["name"]),
    ]
    one = visits(bypass_csp=True)
    for scheme, path, shows in pages:
        one.page.emulate_media(color_scheme=scheme)
        one.open(path, shows)
        one.page.locator(".card, .list .name").first.wait_for()
        one.page.add_script_tag(path=AXE)
        found = one.page.evaluate("axe.run().then(r => r.violations)")
        told = [(v["id"], [n["html"][:120] for n in v["nodes"]]) for v in found]
        assert told == [], f"{path} in {scheme}"


def test_the_calendar_fits_a_phone_and_a_page_that_is_twice_as_large(visits, queued, approved):
    at = datetime.now(UTC) + timedelta(minutes=90)
    post = queued(2, at=at.isoformat())
    day = shown_day(at)
    sizes = [(PHONE, {"is_mobile": True, "has_touch": True}), ({"width": 720, "height": 450}, {})]
    for size, how in sizes:
        one = visits(size, **how)
        for path in (f"/studio/calendar?post={post['post_id']}", "/studio/accounts"):
            one.open(path, "Post now" if "post=" in path else "Connect another")
            wide = one.page.evaluate("document.documentElement.scrollWidth - innerWidth")
            assert wide <= 0, (path, size)
        one.open(f"/studio/calendar?day={day}", "Times are those of")
        one.page.locator(f"section[data-day] #post-{post['post_id']}").wait_for()

"""The studio in Chromium, over the service as a process and real media."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from vidpipe.web import studio
from vidpipe_tests.uploads.conftest import Server, dropped, noise
from vidpipe_tests.web.conftest import PHONE

pytestmark = pytest.mark.timeout(240)
AXE = Path(__file__).parents[2] / "studio/node_modules/axe-core/axe.min.js"


@pytest.fixture(scope="module")
def served(processed, tmp_path_factory) -> Iterator[Server]:
    """The processed talk behind `vidpipe serve`; tests of this module change its home in turn."""
    home = tmp_path_factory.mktemp("studio") / "home"
    shutil.copytree(processed.engine.settings.home, home)
    made = Server(home, {"VIDPIPE_ALLOW_MODEL_DOWNLOAD": "false"})
    made.start()
    yield made
    made.kill()


def addresses(video: str, clip_id: str) -> dict[str, str]:
    return {
        "/studio/": "short talk",
        f"/studio/videos/{video}": "Transcript",
        f"/studio/videos/{video}/clips/{clip_id}": "of 100",
        "/studio/search?q=the": "“the”",
        "/studio/review": "Review",
        "/studio/calendar": "Times are those of",
        "/studio/figures": "Nothing was posted in the last year",
        "/studio/accounts": "Connect one",
        "/studio/gates": "Who may approve",
    }


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_page_is_accessible(visits, video, clip, scheme):
    if not AXE.exists():
        pytest.skip("axe-core is not installed: npm ci in studio/")
    one = visits(color_scheme=scheme, bypass_csp=True)
    for path, shows in addresses(video, clip["id"]).items():
        one.open(path, shows)
        one.page.wait_for_timeout(400)
        one.page.add_script_tag(path=AXE)
        found = one.page.evaluate("axe.run().then(r => r.violations)")
        told = [(v["id"], [n["html"][:120] for n in v["nodes"]]) for v in found]
        assert told == [], f"{path} in {scheme}"
        theme = one.page.evaluate("document.documentElement.dataset.theme")
        assert theme == scheme


def test_pages_fit_a_phone(visits, video, clip):
    one = visits(PHONE, is_mobile=True, has_touch=True)
    for path, shows in addresses(video, clip["id"]).items():
        one.open(path, shows)
        one.page.wait_for_timeout(300)
        wide = one.page.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert wide <= 0, path


def test_pages_that_nothing_happens_on_ask_for_nothing(visits, video, clip):
    """All of them side by side, which wait at the same time."""
    watched = addresses(video, clip["id"])
    of_a_clip = f"/studio/videos/{video}/clips/{clip['id']}"
    shown = [(path, "") for path in watched] + [(of_a_clip, tab) for tab in ("Notes", "Versions")]
    asked: dict[tuple[str, str], list[str]] = {one: [] for one in shown}
    opened = []
    for path, tab in shown:
        one, of_it = visits(), asked[path, tab]
        one.page.on("request", lambda r, to=of_it: to.append(r.url) if "/api/" in r.url else None)
        one.open(path, watched[path])
        if tab:
            one.page.get_by_role("tab", name=tab).click()
        opened.append(one)
    opened[-1].page.wait_for_timeout(1500)
    for urls in asked.values():
        urls.clear()
    opened[-1].page.wait_for_timeout(1500)
    for one, (where, urls) in zip(opened, asked.items(), strict=True):
        # What nobody sees may be asked for less often: each of them is seen.
        assert one.page.evaluate("document.visibilityState") == "visible"
        assert len(urls) <= 4, (where, urls[:8])


def scripts(one) -> dict[str, int]:
    """The scripts of the studio that a page has loaded so far, and the bytes of each."""
    entries = one.page.evaluate(
        "performance.getEntriesByType('resource').map(e => [e.name, e.decodedBodySize])"
    )
    found = {name.rpartition("/")[2]: size for name, size in entries if "/assets/" in name}
    return {name: size for name, size in found.items() if name.endswith(".js")}


def test_a_page_loads_what_it_shows_alone(visits, video):
    built = (studio.BUILT / "assets").glob("*.js")
    everything = sum(path.stat().st_size for path in built)
    one = visits()
    one.open("/studio/", "short talk")
    assert 0 < sum(scripts(one).values()) < 0.3 * everything
    one.open("/studio/calendar", "Times are those of")
    assert not [name for name in scripts(one) if name.startswith(("player", "waveform", "Home"))]
    one.open(f"/studio/videos/{video}", "Transcript")
    kinds = {name.partition("-")[0] for name in scripts(one)}
    assert {"player", "waveform", "Video"} <= kinds and not {"Clip", "Calendar"} & kinds


def test_what_is_shown_stays_until_the_next_page_is_there(visits):
    one = visits()
    one.open("/studio/", "short talk")
    held: list[Any] = []

    def hold(route: Any) -> None:
        held.append(route)

    one.page.route("**/assets/Calendar-*.js", hold)
    # What the page is without for a moment is noted, as nobody could wait for it.
    one.page.evaluate(
        """() => {
          const main = document.getElementById("main");
          window.empty = 0;
          new MutationObserver(() => { if (!main.querySelector("h1")) window.empty += 1; })
            .observe(main, { childList: true, subtree: true });
        }"""
    )
    link = one.page.get_by_role("navigation").get_by_role("link", name="Calendar")
    link.focus()
    one.press("Enter")
    one.until(lambda: len(held) == 1, "the page is not asked for")
    one.page.wait_for_timeout(500)
    assert one.page.get_by_text("short talk").first.is_visible()
    assert one.page.evaluate("document.activeElement.textContent").strip() == "Calendar"
    assert one.page.locator("main").get_attribute("aria-busy") == "true"
    held[0].continue_()
    one.page.get_by_text("Times are those of").wait_for()
    assert one.page.evaluate("document.activeElement.id") == "main"
    assert one.page.evaluate("window.empty") == 0
    # Back at once, and somebody who writes goes on writing.
    one.press("/")
    one.page.keyboard.type("the")
    one.page.go_back()
    one.page.get_by_text("short talk").first.wait_for()
    one.page.keyboard.type("se")
    assert one.page.locator("#search").input_value() == "these"
    assert one.page.evaluate("window.empty") == 0


def test_a_page_that_an_upgrade_took_away_is_loaded_again_once(visits):
    one = visits()
    one.open("/studio/", "short talk")
    loads: list[str] = []
    one.page.on("request", lambda r: loads.append(r.url) if r.is_navigation_request() else None)
    one.page.evaluate("window.old = true")
    gone = "**/assets/Figures-*.js"
    one.page.route(
        gone, lambda route: route.fulfill(status=404) if not loads else route.continue_()
    )
    one.page.get_by_role("navigation").get_by_role("link", name="Figures").click()
    one.page.get_by_text("Nothing was posted in the last year").wait_for()
    assert len(loads) == 1 and one.page.evaluate("window.old") is None
    # A file that is missing from the build itself is told of: nothing is loaded again and again.
    one.page.route("**/assets/Gates-*.js", lambda route: route.fulfill(status=404))
    one.page.get_by_role("navigation").get_by_role("link", name="Gates").click()
    one.page.get_by_text("The studio was renewed meanwhile").wait_for()
    assert len(loads) == 2
    one.page.unroute("**/assets/Gates-*.js")
    one.page.get_by_role("button", name="Load it again").click()
    one.page.get_by_text("Who may approve").first.wait_for()
    # Without a line what is shown stays, and what was asked for can be asked for again.
    one.page.context.set_offline(True)
    one.page.get_by_role("navigation").get_by_role("link", name="Accounts").click()
    one.page.get_by_text("cannot be reached: the page was not loaded").wait_for()
    assert one.page.get_by_text("Who may approve").first.is_visible() and len(loads) == 3
    one.page.context.set_offline(False)
    one.page.get_by_role("button", name="Load it again").click()
    one.page.get_by_text("Connect one").wait_for()
    one.problems.clear()


def test_an_upload_goes_on_after_the_page_was_loaded_again(visits, api, served, tmp_path):
    file = tmp_path / "long talk.bin.mp4"
    # Whatever an earlier attempt left.
    for left in api.get("/uploads/open").json()["items"]:
        api.delete(f"/uploads/{left['upload_id']}")
    (served.home / "drop/default" / file.name).unlink(missing_ok=True)
    data = noise(40_000_000, seed=3)
    file.write_bytes(data)
    one = visits()
    one.open("/studio/", "Choose recordings")
    # A slow line: the page is loaded again in the middle.
    line = one.page.context.new_cdp_session(one.page)
    line.send(
        "Network.emulateNetworkConditions",
        {
            "offline": False,
            "latency": 20,
            "downloadThroughput": -1,
            "uploadThroughput": 8_000_000,
        },
    )
    picker = one.page.get_by_label("Recordings to upload")
    picker.set_input_files(file)
    bar = one.page.get_by_role("progressbar")
    one.until(lambda: int(bar.get_attribute("aria-valuenow") or 0) >= 30, "nothing is sent")
    one.page.on("dialog", lambda dialog: dialog.accept())
    one.page.reload()
    one.page.get_by_text("not finished").wait_for()
    with httpx.Client(base_url=served.api) as client:
        [before] = client.get("/uploads/open").json()["items"]
        sent = client.get(f"/uploads/{before['upload_id']}").json()["received_bytes"]
    assert sent > 0
    one.page.get_by_label("Recordings to upload").set_input_files(file)
    one.page.get_by_text("is being looked at").wait_for()
    assert dropped(served.home)[file.name] == data
    (served.home / "drop/default" / file.name).unlink()


def test_a_recording_is_searched_watched_and_its_words_lead_to_their_moments(visits, video, api):
    said = api.get(f"/videos/{video}/transcript").json()
    word = max(said["words"], key=lambda w: len(w["text"]))
    wanted = "".join(c for c in word["text"] if c.isalnum())
    one = visits()
    one.open("/studio/", "short talk")
    one.press("/")
    one.page.keyboard.type(wanted)
    one.press("Enter")
    one.page.locator("mark").first.click()
    one.page.get_by_role("heading", name="Transcript").wait_for()
    at = float(one.page.url.split("t=")[1])
    assert any(abs(s["start_s"] - at) < 0.02 for s in said["sentences"])
    slider = one.page.get_by_role("slider", name="Position in the recording")
    one.until(
        lambda: int(slider.get_attribute("aria-valuenow") or -1) == round(at),
        "it does not begin where the word is said",
    )
    one.page.get_by_label("Find in the transcript").fill(wanted.lower())
    one.press("Enter")
    one.until(
        lambda: abs(int(slider.get_attribute("aria-valuenow") or -99) - word["start_s"]) < 2,
        "the timeline does not follow the transcript",
    )
    one.page.get_by_role("tab", name="What was found").click()
    one.page.get_by_text("Self contained").first.wait_for()


def test_other_clips_are_asked_for_and_called_off(visits, api, video):
    wanted = {"video_id": video, "state": "queued"}
    # Whatever an earlier attempt left.
    for left in api.get("/jobs", params=wanted).json()["items"]:
        api.post(f"/jobs/{left['job_id']}/cancel").raise_for_status()
    one = visits()
    one.open(f"/studio/videos/{video}", "Transcript")
    one.page.get_by_role("button", name="Other clips…").click()
    one.page.get_by_label("How many").fill("2")
    one.page.get_by_label("From, in seconds").fill("8")
    # Half a range is none.
    one.page.get_by_role("button", name="Make them").click()
    assert one.page.get_by_role("dialog").is_visible()
    one.page.get_by_label("To", exact=True).fill("15")
    one.page.get_by_role("button", name="Make them").click()
    one.page.get_by_text("Asked for.").wait_for()
    [job] = api.get("/jobs", params=wanted).json()["items"]
    asked = api.get(f"/jobs/{job['job_id']}").json()["options"]
    assert (asked["clips"], asked["length"]) == (2, "8-15")
    one.page.get_by_role("button", name="Stop").click()
    one.page.get_by_text("Stopped.").wait_for()
    assert api.get("/jobs", params=wanted).json()["items"] == []


def test_clips_are_decided_by_keys_and_nothing_is_lost_by_loading_again(
    visits, api, video, undecided
):
    waiting = api.get("/reviews", params={"state": "pending", "video_id": video}).json()["items"]
    assert len(waiting) == 2
    one = visits()
    one.open("/studio/review", "wait for you")
    one.press("Enter")
    one.page.get_by_text("1 of 2").wait_for()
    one.press("a")
    one.page.get_by_text("2 of 2").wait_for()
    one.page.reload()
    one.page.get_by_role("button", name="Reject").wait_for()
    one.press("x")
    one.page.get_by_role("button", name="Starts or ends badly").wait_for()
    one.press("3")
    one.page.get_by_text("All looked at").wait_for()
    states = {
        i["clip_id"]: (i["state"], (i["decision"] or {}).get("reason"))
        for i in api.get("/reviews", params={"video_id": video}).json()["items"]
    }
    first, second = (item["clip_id"] for item in waiting)
    assert states[first][0] == "approved"
    assert states[second] == ("rejected", "starts_or_ends_badly")
    one.open(f"/studio/videos/{video}/clips/{second}", "Rejected")
    one.press("u")
    one.page.get_by_role("button", name="Approve").wait_for()
    left = api.get("/reviews", params={"state": "pending", "video_id": video}).json()["items"]
    assert [item["clip_id"] for item in left] == [second]


def test_words_are_cut_corrected_and_put_back(visits, api, video, clip, unedited):
    one = visits()

    def edit() -> dict[str, Any]:
        document = api.get(f"/videos/{video}/edits").json()["document"]
        found = (e for e in document["clip_edits"] if e["clip"] == clip["id"])
        return next(found, {})

    one.open_clip(video, clip["id"])
    inside = one.page.locator(".word.in")
    inside.nth(2).click()
    one.press("Shift+ArrowRight", "Delete")
    cut = one.page.locator(".word.cut")
    one.until(lambda: cut.count() == 2, "two words are not shown as cut")
    one.until(lambda: len(edit().get("cuts", [])) == 1, "the cut is not saved")
    one.press("Control+z")
    one.until(lambda: edit().get("cuts", []) == [], "the cut is not taken back")
    one.press("Control+Shift+z")
    # Before it is sent the page is loaded again: it is sent then.
    one.page.reload()
    one.until_editable()
    one.until(lambda: len(edit().get("cuts", [])) == 1, "a change was lost by loading again")
    one.press("t")
    one.press("Control+a")
    one.page.keyboard.type("A better title")
    one.press("Tab")
    one.until(lambda: edit().get("title") == "A better title", "the title is not saved")
    one.page.get_by_role("tab", name="Words").click()
    one.page.locator(".word.in").nth(4).dblclick()
    one.page.keyboard.type("mended")
    one.press("Enter")
    one.until(
        lambda: (
            [w["text"] for w in api.get(f"/videos/{video}/edits").json()["document"]["words"]]
            == ["mended"]
        ),
        "the correction is not saved",
    )
    one.page.get_by_role("tab", name="Versions").click()
    one.page.get_by_text("Version 1", exact=True).wait_for()
    one.page.get_by_role("button", name="Go back to it").last.click()
    one.page.get_by_text("again. The versions after it are kept.").wait_for()
    assert edit().get("title") is None


def test_a_crop_is_told_where_to_move_to(visits, api, video, clip, unedited):
    one = visits()

    def framing() -> dict[str, Any]:
        document = api.get(f"/videos/{video}/edits").json()["document"]
        found = [e["framing"] for e in document["clip_edits"] if e["clip"] == clip["id"]]
        return found[0][-1] if found and found[0] else {}

    one.open_clip(video, clip["id"])
    one.page.get_by_role("tab", name="Picture").click()
    moves = one.page.get_by_label("moves from one box to another")
    one.page.get_by_text("Everything, smaller").click()
    one.until(lambda: framing().get("composition") == "fit", "the composition is not saved")
    assert moves.count() == 0
    one.page.get_by_text("Speaker fills the picture").click()
    moves.check()
    start = one.page.get_by_role("group", name="Speaker at the start")
    end = one.page.get_by_role("group", name="Speaker at the end")
    one.until(lambda: framing().get("camera_to") is not None, "the movement is not saved")
    first = framing()
    assert first["camera_to"] != first["camera"]
    # Each end is moved by itself, by keys and by the pointer.
    start.focus()
    one.press("ArrowUp")
    one.until(lambda: framing()["camera"]["y"] == first["camera"]["y"] - 8, "its start stays")
    assert framing()["camera_to"] == first["camera_to"]
    box = end.bounding_box()
    one.page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 4)
    one.page.mouse.down()
    one.page.mouse.move(box["x"] + box["width"] / 2 - 60, box["y"] - 30, steps=4)
    one.page.mouse.up()
    one.until(lambda: framing()["camera_to"]["x"] < first["camera_to"]["x"], "its end stays")
    moved = framing()
    assert moved["camera"] == {**first["camera"], "y": first["camera"]["y"] - 8}
    assert moved["camera_to"]["width"] == first["camera_to"]["width"]
    # After a reload both are there; what cannot move stands still, and one box is left.
    one.page.reload()
    one.until_editable()
    one.page.get_by_role("tab", name="Picture").click()
    end.wait_for()
    assert moves.is_checked()
    one.page.get_by_text("Two people").click()
    one.until(
        lambda: framing()["composition"] == "two_up" and framing()["camera_to"] is None,
        "what cannot move is kept",
    )
    assert end.count() == 0 and framing()["camera"] == moved["camera"]


def test_two_people_at_once_keep_each_others_changes(visits, api, video, clip, unedited):
    one, other = visits(), visits()
    one.open_clip(video, clip["id"])
    other.open_clip(video, clip["id"])
    for who, field, text in ((one, "Description", "by one"), (other, "Hashtags", "other")):
        who.page.get_by_role("tab", name="Texts").click()
        who.page.get_by_label(field).fill(text)
        who.press("Tab")

    def both() -> bool:
        document = api.get(f"/videos/{video}/edits").json()["document"]
        found = [e for e in document["clip_edits"] if e["clip"] == clip["id"]]
        return bool(found) and (found[0]["description"], found[0]["hashtags"]) == (
            "by one",
            ["other"],
        )

    one.until(both, "one of two changes is lost")


def test_a_line_that_is_gone_for_a_while_loses_no_change(visits, api, video, clip, unedited):
    one = visits()
    one.open_clip(video, clip["id"])
    one.page.get_by_role("tab", name="Texts").click()
    hook = one.page.get_by_label("Hook, the first line")
    one.page.context.set_offline(True)
    hook.fill("Said while away")
    one.press("Tab")
    one.page.get_by_text("Not reachable").wait_for()
    one.problems.clear()
    one.page.context.set_offline(False)

    def saved() -> bool:
        document = api.get(f"/videos/{video}/edits").json()["document"]
        return any(e["hook"] == "Said while away" for e in document["clip_edits"])

    one.until(saved, "a change that was made without a line is lost")
    one.problems.clear()

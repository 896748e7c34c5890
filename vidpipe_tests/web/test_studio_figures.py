"""How posts did, and what went with views, in Chromium over the service."""

from __future__ import annotations

import random
import re
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from vidpipe.catalog.catalog import Catalog
from vidpipe.catalog.post_figures import write
from vidpipe.catalog.publishing_tables import PostReadingRow, PostRow, SocialAccountRow
from vidpipe_tests.uploads.conftest import Server
from vidpipe_tests.web.conftest import PHONE

pytestmark = pytest.mark.timeout(240)
AXE = Path(__file__).parents[2] / "studio/node_modules/axe-core/axe.min.js"
#: Posts of the account whose factors say something; of another that does not say views; of a
#: channel with too few.
MANY, SILENT, FEW = 26, 6, 7


def fill(catalog: Catalog, video: str, clip: str) -> None:
    """Posts with figures of their first weeks."""
    made = random.Random(5)
    now = datetime.now(UTC).replace(microsecond=0)

    def account(account_id: str, channel: str, platform: str) -> None:
        with catalog.writing() as session:
            session.add(
                SocialAccountRow(
                    account_id=account_id, channel=channel, platform=platform,
                    remote_id=account_id, name=account_id.title(), state="connected",
                    scopes=[], connected_by="test",
                )
            )  # fmt: skip

    def post(account_id: str, n: int, counted: Any, factors: dict[str, float]) -> None:
        at = now - timedelta(days=12 + n, hours=n % 5)
        with catalog.writing() as session:
            own = session.get(SocialAccountRow, account_id)
            row = PostRow(
                post_id=f"post_{account_id}{n:02}", channel=own.channel, video_id=video,
                clip_id=clip if n == 0 else f"clip{n}", platform=own.platform,
                account_id=account_id, fingerprint="f", state="posted", changes={},
                title=f"Said {account_id} {n:02}", score=factors["score"], created_by="test",
                posted_at=at, url=f"https://video.example/{account_id}/{n}",
            )  # fmt: skip
            session.add(row)
            session.flush()
            # Due never: the service asks no platform.
            session.add(PostReadingRow(post_id=row.post_id, factors=factors, read_at=now))
            for age in (0.5, 1.5, 3.0, 6.5, 7.5, 11.0):
                write(session, row, at + timedelta(days=age), counted(age))

    account("tube", "default", "youtube")
    account("office", "default", "linkedin")
    account("second", "other", "tiktok")
    for n in range(MANY):
        hook, payoff = made.uniform(20, 90), made.uniform(20, 90)
        seen = 40 * hook - 40 * payoff + 4000
        factors = {
            "score": made.uniform(40, 90), "hook": hook, "payoff": payoff,
            "self_contained": 60.0, "closure": made.uniform(20, 90),
        }  # fmt: skip
        post(
            "tube", n,
            lambda age, seen=seen, n=n: {
                "views": int(seen * age / 7), "likes": n, "comments": 0, "watch_s": 90.0 * age,
            },
            factors,
        )  # fmt: skip
    for n in range(SILENT):
        post("office", n, lambda age, n=n: {"likes": 5 + n, "comments": 1}, {"score": 50.0 + n})
    for n in range(FEW):
        post("second", n, lambda age: {"views": int(10 * age)}, {"score": 50.0})


@pytest.fixture(scope="module")
def served(processed, tmp_path_factory) -> Iterator[Server]:
    """The processed talk, whose posts have figures; no test changes what is there."""
    home = tmp_path_factory.mktemp("figures") / "home"
    shutil.copytree(processed.engine.settings.home, home)
    catalog = Catalog(f"sqlite:///{home / 'catalog.sqlite'}")
    fill(catalog, processed.video_id, processed.document("rendered_clips").clips[0].clip_id)
    catalog.engine.dispose()
    made = Server(home, {"VIDPIPE_ALLOW_MODEL_DOWNLOAD": "false"})
    made.start()
    yield made
    made.kill()


def titles(one) -> list[str]:
    """The posts of the table, as they are listed."""
    return one.page.locator("tbody th[scope=row]").all_inner_texts()


def query(one) -> str:
    return one.page.evaluate("location.search")


def test_factors_are_drawn_with_what_they_say_and_platforms_summed(visits, api):
    one = visits()
    one.open("/studio/", "short talk")
    one.page.get_by_role("navigation").get_by_role("link", name="Figures").click()
    one.page.get_by_role("combobox", name="Channel").select_option("default")
    found = api.get("/analytics/posts", params={"channel": "default"}).json()
    factors = {factor["factor"]: factor for factor in found["factors"]}
    says = [factors[name]["says"] for name in ("hook", "payoff", "self_contained")]
    assert says == ["with_views", "against_views", "no_difference"]
    section = one.page.get_by_role("region", name="What went with views")
    for factor in found["factors"]:
        # Posts of LinkedIn have no views: they are compared with nothing.
        assert factor["posts"] == MANY
        name = factor["factor"].replace("_", " ").capitalize()
        row = section.get_by_role("listitem").filter(has_text=name)
        row.get_by_text(factor["words"]).wait_for()
        assert row.get_by_role("img").count() == (factor["correlation"] is not None)
    # The bar is where the interval is, the dot where the correlation is.
    hook = section.get_by_role("listitem").filter(has_text="Hook")
    scale, bar, dot = (hook.locator(part).bounding_box() for part in (".scale", ".bar", ".dot"))
    place = {
        "low": bar["x"], "high": bar["x"] + bar["width"], "correlation": dot["x"] + dot["width"] / 2
    }  # fmt: skip
    for name, x in place.items():
        drawn = 2 * (x - scale["x"]) / scale["width"] - 1
        assert drawn == pytest.approx(factors["hook"][name], abs=0.02), name
    label = hook.get_by_role("img").get_attribute("aria-label")
    assert label.startswith(f"+{factors['hook']['correlation']:.2f}, between +")
    # Sums are of each platform; what one does not say is said.
    totals = one.page.get_by_role("region", name="By platform").get_by_role("listitem")
    youtube, linkedin = (totals.filter(has_text=name) for name in ("YouTube", "LinkedIn"))
    [sums] = [item for item in found["platforms"] if item["platform"] == "youtube"]
    youtube.get_by_text(f"{sums['views']:,}").wait_for()
    youtube.get_by_text(f"{MANY} posts").wait_for()
    for name, count in (("Views", "not said"), ("Likes", "45"), ("Watched", "not said")):
        shown = linkedin.locator("dl > div", has=one.page.get_by_text(name, exact=True))
        assert shown.locator("dd").inner_text() == count, name


def test_posts_are_sorted_by_keys_and_filters_are_in_the_address(visits, api, video, clip):
    one = visits()
    one.open("/studio/figures?channel=default", "Said tube 00")
    found = api.get("/analytics/posts", params={"channel": "default"}).json()["posts"]
    assert len(titles(one)) == MANY + SILENT
    by_views = sorted(
        (post for post in found if post["figures"]["views"] is not None),
        key=lambda post: -post["figures"]["views"],
    )
    head = one.page.get_by_role("columnheader", name="Views now")
    head.get_by_role("button").focus()
    one.press("Enter")
    one.until(lambda: head.get_attribute("aria-sort") == "descending", "keys do not sort")
    assert titles(one)[:MANY] == [post["title"] for post in by_views]
    # What is not known stays at the end.
    one.press("Enter")
    one.until(lambda: head.get_attribute("aria-sort") == "ascending", "it is not turned")
    assert titles(one)[:MANY] == [post["title"] for post in by_views[::-1]]
    assert all(title.startswith("Said office") for title in titles(one)[MANY:])
    row = one.page.locator("tbody tr", has_text="Said office 00")
    cells = row.locator("td").all_inner_texts()
    # Account, day, score, four factors, views at 7 days, views, likes, comments, watched.
    assert cells[2:7] == ["50", *["not known"] * 4]
    assert cells[7:12] == ["not said", "not said", "5", "1", "not said"]
    row = one.page.locator("tbody tr", has_text="Said tube 03")
    assert row.locator("td").nth(10).inner_text() == "0"
    link = row.get_by_role("link", name="See it there")
    assert link.get_attribute("href") == "https://video.example/tube/3"
    # Filters: each is in the address, a reload keeps them, back takes the last one away.
    one.page.get_by_role("combobox", name="Platform").select_option("youtube")
    one.until(lambda: len(titles(one)) == MANY, "the platform is not chosen")
    one.page.get_by_label("Views compared at").select_option("1")
    one.page.get_by_role("columnheader", name="Views at 1 day").wait_for()
    newest = next(post for post in found if post["post_id"] == "post_tube00")
    day = newest["posted_at"][:10]
    one.page.get_by_label("Posted from").fill(day)
    one.until(lambda: len(titles(one)) == 1, "the days are not chosen")
    one.page.reload()
    one.until(lambda: titles(one) == ["Said tube 00"], "a reload forgets what was chosen")
    wanted = f"?channel=default&platform=youtube&age=1&from={day}&sort=views"
    assert query(one) == wanted
    one.page.go_back()
    one.until(lambda: len(titles(one)) == MANY, "back does not go back")
    assert one.page.get_by_role("combobox", name="Platform").input_value() == "youtube"
    one.page.get_by_role("button", name="30 days").click()
    one.until(lambda: 0 < len(titles(one)) < MANY, "the last days are not chosen")
    # A title leads to its clip.
    one.page.get_by_role("link", name="Said tube 00", exact=True).click()
    one.page.get_by_text("of 100").first.wait_for()
    assert one.page.url.endswith(f"/studio/videos/{video}/clips/{clip['id']}")
    # There its figures stand beside the post, and lead back to it.
    one.page.get_by_role("tab", name="Publish").click()
    one.page.get_by_role("link", name=f"{newest['figures']['views']:,} views").click()
    one.page.get_by_role("dialog", name="Said tube 00").wait_for()
    assert query(one) == "?channel=default&post=post_tube00"


def test_of_too_few_posts_it_says_how_many_more_and_errors_can_be_tried_again(visits, api):
    one = visits()
    one.open("/studio/figures?channel=other", f"{20 - FEW} more clips are needed")
    second = one.page.get_by_role("link", name="Said second 00", exact=True)
    [score, *_] = api.get("/analytics/posts", params={"channel": "other"}).json()["factors"]
    one.page.get_by_text(score["words"]).wait_for()
    one.page.get_by_role("button", name="Compare at 1 day").click()
    one.page.get_by_text("A post counts once it is 1 day old").wait_for()
    # Days in which nothing was posted, and days that cannot be.
    one.open("/studio/figures?from=2020-01-01&to=2020-02-01", "Nothing was posted from")
    one.page.get_by_role("button", name="Show the posts of a year").click()
    second.wait_for()
    one.open("/studio/figures?from=2020-02-01&to=2020-01-01", "The first day comes after")
    # What goes wrong is said, and tried again.
    one.page.route("**/api/v1/analytics/posts*", lambda route: route.abort())
    one.open("/studio/figures", "The service cannot be reached")
    one.page.unroute("**/api/v1/analytics/posts*")
    one.page.get_by_role("button", name="Try again").click()
    second.wait_for()
    one.problems = [said for said in one.problems if "ERR_FAILED" not in said]
    # In a dry run there is nothing to see at a platform.
    platforms = api.get("/social-platforms").json()
    one.page.route(
        "**/api/v1/social-platforms", lambda route: route.fulfill(json={**platforms, "dry": True})
    )
    one.open("/studio/figures", "Dry run: posts go to fakes")
    second.wait_for()
    assert one.page.get_by_role("link", name="See it there").count() == 0


def test_a_post_is_opened_with_its_views_over_days(visits):
    one = visits()
    one.open("/studio/figures?channel=default&sort=title", "Said tube 00")
    opener = one.page.get_by_role("button", name="Day by day of Said tube 00")
    opener.focus()
    one.press("Enter")
    dialog = one.page.get_by_role("dialog")
    curve = dialog.get_by_role("img", name=re.compile("views after 11 days, read on 6 days"))
    curve.wait_for()
    assert curve.locator("circle").count() == 6
    heights = [float(c.get_attribute("cy")) for c in curve.locator("circle").all()]
    assert heights == sorted(heights, reverse=True)
    dialog.locator("summary", has_text="Day by day").click()
    rows = dialog.get_by_role("region", name="Figures day by day").locator("tbody tr")
    assert rows.count() == 6 and "not said" in rows.first.inner_text()
    one.press("Escape")
    dialog.wait_for(state="detached")
    one.until(lambda: opener.evaluate("e => e === document.activeElement"), "the focus is lost")
    assert query(one) == "?channel=default&sort=title"
    # A platform that does not say views.
    one.open("/studio/figures?post=post_office00", "LinkedIn does not say how often it was seen")
    one.page.get_by_role("img", name="5 likes after 11 days").wait_for()


def test_figures_are_accessible_and_fit_a_phone(visits):
    if not AXE.exists():
        pytest.skip("axe-core is not installed: npm ci in studio/")
    pages = [
        ("/studio/figures", "Said tube 00"),
        ("/studio/figures?channel=other", "more clips are needed"),
        ("/studio/figures?from=2020-01-01&to=2020-02-01", "Nothing was posted from"),
        ("/studio/figures?post=post_tube00", "read on 6 days"),
    ]
    desk = visits(bypass_csp=True)
    phone = visits(PHONE, is_mobile=True, has_touch=True, bypass_csp=True)
    for one, scheme in ((desk, "light"), (desk, "dark"), (phone, "light")):
        one.page.emulate_media(color_scheme=scheme)
        for path, shows in pages:
            one.open(path, shows)
            for summary in one.page.get_by_role("dialog").locator("summary").all():
                summary.click()
            wide = one.page.evaluate("document.documentElement.scrollWidth - innerWidth")
            assert wide <= 0, path
            one.page.add_script_tag(path=AXE)
            found = one.page.evaluate("axe.run().then(r => r.violations)")
            told = [(v["id"], [n["html"][:120] for n in v["nodes"]]) for v in found]
            assert told == [], f"{path} in {scheme}"
    phone.open("/studio/figures?channel=default", "Said tube 00")
    phone.page.get_by_label("Sort by").select_option("likes")
    first = phone.page.get_by_role("region", name="Posts").get_by_role("listitem").first
    phone.until(lambda: f"Said tube {MANY - 1}" in first.inner_text(), "it is not sorted")
    phone.page.get_by_role("button", name="Most first").click()
    phone.until(lambda: "Said tube 00" in first.inner_text(), "it is not turned")

import { readFileSync } from "node:fs";

import { afterEach, describe, expect, it, vi } from "vitest";

import { Offline, Refusal } from "../src/api/client";
import type { FreeSlot, SmallPost } from "../src/api/publishing";
import {
  addMonths,
  fieldOf,
  gridOf,
  hoursOf,
  instantOf,
  inTime,
  isDay,
  localOf,
  momentOf,
  monthOf,
  onDay,
  slotsFor,
  stepped,
  weekOf,
} from "../src/lib/calendar";
import { live } from "../src/lib/live";
import {
  advice,
  conflictOf,
  counted,
  figuresText,
  privacyOf,
  TAKES,
  takesOf,
} from "../src/lib/posts";
import { following } from "../src/lib/publishing.svelte";
import { queueAll } from "../src/lib/queueing";
import { routeOf, to } from "../src/lib/router.svelte";
import { changesOf, hindrances, nothingSaid } from "../src/lib/saying";

const BERLIN = "Europe/Berlin";
const at = (day: string, hour: number, minute = 0, zone = BERLIN) =>
  instantOf({ day, hour, minute }, zone).toISOString();

describe("times of a zone", () => {
  it("are those of its clocks, also where clocks go forward or back", () => {
    expect(at("2026-11-27", 18)).toBe("2026-11-27T17:00:00.000Z");
    expect(at("2026-07-01", 18)).toBe("2026-07-01T16:00:00.000Z");
    // 02:30 is left out on this day: it is an hour later. It comes twice on the other: the first.
    expect(at("2026-03-29", 2, 30)).toBe("2026-03-29T01:30:00.000Z");
    expect(at("2026-10-25", 2, 30)).toBe("2026-10-25T00:30:00.000Z");
    expect(localOf("2026-10-25T01:30:00Z", BERLIN)).toEqual({
      day: "2026-10-25",
      hour: 2,
      minute: 30,
    });
    expect(at("2026-11-27", 9, 15, "Asia/Kathmandu")).toBe("2026-11-27T03:30:00.000Z");
    expect(at("2026-11-27", 0, 0, "Pacific/Kiritimati")).toBe("2026-11-26T10:00:00.000Z");
    expect(at("2026-11-27", 23, 59, "No/Such_zone")).toBe("2026-11-27T23:59:00.000Z");
  });

  it("come back from what they are shown as", () => {
    for (const zone of [BERLIN, "America/New_York", "Australia/Lord_Howe", "UTC"])
      for (let hour = 0; hour < 24 * 366; hour += 37) {
        const moment = new Date(Date.UTC(2026, 0, 1, hour, (hour * 7) % 60));
        const back = momentOf(fieldOf(moment.getTime(), zone), zone);
        // An hour that comes twice is taken as the first of the two.
        const off = moment.getTime() - Date.parse(back ?? "");
        expect([0, 3_600_000, 1_800_000]).toContain(off);
      }
    expect(momentOf("2026-02-30T10:00", BERLIN)).toBeNull();
    expect(momentOf("soon", BERLIN)).toBeNull();
  });

  it("stay the same time of day on another day", () => {
    expect(onDay(at("2026-03-27", 18), "2026-03-30", BERLIN)).toBe(at("2026-03-30", 18));
  });
});

describe("days of a calendar", () => {
  it("are whole weeks, from the day on that the reader's weeks begin with", () => {
    expect(weekOf("2026-11-27")).toEqual(monthOf("2026-11-27").slice(28, 35));
    expect(weekOf("2026-11-27")[0]).toBe("2026-11-23");
    expect(weekOf("2026-11-29", 7)[0]).toBe("2026-11-29");
    const month = monthOf("2026-11-27");
    expect([month[0], month.at(-1), month.length % 7]).toEqual(["2026-10-26", "2026-12-06", 0]);
    expect(monthOf("2027-02-10")).toHaveLength(28);
    expect(addMonths("2026-01-31", 1)).toBe("2026-02-28");
    expect([isDay("2026-02-29"), isDay("2028-02-29"), isDay("x")]).toEqual([false, true, false]);
  });

  const post = (post_id: string, moment: string | null, more: Partial<SmallPost> = {}) =>
    ({
      post_id,
      at: moment,
      channel: "default",
      platform: "youtube",
      account_id: "a",
      state: "scheduled",
      ...more,
    }) as SmallPost;
  const slot = (moment: string, more: Partial<FreeSlot> = {}): FreeSlot => ({
    at: moment,
    slot: moment,
    channel: "default",
    platform: "youtube",
    account_id: "a",
    ...more,
  });

  it("hold posts and slots at their hours, in order, and nothing of other days", () => {
    const days = weekOf("2026-11-27");
    const grid = gridOf(
      days,
      [
        post("late", at("2026-11-27", 18, 45)),
        post("early", at("2026-11-27", 18, 5)),
        post("before midnight elsewhere", "2026-11-26T23:30:00Z"),
        post("not placed", null),
        post("next week", at("2026-11-30", 0)),
      ],
      [slot(at("2026-11-28", 3))],
      BERLIN,
    );
    const friday = grid.get("2026-11-27")!;
    expect(friday.posts.map((p) => p.item.post_id)).toEqual([
      "before midnight elsewhere",
      "early",
      "late",
    ]);
    expect(friday.hours.get(18)?.posts.map((p) => p.local.minute)).toEqual([5, 45]);
    expect([...grid.values()].reduce((n, day) => n + day.posts.length, 0)).toBe(3);
    expect([hoursOf(grid)[0], hoursOf(grid).at(-1)]).toEqual([0, 22]);
  });

  it("are listed as they come, a free slot between posts", () => {
    const posts = [post("noon", at("2026-11-27", 12)), post("six", at("2026-11-27", 18))];
    const slots = [slot(at("2026-11-27", 18)), slot(at("2026-11-27", 9))];
    const day = gridOf(weekOf("2026-11-27"), posts, slots, BERLIN).get("2026-11-27")!;
    const listed = inTime(day.posts, day.slots);
    expect(listed.map((one) => one.post?.post_id ?? "free")).toEqual([
      "free",
      "noon",
      "six",
      "free",
    ]);
    expect(new Set(listed.map((one) => one.key)).size).toBe(4);
  });

  it("are gone through by keys: free slots of the post's own account, hours and days", () => {
    const slots = [
      slot(at("2026-11-28", 18)),
      slot(at("2026-11-27", 20)),
      slot(at("2026-11-27", 19), { account_id: "another" }),
      slot(at("2026-11-27", 19), { platform: "tiktok" }),
      slot(at("2026-11-27", 19), { post_id: "taken" }),
    ];
    const own = slotsFor(post("p", null), slots);
    expect(own.map((s) => s.at)).toEqual([at("2026-11-27", 20), at("2026-11-28", 18)]);
    const now = at("2026-11-27", 20);
    expect(stepped(now, "slot", 1, BERLIN, own)).toBe(at("2026-11-28", 18));
    expect(stepped(now, "slot", -1, BERLIN, own)).toBe(now);
    expect(stepped(now, "day", -1, BERLIN, own)).toBe(at("2026-11-26", 20));
    expect(stepped(now, "hour", 1, BERLIN, own)).toBe(at("2026-11-27", 21));
  });

  it("have an address", () => {
    const address = new URL(
      to.calendar({ channel: "a b", span: "month", day: "2026-11-27", post: "p" }),
      "http://x",
    );
    expect(routeOf(address.pathname, address.search)).toEqual({
      page: "calendar",
      channel: "a b",
      span: "month",
      day: "2026-11-27",
      post: "p",
    });
    expect(to.calendar()).toBe("/studio/calendar");
    expect(routeOf("/studio/accounts", "?channel=x")).toEqual({ page: "accounts", channel: "x" });
  });
});

describe("what platforms take", () => {
  it("is what the reference of publishing says", () => {
    const described = readFileSync("../vidpipe/publishing/described.yaml", "utf8");
    const of = (platform: string) => {
      const from = described.indexOf(`\n${platform}:\n`);
      expect(from).toBeGreaterThan(-1);
      const rest = described.slice(Math.max(0, from + 1));
      const end = rest.slice(1).search(/\n[a-z]+:\n/);
      return (end < 0 ? rest : rest.slice(0, end)).replaceAll(",", "");
    };
    for (const [platform, takes] of Object.entries(TAKES))
      expect(of(platform), platform).toContain(String(takes.text.most));
    expect(of("youtube")).toContain("[title 100 characters");
    expect(of("youtube")).toContain("5000 bytes");
    expect(of("tiktok")).toContain("units of UTF-16");
  });

  it("is counted as they count", () => {
    expect(counted("grüß 👋", "characters")).toBe(6);
    expect(counted("grüß 👋", "utf16")).toBe(7);
    expect(counted("grüß 👋", "bytes")).toBe(11);
    expect(counted("see https://example.com/a/very/long/path now", "weighted")).toBe(31);
    expect(counted("日本", "weighted")).toBe(4);
    expect(takesOf("x").text.most).toBe(280);
    expect(takesOf("x", true).text.most).toBe(25_000);
  });

  it("is of privacy what the account offers", () => {
    expect(privacyOf("tiktok", ["SELF_ONLY", "PUBLIC_TO_EVERYONE"])).toEqual(["public", "private"]);
    expect(privacyOf("youtube", null)).toEqual(["public", "unlisted", "private"]);
  });
});

describe("what is said of a post", () => {
  it("is for TikTok nothing before somebody chooses", () => {
    const said = nothingSaid();
    expect(hindrances("tiktok", said, null)).toEqual(["Choose who can see it."]);
    expect(hindrances("youtube", said, null)).toEqual([]);
    said.privacy = "private";
    said.tiktok.brand_content = true;
    expect(hindrances("tiktok", said, null)).toEqual(["A paid partnership cannot be private."]);
    expect(said.tiktok).toMatchObject({ disable_comment: true, disable_duet: true });
    said.tiktok.brand_content = false;
    expect(hindrances("tiktok", said, { privacy_options: ["PUBLIC_TO_EVERYONE"] })).toHaveLength(1);
  });

  it("is held back where it is too long", () => {
    const said = { ...nothingSaid(), title: "t".repeat(101), text: "ü".repeat(2501) };
    expect(hindrances("youtube", said, null)).toEqual([
      "The title is 1 too long.",
      "Description: 2 too long.",
    ]);
    expect(hindrances("instagram", said, null)).toEqual(["Caption: 301 too long."]);
  });

  it("is sent where it differs from what the export says", () => {
    const said = { ...nothingSaid(), title: "As exported", text: "Mine" };
    const before = { title: "As exported", text: "As exported" };
    expect(changesOf("youtube", said, before)).toEqual({ text: "Mine" });
    expect(changesOf("youtube", nothingSaid())).toEqual({});
    expect(changesOf("tiktok", { ...nothingSaid(), privacy: "friends" })).toEqual({
      privacy: "friends",
      tiktok: nothingSaid().tiktok,
    });
  });

  it("knows what stands firm of a schedule", () => {
    const refusal = (firm: boolean) =>
      new Refusal(409, "schedule_conflict", "Too near.", { conflicts: [{ words: "", firm }] });
    expect(conflictOf(refusal(false), null).firm).toBe(false);
    expect(conflictOf(refusal(true), null).firm).toBe(true);
    expect(conflictOf(new Error("x"), null)).toEqual({ at: null, words: "x", firm: true });
  });

  it("is queued one by one, and what was not made is left", async () => {
    const clash = (firm: boolean) =>
      new Refusal(409, "schedule_conflict", "Too near.", { conflicts: [{ words: "", firm }] });
    const answers: Record<string, unknown> = {
      made: ["title: too long"],
      away: new Offline(),
      near: clash(false),
      taken: clash(true),
    };
    const make = (pair: string) => {
      const answer = answers[pair];
      return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer as string[]);
    };
    const found = await queueAll(Object.keys(answers), make, (pair) => pair);
    expect(found).toEqual({
      made: 1,
      left: ["away", "near", "taken"],
      clashing: ["near"],
      problems: [
        "title: too long",
        "away: the service cannot be reached. It was not queued: try again.",
        "near: Too near.",
        "taken: Too near.",
      ],
    });
  });

  it("waits for approval in plain words, and keeps any other reason", () => {
    const problem = "clip c4 of default--talk may not be published: nobody approved of it";
    const plain = "It goes on when its clip is approved.";
    expect(advice({ state: "waiting", problem, code: "not_approved" })).toBe(plain);
    expect(advice({ state: "waiting", problem })).toBe(plain);
    expect(advice({ state: "waiting", problem: "It is made.", code: "no_export" })).toBe(
      "It is made.",
    );
  });

  it("has figures where the platform told some", () => {
    expect(figuresText({ views: 1, likes: 2, comments: null })).toBe("1 view · 2 likes");
    expect(figuresText(null)).toBe("");
  });
});

describe("what happens", () => {
  afterEach(() => vi.useRealTimers());

  it("is looked at once for many events, and not for those of others", () => {
    vi.useFakeTimers();
    let told: (event: { type: string; data: object }) => void = () => undefined;
    const on = vi.spyOn(live, "on").mockImplementation((listener) => {
      told = listener as typeof told;
      return () => undefined;
    });
    let looked = 0;
    const end = following(/^post\./, () => (looked += 1));
    for (let n = 0; n < 50; n += 1) told({ type: "post.scheduled", data: {} });
    told({ type: "stage.completed", data: {} });
    vi.advanceTimersByTime(200);
    expect(looked).toBe(1);
    for (let n = 0; n < 50; n += 1) told({ type: "post.posted", data: {} });
    vi.advanceTimersByTime(500);
    expect(looked).toBe(1);
    vi.advanceTimersByTime(700);
    expect(looked).toBe(2);
    told({ type: "post.posted", data: {} });
    end();
    vi.advanceTimersByTime(5000);
    expect(looked).toBe(2);
    on.mockRestore();
  });
});

import { readFileSync } from "node:fs";

import { describe, expect, it } from "vitest";

import type { ComparedPost, DayFigures, FactorFigures } from "../src/api/publishing";
import {
  ageOf,
  COLUMNS,
  curveOf,
  missing,
  placeOf,
  pressed,
  roundUp,
  SAYS,
  shownAtAge,
  shownOf,
  signed,
  sorted,
  sortOf,
  sortText,
  spanFrom,
  spanProblem,
  USUAL_SORT,
  watchText,
} from "../src/lib/figures";
import { routeOf, to } from "../src/lib/router.svelte";

const day = (age_days: number, more: Partial<DayFigures> = {}): DayFigures => ({
  day: "2026-11-27",
  at: "2026-11-27T09:00:00Z",
  age_days,
  views: null,
  likes: null,
  comments: null,
  shares: null,
  saves: null,
  watch_s: null,
  ...more,
});
const post = (post_id: string, more: Partial<ComparedPost> = {}) =>
  ({
    post_id,
    title: post_id,
    account_name: "",
    posted_at: "2026-11-20T09:00:00Z",
    score: 50,
    factors: {},
    views_at_age: null,
    figures: null,
    ...more,
  }) as ComparedPost;

describe("the address of figures", () => {
  it("has everything that is chosen, and leaves out what is usual", () => {
    const asked = {
      channel: "a b",
      platform: "x",
      age: "30",
      from: "2026-11-01",
      to: "2026-11-27",
      sort: "-views",
      post: "p",
    };
    const address = new URL(to.figures(asked), "http://x");
    expect(routeOf(address.pathname, address.search)).toEqual({ page: "figures", ...asked });
    expect(to.figures()).toBe("/studio/figures");
    expect(routeOf("/studio/figures/more", "").page).toBe("missing");
  });

  it("is read for what it means, or as if nothing was said", () => {
    expect([ageOf("1"), ageOf("30"), ageOf("8"), ageOf("")]).toEqual([1, 30, 7, 7]);
    expect(sortOf("-likes")).toEqual({ column: "likes", falling: true });
    expect(sortOf("title")).toEqual({ column: "title", falling: false });
    expect([sortOf(""), sortOf("-nothing")]).toEqual([USUAL_SORT, USUAL_SORT]);
    for (const { name } of COLUMNS)
      for (const falling of [true, false])
        expect(sortOf(sortText({ column: name, falling }))).toEqual({ column: name, falling });
  });
});

describe("days that are compared", () => {
  it("are as many as are said, today included", () => {
    expect(spanFrom("2026-11-28", 30)).toBe("2026-10-30");
    expect(spanFrom("2026-11-28", 1)).toBe("2026-11-28");
  });

  it("are a span that the service takes, or it is said what is wrong", () => {
    const today = "2026-11-28";
    expect(spanProblem("", "", today)).toBe("");
    expect(spanProblem("", "2020-01-01", today)).toBe("");
    expect(spanProblem(today, today, today)).toBe("");
    expect(spanProblem("2026-11-29", "", today)).toContain("comes after the last");
    expect(spanProblem("2026-02-30", "", today)).toContain("2026-02-30 is not a day");
    expect(spanProblem("2023-11-25", "", today)).toBe("");
    expect(spanProblem("2023-11-24", "", today)).toContain("1,101 days");
  });
});

describe("posts in a table", () => {
  const list = [
    post("b", { figures: day(7, { views: 5, likes: 0 }), factors: { hook: 10 } }),
    post("c", { figures: day(7, { likes: 3 }) }),
    post("a", { figures: day(7, { views: 50 }), posted_at: "2026-11-21T09:00:00Z" }),
  ];
  const order = (sort: string) => sorted(list, sortOf(sort)).map((one) => one.post_id);

  it("are in the order of a column, what is not known at the end", () => {
    expect(order("")).toEqual(["a", "b", "c"]);
    expect(order("-views")).toEqual(["a", "b", "c"]);
    expect(order("views")).toEqual(["b", "a", "c"]);
    expect(order("-likes")).toEqual(["c", "b", "a"]);
    expect(order("hook")).toEqual(["b", "c", "a"]);
    expect(order("-title")).toEqual(["c", "b", "a"]);
  });

  it("are turned by a second press", () => {
    const [title, score] = [COLUMNS[0]!, COLUMNS.find((one) => one.name === "score")!];
    const first = pressed(USUAL_SORT, score);
    expect(first).toEqual({ column: "score", falling: true });
    expect(pressed(first, score)).toEqual({ column: "score", falling: false });
    expect(pressed(first, title)).toEqual({ column: "title", falling: false });
  });

  it("say why there is no number, which is never 0", () => {
    expect(shownOf(day(7, { views: 1240 }), "views")).toEqual({ text: "1,240", isNumber: true });
    expect(shownOf(day(7, { views: 0 }), "views").text).toBe("0");
    expect(shownOf(day(7), "views").text).toBe("not said");
    expect(shownOf(null, "views").text).toBe("not read yet");
    expect(shownOf(day(7, { watch_s: 42 }), "watch_s").text).toBe("42 s");
    expect([watchText(7200), watchText(7_200_000)]).toEqual(["2 h", "2,000 h"]);
    const now = Date.parse("2026-11-26T09:00:00Z");
    expect(shownAtAge(post("p"), 7, now).text).toBe("too young");
    expect(shownAtAge(post("p"), 1, now).text).toBe("not read yet");
    expect(shownAtAge(post("p", { figures: day(6) }), 1, now).text).toBe("not said");
    expect(shownAtAge(post("p", { figures: day(6, { views: 9 }) }), 1, now).text).toBe("not known");
    expect(shownAtAge(post("p", { views_at_age: 0 }), 1, now).text).toBe("0");
  });
});

describe("a factor", () => {
  it("stands on a scale from -1 to 1", () => {
    expect([-1, 0, 1, 2].map(placeOf)).toEqual([0, 50, 100, 100]);
    expect([0.416, -0.1, 0.001, -0.001].map(signed)).toEqual(["+0.42", "−0.10", "0.00", "0.00"]);
  });

  it("says how many clips it lacks", () => {
    const of = (says: FactorFigures["says"], clips: number) =>
      missing({ says, clips } as FactorFigures, 20);
    expect([of("too_few", 12), of("too_few", 0), of("undecided", 30)]).toEqual([8, 20, 0]);
  });
});

describe("the curve of a post", () => {
  it("begins at nothing, and ends at what was read last", () => {
    const days = [day(1, { views: 40 }), day(2), day(4, { views: 150 })];
    const curve = curveOf(days, "views", 100, 50)!;
    expect([curve.most, curve.oldest]).toEqual([200, 4]);
    expect(curve.line).toBe("M0.0 50.0L25.0 40.0L100.0 12.5");
    expect(curve.points.map((point) => point.count)).toEqual([40, 150]);
    expect(curveOf(days, "likes", 100, 50)).toBeNull();
    expect(curveOf([day(0.1, { views: 0 })], "views", 100, 50)!.line).toBe("M0.0 50.0L10.0 50.0");
  });

  it("has a scale that ends at a round number", () => {
    expect([0, 1, 3, 10, 11, 51, 5445].map(roundUp)).toEqual([1, 1, 4, 10, 20, 60, 6000]);
  });
});

describe("what platforms say", () => {
  it("is what the guide of publishing says", () => {
    const guide = readFileSync("../docs/how-to/publish.md", "utf8");
    const rows = guide.split("\n").map((line) => line.split("|").map((cell) => cell.trim()));
    const heads = rows.find((cells) => cells.includes("watch time"))!;
    for (const [platform, things] of Object.entries(SAYS)) {
      const row = rows.find(
        ([, name, views]) => name?.toLowerCase() === platform && ["yes", ""].includes(views ?? "-"),
      )!;
      expect(
        heads.filter((_, n) => row[n] === "yes"),
        platform,
      ).toEqual(things);
    }
  });
});

/** How posts did: what of it is compared, in which order, and how it is said. */

import type { ComparedPost, DayFigures, FactorFigures } from "../api/publishing";
import { addDays, daysBetween, isDay, type Day } from "./calendar";
import { lasting, spoken } from "./time";

/** Days after posting at which views can be compared. */
export const AGES = [1, 7, 30] as const;
export type Age = (typeof AGES)[number];
const USUAL_AGE: Age = 7;
export const ageOf = (text: string): Age => AGES.find((age) => String(age) === text) ?? USUAL_AGE;
export const ageText = (age: number) => (age === 1 ? "1 day" : `${age} days`);

/** The most days that the service compares at once. */
export const MOST_DAYS = 1100;
/** How far back a choice of days reaches, today included. */
export const SPANS = [
  { days: 30, says: "30 days" },
  { days: 90, says: "90 days" },
  { days: 365, says: "A year" },
] as const;
export const spanFrom = (today: Day, days: number): Day => addDays(today, 1 - days);

/** What is wrong with two days; empty: nothing, or one of them is left open. */
export function spanProblem(from: Day, to: Day, today: Day): string {
  for (const day of [from, to])
    if (day && !isDay(day)) return `${day} is not a day: choose one in the calendar.`;
  if (!from) return "";
  const count = daysBetween(from, to || today) + 1;
  if (count < 1) return "The first day comes after the last one: choose an earlier one.";
  if (count > MOST_DAYS)
    return `These are ${count.toLocaleString()} days: at most ${MOST_DAYS.toLocaleString()} can be compared.`;
  return "";
}

export const MARKS = ["hook", "self_contained", "payoff", "closure"] as const;

export type ColumnName =
  | "title"
  | "account"
  | "posted"
  | "score"
  | (typeof MARKS)[number]
  | "at_age"
  | "views"
  | "likes"
  | "comments"
  | "watch";
export interface Column {
  name: ColumnName;
  says: (age: number) => string;
  value: (post: ComparedPost) => string | number | null;
  isText?: boolean;
}
const mark = (name: (typeof MARKS)[number]): Column => ({
  name,
  says: () => spoken(name),
  value: (post) => post.factors[name] ?? null,
});
const counted = (name: "views" | "likes" | "comments", says = spoken(name)): Column => ({
  name,
  says: () => says,
  value: (post) => post.figures?.[name] ?? null,
});
export const COLUMNS: readonly Column[] = [
  { name: "title", says: () => "Post", value: (post) => post.title, isText: true },
  { name: "account", says: () => "Account", value: (post) => post.account_name, isText: true },
  { name: "posted", says: () => "Posted", value: (post) => Date.parse(post.posted_at) },
  { name: "score", says: () => "Score", value: (post) => post.score },
  ...MARKS.map(mark),
  {
    name: "at_age",
    says: (age) => `Views at ${ageText(age)}`,
    value: (post) => post.views_at_age,
  },
  counted("views", "Views now"),
  counted("likes"),
  counted("comments"),
  { name: "watch", says: () => "Watched", value: (post) => post.figures?.watch_s ?? null },
];

export interface Sort {
  column: ColumnName;
  falling: boolean;
}
export const USUAL_SORT: Sort = { column: "posted", falling: true };

/** `views` counts up, `-views` counts down; anything else: the newest first. */
export function sortOf(text: string): Sort {
  const falling = text.startsWith("-");
  const name = falling ? text.slice(1) : text;
  const column = COLUMNS.find((one) => one.name === name);
  return column ? { column: column.name, falling } : USUAL_SORT;
}
export function sortText({ column, falling }: Sort): string {
  if (column === USUAL_SORT.column && falling === USUAL_SORT.falling) return "";
  return `${falling ? "-" : ""}${column}`;
}
/** What a press on a column's head asks for: numbers from the most on, texts from A on. */
export function pressed(sort: Sort, column: Column): Sort {
  if (sort.column === column.name) return { ...sort, falling: !sort.falling };
  return { column: column.name, falling: !column.isText };
}

/** In the order of a column; what is not known comes last either way. */
export function sorted(posts: readonly ComparedPost[], { column, falling }: Sort): ComparedPost[] {
  const value = COLUMNS.find((one) => one.name === column)!.value;
  const turn = falling ? -1 : 1;
  return posts
    .map((post) => ({ post, is: value(post) }))
    .sort((a, b) => {
      if (a.is === null || b.is === null) return Number(a.is === null) - Number(b.is === null);
      if (typeof a.is === "string") return turn * a.is.localeCompare(String(b.is));
      return turn * (a.is - Number(b.is));
    })
    .map(({ post }) => post);
}

/** A number as it is shown, or in words why there is none. */
export interface Shown {
  text: string;
  isNumber: boolean;
}
const number = (text: string): Shown => ({ text, isNumber: true });
const words = (text: string): Shown => ({ text, isNumber: false });
export const NOT_SAID = words("not said");
export const NOT_READ = words("not read yet");

export const numberText = (count: number) => count.toLocaleString();
/** `45 s`, `3 h 20 min`; of many hours only those. */
export const watchText = (seconds: number) =>
  seconds < 36_000 ? lasting(seconds) : `${Math.round(seconds / 3600).toLocaleString()} h`;

/** What the newest figures say of one thing. */
export function shownOf(
  figures: DayFigures | null,
  name: "views" | "likes" | "comments" | "shares" | "saves" | "watch_s",
): Shown {
  if (!figures) return NOT_READ;
  const count = figures[name];
  if (count === null) return NOT_SAID;
  return number(name === "watch_s" ? watchText(count) : numberText(count));
}

/** The views at the age that is compared. */
export function shownAtAge(post: ComparedPost, age: number, now = Date.now()): Shown {
  if (post.views_at_age !== null) return number(numberText(post.views_at_age));
  if (now - Date.parse(post.posted_at) < age * 86_400_000) return words("too young");
  if (!post.figures) return NOT_READ;
  return post.figures.views === null ? NOT_SAID : words("not known");
}

/** How many more different clips have to be comparable before something is said. */
export const missing = (factor: FactorFigures, least: number) =>
  factor.says === "too_few" ? Math.max(1, least - factor.clips) : 0;

/** Where a correlation stands on a scale from -1 to 1, in percent. */
export const placeOf = (correlation: number) =>
  ((Math.max(-1, Math.min(1, correlation)) + 1) / 2) * 100;

/** `+0.42`, `−0.10`, `0.00`. */
export function signed(value: number): string {
  const text = Math.abs(value).toFixed(2);
  if (Number(text) === 0) return text;
  return `${value < 0 ? "−" : "+"}${text}`;
}

export interface Point {
  x: number;
  y: number;
  age: number;
  count: number;
}
export interface Curve {
  points: Point[];
  /** For `<path d>`. */
  line: string;
  most: number;
  oldest: number;
}
/** What is counted over days, within a box whose corner at the top left is (0, 0). */
export function curveOf(
  days: readonly DayFigures[],
  name: "views" | "likes",
  width: number,
  height: number,
): Curve | null {
  // What was posted anew is young again: of before nothing is drawn.
  const began = days.findLastIndex((day, n) => n > 0 && day.age_days < days[n - 1]!.age_days);
  const known = days.slice(Math.max(0, began)).flatMap((day) => {
    const count = day[name];
    return count === null ? [] : [{ age: day.age_days, count }];
  });
  if (!known.length) return null;
  const most = roundUp(Math.max(...known.map((one) => one.count)));
  const oldest = Math.max(1, Math.ceil(Math.max(...known.map((one) => one.age))));
  const points = known.map(({ age, count }) => ({
    x: (age / oldest) * width,
    y: height - (count / most) * height,
    age,
    count,
  }));
  // When it was posted, nobody had seen it.
  const line = [{ x: 0, y: height }, ...points]
    .map(({ x, y }, n) => `${n ? "L" : "M"}${x.toFixed(1)} ${y.toFixed(1)}`)
    .join("");
  return { points, line, most, oldest };
}

/** What platforms count, as it is shown. */
export const COUNTED = [
  ["views", "Views"],
  ["likes", "Likes"],
  ["comments", "Comments"],
  ["shares", "Shares"],
  ["saves", "Saves"],
  ["watch_s", "Watched"],
] as const;

/** The end of a scale, whose middle is a whole number where it is more than 1. */
export function roundUp(count: number): number {
  if (count <= 1) return 1;
  const power = 10 ** Math.floor(Math.log10(count));
  return [1, 2, 4, 6, 8, 10].map((step) => step * power).find((end) => end >= count)!;
}

/** What each platform says of a post, as the guide of publishing has it. */
export const SAYS: Record<string, readonly string[]> = {
  youtube: ["views", "likes", "comments", "shares", "watch time"],
  tiktok: ["views", "likes", "comments", "shares"],
  instagram: ["views", "likes", "comments", "shares", "saves", "watch time"],
  facebook: ["views", "likes", "comments", "shares", "watch time"],
  linkedin: ["likes", "comments"],
  x: ["views", "likes", "comments", "shares", "saves"],
};

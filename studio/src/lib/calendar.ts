/** Days and times of a calendar in a time zone of its own, whatever that of the browser is. */

import type { FreeSlot, SmallPost } from "../api/publishing";

/** `2026-11-27` */
export type Day = string;
export interface Local {
  day: Day;
  hour: number;
  minute: number;
}
export type Span = "week" | "month";

const formats = new Map<string, Intl.DateTimeFormat>();

function formatOf(zone: string): Intl.DateTimeFormat {
  const known = formats.get(zone);
  if (known) return known;
  const wanted: Intl.DateTimeFormatOptions = {
    hourCycle: "h23",
    year: "numeric",
    month: "2-digit",
    day: "2-digit",
    hour: "2-digit",
    minute: "2-digit",
  };
  let made: Intl.DateTimeFormat;
  try {
    made = new Intl.DateTimeFormat("en-US", { ...wanted, timeZone: zone });
  } catch {
    // A zone that this browser does not know.
    made = new Intl.DateTimeFormat("en-US", { ...wanted, timeZone: "UTC" });
  }
  formats.set(zone, made);
  return made;
}

/** A clock is set at a quarter of an hour: what it shows then is remembered. */
const QUARTER_MS = 900_000;
const quarters = new Map<string, Local>();

/** What a clock on the wall of a zone shows at a moment. */
export function localOf(at: string | number, zone: string): Local {
  const moment = typeof at === "number" ? at : Date.parse(at);
  const quarter = Math.floor(moment / QUARTER_MS);
  const key = `${zone} ${quarter}`;
  let start = quarters.get(key);
  if (!start) {
    if (quarters.size > 20_000) quarters.clear();
    start = lookedUp(quarter * QUARTER_MS, zone);
    quarters.set(key, start);
  }
  // Zones of long ago were off by minutes: those are looked up.
  if (start.minute % 15) return lookedUp(moment, zone);
  return { ...start, minute: start.minute + Math.floor((moment % QUARTER_MS) / 60_000) };
}

function lookedUp(at: number, zone: string): Local {
  const found: Record<string, string> = {};
  for (const part of formatOf(zone).formatToParts(new Date(at))) found[part.type] = part.value;
  return {
    day: `${found["year"]}-${found["month"]}-${found["day"]}`,
    hour: Number(found["hour"]),
    minute: Number(found["minute"]),
  };
}

const utcOf = ({ day, hour, minute }: Local) =>
  Date.parse(`${day}T00:00:00Z`) + (hour * 60 + minute) * 60_000;

/**
 * The moment at which a clock of the zone shows this. A time that is left out when clocks go
 * forward is that much later; of one that comes twice it is the first.
 */
export function instantOf(local: Local, zone: string): Date {
  const wall = utcOf(local);
  const offset = (at: number) => utcOf(localOf(at, zone)) - Math.floor(at / 60_000) * 60_000;
  const before = wall - offset(wall - 86_400_000);
  const after = wall - offset(wall + 86_400_000);
  const first = Math.min(before, after);
  const second = Math.max(before, after);
  for (const at of [first, second]) if (utcOf(localOf(at, zone)) === wall) return new Date(at);
  return new Date(before);
}

export function addDays(day: Day, count: number): Day {
  return new Date(Date.parse(`${day}T00:00:00Z`) + count * 86_400_000).toISOString().slice(0, 10);
}

export function daysBetween(from: Day, to: Day): number {
  return Math.round((Date.parse(`${to}T00:00:00Z`) - Date.parse(`${from}T00:00:00Z`)) / 86_400_000);
}

export function isDay(text: string): boolean {
  return (
    /^\d{4}-\d{2}-\d{2}$/.test(text) &&
    Number.isFinite(Date.parse(`${text}T00:00:00Z`)) &&
    addDays(text, 0) === text
  );
}

/** With which day weeks begin where the reader lives: 1 is Monday, 7 Sunday. */
export function firstOfWeek(language = navigator.language): number {
  try {
    const locale = new Intl.Locale(language) as Intl.Locale & {
      getWeekInfo?: () => { firstDay: number };
      weekInfo?: { firstDay: number };
    };
    return locale.getWeekInfo?.().firstDay ?? locale.weekInfo?.firstDay ?? 1;
  } catch {
    return 1;
  }
}

export function weekOf(day: Day, first = 1): Day[] {
  const weekday = new Date(`${day}T00:00:00Z`).getUTCDay();
  const start = addDays(day, -((weekday - first + 7) % 7));
  return [0, 1, 2, 3, 4, 5, 6].map((n) => addDays(start, n));
}

/** Whole weeks that have all days of the month. */
export function monthOf(day: Day, first = 1): Day[] {
  const start = weekOf(`${day.slice(0, 8)}01`, first)[0]!;
  const next = addMonths(`${day.slice(0, 8)}01`, 1);
  const weeks = Math.ceil(daysBetween(start, next) / 7);
  return Array.from({ length: weeks * 7 }, (_, n) => addDays(start, n));
}

export function addMonths(day: Day, count: number): Day {
  const [year, month, date] = day.split("-").map(Number) as [number, number, number];
  const last = new Date(Date.UTC(year, month + count, 0)).getUTCDate();
  return new Date(Date.UTC(year, month - 1 + count, Math.min(date, last)))
    .toISOString()
    .slice(0, 10);
}

const spoken = (day: Day, how: Intl.DateTimeFormatOptions) =>
  new Date(`${day}T00:00:00Z`).toLocaleDateString(undefined, { timeZone: "UTC", ...how });

export const dayName = (day: Day) => spoken(day, { weekday: "short" });
export const dayTitle = (day: Day) =>
  spoken(day, { weekday: "long", day: "numeric", month: "long" });
export const dayShort = (day: Day) =>
  spoken(day, { weekday: "short", day: "numeric", month: "short" });
/** `27 Nov 2026` */
export const dayText = (day: Day) =>
  spoken(day, { day: "numeric", month: "short", year: "numeric" });

/** `23 – 29 November 2026`, `November 2026`. */
export function spanTitle(days: readonly Day[], span: Span, day: Day): string {
  if (span === "month") return spoken(day, { month: "long", year: "numeric" });
  const how: Intl.DateTimeFormatOptions = {
    timeZone: "UTC",
    day: "numeric",
    month: "long",
    year: "numeric",
  };
  const [first, last] = [days[0]!, days.at(-1)!].map((d) => new Date(`${d}T00:00:00Z`));
  return new Intl.DateTimeFormat(undefined, how).formatRange(first!, last!);
}

const pad = (n: number) => String(n).padStart(2, "0");
export const timeText = ({ hour, minute }: { hour: number; minute: number }) =>
  `${pad(hour)}:${pad(minute)}`;

/** `Fri 27 Nov, 18:00`, in the zone. */
export function momentText(at: string | number, zone: string): string {
  const local = localOf(at, zone);
  return `${dayShort(local.day)}, ${timeText(local)}`;
}

/** A moment as `<input type="datetime-local">` has it, and back. */
export function fieldOf(at: string | number, zone: string): string {
  const local = localOf(at, zone);
  return `${local.day}T${timeText(local)}`;
}
export function momentOf(field: string, zone: string): string | null {
  const found = /^(\d{4}-\d{2}-\d{2})T(\d{2}):(\d{2})/.exec(field);
  if (!found || !isDay(found[1]!)) return null;
  const [hour, minute] = [Number(found[2]), Number(found[3])];
  return instantOf({ day: found[1]!, hour, minute }, zone).toISOString();
}

export interface Placed<T> {
  item: T;
  local: Local;
  at: number;
}
export interface Cell {
  posts: Placed<SmallPost>[];
  slots: Placed<FreeSlot>[];
}
export type Grid = Map<Day, Cell & { hours: Map<number, Cell> }>;

/** Posts and free slots by day and hour of the zone, each in order of time. */
export function gridOf(
  days: readonly Day[],
  posts: readonly SmallPost[],
  slots: readonly FreeSlot[],
  zone: string,
): Grid {
  const empty = (): Cell => ({ posts: [], slots: [] });
  const grid: Grid = new Map(days.map((day) => [day, { ...empty(), hours: new Map() }]));
  function put<T extends { at: string | null }>(items: readonly T[], which: keyof Cell): void {
    for (const item of items) {
      if (!item.at) continue;
      const local = localOf(item.at, zone);
      const day = grid.get(local.day);
      if (!day) continue;
      const cell = day.hours.get(local.hour) ?? empty();
      day.hours.set(local.hour, cell);
      const placed = { item, local, at: Date.parse(item.at) };
      (day[which] as unknown as Placed<T>[]).push(placed);
      (cell[which] as unknown as Placed<T>[]).push(placed);
    }
  }
  put(posts, "posts");
  put(slots, "slots");
  for (const day of grid.values())
    for (const cell of [day, ...day.hours.values()]) {
      cell.posts.sort((a, b) => a.at - b.at);
      cell.slots.sort((a, b) => a.at - b.at);
    }
  return grid;
}

/** What stands in a day in order of time: posts before free slots of the same moment. */
export function inTime(
  posts: readonly Placed<SmallPost>[],
  slots: readonly Placed<FreeSlot>[],
): { key: string; at: number; local: Local; post?: SmallPost; slot?: FreeSlot }[] {
  const placed = posts.map(({ item, local, at }) => ({ key: item.post_id, at, local, post: item }));
  const free = slots.map(({ item, local, at }) => ({
    key: `${item.account_id}${item.platform}${item.at}`,
    at,
    local,
    slot: item,
  }));
  return [...placed, ...free].sort((a, b) => a.at - b.at);
}

/** The hours that a week shows: those of the day, and others where something is. */
export function hoursOf(grid: Grid, from = 7, to = 22): number[] {
  const found = new Set<number>();
  for (let hour = from; hour <= to; hour += 1) found.add(hour);
  for (const day of grid.values()) for (const hour of day.hours.keys()) found.add(hour);
  const [least, most] = [Math.min(...found), Math.max(...found)];
  return Array.from({ length: most - least + 1 }, (_, n) => least + n);
}

/** Slots that a post may be put into: of its account, or of its platform where none is named. */
export function slotsFor(
  post: { channel: string; platform: string; account_id: string },
  slots: readonly FreeSlot[],
): FreeSlot[] {
  return slots
    .filter(
      (slot) =>
        !slot.post_id &&
        slot.channel === post.channel &&
        slot.platform === post.platform &&
        (!slot.account_id || slot.account_id === post.account_id),
    )
    .sort((a, b) => Date.parse(a.at) - Date.parse(b.at));
}

/** The same time of day on another day. */
export function onDay(at: string, day: Day, zone: string): string {
  return instantOf({ ...localOf(at, zone), day }, zone).toISOString();
}

/** Where a step of the keyboard leads: to another day, hour or free slot. */
export function stepped(
  at: string,
  step: "day" | "hour" | "slot",
  direction: 1 | -1,
  zone: string,
  slots: readonly FreeSlot[],
): string {
  const local = localOf(at, zone);
  if (step === "day") return onDay(at, addDays(local.day, direction), zone);
  if (step === "hour") return new Date(Date.parse(at) + direction * 3_600_000).toISOString();
  const now = Date.parse(at);
  const next =
    direction > 0
      ? slots.find((slot) => Date.parse(slot.at) > now)
      : slots.findLast((slot) => Date.parse(slot.at) < now);
  return next?.at ?? at;
}

/** What is said of posts, and what platforms take of their texts. */

import { Refusal } from "../api/client";
import type { PostState, SmallPost } from "../api/publishing";
import { spoken } from "./time";

type Tone = "" | "good" | "bad" | "warn" | "now";

export const STATES: Record<PostState, { says: string; tone: Tone }> = {
  waiting: { says: "Waits for approval", tone: "warn" },
  queued: { says: "Waits for a slot", tone: "" },
  scheduled: { says: "Scheduled", tone: "now" },
  posting: { says: "Being posted", tone: "now" },
  held: { says: "Held", tone: "warn" },
  posted: { says: "Posted", tone: "good" },
  uncertain: { says: "Posted or not?", tone: "bad" },
  failed: { says: "Not posted", tone: "bad" },
  cancelled: { says: "Cancelled", tone: "" },
  deleted: { says: "Taken down", tone: "" },
};
export const stateOf = (state: string): { says: string; tone: Tone } =>
  STATES[state as PostState] ?? { says: spoken(state), tone: "" };

/** Those that nothing goes on with until somebody does something. */
export const NEEDS_A_PERSON: PostState[] = ["uncertain", "failed", "held"];
export const QUEUE: PostState[] = ["queued", "waiting"];
const MOVABLE = new Set<string>(["waiting", "queued", "scheduled"]);

export const isMovable = (post: Pick<SmallPost, "state">) => MOVABLE.has(post.state);

/** What to do about it, where a state alone does not say so. */
export function advice(post: Pick<SmallPost, "state" | "problem"> & { code?: string }): string {
  // What lacks approval is told in the words of the catalog, which are not those of a page.
  const isUnapproved =
    post.state === "waiting" &&
    (post.code ? post.code === "not_approved" : / may not be published: /.test(post.problem));
  if (post.problem && !isUnapproved) return post.problem;
  if (post.state === "waiting") return "It goes on when its clip is approved.";
  if (post.state === "uncertain")
    return "The platform did not say whether it took the post. Look there, and say what you found.";
  if (post.state === "held") return "Something has to be put right before it goes on.";
  return "";
}

const TITLES: Record<string, string> = {
  youtube: "YouTube",
  tiktok: "TikTok",
  instagram: "Instagram",
  facebook: "Facebook",
  linkedin: "LinkedIn",
  x: "X",
};
export const platformTitle = (name: string) => TITLES[name] ?? spoken(name);

export type Counting = "characters" | "utf16" | "bytes" | "weighted";
export interface Limit {
  most: number;
  counting: Counting;
}
export interface Takes {
  /** None: it shows no title. */
  title: Limit | null;
  text: Limit;
  textName: string;
  /** What a post's privacy may be there; one: there is nothing to choose. */
  privacy: string[];
}
const OTHER: Takes = {
  title: null,
  text: { most: 5000, counting: "characters" },
  textName: "Text",
  privacy: ["public"],
};
/** As the reference of publishing says it. */
export const TAKES: Record<string, Takes> = {
  youtube: {
    title: { most: 100, counting: "characters" },
    text: { most: 5000, counting: "bytes" },
    textName: "Description",
    privacy: ["public", "unlisted", "private"],
  },
  tiktok: {
    title: null,
    text: { most: 2200, counting: "utf16" },
    textName: "Caption",
    privacy: ["public", "friends", "followers", "private"],
  },
  instagram: {
    title: null,
    text: { most: 2200, counting: "characters" },
    textName: "Caption",
    privacy: ["public"],
  },
  facebook: {
    title: { most: 255, counting: "characters" },
    text: { most: 63_206, counting: "characters" },
    textName: "Description",
    privacy: ["public"],
  },
  linkedin: {
    title: { most: 400, counting: "characters" },
    text: { most: 3000, counting: "characters" },
    textName: "Text",
    privacy: ["public", "friends"],
  },
  x: {
    title: null,
    text: { most: 280, counting: "weighted" },
    textName: "Text",
    privacy: ["public"],
  },
};
export function takesOf(platform: string, premium = false): Takes {
  const found = TAKES[platform] ?? OTHER;
  return platform === "x" && premium
    ? { ...found, text: { most: 25_000, counting: "weighted" } }
    : found;
}

export const PRIVACY: Record<string, string> = {
  public: "Everybody",
  unlisted: "Those who have the link",
  private: "Only the account itself",
  friends: "Friends",
  followers: "Followers",
};
/** TikTok's own names of them. */
const THEIRS: Record<string, string> = {
  PUBLIC_TO_EVERYONE: "public",
  MUTUAL_FOLLOW_FRIENDS: "friends",
  FOLLOWER_OF_CREATOR: "followers",
  SELF_ONLY: "private",
};

/** What an account offers, of what its platform knows. */
export function privacyOf(
  platform: string,
  options: readonly string[] | null | undefined,
): string[] {
  const known = takesOf(platform).privacy;
  if (!options) return known;
  const offered = new Set(options.map((name) => THEIRS[name] ?? name.toLowerCase()));
  return known.filter((name) => offered.has(name));
}

const LINKS = /(?:https?:\/\/|www\.)\S+|\b[\w-]+(?:\.[\w-]+)*\.[a-z]{2,}(?:\/\S*)?/gi;
const LIGHT = [
  [0, 4351],
  [8192, 8205],
  [8208, 8223],
  [8242, 8247],
] as const;

/** The length of a text as a platform counts it. */
export function counted(text: string, counting: Counting): number {
  if (counting === "utf16") return text.length;
  if (counting === "bytes") return new TextEncoder().encode(text).length;
  if (counting === "characters") return [...text].length;
  const plain = text.normalize("NFC");
  const links = plain.match(LINKS)?.length ?? 0;
  let weight = 23 * links;
  for (const sign of plain.replace(LINKS, "")) {
    const code = sign.codePointAt(0) ?? 0;
    weight += LIGHT.some(([from, to]) => code >= from && code <= to) ? 1 : 2;
  }
  return weight;
}

/** `1,240 views · 31 likes`: what the platform told. */
export function figuresText(figures: object | null | undefined): string {
  if (!figures) return "";
  const said = figures as Record<string, number | null | undefined>;
  const parts: string[] = [];
  for (const [name, one] of [
    ["views", "view"],
    ["likes", "like"],
    ["comments", "comment"],
    ["shares", "share"],
    ["saves", "save"],
  ] as const) {
    const count = said[name];
    if (count !== null && count !== undefined)
      parts.push(`${count.toLocaleString()} ${count === 1 ? one : name}`);
  }
  return parts.join(" · ");
}

/** `user:ada` is Ada to people. */
export const personOf = (by: string) => by.replace(/^user:/, "");

/** What of the schedule speaks against a moment. */
export interface Conflict {
  at: string | null;
  words: string;
  /** Whether it stands even where a person wants it otherwise. */
  firm: boolean;
}
export function conflictOf(error: unknown, at: string | null): Conflict {
  const words = error instanceof Error ? error.message : String(error);
  const found = error instanceof Refusal ? error.details["conflicts"] : undefined;
  const list = Array.isArray(found) ? (found as { firm?: boolean }[]) : [];
  return { at, words, firm: !list.length || list.some((one) => one.firm !== false) };
}

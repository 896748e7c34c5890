/** Accounts at platforms, posts and their calendar. */

import { call, type Schemas } from "./client";
import type { Listed } from "./model";

export type PostState = Schemas["PostState"];
export type PostAction = Schemas["PostAction"];
/** A post as a calendar shows it. */
export type SmallPost = Pick<
  Schemas["SocialPost"],
  | "post_id"
  | "channel"
  | "platform"
  | "account_id"
  | "account_name"
  | "state"
  | "title"
  | "at"
  | "slot"
  | "rank"
  | "video_id"
  | "clip_id"
  | "url"
  | "problem"
>;
export type Post = Schemas["SocialPost"];
export type PostDetail = Schemas["SocialPostDetail"];
export type TikTokChoices = Required<Omit<Schemas["TikTokChoices"], "cover_ms">>;
/** What a person says of a post in place of what the export says. */
export type PostChanges = Partial<Schemas["PostChanges"]>;
export type FreeSlot = Schemas["CalendarSlot"];
export type Pause = Schemas["PublishingPauseView"];
export type CalendarView = Omit<Schemas["CalendarView"], "posts"> & { posts: SmallPost[] };
/** What was last read of what an account may do. */
export interface AccountLimits {
  privacy_options?: string[] | null;
  max_duration_s?: number | null;
  posts_left?: number | null;
  comment_disabled?: boolean;
  duet_disabled?: boolean;
  stitch_disabled?: boolean;
  premium?: boolean;
}
export type SocialAccount = Omit<Schemas["SocialAccountView"], "limits"> & {
  limits: AccountLimits | null;
};
export type SocialPlatform = Schemas["SocialPlatformView"];
export type PostAnalytics = Schemas["PostAnalytics"];
export type ComparedPost = Schemas["ComparedPost"];
export type FactorFigures = Schemas["FactorFigures"];
export type PlatformFigures = Schemas["PlatformFigures"];
/** How a post is doing, day by day. */
export type PostFigures = Schemas["PostFiguresView"];
export type DayFigures = Schemas["DayFigures"];
export type Connecting = Omit<Schemas["ConnectionBegun"], "account">;

export interface Wanted {
  channel?: string;
  platform?: string;
  state?: PostState[];
  video_id?: string;
  account_id?: string;
  limit?: number;
}
const of = (post: string) => `/social-posts/${encodeURIComponent(post)}`;
const account = (id: string) => `/social-accounts/${encodeURIComponent(id)}`;
const pauseOf = (channel: string) => `/channels/${encodeURIComponent(channel)}/publishing-pause`;

function asked(fields: Record<string, string | number | string[] | null | undefined>): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(fields))
    for (const one of Array.isArray(value) ? value : [value])
      if (one !== undefined && one !== null && one !== "") query.append(name, String(one));
  const text = query.toString();
  return text ? `?${text}` : "";
}

export const posts = {
  list: async (wanted: Wanted = {}, cursor: string | null = null) =>
    (await call<Listed<Post>>("GET", `/social-posts${asked({ limit: 100, ...wanted, cursor })}`))
      .data,
  of: async (post: string) => (await call<PostDetail>("GET", of(post))).data,
  make: async (wanted: {
    video_id: string;
    clip: string;
    account_id: string;
    at?: string;
    now?: boolean;
    /** Also where rules of the schedule speak against the moment. */
    anyway?: boolean;
    changes?: PostChanges;
  }) =>
    (
      await call<Post>("POST", "/social-posts", wanted, {
        "Idempotency-Key": crypto.randomUUID(),
      })
    ).data,
  /** `at` null: the next free slot. */
  change: async (
    post: string,
    change: { at?: string | null; slot?: string; anyway?: boolean; changes?: PostChanges },
  ) => (await call<Post>("PATCH", of(post), change)).data,
  now: async (post: string) => (await call<Post>("POST", `${of(post)}/now`)).data,
  cancel: async (post: string) => (await call<Post>("POST", `${of(post)}/cancel`)).data,
  retry: async (post: string) => (await call<Post>("POST", `${of(post)}/retry`)).data,
  decide: async (post: string, posted: boolean, url = "") =>
    (await call<Post>("POST", `${of(post)}/decide`, { posted, ...(url ? { url } : {}) })).data,
  remove: async (post: string) => (await call<Post | null>("DELETE", of(post))).data,
  calendar: async (from: string, to: string, channel = "") =>
    (await call<CalendarView>("GET", `/calendar${asked({ from, to, channel })}`)).data,
  figures: async (post: string) => (await call<PostFigures>("GET", `${of(post)}/figures`)).data,
  /** How posts did beside each other; days are those of UTC. */
  compare: async (wanted: {
    channel?: string;
    platform?: string;
    from?: string;
    to?: string;
    age_days?: number;
    limit?: number;
  }) => (await call<PostAnalytics>("GET", `/analytics/posts${asked(wanted)}`)).data,
  pause: async (
    channel: string,
    wanted: { platform?: string; reason?: string; until?: string | null },
  ) => (await call<Pause>("PUT", pauseOf(channel), wanted)).data,
  resume: async (channel: string, platform = "") =>
    (await call<unknown>("DELETE", `${pauseOf(channel)}${asked({ platform })}`)).data,
};

export const accounts = {
  list: async (channel = "") =>
    (await call<{ accounts: SocialAccount[] }>("GET", `/social-accounts${asked({ channel })}`)).data
      .accounts,
  platforms: async () =>
    (await call<{ platforms: SocialPlatform[]; dry?: boolean }>("GET", "/social-platforms")).data,
  connect: async (wanted: {
    channel: string;
    platform: string;
    application?: string;
    address?: string;
  }) =>
    (
      await call<Connecting>("POST", "/social-accounts", wanted, {
        "Idempotency-Key": crypto.randomUUID(),
      })
    ).data,
  refresh: async (id: string) => (await call<SocialAccount>("POST", `${account(id)}/refresh`)).data,
  disconnect: async (id: string) => (await call<unknown>("DELETE", account(id))).data,
};

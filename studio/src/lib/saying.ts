/** What a person says of a post, and what is sent of it. */

import type { AccountLimits, PostChanges, TikTokChoices } from "../api/publishing";
import { counted, privacyOf, takesOf } from "./posts";

export interface Said {
  title: string;
  text: string;
  /** Empty: nobody chose. */
  privacy: string;
  tiktok: TikTokChoices;
}

/** Nothing is said; of what TikTok lets others do nothing is allowed before somebody says so. */
export function nothingSaid(): Said {
  return {
    title: "",
    text: "",
    privacy: "",
    tiktok: {
      disable_comment: true,
      disable_duet: true,
      disable_stitch: true,
      brand_content: false,
      brand_organic: false,
    },
  };
}

/** What stands in the way on this side, by field, in words; what a platform says comes later. */
export function hindrances(
  platform: string,
  said: Said,
  limits: AccountLimits | null | undefined,
): string[] {
  const takes = takesOf(platform, limits?.premium);
  const found: string[] = [];
  if (takes.title) {
    const over = counted(said.title, takes.title.counting) - takes.title.most;
    if (over > 0) found.push(`The title is ${over} too long.`);
  }
  const over = counted(said.text, takes.text.counting) - takes.text.most;
  if (over > 0) found.push(`${takes.textName}: ${over} too long.`);
  if (platform === "tiktok") {
    if (!said.privacy) found.push("Choose who can see it.");
    else if (said.tiktok.brand_content && said.privacy === "private")
      found.push("A paid partnership cannot be private.");
  }
  const offered = privacyOf(platform, limits?.privacy_options);
  if (said.privacy && !offered.includes(said.privacy))
    found.push("The account does not offer this privacy.");
  return found;
}

/** Only what was said, so that the rest follows the export and the channel. */
export function changesOf(platform: string, said: Said, before?: Partial<Said>): PostChanges {
  const changes: PostChanges = {};
  for (const field of ["title", "text", "privacy"] as const) {
    const now = said[field];
    if (before ? now !== (before[field] ?? "") : now.trim() !== "") {
      if (field !== "privacy") changes[field] = now;
      else if (now) changes.privacy = now as NonNullable<PostChanges["privacy"]>;
    }
  }
  const tiktok = before?.tiktok;
  if (platform === "tiktok" && JSON.stringify(said.tiktok) !== JSON.stringify(tiktok))
    changes.tiktok = { ...said.tiktok };
  return changes;
}

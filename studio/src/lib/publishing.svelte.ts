/** Accounts and platforms that posts go to, known to all pages. */

import { Refusal } from "../api/client";
import { accounts, type SocialAccount, type SocialPlatform } from "../api/publishing";
import { live } from "./live";
import { platformTitle } from "./posts";
import { toasts } from "./toasts.svelte";

class Publishing {
  accounts = $state.raw<SocialAccount[]>([]);
  platforms = $state.raw<SocialPlatform[]>([]);
  isLoaded = $state(false);
  /** Posts go to fakes: what they call an address leads to nothing of theirs. */
  isDry = $state(false);
  /** False: the service does not publish. */
  isOffered = $state(true);
  problem = $state("");

  async load(): Promise<void> {
    try {
      const [list, platforms] = await Promise.all([accounts.list(), accounts.platforms()]);
      this.accounts = list;
      this.platforms = platforms.platforms;
      this.isDry = platforms.dry ?? false;
      this.problem = "";
    } catch (error) {
      if (error instanceof Refusal && error.isNotOffered) this.isOffered = false;
      else this.problem = error instanceof Error ? error.message : String(error);
    }
    this.isLoaded = true;
  }

  of(channel: string): SocialAccount[] {
    return this.accounts.filter(
      (account) => account.channel === channel && account.state !== "disconnected",
    );
  }

  title(platform: string): string {
    return (
      this.platforms.find((one) => one.platform === platform)?.title || platformTitle(platform)
    );
  }
}
export const publishing = new Publishing();

/** Whether it worked; what went wrong was said. */
export async function tried(work: () => Promise<unknown>, said = ""): Promise<boolean> {
  try {
    await work();
    if (said) toasts.say(said);
    return true;
  } catch (error) {
    toasts.fail(error);
    return false;
  }
}

/** Called when something of these kinds happened: at once, then no more often than every second. */
export function following(kinds: RegExp, then: () => unknown): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let last = 0;
  const told = live.on(({ type }) => {
    if (timer || !(kinds.test(type) || type === "reload" || type === "poll")) return;
    const wait = Math.max(150, last + 1000 - Date.now());
    timer = setTimeout(() => {
      timer = undefined;
      last = Date.now();
      then();
    }, wait);
  });
  return () => {
    clearTimeout(timer);
    told();
  };
}

/** Whether anybody processes what is dropped here. */

const EVERY_MS = 30_000;

class Processing {
  /** What to do, where something waits for over a minute and nobody takes it. */
  problem = $state("");

  /** Look now and then, for as long as the page is seen; returns what ends that. */
  watch(): () => void {
    const look = (): void => {
      if (document.visibilityState === "visible") void this.look();
    };
    look();
    const timer = setInterval(look, EVERY_MS);
    document.addEventListener("visibilitychange", look);
    return () => {
      clearInterval(timer);
      document.removeEventListener("visibilitychange", look);
    };
  }

  async look(): Promise<void> {
    try {
      const answer = await fetch("/ready");
      const { items } = (await answer.json()) as {
        items: { name: string; ok: boolean; says: string }[];
      };
      const found = items.find((item) => item.name === "processing");
      this.problem = found && !found.ok ? found.says : "";
    } catch {
      // Whoever cannot be reached is said to be so by everything else.
    }
  }
}
export const processing = new Processing();

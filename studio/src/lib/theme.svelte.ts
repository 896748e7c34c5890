/** Dark, light, or as the system has it; kept in this browser. */

export type Theme = "system" | "light" | "dark";
const KEY = "vidpipe.theme";

class Look {
  chosen = $state<Theme>("system");
  #dark = matchMedia("(prefers-color-scheme: dark)");

  constructor() {
    const kept = localStorage.getItem(KEY);
    if (kept === "light" || kept === "dark") this.chosen = kept;
    this.#dark.addEventListener("change", () => this.#show());
    this.#show();
  }

  choose(theme: Theme): void {
    this.chosen = theme;
    if (theme === "system") localStorage.removeItem(KEY);
    else localStorage.setItem(KEY, theme);
    this.#show();
  }

  #show(): void {
    const dark = this.chosen === "dark" || (this.chosen === "system" && this.#dark.matches);
    document.documentElement.dataset["theme"] = dark ? "dark" : "light";
  }
}

export const look = new Look();

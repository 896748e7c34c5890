/** What keys do, in one place, so that `?` can say it. */

export interface Key {
  /** As `KeyboardEvent.key` has it, in lower case; `mod+z`, `shift+arrowleft`. */
  keys: string;
  says: string;
  group: string;
  run: (event: KeyboardEvent) => void;
  /** Whether it also works while a text is being written. */
  always?: boolean;
}

/** The name of a key with what was held down. */
export function nameOf(event: KeyboardEvent): string {
  const key = event.key === " " ? "space" : event.key.toLowerCase();
  const held: string[] = [];
  if (event.ctrlKey || event.metaKey) held.push("mod");
  if (event.altKey) held.push("alt");
  // A letter or a sign says by itself that Shift was held.
  if (event.shiftKey && (key.length > 1 || held.length > 0)) held.push("shift");
  return [...held, key].join("+");
}

export function isWriting(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (target.isContentEditable) return true;
  if (target instanceof HTMLInputElement)
    return !["checkbox", "radio", "range", "button", "submit", "file"].includes(target.type);
  return target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement;
}

/** Whether the key means something to what has the focus: a button, a link, a slider. */
export function isTaken(target: EventTarget | null, name: string): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (name === "enter" || name === "space")
    return ["BUTTON", "A", "SUMMARY", "INPUT"].includes(target.tagName);
  if (name.includes("arrow"))
    return (
      target.getAttribute("role") === "slider" ||
      target.getAttribute("role") === "tab" ||
      (target instanceof HTMLInputElement && ["range", "radio"].includes(target.type))
    );
  return false;
}

class Keys {
  #sets = $state.raw<Key[][]>([]);
  helping = $state(false);

  get all(): Key[] {
    return this.#sets.flat();
  }

  /** Keys that work as long as what asked for them is shown. */
  use(keys: Key[]): () => void {
    this.#sets = [...this.#sets, keys];
    return () => {
      this.#sets = this.#sets.filter((set) => set !== keys);
    };
  }

  press = (event: KeyboardEvent): void => {
    if (event.defaultPrevented || event.isComposing) return;
    if (document.querySelector("dialog[open]") && event.key !== "?") return;
    const name = nameOf(event);
    const writing = isWriting(event.target);
    if (isTaken(event.target, name)) return;
    // What was asked for last is nearest.
    for (const key of [...this.all].reverse()) {
      if (key.keys !== name || (writing && !key.always)) continue;
      event.preventDefault();
      key.run(event);
      return;
    }
  };
}

export const keys = new Keys();

const SIGNS: Record<string, string> = {
  arrowleft: "←",
  arrowright: "→",
  arrowup: "↑",
  arrowdown: "↓",
  space: "Space",
  mod: /Mac|iPhone|iPad/.test(navigator.platform) ? "⌘" : "Ctrl",
  shift: "Shift",
  alt: "Alt",
  delete: "Del",
  enter: "Enter",
  escape: "Esc",
};

/** `mod+shift+z` as it is printed on keys. */
export function printed(name: string): string[] {
  if (name === "+") return ["+"];
  return name
    .split("+")
    .map((part) => SIGNS[part] ?? (part.length === 1 ? part.toUpperCase() : part));
}

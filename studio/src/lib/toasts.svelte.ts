/** Short notices: what happened, and how to take it back. */

export interface Toast {
  id: number;
  text: string;
  kind: "said" | "bad";
  act?: { label: string; run: () => void } | undefined;
}

let next = 1;

class Toasts {
  list = $state<Toast[]>([]);

  say(text: string, act?: Toast["act"]): void {
    this.#add({ id: next++, text, kind: "said", act }, act ? 10_000 : 5_000);
  }

  fail(problem: unknown): void {
    const text = problem instanceof Error ? problem.message : String(problem);
    if (this.list.some((toast) => toast.text === text)) return;
    this.#add({ id: next++, text, kind: "bad" }, 12_000);
  }

  drop(id: number): void {
    this.list = this.list.filter((toast) => toast.id !== id);
  }

  #add(toast: Toast, lasts: number): void {
    this.list = [...this.list.slice(-2), toast];
    setTimeout(() => this.drop(toast.id), lasts);
  }
}

export const toasts = new Toasts();

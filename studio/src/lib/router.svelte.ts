/** Addresses under /studio/ and what they show. */

const BASE = "/studio";

/** What the page of figures shows; empty: as it is without a word. */
export interface FiguresAsked {
  channel: string;
  platform: string;
  age: string;
  from: string;
  to: string;
  sort: string;
  /** The post that is opened. */
  post: string;
}
const FIGURES = ["channel", "platform", "age", "from", "to", "sort", "post"] as const;

export type Route =
  | { page: "home" }
  | { page: "search"; q: string }
  | { page: "review" }
  | { page: "calendar"; span: "week" | "month"; day: string; channel: string; post: string }
  | { page: "accounts"; channel: string }
  | ({ page: "figures" } & FiguresAsked)
  | { page: "gates"; channel: string }
  | { page: "video"; video: string; at: number | null }
  | { page: "clip"; video: string; clip: string; queue: boolean }
  | { page: "missing"; path: string };

export function routeOf(path: string, query: string): Route {
  const parts = path.replace(BASE, "").split("/").filter(Boolean).map(decoded);
  const params = new URLSearchParams(query);
  const [first, video, third, clip] = parts;
  if (parts.length === 0) return { page: "home" };
  if (first === "search") return { page: "search", q: params.get("q") ?? "" };
  if (first === "review" && parts.length === 1) return { page: "review" };
  if (first === "calendar" && parts.length === 1)
    return {
      page: "calendar",
      span: params.get("span") === "month" ? "month" : "week",
      day: params.get("day") ?? "",
      channel: params.get("channel") ?? "",
      post: params.get("post") ?? "",
    };
  if (first === "accounts" && parts.length === 1)
    return { page: "accounts", channel: params.get("channel") ?? "" };
  if (first === "figures" && parts.length === 1) {
    const asked = FIGURES.map((name) => [name, params.get(name) ?? ""]);
    return { page: "figures", ...(Object.fromEntries(asked) as unknown as FiguresAsked) };
  }
  if (first === "gates" && parts.length === 1)
    return { page: "gates", channel: params.get("channel") ?? "" };
  if (first === "videos" && video && parts.length === 2) {
    const at = Number.parseFloat(params.get("t") ?? "");
    return { page: "video", video, at: Number.isFinite(at) ? at : null };
  }
  if (first === "videos" && video && third === "clips" && clip && parts.length === 4)
    return { page: "clip", video, clip, queue: params.get("queue") === "1" };
  return { page: "missing", path };
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

export const to = {
  home: () => `${BASE}/`,
  search: (q: string) => `${BASE}/search?q=${encodeURIComponent(q)}`,
  review: () => `${BASE}/review`,
  calendar: (of: { span?: string; day?: string; channel?: string; post?: string } = {}) => {
    const query = new URLSearchParams();
    if (of.channel) query.set("channel", of.channel);
    if (of.span && of.span !== "week") query.set("span", of.span);
    if (of.day) query.set("day", of.day);
    if (of.post) query.set("post", of.post);
    return `${BASE}/calendar${query.size ? `?${query}` : ""}`;
  },
  accounts: (channel = "") =>
    `${BASE}/accounts${channel ? `?channel=${encodeURIComponent(channel)}` : ""}`,
  figures: (of: Partial<FiguresAsked> = {}) => {
    const query = new URLSearchParams();
    for (const name of FIGURES) if (of[name]) query.set(name, of[name]);
    return `${BASE}/figures${query.size ? `?${query}` : ""}`;
  },
  gates: (channel = "") =>
    `${BASE}/gates${channel ? `?channel=${encodeURIComponent(channel)}` : ""}`,
  video: (video: string, at?: number) =>
    `${BASE}/videos/${encodeURIComponent(video)}${at === undefined ? "" : `?t=${at.toFixed(2)}`}`,
  clip: (video: string, clip: string, queue = false) =>
    `${BASE}/videos/${encodeURIComponent(video)}/clips/${encodeURIComponent(clip)}${queue ? "?queue=1" : ""}`,
};

class Router {
  route = $state.raw<Route>(routeOf(location.pathname, location.search));
  #toTop = false;

  constructor() {
    addEventListener("popstate", () => this.#read());
  }

  go(address: string, replace = false, toTop = false): void {
    if (replace) history.replaceState(null, "", address);
    else history.pushState(null, "", address);
    this.#read(toTop);
  }

  /** The link of ours that an event is on; null where the browser is to follow it. */
  linkOf(event: Event): HTMLAnchorElement | null {
    const link = event.composedPath().find((node) => node instanceof HTMLAnchorElement);
    if (!link || link.target || link.hasAttribute("download")) return null;
    return link.origin === location.origin && link.pathname.startsWith(`${BASE}/`) ? link : null;
  }

  /** Links of ours are followed without loading the page again. */
  follow = (event: MouseEvent): void => {
    if (event.defaultPrevented || event.button !== 0) return;
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    const link = this.linkOf(event);
    if (!link) return;
    event.preventDefault();
    this.go(link.pathname + link.search, false, true);
  };

  /** What a followed link leads to begins at its top, once it is shown. */
  scroll(): void {
    if (this.#toTop) scrollTo(0, 0);
    this.#toTop = false;
  }

  #read(toTop = false): void {
    this.#toTop = toTop;
    this.route = routeOf(location.pathname, location.search);
  }
}

export const router = new Router();

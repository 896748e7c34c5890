/**
 * Pages are loaded when they are first shown. Until the next one is there the one before stays, so
 * that nothing flashes and nothing loses the focus.
 */

import type { Component } from "svelte";

import { type Route, router, routeOf } from "./router.svelte";
import { uploads } from "./uploads.svelte";

type Props = Record<string, unknown>;

interface Page {
  load(): Promise<{ default: Component<Props> }>;
  props(route: Route): Props;
  /** Two addresses with another one are two pages, each with what it began with. */
  key(route: Route): string;
}

/** A page that is shown, with what its address says. */
export interface Shown {
  Page: Component<Props>;
  props: Props;
  key: string;
  route: Route;
}

/** A page of one kind of route; types hold its properties to what its component takes. */
function page<N extends Route["page"], P extends Props>(
  name: N,
  load: () => Promise<{ default: Component<P> }>,
  props: (route: Extract<Route, { page: N }>) => P,
  key: (route: Extract<Route, { page: N }>) => string = () => name,
): Page {
  return { load, props, key } as unknown as Page;
}

const PAGES: Record<Route["page"], Page> = {
  home: page(
    "home",
    () => import("../pages/Home.svelte"),
    () => ({}),
  ),
  search: page(
    "search",
    () => import("../pages/Search.svelte"),
    ({ q }) => ({ q }),
  ),
  review: page(
    "review",
    () => import("../pages/Review.svelte"),
    () => ({}),
  ),
  calendar: page(
    "calendar",
    () => import("../pages/Calendar.svelte"),
    ({ span, day, channel, post }) => ({ span, day, channel, post }),
  ),
  accounts: page(
    "accounts",
    () => import("../pages/Accounts.svelte"),
    ({ channel }) => ({ channel }),
  ),
  figures: page(
    "figures",
    () => import("../pages/Figures.svelte"),
    (asked) => ({ asked }),
  ),
  gates: page(
    "gates",
    () => import("../pages/Gates.svelte"),
    ({ channel }) => ({ channel }),
  ),
  video: page(
    "video",
    () => import("../pages/Video.svelte"),
    ({ video, at }) => ({ id: video, at }),
    ({ video }) => `video/${video}`,
  ),
  clip: page(
    "clip",
    () => import("../pages/Clip.svelte"),
    ({ video, clip, queue }) => ({ id: video, clip, isQueue: queue }),
    ({ video, clip }) => `clip/${video}/${clip}`,
  ),
  missing: page(
    "missing",
    () => import("../pages/Missing.svelte"),
    () => ({}),
  ),
};

/** Said while a page is loaded again because of a file that was gone: a second time is too often. */
const AGAIN = "vidpipe/studio/loaded-again";

class Pages {
  shown = $state.raw<Shown | null>(null);
  /** Why the page that was asked for is not shown. */
  problem = $state("");
  loads = $state(false);
  #there = new Map<string, Component<Props>>();
  #coming = new Map<string, Promise<Component<Props>>>();

  /** Show what an address asks for, at once where it was loaded before. */
  show(asked: Route): void {
    this.problem = "";
    const there = this.#there.get(asked.page);
    if (there) this.#put(asked, there);
    else void this.#fetched(asked);
  }

  /** Load what somebody is about to open; what goes wrong is said when they do. */
  ahead(link: HTMLAnchorElement): void {
    this.#load(routeOf(link.pathname, link.search).page).catch(() => undefined);
  }

  #put(asked: Route, there: Component<Props>): void {
    const { props, key } = PAGES[asked.page];
    this.loads = false;
    this.shown = { Page: there, props: props(asked), key: key(asked), route: asked };
    router.scroll();
  }

  async #fetched(asked: Route): Promise<void> {
    this.loads = true;
    try {
      const there = await this.#load(asked.page);
      sessionStorage.removeItem(AGAIN);
      if (router.route === asked) this.#put(asked, there);
    } catch {
      if (router.route === asked) await this.#failed(asked);
    }
  }

  #load(name: Route["page"]): Promise<Component<Props>> {
    const coming = this.#coming.get(name);
    if (coming) return coming;
    const made = PAGES[name].load().then((module) => {
      this.#there.set(name, module.default);
      return module.default;
    });
    this.#coming.set(name, made);
    made.catch(() => this.#coming.delete(name));
    return made;
  }

  /**
   * After an upgrade of the service the files of the studio before are gone: the page that it has
   * now names those that are there. Not while a file is sent, which would begin again.
   */
  async #failed(asked: Route): Promise<void> {
    const answers = await fetch(location.href, { method: "HEAD", cache: "no-store" }).then(
      (answer) => answer.status < 500,
      () => false,
    );
    if (router.route !== asked) return;
    this.loads = false;
    if (answers && !uploads.isBusy && sessionStorage.getItem(AGAIN) === null) {
      sessionStorage.setItem(AGAIN, location.href);
      location.reload();
      return;
    }
    this.problem = answers
      ? "The studio was renewed meanwhile. Load the page again to go on."
      : "The service cannot be reached: the page was not loaded.";
  }
}

export const pages = new Pages();

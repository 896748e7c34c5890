/** What this server is: who looks, which channels and platforms there are, what it offers. */

import { api, call, got, Refusal } from "../api/client";
import type { Channel, Platform, Template } from "../api/model";
import type { Schemas } from "../api/client";

export type Offered = "reviews" | "edits";
const PROBES: Record<Offered, string> = {
  reviews: "/reviews?limit=1",
  edits: "/videos/-/edits",
};

class Server {
  me = $state.raw<Schemas["Me"] | null>(null);
  channels = $state.raw<Channel[]>([]);
  platforms = $state.raw<Platform[]>([]);
  templates = $state.raw<Template[]>([]);
  offers = $state<Record<Offered, boolean | null>>({ reviews: null, edits: null });
  problem = $state("");

  async load(): Promise<void> {
    try {
      const [me, channels] = await Promise.all([api.GET("/auth/me"), api.GET("/channels")]);
      this.me = got(me);
      this.channels = got(channels).items;
      void this.#probe("reviews");
      const [platforms, templates] = await Promise.all([
        api.GET("/platforms"),
        api.GET("/templates"),
      ]);
      this.platforms = got(platforms).items;
      this.templates = got(templates).items;
    } catch (error) {
      this.problem = error instanceof Error ? error.message : String(error);
    }
  }

  async #probe(what: Offered): Promise<void> {
    try {
      await call("GET", PROBES[what]);
      this.offers[what] = true;
    } catch (error) {
      // Who may not ask is told so where it matters.
      this.offers[what] = !(error instanceof Refusal && error.isNotOffered);
    }
  }

  channel(name: string): Channel | undefined {
    return this.channels.find((channel) => channel.name === name);
  }

  platform(name: string): Platform | undefined {
    return this.platforms.find((platform) => platform.name === name);
  }
}

export const server = new Server();

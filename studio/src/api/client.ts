/** Requests to the service: typed by its OpenAPI description, with the session's cookies. */

import createClient, { type Middleware } from "openapi-fetch";

import type { components, paths } from "./schema";

export type Schemas = components["schemas"];
const PREFIX = "/api/v1";

/** What the service answered instead of what was asked for. */
export class Refusal extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly details: Record<string, unknown> = {},
    readonly retryAfter: number | null = null,
  ) {
    super(message);
  }

  /** The service has no such operation: it is older than this page. */
  get isNotOffered(): boolean {
    return this.status === 405 || (this.status === 404 && this.code === "not_found");
  }
}

/** Nothing was answered at all. */
export class Offline extends Error {
  constructor() {
    super("The service cannot be reached. Try again when it is back.");
  }
}

/** The token against forged requests, as the cookie of a login has it; empty without a login. */
export function csrfToken(cookies = document.cookie): string {
  for (const part of cookies.split(";")) {
    const [name, ...value] = part.trim().split("=");
    if (name === "vidpipe_csrf" || name === "__Host-vidpipe_csrf") return value.join("=");
  }
  return "";
}

/**
 * Renew the login. A refresh token is good once, and tabs share it: one renews, the others wait
 * and use what it got.
 */
async function renew(since: number): Promise<boolean> {
  const work = async () => {
    if (renewedAt > since) return true;
    const answer = await fetch(`${PREFIX}/auth/refresh`, {
      method: "POST",
      headers: { "Content-Type": "application/json", "X-CSRF-Token": csrfToken() },
      body: "{}",
    });
    if (answer.ok) {
      renewedAt = Date.now();
      return true;
    }
    // Another tab may have been quicker: then the cookies are good already.
    return (await fetch(`${PREFIX}/auth/me`)).ok;
  };
  return navigator.locks ? navigator.locks.request("vidpipe-renewal", work) : work();
}
let renewedAt = 0;

function leaveToLogIn(): void {
  const here = location.pathname + location.search;
  location.assign(`/login?next=${encodeURIComponent(here)}`);
}

/** A request with everything that the service wants of a browser. */
export async function send(input: Request): Promise<Response> {
  const again = input.clone();
  const began = Date.now();
  let answer: Response;
  try {
    answer = await fetch(withToken(input));
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new Offline();
  }
  if (answer.status !== 401) return answer;
  if (csrfToken() && (await renew(began))) return fetch(withToken(again));
  leaveToLogIn();
  return answer;
}

function withToken(request: Request): Request {
  const token = csrfToken();
  if (token && request.method !== "GET" && request.method !== "HEAD")
    request.headers.set("X-CSRF-Token", token);
  return request;
}

const told: Middleware = {
  async onResponse({ response }) {
    if (response.ok || response.status === 304) return undefined;
    throw await refusalOf(response);
  },
};

export async function refusalOf(response: Response): Promise<Refusal> {
  const wait = Number.parseFloat(response.headers.get("Retry-After") ?? "");
  try {
    const said = (await response.json()) as Schemas["Problem"];
    const text = said.detail || said.title;
    return new Refusal(
      response.status,
      said.code,
      text.charAt(0).toUpperCase() + text.slice(1) + (/[.!?]$/.test(text) ? "" : "."),
      (said.details as Record<string, unknown>) ?? {},
      Number.isFinite(wait) ? wait : null,
    );
  } catch {
    return new Refusal(response.status, "unknown", `The service answered ${response.status}.`);
  }
}

export const api = createClient<paths>({ baseUrl: PREFIX, fetch: send });
api.use(told);

/** What was answered; problems were thrown before. */
export function got<T>(answer: { data?: T }): T {
  return answer.data as T;
}

/** A request that the committed description does not have yet. */
export async function call<T>(
  method: string,
  path: string,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<{ data: T; response: Response }> {
  const request = new Request(new URL(PREFIX + path, location.origin), {
    method,
    headers: {
      ...(body === undefined ? {} : { "Content-Type": "application/json" }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const response = await send(request);
  if (!response.ok) throw await refusalOf(response);
  const isJson = response.headers.get("Content-Type")?.includes("json");
  return { data: (isJson ? await response.json() : null) as T, response };
}

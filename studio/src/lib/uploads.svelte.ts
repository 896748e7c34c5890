/** Uploads: several at once, piece by piece, gone on with after a reload or a broken line. */

import { api, csrfToken, got, Refusal, type Schemas } from "../api/client";
import { handles, reopened } from "./handles";
import { toasts } from "./toasts.svelte";

type Session = Schemas["UploadSessionView"];
const PIECE = 16 * 2 ** 20;
const AT_ONCE = 2;

export type Stands = "waiting" | "sending" | "paused" | "done" | "failed";

/** What a file is known by: the same again after a reload. */
export function fingerprintOf(file: { name: string; size: number; lastModified: number }): string {
  return `studio/${file.size}/${file.lastModified}/${file.name}`.slice(0, 255);
}

export class Sending {
  stands = $state<Stands>("waiting");
  sent = $state(0);
  problem = $state("");
  session = $state.raw<Session | null>(null);
  rate = $state(0);
  #stop: (() => void) | null = null;
  #began = { at: 0, sent: 0 };
  #attempts = 0;

  constructor(
    readonly name: string,
    readonly size: number,
    readonly channel: string,
    readonly fingerprint: string,
    public file: File | null,
  ) {}

  get share(): number {
    return this.size ? Math.min(1, this.sent / this.size) : 0;
  }
  get left_s(): number | null {
    return this.rate > 0 ? (this.size - this.sent) / this.rate : null;
  }

  /** Send it, from where it stands. */
  async send(): Promise<void> {
    const file = this.file;
    if (!file) return;
    this.stands = "sending";
    this.problem = "";
    try {
      const session = await this.#session(file);
      this.session = session;
      this.#began = { at: performance.now(), sent: session.received_bytes ?? 0 };
      if (session.protocol === "tus") await this.#byTus(file, session.url ?? "");
      else if (session.protocol === "multipart") await this.#byParts(file, session);
      else await this.#byPut(file, session);
      if (this.stands !== "sending") return;
      this.stands = "done";
      this.sent = this.size;
      void handles.drop(this.fingerprint);
    } catch (error) {
      if (this.stands !== "sending") return;
      this.stands = "failed";
      this.problem = error instanceof Error ? error.message : String(error);
    }
  }

  pause(): void {
    this.stands = "paused";
    this.#stop?.();
  }

  async cancel(): Promise<void> {
    this.pause();
    void handles.drop(this.fingerprint);
    const upload_id = this.session?.upload_id;
    if (upload_id)
      await api
        .DELETE("/uploads/{upload_id}", { params: { path: { upload_id } } })
        .catch(() => undefined);
  }

  /** The open upload of this file, begun here or in another browser, else a new one. */
  async #session(file: File): Promise<Session> {
    const query = { channel: this.channel, fingerprint: this.fingerprint, limit: 1 };
    const open = got(await api.GET("/uploads/open", { params: { query } })).items[0];
    if (open && open.size_bytes === file.size)
      return got(
        await api.GET("/uploads/{upload_id}", {
          params: { path: { upload_id: open.upload_id } },
        }),
      );
    return got(
      await api.POST("/uploads", {
        params: { header: { "Idempotency-Key": crypto.randomUUID() } },
        body: {
          channel: this.channel,
          name: file.name.slice(0, 200),
          size_bytes: file.size,
          content_type: file.type.slice(0, 127),
          fingerprint: this.fingerprint,
        },
      }),
    );
  }

  #moved(sent: number): void {
    this.sent = sent;
    const took = (performance.now() - this.#began.at) / 1000;
    if (took > 0.5) this.rate = (sent - this.#began.sent) / took;
  }

  async #byTus(file: File, uploadUrl: string): Promise<void> {
    const attempt = ++this.#attempts;
    const { Upload: TusUpload } = await import("tus-js-client").catch(() => {
      throw new Error(
        "The studio was renewed meanwhile. Load the page again, and choose the file.",
      );
    });
    // Paused and resumed meanwhile: the later one sends.
    if (this.stands !== "sending" || attempt !== this.#attempts) return;
    return new Promise((resolve, reject) => {
      const upload = new TusUpload(file, {
        uploadUrl,
        chunkSize: PIECE,
        storeFingerprintForResuming: false,
        retryDelays: [0, 500, 1500, 3000, 5000, 10_000, 20_000, 30_000],
        onBeforeRequest: (request) => {
          const token = csrfToken();
          if (token) request.setHeader("X-CSRF-Token", token);
        },
        onAfterResponse: async (_request, response) => {
          // A login that ran out is renewed before the piece is tried again.
          if (response.getStatus() === 401) await api.GET("/auth/me");
        },
        onShouldRetry: (error) => {
          const status = error.originalResponse?.getStatus() ?? 0;
          return (
            status === 0 || status === 401 || status === 409 || status === 423 || status >= 500
          );
        },
        onProgress: (sent) => this.#moved(sent),
        onError: (error) => reject(new Error(plainly(error.message))),
        onSuccess: () => resolve(),
      });
      this.#stop = () => {
        void upload.abort();
        resolve();
      };
      upload.start();
    });
  }

  async #byParts(file: File, session: Session): Promise<void> {
    const path = { upload_id: session.upload_id };
    const size = session.part_size_bytes ?? file.size;
    const count = session.part_count ?? 1;
    const there = got(await api.GET("/uploads/{upload_id}/parts", { params: { path } })).items;
    const has = new Set(there.map((part) => part.number));
    let sent = there.reduce((sum, part) => sum + part.size_bytes, 0);
    this.#moved(sent);
    const missing = Array.from({ length: count }, (_, i) => i + 1).filter((n) => !has.has(n));
    for (let at = 0; at < missing.length; at += 20) {
      const numbers = missing.slice(at, at + 20);
      const links = got(
        await api.POST("/uploads/{upload_id}/parts", {
          params: { path },
          body: { numbers },
        }),
      ).items;
      for (const link of links) {
        if (this.stands !== "sending") return;
        const from = (link.number - 1) * size;
        const piece = file.slice(from, from + link.size_bytes);
        await this.#put(link.url, piece, {}, (now) => this.#moved(sent + now));
        sent += link.size_bytes;
        this.#moved(sent);
      }
    }
    await api.POST("/uploads/{upload_id}/complete", { params: { path } });
  }

  async #byPut(file: File, session: Session): Promise<void> {
    await this.#put(session.url ?? "", file, session.headers, (now) => this.#moved(now));
    if (this.stands !== "sending") return;
    const path = { upload_id: session.upload_id };
    await api.POST("/uploads/{upload_id}/complete", { params: { path } });
  }

  #put(
    url: string,
    body: Blob,
    headers: Record<string, string>,
    moved: (sent: number) => void,
  ): Promise<void> {
    return new Promise((resolve, reject) => {
      const request = new XMLHttpRequest();
      request.open("PUT", url);
      for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
      request.upload.onprogress = (event) => moved(event.loaded);
      request.onload = () =>
        request.status < 300
          ? resolve()
          : reject(new Error(`The store answered ${request.status}.`));
      request.onerror = () => reject(new Error("The store cannot be reached."));
      request.onabort = () => resolve();
      this.#stop = () => request.abort();
      request.send(body);
    });
  }
}

function plainly(text: string): string {
  const detail = /"detail":\s*"([^"]+)"/.exec(text)?.[1];
  return detail ?? "The line broke off, and trying again did not help.";
}

class Uploads {
  list = $state<Sending[]>([]);
  /** Begun before this page was loaded, and not finished. */
  unfinished = $state.raw<Session[]>([]);

  /** Take files in; those that were begun before go on where they stopped. */
  add(files: Iterable<File>, channel: string): void {
    for (const file of files) {
      const fingerprint = fingerprintOf(file);
      const same = this.list.find((s) => s.fingerprint === fingerprint && s.channel === channel);
      if (same && same.stands !== "done") {
        same.file = file;
        if (same.stands !== "sending") void this.#run(same);
        continue;
      }
      const made = new Sending(file.name, file.size, channel, fingerprint, file);
      this.list = [made, ...this.list];
      this.unfinished = this.unfinished.filter((s) => s.fingerprint !== fingerprint);
    }
    this.#next();
  }

  /** What a browser gives for what was dropped, with handles that outlast a reload where it can. */
  async drop(items: DataTransferItemList, channel: string): Promise<void> {
    const files: File[] = [];
    const asked = [...items]
      .filter((item) => item.kind === "file")
      .map(async (item) => {
        const file = item.getAsFile();
        if (file) files.push(file);
        const open = (
          item as DataTransferItem & {
            getAsFileSystemHandle?: () => Promise<FileSystemHandle | null>;
          }
        ).getAsFileSystemHandle?.();
        const handle = await open?.catch(() => null);
        if (file && handle?.kind === "file")
          await handles.keep(fingerprintOf(file), handle as FileSystemFileHandle);
      });
    await Promise.all(asked);
    this.add(files, channel);
  }

  /** Ask what was begun and not finished. */
  async look(): Promise<void> {
    try {
      const open = got(await api.GET("/uploads/open", { params: { query: { limit: 50 } } })).items;
      const here = new Set(this.list.map((s) => s.fingerprint));
      this.unfinished = open.filter((s) => s.fingerprint && !here.has(s.fingerprint));
    } catch (error) {
      // Who may only look has no uploads.
      if (!(error instanceof Refusal) || ![403, 404].includes(error.status)) toasts.fail(error);
    }
  }

  /** Go on with one of them, where the browser still knows its file. */
  async goOn(session: Session): Promise<boolean> {
    const file = await reopened(session.fingerprint);
    if (!file || fingerprintOf(file) !== session.fingerprint) return false;
    this.add([file], session.channel);
    return true;
  }

  async forget(session: Session): Promise<void> {
    const path = { upload_id: session.upload_id };
    await api.DELETE("/uploads/{upload_id}", { params: { path } }).catch(toasts.fail.bind(toasts));
    void handles.drop(session.fingerprint);
    this.unfinished = this.unfinished.filter((s) => s.upload_id !== session.upload_id);
  }

  resume(sending: Sending): void {
    void this.#run(sending);
  }

  remove(sending: Sending): void {
    if (sending.stands !== "done") void sending.cancel();
    this.list = this.list.filter((s) => s !== sending);
    this.#next();
  }

  get isBusy(): boolean {
    return this.list.some((s) => s.stands === "sending" || s.stands === "waiting");
  }

  async #run(sending: Sending): Promise<void> {
    await sending.send();
    this.#next();
  }

  #next(): void {
    const busy = this.list.filter((s) => s.stands === "sending").length;
    const waiting = this.list.filter((s) => s.stands === "waiting").reverse();
    for (const sending of waiting.slice(0, Math.max(0, AT_ONCE - busy))) void this.#run(sending);
  }
}

export const uploads = new Uploads();

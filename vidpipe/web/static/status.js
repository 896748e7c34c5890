// Keeps the page of what goes on up to date: on events of the service, else every ten seconds.
// Without it the page is as complete, and the browser loads it anew by itself.
"use strict";

(() => {
  const LEAST_MS = 1500;
  const POLL_MS = 10000;
  const TYPES = [
    "ready", "reload", "upload.completed", "intake.accepted", "intake.refused",
    "job.queued", "job.running", "job.waiting_for_review", "job.completed", "job.failed",
    "job.cancelled", "stage.started", "stage.completed", "stage.failed",
    "video.completed", "video.failed", "video.retired", "failure.recorded",
  ];
  const state = document.querySelector("#live");
  // How far videos are, as it was last heard.
  const heard = new Map();
  let last = 0;
  let planned = null;
  let poll = null;

  function say(text) {
    if (state !== null) state.textContent = text;
  }

  async function refresh() {
    planned = null;
    last = Date.now();
    try {
      const answer = await fetch("/status", { headers: { Accept: "text/html" } });
      if (answer.redirected || answer.status === 401) {
        location.reload();
        return;
      }
      if (!answer.ok) throw new Error(String(answer.status));
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const fresh = page.querySelector("#status");
      if (fresh === null) throw new Error("no status");
      // What somebody opened stays open.
      for (const open of document.querySelectorAll("#status details[open]")) {
        const same = fresh.querySelector(`#${CSS.escape(open.id)}`);
        if (same !== null) same.open = true;
      }
      const focused = document.activeElement?.id;
      document.querySelector("#status").replaceWith(fresh);
      for (const id of [...heard.keys()]) {
        if (!show(id)) heard.delete(id);
      }
      if (focused) document.getElementById(focused)?.focus();
    } catch {
      say("the service does not answer; tried again in a moment");
    }
  }

  function soon() {
    if (planned !== null) return;
    planned = setTimeout(refresh, Math.max(0, last + LEAST_MS - Date.now()));
  }

  function polling(on) {
    if (on && poll === null) poll = setInterval(soon, POLL_MS);
    if (!on && poll !== null) {
      clearInterval(poll);
      poll = null;
    }
    say(on ? "updated every 10 seconds" : "live");
  }

  function show(id) {
    const row = document.querySelector(`[data-video="${CSS.escape(id)}"]`);
    const data = heard.get(id);
    if (row === null || data === undefined) return row !== null;
    const bar = row.querySelector("progress");
    if (bar !== null) {
      bar.max = 100;
      bar.value = data.percent;
    }
    const left = row.querySelector(".left");
    if (left !== null) {
      const known = data.eta_s !== null && data.eta_s !== undefined;
      const minutes = known ? `, about ${Math.ceil(data.eta_s / 60)} min left` : "";
      left.textContent = `${Math.round(data.percent)} %${minutes}`;
    }
    return true;
  }

  function progress(event) {
    const { data } = JSON.parse(event.data);
    heard.set(data.video_id, data);
    if (!show(data.video_id)) soon();
  }

  polling(true);
  if (!("EventSource" in window)) return;

  function listen(after) {
    const from = after ? `?after=${encodeURIComponent(after)}` : "";
    const source = new EventSource(`/api/v1/events${from}`);
    let seen = after;
    for (const type of TYPES) {
      source.addEventListener(type, (event) => {
        seen = event.lastEventId || seen;
        polling(false);
        soon();
      });
    }
    source.addEventListener("progress", progress);
    source.addEventListener("error", () => {
      polling(true);
      // It was refused, not cut: the page is polled, and asked again later.
      if (source.readyState === EventSource.CLOSED) setTimeout(() => listen(seen), 60000);
    });
  }

  listen("");
})();

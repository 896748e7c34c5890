/** Times and sizes as people read them. */

/** `1:02:03`, `2:03`; with `parts`, tenths of a second as well. */
export function clock(seconds: number, parts = false): string {
  const sign = seconds < 0 ? "-" : "";
  const total = Math.max(0, parts ? Math.round(Math.abs(seconds) * 10) / 10 : Math.abs(seconds));
  const whole = Math.floor(total + 1e-9);
  const h = Math.floor(whole / 3600);
  const m = Math.floor((whole % 3600) / 60);
  const s = String(whole % 60).padStart(2, "0");
  const tenth = parts ? `.${Math.round((total - whole) * 10) % 10}` : "";
  return `${sign}${h ? `${h}:${String(m).padStart(2, "0")}` : m}:${s}${tenth}`;
}

/** `12 s`, `3 min`, `1 h 20 min`. */
export function lasting(seconds: number): string {
  if (seconds < 1) return "under a second";
  if (seconds < 90) return `${Math.round(seconds)} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  const rest = minutes % 60;
  return rest ? `${Math.floor(minutes / 60)} h ${rest} min` : `${minutes / 60} h`;
}

/** `just now`, `5 min ago`, `yesterday`, else the date. */
export function ago(at: string | null | undefined, now = Date.now()): string {
  if (!at) return "";
  const then = new Date(at);
  const s = (now - then.getTime()) / 1000;
  if (s < 60) return "just now";
  if (s < 3600) return `${Math.floor(s / 60)} min ago`;
  if (s < 86_400) return `${Math.floor(s / 3600)} h ago`;
  if (s < 2 * 86_400) return "yesterday";
  return then.toLocaleDateString(undefined, { day: "numeric", month: "short", year: "numeric" });
}

/** `1.4 MB`. */
export function bytes(count: number): string {
  const units = ["B", "kB", "MB", "GB", "TB"];
  let value = count;
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${value >= 100 || unit === 0 ? Math.round(value) : value.toFixed(1)} ${units[unit]}`;
}

/** `youtube_shorts` as people say it. */
export function spoken(name: string): string {
  const words = name.replaceAll("_", " ");
  return words.charAt(0).toUpperCase() + words.slice(1);
}

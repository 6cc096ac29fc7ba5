// Figures as people read them.
export const TOKYO = 815;

const whole = new Intl.NumberFormat("en-GB", { maximumFractionDigits: 0 });
const one = new Intl.NumberFormat("en-GB", { minimumFractionDigits: 1, maximumFractionDigits: 1 });

export const known = (value) => typeof value === "number" && Number.isFinite(value);
export const count = (value) => (known(value) ? whole.format(value) : "–");

/** 1234567 -> "1.23 million"; small numbers stay whole. */
export function amount(value) {
  if (!known(value)) return "–";
  if (value >= 1e9) return `${(value / 1e9).toFixed(2)} billion`;
  if (value >= 1e6) return `${(value / 1e6).toFixed(2)} million`;
  return whole.format(value);
}

/** Bytes as "4.4 GB", by thousands. */
export function bytes(value) {
  if (!known(value)) return "–";
  const units = ["B", "kB", "MB", "GB", "TB"];
  let at = 0;
  let rest = value;
  while (rest >= 1000 && at < units.length - 1) {
    rest /= 1000;
    at += 1;
  }
  return `${at && rest < 100 ? one.format(rest) : whole.format(rest)} ${units[at]}`;
}

/** Attempts a second as a multiple of Tokyo, without its unit: "10.2". */
export function multiple(perSecond) {
  if (!known(perSecond)) return "–";
  const value = perSecond / TOKYO;
  if (value === 0) return "0";
  if (value < 0.1) return value < 0.005 ? "0.0" : value.toFixed(2);
  return value >= 100 ? whole.format(value) : one.format(value);
}

/** "10.2 times Tokyo" */
export const timesTokyo = (perSecond) => (known(perSecond) ? `${multiple(perSecond)} times Tokyo` : "–");

/** Milliseconds as "62 ms", "1.4 s", "3 min". */
export function duration(ms) {
  if (!known(ms)) return "–";
  if (ms < 1) return `${Math.max(ms, 0).toFixed(1)} ms`;
  if (ms < 999.5) return `${whole.format(ms)} ms`;
  if (ms < 100000) return ms % 1000 ? `${(ms / 1000).toFixed(1)} s` : `${ms / 1000} s`;
  if (ms < 5.4e6) return `${whole.format(ms / 60000)} min`;
  return `${one.format(ms / 3.6e6)} h`;
}

/** Seconds as "60 s", "10 min", "1 h 30 min". */
export function span(seconds) {
  if (!known(seconds)) return "–";
  if (seconds < 120) return `${whole.format(seconds)} s`;
  if (seconds < 3600) return `${whole.format(seconds / 60)} min`;
  const minutes = Math.round((seconds % 3600) / 60);
  return `${Math.floor(seconds / 3600)} h${minutes ? ` ${minutes} min` : ""}`;
}

export function share(part, all) {
  if (!known(part) || !known(all) || all <= 0) return "–";
  return percent(part / all);
}

/** Never rounds up to 100 %: one missed attempt must show. */
export function percent(value) {
  if (!known(value)) return "–";
  const hundredths = value * 100;
  if (hundredths >= 100) return "100 %";
  if (hundredths > 99.9) return `${(Math.floor(hundredths * 100) / 100).toFixed(2)} %`;
  return hundredths >= 10 ? `${(Math.floor(hundredths * 10) / 10).toFixed(1)} %` : `${hundredths.toFixed(1)} %`;
}

export function clock(seconds) {
  if (!known(seconds)) return "–";
  const s = Math.max(0, Math.floor(seconds));
  const [h, m, rest] = [Math.floor(s / 3600), Math.floor(s / 60) % 60, String(s % 60).padStart(2, "0")];
  return h ? `${h}:${String(m).padStart(2, "0")}:${rest}` : `${m}:${rest}`;
}

export function timeOfDay(iso) {
  const moment = new Date(iso);
  return Number.isNaN(moment.getTime()) ? "–" : moment.toLocaleTimeString("en-GB");
}

export function day(iso) {
  const moment = new Date(iso);
  if (!iso || Number.isNaN(moment.getTime())) return "–";
  return `${moment.toLocaleDateString("en-GB", { day: "numeric", month: "short", year: "numeric" })}, ${moment.toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit" })}`;
}

export const plural = (n, word, more = `${word}s`) => `${count(n)} ${n === 1 ? word : more}`;
export const sentence = (text) => `${text.charAt(0).toUpperCase()}${text.slice(1)}${/[.!?]$/.test(text) ? "" : "."}`;
export const words = (name) => String(name || "").replaceAll("_", " ");

/** "198.18.0.7 and 41 more" */
export function few(list, total, word, more = `${word}s`) {
  if (!list || !list.length) return total ? plural(total, word, more) : `no ${word}`;
  return total > 1 ? `${list[0]} and ${count(total - 1)} more` : String(list[0]);
}

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

/** Attempts a second as a multiple of Tokyo: "10.0x". */
export function times(perSecond) {
  if (!known(perSecond)) return "–";
  const multiple = perSecond / TOKYO;
  if (multiple === 0) return "0x";
  if (multiple < 0.1) return `${multiple.toFixed(2)}x`;
  return `${multiple >= 100 ? whole.format(multiple) : one.format(multiple)}x`;
}

/** Milliseconds as "62 ms", "1.4 s", "3 min". */
export function duration(ms) {
  if (!known(ms)) return "–";
  if (ms < 1) return `${Math.max(ms, 0).toFixed(1)} ms`;
  if (ms < 1000) return `${whole.format(ms)} ms`;
  if (ms < 100000) return `${(ms / 1000).toFixed(1)} s`;
  return `${whole.format(ms / 60000)} min`;
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

export const plural = (n, word, more = `${word}s`) => `${count(n)} ${n === 1 ? word : more}`;

// Turns through the themes: as the system, dark, light. theme.js sets the kept one before the first paint.
import { recolourAll } from "./chart.js";
import { $ } from "./dom.js";

const THEMES = ["auto", "dark", "light"];

export function turn() {
  const root = document.documentElement;
  const next = THEMES[(THEMES.indexOf(root.dataset.theme || "auto") + 1) % THEMES.length];
  if (next === "auto") delete root.dataset.theme;
  else root.dataset.theme = next;
  try {
    localStorage.setItem("tenfold-theme", next);
  } catch {
    // not kept
  }
  $("theme").title = `Theme: ${next === "auto" ? "as the system" : next}`;
  recolourAll();
}

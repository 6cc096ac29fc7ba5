// The page: picks a run, follows its stream, hands figures to the panels.
import { Alerts } from "./alerts.js";
import { latencyChart, rateChart } from "./charts.js";
import { Launcher } from "./launch.js";
import { showEmpty, showFamilies, showFigures, showLedger, showState, showWords } from "./panels.js";
import { call, follow } from "./service.js";

const $ = (id) => document.getElementById(id);
const LINKS = { connecting: "Connecting", live: "Live", lost: "Connection lost, trying again" };
const page = { chosen: "", run: null, close: null, start: 0, notice: 0 };

const alerts = new Alerts($("alerts"), () => page.start);
const charts = { rate: rateChart($("plot-rate")), latency: latencyChart($("plot-latency")) };
const launcher = new Launcher((run) => {
  choose("");
  if (run) say(`Started ${run}.`, 4000);
}, say);

function say(text, forMs = 0, bad = false) {
  const notice = $("notice");
  notice.dataset.tone = bad ? "bad" : "";
  notice.textContent = text;
  notice.hidden = !text;
  clearTimeout(page.notice);
  if (text && forMs) page.notice = setTimeout(() => say(""), forMs);
}

function link(state) {
  $("link").dataset.link = state;
  $("link").lastElementChild.textContent = LINKS[state];
}

/** One statistics document: from the stream, or asked for. */
function take(stats) {
  if (stats.reason === "no-run" || !stats.run) {
    showState(null);
    showEmpty("Start one here, or with “tenfold run paris-2024” in a terminal. This page follows it by itself.");
    return;
  }
  const before = page.run;
  page.run = stats.run;
  page.start = stats.run.started_ms || 0;
  if (!before || before.id !== stats.run.id) changed();
  else if (before.state !== stats.run.state) refreshRuns();
  showState(stats.run);
  showFigures(stats);
  showWords(stats);
  showLedger(stats.ledger);
  showFamilies(stats.families, stats.judged);
  $("as-of").textContent = `as of ${new Date(stats.as_of).toLocaleTimeString("en-GB")}`;
}

/** Another run is on show: everything about the former goes. */
function changed() {
  alerts.run = page.run.id;
  alerts.items.clear();
  alerts.draw();
  alerts.load();
  refreshRuns();
  timeline();
}

async function timeline() {
  if (!page.run) return;
  try {
    const t = await call(`/v1/stats/timeline?run=${encodeURIComponent(page.run.id)}`);
    charts.rate.show([t.t, t.planned, t.sent, t.detected]);
    charts.latency.show([t.t, t.latency_p50_ms, t.latency_p99_ms]);
  } catch (error) {
    if (error.status && error.status !== 404) say(error.message, 6000, true);
  }
}

async function refreshRuns() {
  try {
    const { items } = await call("/v1/runs?limit=100");
    const select = $("run");
    const options = [new Option("Follow the latest run", "")];
    for (const run of items) options.push(new Option([run.id, run.state === "finished" ? "" : run.state].filter(Boolean).join(" · "), run.id));
    select.replaceChildren(...options);
    select.value = page.chosen;
    if (page.chosen && select.selectedIndex < 0) select.value = "";
  } catch {
    // the stream's own state tells that the service is away
  }
}

function choose(run) {
  page.chosen = run;
  page.run = null;
  if (page.close) page.close();
  const address = run ? `?run=${encodeURIComponent(run)}` : location.pathname;
  history.replaceState(null, "", address);
  page.close = follow(run, {
    link,
    tick: take,
    alert: (alert) => alerts.take(alert),
    gap: (gap) => {
      if (!gap.detail) say(`This page was too slow for ${gap.dropped} updates; it has read them anew.`, 5000);
      alerts.load();
    },
  });
}

const THEMES = ["auto", "dark", "light"];
function turnTheme() {
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
  for (const chart of Object.values(charts)) chart.recolour();
}

function key(event) {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const typing = event.target.closest("input, select, textarea");
  const dialog = document.querySelector("dialog[open]");
  if (typing) {
    if (event.key === "Escape" && !dialog) event.target.blur();
    return;
  }
  if (dialog && dialog.id !== "drawer") return;
  const keys = { j: () => alerts.move(1), k: () => alerts.move(-1) };
  if (!dialog) Object.assign(keys, { "/": () => alerts.form.elements.host.focus(), o: () => alerts.show(document.activeElement.closest?.("tr")), c: () => launcher.open(), t: turnTheme, "?": () => $("help").showModal() });
  if (keys[event.key]) {
    event.preventDefault();
    keys[event.key]();
  }
}

async function begin() {
  $("theme").addEventListener("click", turnTheme);
  $("keys").addEventListener("click", () => $("help").showModal());
  $("start").addEventListener("click", () => launcher.open());
  $("stop").addEventListener("click", () => launcher.stop(page.run));
  $("run").addEventListener("change", (event) => choose(event.target.value));
  document.addEventListener("keydown", key);
  for (const dialog of document.querySelectorAll("dialog")) {
    dialog.addEventListener("click", (event) => {
      if (event.target === dialog || event.target.closest("[data-close]")) dialog.close();
    });
    dialog.addEventListener("close", () => {
      if (dialog.id === "drawer") alerts.open = null;
    });
  }
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => Object.values(charts).forEach((chart) => chart.recolour()));
  setInterval(() => {
    if (!document.hidden && page.run && ["running", "live", "judging"].includes(page.run.state)) timeline();
  }, 1000);
  refreshRuns();
  choose(new URLSearchParams(location.search).get("run") || "");
  try {
    const { items, version } = await call("/v1/families");
    alerts.families(items);
    $("version").textContent = `Tenfold ${version}`;
  } catch (error) {
    say(error.message, 6000, true);
  }
}

begin();

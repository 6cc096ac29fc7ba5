// The page: picks a run, follows its stream, shows one view at a time. A view is a module with `title` and
// `mount(root, app)`, which gives back what of `tick`, `timeline`, `alert`, `gap`, `route`, `keys`, `leave` it wants told.
import { recolourAll } from "./chart.js";
import { $, fill, h, put } from "./dom.js";
import { count, day } from "./format.js";
import { offset, parse, replace, write } from "./route.js";
import { call, follow } from "./service.js";
import { begin as beginSession } from "./session.js";
import { turn as turnTheme } from "./theming.js";
import { Triage } from "./triage.js";
import * as alerts from "./views/alerts.js";
import * as attack from "./views/attack.js";
import * as campaigns from "./views/campaigns.js";
import * as families from "./views/families.js";
import * as live from "./views/live.js";
import * as report from "./views/report.js";
import * as talkers from "./views/talkers.js";

const VIEWS = { live, alerts, families, attack, talkers, campaigns, report };
const LINKS = { connecting: "Connecting", live: "Live", lost: "Connection lost, trying again" };
const ACTIVE = ["starting", "running", "judging", "live"];
const page = { view: "", shown: null, run: null, close: null, notice: 0, lost: false, heard: false };

/** What views share. `run` is the run on show, `stats` its newest document, `start` its beginning in ms. */
const app = {
  run: null,
  stats: null,
  start: 0,
  chosen: "",
  catalogue: [],
  attackVersion: "",
  triage: new Triage(() => inbox()),
  get active() {
    return ACTIVE.includes(app.run?.state);
  },
  /** The address of a view with this run kept. */
  href: (view, query = {}, ...rest) => write(view, query, rest),
  say,
  follow: choose,
  refresh: refreshRuns,
  remount: () => show(true),
  may: (scope) => !app.caller || app.caller.scopes.includes(scope),
};

function say(text, forMs = 0, bad = false) {
  const notice = $("notice");
  notice.dataset.tone = bad ? "bad" : "";
  put(notice, text);
  notice.hidden = !text;
  clearTimeout(page.notice);
  if (text && forMs) page.notice = setTimeout(() => say(""), forMs);
}

function link(state) {
  $("link").dataset.link = state;
  put($("link").lastElementChild, LINKS[state]);
  if (state === "lost") page.lost = true;
  if (state === "live" && page.lost) {
    page.lost = false;
    refreshRuns();
    if (app.run) tell("route", parse());
  }
  document.body.dataset.link = state;
}

const tell = (what, ...news) => page.shown?.[what]?.(...news);

/** One statistics document from the stream. */
function take(stats) {
  page.heard = true;
  const before = app.run;
  app.run = stats.run || null;
  app.stats = stats.run ? stats : null;
  app.start = app.run?.started_ms || 0;
  put($("as-of"), `as of ${new Date(stats.as_of).toLocaleTimeString("en-GB")}`);
  if (before?.id !== app.run?.id) changed();
  else if (before && before.state !== app.run.state) {
    refreshRuns();
    tell("route", parse());
  }
  tell("tick", app.stats);
  if (before?.id !== app.run?.id || before?.state !== app.run?.state) timeline();
}

/** Another run is on show. A view that had none yet is only told, so that whatever a reader did in it stays. */
function changed() {
  app.triage.follow(app.run?.id);
  refreshRuns();
  const before = page.run;
  page.run = app.run?.id ?? null;
  if (before === null || before === page.run || VIEWS[page.view].ofAnyRun) return;
  const route = parse();
  if (route.view === "alerts" && route.rest.length) replace(write("alerts", route.query)); // it was an alert of the other run
  show(true);
}

async function timeline() {
  if (!app.run || !page.shown?.timeline) return;
  const run = app.run.id;
  try {
    const found = await call(`/v1/stats/timeline?run=${encodeURIComponent(run)}`);
    if (app.run?.id === run) tell("timeline", found);
  } catch (error) {
    if (error.status && error.status !== 404) say(error.message, 6000, true);
  }
}

async function refreshRuns() {
  try {
    const { items } = await call("/v1/runs?limit=100");
    app.runs = items;
    const options = items.map((run) => h("option", { value: run.id }, runName(run)));
    fill($("run"), h("option", { value: "" }, "Follow the latest run"), ...options);
    $("run").value = app.chosen;
    if (app.chosen && $("run").selectedIndex < 0) $("run").value = "";
    tell("runs", items);
  } catch {
    // the stream's own state tells that the service is away
  }
}

const runName = (run) => [run.title || run.id, run.started ? day(run.started) : run.id, run.state === "finished" ? "" : run.state === "failed" && run.has_scorecard ? "not valid" : run.state].filter(Boolean).join(" · ");

function inbox() {
  const left = (app.stats?.counts.alerts || 0) - app.triage.decided;
  $("inbox").hidden = left <= 0;
  put($("inbox"), count(left));
  $("inbox").title = "not decided yet";
  tell("triage");
}

/** Follow a run, or the latest with "". */
function choose(run, keepView = true) {
  app.chosen = run;
  app.run = null;
  app.stats = null;
  page.heard = false;
  page.close?.();
  history.replaceState(null, "", `${run ? `?run=${encodeURIComponent(run)}` : location.pathname}${keepView ? location.hash : "#/live"}`);
  if (!keepView) show();
  page.close = follow(run, {
    link,
    tick: (stats) => {
      take(stats);
      inbox();
    },
    alert: (alert) => tell("alert", alert),
    gap: (gap) => {
      if (!gap.detail) say(`This page was too slow for ${count(gap.dropped)} updates; it has read them anew.`, 5000);
      tell("gap");
    },
  });
}

/** Show the view that the address names; where it is on show already it is only told. */
function show(anew = false) {
  const route = parse();
  const name = route.view in VIEWS ? route.view : "live";
  if (name === page.view && page.shown && !anew) {
    tell("route", route);
    return;
  }
  page.shown?.leave?.();
  page.shown = null;
  for (const tab of document.querySelectorAll("nav.views a")) {
    if (tab.dataset.view === name) tab.setAttribute("aria-current", "page");
    else tab.removeAttribute("aria-current");
  }
  const tab = document.querySelector("nav.views [aria-current]");
  if (tab) tab.parentElement.scrollLeft = offset(tab);
  const other = page.view !== name;
  page.view = name;
  page.run = app.run?.id ?? null;
  document.title = name === "live" ? "Tenfold" : `${VIEWS[name].title} · Tenfold`;
  document.body.dataset.view = name;
  $("view").replaceChildren();
  page.shown = VIEWS[name].mount($("view"), app, route);
  if (other) scrollTo(0, 0);
  if (page.heard) tell("tick", app.stats);
  if (app.runs) tell("runs", app.runs);
  timeline();
}

function key(event) {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.closest("input, select, textarea")) {
    if (event.key === "Escape" && !document.querySelector("dialog[open]")) event.target.blur();
    return;
  }
  if (document.querySelector("dialog[open]")) return;
  const keys = { c: () => (location.hash = "#/campaigns/new"), t: turnTheme, "?": () => $("help").showModal(), ...page.shown?.keys };
  Object.keys(VIEWS).forEach((name, at) => (keys[String(at + 1)] = () => (location.hash = `#/${name}`)));
  if (keys[event.key]) {
    event.preventDefault();
    keys[event.key](event);
  }
}

async function begin() {
  $("theme").addEventListener("click", turnTheme);
  $("keys").addEventListener("click", () => $("help").showModal());
  $("run").addEventListener("change", (event) => choose(event.target.value));
  document.querySelector(".skip").addEventListener("click", (event) => {
    event.preventDefault();
    $("view").focus();
  });
  document.addEventListener("keydown", key);
  for (const dialog of document.querySelectorAll("dialog:not(#signin)")) {
    dialog.addEventListener("click", (event) => {
      if (event.target === dialog || event.target.closest("[data-close]")) dialog.close();
    });
  }
  addEventListener("hashchange", () => show());
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", recolourAll);
  setInterval(() => {
    if (!document.hidden && app.active) timeline();
  }, 1000);
  await beginSession(app);
  show();
  choose(new URLSearchParams(location.search).get("run") || "");
  refreshRuns();
  try {
    const { items, version, attack_version: attackVersion } = await call("/v1/families");
    app.catalogue = items;
    app.attackVersion = attackVersion;
    put($("version"), `Tenfold ${version}`);
    tell("families", items);
  } catch {
    // shown without their titles
  }
}

begin();

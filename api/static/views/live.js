// What a person at the wall wants to know: is it seen, how fast, is anything lost.
import { empty, fill, h, panel, put } from "../dom.js";
import { amount, clock, count, duration, known, multiple, percent, plural, sentence, share, timesTokyo } from "../format.js";
import { ledgerTable, lostFrames } from "../ledger.js";
import { backlogChart, latencyChart, rateChart } from "../series.js";
import { headline, paragraph } from "../tell.js";
import { compactRow, newestFirst } from "./rows.js";
import { welcome } from "./welcome.js";

export const title = "Live";
export const BUDGET_MS = 1000;
const STATES = { running: "Running", finished: "Finished", interrupted: "Interrupted", failed: "Failed", starting: "Starting", judging: "Judging", live: "Listening", unknown: "Unfinished", none: "No run" };
const SHOWN = 9;

const figure = (name, key, unit, ...more) => h("article", { class: "figure", id: `figure-${key}` }, h("h2", {}, name), h("p", { class: "big" }, h("span", { id: key }, "–"), " ", h("small", { id: `${key}-unit` }, unit)), ...more);
const fact = (name, id) => h("div", {}, h("dt", {}, name), h("dd", { id }, "–"));
const facts = (...rows) => h("dl", { class: "facts" }, rows);
const meter = (name) => h("div", { class: "meter", "data-series": name }, h("span", {}, name), h("i", {}, h("b")), h("em", {}, "–"));

export function mount(root, app) {
  const view = new Live(root, app);
  return { tick: (stats) => view.tick(stats), timeline: (t) => view.timeline(t), alert: (a) => view.alert(a), gap: () => view.load(), triage: () => view.later(), leave: () => view.leave() };
}

class Live {
  constructor(root, app) {
    Object.assign(this, { root, app, alerts: new Map(), run: null, drawn: 0 });
    this.charts = { rate: rateChart(), latency: latencyChart(), backlog: backlogChart() };
    this.rows = h("tbody");
    this.none = empty("Loading …");
    this.ledger = h("div", { class: "scroll", id: "ledger" }, empty("Loading …"));
    const newest = panel("Newest alerts", { id: "newest", side: h("a", { href: app.href("alerts") }, "All alerts") }, h("div", { class: "scroll" }, h("table", { class: "alerts compact" }, h("thead", {}, h("tr", {}, ["Severity", "Incident", "From", "Against"].map((name) => h("th", { scope: "col" }, name)), h("th", { scope: "col", class: "n" }, "Flows"), h("th", { scope: "col", class: "n" }, "Seen"))), this.rows)), this.none);
    const ledger = panel("Ledger", { id: "ledger-panel", side: h("span", { class: "sub", id: "ledger-sub" }) }, this.ledger);
    this.welcome = welcome();
    fill(root, this.lead(), this.welcome, this.figures(), h("section", { class: "charts", "aria-label": "Over time" }, this.charts.rate.root, this.charts.latency.root, this.charts.backlog.root), h("div", { class: "columns" }, newest, ledger));
  }

  $(id) {
    return this.root.querySelector(`#${id}`);
  }

  lead() {
    return h(
      "section",
      { class: "lead", "aria-labelledby": "lead-title" },
      h("div", { class: "title" }, h("h1", { id: "lead-title" }, "Waiting for the service"), h("span", { class: "badge", id: "state", "data-state": "none", hidden: true }, "No run"), h("span", { class: "clock", id: "clock", hidden: true }), h("a", { class: "button", id: "steer", href: this.app.href("campaigns"), hidden: true }, "Steer"), h("a", { class: "button primary", id: "begin", href: "#/campaigns/new", hidden: true }, "Start a campaign")),
      h("p", { id: "words" }, "Connecting."),
      h("ul", { class: "remarks", id: "remarks" }),
      h("div", { class: "progress", id: "progress", role: "progressbar", "aria-label": "Campaign", "aria-valuemin": "0", "aria-valuemax": "100", hidden: true }, h("i")),
    );
  }

  figures() {
    return h(
      "section",
      { class: "figures", "aria-label": "Figures" },
      figure("Attack rate", "rate", "times Tokyo", h("div", { class: "bars", id: "bars" }, meter("planned"), meter("sent"), meter("detected"))),
      figure("Time to detect", "latency", "half are seen within", facts(fact("95 of 100 within", "latency-p95"), fact("99 of 100 within", "latency-p99"), fact("budget for 99", "latency-budget"))),
      figure("Seen", "seen", "of the attempts sent", facts(fact("sent", "count-sent"), fact("detected", "count-detected"))),
      figure("Backlog", "backlog", "frames wait", facts(fact("frames a second", "frame-rate"), fact("left on time", "on-time"))),
      figure("Lost", "lost", "frames", h("p", { class: "verdict", id: "lost-words" }, "–")),
      figure("Alerts", "alert-count", "incidents", h("ul", { class: "chips", id: "severities" }), facts(fact("going on", "alerts-open"), fact("silenced", "alerts-silenced"))),
    );
  }

  tick(stats) {
    put(this.$("lead-title"), headline(stats));
    put(this.$("words"), paragraph(stats));
    this.state(stats?.run);
    this.welcome.hidden = Boolean(stats);
    if (!stats) {
      put(this.none, "Incidents show here once a campaign runs.");
      fill(this.ledger, empty("Every frame is accounted for here once a run begins."));
      return;
    }
    this.rates(stats);
    this.latency(stats);
    this.counts(stats);
    this.losses(stats);
    this.remarks(stats);
    if (this.run !== stats.run.id) {
      this.run = stats.run.id;
      this.alerts.clear();
      this.load();
    }
  }

  state(run) {
    const state = run?.state || "none";
    const badge = this.$("state");
    badge.hidden = false;
    badge.dataset.state = state;
    put(badge, state === "failed" && run.has_scorecard ? "Not valid" : STATES[state] || state);
    const timed = known(run?.elapsed_s) && state === "running";
    this.$("clock").hidden = !timed;
    if (timed) put(this.$("clock"), known(run.duration_s) ? `${clock(run.elapsed_s)} of ${clock(run.duration_s)}` : clock(run.elapsed_s));
    const bar = this.$("progress");
    bar.hidden = !(timed && run.duration_s > 0);
    if (!bar.hidden) {
      const done = Math.min(100, (100 * run.elapsed_s) / run.duration_s);
      bar.firstElementChild.style.width = `${done}%`;
      bar.setAttribute("aria-valuenow", String(Math.round(done)));
    }
    this.$("steer").hidden = state !== "running";
    this.$("begin").hidden = Boolean(run);
  }

  rates({ rates, run, counts }) {
    const now = run.state === "running" || run.state === "live";
    const shown = { ...(now ? rates : rates.average || rates) };
    // Flows until the run is judged; attempts, as the others, from then on.
    if (!now && known(counts.attempts_detected) && counts.attempts_sent > 0) shown.detected = (shown.sent * counts.attempts_detected) / counts.attempts_sent;
    put(this.$("rate"), multiple(shown.sent ?? shown.detected));
    put(this.$("rate-unit"), run.state === "live" ? "times Tokyo, detected" : now ? "times Tokyo, sent now" : "times Tokyo, sent on average");
    const top = Math.max(shown.planned || 0, shown.sent || 0, shown.detected || 0, 1);
    for (const one of this.$("bars").children) {
      const value = shown[one.dataset.series];
      one.querySelector("b").style.width = known(value) ? `${(100 * value) / top}%` : "0";
      const text = known(value) ? `${count(value)}/s` : "–";
      put(one.querySelector("em"), text);
      one.title = known(value) ? timesTokyo(value) : "";
    }
    put(this.$("frame-rate"), count(shown.frames));
    put(this.$("count-sent"), amount(counts.attempts_sent));
  }

  latency({ latency_ms: latency, targets }) {
    const budget = targets?.p99_ms || BUDGET_MS;
    put(this.$("latency"), duration(latency?.p50));
    put(this.$("latency-p95"), duration(latency?.p95));
    this.$("latency-p95").parentElement.hidden = !known(latency?.p95);
    put(this.$("latency-p99"), duration(latency?.p99));
    this.$("latency-p99").dataset.tone = known(latency?.p99) ? (latency.p99 <= budget ? "good" : "bad") : "";
    put(this.$("latency-budget"), duration(budget));
    put(this.charts.latency.note, targets?.p99_ms ? "" : `budget: the page's own`);
    this.charts.latency.note.title = "The scenario sets no target for the 99th percentile";
  }

  counts({ counts, run, backlog_frames: backlog, within_1ms: onTime }) {
    const judged = known(counts.attempts_detected);
    put(this.$("seen"), judged ? share(counts.attempts_detected, counts.attempts_sent) : amount(counts.flows_flagged));
    put(this.$("seen-unit"), judged ? "of the attempts sent" : "flows called an attack");
    put(this.$("count-detected"), judged ? amount(counts.attempts_detected) : run.state === "live" ? "–" : "at the end");
    put(this.$("backlog"), amount(backlog));
    put(this.$("backlog-unit"), backlog === 1 ? "frame waits" : "frames wait");
    put(this.$("on-time"), known(onTime) ? percent(onTime) : "–");
    this.$("on-time").dataset.tone = known(onTime) && counts.frames > 0 && onTime < 0.999 ? "bad" : "";
    put(this.$("alert-count"), count(counts.alerts));
    put(this.$("alert-count-unit"), counts.alerts === 1 ? "incident" : "incidents");
    put(this.$("alerts-open"), count(counts.alerts_open));
    const silenced = counts.alerts_silenced || { allowed: 0, muted: 0 };
    put(this.$("alerts-silenced"), count(silenced.allowed + silenced.muted));
    this.$("alerts-silenced").title = `${count(silenced.allowed)} allowed, ${count(silenced.muted)} muted by the configuration`;
    const chips = Object.entries(counts.alerts_by_severity || {}).filter(([, n]) => n > 0);
    fill(this.$("severities"), chips.map(([severity, n]) => h("li", {}, h("a", { href: this.app.href("alerts", { severity }), "data-severity": severity }, `${count(n)} ${severity}`))));
  }

  losses({ ledger }) {
    const stages = Object.keys(ledger?.stages || {});
    const lost = lostFrames(ledger);
    put(this.$("lost"), count(lost));
    const balanced = ledger?.balanced !== false;
    const words = this.$("lost-words");
    put(words, !stages.length ? "No frame counted yet." : balanced ? (lost ? "Each loss has a reason in the ledger." : "Every frame is accounted for.") : ledger.settled === false ? "Still counting." : "The ledger does not balance.");
    words.dataset.tone = !stages.length ? "" : balanced ? "good" : ledger.settled === false ? "" : "bad";
    put(this.$("ledger-sub"), !stages.length ? "" : balanced ? "balances" : ledger.settled === false ? "in flight" : "does not balance");
    fill(this.ledger, stages.length ? ledgerTable(ledger) : empty("Every frame is accounted for here once a run begins."));
  }

  /** Drift, and what makes the run's figures worth less: said once, where it is so. */
  remarks({ drift, run, counts, backlog_frames: backlog, within_1ms: onTime }) {
    const running = run.state === "running";
    const found = [];
    if (drift) found.push([drift.state === "unlike" ? "warn" : "", sentence(drift.text || drift.state), drift.differs]);
    if (running && backlog > 20000) found.push(["warn", `${amount(backlog)} frames wait for the detector`]);
    if (running && known(onTime) && counts.frames > 0 && onTime < 0.999) found.push(["warn", `The generator is behind its plan: ${percent(onTime)} of frames left within 1 ms of it`]);
    const silenced = counts.alerts_silenced;
    if (silenced?.allowed || silenced?.muted) found.push(["", `${plural(silenced.allowed, "incident")} allowed and ${count(silenced.muted)} muted by the configuration`]);
    const told = JSON.stringify(found);
    if (told === this.remarked) return; // what a reader has opened stays open
    this.remarked = told;
    const open = this.$("remarks").querySelector("details")?.open ?? false;
    fill(this.$("remarks"), found.map(([tone, text, more]) => h("li", { "data-tone": tone }, text, more?.length ? h("details", { open }, h("summary", {}, "What differs"), h("ul", {}, more.map((one) => h("li", {}, sentence(one))))) : null)));
  }

  timeline(t) {
    const ahead = t.ahead || { t: [], planned: [] };
    const more = ahead.t.map(() => null);
    this.charts.rate.chart.show([[...t.t, ...ahead.t], [...t.planned, ...ahead.planned], [...t.sent, ...more], [...t.detected, ...more]]);
    const budget = this.app.stats?.targets?.p99_ms || BUDGET_MS;
    const some = [...t.latency_p50_ms, ...t.latency_p99_ms].some(known);
    this.charts.latency.chart.show([t.t, t.latency_p50_ms, t.latency_p99_ms, t.t.map(() => (some ? budget : null))]);
    if (t.backlog) this.charts.backlog.chart.show([t.t, t.backlog]);
  }

  async load() {
    const run = this.run;
    const page = await newestFirst(run, SHOWN).catch((error) => error);
    if (run !== this.run) return;
    if (page instanceof Error) fill(this.none, page.message);
    else for (const alert of page) this.alerts.set(alert.alert_id, alert);
    this.draw(page instanceof Error);
  }

  alert(alert) {
    this.alerts.set(alert.alert_id, alert);
    this.later();
  }

  later() {
    if (this.drawn) return;
    this.drawn = requestAnimationFrame(() => {
      this.drawn = 0;
      this.draw();
    });
  }

  draw(failed = false) {
    if (!this.run) return; // the tick says what there is instead
    const sorted = [...this.alerts.values()].sort((a, b) => b.first_seen_ms - a.first_seen_ms || Number(b.alert_id) - Number(a.alert_id));
    for (const old of sorted.splice(SHOWN)) this.alerts.delete(old.alert_id);
    fill(this.rows, sorted.map((alert) => compactRow(alert, this.app)));
    this.none.hidden = sorted.length > 0;
    if (!sorted.length && !failed) fill(this.none, "No alert yet. A quiet network looks like this, too.");
  }

  leave() {
    cancelAnimationFrame(this.drawn);
    for (const { chart } of Object.values(this.charts)) chart.close();
  }
}

// The scorecard in words, the report as a document, and what can be taken along.
import { beginning, empty, fill, h, panel, put } from "../dom.js";
import { amount, count, day, duration, known, percent, plural, sentence, span, words } from "../format.js";
import { ledgerTable } from "../ledger.js";
import { call, withQuery } from "../service.js";

export const title = "Report";
const MOST_ALERTS = 1000;

const wide = (...parts) => h("div", { class: "scroll" }, h("table", {}, parts));

export function mount(root, app) {
  const view = new Report(root, app);
  return { tick: (stats) => view.tick(stats), families: () => view.draw(), leave: () => {} };
}

class Report {
  constructor(root, app) {
    Object.assign(this, { root, app, seen: "", card: null });
    this.place = h("div", { class: "report" }, empty("Loading …"));
    fill(root, this.place);
  }

  nothing(head, text, more = null) {
    fill(this.place, h("div", { class: "heading" }, h("div", {}, h("h1", {}, head), h("p", { class: "lede" }, text, more && " ", more))));
  }

  tick(stats) {
    if (!stats) {
      this.nothing("No run yet", "A report is written at the end of a campaign.", beginning());
      return;
    }
    const mark = `${stats.run.id} ${stats.run.state} ${stats.run.has_scorecard}`;
    if (mark === this.seen) return;
    this.seen = mark;
    this.card = null;
    if (stats.run.has_scorecard && stats.judged) this.load(stats.run.id, mark);
    else this.nothing(stats.run.title || stats.run.id, this.app.active ? "The report is written when the campaign has ended and was judged." : sentence(stats.run.reason || "this run has no scorecard"));
  }

  async load(run, mark) {
    try {
      const card = await call(`/v1/runs/${encodeURIComponent(run)}/scorecard`);
      if (mark !== this.seen) return;
      this.card = card;
      this.draw();
    } catch (error) {
      if (mark === this.seen) this.nothing("No report", error.message);
    }
  }

  draw() {
    const run = this.app.run;
    if (!this.card || !run) return;
    const [verdict, tone] = judged(this.card, run);
    const when = [day(run.started), known(run.duration_s) ? span(run.duration_s) : "", run.id].filter((t) => t && t !== "–").join(" · ");
    fill(
      this.place,
      h("div", { class: "heading" }, h("div", {}, h("h1", {}, `${run.title || run.id}: `, h("span", { "data-tone": tone }, verdict)), h("p", { class: "lede" }, when)), run.has_report ? h("a", { class: "button primary", id: "report", href: `/v1/runs/${encodeURIComponent(run.id)}/report` }, "Open the whole report") : null),
      h("div", { class: "columns" }, h("div", { class: "stack" }, this.words(), this.targets(), this.extremes(), this.zones()), h("div", { class: "stack" }, this.exports(run), this.ledger())),
    );
  }

  name(id) {
    return this.app.catalogue.find((family) => family.id === id)?.title || words(id);
  }

  words() {
    return panel("In words", { id: "in-words" }, h("div", { class: "prose" }, tell(this.card, this.app.stats).map((line) => h("p", {}, line))));
  }

  targets() {
    const rows = this.card.run?.targets || this.card.targets || [];
    if (!rows.length) return null;
    return panel("Targets", { id: "targets" }, wide(h("thead", {}, h("tr", {}, ["Target", "Wanted", "Reached", ""].map((name) => h("th", { scope: "col" }, name || h("span", { class: "sr" }, "Met"))))), h("tbody", {}, rows.map((row) => h("tr", {}, h("th", { scope: "row" }, row.name), h("td", {}, timed(row.wanted)), h("td", {}, timed(row.got)), h("td", { "data-tone": row.met ? "good" : "bad" }, row.met ? "met" : "missed"))))));
  }

  /** What was seen least and slowest: where to look next. */
  extremes() {
    const rows = Object.entries(this.card.families || {}).map(([id, row]) => ({ id, recall: row.attempts ? row.attempts_detected / row.attempts : row.recall, sent: row.attempts ?? row.flows, p99: row.latency_ms?.p99 }));
    const least = rows.filter((row) => known(row.recall) && row.recall < 1).sort((a, b) => a.recall - b.recall).slice(0, 5);
    if (!least.length) return null;
    return panel("Seen least", { id: "least", side: h("a", { href: this.app.href("families") }, "All families") }, wide(h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "Family"), ["Sent", "Detected", "99 of 100 within"].map((name) => h("th", { scope: "col", class: "n" }, name)))), h("tbody", {}, least.map((row) => h("tr", {}, h("th", { scope: "row" }, this.name(row.id)), h("td", { class: "n" }, amount(row.sent)), h("td", { class: "n" }, percent(row.recall)), h("td", { class: "n" }, duration(row.p99)))))));
  }

  zones() {
    const rows = Object.entries(this.card.zones || {});
    if (!rows.length) return null;
    return panel("By zone", { id: "zones" }, wide(h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "Zone"), ["Attempts", "Detected"].map((name) => h("th", { scope: "col", class: "n" }, name)))), h("tbody", {}, rows.map(([name, row]) => h("tr", {}, h("th", { scope: "row" }, name.replaceAll("-", " ")), h("td", { class: "n" }, amount(row.attempts)), h("td", { class: "n" }, percent(row.recall)))))));
  }

  ledger() {
    const ledger = this.card.ledger;
    if (!ledger?.stages) return null;
    return panel("Ledger", { id: "ledger-panel", sub: ledger.balanced ? "balances" : "does not balance" }, h("div", { class: "scroll" }, ledgerTable(ledger)));
  }

  exports(run) {
    const path = `/v1/runs/${encodeURIComponent(run.id)}`;
    const file = (name, href, what) => h("li", {}, h("a", { href, download: `${run.id}-${name}` }, name), h("span", { class: "sub" }, what));
    const alerts = (format) => withQuery("/v1/alerts", { run: run.id, format, limit: MOST_ALERTS });
    return panel("Take along", { id: "exports" }, h("ul", { class: "exports" }, file("scorecard.json", `${path}/scorecard`, "all figures of the judgement"), run.has_report ? file("report.html", `${path}/report`, "one file, opens anywhere") : null, file("alerts.eve.ndjson", alerts("eve"), "the newest alerts as Suricata EVE, one a line"), file("alerts.ocsf.ndjson", alerts("ocsf"), "the same as OCSF findings"), file("alerts.csv", alerts("csv"), "the same as a table"), file("navigator.json", withQuery("/v1/attack/layer", { run: run.id }), "layer for the ATT&CK Navigator"), file("timeline.json", withQuery("/v1/stats/timeline", { run: run.id }), "rates and latency by second")));
  }
}

/** "at most 5000 ms" -> "at most 5 s" */
const timed = (text) => String(text).replace(/([\d.]+) ms$/, (_, ms) => duration(Number(ms)));

function judged(card, run) {
  if (card.run?.valid === false || (run.state === "failed" && run.has_scorecard)) return ["not valid", "bad"];
  if (run.state === "interrupted") return ["interrupted", "warn"];
  if (card.run?.passed === true) return ["passed", "good"];
  if (card.run?.passed === false) return ["missed its targets", "bad"];
  return ["judged", ""];
}

/** The scorecard in sentences, what matters most first. */
export function tell(card, stats) {
  const said = [];
  const { attempts, latency_ms: latency, false_alarms: alarms, alerts, capture, ledger, entries } = card;
  const reasons = card.run?.reasons || [];
  if (reasons.length) said.push(`Not valid: ${reasons.map(sentence).join(" ")}`);
  const detected = attempts?.detected ?? stats?.counts.attempts_detected;
  const total = attempts?.total ?? stats?.counts.attempts_sent;
  if (total) said.push(`Of ${amount(total)} attempts that were sent, ${amount(detected)} were detected (${percent(detected / total)}); ${amount(total - detected)} were missed.`);
  if (attempts?.known_before) said.push(`${amount(attempts.known_before)} of those detected belonged to a flow that was already called an attack.`);
  if (known(latency?.p50)) said.push(`Half were seen within ${duration(latency.p50)} of the moment the plan meant them to leave, 95 of 100 within ${duration(latency.p95)}, 99 of 100 within ${duration(latency.p99)}; the slowest took ${duration(latency.max)}.`);
  if (alarms?.benign_flows) said.push(`${amount(alarms.flagged)} of ${amount(alarms.benign_flows)} ordinary flows were called an attack (${percent(alarms.rate)}).`);
  if (known(alerts?.total)) said.push(`${plural(alerts.total, "alert")}: ${count(alerts.true)} true, ${count(alerts.false)} false.`);
  if (entries?.length) said.push(`${count(entries.filter((one) => one.detected).length)} of ${plural(entries.length, "attack")} of the truth were found.`);
  if (capture?.frames) said.push(`${amount(capture.frames)} frames in ${plural(capture.flows, "flow")} over ${span(capture.seconds)}.`);
  if (ledger) said.push(ledger.balanced ? "Every frame is accounted for." : "The ledger does not balance: frames are missing without a reason.");
  const drift = card.drift || stats?.drift;
  if (drift?.text) said.push(sentence(drift.text), ...(drift.differs || []).map(sentence));
  return said;
}

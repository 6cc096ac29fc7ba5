// Campaigns: the one under way and its steering, a form for the next, the list of runs, and two of them side by side.
import { empty, fill, h, panel, put } from "../dom.js";
import { clock, count, day, duration, known, percent, span } from "../format.js";
import { call, patch, post } from "../service.js";
import { compareView } from "./compare.js";
import { Launch } from "./launch.js";

export const title = "Campaigns";
export const ofAnyRun = true; // a form that is being filled in outlives a change of the run on show
const STATES = { running: "running", finished: "finished", interrupted: "interrupted", failed: "not valid", starting: "starting", judging: "judging", live: "listening", unknown: "unfinished" };
const HOLDS = [0, 1, 2, 4, 8, 10];

export function mount(root, app, route) {
  if (route.rest[0] === "compare") return compareView(root, app, route);
  const view = new Campaigns(root, app);
  view.route(route);
  return view;
}

class Campaigns {
  constructor(root, app) {
    Object.assign(this, { root, app, chosen: [], items: [], steered: "" });
    this.launch = new Launch(app);
    this.steer = h("section", { class: "panel steer", id: "steering", "aria-labelledby": "steer-title", hidden: true });
    this.body = h("tbody", { id: "run-rows" });
    this.none = empty("Loading …");
    this.compare = h("a", { class: "button", id: "compare", "aria-disabled": "true" }, "Compare two");
    const head = h("tr", {}, h("th", { scope: "col" }, h("span", { class: "sr" }, "Compare")), ["Campaign", "State"].map((name) => h("th", { scope: "col" }, name)), ["Recall", "99 of 100", "Alerts"].map((name) => h("th", { scope: "col", class: "n" }, name)), h("th", { scope: "col" }, h("span", { class: "sr" }, "Links")));
    const list = panel("Runs", { id: "runs", side: this.compare }, h("div", { class: "scroll" }, h("table", { class: "runs" }, h("thead", {}, head), this.body)), this.none);
    fill(root, h("h1", { class: "sr" }, "Campaigns"), this.steer, h("div", { class: "columns" }, list, this.launch.root));
    this.cards = new Map();
    app.refresh();
  }

  /** One line of how each judged run went. */
  async judged() {
    try {
      const { items } = await call("/v1/scorecards?limit=100");
      this.cards = new Map(items.map((item) => [item.run, item]));
      this.draw();
    } catch {
      // the list stands without their figures
    }
  }

  route({ rest, query }) {
    if (rest[0] === "compare") this.app.remount();
    else if (rest[0] === "new") this.launch.focus(query.scenario);
  }

  /** The list has come anew. */
  runs(items) {
    this.items = items;
    this.chosen = this.chosen.filter((id) => items.some((run) => run.id === id));
    this.draw();
    this.judged();
  }

  draw() {
    this.none.hidden = this.items.length > 0;
    if (!this.items.length) fill(this.none, this.app.runs ? "No run yet. The form starts the first." : "Loading …");
    const focused = document.activeElement?.dataset?.run;
    fill(this.body, this.items.map((run) => this.line(run)));
    if (focused) this.body.querySelector(`[data-run="${CSS.escape(focused)}"]`)?.focus();
    const two = this.chosen.length === 2;
    this.compare.setAttribute("aria-disabled", String(!two));
    if (two) this.compare.href = this.app.href("campaigns", { a: this.chosen[0], b: this.chosen[1] }, "compare");
    else this.compare.removeAttribute("href");
    put(this.compare, two ? "Compare A and B" : this.chosen.length ? "Choose one more" : "Choose two to compare");
  }

  line(run) {
    const at = this.chosen.indexOf(run.id);
    const able = run.has_scorecard;
    const box = h("input", { type: "checkbox", "data-run": run.id, "aria-label": `Compare ${run.id}`, disabled: !able, onchange: () => this.choose(run.id) });
    box.checked = at >= 0;
    const figures = this.cards.get(run.id) || {};
    const state = run.state === "failed" && !run.has_scorecard ? "failed" : STATES[run.state] || run.state;
    const passed = figures.passed === true ? "passed" : figures.passed === false && run.state === "finished" ? "missed its targets" : "";
    const follow = h("button", { type: "button", class: "linkish name", onclick: () => this.app.follow(run.id, false) }, run.title || run.id);
    return h(
      "tr",
      { "data-id": run.id, "aria-current": run.id === this.app.run?.id ? "true" : null },
      h("td", {}, box, at >= 0 ? h("b", { class: "letter", "data-letter": "ab"[at] }, "AB"[at]) : null),
      h("th", { scope: "row" }, follow, h("span", { class: "sub" }, [day(run.started), known(run.duration_s) ? span(run.duration_s) : "", run.id].filter((t) => t && t !== "–").join(" · "))),
      h("td", {}, h("span", { class: "badge", "data-state": run.state }, state), passed && h("span", { class: "sub" }, passed)),
      h("td", { class: "n" }, known(figures.recall) ? percent(figures.recall) : "–"),
      h("td", { class: "n" }, duration(figures.latency_p99_ms)),
      h("td", { class: "n" }, count(figures.alerts)),
      h("td", { class: "n" }, run.has_report ? h("a", { href: `/v1/runs/${encodeURIComponent(run.id)}/report` }, "Report", h("span", { class: "sr" }, ` of ${run.id}`)) : null),
    );
  }

  choose(id) {
    if (this.chosen.includes(id)) this.chosen = this.chosen.filter((one) => one !== id);
    else this.chosen = [...this.chosen.slice(-1), id];
    this.draw();
  }

  tick(stats) {
    const run = stats?.run;
    const under = run && ["starting", "running", "judging"].includes(run.state);
    this.steer.hidden = !under;
    this.launch.busy(under ? run : null);
    if (!under) {
      this.steered = "";
      return;
    }
    if (this.steered !== run.id) this.build(run);
    this.told(stats);
  }

  build(run) {
    this.steered = run.id;
    this.now = h("p", { class: "lede", id: "steer-words" });
    this.field = h("input", { name: "multiplier", type: "number", min: "0", max: "1000", step: "0.1", required: true, value: "10" });
    const hold = (value) => h("button", { type: "button", class: "tiny", onclick: () => this.hold(value) }, value ? `${value}×` : "Pause");
    this.hold_form = h("form", { class: "hold", onsubmit: (event) => (event.preventDefault(), this.hold(Number(this.field.value))) }, h("label", {}, "Hold the rate, in times Tokyo", this.field), h("button", { class: "button", type: "submit" }, "Hold"), h("div", { class: "tabs" }, HOLDS.map(hold)));
    this.stop_button = h("button", { class: "button danger", id: "stop", type: "button", onclick: () => this.stop() }, "Stop");
    fill(this.steer, h("header", {}, h("h2", { id: "steer-title" }, run.title || run.id), this.stop_button), this.now, this.hold_form);
  }

  told({ run, rates, counts }) {
    const running = run.state === "running";
    const at = known(run.elapsed_s) && running ? (known(run.duration_s) ? `${clock(Math.min(run.elapsed_s, run.duration_s))} of ${clock(run.duration_s)}. ` : `${clock(run.elapsed_s)}. `) : "";
    const rate = known(rates.planned) && running ? `Planned now: ${(rates.planned / 815).toFixed(1)} times Tokyo; sent: ${known(rates.sent) ? (rates.sent / 815).toFixed(1) : "–"}. ${count(counts.attempts_sent)} attempts have left.` : run.state === "judging" ? "Being judged." : "Getting ready.";
    put(this.now, at + rate);
    this.hold_form.hidden = !running;
    this.stop_button.hidden = !(run.stoppable ?? running) || run.state === "judging";
    for (const button of [this.stop_button, ...this.hold_form.querySelectorAll("button")]) button.disabled = !this.app.may("operate") || button.dataset.sent === "1";
  }

  async hold(multiplier) {
    try {
      await patch(`/v1/campaigns/${encodeURIComponent(this.app.run.id)}`, { multiplier });
      this.app.say(multiplier ? `${multiplier} times Tokyo is asked for; it holds within a few seconds.` : "The attack pauses within a few seconds; ordinary traffic goes on.", 5000);
    } catch (error) {
      this.app.say(error.message, 6000, true);
    }
  }

  async stop() {
    this.stop_button.dataset.sent = "1";
    try {
      await post(`/v1/campaigns/${encodeURIComponent(this.app.run.id)}/stop`);
      this.app.say("Stopping; the run will be judged as far as it went.", 5000);
    } catch (error) {
      delete this.stop_button.dataset.sent;
      this.app.say(error.message, 6000, true);
    }
  }

  leave() {
    this.launch.close();
  }
}

// The form that starts a campaign, with its rate curve before it is run.
import { fill, h, put } from "../dom.js";
import { amount, plural, span } from "../format.js";
import { call, post, withQuery } from "../service.js";
import { planChart } from "../series.js";

const field = (name, label, attributes, hint) => h("label", {}, label, h("input", { name, type: "number", placeholder: hint, ...attributes }));

export class Launch {
  constructor(app) {
    this.app = app;
    this.scenarios = [];
    this.turn = 0;
    this.plan = planChart();
    this.summary = h("p", { class: "hint", id: "scenario-words" });
    this.total = h("p", { class: "total", id: "plan-words", role: "status" });
    this.error = h("p", { class: "error", id: "launch-error", role: "alert", hidden: true });
    this.submit = h("button", { class: "button primary", type: "submit" }, "Start");
    this.form = h(
      "form",
      { id: "launch-form", onsubmit: (event) => (event.preventDefault(), this.send()), oninput: () => this.describe() },
      h("label", {}, "Scenario", h("select", { name: "scenario", required: true })),
      this.summary,
      h("div", { class: "row" }, field("multiplier", "Rate, times Tokyo", { min: "0.1", max: "1000", step: "0.1" }, "as planned"), field("duration_s", "Length, seconds", { min: "1", max: "86400", step: "1" }, "as planned"), field("seed", "Seed", { min: "0", max: "4294967295", step: "1" }, "as planned")),
      this.plan.root,
      this.total,
      h("p", { class: "hint" }, "One time Tokyo is 815 attempts a second, the average of the Games of 2020. Frames stay on this machine."),
      this.error,
      h("footer", {}, this.submit),
    );
    this.root = h("section", { class: "panel launch", id: "launch", "aria-labelledby": "launch-title" }, h("header", {}, h("h2", { id: "launch-title" }, "Start a campaign")), this.form);
    this.load();
  }

  /** Bring the form into view, with that scenario chosen where there is one of that name. */
  focus(scenario = "") {
    this.wanted = scenario;
    this.choose();
    this.root.scrollIntoView({ block: "nearest" });
    this.form.elements.scenario.focus();
  }

  choose() {
    if (!this.scenarios.some((one) => one.name === this.wanted)) return;
    this.form.elements.scenario.value = this.wanted;
    this.wanted = "";
    this.describe();
  }

  async load() {
    try {
      const { items } = await call("/v1/scenarios");
      this.scenarios = items;
      const select = this.form.elements.scenario;
      const before = select.value;
      fill(select, items.map((scenario) => h("option", { value: scenario.name }, scenario.title || scenario.name)));
      select.value = items.some((scenario) => scenario.name === before) ? before : (items.find((scenario) => scenario.name === "paris-2024") || items[0])?.name || "";
      this.describe();
      this.choose();
    } catch (error) {
      this.fault(error.message);
    }
  }

  /** What the form changes of a scenario; what is not filled in, or wrongly, is left out. */
  get changes() {
    const filled = ["multiplier", "duration_s", "seed"].map((name) => [name, this.form.elements[name]]).filter(([, input]) => input.value !== "" && input.validity.valid);
    return Object.fromEntries(filled.map(([name, input]) => [name, Number(input.value)]));
  }

  /** The scenario in words, and what it would be with the form's changes, which the service knows. */
  describe() {
    const name = this.form.elements.scenario.value;
    put(this.summary, this.scenarios.find((scenario) => scenario.name === name)?.summary || "");
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.preview(name), 150);
  }

  async preview(name) {
    const turn = ++this.turn;
    const { multiplier, duration_s } = this.changes;
    try {
      const plan = await call(withQuery(`/v1/scenarios/${encodeURIComponent(name)}/preview`, { multiplier, duration_s }));
      if (turn !== this.turn) return;
      this.plan.chart.show([plan.t, plan.attempts_per_s, plan.ordinary_per_s]);
      put(this.total, inWords(plan));
      this.fault("");
    } catch (error) {
      if (turn !== this.turn) return;
      this.plan.chart.show([[], []]);
      put(this.total, "");
      this.fault(error.message);
    }
  }

  busy(run) {
    this.submit.disabled = Boolean(run) || !this.app.may("operate");
    put(this.submit, run ? "One is under way" : "Start");
    this.submit.title = this.app.may("operate") ? "" : "This needs a key with the scope operate";
  }

  fault(text) {
    put(this.error, text);
    this.error.hidden = !text;
  }

  async send() {
    const body = { scenario: this.form.elements.scenario.value, ...this.changes };
    this.submit.disabled = true;
    this.fault("");
    try {
      const campaign = await post("/v1/campaigns", body, { "Idempotency-Key": crypto.randomUUID?.() || String(Math.random()) });
      this.app.say(`Started ${campaign.id}.`, 4000);
      this.app.follow("", false);
    } catch (error) {
      this.fault(error.message);
      this.submit.disabled = false;
    }
  }

  close() {
    clearTimeout(this.timer);
    this.plan.chart.close();
  }
}

function inWords(plan) {
  const families = Object.keys(plan.families || {}).length;
  const sites = plan.sites ? ` against ${plural(plan.sites, "site")}` : "";
  if (!plan.attempts) return `No attack: ${amount(plan.ordinary)} ordinary conversations in ${span(plan.duration_s)}.`;
  return `${amount(plan.attempts)} attempts in ${span(plan.duration_s)}, at most ${Math.round(plan.peak_multiplier * 100) / 100} times Tokyo: ${plural(families, "family", "families")}${sites}, among ${amount(plan.ordinary)} ordinary conversations.`;
}

// The form that starts a campaign, with its rate curve before it is run.
import { fill, h, put } from "../dom.js";
import { TOKYO, amount, few, plural, span } from "../format.js";
import { call, post } from "../service.js";
import { planChart } from "../series.js";

const field = (name, label, attributes, hint) => h("label", {}, label, h("input", { name, type: "number", placeholder: hint, ...attributes }));

export class Launch {
  constructor(app) {
    this.app = app;
    this.scenarios = [];
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

  focus() {
    this.root.scrollIntoView({ block: "nearest" });
    this.form.elements.scenario.focus();
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
    } catch (error) {
      this.fault(error.message);
    }
  }

  number(name) {
    const input = this.form.elements[name];
    return input.value !== "" && input.validity.valid ? Number(input.value) : null;
  }

  /** The scenario in words, and its curve with what the form changes of it. */
  describe() {
    const chosen = this.scenarios.find((scenario) => scenario.name === this.form.elements.scenario.value);
    put(this.summary, chosen?.summary || "");
    if (!chosen?.curve) {
      this.plan.chart.show([[], []]);
      put(this.total, "");
      return;
    }
    const length = this.number("duration_s") ?? chosen.duration_s;
    const curve = bent(chosen, this.number("multiplier"), length);
    this.plan.chart.show([curve.map(([t]) => t), curve.map(([, m]) => m * TOKYO)]);
    const attempts = Object.keys(chosen.attacks || {}).length ? area(curve) * TOKYO : 0;
    const peak = Math.max(...curve.map(([, m]) => m));
    const attacks = Object.keys(chosen.attacks || {});
    put(this.total, attempts ? `${amount(Math.round(attempts))} attempts in ${span(length)}, at most ${Math.round(peak * 100) / 100} times Tokyo: ${plural(attacks.length, "family", "families")} against ${plural(chosen.sites, "site")}.` : `No attack: ${span(length)} of ordinary traffic${chosen.sites ? ` for ${plural(chosen.sites, "site")}` : ""}.`);
    put(this.plan.note, few([chosen.name], 1, "scenario"));
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
    const body = { scenario: this.form.elements.scenario.value };
    for (const name of ["multiplier", "duration_s", "seed"]) {
      const value = this.form.elements[name].value;
      if (value !== "") body[name] = Number(value);
    }
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
    this.plan.chart.close();
  }
}

/** A scenario's curve over another length, or one rate throughout. Points come in order, steps as two close points. */
export function bent(scenario, multiplier, length) {
  if (multiplier !== null) return [[0, multiplier], [length, multiplier]];
  const factor = length / scenario.duration_s;
  const points = scenario.curve.map(([t, m]) => [t * factor, m]);
  if (points[0][0] > 0) points.unshift([0, points[0][1]]);
  if (points[points.length - 1][0] < length) points.push([length, points[points.length - 1][1]]);
  for (let at = 1; at < points.length; at += 1) if (points[at][0] <= points[at - 1][0]) points[at][0] = points[at - 1][0] + length * 1e-6;
  return points;
}

/** The area under a curve of straight lines. */
export function area(points) {
  let sum = 0;
  for (let at = 1; at < points.length; at += 1) sum += ((points[at][1] + points[at - 1][1]) / 2) * (points[at][0] - points[at - 1][0]);
  return sum;
}

// Starting and stopping a campaign from the page.
import { call, post, remove } from "./service.js";

const $ = (id) => document.getElementById(id);

export class Launcher {
  constructor(started, say) {
    this.started = started;
    this.say = say;
    this.scenarios = [];
    this.form = $("launch-form");
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.send();
    });
    this.form.elements.scenario.addEventListener("change", () => this.describe());
  }

  async open() {
    this.fault("");
    $("launch").showModal();
    try {
      const { items } = await call("/v1/scenarios");
      this.scenarios = items;
      const select = this.form.elements.scenario;
      const before = select.value;
      select.replaceChildren(...items.map((scenario) => new Option(scenario.title || scenario.name, scenario.name)));
      select.value = items.some((scenario) => scenario.name === before) ? before : (items.find((scenario) => scenario.name === "paris-2024") || items[0])?.name || "";
      this.describe();
    } catch (error) {
      this.fault(error.message);
    }
  }

  describe() {
    const chosen = this.scenarios.find((scenario) => scenario.name === this.form.elements.scenario.value);
    $("scenario-words").textContent = chosen?.summary || "";
  }

  fault(text) {
    $("launch-error").textContent = text;
    $("launch-error").hidden = !text;
  }

  async send() {
    const body = { scenario: this.form.elements.scenario.value };
    for (const name of ["multiplier", "duration_s", "seed"]) {
      const value = this.form.elements[name].value;
      if (value !== "") body[name] = Number(value);
    }
    const button = this.form.querySelector("[type=submit]");
    button.disabled = true;
    this.fault("");
    try {
      const campaign = await post("/v1/campaigns", body);
      $("launch").close();
      this.started(campaign.id);
    } catch (error) {
      this.fault(error.message);
    } finally {
      button.disabled = false;
    }
  }

  async stop(run) {
    if (!run) return;
    const button = $("stop");
    button.disabled = true;
    try {
      await remove(`/v1/campaigns/${encodeURIComponent(run.id)}`);
      this.say("Stopping; the run will be judged as far as it went.", 5000);
    } catch (error) {
      this.say(error.message, 6000, true);
    } finally {
      button.disabled = false;
    }
  }
}

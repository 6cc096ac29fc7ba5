// What was seen as ATT&CK techniques by tactic, and a layer file for the Navigator.
import { beginning, empty, fill, h, put } from "../dom.js";
import { amount, count, percent, plural } from "../format.js";
import { call, withQuery } from "../service.js";

export const title = "ATT&CK";
const EVERY_MS = 3000;

export function mount(root, app, route) {
  const view = new Attack(root, app);
  view.route(route);
  return { tick: (stats) => view.tick(stats), route: (r) => view.route(r), leave: () => {} };
}

class Attack {
  constructor(root, app) {
    Object.assign(this, { root, app, asked: 0, seen: "", marked: "" });
    this.grid = h("div", { class: "grid", id: "grid" });
    this.sub = h("p", { class: "lede" });
    this.layer = h("a", { class: "button", id: "layer", download: "" }, "Navigator layer");
    fill(root, h("div", { class: "heading" }, h("div", {}, h("h1", {}, "ATT&CK"), this.sub), this.layer), this.grid);
    fill(this.grid, empty("Loading …"));
  }

  route({ query }) {
    this.marked = query.technique || "";
    this.mark();
  }

  mark() {
    for (const cell of this.grid.querySelectorAll("[data-technique]")) cell.classList.toggle("marked", cell.dataset.technique === this.marked);
    this.grid.querySelector(".marked")?.scrollIntoView({ block: "nearest", inline: "nearest" });
  }

  tick(stats) {
    if (!stats) {
      put(this.sub, "No run yet: techniques show here once something is seen.");
      this.layer.hidden = true;
      fill(this.grid, empty("Nothing to show.", beginning()));
      return undefined;
    }
    const mark = `${stats.run.id} ${stats.counts.alerts} ${stats.judged}`;
    if (mark === this.seen || Date.now() - this.asked < (this.seen.startsWith(stats.run.id) ? EVERY_MS : 0)) return undefined;
    this.seen = mark;
    return this.load(stats.run.id);
  }

  async load(run) {
    this.asked = Date.now();
    try {
      const found = await call(withQuery("/v1/attack", { run }));
      if (this.app.run?.id === run) this.draw(found);
    } catch (error) {
      fill(this.grid, empty(error.message));
      this.seen = `${run} not read`; // tried again
    }
  }

  draw({ run, attack_version: version, tactics }) {
    const cells = tactics.flatMap((tactic) => tactic.techniques);
    const hit = cells.filter((cell) => cell.alerts > 0);
    const most = Math.max(1, ...cells.map((cell) => cell.alerts));
    put(this.sub, `${plural(hit.length, "technique")} of ${count(cells.length)} seen, in ${plural(tactics.filter((tactic) => tactic.techniques.some((cell) => cell.alerts)).length, "tactic")}. ATT&CK ${version}.`);
    this.layer.hidden = false;
    this.layer.href = withQuery("/v1/attack/layer", { run });
    const focused = this.grid.contains(document.activeElement) ? document.activeElement.closest("[data-technique]")?.dataset.technique : "";
    fill(this.grid, tactics.map((tactic) => h("section", { class: "tactic" }, h("h2", {}, tactic.name, h("span", { class: "sub" }, `${tactic.id} · ${plural(tactic.techniques.reduce((sum, cell) => sum + cell.alerts, 0), "alert")}`)), tactic.techniques.map((cell) => this.cell(cell, most)))));
    if (focused) this.grid.querySelector(`[data-technique="${focused}"]`)?.focus();
    this.mark();
  }

  cell(cell, most) {
    const heat = cell.alerts ? 1 + Math.min(4, Math.floor((4.99 * Math.log1p(cell.alerts)) / Math.log1p(most))) : 0;
    const families = cell.families.map((family) => (family.alerts ? `${family.title} (${count(family.alerts)})` : family.title)).join(", ");
    return h("a", { class: "technique", href: this.app.href("alerts", { technique: cell.id, show: "all" }), "data-technique": cell.id, "data-heat": heat, "data-seen": String(cell.alerts > 0) }, h("span", { class: "id" }, cell.id), h("b", {}, cell.alerts ? count(cell.alerts) : "–", h("span", { class: "sr" }, " alerts")), h("span", { class: "name" }, cell.name.split(": ").pop()), h("span", { class: "sub" }, families), cell.recall !== null && cell.recall !== undefined ? h("span", { class: "sub" }, `${percent(cell.recall)} of ${amount(cell.sent)} attempts detected`) : null);
  }
}

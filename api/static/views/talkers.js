// Who attacks, who is attacked, on which ports: counted over flows that were called an attack.
import { beginning, empty, fill, h, panel, put } from "../dom.js";
import { amount, bytes, plural, share, words } from "../format.js";
import { call, withQuery } from "../service.js";

export const title = "Talkers";
const EVERY_MS = 2500;
const MOST = 15;
const SIDES = [["attackers", "Attackers", "address", "addresses"], ["victims", "Victims", "address", "addresses"], ["ports", "Ports", "port", "ports"]];
const PORTLESS = ["icmp", "icmpv6", "arp", "igmp", "gre"];

export function mount(root, app) {
  const view = new Talkers(root, app);
  return { tick: (stats) => view.tick(stats), families: () => view.again(), leave: () => {} };
}

class Talkers {
  constructor(root, app) {
    Object.assign(this, { root, app, asked: 0, seen: "", found: null });
    this.sub = h("p", { class: "lede" });
    this.places = {};
    const panels = SIDES.map(([key, name]) => {
      this.places[key] = { sub: h("span", { class: "sub" }), body: h("div", {}, empty("Loading …")) };
      return panel(name, { id: key, side: this.places[key].sub }, this.places[key].body);
    });
    fill(root, h("div", { class: "heading" }, h("div", {}, h("h1", {}, "Talkers"), this.sub)), h("div", { class: "thirds" }, panels));
  }

  tick(stats) {
    if (!stats) {
      put(this.sub, "No run yet: the busiest hosts and ports show here once something is seen.");
      for (const { body } of Object.values(this.places)) fill(body, empty("Nothing yet.", beginning()));
      return;
    }
    const mark = `${stats.run.id} ${stats.counts.verdicts}`;
    if (mark === this.seen || Date.now() - this.asked < (this.seen.startsWith(`${stats.run.id} `) ? EVERY_MS : 0)) return;
    this.seen = mark;
    this.load(stats.run.id);
  }

  async load(run) {
    this.asked = Date.now();
    try {
      const found = await call(withQuery("/v1/talkers", { run, limit: MOST }));
      if (this.app.run?.id !== run) return;
      this.found = found;
      this.draw(found);
    } catch (error) {
      for (const { body } of Object.values(this.places)) fill(body, empty(error.message));
      this.seen = `${run} not read`; // tried again
    }
  }

  again() {
    if (this.found) this.draw(this.found);
  }

  draw(found) {
    put(this.sub, found.flows ? `${plural(found.flows, "flow")} were called an attack. Whoever opened a flow stands as the attacker; addresses of a spoofed flood are made up.` : "No flow was called an attack.");
    const family = (id) => this.app.catalogue.find((one) => one.id === id)?.title || words(id);
    for (const [key, , one, more] of SIDES) {
      const rows = found[key];
      const top = Math.max(1, ...rows.map((row) => row.flows));
      put(this.places[key].sub, rows.length ? `${found[`${key}_cut`] ? "more than " : ""}${plural(found[`${key}_total`], one, more)}` : "");
      const head = h("tr", {}, h("th", { scope: "col" }, key === "ports" ? "Port" : "Host"), h("th", { scope: "col", class: "n" }, "Flows"), h("th", { scope: "col", class: "n" }, "Share"), h("th", { scope: "col", class: "n wide-only" }, "Bytes"));
      const line = (row) => h("tr", {}, h("th", { scope: "row" }, this.who(key, row), h("span", { class: "sub" }, row.families.map(family).join(", ")), h("i", { class: "gauge" }, h("b", { "width%": (100 * row.flows) / top }))), h("td", { class: "n" }, amount(row.flows)), h("td", { class: "n" }, share(row.flows, found.flows)), h("td", { class: "n wide-only" }, bytes(row.bytes)));
      fill(this.places[key].body, rows.length ? h("table", { class: "talkers" }, h("thead", {}, head), h("tbody", {}, rows.map(line))) : empty("Nothing yet."));
    }
  }

  who(key, row) {
    if (key === "ports" && PORTLESS.includes(row.protocol)) return h("span", { class: "name" }, row.protocol.toUpperCase());
    if (key === "ports") return h("a", { class: "name", href: this.app.href("alerts", { port: row.port, show: "all" }) }, `${row.port}/${row.protocol}`);
    return h("a", { class: "name address", href: this.app.href("alerts", { host: row.host, show: "all" }) }, row.host);
  }
}

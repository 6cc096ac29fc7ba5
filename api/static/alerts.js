// The triage list, its keys, and the drawer with the evidence.
import { amount, clock, count, percent, plural, timeOfDay } from "./format.js";
import { call } from "./service.js";

const PAGE = 25;
const node = (tag, text = "", attributes = {}) => {
  const made = document.createElement(tag);
  if (text !== "") made.textContent = text;
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  return made;
};
const cut = (list, total, word) => {
  if (!list || !list.length) return `${total ? count(total) : "no"} ${word}s`;
  return total > 1 ? `${list[0]} and ${count(total - 1)} more` : list[0];
};

export class Alerts {
  constructor(root, start) {
    this.rows = root.querySelector("#alert-rows");
    this.empty = root.querySelector("#alerts-empty");
    this.more = root.querySelector("#more");
    this.form = root.querySelector("#filters");
    this.drawer = document.querySelector("#drawer");
    this.start = start;
    this.run = "";
    this.items = new Map();
    this.open = null;
    this.wanted = PAGE;
    this.turn = 0;
    this.form.addEventListener("input", () => this.later());
    this.form.addEventListener("submit", (event) => event.preventDefault());
    this.more.addEventListener("click", () => this.load(true));
    this.rows.addEventListener("click", (event) => this.show(event.target.closest("tr")));
    this.rows.addEventListener("keydown", (event) => {
      if (event.key === "Enter" || event.key === " ") {
        event.preventDefault();
        this.show(event.target.closest("tr"));
      }
    });
  }

  families(list) {
    const select = this.form.elements.family;
    for (const family of list) if (family.attack) select.append(node("option", family.title, { value: family.id }));
  }

  later() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.load(), 250);
  }

  query() {
    const query = new URLSearchParams({ limit: String(this.wanted) });
    for (const name of ["severity", "family", "host"]) {
      const value = this.form.elements[name].value.trim();
      if (value) query.set(name, value);
    }
    if (this.run) query.set("run", this.run);
    return query;
  }

  get filtered() {
    return ["severity", "family", "host"].some((name) => this.form.elements[name].value.trim());
  }

  async load(older = false) {
    const turn = ++this.turn;
    this.wanted = older ? Math.min(1000, this.wanted + PAGE) : PAGE;
    const query = this.query();
    if (!older && !this.items.size) this.say("Loading the alerts …");
    try {
      const page = await call(`/v1/alerts?${query}`);
      if (turn !== this.turn) return;
      this.items.clear();
      for (const item of page.items) this.items.set(item.alert_id, item);
      this.more.hidden = !page.next;
      this.draw();
    } catch (error) {
      if (turn === this.turn) {
        if (!older) this.items.clear();
        this.draw();
        this.say(error.status === 404 ? "No run yet." : error.message);
      }
    }
  }

  /** An alert from the stream: new or revised. */
  take(alert) {
    if (this.filtered) {
      this.later();
      return;
    }
    const fresh = !this.items.has(alert.alert_id);
    this.items.set(alert.alert_id, alert);
    if (fresh) this.fresh = (this.fresh || new Set()).add(alert.alert_id);
    if (!this.pending) {
      this.pending = true;
      requestAnimationFrame(() => {
        this.pending = false;
        this.draw();
      });
    }
    if (this.open === alert.alert_id) this.fill(alert);
  }

  say(text) {
    this.empty.textContent = text;
    this.empty.hidden = false;
  }

  draw() {
    const at = document.activeElement?.dataset?.id;
    const sorted = [...this.items.values()].sort((a, b) => b.first_seen_ms - a.first_seen_ms || (a.alert_id < b.alert_id ? 1 : -1));
    // The stream goes on adding; the list stays as long as was asked for.
    for (const alert of sorted.splice(this.wanted)) {
      this.items.delete(alert.alert_id);
      this.more.hidden = false;
    }
    this.rows.replaceChildren(...sorted.map((alert) => this.row(alert)));
    this.fresh = null;
    this.empty.hidden = sorted.length > 0;
    if (!sorted.length) this.say(this.filtered ? "No alert matches the filter." : "No alert yet. A quiet network looks like this, too.");
    if (at) this.rows.querySelector(`[data-id="${CSS.escape(at)}"]`)?.focus({ preventScroll: true });
  }

  row(alert) {
    const row = node("tr", "", { tabindex: "0", "data-id": alert.alert_id, "aria-label": `${alert.severity}: ${alert.title}` });
    if (this.fresh?.has(alert.alert_id)) row.className = "fresh";
    const severity = node("td");
    severity.append(node("span", alert.severity, { class: "sev", "data-severity": alert.severity }));
    const what = node("td");
    what.append(node("span", alert.title, { class: "title" }), node("span", [alert.technique.id, alert.open ? "going on" : "over"].filter(Boolean).join(" · "), { class: "sub" }));
    const seen = node("td", this.when(alert), { class: "n" });
    seen.append(node("span", timeOfDay(alert.first_seen_text), { class: "sub" }));
    row.append(severity, what, node("td", cut(alert.attackers, alert.attackers_total, "address"), { class: "address" }), node("td", cut(alert.victims, alert.victims_total, "address"), { class: "address" }), node("td", amount(alert.flows), { class: "n" }), seen);
    return row;
  }

  when(alert) {
    const start = this.start();
    return start ? clock((alert.first_seen_ms - start) / 1000) : timeOfDay(alert.first_seen_text);
  }

  async show(row) {
    if (!row) return;
    this.open = row.dataset.id;
    this.fill(this.items.get(this.open));
    if (!this.drawer.open) this.drawer.showModal();
    const query = this.run ? `?run=${encodeURIComponent(this.run)}` : "";
    try {
      const whole = await call(`/v1/alerts/${encodeURIComponent(this.open)}${query}`);
      if (this.open === whole.alert_id) this.fill(whole);
    } catch (error) {
      document.querySelector("#drawer-body").append(node("p", error.message, { class: "error" }));
    }
  }

  move(step) {
    const rows = [...this.rows.children];
    if (!rows.length) return;
    const at = rows.findIndex((row) => row === document.activeElement || (this.drawer.open && row.dataset.id === this.open));
    const to = rows[Math.min(rows.length - 1, Math.max(0, at < 0 ? 0 : at + step))];
    if (this.drawer.open) this.show(to);
    else to.focus();
  }

  fill(alert) {
    if (!alert) return;
    const severity = document.querySelector("#drawer-severity");
    severity.textContent = alert.severity;
    severity.dataset.severity = alert.severity;
    document.querySelector("#drawer-title").textContent = `${alert.title}: ${cut(alert.victims, alert.victims_total, "victim")}`;
    const body = document.querySelector("#drawer-body");
    body.replaceChildren(this.evidence(alert), this.facts(alert), this.hosts("From", alert.attackers, alert.attackers_total), this.hosts("Against", alert.victims, alert.victims_total), this.samples(alert));
  }

  part(title, ...children) {
    const section = node("section");
    section.append(node("h3", title), ...children);
    return section;
  }

  evidence(alert) {
    const list = node("ul", "", { class: "evidence" });
    list.append(...(alert.evidence.length ? alert.evidence : ["No sentence was kept."]).map((text) => node("li", text)));
    return this.part("Why", list);
  }

  facts(alert) {
    const list = node("dl", "", { class: "pairs" });
    const technique = [alert.technique.id, alert.technique.name].filter(Boolean).join("  ");
    const rows = [
      ["Severity", [alert.severity, alert.severity_reason].filter(Boolean).join(": ")],
      ["Confidence", percent(alert.confidence)],
      ["Technique", technique],
      ["Tactic", alert.tactic.name],
      ["First seen", `${this.when(alert)} (${timeOfDay(alert.first_seen_text)})`],
      ["Last seen", timeOfDay(alert.last_seen_text) + (alert.open ? ", going on" : "")],
      ["Size", `${plural(alert.flows, "flow")}, ${amount(alert.packets)} packets, ${amount(alert.bytes)} bytes`],
      ["Rate", alert.rate ? `${amount(Math.round(alert.rate * 10) / 10)} flows a second` : ""],
      ["Ports", alert.ports.length ? cut(alert.ports.map(String), alert.ports_total, "port") : ""],
      ["Alert", alert.alert_id],
    ];
    for (const [name, value] of rows) if (value) list.append(node("dt", name), node("dd", value));
    return this.part("What", list);
  }

  hosts(title, names, total) {
    const list = node("ul", "", { class: "hosts" });
    list.append(...names.slice(0, 16).map((name) => node("li", name)));
    const rest = total - Math.min(names.length, 16);
    if (rest > 0) list.append(node("li", `and ${count(rest)} more`));
    return this.part(`${title} (${plural(total, "address", "addresses")})`, list);
  }

  samples(alert) {
    if (!alert.sample_flows.length) return node("span");
    const table = node("table", "", { class: "flows" });
    const head = node("tr");
    for (const name of ["From", "To", "Community ID"]) head.append(node("th", name, { scope: "col" }));
    table.append(head);
    for (const flow of alert.sample_flows.slice(0, 12)) {
      const row = node("tr");
      const side = (address, port) => `${address ?? ""}${port === undefined ? "" : ` : ${port}`}`;
      row.append(node("td", side(flow.src, flow.src_port), { class: "address" }), node("td", side(flow.dst, flow.dst_port), { class: "address" }));
      const id = node("td");
      id.append(node("code", flow.community_id || "–"));
      row.append(id);
      table.append(row);
    }
    const box = node("div", "", { class: "scroll" });
    box.append(table);
    return this.part("Sample flows", box);
  }
}

// The triage list: filters, keys, decisions. The evidence of one alert stands beside it (evidence.js).
import { beginning, empty, fill, h, panel, put } from "../dom.js";
import { count, plural } from "../format.js";
import { parse, replace, write } from "../route.js";
import { call, withQuery } from "../service.js";
import { Evidence } from "./evidence.js";
import { triageRow } from "./rows.js";

export const title = "Alerts";
const PAGE = 50;
const MOST_PAGES = 20;
const NO_RUN = "No run yet.";
const FILTERS = ["show", "severity", "family", "host"];
// Nothing, or an address that could be whole: what is still being typed is no question yet.
const WHOLE = /^$|^(\d{1,3}(\.\d{1,3}){3}|[\da-f:]*::[\da-f:.]*|([\da-f]{1,4}:){7}[\da-f]{1,4})(\/\d{1,3})?$/i;
const PINNED = ["technique", "port"]; // come with a link from another view; a chip takes them away
const SHOWS = [["inbox", "Inbox"], ["escalated", "Escalated"], ["archived", "Archived"], ["all", "All"]];
const DONE = { archived: "archived", escalated: "escalated", new: "put back" };

export function mount(root, app, route) {
  const view = new Alerts(root, app);
  view.route(route);
  return view;
}

class Alerts {
  constructor(root, app) {
    Object.assign(this, { root, app, items: new Map(), fresh: new Set(), selected: new Set(), pinned: {}, open: "", at: "", next: null, wanted: PAGE, turn: 0, drawn: 0, run: app.run?.id });
    this.evidence = new Evidence(app, (state) => this.decide(state, [this.open]), () => this.close());
    this.rows = h("tbody", { id: "alert-rows", onclick: (event) => this.click(event), onfocusin: (event) => (this.at = event.target.closest("tr")?.dataset.id || this.at) });
    this.none = empty("Loading the alerts …");
    this.none.id = "alerts-empty";
    this.more = h("button", { class: "button", id: "more", type: "button", hidden: true, onclick: () => this.load(true) }, "Older alerts");
    this.tally = h("span", { class: "sub", id: "tally", role: "status" });
    const head = h("tr", {}, ["Severity", "Incident", "From", "Against"].map((name) => h("th", { scope: "col" }, name)), ["Flows", "Seen"].map((name) => h("th", { scope: "col", class: "n" }, name)));
    this.list = panel("Alerts", { id: "alerts", side: this.filters() }, h("div", { class: "scroll" }, h("table", { class: "alerts triage" }, h("thead", {}, head), this.rows)), this.none, this.more, this.bar());
    this.pins = h("span", { class: "pins" });
    this.list.querySelector("header").append(this.pins, this.tally);
    this.split = h("div", { class: "split" }, this.list, this.evidence.root);
    fill(root, h("h1", { class: "sr" }, "Alerts"), this.split);
    this.keys = { j: () => this.move(1), k: () => this.move(-1), o: () => this.show(this.at), Enter: (event) => this.enter(event), e: () => this.decide("archived"), s: () => this.decide("escalated"), u: () => this.decide("new"), x: () => this.select(this.at), "/": () => this.form.elements.host.focus(), Escape: () => this.close() };
  }

  filters() {
    const box = (name, options) => h("label", {}, h("span", { class: "sr" }, name), h("select", { name }, options.map(([value, text]) => h("option", { value }, text))));
    this.form = h("form", { class: "filters", role: "search", onsubmit: (event) => event.preventDefault(), onchange: () => this.ask(), oninput: () => this.later() }, box("show", SHOWS), box("severity", [["", "any severity"], ...["critical", "high", "medium", "low"].map((s) => [s, s])]), box("family", [["", "any family"]]), h("label", {}, h("span", { class: "sr" }, "Host"), h("input", { name: "host", type: "search", placeholder: "host  ( / )", autocomplete: "off", spellcheck: "false", maxlength: "64" })));
    this.families(this.app.catalogue);
    return this.form;
  }

  /** What may be done with those that are selected. */
  bar() {
    const button = (state, text) => h("button", { class: "button", type: "button", onclick: () => this.decide(state) }, text);
    this.chosen = h("span");
    return (this.actions = h("div", { class: "actions", id: "actions", hidden: true }, this.chosen, h("span", { class: "gap" }), button("escalated", "Escalate"), button("archived", "Archive"), button("new", "Back to new"), h("button", { class: "button", type: "button", onclick: () => this.select(null) }, "Select none")));
  }

  families(list) {
    const select = this.form.elements.family;
    if (select.options.length > 1) return;
    const wanted = parse().query.family || "";
    select.append(...list.filter((family) => family.attack).map((family) => h("option", { value: family.id }, family.title)));
    select.value = wanted;
  }

  /** The address has changed: other filters, or another alert. */
  route({ rest, query }) {
    const before = JSON.stringify(this.query);
    for (const name of FILTERS) this.form.elements[name].value = query[name] || (name === "show" ? "inbox" : "");
    this.pinned = Object.fromEntries(PINNED.filter((name) => query[name]).map((name) => [name, query[name]]));
    fill(this.pins, Object.entries(this.pinned).map(([name, value]) => h("button", { type: "button", class: "tiny", onclick: () => this.unpin(name) }, `${name} ${value} `, h("span", { "aria-hidden": "true" }, "✕"), h("span", { class: "sr" }, "take the filter away"))));
    if (!this.form.elements.show.value) this.form.elements.show.value = "inbox";
    if (JSON.stringify(this.query) !== before || !this.turn) this.load();
    this.open = rest[0] || "";
    if (this.open) this.at = this.open;
    this.split.classList.toggle("open", Boolean(this.open));
    this.evidence.show(this.open, this.items.get(this.open));
    this.draw();
  }

  get query() {
    return { ...this.pinned, ...Object.fromEntries(FILTERS.map((name) => [name, this.form.elements[name].value.trim()])) };
  }

  get filtered() {
    const { severity, family, host } = this.query;
    return Boolean(severity || family || host || Object.keys(this.pinned).length);
  }

  /** The query as it stands in the address: what is usual is left out. */
  get address() {
    return { ...this.query, show: this.query.show === "inbox" ? "" : this.query.show };
  }

  unpin(name) {
    location.hash = write("alerts", { ...this.address, [name]: "" }, this.open ? [this.open] : []);
  }

  later() {
    clearTimeout(this.timer);
    if (WHOLE.test(this.query.host)) this.timer = setTimeout(() => this.ask(), 250);
  }

  ask() {
    clearTimeout(this.timer);
    replace(write("alerts", this.address, this.open ? [this.open] : []));
    this.load();
  }

  async load(older = false) {
    const turn = ++this.turn;
    this.wanted = older ? this.wanted + PAGE : PAGE;
    if (!this.app.run) return this.draw();
    if (!older) this.next = null;
    else if (!this.next) return this.draw();
    const { show, ...wanted } = this.query;
    try {
      let fresh = !older;
      for (let n = 0; n < MOST_PAGES; n += 1) {
        const page = await call(withQuery("/v1/alerts", { run: this.app.run?.id || this.app.chosen, limit: PAGE * 2, ...wanted, cursor: fresh ? "" : this.next }));
        if (turn !== this.turn) return undefined;
        if (fresh) this.items.clear();
        fresh = false;
        for (const item of page.items) this.items.set(item.alert_id, item);
        this.next = page.next;
        if (!page.next || this.shown().length >= this.wanted) break;
      }
      this.fault = "";
    } catch (error) {
      if (turn !== this.turn) return undefined;
      if (!older) this.items.clear();
      this.fault = error.status === 404 ? NO_RUN : error.message;
    }
    this.loaded = true;
    return this.draw();
  }

  /** Those of the list that the choice of decisions lets through, the newest first. */
  shown() {
    const { show } = this.query;
    const fits = (alert) => {
      const state = this.app.triage.state(alert.alert_id);
      return show === "all" || (show === "inbox" ? state === "new" : state === show);
    };
    return [...this.items.values()].filter(fits).sort((a, b) => b.first_seen_ms - a.first_seen_ms || Number(b.alert_id) - Number(a.alert_id));
  }

  alert(alert) {
    if (this.filtered && !this.items.has(alert.alert_id)) return this.later();
    if (!this.items.has(alert.alert_id)) this.fresh.add(alert.alert_id);
    this.items.set(alert.alert_id, alert);
    if (this.open === alert.alert_id) this.evidence.revise(alert);
    return this.soon();
  }

  soon() {
    this.drawn ||= requestAnimationFrame(() => {
      this.drawn = 0;
      this.draw();
    });
  }

  triage() {
    this.evidence.triaged();
    this.soon();
  }

  gap() {
    this.load();
  }

  tick(stats) {
    if (!stats) this.fault = NO_RUN;
    if (stats?.run.id !== this.run) {
      this.run = stats?.run.id;
      this.items.clear();
      this.load();
      this.evidence.show(this.open);
    } else if (!stats) this.draw();
  }

  draw() {
    const focused = this.rows.contains(document.activeElement);
    const sorted = this.shown();
    const cut = sorted.slice(0, this.wanted);
    for (const id of this.selected) if (!sorted.some((alert) => alert.alert_id === id)) this.selected.delete(id);
    this.rows.replaceChildren(...cut.map((alert) => triageRow(alert, this.app, { open: alert.alert_id === this.open, selected: this.selected.has(alert.alert_id), fresh: this.fresh.has(alert.alert_id) })));
    this.fresh.clear();
    this.more.hidden = !(this.next || sorted.length > cut.length);
    this.none.hidden = cut.length > 0;
    const words = this.fault || (this.loaded ? this.nothing() : "Loading the alerts …");
    if (words === NO_RUN) fill(this.none, `${words} `, beginning(), ".");
    else put(this.none, words);
    put(this.tally, cut.length ? `${count(cut.length)}${this.more.hidden ? "" : " newest"} shown` : "");
    this.actions.hidden = !this.selected.size;
    put(this.chosen, `${plural(this.selected.size, "alert")} selected`);
    const row = this.row(this.at) || this.rows.firstElementChild;
    row?.setAttribute("tabindex", "0");
    if (focused) this.row(this.at)?.focus({ preventScroll: true });
  }

  nothing() {
    if (this.filtered) return "No alert matches the filter.";
    const { show } = this.query;
    if (show === "escalated" || show === "archived") return `Nothing is ${show}.`;
    return this.items.size ? "All is decided: the inbox is empty." : "No alert yet. A quiet network looks like this, too.";
  }

  row(id) {
    return id ? this.rows.querySelector(`[data-id="${CSS.escape(id)}"]`) : null;
  }

  click(event) {
    const row = event.target.closest("tr");
    if (!row || event.metaKey || event.ctrlKey) return;
    if (event.target.closest("input")) {
      this.select(row.dataset.id);
      return;
    }
    event.preventDefault();
    this.show(row.dataset.id);
  }

  enter(event) {
    if (event.target.closest("button, a:not(.name)")) event.target.click();
    else this.show(this.at);
  }

  select(id) {
    if (id === null) this.selected.clear();
    else if (id && !this.selected.delete(id)) this.selected.add(id);
    if (id) this.at = id;
    this.draw();
  }

  show(id) {
    if (id) location.hash = write("alerts", this.address, [id]);
  }

  close() {
    if (!this.open) return;
    location.hash = write("alerts", this.address);
    requestAnimationFrame(() => this.row(this.at)?.focus());
  }

  move(step) {
    const rows = [...this.rows.children];
    if (!rows.length) return;
    const at = rows.findIndex((row) => row.dataset.id === this.at);
    const touched = at >= 0 && (rows[at] === document.activeElement || this.open);
    const to = rows[Math.min(rows.length - 1, Math.max(0, touched ? at + step : Math.max(at, 0)))];
    this.at = to.dataset.id;
    to.focus();
    to.scrollIntoView({ block: "nearest" });
    if (this.open) this.show(this.at);
  }

  /** Decide about what is selected, else about the alert under the keys; the next one takes its place. */
  async decide(state, alerts = null) {
    const chosen = (alerts || (this.selected.size ? [...this.selected] : [this.at])).filter(Boolean);
    if (!chosen.length || !chosen.every((id) => this.items.has(id) || id === this.open)) return;
    const order = [...this.rows.children].map((row) => row.dataset.id);
    const at = order.indexOf(chosen[chosen.length - 1]);
    const following = order.slice(at + 1).find((id) => !chosen.includes(id)) || order.slice(0, Math.max(at, 0)).reverse().find((id) => !chosen.includes(id)) || "";
    const focused = this.rows.contains(document.activeElement);
    try {
      await this.app.triage.decide(chosen, state);
      this.app.say(`${plural(chosen.length, "alert")} ${DONE[state]}.`, 2500);
      this.selected.clear();
      if (!this.shown().some((alert) => alert.alert_id === this.at)) this.at = following;
      this.draw();
      if (focused) this.row(this.at)?.focus();
      if (this.open && this.at && this.open !== this.at) this.show(this.at);
    } catch (error) {
      this.app.say(error.message, 6000, true);
    }
  }

  leave() {
    clearTimeout(this.timer);
    cancelAnimationFrame(this.drawn);
  }
}

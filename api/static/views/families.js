// What is seen of each family, and what it is taken for.
import { beginning, empty, fill, h, panel } from "../dom.js";
import { amount, count, duration, known, percent, words } from "../format.js";
import { call } from "../service.js";

export const title = "Families";

export function mount(root, app) {
  const view = new Families(root, app);
  return { tick: (stats) => view.tick(stats), families: () => view.draw(), leave: () => {} };
}

const COLUMNS = [
  ["title", "Family", "", (row) => [h("span", { class: "name" }, row.title), h("span", { class: "sub" }, words(row.group))]],
  ["technique", "Technique", "wide-only", (row) => row.technique || "–"],
  ["sent", "Sent", "n", (row) => amount(row.sent)],
  ["detected", "Detected", "n wide-only", (row) => amount(row.detected)],
  ["recall", "Recall", "n share", (row) => gauge(row.recall)],
  ["precision", "Precision", "n share", (row) => gauge(row.precision)],
  ["p50", "Half within", "n wide-only", (row) => duration(row.p50)],
  ["p99", "99 of 100", "n", (row) => duration(row.p99)],
  ["alerts", "Called so", "n wide-only", (row) => amount(row.flagged)],
];

function gauge(value) {
  if (!known(value)) return "–";
  return [h("span", {}, percent(value)), h("i", { class: "gauge", "data-tone": value < 0.5 ? "bad" : value < 0.8 ? "warn" : "" }, h("b", { "width%": 100 * value }))];
}

class Families {
  constructor(root, app) {
    Object.assign(this, { root, app, card: null, order: "sent", down: true, seen: "" });
    this.body = h("tbody");
    this.none = empty("Loading …");
    this.sub = h("span", { class: "sub" });
    this.head = h("tr", {}, COLUMNS.map(([key, name, kind]) => h("th", { scope: "col", class: kind || null }, h("button", { type: "button", class: "sort", "data-key": key, onclick: () => this.sort(key) }, name))));
    this.matrix = h("div", { id: "confusion" });
    fill(root, h("h1", { class: "sr" }, "Families"), panel("Families", { id: "families", side: this.sub }, h("div", { class: "scroll", tabindex: "0", role: "group", "aria-label": "Families" }, h("table", { class: "families" }, h("thead", {}, this.head), this.body)), this.none), panel("What each is taken for", { id: "matrix", sub: "flows: true family by row, the word that was said by column" }, this.matrix));
    fill(this.matrix, empty("Known once the run is judged against the truth."));
  }

  tick(stats) {
    if (!stats) {
      fill(this.none, "No run yet. ", beginning(), ".");
      return;
    }
    const mark = `${stats.run.id} ${stats.run.has_scorecard} ${stats.run.state}`;
    if (mark !== this.seen) {
      this.seen = mark;
      this.card = null;
      fill(this.matrix, empty("Known once the run is judged against the truth."));
      if (stats.run.has_scorecard && stats.judged) this.load(stats.run.id, mark);
    }
    this.draw();
  }

  async load(run, mark) {
    try {
      const card = await call(`/v1/runs/${encodeURIComponent(run)}/scorecard`);
      if (mark !== this.seen) return;
      this.card = card;
      this.confusion();
      this.draw();
    } catch (error) {
      if (mark === this.seen) fill(this.matrix, empty(error.message));
    }
  }

  sort(key) {
    this.down = this.order === key ? !this.down : key !== "title" && key !== "technique";
    this.order = key;
    this.draw();
  }

  rows() {
    const stats = this.app.stats;
    return stats.families.map((row) => {
      const judged = this.card?.families?.[row.family] || {};
      return { ...row, sent: row.sent, detected: "sent" in row ? row.detected : undefined, precision: this.card?.words?.[row.family]?.precision, p50: judged.latency_ms?.p50, p99: judged.latency_ms?.p99 };
    });
  }

  draw() {
    const stats = this.app.stats;
    if (!stats) return;
    const rows = this.rows();
    const value = (row) => (this.order === "alerts" ? row.flagged : row[this.order]);
    rows.sort((a, b) => compare(value(a), value(b)) * (this.down ? -1 : 1) || a.title.localeCompare(b.title));
    const focused = document.activeElement?.dataset?.key;
    for (const cell of this.head.children) {
      if (cell.firstElementChild.dataset.key === this.order) cell.setAttribute("aria-sort", this.down ? "descending" : "ascending");
      else cell.removeAttribute("aria-sort");
    }
    fill(this.sub, stats.judged ? "attempts, judged against the truth" : rows.length ? "flows called so; recall is known at the end" : "");
    fill(this.body, rows.map((row) => h("tr", { "data-family": row.family }, COLUMNS.map(([key, , kind, make]) => h(key === "title" ? "th" : "td", { class: kind || null, scope: key === "title" ? "row" : null }, make(row))))));
    if (focused) this.head.querySelector(`[data-key="${focused}"]`)?.focus();
    this.none.hidden = rows.length > 0;
    if (!rows.length) fill(this.none, "No attack was seen yet.");
  }

  confusion() {
    const table = this.card?.confusion;
    if (!table || !Object.keys(table).length) {
      fill(this.matrix, empty("This run has no confusion matrix."));
      return;
    }
    const name = (id) => this.app.catalogue.find((family) => family.id === id)?.title || words(id);
    const rows = Object.keys(table).sort((a, b) => (a === "benign") - (b === "benign") || a.localeCompare(b));
    const said = [...new Set(rows.flatMap((row) => Object.keys(table[row])))].sort((a, b) => (a === "benign") - (b === "benign") || a.localeCompare(b));
    const cell = (row, column, all) => {
      const n = table[row][column] || 0;
      if (!n) return h("td", { class: "none" }, h("span", { class: "sr" }, "0"));
      const part = n / all;
      return h("td", { class: row === column ? "right" : "wrong", "data-heat": heat(part), title: `${name(row)} taken for ${name(column)}: ${count(n)} of ${count(all)} flows, ${percent(part)}` }, percentShort(part));
    };
    const lines = rows.map((row) => {
      const all = Object.values(table[row]).reduce((sum, n) => sum + n, 0);
      return h("tr", {}, h("th", { scope: "row" }, name(row), h("span", { class: "sub" }, amount(all))), said.map((column) => cell(row, column, all)));
    });
    fill(this.matrix, h("div", { class: "scroll", tabindex: "0", role: "group", "aria-label": "Confusion matrix" }, h("table", { class: "confusion" }, h("caption", { class: "sr" }, "Share of each true family's flows by the word that was said of them"), h("thead", {}, h("tr", {}, h("td"), said.map((column) => h("th", { scope: "col" }, h("span", {}, name(column)))))), h("tbody", {}, lines))));
  }
}

const heat = (part) => (part >= 0.9 ? 5 : part >= 0.6 ? 4 : part >= 0.3 ? 3 : part >= 0.1 ? 2 : part >= 0.01 ? 1 : 0);
const percentShort = (part) => (part >= 0.995 ? (part === 1 ? "100" : "99+") : part >= 0.01 ? String(Math.round(part * 100)) : "<1");

function compare(a, b) {
  if (typeof a === "string" || typeof b === "string") return String(a || "").localeCompare(String(b || ""));
  return (known(a) ? a : -1) - (known(b) ? b : -1);
}

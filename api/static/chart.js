// One series of the page, drawn by uPlot in the colours of the theme.
import { h, put } from "./dom.js";

const all = new Set();

/** Every chart in the colours of the theme that holds now. */
export const recolourAll = () => {
  for (const chart of all) chart.recolour();
};

export const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

// A wall has larger letters; uPlot wants pixels.
const scale = () => parseFloat(getComputedStyle(document.documentElement).fontSize) / 16;

export function axis(values, size, extra = {}) {
  const font = `${Math.round(12 * scale())}px ${getComputedStyle(document.body).fontFamily}`;
  return { stroke: colour("--faint"), grid: { stroke: colour("--grid"), width: 1 }, ticks: { show: false }, font, values, size: size * scale(), ...extra };
}

export const line = (label, name, extra = {}) => ({ label, stroke: colour(name), width: 2, points: { show: false }, spanGaps: false, ...extra });

export class Chart {
  /** `make` gives uPlot's options for the present theme; `read` says the columns at one place in words, by series. */
  constructor(root, { make, hint, read = null, legend = null }) {
    this.root = root;
    this.make = make;
    this.read = read;
    this.legend = legend;
    this.data = null;
    this.plot = null;
    this.hint = h("p", { class: "empty" }, hint);
    root.append(this.hint);
    this.watch = new ResizeObserver(() => this.resize());
    this.watch.observe(root);
    all.add(this);
  }

  size() {
    return { width: Math.max(120, this.root.clientWidth - 16), height: Math.max(90, this.root.clientHeight - 8) };
  }

  resize() {
    if (this.plot) this.plot.setSize(this.size());
  }

  show(data) {
    const some = data[0].length > 1 && data.slice(1).some((column) => column.some((v) => v !== null));
    this.hint.hidden = some;
    if (!some) {
      this.drop();
      return;
    }
    this.data = data;
    if (this.plot) this.plot.setData(data);
    else this.draw();
    this.say(this.plot.cursor.idx);
  }

  draw() {
    if (!this.data) return;
    const options = { legend: { show: false }, cursor: { y: false, drag: { x: false, y: false }, points: { size: 7 } }, padding: [10, 18 * scale(), 0, 0], hooks: { setCursor: [(plot) => this.say(plot.cursor.idx)] }, ...this.make() };
    this.plot = new window.uPlot({ ...this.size(), ...options }, this.data, this.root);
  }

  /** What the series are under the pointer, in the legend; without a pointer only their names. */
  say(at) {
    if (!this.legend || !this.read) return;
    const values = at === null || at === undefined ? [] : this.read(this.data, at);
    [...this.legend.children].forEach((item, n) => put(item.lastElementChild, values[n] || ""));
  }

  drop() {
    if (this.plot) this.plot.destroy();
    this.plot = null;
    this.data = null;
  }

  recolour() {
    const data = this.data;
    this.drop();
    if (data) {
      this.data = data;
      this.draw();
    }
  }

  close() {
    this.drop();
    this.watch.disconnect();
    all.delete(this);
  }
}

/** A panel with a heading, a legend ([[name, series]..]) and a place for a chart. `label` is what the picture is. */
export function plotPanel(title, series, label, sub = "") {
  const legend = h("ul", { class: "legend" }, series.map(([name, key]) => h("li", { "data-series": key }, name, h("em"))));
  const place = h("div", { class: "plot", role: "img", "aria-label": label });
  const note = h("span", { class: "sub" }, sub);
  return { root: h("article", { class: "panel chart" }, h("header", {}, h("h2", {}, title), note, legend), place), place, legend, note };
}

// The two series of the page, drawn by uPlot in the colours of the theme.
import { TOKYO, clock, count, duration } from "./format.js";

const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

// A wall has larger letters; uPlot wants pixels.
const scale = () => parseFloat(getComputedStyle(document.documentElement).fontSize) / 16;

function axis(values, size, extra = {}) {
  return { stroke: colour("--faint"), grid: { stroke: colour("--grid"), width: 1 }, ticks: { show: false }, font: `${Math.round(12 * scale())}px ${getComputedStyle(document.body).fontFamily}`, values, size: size * scale(), ...extra };
}

const line = (label, name, extra = {}) => ({ label, stroke: colour(name), width: 2, points: { show: false }, spanGaps: false, ...extra });

export class Chart {
  /** `make` gives uPlot's options for the present theme; `empty` is what stands there without data. */
  constructor(root, make, empty) {
    this.root = root;
    this.make = make;
    this.data = null;
    this.plot = null;
    this.hint = document.createElement("p");
    this.hint.className = "empty";
    this.hint.textContent = empty;
    root.append(this.hint);
    new ResizeObserver(() => this.resize()).observe(root);
  }

  size() {
    return { width: Math.max(120, this.root.clientWidth - 16), height: Math.max(120, this.root.clientHeight - 8) };
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
  }

  draw() {
    if (this.data) this.plot = new window.uPlot({ ...this.size(), ...this.make() }, this.data, this.root);
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
}

const common = () => ({ legend: { show: false }, cursor: { y: false, drag: { x: false, y: false }, points: { size: 7 } }, padding: [10, 10, 0, 0] });
const elapsed = () => axis((_, ticks) => ticks.map(clock), 30, { space: 70 });

export function rateChart(root) {
  return new Chart(
    root,
    () => ({
      ...common(),
      scales: { x: { time: false }, y: { range: (_, low, high) => [0, Math.max(high * 1.08, TOKYO * 1.2)] } },
      axes: [elapsed(), axis((_, ticks) => ticks.map((v) => (v >= 1000 ? `${count(v / 100) / 10}k` : count(v))), 46), axis((_, ticks) => ticks.map((v) => `${Math.round((v / TOKYO) * 10) / 10}x`), 46, { side: 1, grid: { show: false }, splits: multiples })],
      series: [{}, line("planned", "--planned", { dash: [6, 5], width: 1.6 }), line("sent", "--sent"), line("detected", "--detected", { width: 2.4, fill: colour("--tint") })],
    }),
    "The rate shows here once a campaign runs.",
  );
}

/** Right axis: round multiples of Tokyo rather than round numbers of attempts. */
function multiples(_, __, low, high) {
  const top = high / TOKYO;
  const step = [0.25, 0.5, 1, 2, 4, 5, 10, 20, 50, 100, 200].find((s) => top / s <= 6) || 500;
  const marks = [];
  for (let m = 0; m <= top; m += step) marks.push(m * TOKYO);
  return marks;
}

export function latencyChart(root) {
  return new Chart(
    root,
    () => ({
      ...common(),
      scales: { x: { time: false }, y: { range: (_, low, high) => [0, Math.max(high * 1.1, 10)] } },
      axes: [elapsed(), axis((_, ticks) => ticks.map((v) => (v ? duration(v) : "0")), 60)],
      series: [{}, line("half", "--detected"), line("99 of 100", "--p99")],
    }),
    "How long detection takes shows here once attempts are seen.",
  );
}

// The charts of the live view and of comparisons: rates in multiples of Tokyo, latency on a scale of tens, backlog.
import { axis, Chart, colour, line, plotPanel } from "./chart.js";
import { TOKYO, clock, count, duration, known, multiple } from "./format.js";

const STEPS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 21600, 43200, 86400];
const elapsed = () => axis((_, ticks) => ticks.map(clock), 30, { space: 70, incrs: STEPS });
const thousands = (v) => (v >= 1e6 ? `${Math.round(v / 1e5) / 10}M` : v >= 1000 ? `${Math.round(v / 100) / 10}k` : count(v));
const perSecond = (v) => (known(v) ? `${count(v)}/s, ${multiple(v)}×` : "");

/** Round multiples of Tokyo rather than round numbers of attempts. */
function multiples(_, __, low, high) {
  const top = high / TOKYO;
  const step = [0.1, 0.25, 0.5, 1, 2, 4, 5, 10, 20, 50, 100, 200].find((s) => top / s <= 6) || 500;
  const marks = [];
  for (let m = 0; m <= top; m += step) marks.push(m * TOKYO);
  return marks;
}

const rateAxes = () => [elapsed(), axis((_, ticks) => ticks.map((v) => `${Math.round((v / TOKYO) * 100) / 100}×`), 46, { splits: multiples }), axis((_, ticks) => ticks.map(thousands), 46, { side: 1, grid: { show: false } })];
const fromZero = (least) => ({ range: (_, low, high) => [0, Math.max(high * 1.08, least)] });

/** A stall that is worked off in one second must not press all else flat: the scale is that of what is planned and sent. */
const ofRates = {
  range: (plot, low, high) => {
    const most = [...plot.data[1], ...plot.data[2]].reduce((top, v) => Math.max(top, v || 0), 0);
    return [0, Math.max(Math.min(high, most ? 1.5 * most : high) * 1.08, TOKYO * 0.5)];
  },
};

/** Planned, sent and detected attempts a second. */
export function rateChart() {
  const box = plotPanel("Attempts a second", [["planned", "planned"], ["sent", "sent"], ["detected", "detected"]], "Attempts a second over time: planned, sent, detected", "in multiples of Tokyo; detected counts flows");
  const chart = new Chart(box.place, {
    hint: "The rate shows here once a campaign runs.",
    legend: box.legend,
    read: (data, at) => [1, 2, 3].map((n) => perSecond(data[n][at])),
    make: () => ({
      scales: { x: { time: false }, y: ofRates },
      axes: rateAxes(),
      series: [{}, line("planned", "--planned", { dash: [6, 5], width: 1.6 }), line("sent", "--sent"), line("detected", "--detected", { width: 2.4, fill: colour("--tint") })],
    }),
  });
  return { ...box, chart };
}

const tensAxis = () => axis((_, ticks) => ticks.map((v) => duration(v)), 60, { splits: (_, __, low, high) => powers(low, high), filter: (_, splits) => splits });

function powers(low, high) {
  const found = [];
  for (let v = 10 ** Math.ceil(Math.log10(low) - 1e-9); v <= high * 1.001; v *= 10) found.push(Math.round(v));
  return found;
}

const tens = (low, high, budget) => [10 ** Math.floor(Math.log10(Math.max(1, Math.min(low || 10, 10)))), 10 ** Math.ceil(Math.log10(Math.max(high || 100, budget * 1.5, 100)))];

/** Time to detect on a scale of tens, with the budget as a line. Columns: t, half, 99 of 100, budget. */
export function latencyChart() {
  const box = plotPanel("Time to detect", [["half", "p50"], ["99 of 100", "p99"], ["budget", "budget"]], "Time to detect over time: half of the attempts, 99 of 100, and the budget");
  const chart = new Chart(box.place, {
    hint: "How long detection takes shows here once attempts are seen.",
    legend: box.legend,
    read: (data, at) => [1, 2, 3].map((n) => (known(data[n][at]) ? duration(data[n][at]) : "")),
    make: () => ({
      scales: { x: { time: false }, y: { distr: 3, range: (plot, low, high) => tens(low, high, plot.data[3]?.[0] || 0) } },
      axes: [elapsed(), tensAxis()],
      series: [{}, line("half", "--detected"), line("99 of 100", "--p99"), line("budget", "--bad", { dash: [3, 5], width: 1.4 })],
    }),
  });
  return { ...box, chart };
}

/** Frames that were sent and wait for the detector. */
export function backlogChart() {
  const box = plotPanel("Backlog", [["frames that wait", "backlog"]], "Frames that wait for the detector over time");
  const chart = new Chart(box.place, {
    hint: "Frames that wait for the detector show here.",
    legend: box.legend,
    read: (data, at) => [known(data[1][at]) ? count(data[1][at]) : ""],
    make: () => ({
      scales: { x: { time: false }, y: fromZero(1000) },
      axes: [elapsed(), axis((_, ticks) => ticks.map(thousands), 60)],
      series: [{}, line("backlog", "--backlog", { fill: colour("--backlog-tint") })],
    }),
  });
  return { ...box, chart };
}

/** The rates of a campaign before it is run: attempts and ordinary conversations. */
export function planChart() {
  const box = plotPanel("Rate", [["attempts", "sent"], ["ordinary", "planned"]], "The planned rate over time: attempts and ordinary conversations");
  const chart = new Chart(box.place, {
    hint: "The rate shows here once a scenario is chosen.",
    legend: box.legend,
    read: (data, at) => [perSecond(data[1][at]), known(data[2][at]) ? `${count(data[2][at])}/s` : ""],
    make: () => ({
      scales: { x: { time: false }, y: fromZero(TOKYO * 0.5) },
      axes: rateAxes(),
      series: [{}, line("attempts", "--sent", { fill: colour("--sent-tint") }), line("ordinary", "--planned", { width: 1.4 })],
    }),
  });
  return { ...box, chart };
}

/** The same figure of two runs. `key` is "rate" or "latency". */
export function pairChart(title, latency) {
  const box = plotPanel(title, [["A", "a"], ["B", "b"]], `${title} of both runs over time`);
  const say = latency ? duration : perSecond;
  const chart = new Chart(box.place, {
    hint: "Neither run has kept this by second.",
    legend: box.legend,
    read: (data, at) => [1, 2].map((n) => (known(data[n][at]) ? say(data[n][at]) : "")),
    make: () => ({
      scales: { x: { time: false }, y: latency ? { distr: 3, range: (_, low, high) => tens(low, high, 0) } : fromZero(TOKYO * 0.5) },
      axes: latency ? [elapsed(), tensAxis()] : rateAxes(),
      series: [{}, line("A", "--run-a"), line("B", "--run-b")],
    }),
  });
  return { ...box, chart };
}

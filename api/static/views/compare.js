// Two judged runs side by side: figures, families, and both curves.
import { empty, fill, h, panel, put } from "../dom.js";
import { amount, count, duration, known, percent, span, words } from "../format.js";
import { call, withQuery } from "../service.js";
import { pairChart } from "../series.js";

export function compareView(root, app, { query }) {
  const charts = [pairChart("Detected a second", false), pairChart("Time to detect, 99 of 100", true)];
  const shown = h("div", { class: "compared" }, empty("Loading …"));
  const heading = h("p", { class: "lede" });
  fill(root, h("div", { class: "heading" }, h("div", {}, h("h1", {}, "Two runs"), heading), h("a", { class: "button", href: app.href("campaigns") }, "All campaigns")), shown);
  const of = async (run) => {
    const path = `/v1/runs/${encodeURIComponent(run)}`;
    const [facts, card, timeline] = await Promise.all([call(path), call(`${path}/scorecard`), call(withQuery("/v1/stats/timeline", { run }))]);
    return { facts, card, timeline };
  };
  const load = async () => {
    try {
      const [a, b] = await Promise.all([of(query.a), of(query.b)]);
      put(heading, `A: ${a.facts.title || a.facts.id} (${a.facts.id}). B: ${b.facts.title || b.facts.id} (${b.facts.id}).`);
      draw(shown, a, b, app, charts.map((one) => one.root));
      series(charts, a.timeline, b.timeline);
    } catch (error) {
      fill(shown, empty(error.message, h("a", { href: app.href("campaigns") }, "Choose two runs.")));
    }
  };
  load();
  return { route: (r) => r.rest[0] !== "compare" && app.remount(), leave: () => charts.forEach(({ chart }) => chart.close()) };
}

const recall = (card) => card.attempts?.recall ?? (card.attempts?.total ? card.attempts.detected / card.attempts.total : null);
const points = (value) => `${Math.abs(value * 100).toFixed(1)} points`;
const ROWS = [
  ["Attempts sent", (r) => r.card.attempts?.total, amount, null],
  ["Attempts detected", (r) => recall(r.card), percent, 1, points],
  ["Half within", (r) => r.card.latency_ms?.p50, duration, -1],
  ["95 of 100 within", (r) => r.card.latency_ms?.p95, duration, -1],
  ["99 of 100 within", (r) => r.card.latency_ms?.p99, duration, -1],
  ["Ordinary flows called an attack", (r) => r.card.false_alarms?.rate, percent, -1, points],
  ["False alerts", (r) => r.card.alerts?.false, count, -1],
  ["Alerts", (r) => r.card.alerts?.total, count, null],
  ["Frames", (r) => r.card.capture?.frames, amount, null],
  ["Length", (r) => r.card.capture?.seconds ?? r.facts.duration_s, span, null],
];

/** "1.2 points more, better" */
function change(a, b, good, say) {
  if (!known(a) || !known(b)) return ["–", ""];
  const apart = say(Math.abs(b - a));
  if (a === b || /^0(\.0)? /.test(apart)) return ["the same", ""];
  const text = `${apart} ${b > a ? "more" : "less"}`;
  if (good === null) return [text, ""];
  return [`${text}, ${(b > a) === (good > 0) ? "better" : "worse"}`, (b > a) === (good > 0) ? "good" : "bad"];
}

const line = (name, a, b, say, good, differ) => {
  const [text, tone] = change(a, b, good, differ || say);
  return h("tr", {}, h("th", { scope: "row" }, name), h("td", { class: "n" }, known(a) ? say(a) : "–"), h("td", { class: "n" }, known(b) ? say(b) : "–"), h("td", { class: "n", "data-tone": tone }, text));
};
const head = (first) => h("thead", {}, h("tr", {}, h("th", { scope: "col" }, first), ["A", "B"].map((letter) => h("th", { scope: "col", class: "n" }, h("b", { class: "letter", "data-letter": letter.toLowerCase() }, letter))), h("th", { scope: "col", class: "n" }, "B against A")));

function draw(shown, a, b, app, pictures) {
  const name = (id) => app.catalogue.find((family) => family.id === id)?.title || words(id);
  const share = (row) => (row?.attempts ? row.attempts_detected / row.attempts : (row?.recall ?? null));
  const families = [...new Set([...Object.keys(a.card.families), ...Object.keys(b.card.families)])].sort();
  const verdict = (run) => (run.card.run?.valid === false ? "not valid" : run.card.run?.passed === true ? "passed" : run.card.run?.passed === false ? "missed its targets" : run.facts.state);
  fill(
    shown,
    h("div", { class: "stack" }, panel("Figures", { id: "compare-figures" }, h("div", { class: "scroll" }, h("table", { class: "compare" }, head("Figure"), h("tbody", {}, h("tr", {}, h("th", { scope: "row" }, "Verdict"), [a, b].map((run) => h("td", { class: "n" }, verdict(run))), h("td", {})), ROWS.map(([text, read, say, good, differ]) => line(text, read(a), read(b), say, good, differ)))))), pictures),
    panel("Recall by family", { id: "compare-families" }, h("div", { class: "scroll" }, h("table", { class: "compare" }, head("Family"), h("tbody", {}, families.map((id) => line(name(id), share(a.card.families[id]), share(b.card.families[id]), percent, 1, points)))))),
  );
}

/** Both timelines over the seconds of either. */
function series(charts, a, b) {
  const end = Math.max(a.t.at(-1) ?? 0, b.t.at(-1) ?? 0);
  const t = Array.from({ length: end + 1 }, (_, second) => second);
  const over = (timeline, key) => {
    const by = new Map(timeline.t.map((second, at) => [second, timeline[key][at]]));
    return t.map((second) => by.get(second) ?? null);
  };
  charts[0].chart.show([t, over(a, "detected"), over(b, "detected")]);
  charts[1].chart.show([t, over(a, "latency_p99_ms"), over(b, "latency_p99_ms")]);
}

// Draws the plots of a report from the JSON in the page; nothing is loaded.
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const style = getComputedStyle(document.documentElement);
  const colour = (name) => style.getPropertyValue(name).trim();
  const plots = [];

  const axis = (label, values) => ({
    label, labelSize: 20, labelFont: "12px system-ui", font: "12px system-ui", size: 62,
    stroke: () => colour("--soft"), grid: { stroke: () => colour("--line"), width: 1 },
    ticks: { stroke: () => colour("--line") }, values,
  });
  const short = (value) => (value >= 1e6 ? value / 1e6 + " M" : value >= 1e4 ? value / 1e3 + " k" : value);
  const line = (label, name, extra) => ({ label, stroke: () => colour(name), width: 2, points: { show: false }, ...extra });

  const draw = (id, columns, series, left, bottom, scales) => {
    const place = document.getElementById(id);
    if (!place) return;
    if (!columns[0].length) { place.textContent = "nothing was measured"; return; }
    const options = {
      width: place.clientWidth, height: 260, scales: { x: { time: false }, ...scales },
      axes: [{ ...axis(bottom), size: 44 }, axis(left, (_, ticks) => ticks.map((v) => (v == null ? "" : short(v))))],
      series: [{ label: bottom }, ...series],
    };
    plots.push([place, new uPlot(options, columns, place)]);
  };

  const time = data.timeline;
  draw("rates", [time.t, time.planned_per_s, time.sent_per_s, time.detected_per_s],
    [line("asked", "--soft", { dash: [6, 4] }), line("sent", "--accent"), line("flows called an attack", "--bad")],
    "per second", "seconds");
  const certified = data.certified;
  if (certified) {
    draw("certified", [certified.t, certified.planned_attempts_per_s, certified.received_attempts_per_s,
      certified.planned_frames_per_s, certified.received_frames_per_s],
    // The plan lies under what arrived: a broad line, of which something shows where the two differ.
    [line("attempts planned", "--soft", { width: 6 }), line("attempts received", "--accent"),
      line("frames planned", "--warn", { width: 6 }), line("frames received", "--good")],
    "per second", "seconds");
  }
  draw("frames", [time.t, time.frames_per_s, time.backlog], [line("frames/s", "--accent"), line("backlog, frames", "--warn")],
    "frames", "seconds");
  draw("latency", [time.t, time.p50_ms, time.p99_ms], [line("p50", "--accent"), line("p99", "--bad")], "ms", "seconds");

  // Percentiles on the usual scale: each step to the right is ten times rarer.
  if (data.latency.length) {
    const names = ["--good", "--warn", "--accent", "--bad"];
    const rarity = (p) => -Math.log10(Math.max(1 - p / 100, 0.00002));
    const x = data.latency[0].points.map(([p]) => rarity(p));
    const labels = new Map(data.latency[0].points.map(([p], i) => [x[i], p === 100 ? "max" : "p" + p]));
    const place = document.getElementById("percentiles");
    const options = {
      width: place.clientWidth, height: 260, scales: { x: { time: false }, y: { distr: 3 } },
      axes: [
        { ...axis("percentile"), size: 44, splits: () => x, values: (_, ticks) => ticks.map((v) => labels.get(v) ?? "") },
        axis("ms", (_, ticks) => ticks.map((v) => (v == null ? "" : short(v)))),
      ],
      series: [{ label: "percentile", value: (_, v) => labels.get(v) ?? "" },
        ...data.latency.map((stage, i) => line(stage.name, names[i % names.length]))],
    };
    plots.push([place, new uPlot(options, [x, ...data.latency.map((s) => s.points.map(([, v]) => Math.max(v, 0.001)))], place)]);
  }

  addEventListener("resize", () => plots.forEach(([place, plot]) => plot.setSize({ width: place.clientWidth, height: 260 })));
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => plots.forEach(([, plot]) => plot.redraw()));
})();

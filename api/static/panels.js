// Figures, families and ledger of one run, from one statistics document.
import { amount, clock, count, duration, known, percent, plural, share, times } from "./format.js";

const $ = (id) => document.getElementById(id);
const put = (id, text) => {
  const place = $(id);
  if (place.textContent !== text) place.textContent = text;
};
const node = (tag, text = "", attributes = {}) => {
  const made = document.createElement(tag);
  if (text !== "") made.textContent = text;
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  return made;
};
const STATES = { running: "Running", finished: "Finished", interrupted: "Interrupted", failed: "Failed", starting: "Starting", judging: "Judging", live: "Listening", unknown: "Unfinished", none: "No run" };

export function showState(run) {
  const state = run?.state || "none";
  $("state").dataset.state = state;
  put("state", state === "failed" && run.has_scorecard ? "Not valid" : STATES[state] || state);
  const timed = known(run?.elapsed_s) && state === "running";
  $("clock").hidden = !timed;
  if (timed) put("clock", known(run.duration_s) ? `${clock(run.elapsed_s)} of ${clock(run.duration_s)}` : clock(run.elapsed_s));
  const bar = $("progress");
  bar.hidden = !(timed && run.duration_s > 0);
  if (!bar.hidden) {
    const done = Math.min(100, (100 * run.elapsed_s) / run.duration_s);
    bar.firstElementChild.style.width = `${done}%`;
    bar.setAttribute("aria-valuenow", String(Math.round(done)));
  }
  $("stop").hidden = !run?.stoppable;
  const report = $("report");
  report.hidden = !run?.has_report;
  if (run?.has_report) report.href = `/v1/runs/${encodeURIComponent(run.id)}/report`;
}

export function showFigures(stats) {
  const { rates, counts, latency_ms: latency, run } = stats;
  const live = run.state === "running" || run.state === "live";
  const shown = live ? rates : rates.average || rates;
  put("rate", times(shown.sent ?? shown.detected));
  document.querySelector("#figure-rate .big small").textContent = run.state === "live" ? "Tokyo, detected" : live ? "Tokyo, sent now" : "Tokyo, sent on average";
  const top = Math.max(shown.planned || 0, shown.sent || 0, shown.detected || 0, 1);
  for (const meter of $("bars").children) {
    const value = shown[meter.dataset.series];
    meter.querySelector("b").style.width = known(value) ? `${(100 * value) / top}%` : "0";
    meter.querySelector("em").textContent = known(value) ? `${count(value)}/s` : "–";
  }
  put("latency", duration(latency?.p50));
  put("latency-p99", duration(latency?.p99));
  put("latency-max", duration(latency?.max));
  $("latency-max").parentElement.hidden = !known(latency?.max);
  const judged = known(counts.attempts_detected);
  put("seen", judged ? share(counts.attempts_detected, counts.attempts_sent) : amount(counts.flows_flagged));
  put("seen-of", judged ? "of the attempts sent" : "flows called an attack");
  put("count-sent", amount(counts.attempts_sent));
  put("count-detected", judged ? amount(counts.attempts_detected) : "–");
  $("seen-why").hidden = judged || run.state === "live";
  put("frame-rate", count(shown.frames));
  put("alert-count", count(counts.alerts));
  const chips = Object.entries(counts.alerts_by_severity || {}).filter(([, n]) => n > 0);
  $("severities").replaceChildren(...chips.map(([severity, n]) => node("li", `${count(n)} ${severity}`, { "data-severity": severity })));
}

const sentence = (text) => `${text.charAt(0).toUpperCase()}${text.slice(1)}${/[.!?]$/.test(text) ? "" : "."}`;

/** The headline and one paragraph: what a person at the wall wants to know. */
export function showWords(stats) {
  const { run, rates, counts, latency_ms: latency } = stats;
  const title = run.title || run.scenario || run.id;
  const now = rates.sent ?? rates.planned;
  let head = title;
  const over = known(run.duration_s) && run.elapsed_s > run.duration_s;
  if (run.state === "starting") head = `${title} is starting`;
  else if (run.state === "running") head = over ? `${title}: catching up` : known(now) && now > 0 ? `${title} at ${times(now)} Tokyo` : title;
  else if (run.state === "judging") head = `${title}: judging`;
  else if (run.state === "live") head = "Listening to sensors";
  else if (run.state === "interrupted") head = `${title}: interrupted`;
  else if (run.state === "failed") head = run.has_scorecard ? `${title}: not valid` : `${title}: failed`;
  put("lead-title", head);
  const words = [];
  if (run.reason) words.push(sentence(run.state === "failed" && run.has_scorecard ? `Not valid: ${run.reason}` : run.reason));
  if (run.state === "starting") words.push("Detector and generator are getting ready.");
  if (run.state === "running" && over) words.push("The plan is over; what was held up is still being worked off.");
  else if (run.state === "running" && known(rates.planned)) words.push(`${count(rates.planned)} attempts a second are planned.`);
  if (counts.attempts_sent > 0 && known(counts.attempts_detected)) words.push(`Of ${amount(counts.attempts_sent)} attempts sent, ${amount(counts.attempts_detected)} were detected (${share(counts.attempts_detected, counts.attempts_sent)}).`);
  else if (counts.flows_flagged > 0) words.push(`${counts.attempts_sent > 0 ? `${amount(counts.attempts_sent)} attempts have left; ` : ""}${amount(counts.flows_flagged)} flows were called an attack.`);
  if (known(latency?.p50)) words.push(`Half within ${duration(latency.p50)}, 99 of 100 within ${duration(latency.p99)}.`);
  if (known(counts.alerts)) words.push(counts.alerts ? `${plural(counts.alerts, "incident")} raised.` : "No incident raised so far.");
  if (run.state === "running" && stats.backlog_frames > 20000) words.push(`${amount(stats.backlog_frames)} frames wait for the detector.`);
  if (run.state === "running" && known(stats.within_1ms) && counts.frames > 0 && stats.within_1ms < 0.999) words.push(`The generator is behind its plan: ${percent(stats.within_1ms)} of frames left within 1 ms of it.`);
  if (!words.length) words.push(run.state === "live" ? "Nothing has been posted yet." : "Waiting for the first figures.");
  put("words", words.join(" "));
}

export function showEmpty(message) {
  put("lead-title", "No campaign yet");
  put("words", message);
}

export function showLedger(ledger) {
  const stages = Object.entries(ledger?.stages || {});
  $("ledger-empty").hidden = stages.length > 0;
  const lost = stages.length ? stages.reduce((sum, [, s]) => sum + (s.unit === "frames" ? total(s.dropped) + Math.max(0, s.unexplained || 0) : 0), 0) : undefined;
  put("lost", count(lost));
  const words = $("lost-words");
  if (!stages.length) {
    words.textContent = "No frame counted yet.";
    words.dataset.tone = "";
    put("ledger-sub", "");
    $("ledger").replaceChildren();
    return;
  }
  const balanced = ledger.balanced !== false;
  words.textContent = balanced ? (lost ? "Each loss has a reason below." : "Every frame is accounted for.") : ledger.settled === false ? "Still counting." : "The ledger does not balance.";
  words.dataset.tone = balanced ? "good" : ledger.settled === false ? "" : "bad";
  put("ledger-sub", balanced ? "balances" : ledger.settled === false ? "in flight" : "does not balance");
  const table = node("table");
  const head = node("tr");
  for (const [name, kind] of [["Stage", ""], ["offered", "n"], ["passed on", "n"], ["dropped", "n"]]) head.append(node("th", name, { scope: "col", class: kind }));
  table.append(head);
  for (const [name, stage] of stages) {
    const row = node("tr");
    const title = node("td", name.replaceAll("_", " "));
    title.append(node("span", [stage.unit, stage.in_flight ? `${count(stage.in_flight)} under way` : ""].filter(Boolean).join(", "), { class: "sub" }));
    row.append(title, node("td", count(stage.offered), { class: "n" }), node("td", count(stage.delivered), { class: "n" }), node("td", count(total(stage.dropped)), { class: "n" }));
    table.append(row);
    for (const [reason, n] of Object.entries(stage.dropped || {})) {
      const line = node("tr", "", { class: "reason" });
      line.append(node("td", reason.replaceAll("_", " "), { colspan: "3" }), node("td", count(n), { class: "n" }));
      table.append(line);
    }
  }
  $("ledger").replaceChildren(table);
}

const total = (dropped) => Object.values(dropped || {}).reduce((sum, n) => sum + n, 0);

export function showFamilies(families, judged) {
  $("families-empty").hidden = families.length > 0;
  put("families-sub", judged ? "detected of those sent" : families.length ? "flows flagged so far" : "");
  const top = Math.max(1, ...families.map((family) => family.detected || 0));
  $("families").replaceChildren(
    ...families.map((family) => {
      const box = node("div", "", { class: "family" });
      const known_recall = known(family.recall);
      const bar = node("i");
      const fill = node("b");
      fill.style.width = `${100 * (known_recall ? family.recall : (family.detected || 0) / top)}%`;
      if (known_recall && family.recall < 0.5) fill.dataset.tone = "bad";
      bar.append(fill);
      box.append(node("span", family.title), node("span", known_recall ? percent(family.recall) : amount(family.detected)), bar);
      box.append(node("small", known_recall ? `${amount(family.detected)} of ${amount(family.sent)}${family.technique ? ` · ${family.technique}` : ""}` : family.technique || ""));
      return box;
    }),
  );
}

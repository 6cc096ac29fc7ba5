// A run in words: the headline and one paragraph.
import { amount, count, duration, known, plural, sentence, share, timesTokyo } from "./format.js";

export function headline(stats) {
  if (!stats) return "No campaign yet";
  const { run, rates } = stats;
  const title = run.title || run.scenario || run.id;
  const now = rates.sent ?? rates.planned;
  const over = known(run.duration_s) && run.elapsed_s > run.duration_s;
  if (run.state === "starting") return `${title} is starting`;
  if (run.state === "running") return over ? `${title}: catching up` : known(now) && now > 0 ? `${title}: ${timesTokyo(now)}` : title;
  if (run.state === "live") return "Listening to sensors";
  return title;
}

export function paragraph(stats) {
  if (!stats) return "This page shows how fast attacks are sent, how fast they are seen, and what is lost, while a campaign runs or sensors send.";
  const { run, rates, counts, latency_ms: latency } = stats;
  const over = known(run.duration_s) && run.elapsed_s > run.duration_s;
  const said = [];
  if (run.reason) said.push(sentence(run.state === "failed" && run.has_scorecard ? `Not valid: ${run.reason}` : run.reason));
  if (run.state === "starting") said.push("Detector and generator are getting ready.");
  if (run.state === "running" && over) said.push("The plan is over; what was held up is still being worked off.");
  else if (run.state === "running" && known(rates.planned)) said.push(`${count(rates.planned)} attempts a second are planned.`);
  if (counts.attempts_sent > 0 && known(counts.attempts_detected)) said.push(`Of ${amount(counts.attempts_sent)} attempts sent, ${amount(counts.attempts_detected)} were detected (${share(counts.attempts_detected, counts.attempts_sent)}).`);
  else if (counts.flows_flagged > 0) said.push(`${counts.attempts_sent > 0 ? `${amount(counts.attempts_sent)} attempts have left; ` : ""}${amount(counts.flows_flagged)} flows were called an attack.`);
  if (known(latency?.p50)) said.push(`Half within ${duration(latency.p50)}, 99 of 100 within ${duration(latency.p99)}.`);
  if (known(counts.alerts)) said.push(counts.alerts ? `${plural(counts.alerts, "incident")} raised.` : "No incident raised so far.");
  if (!said.length) said.push(run.state === "live" ? "Nothing has been posted yet." : "Waiting for the first figures.");
  return said.join(" ");
}

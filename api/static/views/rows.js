// Rows of alerts, as the live view and the triage list show them.
import { h } from "../dom.js";
import { amount, clock, few, timeOfDay } from "../format.js";
import { call, withQuery } from "../service.js";

/** The newest alerts of a run. */
export async function newestFirst(run, limit) {
  return (await call(withQuery("/v1/alerts", { run, limit }))).items;
}

export const severityMark = (severity) => h("span", { class: "sev", "data-severity": severity }, severity);

/** When it was first seen: into the run, else the time of day. */
export function when(alert, start) {
  return start ? clock((alert.first_seen_ms - start) / 1000) : timeOfDay(alert.first_seen_text);
}

const cells = (alert, app) => {
  const start = app.start;
  return [
    h("td", {}, severityMark(alert.severity)),
    h("td", {}, h("span", { class: "name" }, alert.title), h("span", { class: "sub" }, [alert.technique.id, alert.open ? "going on" : "over"].filter(Boolean).join(" · "))),
    h("td", { class: "address" }, few(alert.attackers, alert.attackers_total, "address", "addresses")),
    h("td", { class: "address" }, few(alert.victims, alert.victims_total, "address", "addresses")),
    h("td", { class: "n flows" }, amount(alert.flows)),
    h("td", { class: "n seen" }, when(alert, start), start ? h("span", { class: "sub" }, timeOfDay(alert.first_seen_text)) : null),
  ];
};

/** A row of the live view: the incident is a link to its evidence. */
export function compactRow(alert, app) {
  const row = h("tr", { "data-id": alert.alert_id, "data-triage": app.triage.state(alert.alert_id) }, cells(alert, app));
  const name = row.querySelector(".name");
  name.replaceWith(h("a", { class: "name", href: app.href("alerts", {}, alert.alert_id) }, alert.title));
  return row;
}

/** A row of the triage list: it can be moved onto, selected and opened. */
export function triageRow(alert, app, { open, selected, fresh }) {
  const state = app.triage.state(alert.alert_id);
  const row = h("tr", { tabindex: "-1", "data-id": alert.alert_id, "data-triage": state, "aria-current": open ? "true" : null, class: [fresh && "fresh", selected && "selected"].filter(Boolean).join(" ") || null }, cells(alert, app));
  const name = row.querySelector(".name");
  name.replaceWith(h("a", { class: "name", href: app.href("alerts", {}, alert.alert_id), tabindex: "-1" }, alert.title));
  const mark = state === "new" ? "" : state;
  row.querySelector("td").prepend(h("input", { type: "checkbox", class: "pick-row", tabindex: "-1", "aria-label": `Select ${alert.title}`, ...(selected ? { checked: true } : {}) }));
  row.querySelector(".sub").append(mark ? h("b", { class: "mark-state", "data-state": state }, ` · ${mark}`) : "");
  return row;
}

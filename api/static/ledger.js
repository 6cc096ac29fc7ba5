// The ledger as a table: what each stage was offered, passed on and dropped, with the reasons.
import { h } from "./dom.js";
import { count, words } from "./format.js";

const total = (dropped) => Object.values(dropped || {}).reduce((sum, n) => sum + n, 0);

/** Frames that were lost anywhere; undefined before the first stage counts. */
export function lostFrames(ledger) {
  const stages = Object.values(ledger?.stages || {});
  if (!stages.length) return undefined;
  return stages.reduce((sum, stage) => sum + (stage.unit === "frames" ? total(stage.dropped) + Math.max(0, stage.unexplained || 0) : 0), 0);
}

export function ledgerTable(ledger) {
  const rows = Object.entries(ledger.stages).flatMap(([name, stage]) => [
    h("tr", {}, h("th", { scope: "row" }, words(name), h("span", { class: "sub" }, [stage.unit, stage.in_flight ? `${count(stage.in_flight)} under way` : ""].filter(Boolean).join(", "))), h("td", { class: "n" }, count(stage.offered)), h("td", { class: "n" }, count(stage.delivered)), h("td", { class: "n" }, count(total(stage.dropped)))),
    ...Object.entries(stage.dropped || {}).map(([reason, n]) => h("tr", { class: "reason" }, h("td", { colspan: "3" }, words(reason)), h("td", { class: "n" }, count(n)))),
  ]);
  const head = ["Stage", "Offered", "Passed on", "Dropped"].map((name, at) => h("th", { scope: "col", class: at ? "n" : null }, name));
  return h("table", { class: "ledger" }, h("thead", {}, h("tr", {}, head)), h("tbody", {}, rows));
}

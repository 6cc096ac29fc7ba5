// All about one alert: why it was raised, what it is, its flows, and the same as EVE or OCSF for other tools.
import { copier, download, empty, fill, h, put } from "../dom.js";
import { amount, bytes, count, few, percent, plural, timeOfDay } from "../format.js";
import { call, text, withQuery } from "../service.js";
import { severityMark, when } from "./rows.js";

const FORMS = ["EVE", "OCSF", "JSON"];
const MOST_HOSTS = 16;
const MOST_FLOWS = 12;
const part = (title, ...children) => h("section", {}, h("h3", {}, title), children);

export class Evidence {
  constructor(app, decide, close) {
    Object.assign(this, { app, decide, id: "", run: "", alert: null, whole: false, parts: null, form: "EVE", turn: 0, reading: 0 });
    this.heading = h("h2", { id: "drawer-title", tabindex: "-1" });
    this.severity = h("span", { class: "sev" });
    this.state = h("span", { class: "badge", id: "triage-state" });
    this.body = h("div", { class: "body", id: "drawer-body" });
    const button = (state, key, name) => h("button", { class: "button", type: "button", "data-decide": state, onclick: () => decide(state) }, name, " ", h("kbd", {}, key));
    this.root = h("aside", { class: "panel drawer", id: "drawer", "aria-labelledby": "drawer-title", hidden: true }, h("header", {}, h("div", {}, h("p", { class: "marks" }, this.severity, this.state), this.heading), h("button", { class: "icon", type: "button", "aria-label": "Close", onclick: close }, "✕")), h("div", { class: "decide" }, button("archived", "e", "Archive"), button("escalated", "s", "Escalate"), button("new", "u", "Back to new")), this.body);
  }

  /** Show an alert: at once what the list knows of it, then the whole of it. "" hides. */
  async show(id, known) {
    const run = this.app.run?.id || "";
    if (id === this.id && run === this.run && (this.whole || !id)) return;
    const turn = ++this.turn;
    if (id !== this.id || run !== this.run) this.turnTo(id, run, known);
    if (!id || !run) return; // which run it is of is not known yet: asked for with the first tick
    try {
      const whole = await call(withQuery(`/v1/alerts/${encodeURIComponent(id)}`, { run }));
      if (turn !== this.turn) return;
      this.whole = true;
      this.fill(whole);
    } catch (error) {
      if (turn === this.turn && !this.alert) fill(this.body, h("p", { class: "error", role: "alert" }, error.message));
    }
  }

  /** Another alert, or none: what is known of it already. */
  turnTo(id, run, known) {
    Object.assign(this, { id, run, alert: null, whole: false, parts: null });
    this.root.hidden = !id;
    if (!id) return;
    if (known) this.fill(known);
    else {
      put(this.heading, `Alert ${id}`);
      put(this.severity, "");
      fill(this.body, empty("Loading …"));
    }
    this.triaged();
    this.root.scrollTop = 0;
    if (matchMedia("(max-width: 1100px)").matches) this.heading.focus();
  }

  /** It was revised while it is on show. */
  revise(alert) {
    this.fill({ ...this.alert, ...alert });
  }

  triaged() {
    const mark = this.app.triage.marks.get(this.id);
    const state = mark?.state || "new";
    put(this.state, state);
    this.state.dataset.state = state;
    this.state.title = mark ? `${mark.at} by ${mark.by}` : "nobody has decided about it";
    for (const button of this.root.querySelectorAll("[data-decide]")) button.disabled = button.dataset.decide === state || !this.app.may("operate");
    this.noted?.();
  }

  /** What is told of the alert is drawn anew where it differs; the note and the document keep what a reader did there. */
  fill(alert) {
    const revised = this.alert?.revision !== alert.revision;
    this.alert = alert;
    put(this.severity, alert.severity);
    this.severity.dataset.severity = alert.severity;
    put(this.heading, `${alert.title}: ${few(alert.victims, alert.victims_total, "victim")}`);
    const told = [this.why(alert), this.what(alert), this.hosts("From", alert.attackers, alert.attackers_total), this.hosts("Against", alert.victims, alert.victims_total), this.samples(alert)];
    if (this.parts) {
      this.parts = this.parts.map((old, at) => swap(old, told[at]));
      if (revised) this.reread();
    } else {
      this.parts = told;
      fill(this.body, told, this.note(alert), this.forms(alert));
    }
  }

  why(alert) {
    const list = alert.evidence.length ? alert.evidence : ["No sentence was kept."];
    return part("Why", h("ul", { class: "evidence" }, list.map((sentence) => h("li", {}, sentence))));
  }

  what(alert) {
    const technique = alert.technique.id && h("a", { href: this.app.href("attack", { technique: alert.technique.id }) }, `${alert.technique.id} ${alert.technique.name}`);
    const rows = [
      ["Severity", [alert.severity, alert.severity_reason].filter(Boolean).join(": ")],
      ["Confidence", percent(alert.confidence)],
      ["Technique", technique],
      ["Tactic", alert.tactic.name],
      ["First seen", `${when(alert, this.app.start)} into the run (${timeOfDay(alert.first_seen_text)})`],
      ["Last seen", timeOfDay(alert.last_seen_text) + (alert.open ? ", going on" : "")],
      ["Size", `${plural(alert.flows, "flow")}, ${amount(alert.packets)} packets, ${bytes(alert.bytes)}`],
      ["Rate", alert.rate >= 0.05 ? `${amount(Math.round(alert.rate * 10) / 10)} flows a second` : ""],
      ["Ports", alert.ports.length ? few(alert.ports.map(String), alert.ports_total, "port") : ""],
      ["Direction", alert.direction],
      ["Silenced", alert.allowed || alert.muted],
      ["Alert", alert.alert_id],
    ];
    return part("What", h("dl", { class: "pairs" }, rows.filter(([, value]) => value).map(([name, value]) => [h("dt", {}, name), h("dd", {}, value)])));
  }

  hosts(title, names, total) {
    const rest = total - Math.min(names.length, MOST_HOSTS);
    const link = (name) => h("li", {}, h("a", { href: this.app.href("alerts", { host: name, show: "all" }) }, name));
    return part(`${title} (${plural(total, "address", "addresses")})`, h("ul", { class: "hosts" }, names.slice(0, MOST_HOSTS).map(link), rest > 0 && h("li", {}, `and ${count(rest)} more`)));
  }

  samples(alert) {
    if (!alert.sample_flows?.length) return h("section", { hidden: true });
    const side = (address, port) => `${address ?? ""}${port === undefined ? "" : ` : ${port}`}`;
    const rows = alert.sample_flows.slice(0, MOST_FLOWS).map((flow) => h("tr", {}, h("td", { class: "address" }, side(flow.src, flow.src_port)), h("td", { class: "address" }, side(flow.dst, flow.dst_port)), h("td", {}, flow.community_id ? h("span", { class: "copied" }, h("code", {}, flow.community_id), copier(flow.community_id, "Community ID")) : "–")));
    return part("Sample flows", h("div", { class: "scroll", tabindex: "0", role: "group", "aria-label": "Sample flows" }, h("table", { class: "flows" }, h("thead", {}, h("tr", {}, ["From", "To", "Community ID"].map((name) => h("th", { scope: "col" }, name)))), h("tbody", {}, rows))));
  }

  /** A line to whoever looks next; kept with the decision. */
  note(alert) {
    const field = h("input", { name: "note", maxlength: "500", autocomplete: "off", placeholder: "For whoever looks next" });
    const said = h("span", { class: "sub" });
    this.noted = () => {
      const mark = this.app.triage.marks.get(alert.alert_id);
      if (document.activeElement !== field) field.value = mark?.note || "";
      put(said, mark ? `${mark.state === "new" ? "put back" : mark.state} ${timeOfDay(mark.at)}${mark.by && mark.by !== "anybody" ? ` by ${mark.by}` : ""}` : "");
    };
    const keep = async (event) => {
      event.preventDefault();
      try {
        await this.app.triage.decide([alert.alert_id], this.app.triage.state(alert.alert_id), field.value.trim());
        this.app.say("Note kept.", 2500);
      } catch (error) {
        this.app.say(error.message, 6000, true);
      }
    };
    this.noted();
    return part("Note", h("form", { class: "note", onsubmit: keep }, h("label", {}, h("span", { class: "sr" }, "Note"), field), h("button", { class: "button", type: "submit", disabled: !this.app.may("operate") }, "Keep")), said);
  }

  /** The alert as other tools take it: read when it is opened, and anew when the alert is revised meanwhile. */
  forms({ alert_id: id }) {
    const run = this.run;
    const shown = h("pre", { tabindex: "0", "aria-label": "The alert as a document" }, "…");
    const read = async () => {
      const turn = ++this.reading; // of two answers the one that was asked for last is shown
      const form = this.form;
      for (const tab of tabs) tab.setAttribute("aria-pressed", String(tab.textContent === form));
      const found = await text(withQuery(`/v1/alerts/${encodeURIComponent(id)}`, { run, format: form.toLowerCase() })).then(pretty, (error) => error);
      if (turn !== this.reading || holdsSelection(shown)) return;
      const failed = found instanceof Error;
      put(shown, failed ? found.message : found);
      for (const button of [copy, keep]) button.disabled = failed;
    };
    const pick = (name) => {
      this.form = name;
      read();
    };
    const tabs = FORMS.map((name) => h("button", { type: "button", class: "tiny", "aria-pressed": "false", onclick: () => pick(name) }, name));
    const copy = h("button", { type: "button", class: "tiny", disabled: true, onclick: () => navigator.clipboard.writeText(shown.textContent).then(() => this.app.say("Copied.", 2000), () => this.app.say("The browser does not allow copying.", 4000, true)) }, "Copy");
    const keep = h("button", { type: "button", class: "tiny", disabled: true, onclick: () => download(`alert-${id}.${this.form.toLowerCase()}.json`, shown.textContent) }, "Download");
    const box = h("details", { class: "forms", ontoggle: () => box.open && read() }, h("summary", {}, "As EVE, OCSF, JSON"), h("div", { class: "tabs" }, tabs, h("span", { class: "gap" }), copy, keep), shown);
    this.reread = () => box.open && read();
    return box;
  }
}

/** Puts a part in place of its older self, where it differs; the keyboard stays where it was. */
function swap(old, made) {
  if (old.isEqualNode(made)) return old;
  const reach = "a, button, [tabindex]";
  const at = [...old.querySelectorAll(reach)].indexOf(document.activeElement);
  old.replaceWith(made);
  if (at >= 0) made.querySelectorAll(reach)[at]?.focus({ preventScroll: true });
  return made;
}

/** Somebody has marked text in it, to copy it: it is not taken away under their hands. */
function holdsSelection(place) {
  const selection = getSelection();
  return !selection.isCollapsed && place.contains(selection.anchorNode);
}

/** JSON with line breaks; several documents stay several. */
function pretty(found) {
  try {
    return JSON.stringify(JSON.parse(found), null, 2);
  } catch {
    const lines = found.trim().split("\n");
    try {
      return lines.map((line) => JSON.stringify(JSON.parse(line), null, 2)).join("\n");
    } catch {
      return found;
    }
  }
}

// What people decided about alerts. The service keeps it; this is a copy that is asked for anew every few seconds.
import { call, post, withQuery } from "./service.js";

const EVERY_MS = 4000;

export class Triage {
  constructor(changed) {
    this.changed = changed;
    this.run = "";
    this.marks = new Map();
    setInterval(() => {
      if (!document.hidden) this.load();
    }, EVERY_MS);
  }

  follow(run) {
    this.run = run || "";
    this.marks = new Map();
    this.load();
  }

  /** How many alerts somebody has decided about. */
  get decided() {
    return [...this.marks.values()].filter((mark) => mark.state !== "new").length;
  }

  state(alert) {
    return this.marks.get(alert)?.state || "new";
  }

  async load() {
    const run = this.run;
    if (!run) return;
    try {
      const { items } = await call(withQuery("/v1/triage", { run }));
      if (run !== this.run) return;
      const before = JSON.stringify([...this.marks]);
      this.marks = new Map(items.map((item) => [item.alert_id, item]));
      if (JSON.stringify([...this.marks]) !== before) this.changed();
    } catch {
      // the stream's state tells that the service is away
    }
  }

  /** Decide about alerts; raises a Problem where the service refuses. */
  async decide(alerts, state, note = null) {
    const { items } = await post(withQuery("/v1/triage", { run: this.run }), note === null ? { alerts, state } : { alerts, state, note });
    for (const item of items) this.marks.set(item.alert_id, item);
    this.changed();
  }
}

// What can be done where there is no run yet: for whoever opens the page for the first time.
import { h, panel } from "../dom.js";
import { write } from "../route.js";

const command = (text) => h("code", { class: "command" }, text);
const start = (scenario, text) => h("a", { class: "button", href: write("campaigns", { scenario }, ["new"]) }, text);

export const welcome = () =>
  h(
    "section",
    { class: "thirds", id: "welcome", "aria-label": "How to begin", hidden: true },
    panel("Start one here", {}, h("p", {}, "A campaign replays labelled attacks among ordinary traffic, on this machine alone, and shows what the detector sees, how fast, and what it misses."), h("p", { class: "buttons" }, start("smoke", "Ten seconds of everything"), start("paris-2024", "Paris 2024, in a minute"))),
    panel("Or in a terminal", {}, h("p", {}, "In the folder in which this service was started. The page follows it by itself."), command("tenfold run paris-2024"), command("tenfold scenarios")),
    panel("Or listen to a network", {}, h("p", {}, "A sensor meters frames where they pass, or from a capture, and sends its flows here."), command(`tenfold sensor --interface eth1 --to ${location.origin} --name north`), command(`tenfold sensor monday.pcap --to ${location.origin} --name a`)),
  );

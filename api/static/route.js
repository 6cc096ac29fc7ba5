// The address: `?run=ID#/view/more?filter=…`. What is on show can be sent to a colleague as a link.

/** The parts of an address: {view, rest: [..], query: {..}}. */
export function parse(hash = location.hash) {
  const [path, query = ""] = hash.replace(/^#\/?/, "").split("?");
  const [view, ...rest] = path.split("/").map(decodeURIComponent);
  return { view: view || "live", rest, query: Object.fromEntries(new URLSearchParams(query)) };
}

/** The hash of a view; what is empty in the query is left out. */
export function write(view, query = {}, rest = []) {
  const pairs = Object.entries(query).filter(([, value]) => value !== "" && value !== null && value !== undefined);
  const path = [view, ...rest].map(encodeURIComponent).join("/");
  return `#/${path}${pairs.length ? `?${new URLSearchParams(pairs)}` : ""}`;
}

/** Change the address without a new step in the history, and without telling anybody. */
export const replace = (hash) => history.replaceState(null, "", `${location.search || location.pathname}${hash}`);

/** How far a strip of tabs must scroll so that one of them is in the middle. */
export const offset = (tab) => tab.offsetLeft - (tab.parentElement.clientWidth - tab.offsetWidth) / 2;

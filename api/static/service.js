// Talks to the service: JSON, problems, and the live stream with its own reconnect.
export class Problem extends Error {
  constructor(status, body) {
    super(body.detail || body.title || `the service answered ${status}`);
    this.status = status;
    this.kind = String(body.type || "").split(":").pop();
  }
}

let refused = () => {};
/** `told` is called where the service wants a key (401). */
export const onRefused = (told) => (refused = told);

export async function call(path, options = {}) {
  let reply;
  try {
    reply = await fetch(path, { headers: { Accept: "application/json" }, ...options });
  } catch {
    throw new Problem(0, { detail: "The service does not answer." });
  }
  const text = await reply.text();
  let body = {};
  try {
    body = text ? JSON.parse(text) : {};
  } catch {
    body = { detail: "The service answered something that is not JSON." };
  }
  if (!reply.ok) {
    const problem = new Problem(reply.status, body);
    if (reply.status === 401) refused(problem);
    throw problem;
  }
  return body;
}

/** The text of an answer, whatever its form. */
export async function text(path) {
  let reply;
  try {
    reply = await fetch(path);
  } catch {
    throw new Problem(0, { detail: "The service does not answer." });
  }
  const found = await reply.text();
  if (!reply.ok) throw new Problem(reply.status, { detail: `The service has no such form of it (${reply.status}).` });
  return found;
}

const send = (method) => (path, body, headers = {}) =>
  call(path, {
    method,
    headers: { Accept: "application/json", ...(body === undefined ? {} : { "Content-Type": "application/json" }), ...headers },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
export const post = send("POST");
export const patch = send("PATCH");
export const remove = send("DELETE");

/** A path with a query; what is empty or null is left out. */
export function withQuery(path, query) {
  const pairs = Object.entries(query).filter(([, value]) => value !== null && value !== undefined && value !== "");
  return pairs.length ? `${path}?${new URLSearchParams(pairs)}` : path;
}

/** Opens the stream of a run; `on` has alert, tick, gap and link(state). Returns a function that closes it. */
export function follow(run, on) {
  let source = null;
  let closed = false;
  let silence = 0;
  let timer = 0;
  const listen = () => {
    if (closed) return;
    on.link("connecting");
    source = new EventSource(withQuery("/v1/stream", { run }));
    source.addEventListener("open", () => on.link("live"));
    for (const name of ["tick", "alert", "gap"]) {
      source.addEventListener(name, (event) => {
        alive();
        on[name](JSON.parse(event.data));
      });
    }
    source.addEventListener("error", () => {
      on.link("lost");
      // EventSource tries again by itself unless the service refused it.
      if (source.readyState === EventSource.CLOSED) {
        clearTimeout(timer);
        timer = setTimeout(listen, 2000);
      }
    });
    alive();
  };
  const alive = () => {
    clearTimeout(silence);
    silence = setTimeout(() => on.link("lost"), 6000);
  };
  listen();
  return () => {
    closed = true;
    clearTimeout(silence);
    clearTimeout(timer);
    if (source) source.close();
  };
}

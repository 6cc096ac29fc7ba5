// Talks to the service: JSON, problems, and the live stream with its own reconnect.
export class Problem extends Error {
  constructor(status, body) {
    super(body.detail || body.title || `the service answered ${status}`);
    this.status = status;
    this.kind = String(body.type || "").split(":").pop();
  }
}

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
  if (!reply.ok) throw new Problem(reply.status, body);
  return body;
}

export const post = (path, body) =>
  call(path, { method: "POST", headers: { Accept: "application/json", "Content-Type": "application/json" }, body: JSON.stringify(body) });
export const remove = (path) => call(path, { method: "DELETE" });

/** Opens the stream of a run; `on` has alert, tick, gap and link(state). Returns a function that closes it. */
export function follow(run, on) {
  let source = null;
  let closed = false;
  let silence = 0;
  let timer = 0;
  const listen = () => {
    if (closed) return;
    on.link("connecting");
    source = new EventSource(`/v1/stream${run ? `?run=${encodeURIComponent(run)}` : ""}`);
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
      if (source.readyState === EventSource.CLOSED) timer = setTimeout(listen, 2000);
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

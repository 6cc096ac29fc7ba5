// Who looks: with keys, the page asks for one and trades it for a cookie that no script can read.
import { $, fill, h, put } from "./dom.js";
import { call, onRefused, remove } from "./service.js";

/** Finds out who asks; shows the sign-in where the service wants a key. Comes back once somebody is in. */
export async function begin(app) {
  onRefused(() => open(app));
  const session = await look();
  take(app, session);
  if (session?.keys && !session.caller) await open(app);
}

async function look() {
  try {
    return await call("/v1/session");
  } catch {
    return null; // a service without sign-in, or none at all: what follows will tell
  }
}

function take(app, session) {
  app.caller = session?.caller || null;
  const name = session?.keys && app.caller?.name;
  const out = () => remove("/v1/session").finally(() => location.reload());
  fill($("who"), ...(name ? [`${name} `, h("button", { type: "button", class: "tiny", onclick: out }, "Sign out")] : []));
}

let waiting = null;

function open(app) {
  if (waiting) return waiting;
  const dialog = $("signin");
  const form = $("signin-form");
  waiting = new Promise((resolve) => {
    form.onsubmit = async (event) => {
      event.preventDefault();
      const fault = await enter(form.elements.key.value.trim());
      put($("signin-error"), fault);
      $("signin-error").hidden = !fault;
      if (fault) {
        form.elements.key.select();
        return;
      }
      form.reset();
      waiting = null;
      dialog.close();
      take(app, await look());
      resolve();
    };
  });
  dialog.oncancel = (event) => event.preventDefault(); // there is nothing behind it to go back to
  if (!dialog.open) dialog.showModal();
  return waiting;
}

/** Trade a key for a session; what is wrong, "" where it is right. */
async function enter(key) {
  try {
    const reply = await fetch("/v1/session", { method: "POST", headers: { Authorization: `Bearer ${key}`, Accept: "application/json" } });
    if (reply.ok) return "";
    return (await reply.json()).detail || `The service answered ${reply.status}.`;
  } catch {
    return "The service does not answer.";
  }
}

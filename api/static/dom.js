// Makes elements. Text goes in as text, never as markup: what is shown comes from captures and is hostile.
export const $ = (id) => document.getElementById(id);

/** h("td", {class: "n", onclick: f}, "text", node, [nodes]) -> an element; null and false are left out. */
export function h(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (name === "width%") made.style.width = `${Math.max(0, Math.min(100, value))}%`;
    else made.setAttribute(name, value === true ? "" : value);
  }
  add(made, children);
  return made;
}

function add(to, children) {
  for (const child of children) {
    if (Array.isArray(child)) add(to, child);
    else if (child !== null && child !== undefined && child !== false) to.append(child);
  }
}

/** Write a text only where it differs, so that selections and screen readers are left in peace. */
export function put(place, text) {
  if (place && place.textContent !== text) place.textContent = text;
}

export function fill(place, ...children) {
  place.replaceChildren();
  add(place, children);
}

/** A panel with a heading; `side` stands at its right. */
export function panel(title, { side = null, id = null, sub = null } = {}, ...children) {
  const heading = h("h2", { id: id && `${id}-title` }, title);
  return h("section", { class: "panel", id, "aria-labelledby": id && `${id}-title` }, h("header", {}, heading, sub && h("span", { class: "sub" }, sub), side), ...children);
}

/** What to do where there is nothing to look at yet. */
export const beginning = () => h("a", { href: "#/campaigns/new" }, "Start a campaign");

export const empty = (text, more = null) => h("p", { class: "empty" }, text, more && " ", more);

/** A button that copies a text and says so. */
export function copier(text, label = "Copy") {
  const button = h("button", { type: "button", class: "tiny", "aria-label": `${label}: copy` }, "Copy");
  button.addEventListener("click", async (event) => {
    event.stopPropagation();
    try {
      await navigator.clipboard.writeText(text);
      button.textContent = "Copied";
    } catch {
      button.textContent = "Not allowed";
    }
    setTimeout(() => (button.textContent = "Copy"), 1600);
  });
  return button;
}

/** Hands the reader a file that is made here. */
export function download(name, text, type = "application/json") {
  const address = URL.createObjectURL(new Blob([text], { type }));
  const link = h("a", { href: address, download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 1000);
}

// Draws the OpenAPI document; a GET can be tried from here.
const $ = (id) => document.getElementById(id);
const node = (tag, text = "", attributes = {}) => {
  const made = document.createElement(tag);
  if (text !== "") made.textContent = text;
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  return made;
};

function kind(schema = {}) {
  const parts = schema.anyOf || [schema];
  return parts
    .filter((part) => part.type !== "null")
    .map((part) => (part.$ref ? part.$ref.split("/").pop() : part.enum ? "one of a list" : [].concat(part.type || "value").filter((t) => t !== "null").join(" or ")))
    .join(" or ");
}

function choices(schema, document_) {
  for (const part of schema?.anyOf || [schema || {}]) {
    const whole = part.$ref ? document_.components.schemas[part.$ref.split("/").pop()] : part;
    if (whole?.enum) return whole.enum;
  }
  return null;
}

function parameters(list) {
  const table = node("table");
  const head = node("tr");
  for (const name of ["Parameter", "in", "kind", "meaning"]) head.append(node("th", name, { scope: "col" }));
  table.append(head);
  for (const parameter of list) {
    const row = node("tr");
    const name = node("td");
    name.append(node("code", parameter.name + (parameter.required ? " *" : "")));
    row.append(name, node("td", parameter.in), node("td", kind(parameter.schema)), node("td", parameter.description || ""));
    table.append(row);
  }
  return table;
}

function trial(path, operation, document_) {
  const form = node("form", "", { class: "try" });
  const inputs = (operation.parameters || []).filter((p) => p.in !== "header");
  for (const parameter of inputs) {
    const label = node("label", parameter.name);
    const list = choices(parameter.schema, document_);
    const input = node(list ? "select" : "input", "", { name: parameter.name });
    if (list) for (const value of ["", ...list]) input.append(node("option", value, { value }));
    if (parameter.required) input.required = true;
    label.append(input);
    form.append(label);
  }
  form.append(node("button", "Try it", { class: "button primary", type: "submit" }));
  const output = node("pre");
  output.hidden = true;
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    let address = path;
    const query = new URLSearchParams();
    for (const parameter of inputs) {
      const value = form.elements[parameter.name].value.trim();
      if (parameter.in === "path") address = address.replace(`{${parameter.name}}`, encodeURIComponent(value));
      else if (value) query.set(parameter.name, value);
    }
    output.hidden = false;
    output.textContent = "…";
    try {
      const reply = await fetch(query.size ? `${address}?${query}` : address);
      const text = await reply.text();
      let shown = text;
      try {
        shown = JSON.stringify(JSON.parse(text), null, 1);
      } catch {
        // not JSON: as it is
      }
      output.textContent = `${reply.status} ${reply.statusText}\n${shown.slice(0, 20000)}`;
    } catch {
      output.textContent = "The service does not answer.";
    }
  });
  return [form, output];
}

function drawn(method, path, operation, document_) {
  const box = node("details", "", { class: "op", id: operation.operationId });
  const summary = node("summary");
  summary.append(node("span", method.toUpperCase(), { class: "method", "data-method": method }), node("span", path, { class: "path" }), node("span", operation.summary || "", { class: "short" }));
  const body = node("div", "", { class: "body" });
  body.append(node("p", operation.description || ""));
  if (operation.parameters?.length) body.append(parameters(operation.parameters));
  for (const [type, content] of Object.entries(operation.requestBody?.content || {})) {
    const name = content.schema?.$ref?.split("/").pop();
    const example = name && document_.components.schemas[name]?.examples?.[0];
    body.append(node("h3", `Body: ${type}`), node("p", operation.requestBody.description || ""));
    if (example) body.append(node("pre", JSON.stringify(example, null, 1)));
  }
  const answers = node("table");
  for (const [status, answer] of Object.entries(operation.responses || {})) {
    const row = node("tr");
    const code = node("td");
    code.append(node("code", status));
    row.append(code, node("td", answer.description || ""), node("td", Object.keys(answer.content || {}).join(", ")));
    answers.append(row);
  }
  body.append(node("h3", "Answers"), answers);
  if (method === "get" && path !== "/v1/stream") body.append(...trial(path, operation, document_));
  box.append(summary, body);
  return box;
}

async function begin() {
  try {
    const document_ = await (await fetch("/openapi.json")).json();
    $("title").textContent = `${document_.info.title} ${document_.info.version}`;
    $("about").textContent = document_.info.description;
    for (const tag of document_.tags) {
      const operations = [];
      for (const [path, methods] of Object.entries(document_.paths)) for (const [method, operation] of Object.entries(methods)) if (operation.tags?.includes(tag.name)) operations.push(drawn(method, path, operation, document_));
      if (operations.length) $("operations").append(node("h2", tag.name, { class: "tag" }), node("p", tag.description, { class: "tagwords" }), ...operations);
    }
    if (location.hash) document.querySelector(`details${CSS.escape ? `#${CSS.escape(location.hash.slice(1))}` : ""}`)?.setAttribute("open", "");
  } catch {
    $("about").textContent = "The description cannot be read; is the service still there?";
  }
}

begin();

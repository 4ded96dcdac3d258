// Elements and icons, made without a library.

const ICONS = {
  right: "M4.5 10.5l3.5 3.5 7.5-8",
  wrong: "M5.5 5.5l9 9m0-9l-9 9",
  partly: "M4.5 10h11",
  "not attempted": "M10 5v6.5m0 2.5v1",
};

// `html` is markup that the kernel has made safe; all other text is set as text.
export function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name === "html") made.innerHTML = value;
    else if (value !== null) made.setAttribute(name, value);
  }
  made.append(...children);
  return made;
}

export function plain(html) {
  return element("span", { html }).textContent.replace(/\s+/g, " ").trim();
}

export function hidden(text) {
  return element("span", { class: "cs-hidden" }, text);
}

export function icon(outcome) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  svg.setAttribute("viewBox", "0 0 20 20");
  svg.setAttribute("aria-hidden", "true");
  path.setAttribute("d", ICONS[outcome] ?? ICONS["not attempted"]);
  svg.append(path);
  return svg;
}

// What a question asks to be read: a log, code, a picture or a table.

import { element } from "./dom.js";

const exhibits = {
  log: (shown) => block("Log", shown.text),
  code: (shown) => block("Code", shown.text),
  image: (shown) => element("img", { class: "cs-picture", src: shown.source, alt: shown.alt }),
  table: (shown) =>
    element(
      "table",
      {},
      element("caption", {}, shown.alt),
      element("thead", {}, row(shown.columns, (text) => element("th", { scope: "col" }, text))),
      element("tbody", {}, ...shown.rows.map((cells) => row(cells, (text) => element("td", {}, text)))),
    ),
};

export function exhibit(shown) {
  return element("div", { class: "cs-exhibit" }, exhibits[shown.type](shown));
}

function block(label, text) {
  const code = element("pre", {}, element("code", {}, text));
  return element("figure", { "aria-label": label }, code);
}

function row(cells, cell) {
  return element("tr", {}, ...cells.map((text) => cell(String(text))));
}

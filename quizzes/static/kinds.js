// Each kind of question: its controls, how to read the answer from them, and how to set it.
// `set(null)` empties them. `name` begins the ids of the controls.

import { element, hidden } from "./dom.js";
import { ordering } from "./ordering.js";

const TYPED = { autocomplete: "off", autocapitalize: "off", spellcheck: "false" };
const LONG = 40; // characters of a choice that a select may cut off

export const kinds = {
  single: (question, name) => choices(question, name, "radio"),
  multiple: (question, name) => choices(question, name, "checkbox"),
  numeric: (question, name) => field(question, name, { inputmode: "decimal", maxlength: "60" }),
  text: (question, name) => field(question, name, { class: "cs-wide", maxlength: "400" }),
  ordering,
  matching,
  gaps,
  predict: (question, name) =>
    question.options ? choices(question, name, "radio") : output(question, name),
  lab: () => ({ controls: element("div"), read: () => null, set: () => {} }),
};

function choices(question, name, type) {
  const inputs = question.options.map((option) =>
    element("input", { type, name, value: option.letter, id: `${name}-${option.letter}` }),
  );
  const rows = question.options.map((option, n) =>
    element(
      "label",
      { class: "cs-option", for: inputs[n].id },
      inputs[n],
      element("span", { class: "cs-letter" }, option.letter),
      element("span", { class: "cs-text", html: option.html }),
    ),
  );
  return {
    controls: element("div", { class: "cs-options" }, ...rows),
    read: () => inputs.filter((input) => input.checked).map((input) => input.value),
    set: (answer) => {
      for (const input of inputs) input.checked = (answer ?? []).includes(input.value);
    },
  };
}

function field(question, name, attributes) {
  const input = element("input", { id: name, type: "text", ...TYPED, ...attributes });
  const label = element("label", { for: name }, "Your answer");
  const row = element("div", { class: "cs-field" }, label, input);
  if (question.unit) {
    label.append(hidden(` in ${question.unit}`));
    row.append(element("span", { "aria-hidden": "true" }, question.unit));
  }
  return { controls: row, ...valued(input) };
}

function output(question, name) {
  const rows = String(question.lines ?? 4);
  const area = element("textarea", { id: name, rows, wrap: "off", maxlength: "4000", ...TYPED });
  const label = element("label", { for: name }, "It prints");
  return { controls: element("div", { class: "cs-output" }, label, area), ...valued(area) };
}

function matching(question, name) {
  const selects = question.lefts.map((left) => {
    const select = element("select", { id: `${name}-${left.number}` }, element("option", { value: "" }, "choose…"));
    for (const right of question.rights) {
      select.append(element("option", { value: right.letter }, `${right.letter}: ${right.text}`));
    }
    return select;
  });
  const rows = question.lefts.map((left, n) =>
    element(
      "div",
      { class: "cs-pair" },
      element(
        "label",
        { for: selects[n].id },
        element("span", { class: "cs-letter" }, left.number),
        element("span", { class: "cs-text", html: left.html }),
      ),
      selects[n],
    ),
  );
  const rights = element("ul", { class: "cs-rights" });
  if (question.rights.some((right) => right.text.length > LONG || right.html.includes("<"))) {
    for (const right of question.rights) {
      const letter = element("span", { class: "cs-letter" }, right.letter);
      const text = element("span", { class: "cs-text", html: right.html });
      rights.append(element("li", {}, letter, text));
    }
  }
  return {
    controls: element("div", {}, ...(rights.children.length ? [rights] : []), ...rows),
    read: () =>
      Object.fromEntries(
        question.lefts.map((left, n) => [left.number, selects[n].value]).filter(([, letter]) => letter),
      ),
    set: (answer) => {
      question.lefts.forEach((left, n) => {
        selects[n].value = answer?.[left.number] ?? "";
      });
    },
  };
}

// The code holds texts and gaps in turn; a gap is typed or chosen.
function gaps(question, name) {
  const controls = [];
  const code = question.code.map((piece) => {
    if (typeof piece === "string") return piece;
    const id = `${name}-${piece.gap}`;
    const label = { id, class: "cs-gap", "aria-label": `Gap ${piece.gap}` };
    const made = piece.options
      ? element("select", label, ...["", ...piece.options].map((text) => element("option", { value: text }, text || `gap ${piece.gap}`)))
      : element("input", { type: "text", placeholder: piece.gap, maxlength: "200", ...TYPED, ...label });
    controls.push(made);
    return made;
  });
  return {
    controls: element("pre", { class: "cs-gaps" }, element("code", {}, ...code)),
    read: () => controls.map((made) => made.value),
    set: (answer) => {
      controls.forEach((made, n) => {
        made.value = answer?.[n] ?? "";
      });
    },
  };
}

function valued(input) {
  return {
    read: () => input.value,
    set: (answer) => {
      input.value = answer ?? "";
    },
  };
}

// Each kind of question: its controls, how to read the answer from them, and how to set it.
// `set(null)` empties them. `name` begins the ids of the controls.

import { element, hidden, plain } from "./dom.js";
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
  predict(question, name) {
    const made = question.options.length ? choices(question, name, "radio") : output(question, name);
    return { ...made, controls: element("div", {}, codeBlock(question.code), made.controls) };
  },
  open: rating,
  lab(question) {
    const controls = element("div");
    if (question.start) {
      controls.append(element("p", {}, "Run this first, in a cell of its own:"), codeBlock(question.start));
    }
    return { controls, read: () => null, set: () => {} };
  },
};

const RATINGS = ["none of it", "some of it", "most of it", "all of it"];

// The answer is given aloud; what is chosen is the learner's own rating of it.
function rating(question, name) {
  const options = RATINGS.map((text, n) => ({ letter: String(n + 1), html: text }));
  const made = choices({ options }, name, "radio");
  return {
    controls: made.controls,
    read: () => made.read()[0] ?? "",
    set: (answer) => made.set(answer === null ? null : [String(answer)]),
  };
}

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
  const area = element("textarea", { id: name, rows: "5", wrap: "off", maxlength: "4000", ...TYPED });
  const label = element("label", { for: name }, "It prints");
  return { controls: element("div", { class: "cs-output" }, label, area), ...valued(area) };
}

function matching(question, name) {
  const selects = question.lefts.map((left) => {
    const select = element("select", { id: `${name}-${left.number}` }, element("option", { value: "" }, "choose…"));
    for (const right of question.rights) {
      select.append(element("option", { value: right.letter }, `${right.letter}: ${plain(right.html)}`));
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
  if (question.rights.some(({ html }) => html.includes("<") || html.length > LONG)) {
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

// Where the code has ___1___, there is gap 1, to be typed or chosen.
function gaps(question, name) {
  const controls = question.gaps.map(({ number, options }) => {
    const common = { id: `${name}-${number}`, class: "cs-gap", "aria-label": `Gap ${number}` };
    if (!options.length) {
      return element("input", { type: "text", placeholder: number, maxlength: "200", ...TYPED, ...common });
    }
    const blank = element("option", { value: "" }, `gap ${number}`);
    const texts = options.map((text) => element("option", { value: text }, text));
    return element("select", common, blank, ...texts);
  });
  const pieces = question.code.split(/___(\d+)___/).map((piece, n) => {
    return n % 2 ? controls[Number(piece) - 1] : piece;
  });
  return {
    controls: element("pre", { class: "cs-gaps" }, element("code", {}, ...pieces)),
    read: () => controls.map((made) => made.value),
    set: (answer) => {
      controls.forEach((made, n) => {
        made.value = answer?.[n] ?? "";
      });
    },
  };
}

function codeBlock(code) {
  return element("pre", {}, element("code", {}, code));
}

function valued(input) {
  return {
    read: () => input.value,
    set: (answer) => {
      input.value = answer ?? "";
    },
  };
}

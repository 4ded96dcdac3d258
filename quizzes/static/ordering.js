// A list put in order by buttons and arrow keys; the new place is announced.

import { element, plain } from "./dom.js";

const HOW = "Move an item with its buttons, or with the arrow keys on them.";
const STEPS = { ArrowUp: -1, ArrowDown: 1, Home: -Infinity, End: Infinity };

export function ordering(question, name, announce) {
  const list = element("ol", { class: "cs-items" });
  const rows = question.items.map((item) => {
    const text = element("span", { id: `${name}-${item.letter}`, class: "cs-text", html: item.html });
    const buttons = [mover(item, "up"), mover(item, "down")];
    const row = element(
      "li",
      { class: "cs-item", "data-letter": item.letter },
      element("span", { class: "cs-letter" }, item.letter),
      text,
      element("span", { class: "cs-movers" }, ...buttons),
    );
    buttons.forEach((button, n) => button.addEventListener("click", () => move(row, n ? 1 : -1)));
    row.addEventListener("keydown", (event) => {
      if (!(event.key in STEPS) || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      move(row, STEPS[event.key]);
    });
    return row;
  });

  function move(row, step) {
    const focused = document.activeElement;
    const all = [...list.children];
    const from = all.indexOf(row);
    const to = Math.min(all.length - 1, Math.max(0, from + step));
    if (to > from) all[to].after(row);
    if (to < from) all[to].before(row);
    if (row.contains(focused)) focused.focus(); // a moved element loses it
    announce(`${row.dataset.letter}, ${row.querySelector(".cs-text").textContent}: place ${to + 1} of ${all.length}`);
    mark();
    if (to === from) return;
    for (const type of ["input", "change"]) list.dispatchEvent(new Event(type, { bubbles: true }));
  }

  function mark() {
    const last = list.children.length - 1;
    [...list.children].forEach((row, n) => {
      const [up, down] = row.querySelectorAll("button");
      up.setAttribute("aria-disabled", String(n === 0));
      down.setAttribute("aria-disabled", String(n === last));
    });
  }

  function set(answer) {
    const letters = answer ?? question.items.map((item) => item.letter);
    for (const letter of letters) {
      const row = rows.find((each) => each.dataset.letter === letter);
      if (row) list.append(row);
    }
    mark();
  }

  set(null);
  return {
    controls: element("div", {}, element("p", { class: "cs-how" }, HOW), list),
    read: () => [...list.children].map((row) => row.dataset.letter),
    set,
  };
}

function mover(item, direction) {
  const sign = direction === "up" ? "↑" : "↓";
  const name = `Move ${item.letter} ${direction}: ${plain(item.html)}`;
  return element(
    "button",
    { type: "button", class: "cs-mover", "aria-label": name, title: `Move ${direction}` },
    element("span", { "aria-hidden": "true" }, sign),
  );
}

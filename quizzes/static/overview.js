// All questions of a sitting at a glance: a row of numbers that say what each has, and lead to it.

import { element } from "./dom.js";

export function overview(model, act) {
  const list = element("ol", {});
  const node = element("nav", { class: "cs-overview", "aria-label": "All questions" }, list);

  // Buttons stay as they are while their number does, and with them the focus.
  function show() {
    const all = model.get("overview");
    node.hidden = all.length === 0;
    while (list.children.length > all.length) list.lastChild.remove();
    all.forEach(({ number, label, state, here }, n) => {
      let button = list.children[n]?.firstChild;
      if (!button) {
        button = element("button", { type: "button" });
        button.addEventListener("click", () => act(String(n + 1)));
        list.append(element("li", {}, button));
      }
      button.dataset.state = state;
      button.textContent = number;
      button.setAttribute("aria-label", `Question ${number}: ${label}`);
      if (here) button.setAttribute("aria-current", "true");
      else button.removeAttribute("aria-current");
    });
  }

  return { node, show };
}
